//! What policies say, as those see it who write them and those who ask.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod callers;
mod ceiling;
mod decisions;
mod documents;
mod explaining;
mod generators;
mod mistakes;
mod naive;
mod owners;
mod properties;
mod sources;
mod support;
mod trying;
