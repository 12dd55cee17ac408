//! Commits that tests and demonstrations ask for.

use jiff::Timestamp;

/// A commit to be made, on `main` unless it says otherwise: files with their modes, a message, an author and a time.
///
/// Paths and contents are bytes, because git's are.
///
/// ```
/// use jeton_forge_sim::CommitSpec;
///
/// let noon = "2026-06-01T12:00:00Z".parse().unwrap();
/// let spec = CommitSpec::new("Add things")
///     .branch("feature/x")
///     .file("docs/what? 100%.md", "# What\n")
///     .executable("run.sh", "#!/bin/sh\n")
///     .symlink("latest", "docs/what? 100%.md")
///     .submodule("vendor/lib", "1111111111111111111111111111111111111111")
///     .remove("old.txt")
///     .author("Ada", "ada@example.com")
///     .at(noon, -7 * 60);
/// # let _ = spec;
/// ```
#[derive(Debug, Clone)]
pub struct CommitSpec {
    pub(super) branch: String,
    pub(super) message: String,
    pub(super) changes: Vec<(Vec<u8>, FileChange)>,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) at: Option<(Timestamp, i32)>,
}

/// What becomes of a path.
#[derive(Debug, Clone)]
pub(super) enum FileChange {
    /// A mode and what is in it.
    Write(&'static str, Vec<u8>),
    /// A commit of another repository.
    Submodule(String),
    Remove,
}

impl CommitSpec {
    /// A commit that changes nothing yet.
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            branch: "main".to_owned(),
            message: message.into(),
            changes: Vec::new(),
            name: "Simulated Forge".to_owned(),
            email: "sim@forge.invalid".to_owned(),
            at: None,
        }
    }

    /// The branch it goes to, made when new; a new one has no history.
    #[must_use]
    pub fn branch(mut self, branch: &str) -> Self {
        branch.clone_into(&mut self.branch);
        self
    }

    /// Writes a file (mode 100644).
    #[must_use]
    pub fn file(self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.write("100644", path.as_ref(), content.as_ref())
    }

    /// Writes a file that can be executed (mode 100755).
    #[must_use]
    pub fn executable(self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.write("100755", path.as_ref(), content.as_ref())
    }

    /// Makes a symbolic link (mode 120000).
    #[must_use]
    pub fn symlink(self, path: impl AsRef<[u8]>, target: impl AsRef<[u8]>) -> Self {
        self.write("120000", path.as_ref(), target.as_ref())
    }

    /// Makes a submodule (mode 160000) that stands at a commit, 40 hexadecimal digits.
    #[must_use]
    pub fn submodule(mut self, path: impl AsRef<[u8]>, commit: &str) -> Self {
        let change = FileChange::Submodule(commit.to_owned());
        self.changes.push((path.as_ref().to_vec(), change));
        self
    }

    /// Removes a file, or a directory with all that is in it.
    #[must_use]
    pub fn remove(mut self, path: impl AsRef<[u8]>) -> Self {
        self.changes.push((path.as_ref().to_vec(), FileChange::Remove));
        self
    }

    /// Who wrote and committed it.
    #[must_use]
    pub fn author(mut self, name: &str, email: &str) -> Self {
        name.clone_into(&mut self.name);
        email.clone_into(&mut self.email);
        self
    }

    /// When, and in which zone (minutes east of UTC). Default: the forge's time, in UTC.
    #[must_use]
    pub fn at(mut self, time: Timestamp, offset_minutes: i32) -> Self {
        self.at = Some((time, offset_minutes));
        self
    }

    fn write(mut self, mode: &'static str, path: &[u8], content: &[u8]) -> Self {
        let change = FileChange::Write(mode, content.to_vec());
        self.changes.push((path.to_vec(), change));
        self
    }
}
