//! Against a simulated provider, over real HTTP.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking, as the tests themselves do"
)]

mod attacks;
mod common;
mod configuration;
mod desk;
mod garbage;
mod issuers;
mod key_cache;
mod remembering;
mod sign_in;
mod verifying;
