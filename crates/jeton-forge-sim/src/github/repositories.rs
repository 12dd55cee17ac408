//! Making and changing repositories, as people do behind the API.

use std::io;

use super::GitHubSim;
use super::model::{is_name, name_key};
use super::spec::SimError;

impl GitHubSim {
    /// Makes a repository with a first commit (`README.md` on `main`) and answers its id. The owner
    /// is made when new.
    ///
    /// Runs git; in async code, a few milliseconds of blocking.
    pub fn add_repository(&self, owner: &str, name: &str, private: bool) -> io::Result<u64> {
        Ok(self.try_add_repository(owner, name, private)?)
    }

    /// Makes a repository without a commit, and answers its id.
    pub fn add_empty_repository(&self, owner: &str, name: &str, private: bool) -> io::Result<u64> {
        Ok(self.try_add_empty_repository(owner, name, private)?)
    }

    pub(crate) fn try_add_empty_repository(&self, owner: &str, name: &str, private: bool) -> Result<u64, SimError> {
        self.make_repository(owner, name, private, |id| self.store().create_empty(id, "main"))
    }

    pub(crate) fn try_add_repository(&self, owner: &str, name: &str, private: bool) -> Result<u64, SimError> {
        let readme = format!("# {name}\n\nA repository of {owner} on the simulated forge.\n");
        self.make_repository(owner, name, private, |id| {
            self.store().create_repository(id, readme.as_bytes(), self.now())
        })
    }

    fn make_repository(
        &self,
        owner: &str,
        name: &str,
        private: bool,
        make: impl FnOnce(u64) -> io::Result<()>,
    ) -> Result<u64, SimError> {
        for part in [owner, name] {
            if !is_name(part) {
                return Err(SimError::BadName(part.to_owned()));
            }
        }
        let id = {
            let mut state = self.state();
            if state.get_repository(owner, name).is_ok() {
                return Err(SimError::Taken(format!("{owner}/{name}")));
            }
            state.add_repository(owner, name, private)
        };
        if let Err(error) = make(id) {
            let mut state = self.state();
            state.repositories.remove(&id);
            state.names.remove(&name_key(owner, name));
            return Err(SimError::Io(error));
        }
        Ok(id)
    }

    /// Writes one file on `main` as a new commit and answers the commit's id.
    pub fn commit_file(&self, owner: &str, name: &str, path: &str, content: impl AsRef<[u8]>) -> io::Result<String> {
        let id = self.state().get_repository(owner, name)?.id;
        let content = content.as_ref();
        self.store().commit_file(id, path, content, self.now())
    }

    /// Renames a repository. The old name redirects until another repository takes it.
    pub fn rename_repository(&self, owner: &str, name: &str, new_name: &str) -> io::Result<()> {
        Ok(self.try_rename_repository(owner, name, new_name)?)
    }

    pub(crate) fn try_rename_repository(&self, owner: &str, name: &str, new_name: &str) -> Result<(), SimError> {
        if !is_name(new_name) {
            return Err(SimError::BadName(new_name.to_owned()));
        }
        let mut state = self.state();
        let id = state.get_repository(owner, name)?.id;
        if state.get_repository(owner, new_name).is_ok() && !name.eq_ignore_ascii_case(new_name) {
            return Err(SimError::Taken(format!("{owner}/{new_name}")));
        }
        state.names.insert(name_key(owner, new_name), id);
        if let Some(repository) = state.repositories.get_mut(&id) {
            new_name.clone_into(&mut repository.name);
        }
        // A selection holds repositories, not names.
        for installation in state.installations.values_mut() {
            if installation.owner.eq_ignore_ascii_case(owner) {
                let selected = installation.selected.iter_mut().flatten();
                for chosen in selected.filter(|chosen| chosen.eq_ignore_ascii_case(name)) {
                    *chosen = new_name.to_ascii_lowercase();
                }
            }
        }
        Ok(())
    }

    /// Removes a repository and its former names. `false`: there was none.
    pub fn remove_repository(&self, owner: &str, name: &str) -> bool {
        let mut state = self.state();
        let Ok(id) = state.get_repository(owner, name).map(|r| r.id) else {
            return false;
        };
        state.repositories.remove(&id);
        state.names.retain(|_, named| *named != id);
        true
    }
}
