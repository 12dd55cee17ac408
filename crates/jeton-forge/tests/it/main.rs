//! The client against a simulated GitHub, over real HTTP.

#![expect(clippy::unwrap_used, reason = "a helper that fails is a test that fails")]

mod bitbucket;
mod calls;
mod clock;
mod faults;
mod github_accounts;
mod github_ci;
mod github_content;
mod gitlab;
mod kept;
mod organization_tokens;
mod raw;
mod tokens;
mod world;
