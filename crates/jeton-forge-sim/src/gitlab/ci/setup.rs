//! What a test may do with runners and variables, behind the back of the API.

use jiff::{SignedDuration, Timestamp};

use super::super::routes::Holder;
use super::super::{GitLab, GitLabSim};
use super::model::{Runner, Wanted};
use super::spec::{GitLabRunner, GitLabRunnerInfo, GitLabRunnerKind, GitLabVariable};
use crate::site::WorldError;

impl GitLab {
    pub(super) fn add_runner(&self, kind: GitLabRunnerKind, description: &str) -> Result<GitLabRunner, WorldError> {
        let now = self.now();
        let mut state = self.state();
        let known = |id: u64, holder: Holder| state.spaces.get(&id).is_some_and(|space| space.holder == holder);
        match kind {
            GitLabRunnerKind::Group(id) if !known(id, Holder::Group) => return Err(WorldError::absent("group", id)),
            GitLabRunnerKind::Project(id) if !known(id, Holder::Project) => {
                return Err(WorldError::absent("project", id));
            }
            _ => {}
        }
        let wanted = Wanted {
            description: description.to_owned(),
            ..Wanted::default()
        };
        let end = state.usual_end(kind, now);
        Ok(state.make_runner(kind, None, wanted, (end, None), now))
    }

    pub(super) fn with_runner(&self, id: u64, change: impl FnOnce(&mut Runner)) -> Result<(), WorldError> {
        let mut state = self.state();
        let runner = state.ci.runners.get_mut(&id);
        runner.map(change).ok_or_else(|| WorldError::absent("runner", id))
    }

    pub(super) fn put_variable(&self, space: u64, variable: &GitLabVariable) -> Result<(), WorldError> {
        let same =
            |other: &GitLabVariable| other.key == variable.key && other.environment_scope == variable.environment_scope;
        self.with_space(space, |space| {
            space.variables.retain(|other| !same(other));
            space.variables.push(variable.clone());
        })
    }

    pub(super) fn variable(&self, space: u64, key: &str, environment_scope: &str) -> Option<GitLabVariable> {
        let state = self.state();
        let mut all = state.spaces.get(&space)?.variables.iter();
        all.find(|one| one.key == key && one.environment_scope == environment_scope)
            .cloned()
    }

    pub(super) fn set_lifetime(&self, space: Option<u64>, lifetime: Option<SignedDuration>) -> Result<(), WorldError> {
        if let Some(id) = space {
            self.with_space(id, |_| ())?;
        }
        let lifetimes = &mut self.state().ci.lifetimes;
        match lifetime {
            Some(lifetime) => lifetimes.insert(space, lifetime),
            None => lifetimes.remove(&space),
        };
        Ok(())
    }

    pub(super) fn runner_infos(&self) -> Vec<GitLabRunnerInfo> {
        self.state().ci.runners.values().map(Runner::info).collect()
    }
}

impl GitLabSim {
    /// Adds a runner to a project. Answers its number.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn add_runner(&self, project: u64, description: &str) -> Result<u64, WorldError> {
        let kind = GitLabRunnerKind::Project(project);
        self.site().add_runner(kind, description).map(|made| made.id)
    }

    /// Adds a runner of any kind, which nobody in particular made. Answers its token, too.
    ///
    /// # Errors
    /// When there is no such project or group.
    pub fn add_runner_of(&self, kind: GitLabRunnerKind, description: &str) -> Result<GitLabRunner, WorldError> {
        self.site().add_runner(kind, description)
    }

    /// Every runner, oldest first.
    pub fn runners(&self) -> Vec<GitLabRunnerInfo> {
        self.site().runner_infos()
    }

    /// The number of the runner that this authentication token lets in now.
    pub fn runner_of_token(&self, token: &str) -> Option<u64> {
        let (site, now) = (self.site(), self.site().now());
        site.state().runner_of(token, now).map(|runner| runner.id)
    }

    /// Removes a runner, as its owner would in the browser. `false`: there was none.
    pub fn remove_runner(&self, id: u64) -> bool {
        self.site().state().ci.runners.remove(&id).is_some()
    }

    /// Gives the token of a runner another end.
    ///
    /// # Errors
    /// When there is no such runner.
    pub fn set_runner_token_expiry(&self, id: u64, end: Option<Timestamp>) -> Result<(), WorldError> {
        self.site().with_runner(id, |runner| runner.token_expires_at = end)
    }

    /// How long the tokens of runners live that are made or reset from now on: those of a project, of a group and all
    /// that is in it, or of the whole server (`None`). The shortest that covers a runner counts; at first there is none.
    ///
    /// # Errors
    /// When there is no such project or group.
    pub fn set_runner_token_lifetime(
        &self,
        space: Option<u64>,
        lifetime: Option<SignedDuration>,
    ) -> Result<(), WorldError> {
        self.site().set_lifetime(space, lifetime)
    }

    /// Whether maintainers may make runners for their project. At first they may; whether GitLab lets them is not sure.
    pub fn let_maintainers_create_runners(&self, allowed: bool) {
        self.site().state().ci.maintainers_create = allowed;
    }

    /// Refuses every new runner of this kind with 403 and this message; `None` is the end of that. Which project or group
    /// it would be for makes no difference.
    pub fn refuse_runners(&self, kind: GitLabRunnerKind, message: Option<&str>) {
        let refusals = &mut self.site().state().ci.refusals;
        match message {
            Some(message) => refusals.insert(kind.name(), message.to_owned()),
            None => refusals.remove(kind.name()),
        };
    }

    /// Sets a CI/CD variable of a project or group, for all environments.
    ///
    /// # Errors
    /// When there is no such project or group.
    pub fn set_variable(&self, space: u64, key: &str, value: &str) -> Result<(), WorldError> {
        self.put_variable(space, &GitLabVariable::new(key, value))
    }

    /// Sets a CI/CD variable of a project or group, whatever the API would say to it.
    ///
    /// # Errors
    /// When there is no such project or group.
    pub fn put_variable(&self, space: u64, variable: &GitLabVariable) -> Result<(), WorldError> {
        self.site().put_variable(space, variable)
    }

    /// The variables of a project or group, oldest first; none where there is no such thing.
    pub fn variables(&self, space: u64) -> Vec<GitLabVariable> {
        let state = self.site().state();
        let found = state.spaces.get(&space).map(|space| space.variables.clone());
        found.unwrap_or_default()
    }

    /// What jobs get for a key in an environment scope (`*` for the one of all environments), even if it is hidden.
    pub fn variable_value(&self, space: u64, key: &str, environment_scope: &str) -> Option<String> {
        let found = self.site().variable(space, key, environment_scope);
        found.map(|variable| variable.value)
    }
}
