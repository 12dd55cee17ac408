//! What a test says and learns of runners and variables.

use std::fmt;

use jiff::Timestamp;

/// What a runner works for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GitLabRunnerKind {
    /// Everybody on the server.
    Instance,
    /// The projects of a group, by its number.
    Group(u64),
    /// A project, by its number.
    Project(u64),
}

impl GitLabRunnerKind {
    /// As the API writes it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Instance => "instance_type",
            Self::Group(_) => "group_type",
            Self::Project(_) => "project_type",
        }
    }

    /// The number of its group or project.
    pub(crate) fn space(self) -> Option<u64> {
        match self {
            Self::Instance => None,
            Self::Group(id) | Self::Project(id) => Some(id),
        }
    }
}

/// A runner that was made. `Debug` does not show its token.
#[derive(Clone)]
pub struct GitLabRunner {
    /// Its number.
    pub id: u64,
    /// Its authentication token, `glrt-…`.
    pub token: String,
}

impl fmt::Debug for GitLabRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitLabRunner")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

/// What the forge knows of a runner; never its token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitLabRunnerInfo {
    /// Its number.
    pub id: u64,
    /// What it works for.
    pub kind: GitLabRunnerKind,
    /// What its maker called it.
    pub description: String,
    /// Its tags.
    pub tags: Vec<String>,
    /// Whether it takes no jobs.
    pub paused: bool,
    /// When it was made.
    pub created_at: Timestamp,
    /// When its token dies; none: never.
    pub token_expires_at: Option<Timestamp>,
    /// When its token can no longer be replaced; none: as long as it lives.
    pub token_rotation_deadline: Option<Timestamp>,
    /// When a runner last came with the token.
    pub contacted_at: Option<Timestamp>,
    /// First 12 hex digits of the token's SHA-256.
    pub fingerprint: String,
}

/// A CI/CD variable. `Debug` does not show its value.
#[derive(Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "GitLab's switches, each of its own")]
pub struct GitLabVariable {
    /// Its name.
    pub key: String,
    /// What jobs get, hidden or not.
    pub value: String,
    /// The environments that get it, `*` for all.
    pub environment_scope: String,
    /// Whether jobs get a file with the value instead of the value.
    pub file: bool,
    /// Whether only jobs of protected branches and tags get it.
    pub protected: bool,
    /// Whether logs hide it.
    pub masked: bool,
    /// Whether the API and the browser hide it, too, for good.
    pub hidden: bool,
    /// Whether a `$` in it means nothing.
    pub raw: bool,
    /// What people wrote beside it.
    pub description: Option<String>,
}

impl GitLabVariable {
    /// A plain one for all environments.
    pub fn new(key: &str, value: &str) -> Self {
        Self {
            key: key.to_owned(),
            value: value.to_owned(),
            environment_scope: "*".to_owned(),
            file: false,
            protected: false,
            masked: false,
            hidden: false,
            raw: false,
            description: None,
        }
    }
}

impl fmt::Debug for GitLabVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GitLabVariable")
            .field("key", &self.key)
            .field("environment_scope", &self.environment_scope)
            .field("file", &self.file)
            .field("protected", &self.protected)
            .field("masked", &self.masked)
            .field("hidden", &self.hidden)
            .field("raw", &self.raw)
            .finish_non_exhaustive()
    }
}
