//! Times as people type them.

use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

/// A time: one of its own, or so long from now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Then.
    At(Timestamp),
    /// So long before or after now.
    Off(SignedDuration),
}

impl When {
    /// So long ago, for times in the past.
    pub(crate) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Off(duration) => now.checked_sub(duration).unwrap_or(Timestamp::MIN),
        }
    }

    /// In so long, for times to come.
    pub(crate) fn after(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Off(duration) => now.checked_add(duration).unwrap_or(Timestamp::MAX),
        }
    }
}

/// Reads `2026-11-22T09:00:00Z`, `2026-11-22` (the beginning of that day in UTC) or `90d`, `12h`, `30m`, `45s`.
pub(crate) fn parse_when(text: &str) -> Result<When, String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(When::At(at));
    }
    if let Ok(date) = text.parse::<Date>()
        && let Ok(begin) = date.to_zoned(TimeZone::UTC)
    {
        return Ok(When::At(begin.timestamp()));
    }
    parse_seconds(text)
        .map(|seconds| When::Off(SignedDuration::from_secs(seconds.into())))
        .map_err(|_| "a time such as 2026-11-22T09:00:00Z, a day such as 2026-11-22, or 90d, 12h, 30m".to_owned())
}

/// Reads `1800`, `1800s`, `30m`, `1h` or `7d` as seconds.
pub(crate) fn parse_seconds(text: &str) -> Result<u32, String> {
    let (number, factor) = match text.trim() {
        t if t.ends_with('d') => (&t[..t.len() - 1], 86_400),
        t if t.ends_with('h') => (&t[..t.len() - 1], 3600),
        t if t.ends_with('m') => (&t[..t.len() - 1], 60),
        t if t.ends_with('s') => (&t[..t.len() - 1], 1),
        t => (t, 1),
    };
    let seconds = number.parse::<u32>().ok().and_then(|number| number.checked_mul(factor));
    seconds.ok_or_else(|| "a time such as 1800, 1800s, 30m, 1h or 7d".to_owned())
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::{parse_seconds, parse_when};

    #[test]
    fn lengths_in_the_forms_people_write() {
        assert_eq!(parse_seconds("1800"), Ok(1800));
        assert_eq!(parse_seconds("90s"), Ok(90));
        assert_eq!(parse_seconds("30m"), Ok(1800));
        assert_eq!(parse_seconds("1h"), Ok(3600));
        assert_eq!(parse_seconds("7d"), Ok(604_800));
        for bad in ["", "m", "-1", "1.5h", "99999999999", "2000000h", "30 minutes", "½h"] {
            assert!(parse_seconds(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn times_and_lengths_are_both_times() {
        let now: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let at = |text: &str| parse_when(text).unwrap();
        assert_eq!(
            at("2026-11-20T01:02:03Z").before(now).to_string(),
            "2026-11-20T01:02:03Z"
        );
        assert_eq!(at("2026-11-20").after(now).to_string(), "2026-11-20T00:00:00Z");
        assert_eq!(at("1d").before(now).to_string(), "2026-11-21T09:00:00Z");
        assert_eq!(at("90d").after(now).to_string(), "2027-02-20T09:00:00Z");
        for bad in ["", "yesterday", "2026-13-01", "2026-11-20 9:00", "1w"] {
            assert!(parse_when(bad).is_err(), "{bad:?}");
        }
    }
}
