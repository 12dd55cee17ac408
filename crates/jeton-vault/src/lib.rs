#![doc = include_str!("../README.md")]

mod callers;
mod error;
mod lease;
mod records;
mod repos;
#[cfg(feature = "suite")]
pub mod suite;

pub use callers::{ClientRepo, LedgerRepo, PolicyRepo, UserRepo, WebSessionRepo};
pub use error::VaultError;
pub use lease::Lease;
pub use records::{
    AppRecord, ClientKeyRecord, ClientRecord, CookieDigest, DataKeyRecord, GrantRecord, InstallationRecord, JobRecord,
    JobState, LedgerEntry, LedgerFilter, LedgerMark, NewJob, PolicyRecord, TokenRecord, TokenState, UserRecord,
    WebSessionRecord,
};
pub use repos::{
    AppRepo, DataKeyRepo, GrantRepo, InstallationRepo, JobRepo, LeaseRepo, SettingRepo, TokenRepo, Vault, VaultTx,
};
