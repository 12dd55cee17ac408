//! The settings about runners and secrets of the forges' CI.

use super::{key_list::key, keys::KeySpec};

/// The settings, in the order of the reference.
pub(crate) const CI_KEYS: &[KeySpec] = &[
    key(
        "ci.min_validity_seconds",
        "60 to 3300",
        "600",
        "1200",
        &[],
        "How long a runner's token lives at least when it is handed out and the request does not say: time for a machine to boot.",
    ),
    key(
        "ci.old_token_grace_seconds",
        "0 to 2592000",
        "86400",
        "3600",
        &[],
        "How long a token that was replaced, and is to be ended, lives on at most while targets of its account wait for the new one, \
         when whoever replaced it did not say.",
    ),
    key(
        "ci.push_for_seconds",
        "60 to 2592000",
        "86400",
        "7200",
        &[],
        "For how long a target to which an account's token cannot be pushed is tried again by itself.",
    ),
];
