//! GitHub's JSON, as far as it is read. Fields as in GitHub's OpenAPI description of version 2022-11-28.

use std::collections::BTreeMap;

use jeton_domain::{InstallationId, Permissions};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use super::{AppInfo, Installation};
use crate::{ForgeError, http_client::Answer};

type PermissionMap = BTreeMap<String, String>;

/// An account of a person, an organization (`login`) or an enterprise (`slug`).
#[derive(Deserialize)]
struct WireAccount {
    login: Option<String>,
    slug: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl WireAccount {
    fn name(self) -> Option<String> {
        self.login.or(self.slug)
    }
}

#[derive(Deserialize)]
pub(super) struct WireApp {
    id: u64,
    client_id: Option<String>,
    slug: String,
    name: String,
    owner: Option<WireAccount>,
    permissions: PermissionMap,
    html_url: Option<String>,
    installations_count: Option<u64>,
}

impl From<WireApp> for AppInfo {
    fn from(wire: WireApp) -> Self {
        Self {
            id: wire.id,
            client_id: wire.client_id,
            slug: wire.slug,
            name: wire.name,
            owner: wire.owner.and_then(WireAccount::name).unwrap_or_default(),
            permissions: Permissions::from_forge(wire.permissions),
            html_url: wire.html_url,
            installations: wire.installations_count,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireInstallation {
    id: u64,
    account: Option<WireAccount>,
    target_type: Option<String>,
    repository_selection: String,
    permissions: PermissionMap,
    suspended_at: Option<String>,
    html_url: Option<String>,
}

impl From<WireInstallation> for Installation {
    fn from(wire: WireInstallation) -> Self {
        let kind = wire.account.as_ref().and_then(|account| account.kind.clone());
        Self {
            id: InstallationId(wire.id),
            owner: wire.account.and_then(WireAccount::name).unwrap_or_default(),
            owner_kind: kind.or(wire.target_type).unwrap_or_default(),
            permissions: Permissions::from_forge(wire.permissions),
            all_repositories: wire.repository_selection == "all",
            suspended: wire.suspended_at.is_some(),
            html_url: wire.html_url,
        }
    }
}

/// What is asked of a mint. Never without permissions, and without repositories only where no permission is of repositories: GitHub
/// takes what is absent for everything.
#[derive(Serialize)]
pub(super) struct WireMint<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) repositories: Option<&'a [String]>,
    pub(super) permissions: &'a Permissions,
}

/// What a mint brings. Only the token must be there for this to be read, so that a token with odd company can be
/// revoked.
#[derive(Deserialize)]
pub(super) struct WireToken {
    pub(super) token: String,
    pub(super) expires_at: Option<String>,
    pub(super) permissions: Option<PermissionMap>,
    pub(super) repository_selection: Option<String>,
    pub(super) repositories: Option<Vec<WireRepository>>,
}

/// The token in an answer that cannot be read otherwise, so that it can be revoked.
#[derive(Deserialize)]
pub(super) struct WireTokenAlone {
    pub(super) token: String,
}

#[derive(Deserialize)]
pub(super) struct WireRepository {
    pub(super) name: String,
    pub(super) full_name: Option<String>,
}

/// As much of `GET /installation/repositories` as shows that it is that.
#[derive(Deserialize)]
pub(super) struct WireRepositories {
    #[serde(rename = "total_count")]
    _total_count: u64,
}

/// Reads a success.
pub(super) fn parse<T: DeserializeOwned>(answer: &Answer) -> Result<T, ForgeError> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        let reason = if answer.body.is_empty() {
            "the body is empty".to_owned()
        } else {
            // serde's own words may quote the body, which may hold a token
            format!(
                "the body is not the JSON that was promised ({:?} error in line {})",
                error.classify(),
                error.line()
            )
        };
        ForgeError::Garbled {
            status: answer.status,
            reason,
        }
    })
}
