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
        ("acme/**", "acme/x", true),
        ("acme/**", "ACME/x/y/z", true),
        ("acme/**", "acme/*", true),
        ("acme/**", "acme/*/*/*", true),
        ("acme/**", "acme", false),
        ("acme/**", "acme/", false),
        ("acme/**", "acme//x", false),
        ("acme/**", "acme/x/", false),
        ("acme/**", "acme-evil/x", false),
        ("acme/**", "evil/acme/x", false),
        ("acme/web/**", "acme/web/x", true),
        ("acme/web/**", "acme/web", false),
        ("acme/web/**", "acme/x/web/y", false),
        ("acme/*-web/**", "acme/a-web/x/y", true),
        ("acme/*-web/**", "acme/a/x-web/y", false),
        ("*/**", "acme/x/y", true),
        ("*/**", "*/*/*", true),
        ("acme/**", "acme/**", true),
        ("*/**", "acme/**", true),
        ("acme/web/**", "acme/**", false),
        ("acme/*", "acme/**", false),
        ("*/*", "acme/**", false),
        ("*/**", "acme", false),
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
        ("**", "`acme/**`"),
        ("**/x", "`acme/**`"),
        ("acme/**/x", "`acme/**`"),
        ("acme/**/**", "`acme/**`"),
        ("acme/x**", "`acme/**`"),
        ("acme/***", "`acme/**`"),
        ("/**", "`acme/tools`"),
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

/// The same with `**` as the last part.
fn naive_below(above: &[u8], text: &[u8]) -> bool {
    let ends = (0..text.len()).filter(|end| text[*end] == b'/');
    let below = |end: usize| text[end + 1..].split(|byte| *byte == b'/').all(|part| !part.is_empty());
    ends.into_iter()
        .any(|end| below(end) && naive(above, &text[..end], b"/"))
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
        let expected = naive(pattern.as_bytes(), lower.as_bytes(), b"/") && !text.ends_with("/**");
        prop_assert_eq!(repositories(&pattern).matches(&text), expected);
    }

    #[test]
    fn all_below_matches_as_documented(above in "[ab*]{1,4}(/[ab*]{1,3}){0,2}", text in "[abA*]{0,2}(/[abA*]{0,2}){0,4}") {
        let above = single_stars(above);
        let lower = text.to_ascii_lowercase();
        let glob = repositories(&format!("{above}/**"));
        prop_assert_eq!(glob.matches(&text), naive_below(above.as_bytes(), lower.as_bytes()));
        prop_assert!(!glob.matches(&text) || (lower.starts_with(glob.prefix()) && !glob.is_exact()));
    }
}
