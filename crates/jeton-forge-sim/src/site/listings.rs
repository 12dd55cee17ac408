//! Listings of trees, kept while their pages are asked for.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};

use crate::git::{GitStore, Node};
use crate::lock;

/// So many are kept: clients page through few trees at a time.
const KEPT: usize = 8;

/// What a listing is of. A commit's tree never changes, so that none grows old.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Key {
    repository: u64,
    commit: String,
    path: String,
    recursive: bool,
}

/// The listings that were made last. Without them, each page of a tree of 100,000 files would list all of it anew.
#[derive(Default)]
pub(crate) struct Listings(Mutex<VecDeque<(Key, Arc<Vec<Node>>)>>);

impl Listings {
    /// What lies in a directory of a commit (`""`: the root). `None`: there is no such directory.
    pub(crate) fn tree(
        &self,
        store: &GitStore,
        repository: u64,
        commit: &str,
        path: &str,
        recursive: bool,
    ) -> io::Result<Option<Arc<Vec<Node>>>> {
        let key = Key {
            repository,
            commit: commit.to_owned(),
            path: path.to_owned(),
            recursive,
        };
        let known = lock(&self.0)
            .iter()
            .find(|(held, _)| *held == key)
            .map(|(_, nodes)| Arc::clone(nodes));
        if known.is_some() {
            return Ok(known);
        }
        let Some(nodes) = store.tree(repository, commit, path, recursive)? else {
            return Ok(None);
        };
        let nodes = Arc::new(nodes);
        let mut held = lock(&self.0);
        held.push_back((key, Arc::clone(&nodes)));
        if held.len() > KEPT {
            held.pop_front();
        }
        Ok(Some(nodes))
    }
}
