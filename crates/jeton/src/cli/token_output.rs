//! A token in the forms in which it is asked for.

use std::{
    fmt::Write as _,
    fs::OpenOptions,
    io::{self, Write as _},
    path::Path,
};

use jeton_api::TokenResponse;
use jeton_domain::{Entropy, Secret};
use zeroize::Zeroizing;

use super::{
    CliError,
    output::{clean, permission_list, table},
};

/// Everything but the token.
pub(super) fn render(token: &TokenResponse) -> String {
    let mut rows = vec![
        ("grant", token.grant_id.to_string()),
        ("forge", token.forge.clone()),
        ("source", token.source.clone()),
        ("kind", token.token_kind.clone()),
        ("repositories", some_of(&token.repositories)),
    ];
    // A minted token has permissions; an account's has the scopes that it was made with, where its forge tells them.
    rows.extend(
        token
            .permissions
            .as_ref()
            .map(|held| ("permissions", permission_list(held))),
    );
    rows.extend(token.scopes.as_ref().map(|scopes| ("scopes", scopes.join(", "))));
    let what_ends = if token.permissions.is_some() {
        "ends"
    } else {
        "use until"
    };
    rows.push((what_ends, token.expires_at.clone()));
    rows.extend(token.token_expires_at.clone().map(|at| ("ends", at)));
    rows.push(("git user name", token.git_username.clone()));
    rows.extend(token.api_username.clone().map(|name| ("API user name", name)));
    rows.push(("fingerprint", token.fingerprint.clone()));
    rows.push((
        "token",
        "(use --format plain, json or env to print the token)".to_owned(),
    ));
    let rows = rows.into_iter().map(|(name, value)| [name.to_owned(), value]);
    table(["", ""], rows).trim_start().to_owned()
}

/// The first few, and how many more.
pub(super) fn some_of(names: &[String]) -> String {
    let shown = names.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(3) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The token and a line end, which `$(…)` takes away.
pub(super) fn plain(token: &TokenResponse) -> String {
    format!("{}\n", token.token.0.expose())
}

/// Lines that a shell can `eval`; with `set -a` before it, programs started later see them.
pub(super) fn env_lines(token: &TokenResponse) -> String {
    let secret = token.token.0.expose();
    let mut lines = String::new();
    let mut put = |name: &str, value: &str| {
        let _ = writeln!(lines, "{name}={}", shell_quoted(value));
    };
    let host = token.forge.as_str();
    if token.token_kind.starts_with("gitlab_") {
        put("GITLAB_TOKEN", secret);
        // Without it `glab` would show the token to gitlab.com.
        if host != "gitlab.com" {
            put("GITLAB_HOST", host);
        }
    } else if token.token_kind.starts_with("bitbucket_") {
        put("BITBUCKET_TOKEN", secret);
        if let Some(email) = &token.api_username {
            put("BITBUCKET_EMAIL", email);
            put("BITBUCKET_USERNAME", &token.git_username);
        }
    } else if token.permissions.is_some() || host == "github.com" {
        put("GITHUB_TOKEN", secret);
        put("GH_TOKEN", secret);
    } else if host.ends_with(".ghe.com") {
        put("GITHUB_TOKEN", secret);
        put("GH_TOKEN", secret);
        put("GH_HOST", host);
    } else {
        // `gh` sends the other two to github.com (<https://cli.github.com/manual/gh_help_environment>).
        put("GH_ENTERPRISE_TOKEN", secret);
        put("GITHUB_ENTERPRISE_TOKEN", secret);
        put("GH_HOST", host);
    }
    lines
}

/// As one word of a shell. Tokens need no quotes, so that the lines also fit files whose readers know no quotes.
pub(super) fn shell_quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'=' | b':' | b'@' | b'+');
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Has the runner of GitHub Actions hide a secret in its log from now on. It looks for its commands on standard error too, and there this one
/// stays its: what goes to standard output may be taken with `$(…)` or thrown away.
///
/// # Errors
/// When that cannot be written: the secret must go nowhere then.
pub(super) fn hide(secret: &Secret) -> Result<(), CliError> {
    let line = Zeroizing::new(mask(secret.expose()));
    let mut err = io::stderr().lock();
    let written = err.write_all(line.as_bytes()).and_then(|()| err.flush());
    written.map_err(|error| CliError::Io {
        what: "standard error cannot be written, by which the log is told to hide a secret".to_owned(),
        source: error,
    })
}

/// The command by which the runner of GitHub Actions hides a value.
fn mask(value: &str) -> String {
    // a line end would end the command and show the rest
    let value = value.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    format!("::add-mask::{value}\n")
}

/// Writes `token`, `expires_at` and `grant_id` to the file of `$GITHUB_OUTPUT`, and the user names of a token that is of no use
/// without.
pub(super) fn append(path: &Path, token: &TokenResponse, entropy: &dyn Entropy) -> Result<(), CliError> {
    let id = token.grant_id.to_string();
    let mut entries = vec![
        ("token", token.token.0.expose()),
        ("expires_at", &token.expires_at),
        ("grant_id", &id),
    ];
    if let Some(name) = &token.api_username {
        entries.push(("api_username", name));
        entries.push(("git_username", &token.git_username));
    }
    append_entries(path, &entries, entropy)
}

/// Writes outputs to the file of `$GITHUB_OUTPUT`.
pub(super) fn append_entries(path: &Path, entries: &[(&str, &str)], entropy: &dyn Entropy) -> Result<(), CliError> {
    let mut text = Zeroizing::new(String::new());
    for (name, value) in entries {
        text.push_str(&Zeroizing::new(output_entry(name, value, entropy)));
    }
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .map_err(|source| CliError::Io {
            what: clean(&format!(
                "the file of GITHUB_OUTPUT, {}, cannot be written",
                path.display()
            )),
            source,
        })
}

/// `name=value`; a value of several lines stands between two lines that nobody can guess, as GitHub's page "Workflow
/// commands" has it.
fn output_entry(name: &str, value: &str, entropy: &dyn Entropy) -> String {
    if !value.contains(['\n', '\r']) {
        return format!("{name}={value}\n");
    }
    let mut random = [0_u8; 16];
    entropy.fill(&mut random);
    let mark = format!("jeton_{:032x}", u128::from_be_bytes(random));
    format!("{name}<<{mark}\n{value}\n{mark}\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jeton_api::{Released, TokenResponse};
    use jeton_domain::{Entropy, Secret};
    use uuid::Uuid;

    use super::{append, env_lines, mask, output_entry, plain, render, shell_quoted, some_of};

    #[derive(Debug)]
    struct Sevens;
    impl Entropy for Sevens {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(7);
        }
    }

    fn token(text: &str) -> TokenResponse {
        TokenResponse {
            grant_id: Uuid::nil(),
            token: Released(Secret::new(text)),
            token_kind: "github_app_installation".to_owned(),
            forge: "github.com".to_owned(),
            source: "app:ci".to_owned(),
            repositories: vec!["acme/tools".to_owned()],
            permissions: Some(BTreeMap::from([("contents".to_owned(), "read".to_owned())])),
            scopes: None,
            token_expires_at: None,
            expires_at: "2026-01-01T00:00:00Z".to_owned(),
            git_username: "x-access-token".to_owned(),
            api_username: None,
            fingerprint: "ba7816bf8f01".to_owned(),
        }
    }

    #[test]
    fn the_table_shows_everything_but_the_token() {
        let text = render(&token("planted"));
        assert!(!text.contains("planted"), "{text}");
        for shown in [
            "acme/tools",
            "contents=read",
            "ba7816bf8f01",
            "app:ci",
            "--format plain",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
    }

    #[test]
    fn what_a_shell_reads_is_what_was_meant() {
        assert_eq!(plain(&token("abc")), "abc\n");
        assert_eq!(env_lines(&token("a.b-c_1")), "GITHUB_TOKEN=a.b-c_1\nGH_TOKEN=a.b-c_1\n");
        assert_eq!(shell_quoted("a'; rm -r x"), r"'a'\''; rm -r x'");
        assert_eq!(shell_quoted(""), "''");
    }

    fn of_account(kind: &str, forge: &str) -> TokenResponse {
        TokenResponse {
            token_kind: kind.to_owned(),
            forge: forge.to_owned(),
            source: "account:work".to_owned(),
            permissions: None,
            scopes: Some(vec!["repo".to_owned(), "read:org".to_owned()]),
            token_expires_at: Some("2026-12-04T00:00:00Z".to_owned()),
            ..token("abc")
        }
    }

    #[test]
    fn an_accounts_token_has_scopes_and_two_times() {
        let text = render(&of_account("github_classic", "github.com"));
        for shown in ["repo, read:org", "use until", "2026-12-04T00:00:00Z", "github_classic"] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(!text.contains("permissions") && !text.contains("abc"), "{text}");
    }

    #[test]
    fn each_forges_tools_find_their_token_and_show_it_to_no_other_forge() {
        for (kind, forge, want) in [
            ("github_classic", "github.com", "GITHUB_TOKEN=abc\nGH_TOKEN=abc\n"),
            (
                "github_oauth",
                "acme.ghe.com",
                "GITHUB_TOKEN=abc\nGH_TOKEN=abc\nGH_HOST=acme.ghe.com\n",
            ),
            (
                "github_fine_grained",
                "git.example.com",
                "GH_ENTERPRISE_TOKEN=abc\nGITHUB_ENTERPRISE_TOKEN=abc\nGH_HOST=git.example.com\n",
            ),
            ("gitlab_group", "gitlab.com", "GITLAB_TOKEN=abc\n"),
            (
                "gitlab_personal",
                "lab.example.com",
                "GITLAB_TOKEN=abc\nGITLAB_HOST=lab.example.com\n",
            ),
            ("bitbucket_repository", "bitbucket.org", "BITBUCKET_TOKEN=abc\n"),
        ] {
            assert_eq!(env_lines(&of_account(kind, forge)), want, "{kind} on {forge}");
        }
        let api_token = TokenResponse {
            api_username: Some("ada@example.com".to_owned()),
            git_username: "ada lovelace".to_owned(),
            ..of_account("bitbucket_api_token", "bitbucket.org")
        };
        assert_eq!(
            env_lines(&api_token),
            "BITBUCKET_TOKEN=abc\nBITBUCKET_EMAIL=ada@example.com\nBITBUCKET_USERNAME='ada lovelace'\n"
        );
    }

    #[test]
    fn actions_gets_a_mask_and_unforgeable_values() {
        assert_eq!(mask("a\nb"), "::add-mask::a%0Ab\n");
        assert_eq!(output_entry("token", "abc", &Sevens), "token=abc\n");
        let mark = format!("jeton_{}", "07".repeat(16));
        let entry = output_entry("token", "a\nb=c", &Sevens);
        assert_eq!(entry, format!("token<<{mark}\na\nb=c\n{mark}\n"));
    }

    #[test]
    fn the_output_file_is_added_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("out");
        std::fs::write(&path, "before=1\n").unwrap();
        append(&path, &token("abc"), &Sevens).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(
            text.starts_with("before=1\ntoken=abc\nexpires_at=2026-01-01T00:00:00Z\n"),
            "{text}"
        );
    }

    #[test]
    fn long_lists_are_cut() {
        let names: Vec<_> = (1..=5).map(|n| format!("acme/{n}")).collect();
        assert_eq!(some_of(&names), "acme/1, acme/2, acme/3 and 2 more");
        assert_eq!(some_of(&names[..1]), "acme/1");
    }
}
