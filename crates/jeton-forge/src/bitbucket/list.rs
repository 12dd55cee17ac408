//! The repositories that a token reaches, workspace by workspace: since 2026 Bitbucket has no list across them (CHANGE-2770 in Atlassian's
//! change log).

use jeton_domain::{Code, Credential, CredentialKind, Diagnosis};
use jeton_outbound::{Answer, Outbound};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use url::form_urlencoded;

use super::{
    advice::{self, Place},
    diagnose, probes,
    refusal::Refusal,
    wire::{Page, RepositoryObject, UsersWorkspace, place_of},
};
use crate::{
    ReachedRepository, RepositoryPage,
    probe::{Probes, Trouble},
};

/// Where a page begins: in which workspace, and at which place of its list.
#[derive(Debug, PartialEq, Eq)]
struct Cursor {
    workspace: String,
    place: Option<(&'static str, String)>,
}

impl Cursor {
    fn write(&self) -> String {
        let mut text = form_urlencoded::Serializer::new(String::new());
        text.append_pair("workspace", &self.workspace);
        if let Some((key, value)) = &self.place {
            text.append_pair(key, value);
        }
        text.finish()
    }

    /// Reads what [`Cursor::write`] made, which has been in strangers' hands.
    fn read(page: &str) -> Option<Self> {
        if page.len() > 2000 {
            return None;
        }
        let mut pairs = form_urlencoded::parse(page.as_bytes());
        let (_, workspace) = pairs.next().filter(|(key, _)| key == "workspace")?;
        let place = match pairs.next() {
            Some((key, value)) => Some(place_of(&key, &value)?),
            None => None,
        };
        let fits = !workspace.is_empty() && !matches!(&*workspace, "." | "..") && !workspace.contains('/');
        (fits && pairs.next().is_none()).then(|| Self {
            workspace: workspace.into_owned(),
            place,
        })
    }
}

pub(super) async fn list(
    outbound: &Outbound,
    credential: &Credential,
    page: Option<&str>,
    limit: u32,
    now: Timestamp,
) -> Result<RepositoryPage, Box<Diagnosis>> {
    let cursor = match page {
        Some(page) => Some(Cursor::read(page).ok_or_else(|| Box::new(bad_page()))?),
        None => None,
    };
    let probes = probes(outbound, credential, now).map_err(|unasked| Box::new(unasked.diagnosis))?;
    let mut listing = Listing {
        place: Place::new(credential, credential.kind),
        credential,
        probes,
    };
    let cursor = match cursor {
        Some(cursor) => cursor,
        None => match listing.workspaces().await?.into_iter().next() {
            Some(workspace) => Cursor { workspace, place: None },
            None => return Ok(empty()),
        },
    };
    listing.page(cursor, limit).await
}

struct Listing<'a> {
    credential: &'a Credential,
    place: Place<'a>,
    probes: Probes<'a>,
}

impl Listing<'_> {
    async fn page(&mut self, cursor: Cursor, limit: u32) -> Result<RepositoryPage, Box<Diagnosis>> {
        let pagelen = limit.clamp(1, 100).to_string();
        let mut query = vec![("role", "member"), ("pagelen", pagelen.as_str())];
        query.extend(cursor.place.as_ref().map(|(key, value)| (*key, value.as_str())));
        let answer = self.probes.get(&["repositories", &cursor.workspace], &query).await;
        let page: Page<RepositoryObject> = self.read(answer, "listing repositories")?;
        // a page that leads to itself would never end
        let next = match page.next_place().filter(|next| cursor.place.as_ref() != Some(next)) {
            Some(place) => Some(Cursor {
                workspace: cursor.workspace,
                place: Some(place),
            }),
            None => self.after(&cursor.workspace).await?,
        };
        Ok(RepositoryPage {
            repositories: page
                .values
                .into_iter()
                .map(|one| reached(one, self.place.web_url))
                .collect(),
            next: next.map(|next| next.write()),
            remark: None,
        })
    }

    /// The workspace that follows; an access token knows of none but its own.
    async fn after(&mut self, workspace: &str) -> Result<Option<Cursor>, Box<Diagnosis>> {
        if self.credential.kind != CredentialKind::BitbucketApiToken {
            return Ok(None);
        }
        let mut rest = self
            .workspaces()
            .await?
            .into_iter()
            .skip_while(|slug| slug != workspace);
        let next = rest.nth(1);
        Ok(next.map(|workspace| Cursor { workspace, place: None }))
    }

    /// The slugs of the user's workspaces, in an order that stays.
    async fn workspaces(&mut self) -> Result<Vec<String>, Box<Diagnosis>> {
        if self.credential.kind != CredentialKind::BitbucketApiToken {
            return Err(Box::new(advice::cannot_list()));
        }
        let mut answer = self.probes.get(&["user", "workspaces"], &[("pagelen", "100")]).await;
        if answer.as_ref().is_ok_and(|answer| answer.status == 404) {
            answer = self.probes.get(&["workspaces"], &[("pagelen", "100")]).await;
        }
        let page: Page<UsersWorkspace> = self.read(answer, "listing workspaces")?;
        let mut slugs: Vec<_> = page.values.into_iter().map(UsersWorkspace::slug).collect();
        slugs.sort_unstable();
        Ok(slugs)
    }

    fn read<T: DeserializeOwned>(&mut self, answer: Result<Answer, Trouble>, what: &str) -> Result<T, Box<Diagnosis>> {
        let answer = answer.map_err(|trouble| Box::new(trouble.diagnosis))?;
        if !answer.is_success() {
            let refusal = Refusal::of(&answer).unwrap_or_else(|| Refusal::Other(format!("HTTP {}", answer.status)));
            let email = self.credential.api_username();
            return Err(Box::new(diagnose(&refusal, &self.place, email, what)));
        }
        self.probes
            .parse(&answer)
            .map_err(|trouble| Box::new(trouble.diagnosis))
    }
}

fn empty() -> RepositoryPage {
    RepositoryPage {
        repositories: vec![],
        next: None,
        remark: None,
    }
}

fn reached(repository: RepositoryObject, bitbucket: &str) -> ReachedRepository {
    ReachedRepository {
        web_url: repository.web_url(bitbucket),
        private: repository.is_private,
        access: None,
        default_branch: repository.mainbranch.map(|branch| branch.name),
        path: repository.full_name,
    }
}

fn bad_page() -> Diagnosis {
    crate::diagnose::diagnosis(
        Code::RequestInvalid,
        "The page that was asked for is none that this list gave out.",
        "Begin with the first page, and ask for the next with `next` of the page before.",
    )
}

#[cfg(test)]
mod tests {
    use super::Cursor;

    #[test]
    fn a_cursor_reads_back_and_a_strangers_does_not() {
        for cursor in [
            Cursor {
                workspace: "acme".to_owned(),
                place: None,
            },
            Cursor {
                workspace: "a&b".to_owned(),
                place: Some(("after", "2011-09-03T12:33:16+00:00".to_owned())),
            },
        ] {
            assert_eq!(Cursor::read(&cursor.write()), Some(cursor));
        }
        for bad in [
            "",
            "workspace=",
            "page=2",
            "workspace=a&q=x",
            "workspace=..",
            "workspace=a%2Fb",
            "workspace=a&page=1&page=2",
        ] {
            assert_eq!(Cursor::read(bad), None, "{bad}");
        }
    }
}
