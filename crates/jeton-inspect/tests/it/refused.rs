//! What is no token.

use jeton_domain::{Code, ForgeKind, Secret};
use jeton_inspect::{LONGEST, Wholeness, inspect, inspect_for_own};

use crate::{codes, look, look_for};

/// A text, and a word that what is said about it must have.
const REFUSED: &[(&str, &str)] = &[
    ("", "nothing"),
    (" \r\n\u{feff}", "nothing"),
    ("\"\"", "nothing"),
    ("GITHUB_TOKEN=", "no token after"),
    ("export GITLAB_TOKEN=\"\"", "no token after"),
    ("Authorization: Bearer", "no token after"),
    ("octocat", "user name"),
    ("@octocat", "user name"),
    ("ada-lovelace", "user name"),
    ("user name", "words"),
    ("ada@example.com", "e-mail"),
    ("mailto:ada@example.com", "e-mail"),
    ("https://github.com/acme/tools", "URL"),
    ("https://github.com/settings/tokens/123456", "URL"),
    ("https://octo@bitbucket.org/acme/tools.git", "URL"),
    ("git@github.com:acme/tools.git", "SSH address"),
    ("acme/tools", "repository"),
    ("~/.config/token", "file"),
    ("/run/secrets/github", "file"),
    ("C:\\Users\\ada\\token.txt", "file"),
    ("hunter2!", "password"),
    ("Tr0ub4dor&3", "password"),
    ("p4ssw0rd", "password"),
    ("octo-org-2024", "user name"),
    ("correct horse battery staple", "words"),
    ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA ada@laptop", "public SSH key"),
    ("SHA256:uNiVztksCsDhcc0u9e8BgrJXVGLbxyzabcdefghijkl", "fingerprint"),
    (
        "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "certificate",
    ),
    ("${{ secrets.GITHUB_TOKEN }}", "reference"),
    ("GITHUB_TOKEN: ${{ secrets.GITHUB_TOKEN }}", "reference"),
    ("$GITHUB_TOKEN", "reference"),
    ("\"${GITHUB_TOKEN}\"", "reference"),
    ("$(gh auth token)", "reference"),
    ("%GITHUB_TOKEN%", "reference"),
    ("Bearer $GITHUB_TOKEN", "reference"),
    ("op://vault/github/token", "reference"),
    ("{{ github_token }}", "reference"),
    ("process.env.GITHUB_TOKEN", "reference"),
    ("<your token>", "example"),
    ("<TOKEN>", "example"),
    ("YOUR_TOKEN_HERE", "example"),
    ("xxxxxxxxxxxxxxxx", "example"),
    ("changeme", "example"),
    ("...", "example"),
    (concat!("ghp_", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), "example"),
    ("ghp_XXXX", "example"),
    ("ghp_...", "example"),
    (concat!("glpat-", "xxxxxxxxxxxxxxxxxxxx"), "example"),
    ("github_pat_your_token_here", "example"),
    ("ATATT3xFfGF0...", "example"),
    ("***", "masked"),
    ("ghp_************************************", "masked"),
    ("gho_\u{2022}\u{2022}\u{2022}\u{2022}\u{2022}", "masked"),
    ("Token: gho_************************************", "masked"),
    ("[MASKED]", "masked"),
    ("_gitlab_session=0123456789abcdef0123456789abcdef", "cookie"),
    ("BBDC-MDEyMzQ1Njc4OTAxOg", "Data Center"),
    ("Iv1.0123456789abcdef", "client id"),
];

#[test]
fn what_is_no_token_is_told_in_plain_words() {
    for (text, word) in REFUSED {
        for expected in [
            None,
            Some(ForgeKind::GitHub),
            Some(ForgeKind::GitLab),
            Some(ForgeKind::Bitbucket),
        ] {
            let found = expected.map_or_else(|| look(text), |forge| look_for(text, forge));
            assert!(!found.usable(), "{text:?}");
            let finding = &found.findings[0];
            assert!(
                finding.words.contains(word),
                "{text:?} for {expected:?}: {}",
                finding.words
            );
            assert!(finding.remedy.ends_with(['.', ')']), "{text:?}: {}", finding.remedy);
        }
    }
}

#[test]
fn keys_of_other_services_are_named() {
    for (halves, service) in [
        (["AKIA", "IOSFODNN7EXAMPLE"], "Amazon"),
        (["xoxb-", "0123456789-abcdefghijkl"], "Slack"),
        (["npm_", "x7Kq2mNpZt9RwBv4Yc1zx7Kq2mNpZt9RwBv4"], "npm"),
        (["sk-", "proj-x7Kq2mNpZt9RwBv4Yc1z"], "OpenAI"),
        (["sk-ant-", "api03-x7Kq2mNpZt9RwBv4Yc1z"], "Anthropic"),
        (["hvs.", "x7Kq2mNpZt9RwBv4Yc1z"], "Vault"),
        (["dckr_pat_", "x7Kq2mNpZt9RwBv4Yc1z"], "Docker"),
    ] {
        for expected in [ForgeKind::GitHub, ForgeKind::GitLab, ForgeKind::Bitbucket] {
            let found = look_for(&format!("TOKEN={}", halves.concat()), expected);
            assert_eq!(codes(&found), [Code::CredentialNotAToken]);
            assert!(found.findings[0].words.contains(service), "{:?}", found.findings);
        }
    }
}

#[test]
fn keys_of_our_own_and_of_machines_are_told() {
    let own = look(&["jtn_", &"x7Kq2mNp".repeat(5)].concat());
    assert_eq!(codes(&own), [Code::CredentialWrongKind]);
    assert!(own.findings[0].words.contains("jeton"));
    for kind in ["RSA PRIVATE", "OPENSSH PRIVATE", "PRIVATE"] {
        let pem = look(&format!(
            "-----BEGIN {kind} KEY-----\nMIIabc\n-----END {kind} KEY-----\n"
        ));
        assert!(pem.findings[0].words.contains("private key") && pem.findings[0].remedy.contains("jeton app add"));
    }
    let jwt = look(&["eyJhbGciOiJSUzI1NiJ9", "eyJpc3MiOiIxMjM0NSJ9", "c2ln"].join("."));
    assert_eq!(codes(&jwt), [Code::CredentialWrongKind]);
}

#[test]
fn a_token_in_base64_is_told_and_not_guessed_at() {
    // `ghp_` and `octo:ghp_`, with more of the same behind
    for start in ["Z2hwX0FiM0Fi", "b2N0bzpnaHBf"] {
        for end in [
            "M0FiM0FiM0FiM0FiM0Fi",
            "M0FiM0FiM0FiM0FiM0FiMw==",
            "M0FiM0Fi\nM0FiM0FiMw==",
        ] {
            let text = [start, end].concat();
            for found in [look(&text), look_for(&text, ForgeKind::GitLab)] {
                assert_eq!(codes(&found), [Code::CredentialNotAToken], "{text}");
                let finding = &found.findings[0];
                assert!(
                    finding.words.contains("base64") && finding.remedy.contains("base64 -d"),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn whose_gitlab_has_another_prefix_is_told_how_to_say_so() {
    let text = ["acme-token-", "x7Kq2mNpZt9RwBv4Yc1z"].concat();
    let found = look(&text);
    assert!(
        !found.usable() && found.findings[0].remedy.contains("--forge gitlab"),
        "{:?}",
        found.findings
    );
    assert!(look_for(&text, ForgeKind::GitLab).usable());
}

#[test]
fn a_long_text_is_refused_unread() {
    let found = look(&"x".repeat(LONGEST + 1));
    assert!(found.token.is_empty() && found.wholeness == Wholeness::Unknown && !found.usable());
    let most = look(&" ".repeat(LONGEST));
    assert!(!most.usable());
}

#[test]
fn whoever_has_a_forge_of_their_own_is_not_sent_to_the_public_one() {
    let of_a_job = ["ghs_", &"a1B2".repeat(9)].concat();
    let hex = "0123456789abcdef".repeat(3)[..40].to_owned();
    for text in ["octocat", "hunter2!", of_a_job.as_str(), hex.as_str()] {
        for forge in [Some(ForgeKind::GitHub), Some(ForgeKind::GitLab), None] {
            let remedies = |found: jeton_inspect::Inspection| {
                let remedies: Vec<String> = found.findings.into_iter().map(|finding| finding.remedy).collect();
                remedies.join(" ")
            };
            let pasted = Secret::new(text);
            let own = remedies(inspect_for_own(&pasted, forge));
            let of_other_forges = forge == Some(ForgeKind::GitLab) && text != "octocat" && text != "hunter2!";
            assert!(!own.contains("https://") || of_other_forges, "{text}, {forge:?}: {own}");
            if text == "octocat" {
                assert!(remedies(inspect(&pasted, forge)).contains("https://"), "{forge:?}");
            }
        }
    }
}
