#![doc = include_str!("../README.md")]

mod account_lists;
mod account_rows;
mod account_search;
mod accounts;
mod apps;
mod clients;
mod data_keys;
mod errors;
mod grant_search;
mod grants;
mod jobs;
mod leases;
mod ledger;
mod ledger_list;
mod lock;
mod old_tokens;
mod open;
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
mod web_sessions;

pub use vault::{SqliteOptions, SqliteVault};
