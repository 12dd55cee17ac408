#![doc = include_str!("../README.md")]

mod apps;
mod clients;
mod connect;
mod data_keys;
mod errors;
mod grants;
mod jobs;
mod leases;
mod ledger;
mod ledger_list;
mod locks;
#[cfg(test)]
mod plans;
mod policies;
mod rows;
mod tokens;
mod tx;
mod users;
mod vault;
mod watch;
mod web_sessions;

pub use vault::{PostgresOptions, PostgresVault};
pub use watch::TimeLimits;
