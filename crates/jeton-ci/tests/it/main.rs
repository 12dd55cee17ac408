//! Job D on real databases, with simulated forges.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod alone;
mod examine;
mod gate;
mod limits;
mod runners_github;
mod runners_jit;
mod runners_kept;
mod runners_renewed;
mod secrets;
mod secrets_elsewhere;
mod targets;
mod targets_ending;
mod targets_pushing;
mod targets_trouble;
mod world;
