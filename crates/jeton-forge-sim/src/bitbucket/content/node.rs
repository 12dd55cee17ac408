//! Files and directories as objects, and what is said of a file.

use std::fmt::Write as _;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::runtime::Handle;

use super::{Place, broken};
use crate::bitbucket::Bitbucket;
use crate::git::{Node, NodeKind};
use crate::site::{MAX_POINTER, Refused, pointed_at};

/// git looks so far into a file for a zero byte, which makes it binary.
const LOOKED_AT: usize = 8_000;
/// Up to here a file is read in one go.
pub(super) const MAX_WHOLE: u64 = 1024 * 1024;

impl Bitbucket {
    pub(super) fn node_wire(&self, place: &Place, commit: &str, node: &Node) -> Result<Value, Refused> {
        let link = format!("{}/src/{commit}/{}", place.own, escape(&node.path));
        let commit = json!({
            "type": "commit",
            "hash": commit,
            "links": { "self": { "href": format!("{}/commit/{commit}", place.own) } },
        });
        if node.kind == NodeKind::Directory {
            return Ok(json!({
                "type": "commit_directory", "path": node.path, "commit": commit,
                "links": { "self": { "href": format!("{link}/") }, "meta": { "href": format!("{link}/?format=meta") } },
            }));
        }
        Ok(json!({
            "type": "commit_file",
            "path": node.path,
            "escaped_path": escape(&node.path),
            "size": node.size,
            "mimetype": media_type(node.name()),
            "attributes": self.attributes(place, node)?,
            "commit": commit,
            "links": {
                "self": { "href": link },
                "meta": { "href": format!("{link}?format=meta") },
                "history": { "href": link.replacen("/src/", "/filehistory/", 1) },
            },
        }))
    }

    fn attributes(&self, place: &Place, node: &Node) -> Result<Vec<&'static str>, Refused> {
        if node.is_submodule() {
            return Ok(vec!["subrepository"]);
        }
        let mut attributes = Vec::new();
        if node.is_symlink() {
            attributes.push("link");
        }
        if node.is_executable() {
            attributes.push("executable");
        }
        let start = self.start(place, node)?;
        if start.contains(&0) {
            attributes.push("binary");
        }
        if node.size < MAX_POINTER && pointed_at(&start).is_some() {
            attributes.push("lfs");
        }
        Ok(attributes)
    }

    /// The first bytes of a file.
    fn start(&self, place: &Place, node: &Node) -> Result<Vec<u8>, Refused> {
        if node.size <= MAX_WHOLE {
            let mut content = self.whole(place, &node.id)?;
            content.truncate(LOOKED_AT);
            return Ok(content);
        }
        let mut pieces = self.ground.store.stream_blob(place.id, &node.id).map_err(broken)?;
        let mut start = Vec::new();
        while start.len() < LOOKED_AT {
            match Handle::current().block_on(pieces.next()) {
                Some(piece) => start.extend_from_slice(&piece.map_err(broken)?),
                None => break,
            }
        }
        start.truncate(LOOKED_AT);
        Ok(start)
    }

    pub(super) fn whole(&self, place: &Place, id: &str) -> Result<Vec<u8>, Refused> {
        let found = self.ground.store.read_object(place.id, id).map_err(broken)?;
        Ok(found.map(|(_, content)| content).unwrap_or_default())
    }
}

/// By the name alone, as Bitbucket does.
pub(super) fn media_type(name: &str) -> Option<&'static str> {
    let (_, extension) = name.rsplit_once('.')?;
    Some(match extension {
        "txt" => "text/plain",
        "md" => "text/markdown",
        "html" => "text/html",
        "css" => "text/css",
        "csv" => "text/csv",
        "js" => "text/javascript",
        "py" => "text/x-python",
        "json" => "application/json",
        "xml" => "application/xml",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "svg" => "image/svg+xml",
        _ => return None,
    })
}

/// Percent-encodes what a path of a URL cannot hold; slashes stay.
pub(super) fn escape(path: &str) -> String {
    path.bytes()
        .fold(String::with_capacity(path.len()), |mut escaped, byte| {
            if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
                escaped.push(char::from(byte));
            } else {
                let _ = write!(escaped, "%{byte:02X}");
            }
            escaped
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_escaped_for_an_address() {
        assert_eq!(escape("a b/c#?%.txt"), "a%20b/c%23%3F%25.txt");
        assert_eq!(escape("ü"), "%C3%BC");
    }

    #[test]
    fn a_media_type_comes_from_the_name() {
        assert_eq!(media_type("a.tar.json"), Some("application/json"));
        assert_eq!(media_type("Makefile"), None);
    }
}
