//! `jeton secret`: pushes secrets to the forges' CI, through a server or alone.

mod value;

use std::process::ExitCode;

use jeton_api::{PushSecretRequest, PushedSecret, Released};
use jeton_ci::{SecretAsk, SecretValue};
use jeton_domain::Secret;

use super::{
    CliError, Context, Format, Way,
    args_secret::{PushSecretArgs, SecretCommand},
    ci::{self, Defaults, Spot},
    inspect::in_arguments,
    output::{clean, print, print_json},
};

/// How to give a secret, when it is not by an argument.
const WAY: &str = "Give the value on standard input, as with `jeton secret push NAME OWNER/REPO < FILE`, with --from-file, or run the \
                   command alone and type it when asked.";

pub(super) async fn run(command: SecretCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        SecretCommand::Push(args) => push(*args, context).await,
    }
}

async fn push(args: PushSecretArgs, context: &Context) -> Result<ExitCode, CliError> {
    refuse_in_arguments(&args)?;
    ci::check_selected(&args.options)?;
    let options = ci::options(&args.options)?;
    let spot = Spot::read(&args.place, Defaults::OfJob, context)?;
    // Who is asked is found out before anybody types a secret that could not be sent.
    let way = Way::find(&args.way, &args.place, &spot, context).await?;
    let value = match args.account_token {
        Some(account) => SecretValue::AccountToken(account),
        None => SecretValue::Text(value::read(&args.name, args.from_file.as_deref(), args.keep_newline)?),
    };
    let pushed: PushedSecret = match way {
        Way::Server(client) => {
            let (value, account_token) = match value {
                SecretValue::Text(text) => (Some(Released(text)), None),
                SecretValue::AccountToken(account) => (None, Some(account)),
            };
            let request = PushSecretRequest {
                place: spot.place,
                name: args.name,
                value,
                account_token,
                options: ci::options_json(&args.options),
            };
            client.put(&["v1", "forge-secrets"], &request).await?
        }
        Way::Alone(alone) => {
            let ask = SecretAsk {
                forge: None,
                source: ci::source(&spot.place),
                scope: spot.scope,
                name: args.name,
                value,
                options,
            };
            let pushed = alone.ci.push_secret(ask).await;
            ci::pushed(pushed.map_err(|error| alone.failed(error))?)
        }
    };
    match args.format {
        Format::Json => print_json(&pushed)?,
        Format::Table => print(&format!("{}\n", line(&pushed)))?,
    }
    Ok(ExitCode::SUCCESS)
}

/// `created DEPLOY_TOKEN for acme/tools, environment production, at github.com as app:ci`
fn line(pushed: &PushedSecret) -> String {
    let verb = if pushed.created { "created" } else { "updated" };
    let place = match pushed.scope.as_str() {
        "owner" => format!("{}/*", pushed.path),
        _ => pushed.path.clone(),
    };
    let environment = pushed.environment.as_ref().map(|name| format!(", environment {name},"));
    clean(&format!(
        "{verb} {} for {place}{} at {} as {}",
        pushed.name,
        environment.unwrap_or_default(),
        pushed.forge,
        pushed.source
    ))
}

/// Refuses a secret among the arguments, before anything is shown of it or sent on.
fn refuse_in_arguments(args: &PushSecretArgs) -> Result<(), CliError> {
    if let Some(value) = &args.value {
        return Err(in_arguments(&Secret::new(value.as_str()), None, WAY));
    }
    let own = [Some(&args.name), args.account_token.as_ref()].into_iter().flatten();
    let file = args.from_file.as_deref().and_then(|path| path.to_str());
    let more = own
        .map(String::as_str)
        .chain(file)
        .chain(args.options.texts())
        .chain(args.way.server.texts());
    ci::refuse_tokens(&args.place, more)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use jeton_api::PushedSecret;

    use super::{line, refuse_in_arguments};
    use crate::cli::{
        args::{Cli, Command},
        args_secret::{PushSecretArgs, SecretCommand},
        ci::{check_selected, options_json},
    };

    fn typed(arguments: &[&str]) -> Result<PushSecretArgs, String> {
        let arguments = [&["jeton", "secret", "push"], arguments].concat();
        match Cli::try_parse_from(arguments)
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Secret(SecretCommand::Push(args)) => Ok(*args),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_secret_among_the_arguments_is_refused_and_not_shown() {
        let body = "Ab3".repeat(10);
        let token = format!("ghp_{body}{}", jeton_inspect::checksum::github_classic(&body));
        for arguments in [
            &[&token, "acme/tools"][..],
            &["NAME", &token],
            &["NAME", "a/b", "--value", &token],
            &["NAME", "a/b", "--value", "hunter2"],
            &["NAME", "a/b", "--body", "hunter2"],
            &["NAME", "a/b", "--from-file", &token],
            &["NAME", "a/b", "--account-token", &token],
            &["NAME", "a/b", "--env", &token],
            &["NAME", "a/b", "--description", &format!("was {token}")],
            &["NAME", "--org", &token],
        ] {
            let error = refuse_in_arguments(&typed(arguments).unwrap()).unwrap_err();
            let text = error.to_string_for_people();
            assert!(!text.contains("Ab3") && !text.contains("hunter2"), "{text}");
            assert!(text.contains("standard input"), "{text}");
        }
        assert!(
            typed(&["NAME", "a/b", "planted"]).is_err(),
            "there is no third argument"
        );
        assert!(refuse_in_arguments(&typed(&["NAME", "a/b"]).unwrap()).is_ok());
    }

    #[test]
    fn options_are_said_only_when_typed() {
        let json = |arguments: &[&str]| {
            let args = typed(&[&["NAME", "a/b"], arguments].concat()).unwrap();
            serde_json::to_value(options_json(&args.options)).unwrap()
        };
        assert_eq!(json(&[]), serde_json::json!({}));
        assert_eq!(
            json(&[
                "--no-mask",
                "--protected",
                "--expand",
                "--file-variable",
                "--env",
                "prod/*"
            ]),
            serde_json::json!({"masked": false, "protected": true, "raw": false, "file": true, "environment": "prod/*"})
        );
        assert_eq!(
            json(&[
                "--visibility",
                "selected",
                "--selected-repo",
                "a",
                "--selected-repo",
                "b",
                "--family",
                "dependabot"
            ]),
            serde_json::json!({"visibility": "selected", "selected_repositories": ["a", "b"], "family": "dependabot"})
        );
        for bad in [&["--visibility", "selected"][..], &["--selected-repo", "a"]] {
            let args = typed(&[&["NAME", "--org", "a"], bad].concat()).unwrap();
            assert!(check_selected(&args.options).is_err(), "{bad:?}");
        }
        assert!(typed(&["NAME", "a/b", "--hidden", "--no-mask"]).is_err());
        assert!(typed(&["NAME", "a/b", "--account-token", "x", "--from-file", "y"]).is_err());
    }

    #[test]
    fn one_line_says_what_was_done() {
        let mut pushed = PushedSecret {
            created: true,
            name: "DEPLOY".to_owned(),
            forge: "github.com".to_owned(),
            scope: "repository".to_owned(),
            path: "acme/tools".to_owned(),
            environment: Some("production\n".to_owned()),
            source: "app:ci".to_owned(),
            fingerprint: None,
        };
        assert_eq!(
            line(&pushed),
            "created DEPLOY for acme/tools, environment production , at github.com as app:ci"
        );
        pushed.created = false;
        pushed.environment = None;
        assert_eq!(line(&pushed), "updated DEPLOY for acme/tools at github.com as app:ci");
    }
}
