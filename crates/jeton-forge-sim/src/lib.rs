#![doc = include_str!("../README.md")]

mod bitbucket;
mod calls;
mod clock;
mod control;
mod faults;
mod git;
mod github;
mod gitlab;
mod listen;
mod oidc;
mod random;
mod reply;
mod route;
mod secret;
mod server;
mod sim;
mod site;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use bitbucket::{
    BitbucketCiScope, BitbucketRole, BitbucketRunner, BitbucketRunnerInfo, BitbucketSim, BitbucketSimConfig,
    BitbucketToken, BitbucketTokenKind, BitbucketTokenSpec, BitbucketVariable,
};
pub use calls::Calls;
pub use clock::SimClock;
pub use faults::{FaultId, FaultKind, FaultRule, Faults};
pub use git::CommitSpec;
pub use github::{
    AppSpec, CiRules, ContentLimits, ExpirationForm, GitHubSim, InstallSpec, InstallationInfo, Level, LoginLockout,
    OrgPolicy, OrgRole, OwnerKind, PermissionError, Permissions, PersonalTokenInfo, PersonalTokenKind,
    PersonalTokenSpec, RepoRole, RunnerTokenInfo, RunnerTokenPurpose, SamlSso, SecretFamily, SecretScope, SimApp,
    SimError, SimPersonalToken, TokenFormat, TokenInfo, TokenLag,
};
pub use gitlab::{
    AccessLevel, GitLabRunner, GitLabRunnerInfo, GitLabRunnerKind, GitLabSim, GitLabSimConfig, GitLabToken,
    GitLabTokenForm, GitLabTokenInfo, GitLabTokenKind, GitLabTokenSpec, GitLabVariable, Visibility,
};
pub use oidc::{
    GitHubActionsJob, OidcAlgorithm, OidcFault, OidcKey, OidcRoute, OidcSim, OidcSimConfig, SignSpec, gitlab_claims,
    kubernetes_claims,
};
pub use route::ROUTES;
pub use sim::{ForgeSim, SimConfig};
pub use site::WorldError;

/// Locks even when a test panicked while it held the lock: its state is still the forge's state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
