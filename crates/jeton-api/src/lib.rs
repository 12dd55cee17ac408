#![doc = include_str!("../README.md")]

mod apps;
mod health;
mod keys;
mod problem;
mod released;
mod tokens;

pub use apps::{AddAppRequest, App, AppCheck, AppIdText, AppList, CheckedInstallation, Finding, RemovedApp};
pub use health::{Health, Readiness, ReadinessCheck};
pub use keys::{DataKey, KeyStatus, SealedCount};
pub use problem::Problem;
pub use released::Released;
pub use tokens::{
    CompatToken, Grant, GrantList, RejectedRequest, RejectedResponse, RevokeResponse, RevokeState, TokenRequest,
    TokenResponse, Verdict,
};
