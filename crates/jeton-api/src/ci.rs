use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{CheckEvidence, Diagnosis, Released};

/// A runner's token, for whoever asked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RunnerTokenResponse {
    /// The token.
    #[schema(value_type = String)]
    pub token: Released,
    /// `registration`, `removal`, `authentication` (GitLab) or `oauth_client` (Bitbucket).
    #[schema(example = "registration")]
    pub token_kind: String,
    /// When it ends, RFC 3339 in UTC; absent when it does not, or when the forge does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// The forge's host.
    #[schema(example = "github.com")]
    pub forge: String,
    /// `repository`, `owner`, `enterprise` or `instance`.
    #[schema(example = "repository")]
    pub scope: String,
    /// `acme/tools`, `acme`.
    #[schema(example = "acme/tools")]
    pub path: String,
    /// Where the runner registers itself: what its `--url` wants.
    #[schema(example = "https://github.com/acme/tools")]
    pub url: String,
    /// From what: `app:<name>` or `account:<label>`.
    #[schema(example = "app:ci")]
    pub source: String,
    /// What may be shown of it: the first 12 hex digits of its SHA-256.
    pub fingerprint: String,
    /// Whether others have the same token.
    pub shared: bool,
    /// The runner, where runners are made one by one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runner: Option<KeptRunner>,
}

/// A runner that jeton made and whose token it keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptRunner {
    /// Its id here.
    pub id: Uuid,
    /// Its name.
    pub name: String,
    /// The forge's host.
    pub forge: String,
    /// `repository`, `owner` or `instance`.
    pub scope: String,
    /// `acme/tools`, `acme`.
    pub path: String,
    /// Tags or labels.
    pub labels: Vec<String>,
    /// `making`, `live`, `renewing` or `lost`.
    #[schema(example = "live")]
    pub state: String,
    /// Its id at the forge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forge_id: Option<String>,
    /// Bitbucket: the id of its OAuth client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_id: Option<String>,
    /// What may be shown of its token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// When its token ends, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// When its token is renewed, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub renew_at: Option<String>,
    /// As whom it was made.
    pub source: String,
    /// By whom it was asked for.
    pub made_by: String,
    /// What is wrong with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// When it was made, RFC 3339 in UTC.
    pub created_at: String,
}

/// A page of the runners that jeton keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptRunnerList {
    /// The page.
    pub runners: Vec<KeptRunner>,
    /// What to ask for the next page with; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// The configuration of a runner for a single job, for whoever asked.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JitConfigResponse {
    /// What `run.sh --jitconfig` wants. Treat it as a token.
    #[schema(value_type = String)]
    pub encoded_jit_config: Released,
    /// The forge's number of the runner.
    pub runner_id: u64,
    /// Its name.
    pub name: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// The forge's host.
    pub forge: String,
    /// `repository`, `owner` or `enterprise`.
    pub scope: String,
    /// `acme/tools`, `acme`.
    pub path: String,
    /// Where it registers itself.
    pub url: String,
    /// From what: `app:<name>` or `account:<label>`.
    pub source: String,
    /// What may be shown of it.
    pub fingerprint: String,
}

/// Whether runners could be registered, found out without making anything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RunnerExamination {
    /// The forge's host.
    pub forge: String,
    /// For what, in the forge's words.
    #[schema(example = "the repository acme/tools")]
    pub scope: String,
    /// `yes`, `no` or `unknown`: the best of what was found.
    #[schema(example = "no")]
    pub fit: String,
    /// Each source that you may use.
    pub sources: Vec<ExaminedSource>,
}

/// What a look at one source found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExaminedSource {
    /// `app:<name>` or `account:<label>`.
    pub source: String,
    /// `yes`, `no` or `unknown`.
    pub fit: String,
    /// The least that would do, in the forge's own words.
    #[schema(example = "administration: write")]
    pub needs: String,
    /// On what the answer rests.
    pub why: String,
    /// What is wrong, the gravest first.
    pub diagnoses: Vec<Diagnosis>,
    /// What the forge was asked and said.
    pub evidence: Vec<CheckEvidence>,
}

/// What came of one source that was tried; in problems as `tried`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TriedSource {
    /// `app:<name>` or `account:<label>`.
    pub source: String,
    /// What is wrong.
    pub diagnosis: Diagnosis,
    /// What the forge was asked and said.
    pub evidence: Vec<CheckEvidence>,
}

/// A secret that was pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct PushedSecret {
    /// Whether there was none of that name before.
    pub created: bool,
    /// Its name.
    pub name: String,
    /// The forge's host.
    pub forge: String,
    /// `repository`, `owner`.
    pub scope: String,
    /// `acme/tools`, `acme`.
    pub path: String,
    /// The environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// As whom: `app:<name>` or `account:<label>`.
    pub source: String,
    /// Of an account's token, what may be shown of it. Nothing is shown of other values: they could be guessed by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
}

/// A target of an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Target {
    /// Its id.
    pub id: Uuid,
    /// The forge's host.
    pub forge: String,
    /// `repository`, `owner`.
    pub scope: String,
    /// `acme/tools`, `acme`.
    pub path: String,
    /// The environment.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// The secret's name there.
    pub name: String,
    /// As whom it is pushed: `app:<name>`, `account:<label>`, or `itself`.
    pub source: String,
    /// `pending`, `current` or `failed`.
    #[schema(example = "current")]
    pub state: String,
    /// Whether it has the account's present token.
    pub is_current: bool,
    /// What may be shown of the token that it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_fingerprint: Option<String>,
    /// Since when, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed_at: Option<String>,
    /// How often the present token was tried.
    pub attempts: u32,
    /// What was wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Diagnosis>,
    /// By whom it was added.
    pub added_by: String,
    /// When, RFC 3339 in UTC.
    pub created_at: String,
}

/// A token that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OldToken {
    /// What may be shown of it.
    pub fingerprint: String,
    /// `waiting`, `ended` or `kept`.
    #[schema(example = "waiting")]
    pub state: String,
    /// It is ended at this time at the latest, RFC 3339 in UTC.
    pub ends_by: String,
    /// What was wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Diagnosis>,
    /// When it was replaced, RFC 3339 in UTC.
    pub replaced_at: String,
}

/// The targets of an account, and its tokens that wait for them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TargetList {
    /// The account's label.
    pub account: String,
    /// In the order in which they are pushed.
    pub targets: Vec<Target>,
    /// Tokens that were replaced and are to be ended, or were; the latest first.
    pub old_tokens: Vec<OldToken>,
}
