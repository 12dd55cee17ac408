//! Repositories of a simulated GitHub, read over real HTTP by the command line's way: one credential and nobody else.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod costs;
mod files;
mod history;
mod names;
mod trees;
mod world;
