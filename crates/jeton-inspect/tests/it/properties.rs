use jeton_domain::{ForgeKind, Secret};
use jeton_inspect::{Inspection, Wholeness, checksum, inspect};
use proptest::prelude::*;

use crate::{look, samples};

fn forges() -> impl Strategy<Value = Option<ForgeKind>> {
    prop_oneof![
        Just(None),
        Just(Some(ForgeKind::GitHub)),
        Just(Some(ForgeKind::GitLab)),
        Just(Some(ForgeKind::Bitbucket)),
    ]
}

/// Texts near the edges: pieces of tokens, of decorations and of anything.
fn texts() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        Just("ghp_".to_owned()),
        Just("github_pat_".to_owned()),
        Just("glpat-".to_owned()),
        Just("ATATT3".to_owned()),
        Just(".01.".to_owned()),
        Just("Bearer ".to_owned()),
        Just("TOKEN=".to_owned()),
        Just("https://".to_owned()),
        Just("@".to_owned()),
        Just("\"".to_owned()),
        Just("%3D".to_owned()),
        Just("\u{200b}".to_owned()),
        Just("é".to_owned()),
        "[A-Za-z0-9]{1,40}",
        "\\PC{0,8}",
        Just("\n".to_owned()),
    ];
    prop::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// No six characters in a row of the body stand in any finding, nor its length.
fn tells_nothing_of(body: &str, found: &Inspection) -> bool {
    let words: Vec<_> = found
        .findings
        .iter()
        .flat_map(|f| [f.words.as_str(), f.remedy.as_str()])
        .collect();
    let words = words.join(
        "
",
    );
    let bytes: Vec<char> = body.chars().collect();
    bytes
        .windows(6)
        .all(|window| !words.contains(&window.iter().collect::<String>()))
        && !format!("{found:?}").contains(body)
}

proptest! {
    #[test]
    fn it_never_panics(text in texts(), forge in forges()) {
        let found = inspect(&Secret::new(text), forge);
        prop_assert!(found.kind.is_some() || !found.usable());
        prop_assert!(found.kind.map(jeton_domain::CredentialKind::forge) == found.forge);
        prop_assert!(found.findings.is_sorted_by(|a, b| a.severity >= b.severity));
    }

    #[test]
    fn what_is_left_is_left_alone(text in texts(), forge in forges()) {
        let once = inspect(&Secret::new(text), forge);
        if once.usable() {
            let twice = inspect(&once.token, forge);
            prop_assert_eq!(twice.token.expose(), once.token.expose());
            prop_assert_eq!(twice.kind, once.kind);
            prop_assert!(twice.usable());
        }
    }

    #[test]
    fn any_change_of_a_character_is_found(
        body in "[A-Za-z0-9]{30}", prefix in "gh[po]", at in 4_usize..40, other in any::<char>(), forge in forges(),
    ) {
        let token = samples::classic(&prefix, &body);
        prop_assert_eq!(look(&token).wholeness, Wholeness::Whole);
        let mut changed: Vec<char> = token.chars().collect();
        prop_assume!(changed[at] != other);
        changed[at] = other;
        let found = inspect(&Secret::new(changed.into_iter().collect::<String>()), forge);
        prop_assert!(!found.usable());
    }

    #[test]
    fn any_change_of_a_routable_token_is_found(
        random in "[A-Za-z0-9_-]{20}", prefix in prop_oneof![Just("glpat-"), Just("acme-glpat-")], at in 0_usize..40, other in "[A-Za-z0-9._ \"=;:\n-]",
    ) {
        // 16 random bytes in front; `o:1` and its length behind them
        let rest = format!("{prefix}{random}AhbzoxAw.01.0s");
        let token = format!("{rest}{}", checksum::gitlab_routable(&rest));
        let mut changed: Vec<char> = token.chars().collect();
        let other = other.chars().next().unwrap();
        let at = at.min(changed.len() - 1) + prefix.len() - 6;
        prop_assume!(at < changed.len() && changed[at] != other);
        changed[at] = other;
        let changed: String = changed.into_iter().collect();
        for forge in [None, Some(ForgeKind::GitLab)] {
            let found = inspect(&Secret::new(changed.as_str()), forge);
            // capitals in the prefix are put right
            prop_assert!(!found.usable() || found.token.expose() == token, "{changed:?}");
        }
    }

    #[test]
    fn findings_show_nothing_of_the_body(
        body in "[A-Za-z0-9]{20,60}",
        around in prop_oneof![
            Just("@@"), Just("ghp_@@"), Just("GITHUB_TOKEN=ghp_@@;"), Just("glpat-@@"), Just("glpat-@@.01.000000000"), Just("github_pat_@@"),
            Just("ATATT3@@=00000000"), Just("ghs_@@"), Just("glcbt-@@"), Just("AKIA@@"), Just("https://me:@@@host/x"), Just("jtn_@@"), Just("x @@ y"),
        ],
        forge in forges(),
    ) {
        let found = inspect(&Secret::new(around.replace("@@", &body)), forge);
        prop_assert!(tells_nothing_of(&body, &found));
    }
}

#[test]
fn the_longest_text_is_no_trouble() {
    for piece in [
        "ghp_ ", "=glpat-", "\"(", "a-gl", "%3D", "A: ", "\n.", "{ghp_", "https://",
    ] {
        let text = piece.repeat(jeton_inspect::LONGEST / piece.len());
        for forge in [None, Some(ForgeKind::GitLab)] {
            assert!(!inspect(&Secret::new(text.as_str()), forge).usable(), "{piece}");
        }
    }
}
