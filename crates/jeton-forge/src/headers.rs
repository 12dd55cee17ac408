//! Reading the few response headers that matter, each of which may be missing or nonsense.

use std::time::Duration;

use http::{HeaderMap, header};
use jiff::{SignedDuration, Timestamp};

use crate::clean::clean;

/// The longest wait for a reset that is believed: one further away than GitHub's window of one hour is a mistake of somebody's.
const MAX_RESET: Duration = Duration::from_hours(1);

/// The longest `Retry-After` that is believed. It is asked for, where a reset is only told.
const MAX_RETRY_AFTER: Duration = Duration::from_hours(24);

pub(crate) fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim)
}

pub(crate) fn request_id(headers: &HeaderMap) -> Option<String> {
    text(headers, "x-github-request-id")
        .map(clean)
        .filter(|id| !id.is_empty())
}

/// The forge's own time, whole seconds.
pub(crate) fn date(headers: &HeaderMap) -> Option<Timestamp> {
    parse_date(text(headers, header::DATE.as_str())?)
}

/// `Retry-After` in seconds or as a date, counted from the forge's own `Date` where there is one.
pub(crate) fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let value = text(headers, header::RETRY_AFTER.as_str())?;
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(bounded(Duration::from_secs(seconds), MAX_RETRY_AFTER));
    }
    parse_date(value).map(|at| until(at, date(headers).unwrap_or(now), MAX_RETRY_AFTER))
}

/// Whether the hourly budget is used up.
pub(crate) fn budget_is_spent(headers: &HeaderMap) -> bool {
    text(headers, "x-ratelimit-remaining") == Some("0")
}

/// How long until `x-ratelimit-reset` (UTC epoch seconds), counted from the forge's own `Date` where there is one.
pub(crate) fn until_reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let second = text(headers, "x-ratelimit-reset")?.parse().ok()?;
    let reset = Timestamp::from_second(second).ok()?;
    Some(until(reset, date(headers).unwrap_or(now), MAX_RESET))
}

/// The target of `Link: <…>; rel="next"`.
pub(crate) fn next_link(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::LINK)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .find_map(|value| {
            value.split(',').find_map(|link| {
                let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
                let is_next = parameters
                    .split(';')
                    .map(str::trim)
                    .any(|p| matches!(p, r#"rel="next""# | "rel=next"));
                is_next.then(|| target.to_owned())
            })
        })
}

/// The format of HTTP dates is a subset of RFC 2822's.
fn parse_date(value: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::parse(value).ok().map(|date| date.timestamp())
}

fn until(at: Timestamp, now: Timestamp, most: Duration) -> Duration {
    let left = at.duration_since(now).max(SignedDuration::ZERO);
    bounded(Duration::try_from(left).unwrap_or_default(), most)
}

/// Between one second and the most that is believed.
fn bounded(wait: Duration, most: Duration) -> Duration {
    wait.clamp(Duration::from_secs(1), most)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{HeaderMap, HeaderName, HeaderValue};
    use jiff::Timestamp;

    use super::{date, next_link, retry_after, until_reset};

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    /// 1994-11-06T08:49:37Z, the example of RFC 9110.
    const EXAMPLE: i64 = 784_111_777;

    #[test]
    fn reads_http_dates() {
        let at = date(&headers(&[("date", "Sun, 06 Nov 1994 08:49:37 GMT")])).unwrap();
        assert_eq!(at.as_second(), EXAMPLE);
        assert_eq!(date(&headers(&[("date", "yesterday")])), None);
    }

    #[test]
    fn waits_are_counted_by_the_forges_clock_and_bounded() {
        let now = Timestamp::from_second(0).unwrap();
        let wait = |value: &str| {
            retry_after(
                &headers(&[("retry-after", value), ("date", "Sun, 06 Nov 1994 08:49:37 GMT")]),
                now,
            )
        };
        assert_eq!(wait("30"), Some(Duration::from_secs(30)));
        assert_eq!(wait("0"), Some(Duration::from_secs(1)));
        assert_eq!(wait("43200"), Some(Duration::from_hours(12)));
        assert_eq!(wait("99999999"), Some(Duration::from_hours(24)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:50:07 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(wait("Sun, 06 Nov 1994 08:00:00 GMT"), Some(Duration::from_secs(1)));
        assert_eq!(wait("soon"), None);
        assert_eq!(wait("-5"), None);

        let reset = |value: &str, date: &'static str| {
            until_reset(&headers(&[("x-ratelimit-reset", value), ("date", date)]), now)
        };
        assert_eq!(
            reset("784111800", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Some(Duration::from_secs(23))
        );
        assert_eq!(reset("120", ""), Some(Duration::from_mins(2)));
        assert_eq!(reset("99999999", ""), Some(Duration::from_hours(1)));
        assert_eq!(reset("never", ""), None);
    }

    #[test]
    fn finds_the_next_page() {
        let link = r#"<https://x.example/1>; rel="prev", <https://x.example/3>; rel="next", <https://x.example/9>"#;
        assert_eq!(
            next_link(&headers(&[("link", link)])).as_deref(),
            Some("https://x.example/3")
        );
        assert_eq!(
            next_link(&headers(&[("link", r#"<https://x.example>; rel="last""#)])),
            None
        );
        assert_eq!(next_link(&headers(&[("link", "nonsense")])), None);
    }
}
