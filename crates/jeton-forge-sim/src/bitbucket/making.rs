//! What a test puts into repositories.

use std::sync::Arc;

use super::{Bitbucket, BitbucketSim};
use crate::git::{CommitSpec, GitStore};
use crate::site::WorldError;

impl Bitbucket {
    /// The repositories, if there is one of this number.
    pub(super) fn repository(&self, id: u64) -> Result<Arc<GitStore>, WorldError> {
        self.with_repository(id, |_| ())?;
        Ok(Arc::clone(&self.ground.store))
    }

    pub(super) fn make_empty_repository(
        &self,
        workspace: &str,
        slug: &str,
        project: &str,
        private: bool,
    ) -> Result<u64, WorldError> {
        let id = self.make_bare_repository(workspace, slug, project, private)?;
        self.ground.store.create_empty(id, "main")?;
        Ok(id)
    }
}

impl BitbucketSim {
    /// Makes a repository that has no commit yet. Answers its number.
    ///
    /// # Errors
    /// As [`add_repository`](Self::add_repository).
    pub fn add_empty_repository(&self, workspace: &str, slug: &str, private: bool) -> Result<u64, WorldError> {
        self.site().make_empty_repository(workspace, slug, "PROJ", private)
    }

    /// Commits one file to `main`. Answers the commit's id.
    ///
    /// # Errors
    /// When there is no such repository, or git fails.
    pub fn commit_file(&self, repository: u64, path: &str, content: &[u8]) -> Result<String, WorldError> {
        let now = self.site().now();
        Ok(self
            .site()
            .repository(repository)?
            .commit_file(repository, path, content, now)?)
    }

    /// Makes one commit of many changes. Answers its id.
    ///
    /// # Errors
    /// When there is no such repository, a path cannot be one, or git fails.
    pub fn commit_files(&self, repository: u64, spec: &CommitSpec) -> Result<String, WorldError> {
        let now = self.site().now();
        Ok(self.site().repository(repository)?.write(repository, spec, now)?)
    }

    /// Reads a whole history in the format of `git fast-import`; it replaces branches of the same name.
    ///
    /// # Errors
    /// When there is no such repository, or git refuses the stream.
    pub fn import(&self, repository: u64, stream: &[u8]) -> Result<(), WorldError> {
        Ok(self.site().repository(repository)?.import(repository, stream)?)
    }

    /// Makes a branch where `revision` is: a branch, a tag or a commit.
    ///
    /// # Errors
    /// When there is no such repository or revision, or git cannot have the name.
    pub fn add_branch(&self, repository: u64, branch: &str, revision: &str) -> Result<(), WorldError> {
        Ok(self
            .site()
            .repository(repository)?
            .add_branch_at(repository, branch, revision)?)
    }

    /// Takes a branch away.
    ///
    /// # Errors
    /// When there is no such repository or branch.
    pub fn remove_branch(&self, repository: u64, branch: &str) -> Result<(), WorldError> {
        Ok(self.site().repository(repository)?.remove_branch(repository, branch)?)
    }

    /// Makes a tag, an annotated one when it has a message.
    ///
    /// # Errors
    /// When there is no such repository or target, or git cannot have the name.
    pub fn tag(&self, repository: u64, name: &str, target: &str, message: Option<&str>) -> Result<(), WorldError> {
        let now = self.site().now();
        Ok(self
            .site()
            .repository(repository)?
            .tag(repository, name, target, message, now)?)
    }

    /// Makes another branch the main one; it need not exist yet.
    ///
    /// # Errors
    /// When there is no such repository, or git cannot have the name.
    pub fn set_default_branch(&self, repository: u64, branch: &str) -> Result<(), WorldError> {
        Ok(self.site().repository(repository)?.set_head(repository, branch)?)
    }

    /// Stores a file of Git LFS. Answers the pointer, which is to be committed in its place.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn add_lfs_object(&self, repository: u64, content: Vec<u8>) -> Result<String, WorldError> {
        self.site().repository(repository)?;
        Ok(self.site().ground.lfs.add(repository, content))
    }

    /// How many entries a walk with `max_depth` may find before Bitbucket gives up with 555; 50,000 at first.
    pub fn set_walk_limit(&self, entries: usize) {
        self.site().state().walk_limit = entries;
    }
}
