//! Access on real databases.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod users;
mod users_binding;
mod users_claims;
mod users_gate;
mod users_links;
mod users_operators;
mod users_provider;
mod users_sessions;
mod users_support;
