//! Making, changing and ending personal tokens, as their owners do on GitHub's pages.

use std::collections::BTreeSet;

use super::format::{checked, fine_grained};
use super::model::PersonalToken;
use super::scopes::Scopes;
use super::spec::{PersonalTokenInfo, PersonalTokenSpec, Reach, SimPersonalToken};
use crate::github::GitHubSim;
use crate::github::permissions::Permissions;
use crate::github::spec::SimError;
use crate::github::token::{fingerprint, token_digest};

impl GitHubSim {
    /// Makes a personal token for somebody (made when new).
    ///
    /// # Panics
    /// When nobody can be called so, or the spec names an organization or app that does not exist.
    pub fn add_personal_token(&self, login: &str, spec: PersonalTokenSpec) -> SimPersonalToken {
        match self.try_add_personal_token(login, spec) {
            Ok(token) => token,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn try_add_personal_token(
        &self,
        login: &str,
        spec: PersonalTokenSpec,
    ) -> Result<SimPersonalToken, SimError> {
        let user = self.try_add_user(login)?;
        let now = self.now();
        let mut state = self.state();
        let sso: Result<BTreeSet<u64>, SimError> = spec.sso.iter().map(|org| state.org_id(org)).collect();
        let sso = sso?;
        let random = &mut state.random;
        let token = match &spec.reach {
            Reach::Classic(_) => checked(random, "ghp_"),
            Reach::OAuth(_) => checked(random, "gho_"),
            Reach::AppUser { .. } => checked(random, "ghu_"),
            Reach::FineGrained { .. } => fine_grained(random),
        };
        let pending = match &spec.reach {
            Reach::FineGrained { owner, .. } => {
                state.owner(owner).ok_or_else(|| SimError::NoOwner(owner.clone()))?;
                state
                    .organization(owner)
                    .is_some_and(|(_, policy)| policy.approve_fine_grained)
            }
            Reach::AppUser { app } if !state.apps.contains_key(app) => return Err(SimError::NoApp(*app)),
            _ => false,
        };
        let id = state.next_id();
        let digest = token_digest(&token);
        let made = PersonalToken {
            id,
            user,
            name: spec.name,
            reach: spec.reach,
            pending,
            created_at: now,
            expires_at: spec.lifetime.and_then(|lifetime| now.checked_add(lifetime).ok()),
            form: spec.form,
            revoked_at: None,
            sso,
        };
        state.people.tokens.insert(digest, made);
        state.people.token_ids.insert(id, digest);
        Ok(SimPersonalToken {
            id,
            token,
            fingerprint: fingerprint(&digest),
        })
    }

    /// Every personal token ever made, by id; dead ones too.
    pub fn personal_tokens(&self) -> Vec<PersonalTokenInfo> {
        let now = self.now();
        let state = self.state();
        let all = state.people.token_ids.values();
        let found = all.filter_map(|digest| Some((digest, state.people.tokens.get(digest)?)));
        found
            .map(|(digest, token)| state.personal_token_info(digest, token, now))
            .collect()
    }

    /// Revokes a personal token, as its owner or GitHub's secret scanning would. `false`: there is none.
    pub fn revoke_personal_token(&self, id: u64) -> bool {
        let now = self.now();
        self.change_token(id, |token| token.revoked_at = Some(now))
    }

    /// Ends a personal token now, as if its time were over. `false`: there is none.
    pub fn expire_personal_token(&self, id: u64) -> bool {
        let now = self.now();
        self.change_token(id, |token| {
            token.expires_at = Some(token.expires_at.map_or(now, |end| end.min(now)));
        })
    }

    /// Approves a fine-grained token, or takes the approval back. `false`: there is none.
    pub fn approve_personal_token(&self, id: u64, approved: bool) -> bool {
        self.change_token(id, |token| token.pending = !approved)
    }

    /// Authorises a token for an organization's single sign-on, or takes that back.
    pub fn authorize_sso(&self, id: u64, org: &str, authorized: bool) -> Result<(), SimError> {
        let org = self.state().org_id(org)?;
        let found = self.change_token(id, |token| {
            if authorized {
                token.sso.insert(org);
            } else {
                token.sso.remove(&org);
            }
        });
        if found { Ok(()) } else { Err(SimError::NoToken(id)) }
    }

    /// Changes the scopes of a classic or OAuth token, which stays the same token. `false`: there is
    /// none, or it has no scopes.
    ///
    /// # Panics
    /// When GitHub has no such scope.
    pub fn set_scopes<S: AsRef<str>>(&self, id: u64, scopes: impl IntoIterator<Item = S>) -> bool {
        self.replace_scopes(id, Scopes::must_parse(scopes))
    }

    pub(crate) fn replace_scopes(&self, id: u64, wanted: Scopes) -> bool {
        let mut done = false;
        self.change_token(id, |token| {
            if let Reach::Classic(scopes) | Reach::OAuth(scopes) = &mut token.reach {
                *scopes = wanted;
                done = true;
            }
        });
        done
    }

    /// Changes the permissions of a fine-grained token, which stays the same token. `false`: there is
    /// none, or it has no permissions of its own.
    ///
    /// # Panics
    /// When GitHub has no such permission or level.
    pub fn set_permissions<K: AsRef<str>, L: AsRef<str>>(
        &self,
        id: u64,
        permissions: impl IntoIterator<Item = (K, L)>,
    ) -> bool {
        self.replace_permissions(id, Permissions::must_parse(permissions))
    }

    pub(crate) fn replace_permissions(&self, id: u64, wanted: Permissions) -> bool {
        let mut done = false;
        self.change_token(id, |token| {
            if let Reach::FineGrained { permissions, .. } = &mut token.reach {
                *permissions = wanted.with_metadata();
                done = true;
            }
        });
        done
    }

    fn change_token(&self, id: u64, change: impl FnOnce(&mut PersonalToken)) -> bool {
        self.state().people.token_by_id_mut(id).map(change).is_some()
    }
}

impl crate::github::model::State {
    fn org_id(&self, org: &str) -> Result<u64, SimError> {
        let found = self.organization(org).map(|(owner, _)| owner.id);
        found.ok_or_else(|| SimError::NoOrganization(org.to_owned()))
    }
}
