//! Pipelines: runners, variables and deployment environments.

mod body;
mod control;
mod model;
mod runners;
mod setup;
mod spec;
mod variables;
mod wire;

pub(super) use control::route;
pub(super) use model::Ci;
pub use spec::{BitbucketCiScope, BitbucketRunner, BitbucketRunnerInfo, BitbucketVariable};
