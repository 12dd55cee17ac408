use std::{collections::BTreeMap, net::IpAddr};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::one_or_many::{ClaimSpec, OneOrMany, maybe_texts, texts};

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_false(truth: &bool) -> bool {
    !*truth
}

/// One policy, as written in a file (TOML) or sent to the API (JSON). Lists may be written as one text.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicySpec {
    /// Its name; the record says under which policy a grant was made.
    pub name: String,
    /// For people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whom it is for.
    pub callers: CallerSpec,
    /// What they may do, in the words of [`Action`](jeton_domain::Action).
    #[serde(deserialize_with = "texts")]
    pub actions: Vec<String>,
    /// Hosts of the forges on which; empty means any.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub forges: Vec<String>,
    /// Globs over `owner/name` in which `*` never crosses a `/`; `/**` at the end is everything below.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// The widest permissions, by name: read, write or admin. A request that names none gets exactly these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, String>>,
    /// Globs over what the credential may come from, `app:NAME` or `account:NAME`; empty means any.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    /// A grant is held for at most so many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_lifetime_seconds: Option<u64>,
    /// A CEL expression over `caller` and `request` that must be true besides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
}

/// Whom a policy is for. A list means "any of these"; different fields mean "all of these". At least one must be there.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallerSpec {
    /// Names of clients; `*` is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<OneOrMany<String>>,
    /// Names of users; `*` is allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<OneOrMany<String>>,
    /// Roles of users: operator, member, auditor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<OneOrMany<String>>,
    /// Numbers of users of this machine, over the Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<OneOrMany<u32>>,
    /// Numbers of groups of this machine, over the Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gid: Option<OneOrMany<u32>>,
    /// The issuer of the caller's token, by the operator's name for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<String>,
    /// What the token must claim. Names may be paths with dots into nested objects; in values `*` never crosses `/` or `:`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub claims: BTreeMap<String, ClaimSpec>,
    /// Every token of the issuer will do, whatever it claims.
    #[serde(default, skip_serializing_if = "is_false")]
    pub any_claims: bool,
    /// Callers who do not say who they are, on routes that serve them.
    #[serde(default, skip_serializing_if = "is_false")]
    pub anonymous: bool,
    /// Every caller who has shown who they are, other than by a token of an issuer: some sign for the whole world.
    #[serde(default, skip_serializing_if = "is_false")]
    pub anyone: bool,
}

/// What nothing can exceed, whatever a policy or role says. What is absent does not limit.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CeilingSpec {
    /// The widest permissions; a permission that is not named here is never granted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, String>>,
    /// Globs over `owner/name`; others are never opened.
    #[serde(default, deserialize_with = "maybe_texts", skip_serializing_if = "Option::is_none")]
    pub repositories: Option<Vec<String>>,
    /// Hosts of forges; others are never spoken to for a caller.
    #[serde(default, deserialize_with = "maybe_texts", skip_serializing_if = "Option::is_none")]
    pub forges: Option<Vec<String>>,
    /// No grant is held for longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub longest_lifetime_seconds: Option<u64>,
}

/// A whole policy file.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentSpec {
    /// The organisation-wide ceiling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ceiling: Option<CeilingSpec>,
    /// The policies in the order in which they are tried.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policy: Vec<PolicySpec>,
    /// What must come out of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test: Vec<TestSpec>,
}

/// A request and what must become of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestSpec {
    /// What is tried, in words.
    pub name: String,
    /// Who asks.
    pub caller: TestCallerSpec,
    /// What they ask for.
    pub request: TestRequestSpec,
    /// What must come out.
    pub expect: Expectation,
    /// Which policy must decide.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rule: Option<String>,
}

/// What must become of a tried request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Expectation {
    /// It is allowed.
    Allow,
    /// It is refused.
    Deny,
}

/// Who asks in a test: exactly one of `client`, `user`, `uid`, `issuer`, `operator` and `anonymous`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCallerSpec {
    /// A client's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
    /// A user's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The user's role; member when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The number of a user of this machine.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<u32>,
    /// The number of that user's group; the uid when not given.
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
    pub claims: BTreeMap<String, Value>,
    /// Whoever runs the server.
    #[serde(default, skip_serializing_if = "is_false")]
    pub operator: bool,
    /// Nobody said who it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub anonymous: bool,
    /// Where the request comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<IpAddr>,
}

/// What is asked for in a test.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestRequestSpec {
    /// The action.
    pub action: String,
    /// The forge's host.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forge: Option<String>,
    /// `owner/name`, one or several.
    #[serde(default, deserialize_with = "texts", skip_serializing_if = "Vec::is_empty")]
    pub repositories: Vec<String>,
    /// The permissions that are asked for by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub permissions: Option<BTreeMap<String, String>>,
    /// The App or account that is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// For how long the grant must live at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lifetime_seconds: Option<u64>,
    /// When, such as `2026-11-22T09:00:00Z`; the beginning of 1970 when not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<String>,
}
