use std::{
    fmt::Write as _,
    sync::atomic::{AtomicU32, Ordering},
};

use http::{HeaderMap, HeaderName, HeaderValue};
use jeton_domain::Entropy;

/// The header that carries it, both ways.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// Names a request in the log, in its answer and in its problem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RequestId(HeaderValue);

impl RequestId {
    /// The caller's own id, when it is 1 to 64 of `A-Z a-z 0-9 . _ -`: anything else could forge a line in a log.
    pub(crate) fn from_caller(headers: &HeaderMap) -> Option<Self> {
        let value = headers.get(HEADER)?;
        let fine = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        ((1..=64).contains(&value.len()) && value.as_bytes().iter().all(fine)).then(|| Self(value.clone()))
    }

    pub(crate) fn as_str(&self) -> &str {
        self.0.to_str().unwrap_or_default()
    }

    pub(crate) fn into_header(self) -> HeaderValue {
        self.0
    }
}

/// Gives ids to requests that came without one: a random part for the process and a count. They are names, not
/// secrets, and making one must cost next to nothing.
#[derive(Debug)]
pub(crate) struct RequestIds {
    process: u32,
    next: AtomicU32,
}

impl RequestIds {
    pub(crate) fn new(entropy: &dyn Entropy) -> Self {
        let random = || {
            let mut bytes = [0_u8; 4];
            entropy.fill(&mut bytes);
            u32::from_be_bytes(bytes)
        };
        Self {
            process: random(),
            next: AtomicU32::new(random()),
        }
    }

    pub(crate) fn of(&self, headers: &HeaderMap) -> RequestId {
        RequestId::from_caller(headers).unwrap_or_else(|| self.next())
    }

    pub(crate) fn next(&self) -> RequestId {
        let count = self.next.fetch_add(1, Ordering::Relaxed);
        let mut text = String::with_capacity(16);
        // Writing to a `String` cannot fail.
        let _ = write!(text, "{:08x}{count:08x}", self.process);
        RequestId(HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("-")))
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use jeton_domain::Entropy;

    use super::{HEADER, RequestId, RequestIds};

    #[derive(Debug)]
    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0x77);
        }
    }

    #[test]
    fn a_callers_id_is_taken_only_when_it_is_harmless() {
        let long = "a".repeat(65);
        for (given, taken) in [
            ("build-1.2_3", true),
            ("", false),
            ("a b", false),
            ("a\tb", false),
            ("a\"b", false),
            (long.as_str(), false),
            (&long[1..], true),
        ] {
            let headers = HeaderMap::from_iter([(HEADER, HeaderValue::from_str(given).unwrap())]);
            assert_eq!(RequestId::from_caller(&headers).is_some(), taken, "{given:?}");
        }
        let bytes = HeaderMap::from_iter([(HEADER, HeaderValue::from_bytes(b"\xff").unwrap())]);
        assert!(RequestId::from_caller(&bytes).is_none());
    }

    #[test]
    fn given_ids_are_16_hex_digits_and_differ() {
        let ids = RequestIds::new(&Sevens);
        let (one, two) = (ids.next(), ids.of(&HeaderMap::new()));
        assert_eq!(one.as_str(), "7777777777777777");
        assert_eq!(two.as_str(), "7777777777777778");
    }
}
