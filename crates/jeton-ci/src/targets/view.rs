use jeton_domain::{Diagnosis, Fingerprint};
use jeton_vault::{OldTokenRecord, TargetRecord};
use serde::Deserialize as _;
use serde_json::Value;

use super::lacks;
use crate::{OldToken, Target};

/// A target as people see it. `present`: the account's token.
pub(super) fn target(row: TargetRecord, present: &Fingerprint) -> Target {
    Target {
        is_current: !lacks(&row, present),
        error: diagnosis(row.error.as_ref()),
        id: row.id,
        forge: row.forge,
        scope: row.scope,
        environment: row.environment,
        name: row.name.to_string(),
        source: row.source,
        state: row.state,
        pushed: row.pushed,
        pushed_at: row.pushed_at,
        attempts: row.attempts,
        added_by: row.added_by,
        created_at: row.created_at,
    }
}

/// An old token as people see it.
pub(super) fn old_token(row: OldTokenRecord) -> OldToken {
    OldToken {
        error: diagnosis(row.error.as_ref()),
        id: row.id,
        fingerprint: row.fingerprint,
        state: row.state,
        ends_by: row.ends_by,
        created_at: row.created_at,
    }
}

/// What was wrong last, as it stands in a row.
pub(super) fn diagnosis(error: Option<&Value>) -> Option<Diagnosis> {
    error.and_then(|error| Diagnosis::deserialize(error).ok())
}
