//! Paths on their way into a URL and back, and times as forges write them.

use jiff::{Timestamp, Zoned, civil::DateTime, fmt::temporal::Pieces, tz::Offset};
use url::form_urlencoded;

/// The longest symbolic link, in bytes: no system follows a longer one.
pub(crate) const LONGEST_LINK: usize = 4096;

/// Whether a file's bytes could be where a symbolic link leads: they are short, and have no line end. Two forges do not tell links from
/// files where they give their bytes, so that only what looks like this is worth another look.
pub(crate) fn may_be_link(bytes: &[u8]) -> bool {
    (1..=LONGEST_LINK).contains(&bytes.len()) && !bytes.iter().any(|byte| matches!(byte, 0 | b'\n'))
}

/// Each byte of a path's part that could mean something in a URL, encoded; slashes too.
pub(crate) fn encode(part: &str) -> String {
    let form: String = form_urlencoded::byte_serialize(part.as_bytes()).collect();
    // a form's space; a plus itself stands encoded there
    form.replace('+', "%20")
}

/// The same for a path: its slashes stay.
pub(crate) fn encode_path<'p>(parts: impl Iterator<Item = &'p str>) -> String {
    parts.map(encode).collect::<Vec<_>>().join("/")
}

/// The text of an encoded part of a path.
pub(crate) fn decode(part: &str) -> String {
    let form = part.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let (text, _) = form_urlencoded::parse(form.as_bytes()).next().unwrap_or_default();
    text.into_owned()
}

/// A time with the zone that it was written in (RFC 3339); a zone that cannot be is taken for UTC, because git keeps whatever people's clocks
/// told it.
pub(crate) fn zoned(text: &str) -> Option<Zoned> {
    if let Ok(pieces) = Pieces::parse(text) {
        let local = DateTime::from_parts(pieces.date(), pieces.time()?);
        let offset = pieces.to_numeric_offset().unwrap_or(Offset::UTC);
        let at: Timestamp = offset.to_timestamp(local).ok()?;
        return Some(at.to_zoned(offset.to_time_zone()));
    }
    let local: DateTime = text.get(..19)?.parse().ok()?;
    Some(
        Offset::UTC
            .to_timestamp(local)
            .ok()?
            .to_zoned(Offset::UTC.to_time_zone()),
    )
}

#[cfg(test)]
mod tests {
    use super::{decode, encode, encode_path, may_be_link, zoned};

    #[test]
    fn nothing_in_a_path_means_anything_in_a_url() {
        assert_eq!(encode("a b/c?d#e%2e+f\"ü'"), "a%20b%2Fc%3Fd%23e%252e%2Bf%22%C3%BC%27");
        assert_eq!(encode_path("ä/b c.rs".split('/')), "%C3%A4/b%20c.rs");
        for part in ["a b/c?d#e%2e+f\"ü'", "=&=", ""] {
            assert_eq!(decode(&encode(part)), part);
        }
        assert_eq!(decode("a+b=c"), "a+b=c");
    }

    #[test]
    fn only_what_is_short_and_one_line_may_be_a_link() {
        for link in ["a", "../b/c d", "ü", &"a/".repeat(2048)] {
            assert!(may_be_link(link.as_bytes()), "{link}");
        }
        for file in ["", "a\n", "a\0b", &"a/".repeat(2049)] {
            assert!(!may_be_link(file.as_bytes()), "{file}");
        }
        assert!(may_be_link(b"\xff\xfe"), "a name in no encoding");
    }

    #[test]
    fn a_time_keeps_its_zone() {
        let show = |text: &str| zoned(text).map(|at| (at.offset().seconds() / 60, at.timestamp().to_string()));
        let utc = "2024-05-01T10:00:00Z".to_owned();
        assert_eq!(show("2024-05-01T12:00:00.000+02:00"), Some((120, utc.clone())));
        assert_eq!(show("2024-05-01T04:30:00-05:30"), Some((-330, utc.clone())));
        assert_eq!(show("2024-05-01T10:00:00Z"), Some((0, utc.clone())));
        assert_eq!(show("2024-05-01T10:00:00+99:00"), Some((0, utc)));
        for bad in ["", "yesterday", "2024-05-01", "2024-13-01T10:00:00Z", "ééééééééééé"] {
            assert_eq!(show(bad), None, "{bad}");
        }
    }
}
