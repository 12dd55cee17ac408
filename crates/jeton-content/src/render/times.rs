use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime},
    tz::TimeZone,
};

use crate::ContentError;

/// Reads from when on: an RFC 3339 time, or a day or a time without an offset in the time zone. A day is meant from its beginning.
///
/// # Errors
/// [`ContentError::Invalid`] when it is none, or the zone is none.
pub fn since(text: &str, zone: Option<&str>) -> Result<Timestamp, ContentError> {
    moment("since", text, zone, false)
}

/// Reads until when, which itself is in, as it is for the forges: as [`since`], but a day is meant to its very end. That is the moment
/// before the next day, in which no commit is, because they are dated by the second.
///
/// # Errors
/// As [`since`].
pub fn until(text: &str, zone: Option<&str>) -> Result<Timestamp, ContentError> {
    moment("until", text, zone, true)
}

fn moment(name: &str, text: &str, zone: Option<&str>, to_the_end: bool) -> Result<Timestamp, ContentError> {
    let zone = zone.map_or(Ok(TimeZone::UTC), time_zone)?;
    let text = with_plus(text.trim_end());
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    let wrong = || {
        let shown: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
        ContentError::Invalid(format!(
            "`{name}` is `{shown}`: write a day as 2026-11-22, or a time as 2026-11-22T09:00:00Z or 2026-11-22T09:00:00+01:00"
        ))
    };
    // A date parses as a time at midnight too, but not the other way round, as long as a length of its own is asked for.
    if text.len() == "2026-11-22".len() {
        let day: Date = text.parse().map_err(|_| wrong())?;
        let begin = |day: Date| day.to_zoned(zone).map(|begin| begin.timestamp());
        let at = if to_the_end {
            let next = day.tomorrow().and_then(begin);
            next.and_then(|next| next.checked_sub(SignedDuration::from_nanos(1)))
        } else {
            begin(day)
        };
        return at.map_err(|_| wrong());
    }
    let local: DateTime = text.parse().map_err(|_| wrong())?;
    zone.to_timestamp(local).map_err(|_| wrong())
}

/// A time zone by its name in the IANA database, or by its offset from UTC.
fn time_zone(name: &str) -> Result<TimeZone, ContentError> {
    let name = with_plus(name.trim_end());
    if matches!(name.as_str(), "" | "Z" | "z") || name.eq_ignore_ascii_case("utc") {
        return Ok(TimeZone::UTC);
    }
    let offset = name.starts_with(['+', '-']).then(|| {
        // jiff reads offsets at the end of times only
        format!("2026-01-01T00:00{name}[{name}]").parse::<jiff::Zoned>()
    });
    let zone = match offset {
        Some(zoned) => zoned.map(|zoned| zoned.time_zone().clone()),
        None => TimeZone::get(&name),
    };
    zone.map_err(|_| {
        let shown: String = name.chars().filter(|c| !c.is_control()).take(60).collect();
        ContentError::Invalid(format!(
            "`{shown}` is no time zone: write it as Europe/Berlin, UTC or +02:00"
        ))
    })
}

/// A `+` that was written as such in a query arrives as a space.
fn with_plus(text: &str) -> String {
    let after_space = |rest: &str| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit() || b == b':');
    match text.rsplit_once(' ') {
        Some((before, offset)) if after_space(offset) && (before.is_empty() || before.contains('T')) => {
            format!("{before}+{offset}")
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{since, until};

    fn shown(text: &str, zone: Option<&str>) -> [String; 2] {
        [since(text, zone), until(text, zone)].map(|at| at.unwrap().to_string())
    }

    #[test]
    fn a_day_is_whole_in_its_zone() {
        let day = "2026-11-22";
        let end = |second: &str| format!("{second}.999999999Z");
        assert_eq!(
            shown(day, None),
            ["2026-11-22T00:00:00Z".to_owned(), end("2026-11-22T23:59:59")]
        );
        for zone in ["+02:00", " 02:00", "+0200", "+02"] {
            let whole = ["2026-11-21T22:00:00Z".to_owned(), end("2026-11-22T21:59:59")];
            assert_eq!(shown(day, Some(zone)), whole, "{zone}");
        }
        // the days on which clocks change have 23 and 25 hours
        for (day, zone, begin, last) in [
            (
                day,
                "America/Los_Angeles",
                "2026-11-22T08:00:00Z",
                "2026-11-23T07:59:59",
            ),
            (
                "2026-03-29",
                "Europe/Berlin",
                "2026-03-28T23:00:00Z",
                "2026-03-29T21:59:59",
            ),
            (
                "2026-10-25",
                "Europe/Berlin",
                "2026-10-24T22:00:00Z",
                "2026-10-25T22:59:59",
            ),
        ] {
            assert_eq!(shown(day, Some(zone)), [begin.to_owned(), end(last)]);
        }
    }

    #[test]
    fn a_time_is_what_it_says() {
        for text in [
            "2026-11-22T10:00:00+01:00",
            "2026-11-22T10:00:00 01:00",
            "2026-11-22T09:00:00Z",
        ] {
            assert_eq!(
                shown(text, Some("Asia/Tokyo")),
                ["2026-11-22T09:00:00Z", "2026-11-22T09:00:00Z"]
            );
        }
        assert_eq!(shown("2026-11-22T18:00", Some("Asia/Tokyo"))[0], "2026-11-22T09:00:00Z");
        assert_eq!(
            shown("2026-11-22 18:00:00", Some("Asia/Tokyo"))[0],
            "2026-11-22T09:00:00Z"
        );
    }

    #[test]
    fn what_is_no_time_is_told() {
        for (text, zone) in [
            ("", None),
            ("yesterday", None),
            ("2026-13-01", None),
            ("2026-11-2", None),
            ("9999-12-31", None),
            ("2026-11-22", Some("Mars/Olympus")),
            ("2026-11-22", Some("+99:00")),
            ("2026-11-22", Some("../../etc/passwd")),
        ] {
            let error = until(text, zone).unwrap_err();
            assert!(error.to_string().contains("write"), "{error}");
        }
    }
}
