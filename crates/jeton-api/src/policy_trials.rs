use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{PolicyOrigin, Words};

/// A request that shall be explained.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// Who would ask.
    pub caller: CallerOf,
    /// What they would ask for.
    pub request: AskOf,
}

/// Somebody who would ask: exactly one of `client`, `user`, `uid`, `issuer`, `operator` and `anonymous`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerOf {
    /// A client's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "ci")]
    pub client: Option<String>,
    /// A user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's role; member when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The number of a user of the server's machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The number of that user's group; the uid when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<u32>,
    /// The operator's name for the issuer of a token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// The token's `sub`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The token's other claims.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(value_type = Object)]
    pub claims: BTreeMap<String, Value>,
    /// Whoever runs the server.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub operator: bool,
    /// Nobody says who it is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Where the request would come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
}

/// What would be asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AskOf {
    /// The action.
    #[schema(example = "token.mint")]
    pub action: String,
    /// The forge's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forge: Option<String>,
    /// `owner/name`, one or several.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub repositories: Words,
    /// The permissions that would be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, String>>,
    /// The App or account that would be named, `app:NAME` or `account:NAME`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// For how long the grant would have to live at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_seconds: Option<u64>,
    /// When, RFC 3339; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is allowed.
    Allow,
    /// It is refused.
    Deny,
}

/// How a decision comes about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Explanation {
    /// What becomes of the request.
    pub decision: Outcome,
    /// The policy that decides: the one that allows it, or the one that would but for the ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
    /// Whether it is the ceiling that forbids it.
    pub by_ceiling: bool,
    /// What of the request is beyond the ceiling, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<String>,
    /// What the grant may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, String>>,
    /// For how long the grant may be held, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_lifetime_seconds: Option<u64>,
    /// The policies that come nearest, at most 20, nearest first.
    pub considered: Vec<Considered>,
}

/// What one policy says to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Considered {
    /// Its name.
    pub rule: String,
    /// Where it comes from.
    pub origin: PolicyOrigin,
    /// Whether it covers the request.
    pub matched: bool,
    /// Each thing that keeps it from covering the request.
    pub why_not: Vec<String>,
}

/// A policy file that shall be checked; nothing takes effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CheckPolicyRequest {
    /// The file's text, TOML.
    pub document: String,
}

/// What a check of a policy file found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyCheck {
    /// Whether it could be used, and all its tests pass.
    pub ok: bool,
    /// Whether it could be used.
    pub valid: bool,
    /// How many policies it has.
    pub policies: u64,
    /// What is wrong with it.
    pub problems: Vec<PolicyProblem>,
    /// What became of its tests; none when it is not valid.
    pub tests: Vec<PolicyTest>,
}

/// One thing that is wrong with a policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyProblem {
    /// The line, from 1, where it can be told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    /// The policy's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy: Option<String>,
    /// The field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "callers.claims.sub")]
    pub field: Option<String>,
    /// What is wrong.
    pub detail: String,
    /// What to write instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}

/// What became of a test in a policy file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyTest {
    /// Its name.
    pub name: String,
    /// Whether it came out as it must.
    pub passed: bool,
    /// What came out instead, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}

/// What was asked before shall be asked of a proposed policy file; nothing takes effect.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplayRequest {
    /// The proposed file's text, TOML.
    pub document: String,
    /// Only what happened at this time or later, RFC 3339; a day ago when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<String>,
    /// Only what happened before this time, RFC 3339; now when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// At most so many changes are shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<u32>,
}

/// What a proposed policy file would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Replay {
    /// How many requests of the record were tried.
    pub examined: u64,
    /// What would change, oldest first.
    pub changes: Vec<ReplayChange>,
    /// Whether there is more than was tried or shown.
    pub truncated: bool,
}

/// A request that a proposed policy file decides otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ReplayChange {
    /// The entry of the record.
    pub seq: u64,
    /// When it was asked, RFC 3339 in UTC.
    pub at: String,
    /// Who asked.
    pub actor: String,
    /// For what.
    pub action: String,
    /// About which repositories.
    pub repositories: Vec<String>,
    /// What became of it.
    pub before: Outcome,
    /// What would become of it.
    pub after: Outcome,
    /// Which policy decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_before: Option<String>,
    /// Which policy would decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule_after: Option<String>,
}
