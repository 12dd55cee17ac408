//! Where a command gets a token from: never from its arguments, which everybody on the machine can read.

use std::iter;

use jeton_domain::{Code, ForgeKind, Secret};
use jeton_inspect::{Certainty, Severity, inspect};

use super::{
    CliError, Context,
    args_account::AccountCommand,
    args_account_parts::TokenFrom,
    error::Told,
    inspect::{in_arguments, read_token, token_in},
};
use crate::config::read_file;

/// Says how to give a token, when an argument holds one.
const WAY: &str = "Give the token on standard input, with --token-file or --token-env, or run the command alone and paste it when asked.";

/// Reads the token from where it is said to be, from standard input, or from the terminal without showing it.
///
/// # Errors
/// When it cannot be read, or nothing is there.
pub(super) fn read(from: &TokenFrom, context: &Context) -> Result<Secret, CliError> {
    let (token, origin) = if let Some(path) = &from.token_file {
        (token_in(&read_file(path, "--token-file")?)?, "the file of --token-file")
    } else if let Some(name) = &from.token_env {
        (variable(name, context)?, "the variable of --token-env")
    } else {
        (read_token()?, "standard input")
    };
    if token.expose().trim().is_empty() {
        return Err(CliError::Usage {
            what: format!("there is no token: {origin} is empty"),
            remedy: WAY.to_owned(),
        });
    }
    Ok(token)
}

fn variable(name: &str, context: &Context) -> Result<Secret, CliError> {
    let value = context.sources.variable(name)?;
    value.map(Secret::new).ok_or_else(|| CliError::Usage {
        what: format!("the environment variable {name} is not set, or is empty"),
        remedy: "Name a variable that holds the token, without a `$` before it.".to_owned(),
    })
}

/// Refuses a token among the arguments before anything is shown of it or sent on: with `--token`, which people try, where a label or
/// a variable's name belongs, in a note or a URL.
///
/// # Errors
/// As said.
pub(super) fn refuse_in_arguments(command: &AccountCommand) -> Result<(), CliError> {
    match command.token() {
        Some(word) => Err(in_arguments(&Secret::new(word), None, WAY)),
        None => refuse_tokens_in(command.words(), WAY),
    }
}

/// Refuses when a token stands in one of these texts, which were typed as arguments. `way` says how one is given instead.
///
/// # Errors
/// As said.
pub(super) fn refuse_tokens_in<'a>(texts: impl IntoIterator<Item = &'a str>, way: &str) -> Result<(), CliError> {
    // Whole, because a URL or a header tells which part of it is the token; and each word, because there may be several.
    let mut words = texts
        .into_iter()
        .flat_map(|text| iter::once(text).chain(text.split_whitespace()));
    match words.find(|word| is_token(word)) {
        Some(word) => Err(in_arguments(&Secret::new(word), None, way)),
        None => Ok(()),
    }
}

fn is_token(word: &str) -> bool {
    let inspection = inspect(&Secret::new(word), None);
    // By its looks alone, a long name could be one, too; and an example is none.
    let is_example = inspection
        .error()
        .is_some_and(|error| error.code == Code::CredentialNotAToken);
    inspection.kind.is_some() && inspection.certainty == Certainty::Sure && !is_example
}

/// Refuses what certainly is no token before it leaves this machine: a password, a private key, a token of another forge.
///
/// # Errors
/// What was found.
pub(super) fn refuse_unusable(token: &Secret, forge: Option<&str>, base_url: Option<&str>) -> Result<(), CliError> {
    let kind = forge.map(|words| ForgeKind::parse(&words.trim().to_ascii_lowercase()));
    let expected = match kind {
        None => None,
        Some(Some(kind)) => Some(kind),
        // A host: the server knows better what its tokens may look like.
        Some(None) => return Ok(()),
    };
    // A forge of somebody's own may be a GitLab whose tokens have a prefix of its own, or none.
    if expected.is_none() && base_url.is_some() && inspect(token, Some(ForgeKind::GitLab)).usable() {
        return Ok(());
    }
    let inspection = inspect(token, expected);
    match inspection.findings.into_iter().next() {
        Some(worst) if worst.severity == Severity::Error => Err(CliError::of(Told {
            what: worst.words,
            code: worst.code,
            remedy: (!worst.remedy.is_empty()).then_some(worst.remedy),
        })),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use jeton_domain::{Coded as _, Secret};

    use super::{refuse_in_arguments, refuse_unusable};
    use crate::cli::{
        CliError,
        args::{Cli, Command},
    };

    fn classic() -> String {
        let body = "Ab3".repeat(10);
        format!("ghp_{body}{}", jeton_inspect::checksum::github_classic(&body))
    }

    fn typed(arguments: &[&str]) -> Result<(), CliError> {
        let cli = Cli::parse_from([&["jeton", "account"], arguments].concat());
        match cli.command {
            Command::Account(command) => refuse_in_arguments(&command),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_token_among_the_arguments_is_refused_and_not_shown() {
        let token = classic();
        for arguments in [
            &["show", &token][..],
            &["add", "work", "--token", &token],
            &["replace", "work", "--token-env", &token],
            &["test", "--from-env", &token],
            &["update", &token, "--note", "x"],
            &[
                "update",
                "work",
                "--note",
                &format!("the old one was {token}, from June"),
            ],
            &["update", "work", "--label", &token],
            &["update", "work", "--serves", "acme", "--serves", &token],
            &[
                "add",
                "work",
                "--base-url",
                &format!("https://me:{token}@git.example.com"),
            ],
            &["add", "work", "--username", &token],
            &["add", "work", "--email", &token],
            &["add", "work", "--repository", &token],
            &["add", "work", "--token-file", &token],
            &[
                "add",
                "work",
                "--note",
                &format!("{token} {}", classic().replace("Ab3Ab3", "Ab4Ab3")),
            ],
            &["replace", "work", "--username", &token],
            &["import-env", "--variable", &token],
            &["list", "--label", &token],
            &["guide", "--forge", &token],
            &["show", "work", "--url", &format!("https://{token}@jeton.example.com")],
        ] {
            let error = typed(arguments).unwrap_err().to_string_for_people();
            assert!(!error.contains("Ab3") && error.contains("revoke the token"), "{error}");
        }
        assert!(typed(&["add", "work", "--token"]).is_err());
        for arguments in [
            &["show", "ghp.ci"][..],
            &["show", "0192d1f0-5a5e-7c3b-8f4e-1b2c3d4e5f60"],
            &["add", "--token-env", "GITHUB_TOKEN"],
            &["test", "--from-env"],
            &["list"],
            &["update", "work", "--note", "a classic one (ghp_...), for builds"],
            &["update", "work", "--note", "replaced ghp_xxxxxxxxxxxxxxxx"],
        ] {
            assert!(typed(arguments).is_ok(), "{arguments:?}");
        }
    }

    #[test]
    fn what_is_no_token_stays_here() {
        let refused = |text: &str, forge| refuse_unusable(&Secret::new(text), forge, None);
        let own = ["acme-token-", "x7Kq2mNpZt9RwBv4Yc1z"].concat();
        let error = refused(&own, None).unwrap_err().to_string_for_people();
        assert!(error.contains("--forge gitlab"), "{error}");
        let there = Some("https://git.example.com");
        assert!(refuse_unusable(&Secret::new(own), None, there).is_ok());
        assert!(refuse_unusable(&Secret::new(classic()), None, there).is_ok());
        assert!(refuse_unusable(&Secret::new("octocat"), None, there).is_err());
        assert!(refused(&classic(), None).is_ok());
        assert!(refused(&classic(), Some("GitHub")).is_ok());
        let error = refused(&classic(), Some("gitlab")).unwrap_err();
        assert_eq!(error.code().as_str(), "credential.wrong_forge");
        assert!(refused("octocat", Some("github")).is_err());
        assert!(
            refused("octocat", Some("git.example.com")).is_ok(),
            "the server decides"
        );
    }
}
