use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Released;

/// A request for a token.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TokenRequest {
    /// Which forge, by host; needed only when Apps of several forges could serve.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "github.com")]
    pub forge: Option<String>,
    /// Which App, by your name for it; the one that is installed on the owner when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// Which account, by label or id, where a stored token is wanted. Left out: an App's token wherever one can serve, else the account
    /// that fits the repositories best.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "work")]
    pub account: Option<String>,
    /// One to 500 repositories of one owner, each `owner/name`.
    #[schema(example = json!(["acme/tools"]))]
    pub repositories: Vec<String>,
    /// What the token must be able to do; the configured default when left out, never everything. An account's token cannot be
    /// narrowed: leave them out for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"contents": "read"}))]
    pub permissions: Option<BTreeMap<String, String>>,
    /// The token must live at least this long, in seconds; at most 3,300.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_validity_seconds: Option<u32>,
    /// Mint a new token even if a good one is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fresh: Option<bool>,
}

/// A token, for whoever asked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TokenResponse {
    /// Names this hand-out, to give it back.
    pub grant_id: Uuid,
    /// The token. Treat it as opaque text of up to 1,024 characters.
    #[schema(value_type = String)]
    pub token: Released,
    /// `github_app_installation`, or the kind of an account's token, such as `gitlab_personal`.
    pub token_kind: String,
    /// The forge's host.
    pub forge: String,
    /// Where it came from: `app:<name>` or `account:<label>`.
    pub source: String,
    /// What it opens, each `owner/name`; of an account's token, what was asked for: it may open others too.
    pub repositories: Vec<String>,
    /// What it may do; absent for an account's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, String>>,
    /// The scopes of an account's token, where its forge tells them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// Until when to use it, RFC 3339 in UTC: the end of a minted token; of an account's token, when to ask again, because it may
    /// have been renewed by then.
    pub expires_at: String,
    /// When an account's token ends at its forge, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_expires_at: Option<String>,
    /// The user name that git needs beside it.
    #[schema(example = "x-access-token")]
    pub git_username: String,
    /// The user name that the REST API needs beside it, where one is needed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_username: Option<String>,
    /// What may be shown of it: the first 12 hex digits of its SHA-256.
    pub fingerprint: String,
}

/// The answer of the compatible route. The first three keys, in this order, are what today's clients read.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CompatToken {
    /// The repository's name as it was asked for.
    pub repository: String,
    /// The owner as it was asked for.
    pub namespace: String,
    /// The token.
    #[schema(value_type = String)]
    pub access_token: Released,
    /// When it ends, RFC 3339 in UTC.
    pub expires_at: String,
}

/// A caller saw 401 with a token.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RejectedRequest {
    /// The fingerprint that came with the token.
    #[schema(example = "ba7816bf8f01")]
    pub fingerprint: String,
}

/// What a look at a rejected token showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The forge accepts it: the 401 had another cause. It is still handed out.
    Live,
    /// The forge refuses it. It was dropped; ask again for a new one.
    Dropped,
    /// The forge did not say. It is still handed out.
    Unknown,
}

/// What became of a rejected token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RejectedResponse {
    /// The token's fingerprint.
    pub fingerprint: String,
    /// What the look showed.
    pub verdict: Verdict,
    /// In words.
    pub detail: String,
}

/// Where a given-back token stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RevokeState {
    /// The token is handed out no more, and the forge will be asked until it confirms that it is dead.
    Revoking,
    /// Others hold the same token: this grant is over, the token lives on.
    Released,
    /// It was given back before, or has ended by itself.
    Over,
}

/// What became of a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevokeResponse {
    /// The grant.
    pub grant_id: Uuid,
    /// Where its token stands.
    pub state: RevokeState,
    /// How many others hold the same token.
    pub shared_with: u64,
    /// In words.
    pub detail: String,
}

/// What became of all that somebody held.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RevokedGrants {
    /// Whose, as they were named.
    pub holder: String,
    /// How many grants were held until now.
    pub grants_ended: u64,
}

/// Who holds what. Never the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Grant {
    /// Names it.
    pub grant_id: Uuid,
    /// Who got it.
    pub holder: String,
    /// Who that is for ever: a name can be given to somebody else, and a key cannot.
    #[serde(default)]
    pub holder_key: String,
    /// The policy that allowed it; empty for grants from before there were policies.
    #[serde(default)]
    pub rule: String,
    /// Where the holder asked from; absent over a Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The forge's host.
    pub forge: String,
    /// `app:<name>` or `account:<label>`.
    pub source: String,
    /// Each `owner/name`.
    pub repositories: Vec<String>,
    /// What it may do; absent for an account's token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, String>>,
    /// What may be shown of the token.
    pub fingerprint: String,
    /// When it was handed out, RFC 3339 in UTC.
    pub issued_at: String,
    /// When it ends, RFC 3339 in UTC.
    pub expires_at: String,
    /// When it was given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released_at: Option<String>,
    /// The request that it answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
}

/// A page of grants, newest first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GrantList {
    /// The page.
    pub grants: Vec<Grant>,
    /// Ask with `before=` this for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<Uuid>,
}
