use std::{num::NonZeroU32, path::PathBuf};

use jeton_policy::PolicySpec;
use jiff::SignedDuration;

/// What an operator may tune of access.
#[derive(Debug, Clone)]
pub struct AccessSettings {
    /// The file with the operator's policies.
    pub policy_file: Option<PathBuf>,
    /// What anonymous callers of the compatible route may have; `None` when they are not served.
    pub anonymous: Option<PolicySpec>,
    /// Requests per second that one caller may go on making.
    pub per_caller_per_second: NonZeroU32,
    /// Requests that one caller may make at once.
    pub per_caller_burst: NonZeroU32,
    /// Requests per second that one address may go on making.
    pub per_address_per_second: NonZeroU32,
    /// Requests that one address may make at once.
    pub per_address_burst: NonZeroU32,
    /// How long a browser stays signed in at most.
    pub session_life: SignedDuration,
    /// How long a browser stays signed in without being used.
    pub session_idle: SignedDuration,
    /// Whether a person whom the sign-in provider vouches for, and whom nobody knows here, becomes a user.
    pub sign_in_adds_users: bool,
}

impl Default for AccessSettings {
    fn default() -> Self {
        let number = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
        Self {
            policy_file: None,
            anonymous: None,
            per_caller_per_second: number(200),
            per_caller_burst: number(2_000),
            per_address_per_second: number(1_000),
            per_address_burst: number(5_000),
            session_life: SignedDuration::from_hours(12),
            session_idle: SignedDuration::from_hours(2),
            sign_in_adds_users: false,
        }
    }
}
