//! A token in the forms in which it is asked for.

use std::{fs::OpenOptions, io::Write as _, path::Path};

use jeton_api::TokenResponse;
use jeton_domain::{Entropy, Secret};

use super::{
    CliError,
    output::{clean, table},
};

/// Everything but the token.
pub(super) fn render(token: &TokenResponse) -> String {
    let permissions: Vec<_> = token
        .permissions
        .iter()
        .map(|(name, level)| format!("{name}={level}"))
        .collect();
    let rows = [
        ("grant", token.grant_id.to_string()),
        ("forge", token.forge.clone()),
        ("source", token.source.clone()),
        ("repositories", some_of(&token.repositories)),
        ("permissions", permissions.join(",")),
        ("ends", token.expires_at.clone()),
        ("git user name", token.git_username.clone()),
        ("fingerprint", token.fingerprint.clone()),
        (
            "token",
            "(use --format plain, json or env to print the token)".to_owned(),
        ),
    ];
    table(["", ""], rows.map(|(name, value)| [name.to_owned(), value]))
        .trim_start()
        .to_owned()
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
    let value = shell_quoted(token.token.0.expose());
    format!("GITHUB_TOKEN={value}\nGH_TOKEN={value}\n")
}

/// As one word of a shell. Tokens need no quotes, so that the lines also fit files whose readers know no quotes.
fn shell_quoted(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/' | b'=' | b':' | b'@' | b'+');
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Has the runner of GitHub Actions hide the token in its log.
pub(super) fn mask_line(token: &TokenResponse) -> String {
    // a line end would end the command and show the rest
    let value = token
        .token
        .0
        .expose()
        .replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A");
    format!("::add-mask::{value}\n")
}

/// Writes `token` and `expires_at` to the file of `$GITHUB_OUTPUT`.
pub(super) fn append(path: &Path, token: &TokenResponse, entropy: &dyn Entropy) -> Result<(), CliError> {
    let mut text = output_entry("token", token.token.0.expose(), entropy);
    text.push_str(&output_entry("expires_at", &token.expires_at, entropy));
    text.push_str(&output_entry("grant_id", &token.grant_id.to_string(), entropy));
    let text = Secret::new(text);
    let mut options = OpenOptions::new();
    let file = options.append(true).create(true).open(path);
    file.and_then(|mut file| file.write_all(text.expose().as_bytes()))
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

    use super::{append, env_lines, mask_line, output_entry, plain, render, shell_quoted, some_of};

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
            permissions: BTreeMap::from([("contents".to_owned(), "read".to_owned())]),
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

    #[test]
    fn actions_gets_a_mask_and_unforgeable_values() {
        assert_eq!(mask_line(&token("a\nb")), "::add-mask::a%0Ab\n");
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
