use std::fmt;

use crate::{error::Objection, set::SourceBeginning};

/// What a glob is over: it decides what `*` does not cross, and whether case counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Over {
    /// `owner/name`: `*` stops at `/`; ASCII case does not count, as it does not on any forge.
    Repositories,
    /// Claims, names and sources: `*` stops at `/` and `:`; case counts.
    Words,
}

/// A text in which `*` stands for any number of characters, of one part only.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    /// As compared: in lower case where case does not count.
    pattern: Box<str>,
    over: Over,
    /// Where the first `*` is.
    star: Option<usize>,
}

impl Glob {
    pub(crate) fn words(text: &str) -> Result<Self, Objection> {
        if text.contains("**") {
            return Err(Objection {
                message: "`**` is not known, and `*` never crosses a `/` or a `:`".to_owned(),
                remedy: "Write one `*` for each part, as in `repo:acme/*:ref:refs/heads/*`.".to_owned(),
            });
        }
        Ok(Self::new(text.to_owned(), Over::Words))
    }

    pub(crate) fn repositories(text: &str) -> Result<Self, Objection> {
        let refuse = |message: String, remedy: &str| {
            Err(Objection {
                message,
                remedy: remedy.to_owned(),
            })
        };
        if text.contains("**") {
            return refuse(
                "`**` is not known, and `*` never crosses a `/`".to_owned(),
                "Write `acme/*` for every repository of acme, and `acme/*/*` as well for those in its groups.",
            );
        }
        if let Some(odd) = text
            .chars()
            .find(|c| matches!(c, '?' | '[' | ']' | '{' | '}' | '\\' | '!'))
        {
            return refuse(
                format!("`{odd}` is not a glob here"),
                "Only `*` stands for other characters. Write one entry for each name.",
            );
        }
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return refuse(
                "no repository's name has white space in it".to_owned(),
                "Write it as `acme/tools`.",
            );
        }
        if text.split('/').count() < 2 || text.split('/').any(str::is_empty) {
            return refuse(
                "a repository is `owner/name`".to_owned(),
                "Write `acme/tools` for one repository, `acme/*` for every one of an owner, `*/*` for all.",
            );
        }
        Ok(Self::new(text.to_ascii_lowercase(), Over::Repositories))
    }

    /// What all that it matches begins with; as compared.
    pub(crate) fn beginning(&self) -> SourceBeginning<'_> {
        SourceBeginning {
            text: &self.pattern[..self.star.unwrap_or(self.pattern.len())],
            is_whole: self.star.is_none(),
        }
    }

    fn new(pattern: String, over: Over) -> Self {
        let star = pattern.find('*');
        Self {
            pattern: pattern.into(),
            over,
            star,
        }
    }

    /// Whether it stands for one text alone.
    pub(crate) fn is_exact(&self) -> bool {
        self.star.is_none()
    }

    /// What every text that matches begins with, as compared.
    pub(crate) fn prefix(&self) -> &str {
        &self.pattern[..self.star.unwrap_or(self.pattern.len())]
    }

    pub(crate) fn matches(&self, text: &str) -> bool {
        let (pattern, text) = (self.pattern.as_bytes(), text.as_bytes());
        let fold = self.over == Over::Repositories;
        let (mut p, mut t) = (0, 0);
        // Going back to the last `*` alone is enough: what an earlier one could take more of has no separator in it, so
        // the last one can take it just as well.
        let mut last_star: Option<(usize, usize)> = None;
        while t < text.len() {
            let here = if fold { text[t].to_ascii_lowercase() } else { text[t] };
            match pattern.get(p) {
                Some(b'*') => {
                    p += 1;
                    last_star = Some((p, t));
                }
                Some(&wanted) if wanted == here => {
                    p += 1;
                    t += 1;
                }
                _ => match last_star {
                    Some((after, from)) if !self.stops_at(text[from]) => {
                        last_star = Some((after, from + 1));
                        (p, t) = (after, from + 1);
                    }
                    _ => return false,
                },
            }
        }
        pattern[p..].iter().all(|byte| *byte == b'*')
    }

    fn stops_at(&self, byte: u8) -> bool {
        byte == b'/' || (self.over == Over::Words && byte == b':')
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.pattern)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({})", self.pattern)
    }
}

/// `` `a`, `b` or `c` ``, for messages.
pub(crate) fn any_of<T: fmt::Display>(words: &[T]) -> String {
    let quoted: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    match quoted.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] if first.len() < 5 => format!("{} or {last}", first.join(", ")),
        many => format!("{} or one of {} more", many[..4].join(", "), many.len() - 4),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Glob, any_of};

    fn repositories(pattern: &str) -> Glob {
        Glob::repositories(pattern).unwrap_or_else(|objection| panic!("{pattern}: {}", objection.message))
    }

    fn words(pattern: &str) -> Glob {
        Glob::words(pattern).unwrap_or_else(|objection| panic!("{pattern}: {}", objection.message))
    }

    #[test]
    fn repositories_match_part_by_part() {
        for (pattern, text, expected) in [
            ("acme/tools", "acme/tools", true),
            ("acme/tools", "ACME/Tools", true),
            ("Acme/TOOLS", "acme/tools", true),
            ("acme/tools", "acme/tools2", false),
            ("acme/tools", "acme/tool", false),
            ("acme/*", "acme/tools", true),
            ("acme/*", "acme/tools/x", false),
            ("acme/*", "acme/x/y", false),
            ("acme/*", "acme-evil/x", false),
            ("acme/*", "evil/acme/x", false),
            ("acme/*", "xacme/x", false),
            ("acme*/x", "acme-evil/x", true),
            ("acme*/x", "acme/x", true),
            ("acme/web-*", "acme/web-shop", true),
            ("acme/web-*", "acme/web-", true),
            ("acme/web-*", "acme/web", false),
            ("acme/*-web", "acme/a-web-web", true),
            ("acme/*a*a*", "acme/banana", true),
            ("acme/*a*a*a*a", "acme/banana", false),
            ("*/*", "acme/x", true),
            ("*/*", "acme/x/y", false),
            ("*/*", "acme", false),
            ("acme/*/*", "acme/group/x", true),
            ("acme/*/*", "acme/x", false),
            ("acme/*", "acme/", true),
            ("acme/*", "", false),
            // Cyrillic `а`, a fullwidth solidus, a Kelvin sign, a dotless i: none of them is what it looks like.
            ("acme/*", "\u{430}cme/x", false),
            ("acme/*", "acme\u{ff0f}x", false),
            ("acme/kit", "acme/\u{212a}it", false),
            ("acme/ikit", "acme/\u{131}kit", false),
            ("acme/*", "acme/ü𝕏", true),
            ("acme/*", "acme/x\0y", true),
        ] {
            assert_eq!(repositories(pattern).matches(text), expected, "{pattern} {text:?}");
        }
    }

    #[test]
    fn words_stop_at_colons_too_and_know_case() {
        let classic = "repo:acme/tools:ref:refs/heads/main";
        let immutable = "repo:acme@123/tools@456:ref:refs/heads/main";
        for (pattern, text, expected) in [
            ("repo:acme/tools:ref:refs/heads/main", classic, true),
            ("repo:acme/*:ref:refs/heads/main", classic, true),
            ("repo:acme/*:ref:refs/heads/*", classic, true),
            ("repo:acme/*:*", classic, false),
            ("repo:acme/*", classic, false),
            ("repo:*", classic, false),
            ("*", classic, false),
            ("repo:acme/*:ref:refs/heads/main", immutable, false),
            ("repo:acme@123/*@456:ref:refs/heads/main", immutable, true),
            ("repo:acme@123/tools@*:ref:refs/heads/*", immutable, true),
            (
                "repo:acme@*/tools@*:ref:refs/heads/*",
                "repo:acme@9/tools@1:ref:refs/heads/main",
                true,
            ),
            (
                "repo:acme/*:ref:refs/heads/main",
                "repo:acme-evil/x:ref:refs/heads/main",
                false,
            ),
            // What cannot be in a name, but can be in a branch's.
            (
                "repo:acme/*:ref:refs/heads/main",
                "repo:evil/x:ref:refs/heads/repo:acme/x:ref:refs/heads/main",
                false,
            ),
            ("refs/heads/*", "refs/heads/feature/x", false),
            ("refs/heads/*", "refs/heads/x", true),
            ("Repo", "repo", false),
            ("", "", true),
            ("", "x", false),
            ("*", "", true),
            ("ci-*", "ci-", true),
            ("ci-*", "ci", false),
            ("a?c", "abc", false),
            ("a[bc]", "ab", false),
            ("a[bc]", "a[bc]", true),
        ] {
            assert_eq!(words(pattern).matches(text), expected, "{pattern} {text:?}");
        }
    }

    #[test]
    fn what_is_no_glob_says_what_to_write() {
        for (pattern, words) in [
            ("**", "`acme/*`"),
            ("acme/**", "`acme/*/*`"),
            ("acme/?", "Only `*`"),
            ("acme/[ab]", "Only `*`"),
            ("acme/{a,b}", "one entry for each"),
            ("acme", "`acme/*`"),
            ("*", "`*/*`"),
            ("", "`acme/tools`"),
            ("/x", "`acme/tools`"),
            ("acme/", "`acme/tools`"),
            ("acme//x", "`acme/tools`"),
            ("acme/ x", "`acme/tools`"),
            ("acme/x\n", "`acme/tools`"),
        ] {
            let objection = Glob::repositories(pattern).expect_err(pattern);
            assert!(objection.remedy.contains(words), "{pattern:?}: {}", objection.remedy);
        }
        assert!(Glob::words("repo:acme/**").is_err());
    }

    #[test]
    fn lists_read_well() {
        assert_eq!(any_of(&["a"]), "`a`");
        assert_eq!(any_of(&["a", "b", "c"]), "`a`, `b` or `c`");
        assert_eq!(any_of(&[1, 2, 3, 4, 5, 6, 7, 8]), "`1`, `2`, `3`, `4` or one of 4 more");
    }

    /// As the words of the documentation say it, with no thought of speed.
    fn naive(pattern: &[u8], text: &[u8], stops: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) if naive(rest, text, stops) => true,
            (Some((b'*', _)), Some((byte, text))) => !stops.contains(byte) && naive(pattern, text, stops),
            (Some((wanted, rest)), Some((byte, text))) => wanted == byte && naive(rest, text, stops),
            _ => false,
        }
    }

    fn single_stars(mut pattern: String) -> String {
        while pattern.contains("**") {
            pattern = pattern.replace("**", "*");
        }
        pattern
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4_000))]

        #[test]
        fn words_match_as_documented(pattern in "[ab*/:]{0,8}", text in "[ab*/:]{0,10}") {
            let pattern = single_stars(pattern);
            let glob = words(&pattern);
            prop_assert_eq!(glob.matches(&text), naive(pattern.as_bytes(), text.as_bytes(), b"/:"));
            prop_assert!(!glob.matches(&text) || text.starts_with(glob.prefix()));
        }

        #[test]
        fn repositories_match_as_documented(pattern in "[ab*]{1,4}(/[ab*]{1,4}){1,2}", text in "[abAB*/:]{0,10}") {
            let pattern = single_stars(pattern);
            let lower = text.to_ascii_lowercase();
            let expected = naive(pattern.as_bytes(), lower.as_bytes(), b"/");
            prop_assert_eq!(repositories(&pattern).matches(&text), expected);
        }
    }
}
