//! Mints, caches, renews and hands out GitHub App installation tokens.

mod background;
mod cli;
mod config;
mod demo;
mod doctor;
mod logging;
mod metrics_listener;
mod operator_key;
mod serve;
mod system;
mod wiring;
mod wiring_access;
mod wiring_accounts;

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // read once, here; everything else gets it passed in. What is no UTF-8 is no setting of ours.
    let environment = std::env::vars_os();
    let env = environment.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    cli::main(env.collect(), rustix::process::geteuid().is_root()).await
}
