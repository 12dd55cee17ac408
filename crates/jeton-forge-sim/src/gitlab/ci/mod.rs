//! Runners and CI/CD variables.

mod control;
mod deadlines;
mod fields;
mod model;
mod own;
mod runners;
mod setup;
mod spec;
mod variables;
mod wire;

pub(super) use control::route;
pub(super) use model::Ci;
pub use spec::{GitLabRunner, GitLabRunnerInfo, GitLabRunnerKind, GitLabVariable};
