//! What became of one file.

use serde_json::Value;

use super::{Place, broken, no_such_file};
use crate::bitbucket::Bitbucket;
use crate::bitbucket::answer::Answer;
use crate::bitbucket::page::paged;
use crate::bitbucket::routes::Action;
use crate::git::{Commit, LogQuery};
use crate::site::{Call, Refused};

impl Bitbucket {
    /// The commits that changed a file, newest first, each with the file as it was; under older names too, unless the
    /// client wants none of that.
    pub(super) fn file_history(&self, call: &Call<Action>, place: &Place) -> Answer {
        let mut start = self.commit(place, call.caught(2))?;
        let mut path = call.caught(3).to_owned();
        let renames = call.query("renames").is_none() || call.flag("renames");
        let mut values = Vec::new();
        loop {
            let query = LogQuery {
                start: &start,
                path: path.as_bytes(),
                ..LogQuery::default()
            };
            let commits = self.ground.store.log(place.id, &query).map_err(broken)?;
            for commit in &commits {
                values.extend(self.version(place, commit, &path)?);
            }
            let oldest = commits.last().filter(|_| renames);
            match oldest
                .map(|commit| self.before_rename(place, commit, &path))
                .transpose()?
                .flatten()
            {
                Some((parent, old)) => (start, path) = (parent, old),
                None => break,
            }
        }
        if values.is_empty() {
            return Err(no_such_file(call.caught(3)));
        }
        paged(call, &values, &self.ground.url())
    }

    /// The file as a commit left it; `None`: it was deleted.
    fn version(&self, place: &Place, commit: &Commit, path: &str) -> Result<Option<Value>, Refused> {
        let found = self.ground.store.entry(place.id, &commit.id, path).map_err(broken)?;
        let Some(node) = found else { return Ok(None) };
        let mut wire = self.node_wire(place, &commit.id, &node)?;
        wire["commit"] = self.commit_wire(place, commit);
        Ok(Some(wire))
    }

    /// Where the file was before a commit that renamed it.
    fn before_rename(&self, place: &Place, commit: &Commit, path: &str) -> Result<Option<(String, String)>, Refused> {
        let changes = self.ground.store.changes(place.id, &commit.id).map_err(broken)?;
        let renamed = changes.into_iter().find(|change| change.path == path);
        let old = renamed.and_then(|change| change.old_path);
        Ok(commit.parents.first().cloned().zip(old))
    }
}
