#![doc = include_str!("../README.md")]

mod apps;
mod clients;
mod data_keys;
mod errors;
mod grants;
mod jobs;
mod leases;
mod ledger;
mod ledger_list;
mod lock;
mod open;
#[cfg(test)]
mod plans;
mod policies;
mod rows;
mod tokens;
mod tx;
mod users;
mod vault;
mod web_sessions;

pub use vault::{SqliteOptions, SqliteVault};
