#![doc = include_str!("../README.md")]

mod account;
mod accounts;
mod add;
mod allowances;
mod attempt;
mod candidates;
mod change;
mod environment;
mod error;
mod find;
mod hand_out;
mod import;
mod jobs;
mod labels;
mod lease;
mod list;
mod overview;
mod place;
mod reach;
mod read_environment;
mod rejected;
mod remove;
mod replace;
mod report;
mod rights;
mod rotation;
mod schedule;
mod settings;
mod standing;
mod test;
mod watch;
mod watch_environment;
mod webhook;
mod words;

pub use account::{Account, AccountOrigin};
pub use accounts::{Accounts, AccountsParts, ForgeClients};
pub use add::{Added, NewAccount};
pub use attempt::TestAsk;
pub use change::AccountChange;
pub use environment::{EnvironmentAccount, EnvironmentNote, FoundEnvironment};
pub use error::AccountError;
pub use hand_out::{HandOut, UseAsk};
pub use import::{ImportAsk, NotImported};
pub use list::AccountPage;
pub use overview::{AccountQuota, AccountsOverview, StateCounts};
pub use read_environment::read_environment;
pub use remove::Removed;
pub use replace::Replacement;
pub use settings::AccountSettings;
pub use watch::{WATCH_EVERY, WatchRound};
pub use webhook::{HttpSender, Webhook, WebhookSender, Webhooks};

// What the functions above take and hand out; whoever shows it to people need not know where it is kept.
pub use jeton_forge::{ReachedRepository, RepositoryPage, TokenGuide};
pub use jeton_inspect::{Certainty, Finding, Inspection, Severity, Wholeness};
pub use jeton_vault::{AccountFilter, RotationRecord, RotationState};
