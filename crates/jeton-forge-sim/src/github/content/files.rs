//! `GET /repos/{owner}/{repo}/contents/{path}`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::Visit;
use super::branches::broken;
use crate::git::{Node, NodeKind};
use crate::github::GitHubSim;
use crate::github::answer::header;
use crate::github::caller::{Caller, Peer};
use crate::github::error::ApiError;
use crate::github::model::Repository;
use crate::github::page::parameter;
use crate::github::personal::Need;
use crate::github::wire::merge;
use crate::reply::Reply;
use crate::route::{RepoRef, decode};

/// Larger files come as `raw` or `object` only.
const MAX_JSON: u64 = 1024 * 1024;
/// Larger files do not come at all.
const MAX_FILE: u64 = 100 * 1024 * 1024;
/// Directories are cut off after this many entries.
const MAX_ENTRIES: usize = 1000;

const SYMLINK: &str = "120000";
const SUBMODULE: &str = "160000";

/// How the client wants a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Raw,
    Object,
}

impl Form {
    fn asked(headers: &HeaderMap) -> Self {
        let accept = header(headers, "accept").unwrap_or_default();
        let asks = |form: &str| accept.contains("application/vnd.github") && accept.contains(form);
        if asks(".raw") {
            Self::Raw
        } else if asks(".object") {
            Self::Object
        } else {
            Self::Json
        }
    }
}

/// The place that is looked at.
struct Place<'a> {
    sim: &'a GitHubSim,
    repository: &'a Repository,
    /// What the client calls the commit.
    reference: &'a str,
    commit: &'a str,
    /// Submodules in listings have a type of their own since the version of 2026-03-10.
    newer: bool,
}

impl GitHubSim {
    pub(crate) fn get_contents(
        &self,
        repo: &RepoRef,
        path: &str,
        caller: &Caller,
        parts: &Parts,
        newer: bool,
    ) -> Result<Reply, ApiError> {
        let tail = format!("/contents/{path}");
        let repository = match self.visit(repo, &tail, caller, Need::look("contents"), Peer::of(parts))? {
            Visit::Moved(reply) => return Ok(reply),
            Visit::Here { repository, .. } => repository,
        };
        let asked = parameter(parts.uri.query(), "ref").filter(|asked| !asked.is_empty());
        let reference = asked.map_or(Some("main".to_owned()), decode).unwrap_or_default();
        let commit = self.store().resolve(repository.id, &reference);
        let absent = || {
            ApiError::new(
                StatusCode::NOT_FOUND,
                format!("No commit found for the ref {reference}"),
            )
        };
        let place = Place {
            sim: self,
            repository: &repository,
            reference: &reference,
            commit: &commit.ok_or_else(absent)?,
            newer,
        };
        let form = Form::asked(&parts.headers);
        match place.find(path)? {
            None => place.directory(path, form),
            Some(node) if node.kind == NodeKind::Directory => place.directory(path, form),
            Some(node) if node.mode == SUBMODULE => {
                let body = place.entry(&node, "submodule");
                Ok(Reply::json(StatusCode::OK, &body))
            }
            Some(node) if node.mode == SYMLINK => place.link(&node, form),
            Some(node) => place.file(&node, form),
        }
    }
}

impl Place<'_> {
    /// The entry at a path; `None` is the root.
    fn find(&self, path: &str) -> Result<Option<Node>, ApiError> {
        if path.is_empty() {
            return Ok(None);
        }
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        let listed = self.list(parent)?.ok_or_else(ApiError::not_found)?;
        let found = listed.into_iter().find(|node| node.path == path);
        found.map(Some).ok_or_else(ApiError::not_found)
    }

    fn list(&self, path: &str) -> Result<Option<Vec<Node>>, ApiError> {
        let listed = self.sim.store().tree(self.repository.id, self.commit, path, false);
        listed.map_err(|error| broken(&error))
    }

    fn content(&self, node: &Node) -> Result<Vec<u8>, ApiError> {
        let blob = self.sim.store().blob(self.repository.id, self.commit, &node.path);
        let blob = blob.map_err(|error| broken(&error))?;
        blob.map(|blob| blob.content).ok_or_else(ApiError::not_found)
    }

    fn directory(&self, path: &str, form: Form) -> Result<Reply, ApiError> {
        let listed = self.list(path)?.ok_or_else(ApiError::not_found)?;
        let entries: Vec<Value> = listed
            .iter()
            .take(MAX_ENTRIES)
            .map(|node| {
                let kind = match (node.kind, node.mode.as_str()) {
                    (NodeKind::Directory, _) => "dir",
                    (_, SYMLINK) => "symlink",
                    (_, SUBMODULE) if self.newer => "submodule",
                    _ => "file",
                };
                self.entry(node, kind)
            })
            .collect();
        if form != Form::Object {
            return Ok(Reply::json(StatusCode::OK, &entries));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        let body = json!({
            "type": "dir", "name": name, "path": path, "size": 0, "url": self.url(path), "entries": entries,
        });
        Ok(Reply::json(StatusCode::OK, &body))
    }

    fn file(&self, node: &Node, form: Form) -> Result<Reply, ApiError> {
        let large = ApiError::forbidden(
            "This API returns blobs up to 1 MB in size. The requested blob is too large to fetch via the API, but \
             you can use the Git Data API to request blobs up to 100 MB in size.",
        );
        if node.size > MAX_FILE || (node.size > MAX_JSON && form == Form::Json) {
            return Err(large);
        }
        if form == Form::Raw {
            let media = "application/vnd.github.raw+json; charset=utf-8";
            return Ok(Reply::bytes(StatusCode::OK, media, self.content(node)?));
        }
        let (content, encoding) = if node.size > MAX_JSON {
            (String::new(), "none")
        } else {
            (in_lines(&STANDARD.encode(self.content(node)?)), "base64")
        };
        let mut body = self.entry(node, "file");
        merge(&mut body, json!({ "content": content, "encoding": encoding }));
        Ok(Reply::json(StatusCode::OK, &body))
    }

    /// A link to a file of the same repository shows that file; any other shows itself.
    fn link(&self, node: &Node, form: Form) -> Result<Reply, ApiError> {
        let target = String::from_utf8_lossy(&self.content(node)?).into_owned();
        let found = follow(&node.path, &target).map(|path| self.find(&path));
        if let Some(Ok(Some(found))) = found
            && found.kind == NodeKind::File
            && found.mode != SYMLINK
            && found.mode != SUBMODULE
        {
            return self.file(&found, form);
        }
        let mut body = self.entry(node, "symlink");
        merge(&mut body, json!({ "target": target }));
        Ok(Reply::json(StatusCode::OK, &body))
    }

    fn entry(&self, node: &Node, kind: &str) -> Value {
        let name = self.repository.full_name();
        let web = self.sim.web_url();
        let url = self.url(&node.path);
        let place = if kind == "dir" {
            ("tree", "trees")
        } else {
            ("blob", "blobs")
        };
        let html = format!("{web}/{name}/{}/{}/{}", place.0, self.reference, encode(&node.path));
        let git = format!("{web}/api/v3/repos/{name}/git/{}/{}", place.1, node.id);
        json!({
            "type": kind,
            "name": node.name(),
            "path": node.path,
            "sha": node.id,
            "size": node.size,
            "url": url,
            "html_url": html,
            "git_url": git,
            "download_url": (kind == "file").then(|| self.download_url(node)),
            "_links": { "self": url, "git": git, "html": html },
        })
    }

    fn url(&self, path: &str) -> String {
        let name = self.repository.full_name();
        let (web, reference) = (self.sim.web_url(), self.reference);
        format!("{web}/api/v3/repos/{name}/contents/{}?ref={reference}", encode(path))
    }

    /// For a private repository it carries a token of its own: a secret. Nothing answers there.
    fn download_url(&self, node: &Node) -> String {
        let (web, name) = (self.sim.web_url(), self.repository.full_name());
        let path = encode(&node.path);
        let plain = format!("{web}/{name}/raw/{}/{path}", self.reference);
        if !self.repository.private {
            return plain;
        }
        // The same each time, so that an unchanged answer stays the same to the byte.
        let token = hex::encode_upper(digest(&SHA256, plain.as_bytes()));
        format!("{plain}?token={}", &token[..29])
    }
}

/// Base64 as GitHub sends it: a line break after every 60 characters.
fn in_lines(base64: &str) -> String {
    let mut lines = String::with_capacity(base64.len() + base64.len() / 60 + 1);
    for (place, letter) in base64.chars().enumerate() {
        if place > 0 && place % 60 == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    lines.push('\n');
    lines
}

/// Percent-encodes what a path of a URL cannot hold.
fn encode(path: &str) -> String {
    use std::fmt::Write as _;
    path.bytes().fold(String::with_capacity(path.len()), |mut url, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
        url
    })
}

/// Where a link leads, seen from the root; `None`: out of the repository.
fn follow(from: &str, target: &str) -> Option<String> {
    if target.starts_with('/') {
        return None;
    }
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_followed_inside_and_not_outside() {
        let follow = |from: &str, target: &str| super::follow(from, target);
        assert_eq!(follow("a/link", "../b/./c").as_deref(), Some("b/c"));
        assert_eq!(follow("link", "c").as_deref(), Some("c"));
        assert_eq!(follow("a/link", "../../c"), None);
        assert_eq!(follow("link", "/etc/passwd"), None);
    }

    #[test]
    fn base64_comes_in_lines_of_sixty() {
        let lines = in_lines(&"x".repeat(121));
        let lengths: Vec<usize> = lines.lines().map(str::len).collect();
        assert_eq!(lengths, [60, 60, 1]);
        assert!(lines.ends_with('\n'));
    }

    #[test]
    fn a_path_becomes_a_url() {
        assert_eq!(encode("a b/ü.txt"), "a%20b/%C3%BC.txt");
    }
}
