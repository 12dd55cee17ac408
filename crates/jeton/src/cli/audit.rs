//! `jeton audit`

use std::{
    fmt::Write as _,
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::ExitCode,
};

use jeton_api::{RecordEntry, RecordPage, RecordVerdict, VerifyRecordRequest};
use jeton_domain::Clock as _;
use serde_json::Value;

use super::{
    CliError, Client, Context, Format,
    args_access::{AuditCommand, RecordFilter},
    output::{clean, note, or_dash, print, print_json, table},
};
use crate::system::SystemClock;

/// How many entries are asked for at once.
const PAGE: u32 = 100;

type Query = Vec<(&'static str, String)>;

pub(super) async fn run(command: AuditCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        AuditCommand::List {
            filter,
            limit,
            format,
            server,
        } => {
            let page = list(&Client::new(&server, context)?, query(&filter), limit).await?;
            match format {
                Format::Json => print_json(&page)?,
                Format::Table if page.entries.is_empty() => note("nothing of that kind is on record"),
                Format::Table => {
                    print(&render(&page.entries))?;
                    if page.next.is_some() {
                        note("there is more; --limit shows it");
                    }
                }
            }
        }
        AuditCommand::Verify {
            archives,
            expect,
            format,
            server,
        } => {
            let request = VerifyRecordRequest {
                archives: archives.then_some(true),
                expect,
            };
            let verdict: RecordVerdict = Client::for_long_answers(&server, context)?
                .post(&["v1", "record", "verify"], &request)
                .await?;
            match format {
                Format::Json => print_json(&verdict)?,
                Format::Table => print(&render_verdict(&verdict))?,
            }
            return Ok(if verdict.ok {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        AuditCommand::Export { filter, output, server } => {
            let client = Client::for_long_answers(&server, context)?;
            export(&client, &query(&filter), output.as_deref()).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn query(filter: &RecordFilter) -> Query {
    let now = SystemClock.now();
    let texts = [
        ("event", filter.event.clone()),
        ("actor", filter.actor.clone()),
        ("fingerprint", filter.fingerprint.clone()),
        ("request_id", filter.request_id.clone()),
        ("since", filter.since.map(|when| when.before(now).to_string())),
        ("until", filter.until.map(|when| when.before(now).to_string())),
    ];
    texts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
        .collect()
}

async fn list(client: &Client, filter: Query, limit: u32) -> Result<RecordPage, CliError> {
    let mut out = RecordPage {
        entries: Vec::new(),
        next: None,
    };
    loop {
        let wanted = limit.saturating_sub(u32::try_from(out.entries.len()).unwrap_or(u32::MAX));
        let mut query = filter.clone();
        query.push(("limit", wanted.min(PAGE).to_string()));
        query.extend(out.next.map(|seq| ("before", seq.to_string())));
        let page: RecordPage = client.get(&["v1", "record"], &query).await?;
        let stuck = page.entries.is_empty();
        out.entries.extend(page.entries);
        out.next = page.next;
        if stuck || out.next.is_none() || out.entries.len() >= limit as usize {
            return Ok(out);
        }
    }
}

/// Copies what the server sends as it comes; nothing of it is kept.
async fn export(client: &Client, query: &Query, output: Option<&Path>) -> Result<(), CliError> {
    let path = ["v1", "record", "export"];
    let accept = "application/x-ndjson, application/problem+json";
    let Some(output) = output else {
        let mut out = io::stdout().lock();
        let mut read_on = true;
        let copy = |bytes: &[u8]| match out.write_all(bytes).and_then(|()| out.flush()) {
            // a reader that went away, as `head` does, is no failure
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {
                read_on = false;
                Err(not_written("standard output", error))
            }
            written => written.map_err(|error| not_written("standard output", error)),
        };
        return match client.stream(&path, query, accept, copy).await {
            Err(_) if !read_on => Ok(()),
            outcome => outcome,
        };
    };
    let name = output.display().to_string();
    if fs::metadata(output).is_ok_and(|found| !found.is_file()) {
        // a pipe or a device takes it as it comes
        let mut file = OpenOptions::new()
            .write(true)
            .open(output)
            .map_err(|error| not_written(&name, error))?;
        let copy = |bytes: &[u8]| file.write_all(bytes).map_err(|error| not_written(&name, error));
        return client.stream(&path, query, accept, copy).await;
    }
    let directory = match output.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // under another name until it is whole; only its owner may read it, since it says who did what
    let mut file = tempfile::Builder::new()
        .prefix(".jeton-export.")
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(directory)
        .map_err(|error| not_written(&name, error))?;
    let mut lines = 0_usize;
    let copy = |bytes: &[u8]| {
        lines += bytes.split(|byte| *byte == b'\n').count() - 1;
        file.write_all(bytes).map_err(|error| not_written(&name, error))
    };
    client.stream(&path, query, accept, copy).await?;
    let synced = file.as_file().sync_all();
    let persisted = synced.and_then(|()| file.persist(output).map_err(|refused| refused.error));
    persisted.map_err(|error| not_written(&name, error))?;
    note(&clean(&format!("wrote {lines} entries to {name}")));
    Ok(())
}

fn not_written(name: &str, source: io::Error) -> CliError {
    CliError::Io {
        what: clean(&format!("{name} cannot be written")),
        source,
    }
}

fn render(entries: &[RecordEntry]) -> String {
    let rows = entries.iter().map(|entry| {
        [
            entry.seq.to_string(),
            entry.at.clone(),
            entry.event.clone(),
            entry.actor.clone(),
            or_dash(entry.address.as_ref()),
            or_dash(entry.fingerprint.as_ref()),
            details(entry),
        ]
    });
    table(["NO", "AT", "EVENT", "WHO", "FROM", "FINGERPRINT", "DETAILS"], rows)
}

/// The most characters of details that are shown in a table.
const SHOWN: usize = 120;

fn details(entry: &RecordEntry) -> String {
    let shown: Vec<_> = entry
        .details
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => format!("{name}={text}"),
            other => format!("{name}={other}"),
        })
        .collect();
    let text = shown.join(" ");
    if text.chars().count() <= SHOWN {
        return text;
    }
    let cut: String = text.chars().take(SHOWN).collect();
    format!("{cut}…")
}

fn render_verdict(verdict: &RecordVerdict) -> String {
    let mut out = match (verdict.ok, verdict.first, verdict.last) {
        (true, Some(first), Some(last)) => {
            format!("nothing is wrong: {} entries, {first} to {last}\n", verdict.entries)
        }
        (true, _, _) => "nothing is wrong: nothing is on record\n".to_owned(),
        (false, _, _) => format!("something is wrong with the record ({} entries)\n", verdict.entries),
    };
    if let (Some(last), Some(head)) = (verdict.last, &verdict.head) {
        let _ = writeln!(out, "head {last}:{}", clean(head));
    }
    if !verdict.findings.is_empty() {
        out.push('\n');
        let rows = verdict.findings.iter().map(|finding| {
            [
                finding.seq.map_or_else(|| "-".to_owned(), |seq| seq.to_string()),
                finding.kind.clone(),
                finding.detail.clone(),
            ]
        });
        out.push_str(&table(["NO", "WHAT", "DETAIL"], rows));
    }
    if let Some(archives) = verdict.archives.as_ref().filter(|archives| !archives.is_empty()) {
        out.push('\n');
        let rows = archives.iter().map(|archive| {
            let state = if archive.ok { "fine" } else { "wrong" };
            [
                archive.file.clone(),
                format!("{} to {}", archive.first, archive.last),
                state.to_owned(),
            ]
        });
        out.push_str(&table(["ARCHIVE", "ENTRIES", "STATE"], rows));
    }
    out
}

#[cfg(test)]
mod tests {
    use jeton_api::{RecordEntry, RecordFinding, RecordVerdict};
    use serde_json::json;

    use super::{render, render_verdict};

    fn entry(details: &serde_json::Value) -> RecordEntry {
        RecordEntry {
            seq: 7,
            at: "2026-11-22T09:00:00Z".to_owned(),
            event: "token.granted".to_owned(),
            actor: "client:ci".to_owned(),
            actor_key: "client:x".to_owned(),
            fingerprint: None,
            request_id: None,
            address: Some("10.0.0.1".to_owned()),
            details: details.as_object().cloned().unwrap_or_default(),
            hash: "00".to_owned(),
        }
    }

    #[test]
    fn an_entry_is_a_line() {
        let text = render(&[
            entry(&json!({"rule": "ci", "repositories": ["acme/x"]})),
            entry(&json!({"x": "y".repeat(500)})),
        ]);
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines.len(), 3, "{text}");
        assert!(
            lines[1].contains("token.granted") && lines[1].contains(r#"repositories=["acme/x"]"#),
            "{text}"
        );
        assert!(lines[2].ends_with('…') && lines[2].chars().count() < 250, "{text}");
    }

    #[test]
    fn a_verdict_says_where_and_what() {
        let mut verdict = RecordVerdict {
            ok: true,
            first: Some(1),
            last: Some(9),
            entries: 9,
            head: Some("ab".to_owned()),
            findings: Vec::new(),
            archives: None,
        };
        assert_eq!(
            render_verdict(&verdict),
            "nothing is wrong: 9 entries, 1 to 9\nhead 9:ab\n"
        );
        verdict.ok = false;
        verdict.findings.push(RecordFinding {
            seq: Some(4),
            kind: "changed".to_owned(),
            detail: "entry 4 is not as it was written".to_owned(),
        });
        let text = render_verdict(&verdict);
        assert!(
            text.starts_with("something is wrong") && text.contains("changed"),
            "{text}"
        );
    }
}
