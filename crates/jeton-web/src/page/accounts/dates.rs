use jeton_domain::Code;
use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::failure::Failure;

/// The day on which something ends, which ends it as it begins (00:00 UTC), or a time; `None` for an empty field.
pub(super) fn read(text: &str) -> Result<Option<Timestamp>, Failure> {
    if text.is_empty() {
        return Ok(None);
    }
    let read = day_begins(text).or_else(|| text.parse().ok());
    read.map(Some).ok_or_else(|| {
        Failure::new(Code::RequestInvalid, "the end is no day")
            .with_remedy("Write it as year, month and day: 2027-01-31.")
    })
}

/// When a day begins: what ends on it ends then.
pub(in crate::page) fn day_begins(text: &str) -> Option<Timestamp> {
    let day: Date = text.parse().ok()?;
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// As a field for days has it; empty for what does not end.
pub(super) fn day(at: Option<Timestamp>) -> String {
    at.map(|at| at.strftime("%Y-%m-%d").to_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{day, read};

    #[test]
    fn days_are_read_as_they_are_shown() {
        let at = read("2027-01-31").unwrap();
        assert_eq!(at.unwrap().to_string(), "2027-01-31T00:00:00Z");
        assert_eq!(day(at), "2027-01-31");
        assert_eq!((read("").unwrap(), day(None)), (None, String::new()));
        assert!(read("2027-01-31T10:00:00Z").unwrap().is_some());
        for bad in ["31.01.2027", "soon", "2027-02-30", "<script>"] {
            assert_eq!(read(bad).unwrap_err().detail(), "the end is no day", "{bad}");
        }
    }
}
