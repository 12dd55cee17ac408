//! Trees, in pages of three kinds.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};

use super::{broken, reference};
use crate::git::{Node, NodeKind};
use crate::gitlab::GitLab;
use crate::gitlab::answer::Answer;
use crate::gitlab::caller::Caller;
use crate::gitlab::error;
use crate::gitlab::page::{Page, kept_parameters};
use crate::gitlab::routes::Action;
use crate::reply::Reply;
use crate::site::Call;

impl GitLab {
    pub(in crate::gitlab) fn list_tree(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let name = reference(call, "ref").unwrap_or_else(|| "HEAD".to_owned());
        let commit = self.commit(&place, &name).ok_or_else(|| error::not_found("Tree"))?;
        let path = call.query("path").unwrap_or_default();
        let recursive = call.flag("recursive");
        let ground = &self.ground;
        let nodes = ground
            .listings
            .tree(&ground.store, place.project, &commit, path.trim_matches('/'), recursive)
            .map_err(broken)?;
        let nodes: Arc<Vec<Node>> = nodes.ok_or_else(|| error::not_found("invalid revision or path"))?;
        match call.query("pagination").as_deref() {
            None | Some("legacy") => {
                let page = Page::of(call)?;
                let entries: Vec<Value> = page.cut(&nodes).iter().map(entry).collect();
                Ok(page.reply(nodes.len(), &entries, &ground.url(), call))
            }
            Some("keyset") => self.keyset(call, &nodes),
            Some("none") if recursive => {
                let all: Vec<Value> = nodes.iter().map(entry).collect();
                Ok(Reply::json(StatusCode::OK, &all))
            }
            Some("none") => Err(error::parameter(
                "pagination cannot be \"none\" unless \"recursive\" is true",
            )),
            Some(_) => Err(error::parameter("pagination does not have a valid value")),
        }
    }

    /// Pages that follow one another by their last entry; the way on is in `Link`, and nowhere else.
    fn keyset(&self, call: &Call<Action>, all: &[Node]) -> Answer {
        let size = Page::of(call)?.size();
        let start = match call.query("page_token") {
            None => 0,
            Some(token) => {
                let last = hex::decode(&token).ok();
                let found = last.and_then(|last| all.iter().position(|node| node.raw == last));
                found
                    .map(|index| index + 1)
                    .ok_or_else(|| error::parameter("page_token is invalid"))?
            }
        };
        let end = all.len().min(start + size);
        let page: Vec<Value> = all[start..end].iter().map(entry).collect();
        let reply = Reply::json(StatusCode::OK, &page);
        if end == all.len() {
            return Ok(reply);
        }
        let mut query = kept_parameters(call, &["page_token"]);
        query.append_pair("page_token", &mark(&all[end - 1]));
        let next = format!("{}{}?{}", self.ground.url(), call.parts.uri.path(), query.finish());
        Ok(reply.with("link", &format!("<{next}>; rel=\"next\"")))
    }
}

/// A submodule is a `commit`, and a symbolic link a `blob` with its own mode.
fn entry(node: &Node) -> Value {
    let kind = match node.kind {
        NodeKind::Directory => "tree",
        NodeKind::File if node.is_submodule() => "commit",
        NodeKind::File => "blob",
    };
    json!({ "id": node.id, "name": node.name(), "type": kind, "path": node.path, "mode": node.mode })
}

/// What `page_token` carries. Clients need not know.
fn mark(node: &Node) -> String {
    hex::encode(&node.raw)
}
