//! `jeton runner`: what self-hosted runners register themselves with, through a server or alone.

mod list;
mod output;

use std::process::ExitCode;

use jeton_api::{CiPlace, JitConfigRequest, JitConfigResponse, KeptRunner, RunnerTokenRequest, RunnerTokenResponse};
use jeton_ci::{JitWish, RunnerAsk, RunnerWish};

use super::{
    CliError, Client, Context, ServerArgs, Way,
    args_ci::{CiPlaceArgs, WayArgs},
    args_runner::{JitConfigArgs, LifeArgs, RemoveTokenArgs, RunnerCommand, RunnerTokenArgs, RunnerWishArgs},
    ci::{self, Defaults, Spot},
    output::{clean, confirmed, note},
};

use output::{Output, Shown};

pub(super) async fn run(command: RunnerCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        RunnerCommand::Token(args) => token(*args, context).await?,
        RunnerCommand::RemoveToken(args) => remove_token(*args, context).await?,
        RunnerCommand::JitConfig(args) => jit_config(*args, context).await?,
        RunnerCommand::List {
            forge,
            limit,
            format,
            server,
        } => list::run(forge, limit, format, &server, context).await?,
        RunnerCommand::Remove { id, yes, server } => return remove(&id.to_string(), yes, &server, context).await,
    }
    Ok(ExitCode::SUCCESS)
}

/// Which of the two tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Registration,
    Removal,
}

async fn token(args: RunnerTokenArgs, context: &Context) -> Result<(), CliError> {
    let wish = &args.wish;
    let texts = wish.name.iter().chain(&wish.labels).map(String::as_str);
    ci::refuse_tokens(&args.place, texts.chain(args.way.server.texts()))?;
    let output = Output::of(&args.output, context)?;
    let spot = Spot::read(&args.place, Defaults::OfJob, context)?;
    let request = request(spot.place.clone(), &args.life, &args.wish);
    let token = ask(Wanted::Registration, request, &args.way, &args.place, &spot, context).await?;
    output.print(&Shown::Token(&token))
}

async fn remove_token(args: RemoveTokenArgs, context: &Context) -> Result<(), CliError> {
    ci::refuse_tokens(&args.place, args.way.server.texts())?;
    let output = Output::of(&args.output, context)?;
    let spot = Spot::read(&args.place, Defaults::OfJob, context)?;
    let request = request(spot.place.clone(), &args.life, &RunnerWishArgs::default());
    let token = ask(Wanted::Removal, request, &args.way, &args.place, &spot, context).await?;
    output.print(&Shown::Token(&token))
}

fn request(place: CiPlace, life: &LifeArgs, wish: &RunnerWishArgs) -> RunnerTokenRequest {
    let either = |yes: bool, no: bool| match (yes, no) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    };
    RunnerTokenRequest {
        place,
        min_validity_seconds: life.min_validity,
        fresh: life.fresh.then_some(true),
        name: wish.name.clone(),
        labels: (!wish.labels.is_empty()).then(|| wish.labels.clone()),
        run_untagged: either(wish.run_untagged, wish.no_run_untagged),
        locked: either(wish.locked, wish.no_locked),
        paused: either(wish.paused, wish.no_paused),
        protected_only: either(wish.protected_only, wish.no_protected_only),
        maximum_timeout_seconds: wish.maximum_timeout.map(u64::from),
        token_lifetime_seconds: wish.token_lifetime,
    }
}

async fn ask(
    wanted: Wanted,
    request: RunnerTokenRequest,
    way: &WayArgs,
    place: &CiPlaceArgs,
    spot: &Spot,
    context: &Context,
) -> Result<RunnerTokenResponse, CliError> {
    let alone = match Way::find(way, place, spot, context).await? {
        Way::Server(client) => {
            let route = match wanted {
                Wanted::Registration => "registration-token",
                Wanted::Removal => "remove-token",
            };
            return client.post(&["v1", "runners", route], &request).await;
        }
        Way::Alone(alone) => alone,
    };
    let ask = RunnerAsk {
        forge: None,
        scope: spot.scope.clone(),
        source: ci::source(&spot.place),
        min_validity_seconds: request.min_validity_seconds.map(i64::from),
        fresh: request.fresh.unwrap_or(false),
        runner: RunnerWish {
            name: request.name,
            labels: request.labels,
            run_untagged: request.run_untagged,
            locked: request.locked,
            paused: request.paused,
            protected_only: request.protected_only,
            maximum_timeout_seconds: request.maximum_timeout_seconds,
            token_lifetime_seconds: request.token_lifetime_seconds.map(i64::from),
        },
    };
    let given = match wanted {
        Wanted::Registration => alone.ci.registration_token(ask).await,
        Wanted::Removal => alone.ci.removal_token(ask).await,
    };
    let grant = given.map_err(|error| alone.failed(error))?;
    if grant.runner.is_some() {
        note("note: this made a runner that no server keeps: its token is shown this once, and is renewed by nobody");
    }
    Ok(ci::runner_token(grant))
}

async fn jit_config(args: JitConfigArgs, context: &Context) -> Result<(), CliError> {
    let texts = args.labels.iter().chain(&args.work_folder).chain([&args.name]);
    ci::refuse_tokens(&args.place, texts.map(String::as_str).chain(args.way.server.texts()))?;
    let output = Output::of(&args.output, context)?;
    let spot = Spot::read(&args.place, Defaults::OfJob, context)?;
    let given: JitConfigResponse = match Way::find(&args.way, &args.place, &spot, context).await? {
        Way::Server(client) => {
            let request = JitConfigRequest {
                place: spot.place.clone(),
                name: args.name,
                runner_group_id: args.group_id,
                labels: args.labels,
                work_folder: args.work_folder,
            };
            client.post(&["v1", "runners", "jit-config"], &request).await?
        }
        Way::Alone(alone) => {
            let wish = JitWish {
                forge: None,
                scope: spot.scope.clone(),
                source: ci::source(&spot.place),
                name: args.name,
                runner_group_id: args.group_id,
                labels: args.labels,
                work_folder: args.work_folder,
            };
            let given = alone.ci.jit_config(wish).await;
            ci::jit_config(given.map_err(|error| alone.failed(error))?)
        }
    };
    output.print(&Shown::Jit(&given))
}

async fn remove(id: &str, yes: bool, server: &ServerArgs, context: &Context) -> Result<ExitCode, CliError> {
    let client = Client::new(server, context)?;
    let question = format!("Remove the runner {id} here and at its forge?");
    if !yes && !confirmed(&format!("removing the runner {id}"), &question)? {
        note("nothing was changed");
        return Ok(ExitCode::FAILURE);
    }
    let removed: KeptRunner = client.delete(&["v1", "runners", id], &[]).await?;
    note(&clean(&format!(
        "removed the runner {} of {} at {}",
        removed.name,
        output::whole(&removed.scope, &removed.path),
        removed.forge
    )));
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use jeton_api::CiPlace;
    use serde_json::{Value, json};

    use super::request;
    use crate::cli::{
        args::{Cli, Command},
        args_runner::RunnerCommand,
    };

    fn typed(arguments: &[&str]) -> Result<RunnerCommand, String> {
        let arguments = [&["jeton", "runner"], arguments].concat();
        match Cli::try_parse_from(arguments)
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Runner(command) => Ok(command),
            other => panic!("{other:?}"),
        }
    }

    fn asked(arguments: &[&str]) -> Value {
        match typed(&[&["token", "a/b"], arguments].concat()).unwrap() {
            RunnerCommand::Token(args) => {
                serde_json::to_value(request(CiPlace::default(), &args.life, &args.wish)).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn only_what_is_said_is_asked_for() {
        assert_eq!(asked(&[]), json!({}));
        assert_eq!(
            asked(&[
                "--min-validity",
                "30m",
                "--fresh",
                "--name",
                "big",
                "--label",
                "linux",
                "--tag",
                "arm"
            ]),
            json!({"min_validity_seconds": 1800, "fresh": true, "name": "big", "labels": ["linux", "arm"]})
        );
        assert_eq!(
            asked(&[
                "--no-run-untagged",
                "--locked",
                "--no-paused",
                "--protected-only",
                "--maximum-timeout",
                "1h"
            ]),
            json!({"run_untagged": false, "locked": true, "paused": false, "protected_only": true,
                "maximum_timeout_seconds": 3600})
        );
        assert_eq!(
            asked(&["--locked", "--no-locked"]),
            json!({"locked": false}),
            "the last word counts"
        );
        assert_eq!(asked(&["--no-locked", "--locked"]), json!({"locked": true}));
        assert_eq!(
            asked(&["--token-lifetime", "7d"]),
            json!({"token_lifetime_seconds": 604_800})
        );
    }

    #[test]
    fn it_is_for_one_thing_and_printed_in_one_way() {
        for bad in [
            &["token", "a/b", "--org", "a"][..],
            &["token", "--org", "a", "--enterprise", "b"],
            &["token", "--instance", "--group", "b"],
            &["token", "a/b", "--app", "ci", "--account", "work"],
            &["token", "a/b", "--format", "plain", "--github-output", "token"],
            &["token", "a/b", "--alone", "--url", "http://127.0.0.1"],
            &["token", "a/b", "--alone", "--oidc-audience", "x"],
            &["token", "a/b", "--alone", "--app", "ci"],
            &["remove-token", "a/b", "--name", "x"],
            &["jit-config", "a/b", "--label", "x"],
            &["jit-config", "a/b", "--name", "x"],
            &["remove", "work"],
        ] {
            assert!(typed(bad).is_err(), "{bad:?}");
        }
        assert!(typed(&["jit-config", "--org", "a", "--name", "x", "--label", "y"]).is_ok());
        assert!(typed(&["token"]).is_ok(), "in a job of CI it is the job's own");
    }
}
