//! Times that people type, or that a browser's own fields send.

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use crate::{failure::Failure, operations::arguments};

/// A time with its zone, or, as browsers' fields for a day and a time have it, without one: then it is UTC.
pub(super) fn read(field: &str, text: &str) -> Result<Timestamp, Failure> {
    let local = text
        .parse::<Timestamp>()
        .is_err()
        .then(|| text.parse::<DateTime>().ok())
        .flatten();
    match local {
        Some(local) => TimeZone::UTC
            .to_timestamp(local)
            .map_err(|_| arguments::no_time(field, text)),
        None => arguments::time(field, text),
    }
}

/// As [`read`], where nothing may stand.
pub(super) fn maybe(field: &str, text: &str) -> Result<Option<Timestamp>, Failure> {
    (!text.is_empty()).then(|| read(field, text)).transpose()
}

/// As the browser's field takes it; what is no time stays as it was typed.
pub(super) fn typed(text: &str) -> String {
    match read("", text) {
        Ok(at) => at.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        Err(_) => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{maybe, read, typed};

    #[test]
    fn times_without_a_zone_are_utc() {
        let at = "2026-11-22T10:30:00Z".parse().unwrap();
        for text in [
            "2026-11-22T10:30",
            "2026-11-22T10:30:00",
            "2026-11-22T12:30:00+02:00",
            "2026-11-22T10:30:00Z",
        ] {
            assert_eq!(read("since", text).unwrap(), at, "{text}");
            assert_eq!(typed(text), "2026-11-22T10:30:00");
        }
        assert_eq!(read("since", "2026-11-22").unwrap().to_string(), "2026-11-22T00:00:00Z");
        assert_eq!(maybe("since", "").unwrap(), None);
        assert_eq!(typed("soon"), "soon");
        // The last hours of the calendar have no timestamp.
        let late = read("since", "9999-12-31T00:00").unwrap_err();
        assert_eq!(late.code(), jeton_domain::Code::RequestInvalid);
        assert_eq!(typed("9999-12-31T00:00"), "9999-12-31T00:00");
        assert!(read("since", "soon").unwrap_err().detail().contains("\"soon\""));
    }
}
