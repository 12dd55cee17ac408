//! Accounts on a real database, with forges that say what a test wants to hear.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends")]

mod adding;
mod changing;
mod content;
mod environment;
mod following;
mod forges;
mod looking;
mod many;
mod mortal;
mod overview;
mod removing;
mod replacing;
mod rotation;
mod seeing;
mod sight;
mod testing;
mod using;
mod world;
