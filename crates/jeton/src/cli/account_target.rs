//! `jeton account target`: the secrets of CI that have an account's token.

use std::{fmt::Write as _, process::ExitCode};

use jeton_api::{AddTargetRequest, OldToken, Target, TargetList};

use super::{
    CliError, Client, Context, Format,
    account_report::{moment, problem},
    args_target::{AddTargetArgs, TargetCommand},
    ci::{self, Defaults, Spot},
    output::{clean, note, print, print_json, table},
};

pub(super) async fn run(command: TargetCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        TargetCommand::List {
            account,
            format,
            server,
        } => {
            let client = Client::new(&server, context)?;
            let list: TargetList = client.get(&["v1", "accounts", &account.label, "targets"], &[]).await?;
            show(&list, format)?;
        }
        TargetCommand::Add(args) => add(*args, context).await?,
        TargetCommand::Remove {
            account,
            target,
            server,
        } => {
            let client = Client::new(&server, context)?;
            let id = target.to_string();
            let path = ["v1", "accounts", &account.label, "targets", &id];
            let removed: Target = client.delete(&path, &[]).await?;
            note(&clean(&format!(
                "{} is no longer a target of {}; the secret stays there, with the token that it has",
                place(&removed),
                account.label
            )));
        }
        TargetCommand::Push {
            account,
            format,
            server,
        } => {
            let client = Client::new(&server, context)?;
            let path = ["v1", "accounts", &account.label, "targets", "push"];
            let list: TargetList = client.post(&path, &serde_json::json!({})).await?;
            show(&list, format)?;
            let behind = list.targets.iter().filter(|target| !target.is_current).count();
            note(&match behind {
                0 => "all targets have the present token".to_owned(),
                1 => "the server now pushes to the one target that does not have the present token".to_owned(),
                many => format!("the server now pushes to the {many} targets that do not have the present token"),
            });
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(args: AddTargetArgs, context: &Context) -> Result<(), CliError> {
    ci::check_selected(&args.options)?;
    // Where no forge is named it is the account's own, and not that of the job in which this may run.
    let spot = Spot::read(&args.place, Defaults::None, context)?;
    let request = AddTargetRequest {
        place: spot.place,
        name: args.name,
        options: ci::options_json(&args.options),
    };
    let client = Client::new(&args.server, context)?;
    let target: Target = client
        .post(&["v1", "accounts", &args.label, "targets"], &request)
        .await?;
    if args.format == Format::Json {
        print_json(&target)?;
    }
    note(&clean(&format!(
        "{} has the token of {}, and gets every new one",
        place(&target),
        args.label
    )));
    Ok(())
}

fn show(list: &TargetList, format: Format) -> Result<(), CliError> {
    match format {
        Format::Json => print_json(list),
        Format::Table if list.targets.is_empty() && list.old_tokens.is_empty() => {
            note(&clean(&format!("{} has no targets", list.account)));
            Ok(())
        }
        Format::Table => print(&render(list)),
    }
}

/// `DEPLOY_TOKEN of acme/tools (production) at github.com`
fn place(target: &Target) -> String {
    format!("{} of {} at {}", target.name, whole(target), target.forge)
}

fn whole(target: &Target) -> String {
    let path = match target.scope.as_str() {
        "owner" => format!("{}/*", target.path),
        _ => target.path.clone(),
    };
    match &target.environment {
        Some(environment) => format!("{path} ({environment})"),
        None => path,
    }
}

fn render(list: &TargetList) -> String {
    let mut out = String::new();
    if !list.targets.is_empty() {
        let rows = list.targets.iter().map(|target| {
            [
                target.id.to_string(),
                target.forge.clone(),
                whole(target),
                target.name.clone(),
                target.source.clone(),
                state(target),
                target.pushed_at.as_deref().map_or_else(|| "-".to_owned(), moment),
                target.pushed_fingerprint.clone().unwrap_or_else(|| "-".to_owned()),
            ]
        });
        let header = ["ID", "FORGE", "FOR", "SECRET", "AS", "STATE", "SINCE", "TOKEN"];
        out.push_str(&table(header, rows));
    }
    for target in &list.targets {
        if let Some(error) = &target.error {
            let word = if target.state == "failed" { "error" } else { "warning" };
            let _ = write!(out, "\n{}:\n{}", clean(&place(target)), problem(error, word));
        }
    }
    if !list.old_tokens.is_empty() {
        let rows = list.old_tokens.iter().map(|old| {
            [
                old.fingerprint.clone(),
                moment(&old.replaced_at),
                old.state.clone(),
                fate(old),
            ]
        });
        let _ = write!(out, "\n{}", table(["OLD TOKEN", "REPLACED", "STATE", ""], rows));
        for error in list.old_tokens.iter().filter_map(|old| old.error.as_ref()) {
            let _ = write!(out, "\n{}", problem(error, "warning"));
        }
    }
    out
}

fn state(target: &Target) -> String {
    match (target.state.as_str(), target.attempts) {
        ("pending" | "failed", attempts @ 1..) => format!("{} ({attempts} tried)", target.state),
        (state, _) => state.to_owned(),
    }
}

fn fate(old: &OldToken) -> String {
    match old.state.as_str() {
        "waiting" => format!(
            "ends when every target has the new one, at {} at the latest",
            moment(&old.ends_by)
        ),
        "kept" => "still lives: end it at the forge".to_owned(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use jeton_api::{Diagnosis, OldToken, Target, TargetList};
    use uuid::Uuid;

    use super::render;

    fn diagnosis(cause: &str) -> Diagnosis {
        Diagnosis {
            code: "secret.environment_not_found".to_owned(),
            cause: cause.to_owned(),
            remedy: "Make it.".to_owned(),
            url: None,
            retry_at: None,
        }
    }

    #[test]
    fn each_target_says_how_it_stands() {
        let target = |name: &str, state: &str, error| Target {
            id: Uuid::nil(),
            forge: "github.com".to_owned(),
            scope: "repository".to_owned(),
            path: "acme/tools".to_owned(),
            environment: Some("prod\u{1b}[2J".to_owned()),
            name: name.to_owned(),
            source: "app:ci".to_owned(),
            state: state.to_owned(),
            is_current: state == "current",
            pushed_fingerprint: None,
            pushed_at: None,
            attempts: 3,
            error,
            added_by: "operator".to_owned(),
            created_at: "2026-11-22T08:00:00Z".to_owned(),
        };
        let old = |state: &str, error| OldToken {
            fingerprint: "ba7816bf8f01".to_owned(),
            state: state.to_owned(),
            ends_by: "2026-11-23T08:00:00.123Z".to_owned(),
            error,
            replaced_at: "2026-11-22T08:00:00Z".to_owned(),
        };
        let text = render(&TargetList {
            account: "work".to_owned(),
            targets: vec![
                target("A", "current", None),
                target("B", "failed", Some(diagnosis("It is not there."))),
            ],
            old_tokens: vec![
                old("waiting", None),
                old("kept", Some(diagnosis("It cannot be ended."))),
            ],
        });
        for shown in [
            "acme/tools (prod [2J)",
            "failed (3 tried)",
            "B of acme/tools (prod [2J) at github.com:\nerror: It is not there.\n  help: Make it.\n",
            "at 2026-11-23T08:00:00Z at the latest",
            "warning: It cannot be ended.",
        ] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(!text.contains('\u{1b}') && !text.contains("current (3"), "{text}");
    }
}
