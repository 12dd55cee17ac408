//! `jeton key`

use std::{path::Path, process::ExitCode};

use jeton_api::KeyStatus;
use jeton_domain::{Code, Secret};
use jeton_seal::SealingKey;

use super::{
    CliError, Client, Context, Format,
    args::KeyCommand,
    error::Told,
    output::{note, print, print_json, table},
};
use crate::{config::create_key_file, system::SystemEntropy};

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
    }
    Ok(ExitCode::SUCCESS)
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

fn render(status: &KeyStatus) -> String {
    let mut out = format!(
        "sealing key  {}  ({})\n\n",
        status.sealing_key, status.sealing_key_source
    );
    let keys = status
        .data_keys
        .iter()
        .map(|key| [key.id.clone(), key.wrapped_by.clone(), key.created_at.clone()]);
    out.push_str(&table(["DATA KEY", "SEALED BY", "MADE"], keys));
    out.push('\n');
    let counts = status
        .sealed
        .iter()
        .map(|count| [count.table.clone(), count.values.to_string()]);
    out.push_str(&table(["TABLE", "SEALED VALUES"], counts));
    out
}
