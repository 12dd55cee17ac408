//! `jeton app`

use std::{
    fmt::Write as _,
    io::{self, Read as _},
    process::ExitCode,
};

use jeton_api::{AddAppRequest, App, AppCheck, AppIdText, AppList, Released, RemovedApp};
use jeton_domain::{Coded as _, Secret};
use jeton_forge::{AppKey, AppKeyError, read_key_bytes};

use super::{
    CliError, Client, Context, Format,
    args::{AddAppArgs, AppCommand},
    error::Told,
    output::{clean, confirmed, note, print, print_json, table},
};
use crate::config::read_file;

/// The longest text that is read as a private key from standard input, in bytes.
const MAX_KEY: u64 = 64 * 1024;

pub(super) async fn run(command: AppCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        AppCommand::Add(args) => add(args, context).await?,
        AppCommand::List { format, server } => {
            let list: AppList = Client::new(&server, context)?.get(&["v1", "apps"], &[]).await?;
            match format {
                Format::Json => print_json(&list)?,
                Format::Table if list.apps.is_empty() => {
                    note("no Apps yet; add one with `jeton app add NAME --app-id ID --key-file FILE`");
                }
                Format::Table => print(&render_list(&list.apps))?,
            }
        }
        AppCommand::Check { name, format, server } => {
            let path = ["v1", "apps", &name, "check"];
            let check: AppCheck = Client::new(&server, context)?
                .post(&path, &serde_json::json!({}))
                .await?;
            match format {
                Format::Json => print_json(&check)?,
                Format::Table => print(&render_check(&check))?,
            }
            return Ok(if check.ok { ExitCode::SUCCESS } else { ExitCode::FAILURE });
        }
        AppCommand::Remove { name, yes, server } => {
            let client = Client::new(&server, context)?;
            let what = format!("removing `{name}`");
            let question = format!("Make the server forget the App `{name}` and its key?");
            if !yes && !confirmed(&what, &question)? {
                note("nothing was changed");
                return Ok(ExitCode::FAILURE);
            }
            let removed: RemovedApp = client.delete(&["v1", "apps", &name], &[]).await?;
            note(&format!("removed {}", clean(&removed.name)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(args: AddAppArgs, context: &Context) -> Result<(), CliError> {
    let private_key = read_key(&args)?;
    // a wrong file is told apart here, where its name is known, before anything is sent
    AppKey::parse(&private_key).map_err(|error| wrong_key(&args, error))?;
    let request = AddAppRequest {
        name: args.name,
        app_id: AppIdText::Text(args.app_id),
        private_key: Released(private_key),
        api_url: args.api_url,
        check: Some(!args.no_check),
    };
    let app: App = Client::new(&args.server, context)?
        .post(&["v1", "apps"], &request)
        .await?;
    let text = format!(
        "added {} (App {} on {}, key {})",
        app.name, app.app_id, app.forge, app.key_fingerprint
    );
    note(&clean(&text));
    Ok(())
}

fn read_key(args: &AddAppArgs) -> Result<Secret, CliError> {
    let bytes = if let Some(path) = &args.key_file {
        read_file(path, "--key-file")?
    } else {
        let mut bytes = Vec::new();
        io::stdin()
            .lock()
            .take(MAX_KEY)
            .read_to_end(&mut bytes)
            .map_err(|source| CliError::Io {
                what: "standard input cannot be read".to_owned(),
                source,
            })?;
        bytes
    };
    read_key_bytes(&bytes).map_err(|error| wrong_key(args, error))
}

/// Says of which file it is true that it is no key.
fn wrong_key(args: &AddAppArgs, error: AppKeyError) -> CliError {
    let Some(path) = &args.key_file else {
        return CliError::of(error);
    };
    CliError::of(Told {
        what: format!("{} (--key-file): {error}", path.display()),
        code: error.code(),
        remedy: error.remedy(),
    })
}

fn render_list(apps: &[App]) -> String {
    let rows = apps.iter().map(|app| {
        let added = app.created_at.clone().unwrap_or_else(|| "-".to_owned());
        [
            app.name.clone(),
            app.app_id.clone(),
            app.forge.clone(),
            app.key_fingerprint.clone(),
            app.origin.clone(),
            added,
            app.broken.clone().unwrap_or_else(|| "ready".to_owned()),
        ]
    });
    table(["NAME", "APP ID", "FORGE", "KEY", "ORIGIN", "ADDED", "STATE"], rows)
}

fn render_check(check: &AppCheck) -> String {
    let slug = check
        .slug
        .as_ref()
        .map(|slug| format!(" ({slug} on GitHub)"))
        .unwrap_or_default();
    let state = if check.ok {
        "nothing is wrong"
    } else {
        "something is wrong"
    };
    let mut out = format!("{}{}: {state}\n", clean(&check.name), clean(&slug));
    let permissions: Vec<_> = check
        .permissions
        .iter()
        .map(|(name, level)| format!("{name}={level}"))
        .collect();
    if !permissions.is_empty() {
        let _ = writeln!(out, "asks its owners for {}", clean(&permissions.join(", ")));
    }
    if !check.installations.is_empty() {
        let rows = check.installations.iter().map(|installation| {
            let missing: Vec<_> = installation
                .missing_permissions
                .iter()
                .map(|(name, level)| format!("{name}={level}"))
                .collect();
            let state = if installation.suspended { "suspended" } else { "active" };
            [
                installation.owner.clone(),
                installation.id.to_string(),
                installation.repositories.clone(),
                state.to_owned(),
                if missing.is_empty() {
                    "-".to_owned()
                } else {
                    missing.join(", ")
                },
            ]
        });
        out.push('\n');
        out.push_str(&table(
            ["OWNER", "INSTALLATION", "REPOSITORIES", "STATE", "LACKS"],
            rows,
        ));
        if check.more_installations {
            out.push_str("… and more\n");
        }
    }
    for finding in &check.findings {
        let _ = writeln!(out, "\n{}: {}", clean(&finding.code), clean(&finding.detail));
        if let Some(remedy) = &finding.remedy {
            let _ = writeln!(out, "  help: {}", clean(remedy));
        }
    }
    out
}
