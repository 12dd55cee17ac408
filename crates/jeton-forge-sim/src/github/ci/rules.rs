//! What of GitHub's behaviour around runners and secrets is a number or a word.

use jiff::SignedDuration;
use jiff::tz::{Offset, TimeZone};

use crate::github::GitHubSim;

/// Limits and words around runners and secrets. GitHub's own by default, where they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiRules {
    /// How long registration and removal tokens live. Default: one hour.
    pub runner_token_lifetime: SignedDuration,
    /// Hours east of UTC in which their end is told. Default: −8.
    pub runner_token_offset_hours: i8,
    /// Registration and removal tokens that one caller may ask for per hour. Default: 10,000.
    pub runner_tokens_per_hour: u32,
    /// What is said where repositories may have no runners of their own. GitHub's words are not known for sure.
    pub no_repository_runners: String,
    /// What is said of a `key_id` that is not the current one. GitHub's words are not known.
    pub stale_key: String,
    /// The largest value of a secret in bytes. Default: 48 KiB.
    pub secret_bytes: usize,
    /// Default: 100.
    pub secrets_per_repository: usize,
    /// Default: 100.
    pub secrets_per_environment: usize,
    /// Default: 1,000.
    pub secrets_per_organization: usize,
}

impl Default for CiRules {
    fn default() -> Self {
        Self {
            runner_token_lifetime: SignedDuration::from_hours(1),
            runner_token_offset_hours: -8,
            runner_tokens_per_hour: 10_000,
            no_repository_runners: "Repository level self-hosted runners are disabled on this repository.".to_owned(),
            stale_key: "The key_id is not the current one.".to_owned(),
            secret_bytes: 48 * 1024,
            secrets_per_repository: 100,
            secrets_per_environment: 100,
            secrets_per_organization: 1_000,
        }
    }
}

impl CiRules {
    pub(crate) fn zone(&self) -> TimeZone {
        TimeZone::fixed(Offset::from_hours(self.runner_token_offset_hours).unwrap_or(Offset::UTC))
    }
}

impl GitHubSim {
    /// The limits and words around runners and secrets.
    pub fn ci_rules(&self) -> CiRules {
        self.state().ci.rules.clone()
    }

    /// Changes them, from the next call on.
    pub fn change_ci_rules(&self, change: impl FnOnce(&mut CiRules)) {
        change(&mut self.state().ci.rules);
    }
}
