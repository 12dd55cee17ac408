#![doc = include_str!("../README.md")]

mod account_lists;
mod account_rows;
mod account_search;
mod accounts;
mod apps;
mod clients;
mod connect;
mod data_keys;
mod errors;
mod grant_search;
mod grants;
mod jobs;
mod leases;
mod ledger;
mod ledger_list;
mod locks;
mod old_tokens;
#[cfg(test)]
mod plans;
#[cfg(test)]
mod plans_accounts;
#[cfg(test)]
mod plans_ci;
mod policies;
mod rotations;
mod rows;
mod runners;
mod sealed_rows;
mod targets;
mod tokens;
mod tx;
mod users;
mod vault;
mod watch;
mod web_sessions;

pub use vault::{PostgresOptions, PostgresVault};
pub use watch::TimeLimits;
