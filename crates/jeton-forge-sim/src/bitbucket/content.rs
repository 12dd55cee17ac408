//! Files, directories and branches.

use std::io;

use http::StatusCode;
use serde_json::{Value, json};

use super::Bitbucket;
use super::answer::Answer;
use super::error;
use super::page::paged;
use super::routes::Action;
use super::spec::BitbucketRole;
use crate::git::{Blob, Branch, Node, NodeKind};
use crate::reply::Reply;
use crate::site::{Call, Refused};

impl Bitbucket {
    pub(super) fn show_content(&self, call: &Call<Action>) -> Answer {
        let (id, own) = {
            let state = self.state();
            let caller = state.admit(call, self.now())?;
            let repository = state.repository_for(call, caller, BitbucketRole::Read)?;
            let (workspace, slug) = (&repository.workspace, &repository.slug);
            (repository.id, format!("{}/repositories/{workspace}/{slug}", self.api()))
        };
        match call.action {
            Action::RedirectToSource => {
                let head = self
                    .ground
                    .store
                    .resolve(id, "main")
                    .ok_or_else(|| error::not_found("Commit"))?;
                let target = format!("{own}/src/{head}/");
                Ok(Reply::empty(StatusCode::FOUND).with("location", &target))
            }
            Action::ShowSource => self.source(call, id, &own),
            Action::ListBranches => {
                let branches = self.ground.store.branches(id).map_err(broken)?;
                let all: Vec<Value> = branches.iter().map(|branch| branch_wire(branch, &own)).collect();
                paged(call, &all, &self.ground.url())
            }
            _ => {
                let branches = self.ground.store.branches(id).map_err(broken)?;
                let found = branches.iter().find(|branch| branch.name == call.caught(2));
                let branch = found.ok_or_else(|| error::not_found("Branch"))?;
                Ok(Reply::json(StatusCode::OK, &branch_wire(branch, &own)))
            }
        }
    }

    fn source(&self, call: &Call<Action>, id: u64, own: &str) -> Answer {
        let store = &self.ground.store;
        let commit = store
            .resolve(id, call.caught(2))
            .ok_or_else(|| error::not_found("Commit"))?;
        let path = call.caught(3).trim_end_matches('/');
        let meta = call.query("format").as_deref() == Some("meta");
        if let Some(blob) = store.blob(id, &commit, path).map_err(broken)? {
            return Ok(if meta {
                Reply::json(StatusCode::OK, &node_wire(&blob.node, &commit, own))
            } else {
                raw(blob)
            });
        }
        let deep = call
            .query("max_depth")
            .and_then(|depth| depth.parse::<usize>().ok())
            .unwrap_or(1);
        let nodes = store.tree(id, &commit, path, deep > 1).map_err(broken)?;
        let nodes = nodes.ok_or_else(|| {
            let text = format!("No such file or directory: {path}");
            error::message(StatusCode::NOT_FOUND, &text)
        })?;
        if meta {
            let wire =
                json!({ "type": "commit_directory", "path": path, "commit": { "type": "commit", "hash": commit } });
            return Ok(Reply::json(StatusCode::OK, &wire));
        }
        let depth = |of: &str| of.split('/').count();
        let top = if path.is_empty() { 0 } else { depth(path) };
        let mut wanted: Vec<&Node> = nodes.iter().filter(|node| depth(&node.path) <= top + deep).collect();
        // Breadth first.
        wanted.sort_by_key(|node| depth(&node.path));
        let all: Vec<Value> = wanted.into_iter().map(|node| node_wire(node, &commit, own)).collect();
        paged(call, &all, &self.ground.url())
    }
}

fn raw(blob: Blob) -> Reply {
    let kind = if std::str::from_utf8(&blob.content).is_ok() {
        "text/plain"
    } else {
        "application/octet-stream"
    };
    let (etag, name) = (format!("\"{}\"", blob.node.id), blob.node.name().replace('"', ""));
    let reply = Reply::bytes(StatusCode::OK, kind, blob.content).with("etag", &etag);
    reply.with("content-disposition", &format!("attachment; filename=\"{name}\""))
}

fn node_wire(node: &Node, commit: &str, own: &str) -> Value {
    let link = format!("{own}/src/{commit}/{}", node.path);
    let commit = json!({ "type": "commit", "hash": commit });
    match node.kind {
        NodeKind::File => json!({
            "type": "commit_file", "path": node.path, "size": node.size, "mimetype": null, "attributes": [],
            "escaped_path": node.path, "commit": commit,
            "links": { "self": { "href": link }, "meta": { "href": format!("{link}?format=meta") } },
        }),
        NodeKind::Directory => json!({
            "type": "commit_directory", "path": node.path, "commit": commit,
            "links": { "self": { "href": format!("{link}/") }, "meta": { "href": format!("{link}/?format=meta") } },
        }),
    }
}

fn branch_wire(branch: &Branch, own: &str) -> Value {
    json!({
        "type": "branch",
        "name": branch.name,
        "target": {
            "type": "commit",
            "hash": branch.commit,
            "date": branch.date,
            "message": branch.title,
            "links": { "self": { "href": format!("{own}/commit/{}", branch.commit) } },
        },
        "links": { "self": { "href": format!("{own}/refs/branches/{}", branch.name) } },
        "default_merge_strategy": "merge_commit",
        "merge_strategies": ["merge_commit", "squash", "fast_forward"],
    })
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn broken(error: io::Error) -> Refused {
    tracing::warn!(%error, "git could not read a repository");
    error::message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error")
}
