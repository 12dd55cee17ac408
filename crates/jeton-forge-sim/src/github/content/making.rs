//! Commits, branches, tags and pull requests, made behind the API.

use std::io;

use crate::git::CommitSpec;
use crate::github::GitHubSim;
use crate::github::model::PullRequest;

impl GitHubSim {
    /// Makes a branch where the default branch is, or moves it there.
    ///
    /// Runs git; in async code, a few milliseconds of blocking.
    pub fn add_branch(&self, owner: &str, name: &str, branch: &str) -> io::Result<()> {
        self.store().add_branch(self.number_of(owner, name)?, branch)
    }

    /// Makes a branch at a commit, given by its id or by the name of a branch or tag; or moves it there.
    pub fn add_branch_at(&self, owner: &str, name: &str, branch: &str, revision: &str) -> io::Result<()> {
        self.store()
            .add_branch_at(self.number_of(owner, name)?, branch, revision)
    }

    /// Removes a branch. What only it held is still found by id.
    pub fn remove_branch(&self, owner: &str, name: &str, branch: &str) -> io::Result<()> {
        self.store().remove_branch(self.number_of(owner, name)?, branch)
    }

    /// Makes another branch the default; it need not exist yet.
    pub fn set_default_branch(&self, owner: &str, name: &str, branch: &str) -> io::Result<()> {
        let id = self.number_of(owner, name)?;
        self.store().set_head(id, branch)?;
        if let Some(repository) = self.state().repositories.get_mut(&id) {
            branch.clone_into(&mut repository.default_branch);
        }
        Ok(())
    }

    /// Makes a commit and answers its id.
    pub fn commit(&self, owner: &str, name: &str, spec: &CommitSpec) -> io::Result<String> {
        self.store().write(self.number_of(owner, name)?, spec, self.now())
    }

    /// Takes a history as `git fast-export` writes it (the format of `git fast-import`). Branches that it has replace
    /// those of the same name; a hundred thousand files take a few seconds.
    pub fn import(&self, owner: &str, name: &str, fast_import_stream: &[u8]) -> io::Result<()> {
        self.store().import(self.number_of(owner, name)?, fast_import_stream)
    }

    /// Names a commit (given as for [`add_branch_at`](Self::add_branch_at)), or moves the name; with a message, through
    /// an object of its own.
    pub fn tag(&self, owner: &str, name: &str, tag: &str, target: &str, annotated: Option<&str>) -> io::Result<()> {
        let id = self.number_of(owner, name)?;
        self.store().tag(id, tag, target, annotated, self.now())
    }

    fn number_of(&self, owner: &str, name: &str) -> io::Result<u64> {
        Ok(self.state().get_repository(owner, name)?.id)
    }

    /// Opens a pull request of a person's from a branch to `main`, and answers its number.
    pub fn open_pull_request(
        &self,
        owner: &str,
        name: &str,
        login: &str,
        title: &str,
        head: &str,
    ) -> io::Result<usize> {
        let (id, author) = {
            let state = self.state();
            (state.get_repository(owner, name)?.id, state.user(login)?)
        };
        let stands = |branch: &str| {
            let found = self.store().resolve(id, branch);
            found.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, format!("there is no branch {branch}")))
        };
        let pull = PullRequest {
            title: title.to_owned(),
            author,
            head: head.to_owned(),
            head_sha: stands(head)?,
            base_sha: stands("HEAD")?,
            created_at: self.now(),
            closed_at: None,
        };
        let mut state = self.state();
        let pulls = &mut state.extras.entry(id).or_default().pulls;
        pulls.push(pull);
        Ok(pulls.len())
    }

    /// Closes a pull request. `false`: there is none of this number.
    pub fn close_pull_request(&self, owner: &str, name: &str, number: usize) -> bool {
        let now = self.now();
        let mut state = self.state();
        let Ok(id) = state.get_repository(owner, name).map(|repository| repository.id) else {
            return false;
        };
        let pulls = state.extras.get_mut(&id).map(|extras| &mut extras.pulls);
        let found = pulls
            .zip(number.checked_sub(1))
            .and_then(|(pulls, index)| pulls.get_mut(index));
        found.map(|pull| pull.closed_at = Some(now)).is_some()
    }
}
