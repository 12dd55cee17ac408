//! Conditional requests: `If-None-Match` (RFC 9110, section 13.1.2).

use http::header::{CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use http::{HeaderMap, StatusCode};

use crate::reply::{Content, Reply};

/// Makes a 304 of an answer that the client has already; its headers stay, without those about a body.
pub(crate) fn not_modified(asked: &HeaderMap, mut reply: Reply) -> Reply {
    let current = reply.headers.get(ETAG).and_then(|etag| etag.to_str().ok());
    let held = current.is_some_and(|etag| holds(asked, etag));
    if reply.status != StatusCode::OK || !held {
        return reply;
    }
    for name in [CONTENT_TYPE, CONTENT_LENGTH] {
        reply.headers.remove(name);
    }
    reply.status = StatusCode::NOT_MODIFIED;
    reply.body = Content::Whole(bytes::Bytes::new());
    reply
}

/// Whether a request names an entity tag, in the weak sense: `W/` makes no difference.
fn holds(asked: &HeaderMap, etag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let wanted = strong(etag);
    let lines = asked.get_all(IF_NONE_MATCH).iter();
    lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','))
        .any(|tag| tag.trim() == "*" || strong(tag) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(asked: &str) -> u16 {
        let mut headers = HeaderMap::new();
        headers.insert(IF_NONE_MATCH, asked.parse().unwrap());
        let reply = Reply::text(StatusCode::OK, "body").with("etag", "W/\"abc\"");
        not_modified(&headers, reply).status.as_u16()
    }

    #[test]
    fn a_tag_is_compared_weakly_and_among_others() {
        for held in ["W/\"abc\"", "\"abc\"", "\"x\", W/\"abc\"", "*"] {
            assert_eq!(status(held), 304, "{held}");
        }
        for other in ["\"abcd\"", "abc", ""] {
            assert_eq!(status(other), 200, "{other:?}");
        }
    }
}
