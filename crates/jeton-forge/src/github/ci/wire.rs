//! GitHub's JSON about runners and secrets, as far as it is read or written.

use serde::{Deserialize, Serialize};

/// The answer to both token calls.
#[derive(Deserialize)]
pub(super) struct WireRunnerToken {
    pub(super) token: String,
    pub(super) expires_at: String,
}

#[derive(Serialize)]
pub(super) struct WireJitAsk<'a> {
    pub(super) name: &'a str,
    pub(super) runner_group_id: u64,
    pub(super) labels: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) work_folder: Option<&'a str>,
}

#[derive(Deserialize)]
pub(super) struct WireJit {
    pub(super) runner: WireRunner,
    pub(super) encoded_jit_config: String,
}

#[derive(Deserialize)]
pub(super) struct WireRunner {
    pub(super) id: u64,
    pub(super) name: String,
    #[serde(default)]
    pub(super) labels: Vec<WireLabel>,
}

#[derive(Deserialize)]
pub(super) struct WireLabel {
    pub(super) name: String,
}

/// As much of a list of runners as shows that it is one.
#[derive(Deserialize)]
pub(super) struct WireRunners {
    #[serde(rename = "total_count")]
    _total_count: u64,
}

#[derive(Deserialize)]
pub(super) struct WirePublicKey {
    pub(super) key_id: String,
    pub(super) key: String,
}

#[derive(Serialize)]
pub(super) struct WireSecret<'a> {
    pub(super) encrypted_value: &'a str,
    pub(super) key_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) visibility: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) selected_repository_ids: Option<&'a [u64]>,
}

/// A repository, as far as secrets and runners need it.
#[derive(Deserialize)]
pub(super) struct WireRepository {
    pub(super) id: u64,
    /// What the *owner of the token* may do; the token itself may do less.
    pub(super) permissions: Option<WireRights>,
}

#[derive(Deserialize)]
pub(super) struct WireRights {
    #[serde(default)]
    pub(super) admin: bool,
}

/// What a refusal lists besides its message.
#[derive(Default, Deserialize)]
pub(super) struct WireErrors {
    #[serde(default)]
    pub(super) errors: Vec<serde_json::Value>,
}
