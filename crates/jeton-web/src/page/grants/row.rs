use jeton_broker::GrantPage;
use jeton_domain::{Action, Permissions};

use super::{LIST, ends_all, link::link, own_key};
use crate::page::{
    badge::{Badge, Tone},
    link::under,
    time::Time,
    viewer::Viewer,
};

/// Repositories of a grant that are named at once.
const NAMED: usize = 3;

/// A grant as pages show it. Never the token.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) id: String,
    pub(super) state: Badge,
    pub(super) is_live: bool,
    pub(super) is_own: bool,
    pub(super) holder: String,
    /// What else they hold, for whoever may see what others hold.
    pub(super) holder_link: Option<String>,
    pub(super) source: String,
    /// The App or the account.
    pub(super) source_link: Option<String>,
    /// Of a stored account, or of one from the environment.
    pub(super) is_account: bool,
    pub(super) forge: String,
    pub(super) repositories: Vec<String>,
    /// Those that are not named at once.
    pub(super) further: Vec<String>,
    /// `contents: read`; `None` for an account's token, which cannot be narrowed.
    pub(super) permissions: Option<Vec<String>>,
    pub(super) rule: String,
    pub(super) rule_link: Option<String>,
    pub(super) address: Option<String>,
    pub(super) since: Time,
    pub(super) until: Time,
    pub(super) given_back: Option<Time>,
    pub(super) fingerprint: String,
    /// In the record.
    pub(super) record_link: Option<String>,
    /// Where it is revoked, for whoever may.
    pub(super) revoke: Option<String>,
}

impl Row {
    /// The rows of a page of a list, from which one comes back to where the list was.
    pub(super) fn all(page: GrantPage, viewer: &Viewer, back: &str) -> Vec<Self> {
        let grants = page.grants.into_iter();
        let sees_all = page.of_all;
        let rows = grants.map(|grant| {
            let is_own = grant.holder_key == own_key(viewer);
            let account = grant.of.account();
            let (state, is_live) = match grant.released_at {
                Some(_) => (Badge::new(Tone::Dim, "given back"), false),
                None if grant.expires_at <= viewer.now => (Badge::new(Tone::Dim, "ended"), false),
                None => (Badge::new(Tone::Good, "live"), true),
            };
            let id = grant.id.to_string();
            let mut repositories = grant.repositories;
            let further = repositories.split_off(repositories.len().min(NAMED));
            let fingerprint = grant.fingerprint.to_string();
            let app = grant.source.strip_prefix("app:");
            let source_link = match (account, app) {
                (Some(account), _) => Some(under("/settings/accounts", &account.to_string())),
                (None, Some(app)) if viewer.may(Action::AppRead) => Some(under("/apps", app)),
                (None, _) => None,
            };
            Self {
                state,
                is_live,
                is_own,
                holder: grant.holder,
                holder_link: sees_all.then(|| link(LIST, &[("holder", &grant.holder_key)])),
                source_link,
                is_account: account.is_some(),
                source: grant.source,
                forge: grant.forge,
                repositories,
                further,
                permissions: grant.permissions.as_ref().map(permissions),
                rule_link: rule_link(&grant.rule, viewer),
                rule: grant.rule,
                address: grant.address,
                since: viewer.time(grant.issued_at),
                until: viewer.time(grant.expires_at),
                given_back: grant.released_at.map(|at| viewer.time(at)),
                record_link: viewer
                    .may(Action::RecordRead)
                    .then(|| link("/record", &[("fingerprint", &fingerprint)])),
                fingerprint,
                revoke: (is_live && (is_own || ends_all(viewer)))
                    .then(|| link(&format!("{}/revoke", under(LIST, &id)), &[("back", back)])),
                id,
            }
        });
        rows.collect()
    }

    /// What a button acts on, for those who hear it alone.
    pub(super) fn name(&self) -> String {
        let of = self.repositories.first().map_or(self.forge.as_str(), String::as_str);
        format!("{}, {of}, {}", self.holder, self.since.exact())
    }
}

/// The policy; rules of the server's own have no page.
fn rule_link(rule: &str, viewer: &Viewer) -> Option<String> {
    let is_policy = !rule.starts_with("builtin:") && viewer.may(Action::PolicyRead);
    is_policy.then(|| under("/settings/policies", rule))
}

fn permissions(permissions: &Permissions) -> Vec<String> {
    permissions
        .iter()
        .map(|(name, access)| format!("{name}: {}", access.as_str()))
        .collect()
}
