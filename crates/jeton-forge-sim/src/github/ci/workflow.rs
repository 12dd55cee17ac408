//! Tokens of workflows.

use jiff::SignedDuration;

use crate::github::GitHubSim;
use crate::github::model::{Installation, State, Token};
use crate::github::permissions::{Level, Permissions};
use crate::github::spec::{SimError, TokenLag};
use crate::github::token::{TokenFormat, classic, stateless, token_digest};

/// The app that every workflow's token belongs to, by its number on github.com.
pub(crate) const ACTIONS_APP: u64 = 15_368;

/// What `permissions:` of a workflow can name, as the API writes it. Administration is not among it.
const GRANTABLE: &[&str] = &[
    "actions",
    "attestations",
    "checks",
    "contents",
    "deployments",
    "discussions",
    "issues",
    "metadata",
    "packages",
    "pages",
    "pull_requests",
    "repository_projects",
    "security_events",
    "statuses",
];

impl GitHubSim {
    /// Makes a job's `GITHUB_TOKEN` (`ghs_…`) for one repository, for a day at most.
    ///
    /// # Panics
    /// When there is no such repository, or a workflow's token cannot have one of these permissions: none of
    /// administration, of secrets or of environments can it have.
    pub fn add_workflow_token<K: AsRef<str>, L: AsRef<str>>(
        &self,
        owner: &str,
        name: &str,
        permissions: impl IntoIterator<Item = (K, L)>,
    ) -> String {
        match self.try_add_workflow_token(owner, name, Permissions::must_parse(permissions)) {
            Ok(token) => token,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn try_add_workflow_token(
        &self,
        owner: &str,
        name: &str,
        permissions: Permissions,
    ) -> Result<String, SimError> {
        if let Some(key) = permissions
            .to_map()
            .keys()
            .find(|key| !GRANTABLE.contains(&key.as_str()))
        {
            return Err(SimError::BadName(key.clone()));
        }
        let now = self.now();
        let mut state = self.state();
        let repository = state.get_repository(owner, name)?.id;
        let installation = state.workflow_installation(repository, now);
        let expires_at = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(now);
        let text = match self.0.token_format {
            TokenFormat::Classic => classic(&mut state.random),
            TokenFormat::Stateless => stateless(&mut state.random, ACTIONS_APP, installation, expires_at),
        };
        let token = Token {
            app: ACTIONS_APP,
            installation,
            repositories: Some([repository].into()),
            permissions: permissions.with_metadata(),
            created_at: now,
            expires_at,
            lag: TokenLag::None,
        };
        state.tokens.insert(token_digest(&text), token);
        Ok(text)
    }
}

impl State {
    /// Where the tokens of a repository's workflows come from. Each repository has its own: they share a limit.
    fn workflow_installation(&mut self, repository: u64, now: jiff::Timestamp) -> u64 {
        let (owner, name) = match self.repositories.get(&repository) {
            Some(found) => (found.owner.clone(), found.name.to_ascii_lowercase()),
            None => Default::default(),
        };
        let ours = |i: &&Installation| {
            let same = i.selected.as_ref().is_some_and(|names| names.contains(&name));
            i.app == ACTIONS_APP && same && i.owner == owner
        };
        if let Some(found) = self.installations.values().find(ours) {
            return found.id;
        }
        let id = self.next_id();
        let installation = Installation {
            id,
            app: ACTIONS_APP,
            owner,
            selected: Some(vec![name]),
            permissions: Permissions::must_parse(GRANTABLE.iter().map(|key| (*key, Level::Write.as_str()))),
            created_at: now,
            suspended_at: None,
            removed: false,
        };
        self.installations.insert(id, installation);
        id
    }
}
