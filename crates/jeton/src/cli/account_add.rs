//! `jeton account add`, `replace` and `rotate`: tokens that come in.

use std::process::ExitCode;

use jeton_api::{Account, AddAccountRequest, Released, RotateAccountRequest, StoredAccount, TokenGuide};
use jeton_domain::{Clock as _, Code, Coded as _};

use super::{
    CliError, Client, Context, Format, ServerArgs, account_output as show, account_token,
    args_account::{AddAccountArgs, ReplaceAccountArgs},
    output::{clean, note, print, print_json},
    when::{When, parse_when},
};
use crate::system::SystemClock;

pub(super) async fn add(args: AddAccountArgs, context: &Context) -> Result<ExitCode, CliError> {
    let client = Client::new(&args.server, context)?;
    let token = account_token::read(&args.from, context)?;
    account_token::refuse_unusable(&token, args.forge.as_deref(), args.base_url.as_deref())?;
    let yes = |flag: bool| flag.then_some(true);
    let request = AddAccountRequest {
        label: args.label,
        forge: args.forge,
        base_url: args.base_url,
        token: Released(token),
        username: args.username,
        email: args.email,
        note: args.note,
        serves: args.serves,
        shared: visibility(args.shared, args.private),
        default: yes(args.is_default),
        auto_rotate: args.no_auto_rotate.then_some(false),
        expires_at: args.expires.map(end),
        untested: yes(args.untested),
        purposes: args.wanted.words(),
        repository: args.wanted.repository,
    };
    let stored: StoredAccount = client.post(&["v1", "accounts"], &request).await?;
    print_stored(&stored, args.format)?;
    note(&clean(&format!(
        "added {} ({})",
        stored.account.label, stored.account.source
    )));
    Ok(ExitCode::SUCCESS)
}

/// What `--shared` and `--private` say; neither leaves it to the server.
pub(super) fn visibility(shared: bool, private: bool) -> Option<bool> {
    match (shared, private) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

/// An end as the server reads it: a day and a time as they are, and so long from now.
pub(super) fn end(text: String) -> String {
    match parse_when(&text) {
        Ok(length @ When::Off(_)) => length.after(SystemClock.now()).to_string(),
        Ok(When::At(_)) | Err(_) => text,
    }
}

pub(super) async fn replace(args: ReplaceAccountArgs, context: &Context) -> Result<ExitCode, CliError> {
    let label = &args.account.label;
    let client = Client::new(&args.server, context)?;
    // Before anybody pastes a secret: is there such an account, and for which forge?
    let account: Account = client.get(&["v1", "accounts", label], &[]).await?;
    let token = account_token::read(&args.from, context)?;
    account_token::refuse_unusable(&token, Some(&account.forge), None)?;
    let request = RotateAccountRequest {
        token: Some(Released(token)),
        username: args.username,
        email: args.email,
        expires_at: args.expires.map(end),
        other_identity: args.other_identity.then_some(true),
        untested: args.untested.then_some(true),
        end_old: args.end_old.then_some(true),
        end_old_after_seconds: args.end_old_after,
    };
    let stored: StoredAccount = client.post(&["v1", "accounts", label, "rotate"], &request).await?;
    print_stored(&stored, args.format)?;
    let (now, before) = (&stored.account, &account);
    let old = if args.end_old {
        format!(
            "the server ends the old one ({}) once every target has the new one; `jeton account target list` shows when",
            before.fingerprint
        )
    } else {
        format!("revoke the old one ({}) at {}", before.fingerprint, before.host)
    };
    let words = format!("{} has the new token {}; {old}", now.label, now.fingerprint);
    note(&clean(&words));
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn rotate(
    label: &str,
    format: Format,
    server: &ServerArgs,
    context: &Context,
) -> Result<ExitCode, CliError> {
    let client = Client::new(server, context)?;
    let path = ["v1", "accounts", label, "rotate"];
    match client
        .post::<StoredAccount>(&path, &RotateAccountRequest::default())
        .await
    {
        Ok(stored) => {
            print_stored(&stored, format)?;
            let words = format!(
                "{} has the new token {}; the old one has ended",
                stored.account.label, stored.account.fingerprint
            );
            note(&clean(&words));
            Ok(ExitCode::SUCCESS)
        }
        Err(error) if error.code() == Code::RotationUnsupported => {
            let account: Account = client.get(&["v1", "accounts", label], &[]).await?;
            let guide = guide_for(&client, &account).await?;
            match format {
                Format::Json => print_json(&guide)?,
                Format::Table => print(&show::guide(&guide))?,
            }
            note(&error.to_string_for_people());
            Ok(ExitCode::from(error.exit_status()))
        }
        Err(error) => Err(error),
    }
}

/// How to make a token like the one that the account has, for what it was last tested for.
async fn guide_for(client: &Client, account: &Account) -> Result<TokenGuide, CliError> {
    let mut query = vec![
        ("forge", account.forge.clone()),
        ("base_url", account.web_url.clone()),
        ("kind", account.kind.clone()),
    ];
    let purposes = account.check.iter().flat_map(|check| &check.purposes);
    let purposes: Vec<_> = purposes.map(|one| one.purpose.as_str()).collect();
    query.extend((!purposes.is_empty()).then(|| ("purposes", purposes.join(","))));
    query.extend(account.serves.first().map(|serves| ("repository", serves.clone())));
    client.get(&["v1", "token-guide"], &query).await
}

fn print_stored(stored: &StoredAccount, format: Format) -> Result<(), CliError> {
    match format {
        Format::Json => print_json(stored),
        Format::Table => {
            show::note_findings(stored);
            print(&show::whole(&stored.account, SystemClock.now()))
        }
    }
}
