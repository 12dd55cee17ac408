#![doc = include_str!("../README.md")]

mod anchor;
mod archive;
mod archive_check;
mod archive_file;
mod chain;
mod cut;
mod error;
mod event;
pub mod events;
mod grants;
mod key;
mod ledger;
mod pages;
mod queue;
mod reordered;
mod repeated;
mod shared;
mod site;
#[cfg(test)]
mod tests;
mod verdict;
mod verify;
mod walk;
mod writer;

pub use archive::Archived;
pub use archive_check::{ArchiveFinding, ArchiveVerdict};
pub use error::LedgerError;
pub use event::Event;
pub use jeton_vault::{LedgerEntry, LedgerFilter};
pub use ledger::{Ledger, LedgerParts, LedgerStats};
pub use pages::Page;
pub use queue::Write;
pub use verdict::{Finding, FindingKind, Verdict, VerifyOptions};
