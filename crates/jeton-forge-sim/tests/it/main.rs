//! The simulator over real HTTP and with real git.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

mod assertion;
mod bitbucket;
mod ci;
mod common;
mod content;
mod control;
mod faults;
mod git;
mod gitlab;
mod installation;
mod limits;
mod mint;
mod nasty;
mod oidc;
mod personal;
mod program;
mod token;
