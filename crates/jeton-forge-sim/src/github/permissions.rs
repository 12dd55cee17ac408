//! What an app, an installation or a token may do.

use std::collections::BTreeMap;
use std::fmt;

/// How far a permission goes. Ordered: a higher level includes the lower ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// May look.
    Read,
    /// May change.
    Write,
    /// May manage; only a few keys have it.
    Admin,
}

impl Level {
    /// The level as the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "read" => Some(Self::Read),
            "write" => Some(Self::Write),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
}

/// Why a permission cannot be named like that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PermissionError {
    /// GitHub has no permission of this name.
    UnknownKey(String),
    /// The permission has no such level.
    BadLevel {
        /// The permission.
        key: String,
        /// What was given as its level.
        level: String,
    },
}

impl fmt::Display for PermissionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(key) => write!(f, "\"{key}\" is not a permitted key."),
            Self::BadLevel { key, level } => write!(
                f,
                "For 'properties/permissions/properties/{key}', {level} is not a permitted value."
            ),
        }
    }
}

impl std::error::Error for PermissionError {}

/// Permission keys with their levels.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Permissions(BTreeMap<&'static str, Level>);

impl Permissions {
    /// Reads keys and levels as the API writes them.
    pub fn parse<K: AsRef<str>, L: AsRef<str>>(
        pairs: impl IntoIterator<Item = (K, L)>,
    ) -> Result<Self, PermissionError> {
        let mut parsed = Self::default();
        for (key, level) in pairs {
            let (key, level) = (key.as_ref(), level.as_ref());
            let known = KEYS.iter().find(|(name, _)| *name == key);
            let (name, levels) = known.ok_or_else(|| PermissionError::UnknownKey(key.into()))?;
            let valid = Level::parse(level).filter(|level| levels.contains(level));
            let level = valid.ok_or_else(|| PermissionError::BadLevel {
                key: key.into(),
                level: format!("\"{level}\""),
            })?;
            parsed.0.insert(name, level);
        }
        Ok(parsed)
    }

    pub(crate) fn must_parse<K: AsRef<str>, L: AsRef<str>>(pairs: impl IntoIterator<Item = (K, L)>) -> Self {
        match Self::parse(pairs) {
            Ok(permissions) => permissions,
            Err(error) => panic!("{error}"),
        }
    }

    /// The level of one key.
    pub fn level(&self, key: &str) -> Option<Level> {
        self.0.get(key).copied()
    }

    /// Whether `key` is granted at `least` or above.
    pub fn allows(&self, key: &str, least: Level) -> bool {
        self.level(key).is_some_and(|level| level >= least)
    }

    /// Whether all of `asked` is granted here.
    pub fn include(&self, asked: &Self) -> bool {
        let mut asked = asked.0.iter();
        asked.all(|(key, level)| self.allows(key, *level))
    }

    /// Adds what every token has.
    pub(crate) fn with_metadata(mut self) -> Self {
        self.0.entry("metadata").or_insert(Level::Read);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keys and levels as the API writes them.
    pub fn to_map(&self) -> BTreeMap<String, String> {
        let pairs = self.0.iter();
        pairs.map(|(k, v)| ((*k).to_owned(), v.as_str().to_owned())).collect()
    }
}

const RW: &[Level] = &[Level::Read, Level::Write];
const RWA: &[Level] = &[Level::Read, Level::Write, Level::Admin];
const R: &[Level] = &[Level::Read];
const W: &[Level] = &[Level::Write];

/// The keys and levels of GitHub's `OpenAPI` description (`app-permissions`).
const KEYS: &[(&str, &[Level])] = &[
    ("actions", RW),
    ("administration", RW),
    ("artifact_metadata", RW),
    ("attestations", RW),
    ("checks", RW),
    ("code_quality", RW),
    ("codespaces", RW),
    ("contents", RW),
    ("custom_properties_for_organizations", RW),
    ("dependabot_secrets", RW),
    ("deployments", RW),
    ("discussions", RW),
    ("email_addresses", RW),
    ("enterprise_custom_properties_for_organizations", RWA),
    ("environments", RW),
    ("followers", RW),
    ("git_ssh_keys", RW),
    ("gpg_keys", RW),
    ("interaction_limits", RW),
    ("issues", RW),
    ("members", RW),
    ("merge_queues", RW),
    ("metadata", RW),
    ("organization_administration", RW),
    ("organization_announcement_banners", RW),
    ("organization_copilot_agent_settings", RW),
    ("organization_copilot_seat_management", RW),
    ("organization_custom_org_roles", RW),
    ("organization_custom_properties", RWA),
    ("organization_custom_roles", RW),
    ("organization_events", R),
    ("organization_hooks", RW),
    ("organization_packages", RW),
    ("organization_personal_access_token_requests", RW),
    ("organization_personal_access_tokens", RW),
    ("organization_plan", R),
    ("organization_projects", RWA),
    ("organization_secrets", RW),
    ("organization_self_hosted_runners", RW),
    ("organization_user_blocking", RW),
    ("packages", RW),
    ("pages", RW),
    ("profile", W),
    ("pull_requests", RW),
    ("repository_custom_properties", RW),
    ("repository_hooks", RW),
    ("repository_projects", RWA),
    ("secret_scanning_alerts", RW),
    ("secrets", RW),
    ("security_events", RW),
    ("single_file", RW),
    ("starring", RW),
    ("statuses", RW),
    ("vulnerability_alerts", RW),
    ("workflows", W),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_sorted_and_as_many_as_documented() {
        assert_eq!(KEYS.len(), 55);
        assert!(KEYS.is_sorted_by(|a, b| a.0 < b.0));
    }

    #[test]
    fn a_level_includes_the_lower_ones_and_no_higher() {
        let have = Permissions::must_parse([("contents", "write"), ("metadata", "read")]);
        let ask = |pairs: [(&str, &str); 1]| Permissions::must_parse(pairs);
        assert!(have.include(&ask([("contents", "read")])));
        assert!(!have.include(&ask([("metadata", "write")])));
        assert!(!have.include(&ask([("issues", "read")])));
    }

    #[test]
    fn unknown_keys_and_impossible_levels_are_refused() {
        let unknown = Permissions::parse([("content", "read")]);
        assert_eq!(unknown, Err(PermissionError::UnknownKey("content".into())));
        assert!(Permissions::parse([("workflows", "read")]).is_err());
        assert!(Permissions::parse([("contents", "admin")]).is_err());
    }
}
