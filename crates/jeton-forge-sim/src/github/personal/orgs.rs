//! What organizations demand, and what GitHub does against guessing.

use jiff::SignedDuration;

use super::spec::{LoginLockout, OrgPolicy};
use crate::github::GitHubSim;
use crate::github::spec::{OwnerKind, SimError};

impl GitHubSim {
    /// What an organization demands of tokens.
    pub fn org_policy(&self, org: &str) -> Result<OrgPolicy, SimError> {
        let state = self.state();
        let found = state.organization(org).map(|(_, policy)| policy);
        found.ok_or_else(|| SimError::NoOrganization(org.to_owned()))
    }

    /// Changes what an organization (made when new) demands of tokens. It holds from the next call on.
    ///
    /// # Panics
    /// When a person has this name.
    pub fn change_org_policy(&self, org: &str, change: impl FnOnce(&mut OrgPolicy)) {
        let mut state = self.state();
        let owner = state.add_owner(org, OwnerKind::Organization);
        assert!(owner.kind == OwnerKind::Organization, "{org} is no organization");
        change(state.people.policies.entry(owner.id).or_default());
    }

    /// After how many bad credentials people's good tokens are refused too; `None`, as at first: never.
    pub fn set_login_lockout(&self, rule: Option<LoginLockout>) {
        self.state().people.lockouts.set(rule);
    }

    /// How long after `POST /credentials/revoke` a token still works; at first not at all.
    pub fn set_revocation_delay(&self, delay: SignedDuration) {
        self.state().people.revocation_delay = delay;
    }
}
