#![doc = include_str!("../README.md")]

mod apps;
mod connect;
mod data_keys;
mod errors;
mod grants;
mod jobs;
mod leases;
mod rows;
mod tokens;
mod tx;
mod vault;
mod watch;

pub use vault::{PostgresOptions, PostgresVault};
pub use watch::TimeLimits;
