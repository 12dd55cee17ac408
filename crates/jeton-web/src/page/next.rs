/// Longer paths are not remembered while somebody signs in.
const LONGEST: usize = 500;

/// Where to go after signing in, when it is a path of this server; anything that a browser could read as another server's
/// address is not.
///
/// Browsers read `\` as `/`, leave out tabs and line ends, and take `//host` for a host (WHATWG URL).
pub(super) fn safe(next: &str) -> Option<&str> {
    let is_path = next.starts_with('/') && !next.starts_with("//");
    let is_plain = next.bytes().all(|b| b.is_ascii_graphic() && b != b'\\');
    (is_path && is_plain && next.len() <= LONGEST).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::safe;

    #[test]
    fn only_paths_of_this_server_are_followed() {
        for fine in [
            "/",
            "/docs",
            "/docs#error-internal",
            "/a/b?c=d&e=//f",
            "/%2F%2Fevil.example",
        ] {
            assert_eq!(safe(fine), Some(fine));
        }
        for bad in [
            "",
            "docs",
            "//evil.example",
            "///evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "/\t/evil.example",
            "/\n/evil.example",
            " /docs",
            "https://evil.example",
            "javascript:alert(1)",
            "/docs\r\nSet-Cookie: x=y",
            "/d\u{f6}cs",
        ] {
            assert_eq!(safe(bad), None, "{bad:?}");
        }
        assert_eq!(safe(&format!("/{}", "a".repeat(500))), None);
    }
}
