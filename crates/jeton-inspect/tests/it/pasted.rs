//! Tokens with what people paste around them.

use jeton_domain::{Code, CredentialKind};
use jeton_inspect::{Severity, Wholeness};

use crate::{codes, look, samples};

/// What stands around a token, with `@@` in its place.
const AROUND: &[&str] = &[
    " @@ ",
    "@@\n",
    "\r\n@@\r\n",
    "\t@@",
    "\u{a0}@@\u{2003}",
    "\u{feff}@@",
    "@@\u{200b}",
    "\u{1b}[200~@@\u{1b}[201~",
    "\"@@\"",
    "'@@'",
    "`@@`",
    "```\n@@\n```",
    "\u{201c}@@\u{201d}",
    "\u{201e}@@\u{201c}",
    "\u{ab}@@\u{bb}",
    "\u{2018}@@\u{2019}",
    "<@@>",
    "(@@)",
    "@@;",
    "@@,",
    "@@.",
    "@@%",
    "@@\\n",
    "\"@@",
    "@@'",
    "Bearer @@",
    "bearer  @@",
    "token @@",
    "Authorization: Bearer @@",
    "Authorization: token @@",
    "authorization:Bearer @@",
    "PRIVATE-TOKEN: @@",
    "--header \"PRIVATE-TOKEN: @@\"",
    "-H 'Authorization: Bearer @@'",
    "export GITHUB_TOKEN=@@",
    "export GITHUB_TOKEN=\"@@\";",
    "$ export GITHUB_TOKEN='@@'",
    "GITHUB_TOKEN=@@",
    "GITLAB_TOKEN = @@",
    "set GITHUB_TOKEN=@@",
    "$env:GITHUB_TOKEN = \"@@\"",
    "_authToken=@@",
    "//npm.pkg.github.com/:_authToken=@@",
    "    oauth_token: @@",
    "github.com:\n    users:\n        octo:\n            oauth_token: @@\n    git_protocol: https\n    user: octo\n",
    "{\"token\": \"@@\"}",
    "{\"id\":7,\"token\":\"@@\",\"scopes\":[\"repo\"]}",
    "{\n  \"access_token\": \"@@\",\n  \"token_type\": \"bearer\"\n}",
    "https://octo:@@@github.com/acme/tools.git",
    "https://octo:@@@github.com",
    "https://@@@github.com/acme/tools.git",
    "https://@@:x-oauth-basic@github.com/acme/tools.git",
    "git clone https://oauth2:@@@gitlab.com/acme/tools.git",
    "url = https://octo:@@@github.com/acme/tools.git",
    "https://gitlab.com/api/v4/user?private_token=@@",
    "https://gitlab.com/api/v4/user?private_token=@@&page=2",
    "machine github.com login octo password @@",
    "protocol=https\nhost=github.com\nusername=octo\npassword=@@\n",
    "octo@example.com:@@",
    "curl -H \"Authorization: Bearer @@\" https://api.github.com/user",
    "my token is @@, keep it safe",
    "@@ # for the pipeline",
    "- @@",
    "{@@",
];

#[test]
fn what_stands_around_a_token_is_left_out_and_told() {
    for token in samples::proved() {
        for around in AROUND {
            let found = look(&around.replace("@@", &token));
            assert_eq!(found.token.expose(), token, "{around:?}");
            assert!(found.usable(), "{around:?}: {:?}", found.findings);
            assert!(found.has(Code::CredentialDecorated), "{around:?}");
            assert!(found.kind == look(&token).kind && found.wholeness == look(&token).wholeness);
        }
    }
}

#[test]
fn a_token_without_a_checksum_is_unwrapped_as_well() {
    let token = samples::legacy_gitlab();
    for around in AROUND {
        let found = look(&around.replace("@@", &token));
        assert_eq!(found.token.expose(), token, "{around:?}");
        assert!(found.usable(), "{around:?}: {:?}", found.findings);
    }
}

#[test]
fn layers_lie_on_each_other() {
    let token = samples::routable("glpat-");
    for outer in ["\u{feff}@@\r\n", "\"@@\"", "  @@;  "] {
        for around in AROUND {
            let text = outer.replace("@@", &around.replace("@@", &token));
            assert_eq!(look(&text).token.expose(), token, "{text:?}");
        }
    }
}

#[test]
fn a_header_in_base64_is_read() {
    // `octo:` and the token
    let token = samples::classic("ghp", &["EXAMPLEsynthe", "ticTokenNumber001"].concat());
    assert!(token.ends_with("1Hpc2q"));
    let encoded = ["b2N0bzpnaHBfRVhBTVBMRXN5bnRoZ", "XRpY1Rva2VuTnVtYmVyMDAxMUhwYzJx"].concat();
    for text in [format!("Basic {encoded}"), format!("Authorization: Basic {encoded}")] {
        let found = look(&text);
        assert_eq!(found.token.expose(), token);
        assert!(found.findings.iter().any(|finding| finding.words.contains("Basic")));
    }
}

#[test]
fn a_line_break_inside_is_joined_only_when_the_check_is_right() {
    for token in samples::proved() {
        for gap in ["\n", "\r\n", " ", "\n    ", "\\\n", "\n> "] {
            let (front, back) = token.split_at(token.len() / 2);
            let found = look(&format!("{front}{gap}{back}"));
            if gap == "\n> " {
                assert!(!found.usable());
                continue;
            }
            assert_eq!(found.token.expose(), token, "{gap:?}");
            assert_eq!(codes(&found), [Code::CredentialDecorated], "{gap:?}");
            assert_eq!(found.findings[0].severity, Severity::Warning);
            let changed = format!("{}{gap}{back}", front.replace('E', "F"));
            assert!(token.starts_with("AT") || token.starts_with("github_pat_") || !look(&changed).usable());
        }
    }
    // nothing confirms that these two lines belong together
    let legacy = samples::legacy_gitlab();
    let (front, back) = legacy.split_at(14);
    let found = look(&format!("{front}\n{back}"));
    assert_eq!(
        (codes(&found), found.wholeness),
        (vec![Code::CredentialDamaged], Wholeness::Damaged)
    );
    assert!(found.findings[0].words.contains("line break"));
}

#[test]
fn small_slips_are_put_right_or_told() {
    let classic = samples::classic("ghp", &"Ab3".repeat(10));
    let capital = look(&classic.replacen("ghp", "Ghp", 1));
    assert!(capital.usable() && capital.token.expose() == classic);
    for token in samples::proved() {
        for times in [2, 3] {
            let twice = look(&token.repeat(times));
            assert!(twice.usable() && twice.token.expose() == token);
            assert_eq!(codes(&twice), [Code::CredentialDecorated]);
        }
    }
    let gitlab = samples::routable("glpat-");
    let dash = look(&gitlab.replacen('-', "\u{2013}", 1));
    assert!(dash.usable() && dash.token.expose() == gitlab);
    let several = look(&format!("{classic}\n{}", samples::classic("ghp", &"Cd4".repeat(10))));
    assert!(!several.usable() && several.findings[0].words.contains("several"));
    let front = look(&gitlab[3..]);
    assert_eq!(
        (front.kind, front.wholeness),
        (Some(CredentialKind::GitLabPersonal), Wholeness::Damaged)
    );
}
