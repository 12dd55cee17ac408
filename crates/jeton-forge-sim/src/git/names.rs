//! Names of references and paths, as git takes and writes them.

use std::io;

/// Whether git allows this as a reference (`git check-ref-format`), or as the end of one. What is allowed holds
/// nothing of git's language of revisions (`~`, `^`, `:`, `@{`), so that such a name means itself.
pub(super) fn is_reference(name: &str) -> bool {
    let bad = |c: char| c.is_ascii_control() || " ~^:?*[\\".contains(c);
    let bad_part =
        |part: &str| part.is_empty() || part.starts_with('.') || part.to_ascii_lowercase().ends_with(".lock");
    !name.chars().any(bad)
        && !name.contains("..")
        && !name.contains("@{")
        && name != "@"
        && !name.ends_with('.')
        && !name.split('/').any(bad_part)
}

/// Whether a path can be one of a file in a repository: nothing that git refuses, and nothing that leads out of it.
pub(super) fn is_path(path: &[u8]) -> bool {
    let bad = |part: &[u8]| matches!(part, b"" | b"." | b"..") || part.eq_ignore_ascii_case(b".git");
    !path.contains(&0) && !path.split(|b| *b == b'/').any(bad)
}

/// A path in the quotes of C, which is how `git fast-import` takes any byte.
pub(super) fn quoted(path: &[u8]) -> Vec<u8> {
    let mut text = vec![b'"'];
    for byte in path {
        match byte {
            b'"' | b'\\' => text.extend([b'\\', *byte]),
            b' '..=b'~' => text.push(*byte),
            _ => text.extend(format!("\\{byte:03o}").bytes()),
        }
    }
    text.push(b'"');
    text
}

/// A refusal of what a caller passed in.
pub(super) fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, what.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_may_be_strange_but_not_gits_language() {
        for good in [
            "main",
            "feature/x",
            "v1.0+build",
            "fix#12",
            "ümlaut",
            "a@b",
            "100%",
            "-x",
        ] {
            assert!(is_reference(good), "{good}");
        }
        for bad in [
            "", "a b", "a..b", "x.lock", ".x", "a/", "/a", "a//b", "main~1", "a^b", "a:b", "m@{0}", "@", "a.", "a\nb",
        ] {
            assert!(!is_reference(bad), "{bad}");
        }
    }

    #[test]
    fn every_byte_of_a_path_can_be_written() {
        assert_eq!(quoted(b"a \"b\"\\\n\xff"), b"\"a \\\"b\\\"\\\\\\012\\377\"");
        assert!(is_path("a b/ü#?%".as_bytes()) && is_path(b"\xff"));
        for bad in [&b""[..], b"/a", b"a//b", b"../a", b"a/.GIT/b", b"a\0b"] {
            assert!(!is_path(bad));
        }
    }
}
