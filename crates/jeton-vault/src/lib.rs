#![doc = include_str!("../README.md")]

mod error;
mod lease;
mod records;
mod repos;
#[cfg(feature = "suite")]
pub mod suite;

pub use error::VaultError;
pub use lease::Lease;
pub use records::{
    AppRecord, DataKeyRecord, GrantRecord, InstallationRecord, JobRecord, JobState, NewJob, TokenRecord, TokenState,
};
pub use repos::{
    AppRepo, DataKeyRepo, GrantRepo, InstallationRepo, JobRepo, LeaseRepo, SettingRepo, TokenRepo, Vault, VaultTx,
};
