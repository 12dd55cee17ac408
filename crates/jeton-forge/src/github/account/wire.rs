//! GitHub's JSON about people and what they reach, as far as it is read.

use serde::Deserialize;

#[derive(Deserialize)]
pub(super) struct WireUser {
    pub(super) id: u64,
    pub(super) login: String,
}

#[derive(Deserialize)]
pub(super) struct WireOrg {
    pub(super) id: u64,
    pub(super) login: String,
}

#[derive(Deserialize)]
pub(super) struct WireOwner {
    pub(super) id: u64,
    pub(super) login: String,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
}

impl WireOwner {
    pub(super) fn is_organization(&self) -> bool {
        self.kind == "Organization"
    }
}

/// What the *owner of the token* may do; the token itself may do less.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
pub(super) struct WireRights {
    #[serde(default)]
    pub(super) admin: bool,
    #[serde(default)]
    pub(super) push: bool,
    #[serde(default)]
    pub(super) pull: bool,
}

impl WireRights {
    /// `admin`, `write` or `read`.
    pub(super) fn word(self) -> Option<&'static str> {
        match self {
            Self { admin: true, .. } => Some("admin"),
            Self { push: true, .. } => Some("write"),
            Self { pull: true, .. } => Some("read"),
            _ => None,
        }
    }
}

#[derive(Deserialize)]
pub(super) struct WireRepo {
    pub(super) full_name: String,
    #[serde(default)]
    pub(super) private: bool,
    #[serde(default)]
    pub(super) archived: bool,
    pub(super) owner: WireOwner,
    pub(super) permissions: Option<WireRights>,
    pub(super) default_branch: Option<String>,
    pub(super) html_url: Option<String>,
}

/// GitHub's error body. `errors` holds objects on some endpoints and strings on others.
#[derive(Deserialize)]
pub(in crate::github) struct WireRefusal {
    pub(in crate::github) message: String,
    pub(super) documentation_url: Option<String>,
}

impl WireRefusal {
    /// Whether it points to GitHub's own documentation, as no other product does.
    pub(super) fn is_githubs(&self) -> bool {
        let page = self.documentation_url.as_deref().unwrap_or_default();
        ["https://docs.github.com/", "https://developer.github.com/"]
            .iter()
            .any(|docs| page.starts_with(docs))
    }
}
