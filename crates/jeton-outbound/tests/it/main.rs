//! The client against servers of a few lines, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod bounds;
mod names;
mod server;
mod streams;
