//! `src`: files, and directories in pages.

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};
use serde_json::json;

use super::node::{MAX_WHOLE, escape, media_type};
use super::{Place, broken, no_such_file};
use crate::bitbucket::Bitbucket;
use crate::bitbucket::answer::Answer;
use crate::bitbucket::error;
use crate::bitbucket::page::{self, page_size};
use crate::bitbucket::routes::Action;
use crate::git::{Node, NodeKind};
use crate::reply::{Content, Reply};
use crate::site::{Call, MAX_POINTER, Refused, pointed_at};

/// The walk took too long.
const WALK_TIMEOUT: u16 = 555;

impl Bitbucket {
    pub(super) fn source(&self, call: &Call<Action>, place: &Place) -> Answer {
        let commit = self.commit(place, call.caught(2))?;
        let path = call.caught(3).trim_end_matches('/');
        let meta = call.query("format").as_deref() == Some("meta");
        if path.is_empty() {
            return self.directory(call, place, &commit, path, meta);
        }
        let found = self.ground.store.entry(place.id, &commit, path).map_err(broken)?;
        let node = found.ok_or_else(|| no_such_file(path))?;
        if node.kind == NodeKind::Directory {
            return self.directory(call, place, &commit, path, meta);
        }
        if meta {
            return Ok(Reply::json(StatusCode::OK, &self.node_wire(place, &commit, &node)?));
        }
        // What a submodule holds lies elsewhere.
        if node.is_submodule() {
            return Err(no_such_file(path));
        }
        self.raw(place, &node)
    }

    /// The bytes of a file, never to be taken for a page. Of one in LFS only the way to it is known here.
    fn raw(&self, place: &Place, node: &Node) -> Answer {
        let store = &self.ground.store;
        let mut reply = Reply::empty(StatusCode::OK);
        let mut binary = false;
        if node.size > MAX_WHOLE {
            reply.headers.insert(CONTENT_LENGTH, HeaderValue::from(node.size));
            reply.body = Content::Stream(store.stream_blob(place.id, &node.id).map_err(broken)?);
        } else {
            let content = self.whole(place, &node.id)?;
            if node.size < MAX_POINTER
                && let Some(object) = pointed_at(&content)
            {
                let target = self.media_address(place, object);
                return Ok(Reply::empty(StatusCode::MOVED_PERMANENTLY).with("location", &target));
            }
            binary = content.contains(&0);
            reply.body = Content::Whole(content.into());
        }
        let plain = if binary {
            "application/octet-stream"
        } else {
            "text/plain"
        };
        let kind = media_type(node.name()).unwrap_or(plain);
        reply.headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
        // The tag is of the content and its attributes: an empty `__init__.py` has the same everywhere.
        reply.set("etag", &format!("\"{}-{}\"", node.id, node.mode));
        reply.set("content-disposition", &disposition(node.name()));
        Ok(reply)
    }

    fn directory(&self, call: &Call<Action>, place: &Place, commit: &str, path: &str, meta: bool) -> Answer {
        if meta {
            let link = format!("{}/src/{commit}/{}", place.own, escape(path));
            let wire = json!({
                "type": "commit_directory",
                "path": path,
                "commit": { "type": "commit", "hash": commit },
                "links": { "self": { "href": link } },
            });
            return Ok(Reply::json(StatusCode::OK, &wire));
        }
        let depth = match call.query("max_depth") {
            None => 1,
            Some(text) => {
                let depth = text.parse::<usize>().ok().filter(|depth| *depth > 0);
                depth.ok_or_else(|| error::message(StatusCode::BAD_REQUEST, "Invalid max_depth"))?
            }
        };
        let ground = &self.ground;
        let nodes = ground
            .listings
            .tree(&ground.store, place.id, commit, path, depth > 1)
            .map_err(broken)?;
        // The root of a commit without files is there, and empty.
        let nodes = nodes.unwrap_or_default();
        let below = |node: &Node| node.path.matches('/').count();
        let top = if path.is_empty() {
            0
        } else {
            path.matches('/').count() + 1
        };
        let mut wanted: Vec<&Node> = nodes.iter().filter(|node| below(node) < top + depth).collect();
        if depth > 1 && wanted.len() > self.state().walk_limit {
            return Err(walked_too_long());
        }
        // Breadth first.
        wanted.sort_by_cached_key(|node| below(node));
        let size = page_size(call)?;
        let mark = |start: usize| {
            let text = format!("{commit}/{path}?{depth}&{start}");
            format!("{:08x}{start:x}", crc32fast::hash(text.as_bytes()))
        };
        let start = match call.query("page") {
            None => 0,
            Some(token) => {
                let start = token.get(8..).and_then(|start| usize::from_str_radix(start, 16).ok());
                let known = start.filter(|start| mark(*start) == token);
                known.ok_or_else(page::invalid)?
            }
        };
        let mut values = Vec::new();
        for node in wanted.iter().skip(start).take(size) {
            values.push(self.node_wire(place, commit, node)?);
        }
        let end = start + values.len();
        let mut wire = json!({ "pagelen": size, "values": values });
        if end < wanted.len() {
            wire["next"] = page::address(call, &ground.url(), &["page"], &[("page", &mark(end))]).into();
        }
        Ok(Reply::json(StatusCode::OK, &wire))
    }
}

/// The words are a guess.
fn walked_too_long() -> Refused {
    let status = StatusCode::from_u16(WALK_TIMEOUT).unwrap_or(StatusCode::GATEWAY_TIMEOUT);
    error::message(status, "The request timed out. Try a smaller max_depth.")
}

/// `filename` holds what is ASCII; other names come in the form of RFC 6266 too.
fn disposition(name: &str) -> String {
    let plain: String = name
        .chars()
        .map(|letter| {
            if letter.is_ascii() && letter != '"' && letter != '\\' {
                letter
            } else {
                '_'
            }
        })
        .collect();
    let extended = if name.is_ascii() {
        String::new()
    } else {
        format!("; filename*=UTF-8''{}", escape(name))
    };
    format!("attachment; filename=\"{plain}\"{extended}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_end_its_header() {
        assert_eq!(disposition("a b.txt"), "attachment; filename=\"a b.txt\"");
        assert_eq!(disposition("a\".txt"), "attachment; filename=\"a_.txt\"");
        assert_eq!(disposition("ü"), "attachment; filename=\"_\"; filename*=UTF-8''%C3%BC");
    }
}
