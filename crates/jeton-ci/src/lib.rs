#![doc = include_str!("../README.md")]

mod alone;
mod answer;
mod ask;
mod ci;
mod error;
mod examine;
mod old_tokens;
mod runners;
mod secrets;
mod settings;
mod sources;
mod targets;
mod tried;

pub use alone::{AloneCi, AloneParts};
pub use answer::{
    AccountTargets, ExaminedSource, JitGrant, KeptRunner, OldToken, PushedSecret, RunnerGrant, RunnerPage,
    RunnerReport, RunnerTokenKind, Target,
};
pub use ask::{JitWish, RunnerAsk, RunnerWish, ScopeName, SecretAsk, SecretValue, SourceAsk, TargetAsk};
pub use ci::{Ci, CiParts};
pub use error::{CiError, Tried};
pub use settings::CiSettings;

// What the functions above take and hand out; whoever shows it to people need not know where it is kept.
pub use jeton_forge::ci::{SecretFamily, SecretOptions, SecretVisibility};
pub use jeton_vault::{OldTokenState, RunnerState, TargetState};
