use std::fmt;

use askama::filters::HtmlSafe;
use jiff::Timestamp;

/// A time as people read it, near and exact at once: "in 3 days", and when that is in UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    at: Timestamp,
    now: Timestamp,
}

impl Time {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        Self { at, now }
    }

    /// "in 3 days", "5 minutes ago".
    pub(super) fn near(&self) -> String {
        relative(self.at, self.now)
    }

    /// "2027-01-31 10:04 UTC".
    pub(super) fn exact(&self) -> String {
        exact(self.at)
    }
}

/// Both, as HTML: made of digits and our own words alone.
impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (at, near, exact) = (self.at, self.near(), self.exact());
        write!(
            f,
            "<time datetime=\"{at}\"><span class=\"near\">{near}</span> <span class=\"exact\">{exact}</span></time>"
        )
    }
}

impl HtmlSafe for Time {}

pub(super) fn exact(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M UTC").to_string()
}

/// How far a time is from now, in its largest unit, rounded down.
pub(super) fn relative(at: Timestamp, now: Timestamp) -> String {
    const UNITS: [(i64, &str); 5] = [
        (365 * 86_400, "year"),
        (30 * 86_400, "month"),
        (86_400, "day"),
        (3_600, "hour"),
        (60, "minute"),
    ];
    let seconds = at.duration_since(now).as_secs();
    let far = seconds.abs();
    // Two months are told in days: "in 1 month" may be 59 of them.
    let unit = UNITS.iter().find(|(length, name)| match *name {
        "year" | "month" => far >= 2 * length,
        _ => far >= *length,
    });
    let Some((length, name)) = unit else {
        return if seconds > 0 { "in a moment" } else { "just now" }.to_owned();
    };
    let count = far / length;
    let plural = if count == 1 { "" } else { "s" };
    if seconds > 0 {
        format!("in {count} {name}{plural}")
    } else {
        format!("{count} {name}{plural} ago")
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Time, relative};

    #[test]
    fn times_are_told_in_their_largest_unit() {
        let now: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap();
        for (seconds, expected) in [
            (0, "just now"),
            (-59, "just now"),
            (30, "in a moment"),
            (60, "in 1 minute"),
            (-3_599, "59 minutes ago"),
            (3_600, "in 1 hour"),
            (-86_400, "1 day ago"),
            (59 * 86_400, "in 59 days"),
            (60 * 86_400, "in 2 months"),
            (-729 * 86_400, "24 months ago"),
            (731 * 86_400, "in 2 years"),
        ] {
            let at = now + SignedDuration::from_secs(seconds);
            assert_eq!(relative(at, now), expected, "{seconds}");
        }
        let html = Time::new(now + SignedDuration::from_hours(72), now).to_string();
        assert_eq!(
            html,
            "<time datetime=\"2026-11-25T10:00:00Z\"><span class=\"near\">in 3 days</span> \
             <span class=\"exact\">2026-11-25 10:00 UTC</span></time>"
        );
    }
}
