#![doc = include_str!("../README.md")]

mod calls;
mod clock;
mod control;
mod faults;
mod git;
mod github;
mod oidc;
mod random;
mod reply;
mod route;
mod server;
mod sim;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use calls::Calls;
pub use clock::SimClock;
pub use faults::{FaultId, FaultKind, FaultRule, Faults};
pub use github::{
    AppSpec, GitHubSim, InstallSpec, InstallationInfo, Level, OwnerKind, PermissionError, Permissions, SimApp,
    SimError, TokenFormat, TokenInfo, TokenLag,
};
pub use oidc::{
    GitHubActionsJob, OidcAlgorithm, OidcFault, OidcKey, OidcRoute, OidcSim, OidcSimConfig, SignSpec, gitlab_claims,
    kubernetes_claims,
};
pub use route::ROUTES;
pub use sim::{ForgeSim, SimConfig};

/// Locks even when a test panicked while it held the lock: its state is still the forge's state.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
