//! What several operations read in the same way.

use jeton_domain::Code;
use jiff::Timestamp;

use crate::{extract::shown, failure::Failure};

/// Rows on a page when the request does not say.
const PAGE: u32 = 50;
/// Rows on a page at most.
const LONGEST_PAGE: u32 = 500;

/// How many rows a page may have.
pub(crate) fn limit(asked: Option<u32>) -> Result<u32, Failure> {
    let limit = asked.unwrap_or(PAGE);
    if (1..=LONGEST_PAGE).contains(&limit) {
        return Ok(limit);
    }
    let detail = format!("limit is {limit}, and may be 1 to {LONGEST_PAGE}");
    Err(Failure::new(Code::RequestInvalid, detail).with_remedy("Ask for further pages with what `next` says."))
}

/// A time, such as `2026-12-31T00:00:00Z`.
pub(crate) fn time(field: &str, text: &str) -> Result<Timestamp, Failure> {
    text.parse().map_err(|_| no_time(field, text))
}

/// What is no time, or lies outside of those that jeton counts with.
pub(crate) fn no_time(field: &str, text: &str) -> Failure {
    let detail = format!("{field}: \"{}\" is no time", shown(text, 60));
    Failure::new(Code::RequestInvalid, detail)
        .with_remedy("Write times as RFC 3339 has them, with a zone: 2026-12-31T00:00:00Z.")
}

/// The end of something: a time, or a day, which ends it as it begins (00:00 UTC).
pub(crate) fn end(field: &str, text: &str) -> Result<Timestamp, Failure> {
    match text.parse::<jiff::civil::Date>() {
        Ok(day) => day
            .to_zoned(jiff::tz::TimeZone::UTC)
            .map(|zoned| zoned.timestamp())
            .map_err(|_| no_time(field, text)),
        Err(_) => time(field, text),
    }
}

/// A time that may be left out.
pub(crate) fn maybe_time(field: &str, text: Option<&str>) -> Result<Option<Timestamp>, Failure> {
    text.map(|text| time(field, text)).transpose()
}

#[cfg(test)]
mod tests {
    use super::{end, limit, time};

    #[test]
    fn pages_have_a_length_that_is_told() {
        assert_eq!(limit(None).unwrap(), 50);
        assert_eq!(limit(Some(500)).unwrap(), 500);
        for bad in [0, 501, u32::MAX] {
            assert!(limit(Some(bad)).unwrap_err().chain().contains("1 to 500"));
        }
    }

    #[test]
    fn times_have_a_zone() {
        assert!(time("since", "2026-12-31T00:00:00Z").is_ok());
        assert!(time("since", "2026-12-31T00:00:00+02:00").is_ok());
        for bad in ["", "2026-12-31", "2026-12-31T00:00:00", "yesterday", "1700000000"] {
            let failure = time("since", bad).unwrap_err();
            assert!(failure.chain().starts_with("since: "), "{bad}");
        }
    }

    #[test]
    fn days_that_cannot_be_counted_are_refused_and_no_mistake_of_ours() {
        assert!(end("ends", "9999-12-30").is_ok());
        let failure = end("ends", "9999-12-31").unwrap_err();
        assert_eq!(failure.code(), jeton_domain::Code::RequestInvalid);
        assert!(failure.chain().starts_with("ends: "));
    }
}
