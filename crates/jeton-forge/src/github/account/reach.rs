//! What a token reaches, and what lists leave out.

use jeton_domain::Reached;
use serde::de::DeserializeOwned;

use super::{
    look::{Look, Seen},
    refusal,
    scopes::Scopes,
    wire::{WireOrg, WireRepo},
};
use crate::{clean::clean, headers, probe::add};

/// How many repositories of its reach a report names.
const SHOWN: &str = "20";

/// How many organisations are looked up by number: each costs a call.
const NAMED: usize = 3;

impl Look<'_> {
    /// The first repositories and the organisations.
    pub(super) async fn reach(&mut self) {
        let query = [("per_page", SHOWN), ("sort", "pushed")];
        match self.list::<WireRepo>(&["user", "repos"], &query).await {
            Some((repos, more)) => {
                self.report.reaches_more |= more;
                for repo in repos {
                    self.owners.insert(repo.owner.id, repo.owner.login.clone());
                    let access = access(&repo, self.scopes.as_ref()).map(str::to_owned);
                    self.reached(&repo.full_name, "repository", access);
                    if repo.private {
                        self.private.insert(repo.owner.login.to_ascii_lowercase());
                    }
                    if repo.owner.is_organization() {
                        self.reached(&repo.owner.login, "owner", None);
                    }
                }
            }
            None => self.report.reaches_more = true,
        }
        // a fine-grained token belongs to one owner, whose name its repositories tell; for others the scope is needed
        let may_list = self
            .scopes
            .as_ref()
            .is_some_and(|scopes| scopes.allow("read:org") || scopes.allow("user"));
        if may_list && let Some((orgs, more)) = self.list::<WireOrg>(&["user", "orgs"], &[("per_page", "100")]).await {
            self.report.reaches_more |= more;
            for org in orgs {
                self.reached(&org.login, "owner", None);
                self.owners.insert(org.id, org.login);
            }
        }
    }

    pub(super) fn reached(&mut self, name: &str, what: &str, access: Option<String>) {
        let name = clean(name);
        if !self.report.reach.iter().any(|known| known.name == name) {
            self.report.reach.push(Reached {
                name,
                what: what.to_owned(),
                access,
            });
        }
    }

    /// A list's first page, and whether there is more; `None` when there was no list.
    async fn list<T: DeserializeOwned>(&mut self, path: &[&str], query: &[(&str, &str)]) -> Option<(Vec<T>, bool)> {
        match self.see(path, query, None, None).await {
            Seen::Yes(answer) => {
                self.left_out.extend(refusal::left_out(&answer.headers));
                let more = headers::next_link(&answer.headers).is_some();
                match self.probes.parse(&answer) {
                    Ok(list) => Some((list, more)),
                    Err(trouble) => {
                        self.trouble(trouble);
                        None
                    }
                }
            }
            Seen::Refused(_) | Seen::Unclear | Seen::NotAsked => None,
        }
    }

    /// Names the organisations that lists left out. GitHub gives their numbers.
    pub(super) async fn explain_left_out(&mut self) {
        let mut ids = std::mem::take(&mut self.left_out);
        ids.sort_unstable();
        ids.dedup();
        let mut names = Vec::new();
        for (nth, id) in ids.iter().enumerate() {
            if nth < NAMED && !self.owners.contains_key(id) {
                self.name_organization(*id).await;
            }
            names.push(match self.owners.get(id) {
                Some(name) => format!("`{}`", clean(name)),
                None => format!("the organisation with the number {id}"),
            });
        }
        if !names.is_empty() {
            let finding = self.about(None, None).sso_left_out(&names);
            add(&mut self.report, finding);
        }
    }

    /// The list of all organisations, from just before this one (<https://docs.github.com/rest/orgs/orgs#list-organizations>). That it
    /// fails is no finding.
    async fn name_organization(&mut self, id: u64) {
        let since = id.saturating_sub(1).to_string();
        let query = [("since", since.as_str()), ("per_page", "1")];
        if let Ok(answer) = self.probes.get(&["organizations"], &query).await
            && answer.is_success()
            && let Ok(list) = self.probes.parse::<Vec<WireOrg>>(&answer)
            && let Some(org) = list.into_iter().find(|org| org.id == id)
        {
            self.owners.insert(org.id, org.login);
        }
    }
}

/// GitHub tells the rights of the token's owner. Scopes may allow less; what a fine-grained token may do is not told.
pub(super) fn access(repo: &WireRepo, scopes: Option<&Scopes>) -> Option<&'static str> {
    let scopes = scopes?;
    let writes = scopes.allow("repo") || (!repo.private && scopes.allow("public_repo"));
    let word = repo.permissions?.word()?;
    Some(if writes { word } else { "read" })
}
