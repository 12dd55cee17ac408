#![doc = include_str!("../README.md")]

mod accounts;
mod callers;
mod ci;
mod error;
mod lease;
mod records;
mod repos;
mod sealed_rows;
#[cfg(feature = "suite")]
pub mod suite;

pub use accounts::{
    AccountCheck, AccountFilter, AccountRange, AccountRecord, AccountRepo, AccountSketch, AccountTally, AccountView,
    EndOrder, RotationRecord, RotationRepo, RotationState, quota_left,
};
pub use callers::{ClientRepo, LedgerRepo, PolicyRepo, UserRepo, WebSessionRepo};
pub use ci::{
    OldTokenRecord, OldTokenRepo, OldTokenState, RunnerRecord, RunnerRepo, RunnerState, TargetRecord, TargetRepo,
    TargetState,
};
pub use error::VaultError;
pub use lease::Lease;
pub use records::{
    AppRecord, ClientKeyRecord, ClientRecord, CookieDigest, DataKeyRecord, GrantFilter, GrantOf, GrantRecord,
    InstallationRecord, JobRecord, JobState, LedgerEntry, LedgerFilter, LedgerMark, NewJob, PolicyRecord, TokenRecord,
    TokenState, UserRecord, WebSessionRecord,
};
pub use repos::{
    AppRepo, DataKeyRepo, GrantRepo, InstallationRepo, JobRepo, LeaseRepo, SettingRepo, TokenRepo, Vault, VaultTx,
};
pub use sealed_rows::{SealedCount, SealedPlace, SealedRow, SealedRowRepo};
