use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Released;

/// What a person may do on the whole server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UserRole {
    /// Everything.
    Operator,
    /// What policies give them.
    Member,
    /// Look at everything; change and open nothing.
    Auditor,
}

/// A person who shall be able to sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddUserRequest {
    /// With which they sign in; what policies call them.
    #[schema(example = "ada")]
    pub name: String,
    /// What they may do.
    pub role: UserRole,
}

/// What shall change about a person. What is left out stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeUserRequest {
    /// What they may do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<UserRole>,
    /// Whether they are shut out; it ends their browser sessions too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled: Option<bool>,
}

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct User {
    /// Names them for ever.
    pub id: Uuid,
    /// With which they sign in.
    pub name: String,
    /// What they may do.
    pub role: UserRole,
    /// Whether they have set a password.
    pub has_password: bool,
    /// The issuer through which they sign in, when they do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// When they were added, RFC 3339 in UTC.
    pub created_at: String,
    /// When they last signed in, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sign_in_at: Option<String>,
    /// Since when they are shut out, RFC 3339 in UTC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<String>,
}

/// A page of people, in order of their names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UserList {
    /// The page.
    pub users: Vec<User>,
    /// Ask with `after=` this name for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// A person and the link with which they set their password.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct InvitedUser {
    /// The person.
    pub user: User,
    /// A link that works once. Whoever has it sets the password: send it on a way that only they can read.
    #[schema(value_type = String)]
    pub link: Released,
    /// When the link ends, RFC 3339 in UTC.
    pub link_expires_at: String,
}

/// A person was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedUser {
    /// Their name.
    pub name: String,
    /// How many private accounts of theirs were switched off.
    #[serde(default)]
    pub accounts_switched_off: u64,
}

/// Who the caller is, as the server sees them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhoAmI {
    /// `operator`, `client`, `user`, `jwt`, `unix` or `anonymous`.
    #[schema(example = "client")]
    pub kind: String,
    /// As the record writes it.
    #[schema(example = "client:ci")]
    pub name: String,
    /// Where the request comes from; absent over a Unix socket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The role of a person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<UserRole>,
    /// The actions that some policy could allow; each request is still decided by itself.
    #[schema(example = json!(["token.mint"]))]
    pub allowed: Vec<String>,
}
