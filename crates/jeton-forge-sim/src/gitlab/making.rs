//! What a test puts into repositories.

use std::sync::Arc;

use super::routes::Holder;
use super::spec::Visibility;
use super::{GitLab, GitLabSim};
use crate::git::{CommitSpec, GitStore};
use crate::site::WorldError;

impl GitLab {
    /// The repositories, if there is a project of this number.
    pub(super) fn repository(&self, project: u64) -> Result<Arc<GitStore>, WorldError> {
        let state = self.state();
        let known = state
            .spaces
            .get(&project)
            .filter(|space| space.holder == Holder::Project);
        known.ok_or_else(|| WorldError::absent("project", project))?;
        Ok(Arc::clone(&self.ground.store))
    }

    pub(super) fn make_empty_project(&self, path: &str, visibility: Visibility) -> Result<u64, WorldError> {
        let id = self.make_bare_space(Holder::Project, path, visibility)?;
        self.ground.store.create_empty(id, "main")?;
        Ok(id)
    }
}

impl GitLabSim {
    /// Makes a project whose repository has no commit yet. Answers its number.
    ///
    /// # Errors
    /// As [`add_project`](Self::add_project).
    pub fn add_empty_project(&self, path: &str, visibility: Visibility) -> Result<u64, WorldError> {
        self.site().make_empty_project(path, visibility)
    }

    /// Commits one file to `main`. Answers the commit's id.
    ///
    /// # Errors
    /// When there is no such project, or git fails.
    pub fn commit_file(&self, project: u64, path: &str, content: &[u8]) -> Result<String, WorldError> {
        let now = self.site().now();
        Ok(self
            .site()
            .repository(project)?
            .commit_file(project, path, content, now)?)
    }

    /// Makes one commit of many changes. Answers its id.
    ///
    /// # Errors
    /// When there is no such project, a path cannot be one, or git fails.
    pub fn commit_files(&self, project: u64, spec: &CommitSpec) -> Result<String, WorldError> {
        let now = self.site().now();
        Ok(self.site().repository(project)?.write(project, spec, now)?)
    }

    /// Reads a whole history in the format of `git fast-import`; it replaces branches of the same name.
    ///
    /// # Errors
    /// When there is no such project, or git refuses the stream.
    pub fn import(&self, project: u64, stream: &[u8]) -> Result<(), WorldError> {
        Ok(self.site().repository(project)?.import(project, stream)?)
    }

    /// Makes a branch where `revision` is: a branch, a tag or a commit.
    ///
    /// # Errors
    /// When there is no such project or revision, or git cannot have the name.
    pub fn add_branch(&self, project: u64, branch: &str, revision: &str) -> Result<(), WorldError> {
        Ok(self
            .site()
            .repository(project)?
            .add_branch_at(project, branch, revision)?)
    }

    /// Takes a branch away.
    ///
    /// # Errors
    /// When there is no such project or branch.
    pub fn remove_branch(&self, project: u64, branch: &str) -> Result<(), WorldError> {
        Ok(self.site().repository(project)?.remove_branch(project, branch)?)
    }

    /// Makes a tag, an annotated one when it has a message.
    ///
    /// # Errors
    /// When there is no such project or target, or git cannot have the name.
    pub fn tag(&self, project: u64, name: &str, target: &str, message: Option<&str>) -> Result<(), WorldError> {
        let now = self.site().now();
        Ok(self
            .site()
            .repository(project)?
            .tag(project, name, target, message, now)?)
    }

    /// Makes another branch the default; it need not exist yet.
    ///
    /// # Errors
    /// When there is no such project, or git cannot have the name.
    pub fn set_default_branch(&self, project: u64, branch: &str) -> Result<(), WorldError> {
        Ok(self.site().repository(project)?.set_head(project, branch)?)
    }

    /// Stores a file of Git LFS. Answers the pointer, which is to be committed in its place.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn add_lfs_object(&self, project: u64, content: Vec<u8>) -> Result<String, WorldError> {
        self.site().repository(project)?;
        Ok(self.site().ground.lfs.add(project, content))
    }
}
