//! Branches: making, moving and removing them, and which one is the default.

use std::fs;
use std::io;

use super::names::{invalid, is_reference};
use super::store::GitStore;

impl GitStore {
    /// Points a branch, made when new, at where the default branch is.
    pub(crate) fn add_branch(&self, id: u64, branch: &str) -> io::Result<()> {
        self.add_branch_at(id, branch, "HEAD")
    }

    /// Points a branch, made when new, at a commit.
    pub(crate) fn add_branch_at(&self, id: u64, branch: &str, revision: &str) -> io::Result<()> {
        let reference = reference(branch)?;
        let commit = self.resolve(id, revision);
        let commit = commit.ok_or_else(|| invalid(format!("there is no commit {revision:?}")))?;
        self.run(id, &["update-ref", &reference, &commit], &[])?;
        Ok(())
    }

    /// Removes a branch; what it held stays until git cleans up.
    pub(crate) fn remove_branch(&self, id: u64, branch: &str) -> io::Result<()> {
        self.run(id, &["update-ref", "-d", &reference(branch)?], &[])?;
        Ok(())
    }

    /// The default branch, also of an empty repository.
    pub(crate) fn head(&self, id: u64) -> io::Result<String> {
        let text = fs::read_to_string(self.directory(id).join("HEAD"))?;
        let name = text.trim().strip_prefix("ref: refs/heads/");
        name.map(str::to_owned)
            .ok_or_else(|| io::Error::other("HEAD is no branch"))
    }

    /// Makes another branch the default; it need not exist yet.
    pub(crate) fn set_head(&self, id: u64, branch: &str) -> io::Result<()> {
        self.run(id, &["symbolic-ref", "HEAD", &reference(branch)?], &[])?;
        Ok(())
    }
}

/// The whole name of a branch, if git can have it.
fn reference(branch: &str) -> io::Result<String> {
    if is_reference(branch) && !branch.starts_with('-') {
        Ok(format!("refs/heads/{branch}"))
    } else {
        Err(invalid(format!("git allows no branch {branch:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_starts_at_the_default_one_and_has_a_name_that_git_allows() {
        let store = GitStore::create().unwrap();
        store
            .create_repository(1, b"", "2026-01-01T00:00:00Z".parse().unwrap())
            .unwrap();
        store.add_branch(1, "feature/x").unwrap();
        assert_eq!(store.resolve(1, "feature/x"), store.resolve(1, "main"));
        for bad in ["", "a b", "a..b", "x.lock", "-/../x"] {
            assert!(store.add_branch(1, bad).is_err(), "{bad:?}");
        }
        assert_eq!(store.head(1).unwrap(), "main");
        store.set_head(1, "feature/x").unwrap();
        store.remove_branch(1, "main").unwrap();
        assert_eq!(
            (store.head(1).unwrap().as_str(), store.resolve(1, "main")),
            ("feature/x", None)
        );
        assert_eq!(store.resolve(1, "HEAD"), store.resolve(1, "heads/feature/x"));
    }
}
