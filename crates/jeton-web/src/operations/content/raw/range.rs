//! `Range` and `If-Range` (RFC 9110, sections 13.1.5 and 14.2).

use std::ops::Range;

use http::{
    HeaderMap,
    header::{IF_RANGE, RANGE},
};

/// What a request wants of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::operations::content) enum Wanted {
    /// All of them. Also for what is not understood, for several ranges at once, and for a range of what has changed since: all of
    /// this a server may answer with the whole.
    Whole,
    /// Some of them; within the size and never empty.
    Part(Range<u64>),
    /// Some that are not there.
    Outside,
}

/// What a request wants of so many bytes that have this validator.
pub(in crate::operations::content) fn wanted(headers: &HeaderMap, etag: &str, size: u64) -> Wanted {
    // A validator that is weak, or a date, says nothing about bytes.
    let same = headers
        .get(IF_RANGE)
        .is_none_or(|known| known.as_bytes() == etag.as_bytes());
    let mut ranges = headers.get_all(RANGE).iter();
    let (Some(range), None, true) = (ranges.next(), ranges.next(), same) else {
        return Wanted::Whole;
    };
    range
        .to_str()
        .ok()
        .and_then(|text| read(text, size))
        .unwrap_or(Wanted::Whole)
}

fn read(text: &str, size: u64) -> Option<Wanted> {
    let (unit, set) = text.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let (first, last) = set.trim().split_once('-')?;
    let part = match (first, last) {
        ("", suffix) => size.saturating_sub(number(suffix)?)..size,
        (first, "") => number(first)?..size,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if last < first {
                return None;
            }
            first..last.saturating_add(1).min(size)
        }
    };
    Some(if part.start < part.end {
        Wanted::Part(part)
    } else {
        Wanted::Outside
    })
}

/// Digits alone: no sign, no space. A number that is too large to be read is larger than any file.
fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, header};

    use super::{Wanted, wanted};

    const ETAG: &str = "\"etag\"";

    fn ask(range: &str, size: u64) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        wanted(&headers, ETAG, size)
    }

    #[test]
    fn one_range_is_understood() {
        for (range, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-", 0..10),
            ("bytes=3-5", 3..6),
            ("BYTES=3-5", 3..6),
            ("bytes=3-500", 3..10),
            ("bytes=9-", 9..10),
            ("bytes=-3", 7..10),
            ("bytes=-300", 0..10),
            ("bytes=0-99999999999999999999999", 0..10),
        ] {
            assert_eq!(ask(range, 10), Wanted::Part(part), "{range}");
        }
    }

    #[test]
    fn what_is_not_there_is_told() {
        for range in ["bytes=10-", "bytes=10-20", "bytes=-0", "bytes=99999999999999999999999-"] {
            assert_eq!(ask(range, 10), Wanted::Outside, "{range}");
        }
        assert_eq!(ask("bytes=0-", 0), Wanted::Outside);
    }

    #[test]
    fn anything_else_is_the_whole() {
        for range in [
            "bytes=0-1,3-4",
            "bytes=5-3",
            "bytes=a-b",
            "bytes=--1",
            "bytes=",
            "lines=1-2",
            "bytes=+1-2",
            "bytes",
        ] {
            assert_eq!(ask(range, 10), Wanted::Whole, "{range}");
        }
        assert_eq!(wanted(&HeaderMap::new(), ETAG, 10), Wanted::Whole);
    }

    #[test]
    fn a_part_of_something_else_is_never_given() {
        let ask = |known: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RANGE, "bytes=3-5".parse().unwrap());
            headers.insert(header::IF_RANGE, known.parse().unwrap());
            wanted(&headers, ETAG, 10)
        };
        assert_eq!(ask(ETAG), Wanted::Part(3..6));
        for changed in ["\"other\"", "W/\"etag\"", "Wed, 21 Oct 2015 07:28:00 GMT"] {
            assert_eq!(ask(changed), Wanted::Whole, "{changed}");
        }
    }
}
