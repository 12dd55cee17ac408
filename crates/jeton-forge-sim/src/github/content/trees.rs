//! `GET /repos/{owner}/{repo}/git/trees/{tree_sha}`.

use std::fmt::Write as _;

use http::StatusCode;
use serde_json::{Value, json};

use super::open::{Look, Stop};
use crate::git::{Node, NodeKind, ObjectKind};
use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::github::model::Repository;
use crate::reply::Reply;

/// Bytes of an entry in git's form besides its name: mode, space, NUL and id.
const ENTRY_BYTES: usize = 28;

impl GitHubSim {
    /// A tree by its id, or by a commit's, or by a branch or tag.
    pub(crate) fn get_tree(&self, look: Look<'_>, name: &str) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let named = match self.store().object(repository.id, name)? {
            Some(object) if object.id == name => Some((object.id, object.kind)),
            _ => {
                let commit = self.store().resolve(repository.id, name);
                commit.map(|commit| (commit, ObjectKind::Commit))
            }
        };
        let Some((named, kind)) = named else {
            return Err(self.absent(&repository, ApiError::not_found()));
        };
        if kind == ObjectKind::Blob {
            // The status is documented, the words are not.
            return Err(ApiError::unprocessable("The sha does not name a tree.").into());
        }
        let recursive = look.has("recursive");
        let tree = self.store().object(repository.id, &format!("{named}^{{tree}}"))?;
        let tree = tree.ok_or_else(ApiError::not_found)?.id;
        let limits = self.content_limits();
        let mut list = List::new(self.api_of(&repository), limits.tree_entries, limits.tree_bytes);
        if recursive {
            self.store().walk(repository.id, &tree, |node| list.add(&node))?;
        } else {
            let nodes = self.store().list(repository.id, &tree)?.unwrap_or_default();
            // Ends at the first that has no place.
            let _ = nodes.iter().all(|node| list.add(node));
        }
        Ok(list.reply(&repository, &named, recursive))
    }
}

/// Entries as JSON, written as they come: a hundred thousand of them are too many to hold twice.
struct List {
    api: String,
    json: String,
    entries_left: usize,
    bytes_left: usize,
    truncated: bool,
}

impl List {
    fn new(api: String, entries: usize, bytes: usize) -> Self {
        Self {
            api,
            json: String::new(),
            entries_left: entries,
            bytes_left: bytes,
            truncated: false,
        }
    }

    /// Adds an entry. `false`: it has no place any more.
    fn add(&mut self, node: &Node) -> bool {
        let bytes = node.raw.len() + ENTRY_BYTES;
        if self.entries_left == 0 || self.bytes_left < bytes {
            self.truncated = true;
            return false;
        }
        self.entries_left -= 1;
        self.bytes_left -= bytes;
        let kind = match node.kind {
            NodeKind::Directory => ObjectKind::Tree,
            NodeKind::File if node.is_submodule() => ObjectKind::Commit,
            NodeKind::File => ObjectKind::Blob,
        };
        let kind = kind.as_str();
        let (path, mode, id) = (Value::from(node.path.as_str()), &node.mode, &node.id);
        if !self.json.is_empty() {
            self.json.push(',');
        }
        // Writing into a `String` cannot fail.
        let _ = write!(
            self.json,
            "{{\"path\":{path},\"mode\":\"{mode}\",\"type\":\"{kind}\",\"sha\":\"{id}\""
        );
        if kind == "blob" {
            let _ = write!(self.json, ",\"size\":{}", node.size);
        }
        // A submodule's commit is in another repository.
        if kind != "commit" {
            let _ = write!(self.json, ",\"url\":\"{}/git/{kind}s/{id}\"", self.api);
        }
        self.json.push('}');
        true
    }

    /// `sha` repeats what was named, the id of a commit where a commit, branch or tag was.
    fn reply(self, repository: &Repository, sha: &str, recursive: bool) -> Reply {
        let url = json!(format!("{}/git/trees/{sha}", self.api));
        let body = format!(
            "{{\"sha\":\"{sha}\",\"url\":{url},\"tree\":[{}],\"truncated\":{}}}",
            self.json, self.truncated
        );
        let reply = Reply::bytes(StatusCode::OK, "application/json; charset=utf-8", body.into());
        let ended = self.entries_left;
        reply.with("etag", &format!("tree {} {sha} {recursive} {ended}", repository.id))
    }
}
