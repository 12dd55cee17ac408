use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{ClaimValues, Numbers, Words};

/// One policy: who may do what.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Its name; the record says under which policy a grant was made.
    #[schema(example = "ci-reads-tools")]
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom it is for.
    pub callers: CallerSpec,
    /// What they may do.
    #[schema(example = json!(["token.mint"]))]
    pub actions: Words,
    /// Hosts of the forges on which; any when empty.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub forges: Words,
    /// Globs over `owner/name`, in which `*` never crosses a `/`; `acme/**` is everything below acme, at any depth.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    #[schema(example = json!(["acme/web-*"]))]
    pub repositories: Words,
    /// The widest permissions. A request that names none gets exactly these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = json!({"contents": "read"}))]
    pub permissions: Option<BTreeMap<String, String>>,
    /// Globs over what the credential may come from, `app:NAME` or `account:NAME`; any when empty.
    #[serde(default, skip_serializing_if = "Words::is_empty")]
    pub sources: Words,
    /// A grant is held for at most so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_lifetime_seconds: Option<u64>,
    /// A CEL expression over `caller` and `request` that must be true besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// Whom a policy is for. A list means any of these; different fields mean all of these. At least one must be there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerSpec {
    /// Names of clients; `*` is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<Words>,
    /// Names of users; `*` is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Words>,
    /// Roles of users: operator, member, auditor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Words>,
    /// Numbers of users of the server's machine, over the Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<Numbers>,
    /// Numbers of groups of the server's machine, over the Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<Numbers>,
    /// The issuer of the caller's token, by the operator's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the token must claim. Names may be paths with dots into nested objects.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(example = json!({"repository": "acme/*"}))]
    pub claims: BTreeMap<String, ClaimValues>,
    /// Every token of the issuer will do, whatever it claims.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub any_claims: bool,
    /// Callers who do not say who they are, on routes that serve them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Every caller who has shown who they are, other than by a token of an issuer: some sign for the whole world.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anyone: bool,
}

/// What nothing can exceed, whatever a policy or role says. What is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CeilingSpec {
    /// The widest permissions; one that is not named here is never granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, String>>,
    /// Globs over `owner/name`; others are never opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Words>,
    /// Hosts of forges; others are never spoken to for a caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forges: Option<Words>,
    /// No grant is held for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_lifetime_seconds: Option<u64>,
}

/// Where a policy comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PolicyOrigin {
    /// The policy file; it can be changed only there.
    File,
    /// Added over the API.
    Stored,
    /// Always there.
    BuiltIn,
}

/// A policy that jeton knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Where it comes from.
    pub origin: PolicyOrigin,
    /// Whether it has no effect, because the file has a policy of the same name.
    pub shadowed: bool,
    /// What it says; absent for what is always there and cannot be written as a policy.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spec: Option<PolicySpec>,
    /// Why it has no effect, when it is not valid any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was added, RFC 3339 in UTC; for stored ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it was last changed, RFC 3339 in UTC; for stored ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
}

/// All policies, in the order in which they are tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyList {
    /// What nothing can exceed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<CeilingSpec>,
    /// The policies.
    pub policies: Vec<Policy>,
    /// The policy file.
    pub file: PolicyFile,
    /// Grows with every change that took effect.
    pub generation: u64,
}

/// How the policy file stands.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PolicyFile {
    /// Where it lies; absent when there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// When what is in force was read, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub loaded_at: Option<String>,
    /// What is wrong with it now; what was read before stays in force.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A policy was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedPolicy {
    /// Its name.
    pub name: String,
}
