//! A whole jeton against the simulated forge, over real HTTP, on both databases.

#![expect(clippy::unwrap_used, reason = "a test whose value is missing has failed")]

mod apps;
mod bad_input;
mod compatible_route;
mod faults;
mod forge_answers;
mod git;
mod native_tokens;
mod processes;
mod promises;
mod replicas;
mod restarts;
mod revocation;
mod secrets;
mod stampede;
