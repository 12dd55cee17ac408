//! What a test may do with Pipelines, behind the back of the API.

use super::super::{Bitbucket, BitbucketSim};
use super::model::Environment;
use super::spec::{BitbucketCiScope, BitbucketRunner, BitbucketRunnerInfo, BitbucketVariable};
use crate::site::WorldError;

/// The kinds of deployment environments.
const KINDS: &[&str] = &["Test", "Staging", "Production"];

impl Bitbucket {
    pub(super) fn add_runner(&self, scope: &BitbucketCiScope, name: &str) -> Result<BitbucketRunner, WorldError> {
        let now = self.now();
        let mut state = self.state();
        let labels = vec!["self.hosted".to_owned(), "linux".to_owned()];
        let (runner, made) = state.new_runner(name.to_owned(), labels, "ONLINE", now);
        let ci = state.ci_mut(scope).ok_or_else(|| absent(scope))?;
        ci.runners.push(runner);
        Ok(made)
    }

    pub(super) fn add_environment(&self, repository: u64, name: &str, kind: &str) -> Result<String, WorldError> {
        let kind = KINDS.iter().find(|known| **known == kind);
        let kind = kind.ok_or_else(|| WorldError::BadName("kind of environment".to_owned()))?;
        let mut state = self.state();
        let uuid = state.uuid();
        let scope = BitbucketCiScope::Repository(repository);
        let ci = state.ci_mut(&scope).ok_or_else(|| absent(&scope))?;
        if ci.environments.iter().any(|one| one.name == name) {
            return Err(WorldError::Taken(name.to_owned()));
        }
        ci.environments.push(Environment {
            uuid: uuid.clone(),
            name: name.to_owned(),
            kind,
            variables: Vec::new(),
        });
        Ok(uuid)
    }

    pub(super) fn runner_infos(&self) -> Vec<BitbucketRunnerInfo> {
        let state = self.state();
        let scopes = state.ci_scopes();
        let runners = scopes.into_iter().flat_map(|scope| {
            let found = state.ci(&scope).map(|ci| ci.runners.as_slice()).unwrap_or_default();
            found
                .iter()
                .map(move |runner| runner.info(scope.clone()))
                .collect::<Vec<BitbucketRunnerInfo>>()
        });
        runners.collect()
    }

    pub(super) fn variable(&self, scope: &BitbucketCiScope, key: &str) -> Option<BitbucketVariable> {
        let state = self.state();
        let mut all = state.variables(scope)?.iter();
        all.find(|variable| variable.key == key).cloned()
    }
}

fn absent(scope: &BitbucketCiScope) -> WorldError {
    match scope {
        BitbucketCiScope::Repository(id) => WorldError::absent("repository", id),
        BitbucketCiScope::Workspace(slug) => WorldError::absent("workspace", slug),
        BitbucketCiScope::Environment { uuid, .. } => WorldError::absent("environment", uuid),
    }
}

impl super::super::model::State {
    /// Everything that can have runners.
    fn ci_scopes(&self) -> Vec<BitbucketCiScope> {
        let workspaces = self.workspaces.keys().cloned().map(BitbucketCiScope::Workspace);
        let repositories = self.repositories.keys().copied().map(BitbucketCiScope::Repository);
        workspaces.chain(repositories).collect()
    }
}

impl BitbucketSim {
    /// Adds a runner to a repository.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn add_runner(&self, repository: u64, name: &str) -> Result<(), WorldError> {
        let scope = BitbucketCiScope::Repository(repository);
        self.site().add_runner(&scope, name).map(|_| ())
    }

    /// Adds a runner to a repository or a workspace. Answers its secret, too.
    ///
    /// # Errors
    /// When there is no such repository or workspace.
    pub fn add_runner_to(&self, scope: &BitbucketCiScope, name: &str) -> Result<BitbucketRunner, WorldError> {
        self.site().add_runner(scope, name)
    }

    /// Every runner, those of workspaces first.
    pub fn runners(&self) -> Vec<BitbucketRunnerInfo> {
        self.site().runner_infos()
    }

    /// The UUID of the runner whose OAuth client has this secret.
    pub fn runner_of_secret(&self, secret: &str) -> Option<String> {
        let state = self.site().state();
        let scopes = state.ci_scopes();
        let mut runners = scopes
            .iter()
            .filter_map(|scope| state.ci(scope))
            .flat_map(|ci| &ci.runners);
        let found = runners.find(|runner| runner.has_secret(secret));
        found.map(|runner| runner.uuid.clone())
    }

    /// How many runners a repository or a workspace may have; 100 at first.
    pub fn set_runner_limit(&self, runners: usize) {
        self.site().state().runner_limit = runners;
    }

    /// Makes a deployment environment of a kind: `Test`, `Staging` or `Production`. Answers its UUID in braces.
    ///
    /// # Errors
    /// When there is no such repository or kind, or the name is taken.
    pub fn add_environment(&self, repository: u64, name: &str, kind: &str) -> Result<String, WorldError> {
        self.site().add_environment(repository, name, kind)
    }

    /// Adds a variable of Pipelines to a repository.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn add_variable(&self, repository: u64, key: &str, value: &str, secured: bool) -> Result<(), WorldError> {
        let scope = BitbucketCiScope::Repository(repository);
        self.put_variable(&scope, key, value, secured).map(|_| ())
    }

    /// Sets a variable anywhere, whatever the API would say to it. Answers its UUID in braces.
    ///
    /// # Errors
    /// When there is no such repository, workspace or environment.
    pub fn put_variable(
        &self,
        scope: &BitbucketCiScope,
        key: &str,
        value: &str,
        secured: bool,
    ) -> Result<String, WorldError> {
        let made = self.site().put_variable(scope, key, value, secured);
        made.ok_or_else(|| absent(scope))
    }

    /// The variables of a scope, oldest first; none where there is no such thing.
    pub fn variables(&self, scope: &BitbucketCiScope) -> Vec<BitbucketVariable> {
        let state = self.site().state();
        state.variables(scope).cloned().unwrap_or_default()
    }

    /// What steps get for a key, even if it is secured.
    pub fn variable_value(&self, scope: &BitbucketCiScope, key: &str) -> Option<String> {
        let found = self.site().variable(scope, key);
        found.map(|variable| variable.value)
    }
}
