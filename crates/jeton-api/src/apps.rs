use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Released;

/// A GitHub App to keep.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddAppRequest {
    /// Your name for it: lower-case letters, digits, `-`, `_`, `.`.
    #[schema(example = "ci")]
    pub name: String,
    /// Its App id or client id.
    pub app_id: AppIdText,
    /// Its private key as PEM (PKCS#1 or PKCS#8).
    #[schema(value_type = String)]
    pub private_key: Released,
    /// The URL of the forge's API; `https://api.github.com` when left out.
    #[schema(example = "https://git.example.com/api/v3")]
    pub api_url: Option<String>,
    /// Whether to ask the forge if id and key belong together before keeping them; true when left out.
    pub check: Option<bool>,
}

/// An App id, which people write as a number and as text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum AppIdText {
    /// `123456`
    Number(u64),
    /// `"123456"` or `"Iv23…"`
    Text(String),
}

impl std::fmt::Display for AppIdText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => text.fmt(f),
        }
    }
}

/// A GitHub App that jeton knows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct App {
    /// Your name for it.
    pub name: String,
    /// Its App id or client id.
    pub app_id: String,
    /// The forge's host.
    #[schema(example = "github.com")]
    pub forge: String,
    /// The URL of the forge's API.
    pub api_url: String,
    /// The SHA-256 of its public key, the first 12 hex digits.
    pub key_fingerprint: String,
    /// `added`, or `configured` (then it can be changed only in the configuration).
    pub origin: String,
    /// When it was added, RFC 3339 in UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// What is wrong with its stored key, if anything: then it serves nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub broken: Option<String>,
}

/// All Apps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppList {
    /// In order of their names.
    pub apps: Vec<App>,
}

/// An App was forgotten.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RemovedApp {
    /// Its name.
    pub name: String,
}

/// What a check of an App found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AppCheck {
    /// Your name for it.
    pub name: String,
    /// Whether nothing is wrong.
    pub ok: bool,
    /// Its name on the forge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// What the App asks its owners for.
    pub permissions: BTreeMap<String, String>,
    /// Where it is installed.
    pub installations: Vec<CheckedInstallation>,
    /// Whether there are more installations than were listed.
    pub more_installations: bool,
    /// What is wrong, each with its remedy.
    pub findings: Vec<Finding>,
}

/// An installation of an App.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CheckedInstallation {
    /// The forge's number of it.
    pub id: u64,
    /// The owner.
    pub owner: String,
    /// `all` or `selected`.
    pub repositories: String,
    /// Whether it is suspended.
    pub suspended: bool,
    /// Which of the permissions that jeton asks for by default it lacks.
    pub missing_permissions: BTreeMap<String, String>,
}

/// One thing that is wrong, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Finding {
    /// A stable name.
    pub code: String,
    /// What is wrong.
    pub detail: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
}
