//! What a test says and learns of Pipelines.

use std::fmt;

/// Where a variable is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BitbucketCiScope {
    /// A repository, by its number.
    Repository(u64),
    /// A workspace, by its slug.
    Workspace(String),
    /// A deployment environment of a repository, by its UUID in braces.
    Environment {
        /// The number of the repository.
        repository: u64,
        /// The UUID of the environment.
        uuid: String,
    },
}

/// A runner that was made. `Debug` does not show its secret.
#[derive(Clone)]
pub struct BitbucketRunner {
    /// Its UUID in braces.
    pub uuid: String,
    /// The id of its OAuth client.
    pub client_id: String,
    /// The secret of its OAuth client.
    pub client_secret: String,
}

impl fmt::Debug for BitbucketRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BitbucketRunner")
            .field("uuid", &self.uuid)
            .finish_non_exhaustive()
    }
}

/// What the forge knows of a runner; never its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BitbucketRunnerInfo {
    /// Its UUID in braces.
    pub uuid: String,
    /// Its repository or workspace; never an environment.
    pub scope: BitbucketCiScope,
    /// What its maker called it.
    pub name: String,
    /// Its labels.
    pub labels: Vec<String>,
    /// The id of its OAuth client.
    pub client_id: String,
    /// First 12 hex digits of the SHA-256 of its OAuth client's secret.
    pub fingerprint: String,
}

/// A variable of Pipelines. `Debug` does not show its value.
#[derive(Clone, PartialEq, Eq)]
pub struct BitbucketVariable {
    /// Its UUID in braces.
    pub uuid: String,
    /// Its name.
    pub key: String,
    /// What steps get, secured or not.
    pub value: String,
    /// Whether the API and logs hide it.
    pub secured: bool,
}

impl fmt::Debug for BitbucketVariable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BitbucketVariable")
            .field("uuid", &self.uuid)
            .field("key", &self.key)
            .field("secured", &self.secured)
            .finish_non_exhaustive()
    }
}
