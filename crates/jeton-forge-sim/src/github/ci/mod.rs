//! Runners, secrets and environments: what workflows need from outside of a repository.

mod body;
mod door;
mod environments;
mod handles;
mod jit;
mod model;
mod put;
mod routes;
mod rules;
mod runners;
mod seal;
mod secrets;
mod table;
mod workflow;

pub(crate) use body::object;
pub(crate) use door::CiCall;
pub use handles::{RunnerTokenInfo, SecretScope};
pub(crate) use model::Ci;
pub(crate) use routes::{CiRoute, Scope};
pub use routes::{RunnerTokenPurpose, SecretFamily};
pub use rules::CiRules;
pub(crate) use table::TABLE;
pub(crate) use workflow::ACTIONS_APP;
