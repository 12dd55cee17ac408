//! `jeton policy`

mod ask;
mod document;
mod render;

use std::{path::Path, process::ExitCode};

use jeton_api::{Explanation, Policy, PolicyList, RemovedPolicy, Replay, ReplayRequest};
use jeton_domain::Clock as _;

use super::{
    CliError, Client, Context, Format, ServerArgs,
    args_policy::{ExplainArgs, PolicyCommand},
    output::{clean, confirmed, note, print, print_json},
};
use crate::system::SystemClock;

pub(super) async fn run(command: PolicyCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        PolicyCommand::List { format, server } => {
            let list: PolicyList = Client::new(&server, context)?.get(&["v1", "policies"], &[]).await?;
            match format {
                Format::Json => print_json(&list)?,
                Format::Table => print(&render::list(&list))?,
            }
        }
        PolicyCommand::Test { file, format } => {
            let check = document::check(&document::read(&file)?);
            match format {
                Format::Json => print_json(&check)?,
                Format::Table => print(&render::check(&check, &document::name_of(&file)))?,
            }
            return Ok(if check.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        PolicyCommand::Explain(args) => explain(*args, context).await?,
        PolicyCommand::Replay {
            file,
            since,
            until,
            limit,
            format,
            server,
        } => {
            let now = SystemClock.now();
            let text = document::read(&file)?;
            // what is wrong with the file is told here, before the server is asked
            document::compiled(&text, &document::name_of(&file))?;
            let request = ReplayRequest {
                document: text,
                since: since.map(|when| when.before(now).to_string()),
                until: until.map(|when| when.before(now).to_string()),
                limit,
            };
            let replay: Replay = Client::for_long_answers(&server, context)?
                .post(&["v1", "policies", "replay"], &request)
                .await?;
            match format {
                Format::Json => print_json(&replay)?,
                Format::Table => print(&render::replay(&replay))?,
            }
        }
        PolicyCommand::Add { file, replace, server } => add(&file, replace, &server, context).await?,
        PolicyCommand::Remove { name, yes, server } => {
            let client = Client::new(&server, context)?;
            let question = format!("Make the server forget the policy `{name}`?");
            if !yes && !confirmed(&format!("removing `{name}`"), &question)? {
                note("nothing was changed");
                return Ok(ExitCode::FAILURE);
            }
            let removed: RemovedPolicy = client.delete(&["v1", "policies", &name], &[]).await?;
            note(&format!("removed {}", clean(&removed.name)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn explain(args: ExplainArgs, context: &Context) -> Result<(), CliError> {
    let (format, server, file) = (args.format, args.server.clone(), args.file.clone());
    let request = ask::request(args, SystemClock.now())?;
    let explanation: Explanation = match file {
        Some(file) => {
            let document = document::compiled(&document::read(&file)?, &document::name_of(&file))?;
            document::explain(document, &request)?
        }
        None => {
            Client::new(&server, context)?
                .post(&["v1", "policies", "explain"], &request)
                .await?
        }
    };
    match format {
        Format::Json => print_json(&explanation),
        Format::Table => print(&render::explanation(&explanation)),
    }
}

async fn add(file: &Path, replace: bool, server: &ServerArgs, context: &Context) -> Result<(), CliError> {
    let name = document::name_of(file);
    let text = document::read(file)?;
    let specs = match document::as_json(&text, &name)? {
        Some(spec) => vec![spec],
        None => document::policies_alone(&document::compiled(&text, &name)?, &name)?,
    };
    let client = Client::new(server, context)?;
    for spec in specs {
        let policy: Policy = if replace {
            client.put(&["v1", "policies", &spec.name], &spec).await?
        } else {
            client.post(&["v1", "policies"], &spec).await?
        };
        // one that the file hides must not look as if it were in force
        let hidden = if policy.shadowed {
            "; it has no effect: the server's policy file has one of the same name"
        } else {
            ""
        };
        let done = if replace { "put" } else { "added" };
        note(&clean(&format!("{done} {}{hidden}", policy.name)));
    }
    Ok(())
}
