#![doc = include_str!("../README.md")]

mod apps;
mod data_keys;
mod errors;
mod grants;
mod jobs;
mod leases;
mod lock;
mod open;
#[cfg(test)]
mod plans;
mod rows;
mod tokens;
mod tx;
mod vault;

pub use vault::{SqliteOptions, SqliteVault};
