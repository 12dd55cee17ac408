//! What tests say and learn about people, organizations and personal tokens.

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::scopes::Scopes;
use crate::github::permissions::Permissions;

/// What somebody may do with a repository. Ordered: a higher role includes the lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepoRole {
    /// May look and fetch.
    Read,
    /// May manage issues and pull requests.
    Triage,
    /// May push.
    Write,
    /// May manage the repository without what is dangerous.
    Maintain,
    /// May do everything, runners and secrets included.
    Admin,
}

impl RepoRole {
    /// The permission as organizations' settings call it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }
}

/// What somebody is in an organization.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrgRole {
    /// Has the organization's base role on every repository.
    Member,
    /// An owner: administers every repository.
    Admin,
}

/// Whether members must prove their company sign-in for each token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SamlSso {
    /// No.
    #[default]
    Off,
    /// A classic or OAuth token that was not authorised is 403 with an `X-GitHub-SSO` header.
    Required,
    /// The same, but private repositories are 404, as GitHub answers at times.
    RequiredAndHidden,
}

/// What an organization demands of the tokens that touch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrgPolicy {
    /// Whether its members' classic, OAuth and app user tokens need an authorisation each.
    pub saml_sso: SamlSso,
    /// The only addresses that may come with a token; an empty list shuts out all. `None`: no list.
    pub ip_allow_list: Option<Vec<IpAddr>>,
    /// Refuses every `ghp_` token.
    pub forbid_classic: bool,
    /// Refuses fine-grained tokens that live longer than this many days, or for ever.
    pub max_fine_grained_days: Option<u32>,
    /// Fine-grained tokens made from now on open nothing private until approved.
    pub approve_fine_grained: bool,
    /// What every member may do with every repository; `None` is nothing.
    pub base_role: Option<RepoRole>,
    /// Repositories may have no self-hosted runners of their own.
    pub forbid_repository_runners: bool,
}

impl Default for OrgPolicy {
    /// As a new organization: no demands, and members may read.
    fn default() -> Self {
        Self {
            saml_sso: SamlSso::Off,
            ip_allow_list: None,
            forbid_classic: false,
            max_fine_grained_days: None,
            approve_fine_grained: false,
            base_role: Some(RepoRole::Read),
            forbid_repository_runners: false,
        }
    }
}

/// The kinds of token that stand for a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PersonalTokenKind {
    /// `ghp_`: a personal access token (classic).
    Classic,
    /// `github_pat_`: a fine-grained personal access token.
    FineGrained,
    /// `gho_`: an OAuth app's token.
    OAuth,
    /// `ghu_`: a GitHub App's token for a user.
    AppUser,
}

/// How `github-authentication-token-expiration` is written; both forms have been seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ExpirationForm {
    /// `2026-09-03 02:34:04 UTC`.
    #[default]
    Utc,
    /// `2026-09-03 04:34:04 +0200`, for this many hours.
    Offset(i8),
}

/// Which repositories of its resource owner a fine-grained token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Selection {
    All,
    /// Names in lower case.
    Selected(Vec<String>),
    /// "Public repositories": opens nothing that isn't open to all.
    PublicOnly,
}

/// What the token may do, by its kind.
#[derive(Debug, Clone)]
pub(crate) enum Reach {
    Classic(Scopes),
    OAuth(Scopes),
    FineGrained {
        owner: String,
        selection: Selection,
        permissions: Permissions,
    },
    AppUser {
        app: u64,
    },
}

/// A personal token to be made.
#[derive(Debug, Clone)]
pub struct PersonalTokenSpec {
    pub(crate) name: String,
    pub(crate) reach: Reach,
    pub(crate) lifetime: Option<SignedDuration>,
    pub(crate) form: ExpirationForm,
    pub(crate) sso: Vec<String>,
}

impl PersonalTokenSpec {
    fn new(reach: Reach) -> Self {
        Self {
            name: "sim".to_owned(),
            reach,
            lifetime: None,
            form: ExpirationForm::Utc,
            sso: Vec::new(),
        }
    }

    /// A classic token that never ends.
    ///
    /// # Panics
    /// When GitHub has no such scope.
    pub fn classic<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self::new(Reach::Classic(Scopes::must_parse(scopes)))
    }

    /// An OAuth app's token that never ends.
    ///
    /// # Panics
    /// When GitHub has no such scope.
    pub fn oauth<S: AsRef<str>>(scopes: impl IntoIterator<Item = S>) -> Self {
        Self::new(Reach::OAuth(Scopes::must_parse(scopes)))
    }

    /// A fine-grained token for all repositories of one resource owner, that never ends. `metadata:
    /// read` comes by itself.
    ///
    /// # Panics
    /// When GitHub has no such permission or level.
    pub fn fine_grained<K: AsRef<str>, L: AsRef<str>>(
        resource_owner: &str,
        permissions: impl IntoIterator<Item = (K, L)>,
    ) -> Self {
        Self::fine_grained_with(resource_owner, Permissions::must_parse(permissions))
    }

    pub(crate) fn fine_grained_with(resource_owner: &str, permissions: Permissions) -> Self {
        Self::new(Reach::FineGrained {
            owner: resource_owner.to_owned(),
            selection: Selection::All,
            permissions: permissions.with_metadata(),
        })
    }

    pub(crate) fn scoped(kind: PersonalTokenKind, scopes: Scopes) -> Self {
        Self::new(if kind == PersonalTokenKind::OAuth {
            Reach::OAuth(scopes)
        } else {
            Reach::Classic(scopes)
        })
    }

    /// An app's token for a user, for eight hours. It may do what both the app's installations and
    /// the user may.
    pub fn app_user(app_id: u64) -> Self {
        Self::new(Reach::AppUser { app: app_id }).expires_in(SignedDuration::from_hours(8))
    }

    /// Narrows a fine-grained token to these repositories (names without the owner); other kinds
    /// have no such choice and stay as they are.
    #[must_use]
    pub fn selected<S: Into<String>>(self, names: impl IntoIterator<Item = S>) -> Self {
        let names = names.into_iter().map(|n| n.into().to_ascii_lowercase());
        self.selection(Selection::Selected(names.collect()))
    }

    /// Narrows a fine-grained token to reading what is public.
    #[must_use]
    pub fn public_only(self) -> Self {
        self.selection(Selection::PublicOnly)
    }

    fn selection(mut self, wanted: Selection) -> Self {
        if let Reach::FineGrained { selection, .. } = &mut self.reach {
            *selection = wanted;
        }
        self
    }

    /// Ends the token this long after it is made; without, it never ends (app user tokens: after
    /// eight hours).
    #[must_use]
    pub fn expires_in(mut self, lifetime: SignedDuration) -> Self {
        self.lifetime = Some(lifetime);
        self
    }

    /// How answers tell its end.
    #[must_use]
    pub fn expiration_form(mut self, form: ExpirationForm) -> Self {
        self.form = form;
        self
    }

    /// Authorises the token for an organization with SAML single sign-on.
    #[must_use]
    pub fn sso(mut self, org: impl Into<String>) -> Self {
        self.sso.push(org.into());
        self
    }

    /// What its owner calls it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

/// A personal token as its maker sees it, once. `Debug` leaves the token out.
#[derive(Clone)]
pub struct SimPersonalToken {
    /// The number in its settings page's address.
    pub id: u64,
    /// The token.
    pub token: String,
    /// The first 12 hex digits of its SHA-256.
    pub fingerprint: String,
}

impl fmt::Debug for SimPersonalToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimPersonalToken")
            .field("id", &self.id)
            .field("fingerprint", &self.fingerprint)
            .finish_non_exhaustive()
    }
}

/// A personal token as the forge's records know it; never the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonalTokenInfo {
    /// The number in its settings page's address.
    pub id: u64,
    /// The first 12 hex digits of its SHA-256.
    pub fingerprint: String,
    /// What its owner calls it.
    pub name: String,
    /// Whom it stands for.
    pub login: String,
    /// What it is.
    pub kind: PersonalTokenKind,
    /// The scopes of a classic or OAuth token.
    pub scopes: Vec<String>,
    /// Whose repositories a fine-grained token is for.
    pub resource_owner: Option<String>,
    /// The permissions of a fine-grained token, as the API writes them.
    pub permissions: BTreeMap<String, String>,
    /// Whether an organization still has to approve it.
    pub pending: bool,
    /// The organizations with SAML single sign-on that it is authorised for.
    pub sso: Vec<String>,
    /// When it ends; `None` is never.
    pub expires_at: Option<Timestamp>,
    /// Whether it works now.
    pub live: bool,
}

/// When bad credentials shut out good ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LoginLockout {
    /// So many bad credentials shut out all people's tokens …
    pub after: u32,
    /// … when they come within this time, and for this time.
    pub lasts: SignedDuration,
}
