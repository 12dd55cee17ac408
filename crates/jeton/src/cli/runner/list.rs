//! `jeton runner list`

use jeton_api::{KeptRunner, KeptRunnerList};

use super::output::whole;
use crate::cli::{
    CliError, Client, Context, Format, ServerArgs,
    output::{note, or_dash, print, print_json, table},
};

/// How many are asked for at once.
const PAGE: u32 = 100;

pub(super) async fn run(
    forge: Option<String>,
    limit: u32,
    format: Format,
    server: &ServerArgs,
    context: &Context,
) -> Result<(), CliError> {
    let client = Client::new(server, context)?;
    let list = all(&client, forge, limit).await?;
    match format {
        Format::Json => print_json(&list),
        Format::Table if list.runners.is_empty() => {
            note("the server keeps no runner, or none that you may see; those of GitHub are kept by GitHub alone");
            Ok(())
        }
        Format::Table => {
            print(&render(&list.runners))?;
            if list.next.is_some() {
                note("there are more; --limit shows them");
            }
            Ok(())
        }
    }
}

async fn all(client: &Client, forge: Option<String>, limit: u32) -> Result<KeptRunnerList, CliError> {
    let mut out = KeptRunnerList {
        runners: Vec::new(),
        next: None,
    };
    loop {
        let wanted = limit.saturating_sub(u32::try_from(out.runners.len()).unwrap_or(u32::MAX));
        let mut query = vec![("limit", wanted.min(PAGE).to_string())];
        query.extend(forge.clone().map(|forge| ("forge", forge)));
        query.extend(out.next.take().map(|next| ("cursor", next)));
        let page: KeptRunnerList = client.get(&["v1", "runners"], &query).await?;
        let is_stuck = page.runners.is_empty();
        out.runners.extend(page.runners);
        out.next = page.next;
        if is_stuck || out.next.is_none() || out.runners.len() >= limit as usize {
            return Ok(out);
        }
    }
}

fn render(runners: &[KeptRunner]) -> String {
    let rows = runners.iter().map(|runner| {
        [
            runner.id.to_string(),
            runner.name.clone(),
            runner.forge.clone(),
            whole(&runner.scope, &runner.path),
            if runner.labels.is_empty() {
                "-".to_owned()
            } else {
                runner.labels.join(", ")
            },
            match &runner.error {
                Some(error) => format!("{} ({error})", runner.state),
                None => runner.state.clone(),
            },
            or_dash(runner.expires_at.as_ref()),
            runner.source.clone(),
        ]
    });
    table(["ID", "NAME", "FORGE", "FOR", "LABELS", "STATE", "ENDS", "FROM"], rows)
}
