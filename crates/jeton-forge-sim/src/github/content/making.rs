//! Branches, pull requests and secrets, made behind the API.

use std::io;

use crate::github::GitHubSim;
use crate::github::model::PullRequest;

impl GitHubSim {
    /// Makes a branch where `main` is, or moves it there.
    ///
    /// Runs git; in async code, a few milliseconds of blocking.
    pub fn add_branch(&self, owner: &str, name: &str, branch: &str) -> io::Result<()> {
        let id = self.state().get_repository(owner, name)?.id;
        self.store().add_branch(id, branch)
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
            base_sha: stands("main")?,
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

    /// Makes a secret for the repository's workflows; its value is of no interest.
    pub fn add_secret(&self, owner: &str, name: &str, secret: &str) -> io::Result<()> {
        let now = self.now();
        let mut state = self.state();
        let id = state.get_repository(owner, name)?.id;
        state
            .extras
            .entry(id)
            .or_default()
            .secrets
            .insert(secret.to_owned(), now);
        Ok(())
    }
}
