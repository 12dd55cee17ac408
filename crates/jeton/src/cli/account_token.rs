//! Where a command gets a token from: never from its arguments, which everybody on the machine can read.

use jeton_domain::{ForgeKind, Secret};
use jeton_inspect::{Certainty, Severity, inspect};

use super::{
    CliError, Context,
    args_account::{AccountCommand, TokenFrom},
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

/// Refuses a token among the arguments before anything is shown of it or sent on: with `--token`, which people try, or where a
/// label or a variable's name belongs.
///
/// # Errors
/// As said.
pub(super) fn refuse_in_arguments(command: &AccountCommand) -> Result<(), CliError> {
    let is_token = |word: &&str| {
        let inspection = inspect(&Secret::new(*word), None);
        // By its looks alone, a long name could be one, too.
        inspection.kind.is_some() && inspection.certainty == Certainty::Sure
    };
    let found = command.token().or_else(|| command.words().into_iter().find(is_token));
    match found {
        Some(word) => Err(in_arguments(&Secret::new(word), None, WAY)),
        None => Ok(()),
    }
}

/// Refuses what certainly is no token before it leaves this machine: a password, a private key, a token of another forge.
///
/// # Errors
/// What was found.
pub(super) fn refuse_unusable(token: &Secret, forge: Option<&str>) -> Result<(), CliError> {
    let kind = forge.map(|words| ForgeKind::parse(&words.trim().to_ascii_lowercase()));
    let expected = match kind {
        None => None,
        Some(Some(kind)) => Some(kind),
        // A host: the server knows better what its tokens may look like.
        Some(None) => return Ok(()),
    };
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
        ] {
            assert!(typed(arguments).is_ok(), "{arguments:?}");
        }
    }

    #[test]
    fn what_is_no_token_stays_here() {
        let refused = |text: &str, forge| refuse_unusable(&Secret::new(text), forge);
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
