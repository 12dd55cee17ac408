//! `Content-Disposition` (RFC 6266).

use std::fmt::Write as _;

use http::HeaderValue;

/// To be saved under this name, and never shown. Clients that know RFC 8187 take the exact name; for others what is not plain is
/// replaced.
pub(in crate::operations::content) fn attachment(name: &str) -> HeaderValue {
    let plain: String = name
        .chars()
        .map(|c| match c {
            '"' | '\\' | '/' | '%' => '_',
            ' '..='~' => c,
            _ => '_',
        })
        .collect();
    let mut text = format!("attachment; filename=\"{plain}\"");
    if plain != name {
        text.push_str("; filename*=UTF-8''");
        for byte in name.bytes() {
            if byte.is_ascii_alphanumeric() || b"!#$&+-.^_`|~".contains(&byte) {
                text.push(byte.into());
            } else {
                // Writing to a `String` cannot fail.
                let _ = write!(text, "%{byte:02X}");
            }
        }
    }
    // Printable ASCII alone: this cannot fail.
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static("attachment"))
}

#[cfg(test)]
mod tests {
    use super::attachment;

    #[test]
    fn a_name_is_saved_as_it_is_and_breaks_out_of_nothing() {
        for (name, header) in [
            ("a.txt", "attachment; filename=\"a.txt\""),
            ("a b.txt", "attachment; filename=\"a b.txt\""),
            (
                "a\"; filename=evil.html",
                "attachment; filename=\"a_; filename=evil.html\"; filename*=UTF-8''a%22%3B%20filename%3Devil.html",
            ),
            (
                "naïve.md",
                "attachment; filename=\"na_ve.md\"; filename*=UTF-8''na%C3%AFve.md",
            ),
            (
                "100%.txt",
                "attachment; filename=\"100_.txt\"; filename*=UTF-8''100%25.txt",
            ),
            ("a\\b", "attachment; filename=\"a_b\"; filename*=UTF-8''a%5Cb"),
            (
                "a\r\nX: y",
                "attachment; filename=\"a__X: y\"; filename*=UTF-8''a%0D%0AX%3A%20y",
            ),
        ] {
            assert_eq!(attachment(name), header, "{name}");
        }
    }
}
