//! What the simulated Bitbucket keeps of Pipelines.

use jiff::Timestamp;

use super::super::model::State;
use super::spec::{BitbucketCiScope, BitbucketRunner, BitbucketRunnerInfo, BitbucketVariable};
use crate::secret::{TokenDigest, fingerprint, token_digest};

/// What belongs to a repository or a workspace.
#[derive(Default)]
pub(in super::super) struct Ci {
    pub(super) runners: Vec<Runner>,
    pub(super) variables: Vec<BitbucketVariable>,
    /// Repositories only.
    pub(super) environments: Vec<Environment>,
}

pub(super) struct Runner {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) labels: Vec<String>,
    pub(super) status: &'static str,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
    pub(super) client_id: String,
    secret: TokenDigest,
}

/// A deployment environment.
pub(super) struct Environment {
    pub(super) uuid: String,
    pub(super) name: String,
    pub(super) kind: &'static str,
    pub(super) variables: Vec<BitbucketVariable>,
}

impl Runner {
    pub(super) fn has_secret(&self, secret: &str) -> bool {
        self.secret == token_digest(secret)
    }

    pub(super) fn info(&self, scope: BitbucketCiScope) -> BitbucketRunnerInfo {
        BitbucketRunnerInfo {
            uuid: self.uuid.clone(),
            scope,
            name: self.name.clone(),
            labels: self.labels.clone(),
            client_id: self.client_id.clone(),
            fingerprint: fingerprint(&self.secret),
        }
    }
}

impl State {
    /// Makes a runner that belongs nowhere yet, and its OAuth client.
    pub(super) fn new_runner(
        &mut self,
        name: String,
        labels: Vec<String>,
        status: &'static str,
        now: Timestamp,
    ) -> (Runner, BitbucketRunner) {
        let made = BitbucketRunner {
            uuid: self.uuid(),
            client_id: self.random.base62(32),
            // The length of secrets is a guess.
            client_secret: self.random.base62(64),
        };
        let runner = Runner {
            uuid: made.uuid.clone(),
            name,
            labels,
            status,
            created_at: now,
            updated_at: now,
            client_id: made.client_id.clone(),
            secret: token_digest(&made.client_secret),
        };
        (runner, made)
    }

    /// What belongs to a scope: the variables of an environment are not among it.
    pub(super) fn ci(&self, scope: &BitbucketCiScope) -> Option<&Ci> {
        match scope {
            BitbucketCiScope::Workspace(slug) => self.workspaces.get(slug).map(|workspace| &workspace.ci),
            BitbucketCiScope::Repository(id) | BitbucketCiScope::Environment { repository: id, .. } => {
                self.repositories.get(id).map(|repository| &repository.ci)
            }
        }
    }

    pub(super) fn ci_mut(&mut self, scope: &BitbucketCiScope) -> Option<&mut Ci> {
        match scope {
            BitbucketCiScope::Workspace(slug) => self.workspaces.get_mut(slug).map(|workspace| &mut workspace.ci),
            BitbucketCiScope::Repository(id) | BitbucketCiScope::Environment { repository: id, .. } => {
                self.repositories.get_mut(id).map(|repository| &mut repository.ci)
            }
        }
    }

    pub(super) fn variables(&self, scope: &BitbucketCiScope) -> Option<&Vec<BitbucketVariable>> {
        let ci = self.ci(scope)?;
        let BitbucketCiScope::Environment { uuid, .. } = scope else {
            return Some(&ci.variables);
        };
        let found = ci.environments.iter().find(|one| one.uuid == *uuid);
        found.map(|environment| &environment.variables)
    }

    pub(super) fn variables_mut(&mut self, scope: &BitbucketCiScope) -> Option<&mut Vec<BitbucketVariable>> {
        let ci = self.ci_mut(scope)?;
        let BitbucketCiScope::Environment { uuid, .. } = scope else {
            return Some(&mut ci.variables);
        };
        let found = ci.environments.iter_mut().find(|one| one.uuid == *uuid);
        found.map(|environment| &mut environment.variables)
    }
}
