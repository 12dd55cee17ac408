//! Files, trees and branches.

use std::io;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::StatusCode;
use serde_json::{Value, json};

use super::GitLab;
use super::answer::Answer;
use super::caller::Caller;
use super::error;
use super::page::kept_parameters;
use super::routes::Action;
use crate::git::{Blob, Branch, Node, NodeKind};
use crate::reply::Reply;
use crate::site::{Call, Refused};

/// Where to look: a repository, and a commit in it.
struct Place {
    project: u64,
    path: String,
    commit: Option<String>,
    reference: String,
}

impl GitLab {
    fn place(&self, call: &Call<Action>, caller: Caller) -> Result<Place, Refused> {
        let (project, path) = {
            let state = self.state();
            let project = state.readable_project(call, caller)?;
            (project.id, project.path.clone())
        };
        let reference = call.query("ref").unwrap_or_else(|| "HEAD".to_owned());
        let commit = self.ground.store.resolve(project, &reference);
        Ok(Place {
            project,
            path,
            commit,
            reference,
        })
    }

    pub(super) fn list_tree(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let path = call.query("path").unwrap_or_default();
        let recursive = call.flag("recursive");
        let commit = place.commit.ok_or_else(|| error::not_found("Tree"))?;
        let nodes = self
            .ground
            .store
            .tree(place.project, &commit, &path, recursive)
            .map_err(broken)?;
        let nodes = nodes.ok_or_else(|| error::not_found("invalid revision or path"))?;
        let all: Vec<Value> = nodes.iter().map(node_wire).collect();
        match call.query("pagination").as_deref() {
            None | Some("legacy") => self.paged(call, &all),
            Some("keyset") => self.keyset(call, &all),
            Some("none") if recursive => Ok(Reply::json(StatusCode::OK, &all)),
            _ => Err(error::parameter("pagination does not have a valid value")),
        }
    }

    /// Pages that follow one another by the id of the last entry; the way on is in `Link`.
    fn keyset(&self, call: &Call<Action>, all: &[Value]) -> Answer {
        let size = call
            .query("per_page")
            .and_then(|size| size.parse().ok())
            .unwrap_or(20)
            .clamp(1, 100);
        let start = match call.query("page_token") {
            None => 0,
            Some(token) => {
                let found = all.iter().position(|entry| entry["path"] == unmark(&token));
                found
                    .map(|index| index + 1)
                    .ok_or_else(|| error::parameter("page_token is invalid"))?
            }
        };
        let end = all.len().min(start + size);
        let reply = Reply::json(StatusCode::OK, &all[start..end].to_vec());
        if end == all.len() {
            return Ok(reply);
        }
        let mut query = kept_parameters(call, &["page_token"]);
        query.append_pair("page_token", &mark(&all[end - 1]));
        let next = format!("{}{}?{}", self.ground.url(), call.parts.uri.path(), query.finish());
        Ok(reply.with("link", &format!("<{next}>; rel=\"next\"")))
    }

    fn file(&self, call: &Call<Action>, caller: Caller, required: bool) -> Result<(Place, String, Blob), Refused> {
        let place = self.place(call, caller)?;
        if required && call.query("ref").is_none() {
            return Err(error::parameter("ref is missing"));
        }
        let commit = place.commit.clone().ok_or_else(|| error::not_found("Commit"))?;
        let blob = self
            .ground
            .store
            .blob(place.project, &commit, call.caught(1))
            .map_err(broken)?;
        let blob = blob.ok_or_else(|| error::not_found("File"))?;
        Ok((place, commit, blob))
    }

    /// The file as JSON; its facts are in headers too, which is what HEAD is for.
    pub(super) fn show_file(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let (place, commit, blob) = self.file(call, caller, true)?;
        let last = self
            .ground
            .store
            .last_commit(place.project, &commit, &blob.node.path)
            .map_err(broken)?;
        let facts = facts(&blob, &place.reference, &commit, &last);
        let mut wire = facts.clone();
        wire["content"] = STANDARD.encode(&blob.content).into();
        Ok(with_facts(Reply::json(StatusCode::OK, &wire), &facts))
    }

    pub(super) fn show_raw_file(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let (place, commit, blob) = self.file(call, caller, false)?;
        let last = self
            .ground
            .store
            .last_commit(place.project, &commit, &blob.node.path)
            .map_err(broken)?;
        let facts = facts(&blob, &place.reference, &commit, &last);
        let kind = if std::str::from_utf8(&blob.content).is_ok() {
            "text/plain"
        } else {
            "application/octet-stream"
        };
        let etag = format!("W/\"{}\"", blob.node.id);
        let reply = Reply::bytes(StatusCode::OK, kind, blob.content).with("etag", &etag);
        Ok(with_facts(reply, &facts))
    }

    pub(super) fn list_branches(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let search = call.query("search").unwrap_or_default();
        let branches = self.ground.store.branches(place.project).map_err(broken)?;
        let wanted = branches.iter().filter(|branch| branch.name.contains(&search));
        let all: Vec<Value> = wanted.map(|branch| self.branch_wire(&place, branch)).collect();
        self.paged(call, &all)
    }

    pub(super) fn show_branch(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let branches = self.ground.store.branches(place.project).map_err(broken)?;
        let found = branches.iter().find(|branch| branch.name == call.caught(1));
        let branch = found.ok_or_else(|| error::not_found("Branch"))?;
        Ok(Reply::json(StatusCode::OK, &self.branch_wire(&place, branch)))
    }

    fn branch_wire(&self, place: &Place, branch: &Branch) -> Value {
        let web = format!("{}/{}/-", self.ground.url(), place.path);
        json!({
            "name": branch.name,
            "commit": {
                "id": branch.commit,
                "short_id": branch.commit.get(..8),
                "created_at": branch.date,
                "committed_date": branch.date,
                "title": branch.title,
                "message": branch.title,
                "web_url": format!("{web}/commit/{}", branch.commit),
            },
            "merged": false,
            "protected": branch.name == "main",
            "developers_can_push": false,
            "developers_can_merge": false,
            "can_push": true,
            "default": branch.name == "main",
            "web_url": format!("{web}/tree/{}", branch.name),
        })
    }
}

fn node_wire(node: &Node) -> Value {
    let kind = match node.kind {
        NodeKind::File => "blob",
        NodeKind::Directory => "tree",
    };
    json!({ "id": node.id, "name": node.name(), "type": kind, "path": node.path, "mode": node.mode })
}

/// What `page_token` carries. Clients need not know.
fn mark(entry: &Value) -> String {
    hex::encode(entry["path"].as_str().unwrap_or_default())
}

fn unmark(token: &str) -> String {
    let bytes = hex::decode(token).unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

fn facts(blob: &Blob, reference: &str, commit: &str, last: &str) -> Value {
    json!({
        "file_name": blob.node.name(),
        "file_path": blob.node.path,
        "size": blob.content.len(),
        "encoding": "base64",
        "content_sha256": hex::encode(digest(&SHA256, &blob.content)),
        "ref": reference,
        "blob_id": blob.node.id,
        "commit_id": commit,
        "last_commit_id": last,
        "execute_filemode": blob.node.mode == "100755",
    })
}

fn with_facts(mut reply: Reply, facts: &Value) -> Reply {
    for (header, fact) in [
        ("x-gitlab-blob-id", "blob_id"),
        ("x-gitlab-commit-id", "commit_id"),
        ("x-gitlab-last-commit-id", "last_commit_id"),
        ("x-gitlab-content-sha256", "content_sha256"),
        ("x-gitlab-encoding", "encoding"),
        ("x-gitlab-file-name", "file_name"),
        ("x-gitlab-file-path", "file_path"),
        ("x-gitlab-ref", "ref"),
        ("x-gitlab-size", "size"),
        ("x-gitlab-execute-filemode", "execute_filemode"),
    ] {
        let text = facts[fact]
            .as_str()
            .map_or_else(|| facts[fact].to_string(), str::to_owned);
        reply.set(header, &text);
    }
    reply
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn broken(error: io::Error) -> Refused {
    tracing::warn!(%error, "git could not read a repository");
    error::message(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error")
}
