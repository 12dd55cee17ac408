//! People and their tokens.

mod contents;
mod control;
mod git;
mod headers;
mod identity;
mod limits;
mod lists;
mod policies;
mod revocation;
mod rights;

use jeton_forge_sim::{OrgRole, PersonalTokenSpec, SimPersonalToken};

use crate::common::{Answer, World};

/// Who the tokens of these tests stand for, unless a test needs somebody else.
pub(crate) const OCTOCAT: &str = "octocat";

impl World {
    /// The world with `octocat`, a member of `acme`.
    pub(crate) async fn with_octocat() -> Self {
        let w = Self::new().await;
        w.sim.github().add_user(OCTOCAT);
        w.sim.github().add_member("acme", OCTOCAT, OrgRole::Member).unwrap();
        w
    }

    /// The world with `octocat`, an owner of `acme`.
    pub(crate) async fn with_owner() -> Self {
        let w = Self::with_octocat().await;
        w.sim.github().add_member("acme", OCTOCAT, OrgRole::Admin).unwrap();
        w
    }

    pub(crate) fn make(&self, spec: PersonalTokenSpec) -> SimPersonalToken {
        self.sim.github().add_personal_token(OCTOCAT, spec)
    }

    pub(crate) fn classic<const N: usize>(&self, scopes: [&str; N]) -> SimPersonalToken {
        self.make(PersonalTokenSpec::classic(scopes))
    }

    /// A fine-grained token for all of `acme`.
    pub(crate) fn fine<const N: usize>(&self, permissions: [(&str, &str); N]) -> SimPersonalToken {
        self.make(PersonalTokenSpec::fine_grained("acme", permissions))
    }

    pub(crate) async fn get(&self, token: &SimPersonalToken, path: &str) -> Answer {
        self.as_token(&token.token, "GET", path).await
    }
}

impl Answer {
    pub(crate) fn has(&self, header: &str) -> bool {
        self.headers.contains_key(header)
    }
}
