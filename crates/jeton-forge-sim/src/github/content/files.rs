//! `GET /repos/{owner}/{repo}/contents/{path}`.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::blobs::too_large;
use super::open::{Look, Stop};
use crate::git::{Node, NodeKind, ObjectInfo, ObjectKind};
use crate::github::GitHubSim;
use crate::github::answer::header;
use crate::github::error::ApiError;
use crate::github::model::Repository;
use crate::github::wire::merge;
use crate::reply::Reply;

/// Larger files come as `raw` or `object` only.
const MAX_JSON: u64 = 1024 * 1024;
/// Directories are cut off after this many entries.
const MAX_ENTRIES: usize = 1000;

/// How the client wants a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Json,
    Raw,
    Object,
}

impl Form {
    pub(super) fn asked(headers: &HeaderMap) -> Self {
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
    pub(crate) fn get_contents(&self, look: Look<'_>, path: &str) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let reference = look.query("ref").unwrap_or_else(|| repository.default_branch.clone());
        let Some(commit) = self.store().resolve(repository.id, &reference) else {
            let absent = if self.store().is_empty(repository.id)? {
                // Not in the vendor's documentation; as public issues quote it.
                "This repository is empty.".to_owned()
            } else {
                format!("No commit found for the ref {reference}")
            };
            return Err(ApiError::new(StatusCode::NOT_FOUND, absent).into());
        };
        let place = Place {
            sim: self,
            repository: &repository,
            reference: &reference,
            commit: &commit,
            newer: look.newer,
        };
        let form = Form::asked(&look.parts.headers);
        if path.is_empty() {
            return place.directory(path, &commit, form);
        }
        let node = place.find(path)?.ok_or_else(ApiError::not_found)?;
        if node.kind == NodeKind::Directory {
            place.directory(path, &node.id, form)
        } else if node.is_submodule() {
            let mut body = place.entry(&node, "submodule");
            merge(&mut body, json!({ "submodule_git_url": place.submodule_url(path)? }));
            Ok(Reply::json(StatusCode::OK, &body))
        } else if node.is_symlink() {
            place.link(&node, form)
        } else {
            place.file(&node, form)
        }
    }
}

impl Place<'_> {
    fn find(&self, path: &str) -> Result<Option<Node>, Stop> {
        Ok(self.sim.store().entry(self.repository.id, self.commit, path)?)
    }

    fn content(&self, node: &Node) -> Result<Vec<u8>, Stop> {
        let read = self.sim.store().read_object(self.repository.id, &node.id)?;
        let (_, content) = read.ok_or_else(ApiError::not_found)?;
        Ok(content)
    }

    /// What `.gitmodules` says of a path.
    fn submodule_url(&self, path: &str) -> Result<Option<String>, Stop> {
        let Some(file) = self.find(".gitmodules")? else {
            return Ok(None);
        };
        let text = self.content(&file)?;
        let text = String::from_utf8_lossy(&text);
        let value = |section: &str, name: &str| {
            let mut lines = section.lines().filter_map(|line| line.split_once('='));
            let found = lines.find(|(key, _)| key.trim() == name);
            found.map(|(_, value)| value.trim().to_owned())
        };
        let mut sections = text.split("[submodule ");
        let section = sections.find(|section| value(section, "path").as_deref() == Some(path));
        Ok(section.and_then(|section| value(section, "url")))
    }

    fn directory(&self, path: &str, tree: &str, form: Form) -> Result<Reply, Stop> {
        let listed = self.sim.store().list(self.repository.id, tree)?;
        let listed = listed.ok_or_else(ApiError::not_found)?;
        let entries: Vec<Value> = listed
            .into_iter()
            .take(MAX_ENTRIES)
            .map(|mut node| {
                let kind = match node.kind {
                    NodeKind::Directory => "dir",
                    NodeKind::File if node.is_symlink() => "symlink",
                    NodeKind::File if node.is_submodule() && self.newer => "submodule",
                    NodeKind::File => "file",
                };
                if !path.is_empty() {
                    node.path = format!("{path}/{}", node.path);
                }
                self.entry(&node, kind)
            })
            .collect();
        if form != Form::Object {
            return Ok(Reply::json(StatusCode::OK, &entries));
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        // The root is named by its commit.
        let tree = self
            .sim
            .store()
            .object(self.repository.id, &format!("{tree}^{{tree}}"))?;
        let tree = tree.ok_or_else(ApiError::not_found)?.id;
        let body = json!({
            "type": "dir", "name": name, "path": path, "sha": tree, "size": 0, "url": self.url(path), "entries": entries,
        });
        Ok(Reply::json(StatusCode::OK, &body))
    }

    fn file(&self, node: &Node, form: Form) -> Result<Reply, Stop> {
        let most = self.sim.content_limits().blob_bytes;
        if node.size > most || (node.size > MAX_JSON && form == Form::Json) {
            return Err(too_large().into());
        }
        if form == Form::Raw {
            let blob = ObjectInfo {
                id: node.id.clone(),
                kind: ObjectKind::Blob,
                size: node.size,
            };
            return self.sim.raw(self.repository, &blob);
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
    fn link(&self, node: &Node, form: Form) -> Result<Reply, Stop> {
        let target = String::from_utf8_lossy(&self.content(node)?).into_owned();
        if let Some(path) = follow(&node.path, &target)
            && let Some(found) = self.find(&path)?
            && found.kind == NodeKind::File
            && !found.is_symlink()
            && !found.is_submodule()
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
        let (reference, path) = (encode(self.reference), encode(&node.path));
        let html = format!("{web}/{name}/{}/{reference}/{path}", place.0);
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
        let reference = encode(reference);
        format!("{web}/api/v3/repos/{name}/contents/{}?ref={reference}", encode(path))
    }

    /// For a private repository it carries a token of its own: a secret. Nothing answers there.
    fn download_url(&self, node: &Node) -> String {
        let (web, name) = (self.sim.web_url(), self.repository.full_name());
        let path = encode(&node.path);
        let plain = format!("{web}/{name}/raw/{}/{path}", encode(self.reference));
        if !self.repository.private {
            return plain;
        }
        // The same each time, so that an unchanged answer stays the same to the byte.
        let token = hex::encode_upper(digest(&SHA256, plain.as_bytes()));
        format!("{plain}?token={}", &token[..29])
    }
}

/// Base64 as GitHub sends it: a line break after every 60 characters.
pub(super) fn in_lines(base64: &str) -> String {
    let mut lines = String::with_capacity(base64.len() + base64.len() / 60 + 1);
    for (place, letter) in base64.chars().enumerate() {
        if place > 0 && place % 60 == 0 {
            lines.push('\n');
        }
        lines.push(letter);
    }
    if !base64.is_empty() {
        lines.push('\n');
    }
    lines
}

/// Percent-encodes what a path of a URL cannot hold.
pub(super) fn encode(path: &str) -> String {
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
