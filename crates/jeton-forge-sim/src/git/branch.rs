//! Making branches.

use std::io;

use super::store::GitStore;

impl GitStore {
    /// Points a branch, made when new, at where `main` is.
    pub(crate) fn add_branch(&self, id: u64, branch: &str) -> io::Result<()> {
        let reference = format!("refs/heads/{branch}");
        // Refuses what git cannot have as a name.
        self.run(id, &["check-ref-format", &reference], &[])?;
        self.run(id, &["update-ref", &reference, "refs/heads/main"], &[])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_starts_at_main_and_has_a_name_that_git_allows() {
        let store = GitStore::create().unwrap();
        store
            .create_repository(1, b"", "2026-01-01T00:00:00Z".parse().unwrap())
            .unwrap();
        store.add_branch(1, "feature/x").unwrap();
        assert_eq!(store.resolve(1, "feature/x"), store.resolve(1, "main"));
        for bad in ["", "a b", "a..b", "x.lock", "-/../x"] {
            assert!(store.add_branch(1, bad).is_err(), "{bad:?}");
        }
    }
}
