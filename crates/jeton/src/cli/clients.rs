//! `jeton client`

use std::process::ExitCode;

use jeton_api::{
    AddClientRequest, AddedClient, ApiClient, ApiClientList, RevokedClient, RotateClientRequest, RotatedClient,
};
use jeton_domain::{Clock as _, Secret};

use super::{
    CliError, Client, Context, Format,
    args_access::{AddClientArgs, ClientCommand},
    output::{clean, confirmed, note, or_dash, print, print_json, table},
};
use crate::system::SystemClock;

/// How many clients are asked for at once.
const PAGE: u32 = 100;

pub(super) async fn run(command: ClientCommand, context: &Context) -> Result<ExitCode, CliError> {
    match command {
        ClientCommand::Add(args) => add(args, context).await?,
        ClientCommand::List {
            all,
            limit,
            format,
            server,
        } => {
            let list = list(&Client::new(&server, context)?, all, limit).await?;
            match format {
                Format::Json => print_json(&list)?,
                Format::Table if list.clients.is_empty() => {
                    note("no clients yet; add one with `jeton client add NAME`");
                }
                Format::Table => {
                    print(&render_list(&list.clients))?;
                    if list.next.is_some() {
                        note("there are more; --limit shows them");
                    }
                }
            }
        }
        ClientCommand::Show { name, format, server } => {
            let client: ApiClient = Client::new(&server, context)?
                .get(&["v1", "clients", &name], &[])
                .await?;
            match format {
                Format::Json => print_json(&client)?,
                Format::Table => print(&render(&client))?,
            }
        }
        ClientCommand::Rotate {
            name,
            overlap,
            format,
            server,
        } => {
            let request = RotateClientRequest {
                overlap_seconds: overlap,
            };
            let rotated: RotatedClient = Client::new(&server, context)?
                .post(&["v1", "clients", &name, "rotate"], &request)
                .await?;
            let words = format!(
                "the new key of {} is shown this once; the old one ends at {}",
                rotated.client.name, rotated.old_key_ends_at
            );
            match format {
                Format::Json => print_json(&rotated)?,
                Format::Table => print_alone(&rotated.key.0)?,
            }
            note(&clean(&words));
        }
        ClientCommand::Revoke {
            name,
            grants,
            yes,
            server,
        } => {
            let client = Client::new(&server, context)?;
            let question = format!("End the client `{name}` and its keys?");
            if !yes && !confirmed(&format!("revoking `{name}`"), &question)? {
                note("nothing was changed");
                return Ok(ExitCode::FAILURE);
            }
            let query: Vec<_> = grants.then(|| ("grants", "true".to_owned())).into_iter().collect();
            let revoked: RevokedClient = client.delete(&["v1", "clients", &name], &query).await?;
            note(&clean(&words_of(&revoked, grants)));
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(args: AddClientArgs, context: &Context) -> Result<(), CliError> {
    let request = AddClientRequest {
        name: args.name,
        description: args.description,
        networks: (!args.networks.is_empty()).then_some(args.networks),
        expires_at: args.expires.map(|when| when.after(SystemClock.now()).to_string()),
    };
    let added: AddedClient = Client::new(&args.server, context)?
        .post(&["v1", "clients"], &request)
        .await?;
    match args.format {
        Format::Json => print_json(&added)?,
        Format::Table => print_alone(&added.key.0)?,
    }
    let end = match &added.client.expires_at {
        Some(at) => format!(", ends at {at}"),
        None => String::new(),
    };
    note(&clean(&format!(
        "added {}{end}; its key is shown this once",
        added.client.name
    )));
    Ok(())
}

/// A secret and a line end, which `$(…)` takes away.
pub(super) fn print_alone(secret: &Secret) -> Result<(), CliError> {
    let line = Secret::new(format!("{}\n", secret.expose()));
    print(line.expose())
}

fn words_of(revoked: &RevokedClient, grants: bool) -> String {
    let name = &revoked.client.name;
    let off = match revoked.accounts_switched_off {
        0 => String::new(),
        1 => "; its private account was switched off".to_owned(),
        count => format!("; its {count} private accounts were switched off"),
    };
    let held = match (revoked.grants_ended, grants) {
        (0, false) => format!("revoked {name}; what it holds lives on until it ends (--grants gives it back, too)"),
        (0, true) => format!("revoked {name}; it held nothing"),
        (1, _) => format!("revoked {name} and ended 1 token"),
        (count, _) => format!("revoked {name} and ended {count} tokens"),
    };
    held + &off
}

async fn list(client: &Client, all: bool, limit: u32) -> Result<ApiClientList, CliError> {
    let mut out = ApiClientList {
        clients: Vec::new(),
        next: None,
    };
    loop {
        let wanted = limit.saturating_sub(u32::try_from(out.clients.len()).unwrap_or(u32::MAX));
        let mut query = vec![("limit", wanted.min(PAGE).to_string())];
        query.extend(all.then(|| ("revoked", "true".to_owned())));
        query.extend(out.next.take().map(|next| ("after", next)));
        let page: ApiClientList = client.get(&["v1", "clients"], &query).await?;
        let stuck = page.clients.is_empty();
        out.clients.extend(page.clients);
        out.next = page.next;
        if stuck || out.next.is_none() || out.clients.len() >= limit as usize {
            return Ok(out);
        }
    }
}

fn state(client: &ApiClient) -> String {
    match (&client.revoked_at, &client.expires_at) {
        (Some(at), _) => format!("revoked {at}"),
        (None, Some(at)) => format!("until {at}"),
        (None, None) => "active".to_owned(),
    }
}

fn networks(client: &ApiClient) -> String {
    if client.networks.is_empty() {
        "any".to_owned()
    } else {
        client.networks.join(", ")
    }
}

fn render_list(clients: &[ApiClient]) -> String {
    let rows = clients.iter().map(|client| {
        [
            client.name.clone(),
            state(client),
            networks(client),
            client.last_used_at.clone().unwrap_or_else(|| "never".to_owned()),
            or_dash(client.description.as_ref()),
        ]
    });
    table(["NAME", "STATE", "NETWORKS", "LAST USED", "DESCRIPTION"], rows)
}

fn render(client: &ApiClient) -> String {
    let rows = [
        ("name", client.name.clone()),
        ("id", client.id.to_string()),
        ("description", or_dash(client.description.as_ref())),
        ("state", state(client)),
        ("networks", networks(client)),
        ("added", client.created_at.clone()),
        (
            "last used",
            client.last_used_at.clone().unwrap_or_else(|| "never".to_owned()),
        ),
    ];
    let mut out = table(["", ""], rows.map(|(name, value)| [name.to_owned(), value]))
        .trim_start()
        .to_owned();
    if let Some(keys) = client.keys.as_ref().filter(|keys| !keys.is_empty()) {
        out.push('\n');
        let rows = keys.iter().map(|key| {
            [
                key.fingerprint.clone(),
                key.created_at.clone(),
                or_dash(key.expires_at.as_ref()),
            ]
        });
        out.push_str(&table(["KEY", "MADE", "ENDS"], rows));
    }
    out
}

#[cfg(test)]
mod tests {
    use jeton_api::{ApiClient, ApiClientKey, RevokedClient};
    use uuid::Uuid;

    use super::{render, render_list, words_of};

    fn client() -> ApiClient {
        ApiClient {
            id: Uuid::nil(),
            name: "ci".to_owned(),
            description: Some("builds\u{1b}[2J".to_owned()),
            networks: vec!["10.0.0.0/8".to_owned()],
            created_at: "2026-11-22T09:00:00Z".to_owned(),
            expires_at: None,
            last_used_at: None,
            revoked_at: None,
            keys: Some(vec![ApiClientKey {
                fingerprint: "ba7816bf8f01".to_owned(),
                created_at: "2026-11-22T09:00:00Z".to_owned(),
                expires_at: None,
            }]),
        }
    }

    #[test]
    fn a_client_is_shown_with_its_keys_fingerprints() {
        let text = render(&client());
        for shown in ["ci", "10.0.0.0/8", "never", "ba7816bf8f01", "active"] {
            assert!(text.contains(shown), "{shown} in {text}");
        }
        assert!(!text.contains('\u{1b}'), "{text:?}");
        let mut revoked = client();
        revoked.revoked_at = Some("2026-11-23T00:00:00Z".to_owned());
        assert!(render_list(&[revoked]).contains("revoked 2026-11-23"));
    }

    #[test]
    fn what_a_revoked_client_still_holds_is_said() {
        let revoked = |grants_ended| RevokedClient {
            client: client(),
            grants_ended,
            accounts_switched_off: grants_ended / 2,
        };
        assert!(words_of(&revoked(0), false).contains("--grants"));
        assert_eq!(words_of(&revoked(0), true), "revoked ci; it held nothing");
        assert_eq!(
            words_of(&revoked(2), true),
            "revoked ci and ended 2 tokens; its private account was switched off"
        );
    }
}
