#![doc = include_str!("../README.md")]

mod app_check;
mod app_entry;
mod app_registry;
mod apps;
mod broker;
mod error;
mod explain;
mod flights;
mod grants;
mod health;
mod held_lease;
mod installations;
mod issue;
mod keys;
mod mint;
mod reject;
mod renew;
mod retry;
mod revoke;
mod settings;
mod slot;
mod sweep;
mod verify;

pub use app_check::{AppReport, InstallationReport, ReportFinding};
pub use apps::{AppSummary, ConfiguredApp, NewApp};
pub use broker::{Broker, BrokerParts};
pub use error::{BrokerError, Refusal};
pub use grants::GrantPage;
pub use health::{Check, Readiness};
pub use issue::{Asker, Granted, TokenAsk, Warm};
pub use keys::{KeyReport, open_key_ring, sealing_key_in_use};
pub use reject::{Rejection, RejectionVerdict};
pub use revoke::{Revocation, RevocationState};
pub use settings::BrokerSettings;
pub use slot::LiveToken;
