use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{CheckReport, Diagnosis, InspectFinding, Released, TokenIdentity};

/// An account to be stored, or a token to be tested without being stored.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddAccountRequest {
    /// Your name for it, `a-z`, `0-9`, `-`, `_` and `.`; made from the forge and the token's owner when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "work")]
    pub label: Option<String>,
    /// `github`, `gitlab` or `bitbucket`; may be left out where the token itself tells it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "github")]
    pub forge: Option<String>,
    /// Where a self-hosted forge is, as people see it; the public one when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(example = "https://gitlab.example.com")]
    pub base_url: Option<String>,
    /// The token, as it was copied.
    #[schema(value_type = String)]
    pub token: Released,
    /// The user name at the forge, where git wants one (Bitbucket).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The e-mail address of the Atlassian account, which Bitbucket's API wants beside an API token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// A line for people, at most 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// What it serves when several accounts fit: owners (`acme`) or repositories (`acme/tools`); everything when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub serves: Vec<String>,
    /// Whether others may use it, where policies let them; otherwise it is yours alone. Left out: shared when the operator adds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
    /// Whether it is the one to take on its forge when nothing else decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
    /// Whether jeton renews it ahead of its end, where the forge can (GitLab); yes when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_rotate: Option<bool>,
    /// When the token ends, a day (`2027-01-31`) or a time, as the forge's page says: where its API does not tell, as Bitbucket's does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Store it even though the forge gives no clear word just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<bool>,
    /// What it is wanted for: `read_content`, `manage_pull_requests`, `push`, `register_runners`, `manage_secrets`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// A repository to try it on, `owner/name`; without one, some answers stay unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

/// What to test a stored account for.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TestAccountRequest {
    /// What it is wanted for; nothing is asked when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub purposes: Vec<String>,
    /// A repository to try it on, `owner/name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub repository: Option<String>,
}

/// What changes about an account; what is left out stays. An empty text empties.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeAccountRequest {
    /// A new label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// A new line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Another user name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// Another e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Other owners and repositories, all of them; none: everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serves: Option<Vec<String>>,
    /// Whether it may be used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub active: Option<bool>,
    /// Whether jeton renews it by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_rotate: Option<bool>,
    /// Whether others may use it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shared: Option<bool>,
    /// When the token ends, where the forge's API does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
}

/// Whether an account is the default on its forge.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DefaultAccountRequest {
    /// `false` takes it away; `true` when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<bool>,
}

/// Another token for an account, or, without one, the wish that the forge renews it.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateAccountRequest {
    /// The new token, made by hand. Left out: the forge is asked to renew the one that is there (GitLab).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub token: Option<Released>,
    /// The user name, when it changes too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The e-mail address, when it changes too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// When the new token ends, where the forge's API does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// Take a token of somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_identity: Option<bool>,
    /// Take it even though the forge gives no clear word just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<bool>,
    /// With a new token: have the one before ended at its forge once all targets of the account have the new one. It lives on otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_old: Option<bool>,
    /// With `end_old`: end it after so many seconds at the latest, targets or not, 0 to 2,592,000; as the server is set when left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_old_after_seconds: Option<u32>,
}

/// An account. Never its token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of its own that people see and set by its name"
)]
pub struct Account {
    /// Names it for ever.
    pub id: Uuid,
    /// Its owner's name for it.
    pub label: String,
    /// As policies and grants name it: `account:work`, `account:own/work`, `account:env/github-token`.
    pub source: String,
    /// `stored`, or `environment`: then it stands in the server's memory alone.
    pub origin: String,
    /// The environment variable that it comes from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// A line for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
    /// Whether others may use it, where policies let them.
    pub shared: bool,
    /// Who added it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// `github`, `gitlab` or `bitbucket`.
    pub forge: String,
    /// The forge's host.
    pub host: String,
    /// Where people see the forge.
    pub web_url: String,
    /// What kind of token it is, such as `github_fine_grained`.
    pub kind: String,
    /// The same in words.
    pub kind_words: String,
    /// The user name at the forge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What may be shown of the token: the first 12 hex digits of its SHA-256.
    pub fingerprint: String,
    /// What it serves when several fit; everything when empty.
    pub serves: Vec<String>,
    /// Whether it is taken on its forge when nothing else decides.
    pub default: bool,
    /// Whether it may be used.
    pub active: bool,
    /// Whether jeton renews it by itself.
    pub auto_rotate: bool,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<TokenIdentity>,
    /// Its scopes by the forge's word; absent when the forge does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scopes: Option<Vec<String>>,
    /// When the token ends, RFC 3339 in UTC; absent when it does not, or when that is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<String>,
    /// `known`, `noted` (somebody read it off the forge's page), `never` or `unknown`.
    pub expiry: String,
    /// `valid`, `invalid` or `unknown`, by the last clear word of the forge.
    pub validity: String,
    /// What the last look found to be wrong; the gravest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finding: Option<Diagnosis>,
    /// When the forge was last asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checked_at: Option<String>,
    /// When it last gave a clear word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict_at: Option<String>,
    /// When it is asked next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_check_at: Option<String>,
    /// When jeton renews the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotate_at: Option<String>,
    /// Since when it has this token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token_since: Option<String>,
    /// When it was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// When it was last changed by somebody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<String>,
    /// The last look in full; only of a single account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub check: Option<CheckReport>,
    /// The renewal that is under way, or the last one; only of a single account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotation: Option<Rotation>,
}

/// A renewal of an account's token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Rotation {
    /// Names it.
    pub id: Uuid,
    /// `intended`, `asked`, `received`, `done`, `failed` or `lost`.
    pub state: String,
    /// The same in words.
    pub detail: String,
    /// Who wanted it.
    pub asked_by: String,
    /// How often the forge was asked.
    pub attempts: u32,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    /// What may be shown of the old token.
    pub old_fingerprint: String,
    /// What may be shown of the new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub new_fingerprint: Option<String>,
    /// When it began.
    pub created_at: String,
    /// When it last moved on.
    pub changed_at: String,
}

/// A page of accounts, by label.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct AccountList {
    /// The page; accounts of the environment come first.
    pub accounts: Vec<Account>,
    /// Ask with `after=` this for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An account that was stored, or whose token was replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct StoredAccount {
    /// The account, with what the test found.
    pub account: Account,
    /// What was odd about the text that was pasted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<InspectFinding>,
}

/// An account that was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedAccount {
    /// Its label.
    pub label: String,
    /// How many grants of its token were held; their holders keep it until it is revoked at the forge.
    pub ended_grants: u64,
}

/// A repository that an account reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountRepository {
    /// `owner/name`.
    pub path: String,
    /// Whether strangers cannot see it.
    pub private: bool,
    /// `read`, `write` or `admin`, where the forge says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access: Option<String>,
    /// The default branch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_branch: Option<String>,
    /// Where people see it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web_url: Option<String>,
}

/// A page of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountRepositoryList {
    /// The page.
    pub repositories: Vec<AccountRepository>,
    /// Ask with `page=` this for the next; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// What is missing from it, such as organisations that want single sign-on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// How to make a token by hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TokenGuide {
    /// The kind that is advised.
    pub kind: String,
    /// The same in words.
    pub kind_words: String,
    /// The least scopes or permissions.
    pub scopes: Vec<String>,
    /// The page of the forge where it is made.
    pub url: String,
    /// What to do there.
    pub steps: Vec<String>,
}

/// Which tokens of the server's environment to store.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ImportAccountsRequest {
    /// The variables; all that hold a usable token when left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub variables: Vec<String>,
    /// Store them even though the forge gives no clear word just now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub untested: Option<bool>,
}

/// What became of the environment's tokens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportedAccounts {
    /// Each variable that holds a token.
    pub variables: Vec<ImportedVariable>,
}

/// What became of one variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ImportedVariable {
    /// Its name, when it became no account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<String>,
    /// The account that it became.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Account>,
    /// Why it became none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<Diagnosis>,
}
