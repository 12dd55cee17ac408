//! Personal tokens as the forge's records show them.

use jiff::Timestamp;

use super::model::{People, PersonalToken};
use super::spec::{PersonalTokenInfo, Reach};
use crate::github::model::State;
use crate::github::token::{TokenDigest, fingerprint};

impl State {
    pub(crate) fn personal_token_info(
        &self,
        digest: &TokenDigest,
        token: &PersonalToken,
        now: Timestamp,
    ) -> PersonalTokenInfo {
        let people: &People = &self.people;
        let mut info = PersonalTokenInfo {
            id: token.id,
            fingerprint: fingerprint(digest),
            name: token.name.clone(),
            login: people.login(token.user).to_owned(),
            kind: token.kind(),
            scopes: Vec::new(),
            resource_owner: None,
            permissions: std::collections::BTreeMap::new(),
            pending: token.pending,
            sso: self.logins(token.sso.iter().copied()),
            expires_at: token.expires_at,
            live: token.is_live(now),
        };
        match &token.reach {
            Reach::Classic(scopes) | Reach::OAuth(scopes) => info.scopes = scopes.to_vec(),
            Reach::FineGrained { owner, permissions, .. } => {
                info.resource_owner = Some(owner.clone());
                info.permissions = permissions.to_map();
            }
            Reach::AppUser { .. } => {}
        }
        info
    }

    fn logins(&self, ids: impl Iterator<Item = u64>) -> Vec<String> {
        let login = |id: u64| self.owners.values().find(|owner| owner.id == id);
        ids.filter_map(login).map(|owner| owner.login.clone()).collect()
    }
}
