//! Answers about content that are written already.

use std::{fmt, sync::Arc, time::Duration};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use http::{
    HeaderMap,
    header::{CACHE_CONTROL, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE, PRAGMA, RANGE},
};
use jeton_content::Standing;
use jeton_domain::Caller;
use jiff::Timestamp;
use moka::sync::Cache;

use crate::warm::{AsKey, Key, Owner};

/// All of them together, in bytes.
const ROOM: u64 = 64 * 1024 * 1024;

/// One of them: a file of 1 MiB as base64 or as JSON fits.
const LARGEST: usize = 4 * 1024 * 1024;

/// How long one stays at most, long after it has ceased to hold: by it hang the credentials that it was read with, and those of an
/// account that was removed are not to stay in memory.
const LONGEST: Duration = Duration::from_mins(5);

/// What an answer takes besides its body and its key, roughly.
const OVERHEAD: usize = 1024;

/// Headers that make a request one for the router.
const UNUSUAL: [http::HeaderName; 7] = [
    CACHE_CONTROL,
    IF_MATCH,
    IF_MODIFIED_SINCE,
    IF_NONE_MATCH,
    IF_RANGE,
    PRAGMA,
    RANGE,
];

/// Answers to `GET` of content, whole with their headers, by who got them, from where, and the raw path and query. One goes out
/// again only while what it stands on holds, which is a matter of seconds: then the router looks again, and what it finds takes
/// its place. Bounded by bytes; what is asked for least leaves first.
pub(crate) struct PreparedAnswers(Cache<Key, Arc<Prepared>>);

/// One answer.
#[derive(Debug)]
struct Prepared {
    standing: Standing,
    headers: HeaderMap,
    body: Bytes,
}

impl PreparedAnswers {
    pub(crate) fn new() -> Self {
        let weigh = |key: &Key, answer: &Arc<Prepared>| {
            u32::try_from(answer.body.len() + key.path.len() + OVERHEAD).unwrap_or(u32::MAX)
        };
        let cache = Cache::builder().max_capacity(ROOM).time_to_live(LONGEST);
        Self(cache.weigher(weigh).build())
    }

    /// Whether a request may be answered with what was prepared for another: it asks for the whole, and sets no condition.
    pub(crate) fn may_answer(headers: &HeaderMap) -> bool {
        !UNUSUAL.iter().any(|name| headers.contains_key(name))
    }

    /// The answer for a caller and a path with its query, while it holds. Waits for nothing.
    pub(crate) fn find(&self, caller: &Caller, path: &str, now: Timestamp) -> Option<Response> {
        let key = (Owner::of(caller)?, path);
        let answer = self.0.get(&key as &dyn AsKey)?;
        if !answer.standing.holds(now) {
            return None;
        }
        let mut response = Response::new(Body::from(answer.body.clone()));
        response.headers_mut().clone_from(&answer.headers);
        Some(response)
    }

    /// Keeps an answer, if it is one that can be given again.
    pub(crate) fn keep(
        &self,
        caller: &Caller,
        path: &str,
        standing: &Standing,
        headers: &HeaderMap,
        body: &Bytes,
        now: Timestamp,
    ) {
        let Some(owner) = Owner::of(caller) else { return };
        if body.len() > LARGEST || !standing.holds(now) {
            return;
        }
        let key = Key {
            owner,
            path: path.into(),
        };
        let answer = Prepared {
            standing: standing.clone(),
            headers: headers.clone(),
            body: body.clone(),
        };
        self.0.insert(key, Arc::new(answer));
    }
}

impl fmt::Debug for PreparedAnswers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PreparedAnswers")
            .field("bytes", &self.0.weighted_size())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::PreparedAnswers;

    #[test]
    fn no_credential_stays_in_memory_behind_an_answer() {
        let answers = PreparedAnswers::new();
        assert_eq!(answers.0.policy().time_to_live(), Some(Duration::from_mins(5)));
    }
}
