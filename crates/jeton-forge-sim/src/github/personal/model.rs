//! People and their tokens as the forge keeps them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp};

use super::lockout::Lockouts;
use super::spec::{ExpirationForm, OrgPolicy, OrgRole, PersonalTokenKind, Reach, RepoRole};
use crate::github::token::TokenDigest;

/// Somebody with an account.
pub(crate) struct Person {
    pub(crate) login: String,
    pub(crate) name: String,
    pub(crate) email: String,
    pub(crate) created_at: Timestamp,
}

/// A token that stands for a person.
pub(crate) struct PersonalToken {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) name: String,
    pub(crate) reach: Reach,
    /// An organization has not approved it yet.
    pub(crate) pending: bool,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) form: ExpirationForm,
    /// When it stops for good, which lies ahead while a revocation is on its way.
    pub(crate) revoked_at: Option<Timestamp>,
    /// Ids of the organizations it was authorised for.
    pub(crate) sso: BTreeSet<u64>,
}

impl PersonalToken {
    pub(crate) fn kind(&self) -> PersonalTokenKind {
        match self.reach {
            Reach::Classic(_) => PersonalTokenKind::Classic,
            Reach::OAuth(_) => PersonalTokenKind::OAuth,
            Reach::FineGrained { .. } => PersonalTokenKind::FineGrained,
            Reach::AppUser { .. } => PersonalTokenKind::AppUser,
        }
    }

    pub(crate) fn is_live(&self, now: Timestamp) -> bool {
        let before = |end: Option<Timestamp>| end.is_none_or(|end| now < end);
        before(self.expires_at) && before(self.revoked_at)
    }

    pub(crate) fn lifetime(&self) -> Option<SignedDuration> {
        self.expires_at.map(|end| end.duration_since(self.created_at))
    }

    /// The value of `github-authentication-token-expiration`.
    pub(crate) fn expiration_header(&self) -> Option<String> {
        let end = self.expires_at?;
        Some(match self.form {
            ExpirationForm::Utc => end.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
            ExpirationForm::Offset(hours) => {
                let zone = TimeZone::fixed(Offset::from_hours(hours).unwrap_or(Offset::UTC));
                end.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S %z").to_string()
            }
        })
    }
}

/// Everybody, what they belong to, and what was made around them.
#[derive(Default)]
pub(crate) struct People {
    pub(crate) persons: BTreeMap<u64, Person>,
    /// By organization and person.
    pub(crate) members: BTreeMap<(u64, u64), OrgRole>,
    /// By repository and person.
    pub(crate) collaborators: BTreeMap<(u64, u64), RepoRole>,
    pub(crate) policies: BTreeMap<u64, OrgPolicy>,
    pub(crate) tokens: HashMap<TokenDigest, PersonalToken>,
    pub(crate) token_ids: BTreeMap<u64, TokenDigest>,
    pub(crate) lockouts: Lockouts,
    /// How long a revocation by the holder takes to have its effect.
    pub(crate) revocation_delay: SignedDuration,
}

impl People {
    pub(crate) fn policy(&self, org: u64) -> OrgPolicy {
        self.policies.get(&org).cloned().unwrap_or_default()
    }

    pub(crate) fn token_by_id_mut(&mut self, id: u64) -> Option<&mut PersonalToken> {
        self.tokens.get_mut(self.token_ids.get(&id)?)
    }

    /// A token that works now.
    pub(crate) fn live(&self, digest: &TokenDigest, now: Timestamp) -> Option<&PersonalToken> {
        self.tokens.get(digest).filter(|token| token.is_live(now))
    }

    pub(crate) fn login(&self, user: u64) -> &str {
        self.persons.get(&user).map_or("ghost", |person| &person.login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(form: ExpirationForm) -> PersonalToken {
        PersonalToken {
            id: 1,
            user: 1,
            name: String::new(),
            reach: Reach::AppUser { app: 1 },
            pending: false,
            created_at: "2026-01-01T00:00:00Z".parse().unwrap(),
            expires_at: Some("2026-04-26T18:23:26Z".parse().unwrap()),
            form,
            revoked_at: None,
            sso: BTreeSet::new(),
        }
    }

    #[test]
    fn the_end_is_told_in_both_forms() {
        let told = |form| token(form).expiration_header().unwrap();
        assert_eq!(told(ExpirationForm::Utc), "2026-04-26 18:23:26 UTC");
        assert_eq!(told(ExpirationForm::Offset(2)), "2026-04-26 20:23:26 +0200");
        assert_eq!(told(ExpirationForm::Offset(-7)), "2026-04-26 11:23:26 -0700");
    }

    #[test]
    fn a_token_dies_at_its_end_and_not_before() {
        let token = token(ExpirationForm::Utc);
        let end = token.expires_at.unwrap();
        assert!(token.is_live(end - SignedDuration::from_secs(1)));
        assert!(!token.is_live(end));
    }
}
