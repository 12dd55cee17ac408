//! When a token ends, by the header that GitHub sends with every answer to one that does.

use http::HeaderMap;
use jeton_domain::{CredentialKind, TokenEnd};
use jiff::{Timestamp, civil::DateTime, tz};

use crate::headers;

/// `2026-09-03 02:34:04 UTC` or `2026-04-26 20:23:26 +0200`: both forms have been seen. Absent when the token has no end.
const HEADER: &str = "github-authentication-token-expiration";

/// The end, and a remark when what GitHub said is not believed. A date that has passed cannot be the end of a token which GitHub takes at
/// this moment: for some fine-grained tokens the header is wrong (google/go-github#3708).
pub(super) fn end(kind: CredentialKind, answer: &HeaderMap, now: Timestamp) -> (TokenEnd, Option<String>) {
    let Some(text) = headers::text(answer, HEADER) else {
        let end = match kind {
            CredentialKind::GitHubClassic | CredentialKind::GitHubFineGrained | CredentialKind::GitHubOAuth => {
                TokenEnd::Never
            }
            // lives eight hours, and the header is not promised for it
            _ => TokenEnd::Unknown,
        };
        return (end, None);
    };
    let now = headers::date(answer).unwrap_or(now);
    match parse(text) {
        Some(at) if at > now => (TokenEnd::At(at), None),
        Some(_) => (
            TokenEnd::Unknown,
            Some(format!(
                "GitHub takes the token and says that it ended at {text}, which cannot be"
            )),
        ),
        None => (
            TokenEnd::Unknown,
            Some(format!("GitHub gives the token's end as `{text}`, which is no time")),
        ),
    }
}

/// A civil time and a zone: `UTC`, or an offset. Other abbreviations mean several zones each.
fn parse(text: &str) -> Option<Timestamp> {
    let (civil, zone) = text.trim().rsplit_once(' ')?;
    let civil: DateTime = civil.trim().parse().ok()?;
    let offset = match zone {
        "UTC" | "GMT" | "Z" => tz::Offset::UTC,
        _ => offset(zone)?,
    };
    offset.to_timestamp(civil).ok()
}

/// `+0200` or `+02:00`.
fn offset(zone: &str) -> Option<tz::Offset> {
    let (sign, digits) = match zone.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.replace(':', "");
    if digits.len() != 4 || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number: i32 = digits.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    if minutes > 59 {
        return None;
    }
    tz::Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue};
    use jeton_domain::{CredentialKind, TokenEnd};
    use jiff::Timestamp;

    use super::{HEADER, end};

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn of(value: &str) -> (TokenEnd, Option<String>) {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_str(value).unwrap());
        end(CredentialKind::GitHubClassic, &headers, at("2026-01-01T00:00:00Z"))
    }

    #[test]
    fn both_forms_are_read() {
        for (value, want) in [
            ("2026-09-03 02:34:04 UTC", "2026-09-03T02:34:04Z"),
            ("2026-04-26 20:23:26 +0200", "2026-04-26T18:23:26Z"),
            ("2026-04-26 20:23:26 -0730", "2026-04-27T03:53:26Z"),
            ("2026-04-26 20:23:26 +02:00", "2026-04-26T18:23:26Z"),
        ] {
            assert_eq!(of(value), (TokenEnd::At(at(want)), None), "{value}");
        }
    }

    #[test]
    fn an_end_that_cannot_be_is_not_believed() {
        for value in [
            "2025-12-31 23:59:59 UTC",
            "2026-01-01 00:00:00 UTC",
            "2021-09-03 02:34:04 UTC",
            "soon",
            "",
            "2026-09-03",
            "2026-09-03 02:34:04 CEST",
            "2026-13-03 02:34:04 UTC",
            "2026-09-03 02:34:04 +2",
            "2026-09-03 02:34:04 +0099",
            "2026-09-03 02:34:04 +9900",
        ] {
            let (found, remark) = of(value);
            assert_eq!(found, TokenEnd::Unknown, "{value}");
            assert!(remark.is_some(), "{value}");
        }
    }

    #[test]
    fn the_forges_own_clock_judges() {
        let mut headers = HeaderMap::new();
        headers.insert(HEADER, HeaderValue::from_static("2026-09-03 02:34:04 UTC"));
        headers.insert("date", HeaderValue::from_static("Tue, 01 Sep 2026 00:00:00 GMT"));
        let ours_is_fast = at("2026-10-01T00:00:00Z");
        let (found, _) = end(CredentialKind::GitHubFineGrained, &headers, ours_is_fast);
        assert_eq!(found, TokenEnd::At(at("2026-09-03T02:34:04Z")));
    }

    #[test]
    fn without_the_header_there_is_no_end() {
        let of = |kind| end(kind, &HeaderMap::new(), at("2026-01-01T00:00:00Z")).0;
        assert_eq!(of(CredentialKind::GitHubClassic), TokenEnd::Never);
        assert_eq!(of(CredentialKind::GitHubFineGrained), TokenEnd::Never);
        assert_eq!(of(CredentialKind::GitHubOAuth), TokenEnd::Never);
        assert_eq!(of(CredentialKind::GitHubAppUser), TokenEnd::Unknown);
    }
}
