//! Renewals of tokens that can renew themselves, as a journal of steps.
//!
//! Each step is written down before the next begins, so that a process may die at any moment:
//!
//! | Written down | What is true | Who finds it so later does |
//! | --- | --- | --- |
//! | `Intended` | the forge was not asked | looks at the old token, then asks |
//! | `Asked` | the forge may have been asked | waits until no request can be under way any more, then looks at the old token: alive, and it was not asked; dead, and the new one is lost |
//! | `Received` | the old token is dead, the new one stands sealed in the journal | looks at the new token, then puts it into the account |
//! | `Done`, `Failed`, `Lost` | it is over | nothing |
//!
//! What must never happen is a second request for a token that was renewed already: GitLab takes it for theft and ends the
//! whole family, the new token too (<https://docs.gitlab.com/api/personal_access_tokens/#rotate-a-personal-access-token>).

mod advance;
mod begin;
mod end;
mod install;
mod keep;
mod rotate;
mod stuck;

use std::{fmt, time::Duration};

use async_trait::async_trait;
use jeton_domain::{RotationId, RowRef};
use jeton_jobs::{Handler, JobError};
use jeton_vault::SealedPlace;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Accounts;

pub(crate) use advance::about;
pub(crate) use begin::RotationAsk;

/// Where a new token stands until it is in its account.
pub(crate) fn new_token_place(row: &str) -> RowRef<'_> {
    SealedPlace::RotatedToken.of(row)
}

/// How a renewal stands after it was moved on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Moved {
    /// It is over.
    Over,
    /// It goes on later.
    Later {
        /// What it waits for, without secrets.
        reason: String,
        /// How long.
        after: Duration,
    },
}

/// What the job knows: ids only.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RotatePayload {
    pub(crate) rotation: RotationId,
}

/// Moves a renewal on until it is over. Safe to run twice, and by two workers at once: each step is a compare-and-set.
pub(crate) struct RotateAccount(pub(crate) Accounts);

impl RotateAccount {
    pub(crate) const KIND: &'static str = "rotate_account";
}

#[async_trait]
impl Handler for RotateAccount {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    /// A forge may be slow.
    fn most_at_once(&self) -> usize {
        8
    }

    async fn run(&self, payload: &Value, _attempt: u32) -> Result<(), JobError> {
        let payload: RotatePayload = serde_json::from_value(payload.clone()).map_err(|error| JobError::Fail {
            reason: format!("payload: {error}"),
        })?;
        match self.0.move_on(payload.rotation).await {
            Ok(Moved::Over) => Ok(()),
            Ok(Moved::Later { reason, after }) => Err(JobError::Retry {
                reason,
                after: Some(after),
            }),
            Err(error) => Err(JobError::Retry {
                reason: error.to_string(),
                after: None,
            }),
        }
    }
}

impl fmt::Debug for RotateAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::KIND)
    }
}
