//! How content is answered: validators, how long it may be kept, and what went wrong on the way to it.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{AGE, CACHE_CONTROL, CONTENT_TYPE, ETAG, VARY, WARNING, X_CONTENT_TYPE_OPTIONS},
};
use jeton_content::Meta;
use serde::Serialize;

use super::asking::Asking;
use crate::failure::Failure;

/// The commit that was read: with it the same can be asked for again, whatever becomes of the branch.
const COMMIT: HeaderName = HeaderName::from_static("jeton-commit");

/// The codes of what is wrong with credentials that were passed over.
const NOTICE: HeaderName = HeaderName::from_static("jeton-notice");

impl Asking {
    /// The answer to a caller who has this already; `None` when they have not.
    pub(crate) fn unchanged(&self, meta: &Meta) -> Option<Response> {
        self.known_to_caller(meta, &self.etag(meta)?)
    }

    /// The same for content with a validator of its own.
    pub(super) fn known_to_caller(&self, meta: &Meta, etag: &str) -> Option<Response> {
        if !self.has(etag) {
            return None;
        }
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        *response.headers_mut() = self.headers(meta, Some(etag));
        Some(response)
    }

    /// An answer in JSON, kept for the next one who asks for it in the same words.
    pub(crate) fn json(&self, meta: &Meta, body: &impl Serialize) -> Result<Response, Failure> {
        let body = serde_json::to_vec(body).map_err(|_| Failure::internal())?;
        Ok(self.whole(meta, self.json_headers(meta), Bytes::from(body)))
    }

    /// The headers of an answer in JSON.
    pub(crate) fn json_headers(&self, meta: &Meta) -> HeaderMap {
        let mut headers = self.headers(meta, self.etag(meta).as_deref());
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers
    }

    /// An answer that is here as a whole; kept for the next one who asks for it in the same words.
    pub(crate) fn whole(&self, meta: &Meta, headers: HeaderMap, body: Bytes) -> Response {
        let now = self.state.access.now();
        let (caller, asked) = (&self.asker.caller, self.asked());
        self.state
            .prepared
            .keep(caller, asked, &meta.standing, &headers, &body, now);
        let mut response = Response::new(Body::from(body));
        *response.headers_mut() = headers;
        response
    }

    /// What all answers about content carry.
    pub(super) fn headers(&self, meta: &Meta, etag: Option<&str>) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(12);
        let mut put = |name: HeaderName, value: String| {
            // Hexadecimal digits, codes and numbers: always fit for a header.
            if let Ok(value) = HeaderValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        if let Some(etag) = etag {
            put(ETAG, etag.to_owned());
        }
        put(COMMIT, meta.commit.to_string());
        put(
            CACHE_CONTROL,
            if meta.standing.is_pinned() {
                let seconds = self.state.settings.content.pinned_max_age.as_secs();
                format!("private, max-age={seconds}")
            } else {
                "private, no-cache".to_owned()
            },
        );
        if let Some(age) = meta.stale {
            put(AGE, age.as_secs().max(0).to_string());
            put(WARNING, "110 - \"Response is Stale\"".to_owned());
        }
        if !meta.notices.is_empty() {
            let codes: Vec<_> = meta.notices.iter().map(|notice| notice.code.as_str()).collect();
            put(NOTICE, codes.join(", "));
        }
        headers.insert(VARY, HeaderValue::from_static("authorization, cookie"));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers
    }

    /// The validator of an answer in JSON. Strong, so that everything goes in of which the answer is made: what was asked, what was
    /// read, as whom where the answer says so, and the program that writes it. An answer that is out of date has none: how much so
    /// changes by the second.
    fn etag(&self, meta: &Meta) -> Option<String> {
        if meta.stale.is_some() {
            return None;
        }
        let commit = meta.commit.to_string();
        let mut parts = vec![
            env!("CARGO_PKG_VERSION"),
            self.asked(),
            &meta.host,
            &meta.repository,
            &commit,
        ];
        if self.tells_origin {
            parts.extend([meta.reference.as_deref().unwrap_or_default(), &meta.source]);
            for notice in &meta.notices {
                parts.extend([notice.code.as_str(), &notice.cause, &notice.remedy]);
            }
        }
        Some(validator(&parts))
    }

    /// Path and query, as they were sent.
    fn asked(&self) -> &str {
        self.uri.path_and_query().map_or("", |asked| asked.as_str())
    }
}

/// A strong validator of something that is made of these parts and nothing else.
pub(super) fn validator(parts: &[&str]) -> String {
    let mut hash = digest::Context::new(&digest::SHA256);
    for part in parts {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let mut etag = String::with_capacity(34);
    etag.push('"');
    for byte in &hash.finish().as_ref()[..16] {
        // Writing to a `String` cannot fail.
        let _ = write!(etag, "{byte:02x}");
    }
    etag.push('"');
    etag
}

#[cfg(test)]
mod tests {
    use super::validator;

    #[test]
    fn a_validator_tells_parts_apart() {
        assert_eq!(validator(&["ab", "c"]), validator(&["ab", "c"]));
        assert_ne!(validator(&["ab", "c"]), validator(&["a", "bc"]));
        assert_ne!(validator(&["ab"]), validator(&["ab", ""]));
        let one = validator(&[]);
        assert!(one.len() == 34 && one.starts_with('"') && one.ends_with('"'), "{one}");
    }
}
