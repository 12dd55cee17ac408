//! `jeton key`

use std::{fmt::Write as _, path::Path, process::ExitCode, time::Duration};

use jeton_api::{KeyRotation, KeyStatus, Reseal, RetiredKey};
use jeton_domain::{Clock as _, Code, Secret};
use jeton_seal::SealingKey;
use serde_json::json;

use super::{
    CliError, Client, Context, Format,
    args::KeyCommand,
    error::Told,
    output::{clean, note, or_dash, print, print_json, table},
};
use crate::{
    config::create_key_file,
    system::{SystemClock, SystemEntropy},
};

/// How often it is asked how far a rotation is.
const PAUSE: Duration = Duration::from_millis(500);

pub(super) async fn run(command: KeyCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        KeyCommand::Generate { out } => generate(out.as_deref())?,
        KeyCommand::Status { format, server } => {
            let status: KeyStatus = Client::new(&server, context)?.get(&["v1", "keys"], &[]).await?;
            match format {
                Format::Json => print_json(&status)?,
                Format::Table => print(&render(&status))?,
            }
        }
        KeyCommand::Rotate {
            wait: until_done,
            format,
            server,
        } => {
            let client = Client::new(&server, context)?;
            let rotation: KeyRotation = client.post(&["v1", "keys", "rotate"], &json!({})).await?;
            note(&told(&rotation));
            if until_done {
                wait(&client, &rotation).await?;
            }
            if let Format::Json = format {
                print_json(&rotation)?;
            }
        }
        KeyCommand::Retire { id, server } => {
            let retired: RetiredKey = Client::new(&server, context)?.delete(&["v1", "keys", &id], &[]).await?;
            note(&format!("retired {}: {}", clean(&retired.id), clean(&retired.detail)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn told(rotation: &KeyRotation) -> String {
    let began = if rotation.started {
        format!(
            "data key {} was made; it seals from {}",
            rotation.data_key, rotation.seals_from
        )
    } else {
        format!("a rotation to data key {} is under way already", rotation.data_key)
    };
    let anew = match rotation.rewrapped.len() {
        0 => String::new(),
        count => format!("; {count} data keys were wrapped with the current sealing key"),
    };
    clean(&format!("{began}{anew}"))
}

fn generate(out: Option<&Path>) -> Result<(), CliError> {
    let key = SealingKey::generate(&SystemEntropy::default());
    let Some(path) = out else {
        let line = Secret::new(format!("{}\n", key.to_text().expose()));
        return print(line.expose());
    };
    create_key_file(path, &key.to_text()).map_err(|error| not_written(path, &error))?;
    note(&format!(
        "wrote key {} to {}; keep a copy of the file apart from the database",
        key.id(),
        path.display()
    ));
    Ok(())
}

fn not_written(path: &Path, error: &std::io::Error) -> CliError {
    let (why, remedy) = match error.kind() {
        std::io::ErrorKind::AlreadyExists => (
            "there already is something, and a key is never overwritten".to_owned(),
            "Choose another name. Without its key a vault cannot be opened: move an old key away only when nothing is \
             sealed with it.",
        ),
        kind => (
            kind.to_string(),
            "Choose a directory that exists and that you can write.",
        ),
    };
    let what = format!("{} cannot be written: {why}", path.display());
    CliError::of(Told {
        what,
        code: Code::ConfigFile,
        remedy: Some(remedy.to_owned()),
    })
}

/// Asks now and then how far it is, until it is over.
async fn wait(client: &Client, rotation: &KeyRotation) -> Result<(), CliError> {
    let mut told = String::new();
    loop {
        let status: KeyStatus = client.get(&["v1", "keys"], &[]).await?;
        // Another rotation that somebody began meanwhile is not waited for.
        let running = status.reseal.filter(|reseal| reseal.data_key == rotation.data_key);
        let Some(reseal) = running else {
            note(&format!("everything that opens is sealed with {}", rotation.data_key));
            return Ok(());
        };
        let now = progress(&reseal);
        if now != told {
            note(&now);
            told = now;
        }
        SystemClock.sleep(PAUSE).await;
    }
}

fn progress(reseal: &Reseal) -> String {
    let note = reseal.note.as_deref().map(|note| format!(" ({})", clean(note)));
    format!(
        "{} of {} values are sealed with {}{}",
        reseal.values.saturating_sub(reseal.left),
        reseal.values,
        reseal.data_key,
        note.unwrap_or_default()
    )
}

fn render(status: &KeyStatus) -> String {
    let sealing = status.sealing_keys.iter().map(|key| {
        let state = match (key.current, &key.source) {
            (true, _) => "current",
            (false, Some(_)) if key.data_keys == 0 => "previous, may be destroyed",
            (false, Some(_)) => "previous",
            (false, None) => "not given to this server",
        };
        [
            key.id.clone(),
            state.to_owned(),
            key.data_keys.to_string(),
            key.source.clone().unwrap_or_else(|| "-".to_owned()),
        ]
    });
    let mut out = table(["SEALING KEY", "STATE", "DATA KEYS", "FROM"], sealing);
    let keys = status.data_keys.iter().map(|key| {
        let tables: Vec<_> = key
            .sealed
            .iter()
            .map(|count| format!("{} {}", count.table, count.values))
            .collect();
        let state = if key.may_be_retired {
            "old, may be retired"
        } else {
            key.state.as_str()
        };
        [
            key.id.clone(),
            state.to_owned(),
            key.wrapped_by.clone(),
            key.created_at.clone(),
            key.values.to_string(),
            or_dash((!tables.is_empty()).then(|| tables.join(", ")).as_ref()),
        ]
    });
    out.push('\n');
    out.push_str(&table(
        ["DATA KEY", "STATE", "SEALED BY", "MADE", "VALUES", "OF WHICH"],
        keys,
    ));
    for count in &status.lost {
        let _ = writeln!(
            out,
            "\n{} values in {} name a data key that is not in the database; nothing opens them",
            count.values, count.table
        );
    }
    if let Some(reseal) = &status.reseal {
        let _ = writeln!(out, "\na rotation is under way: {}", progress(reseal));
    }
    out
}
