//! `jeton account`

use std::process::ExitCode;

use jeton_api::{
    Account, ChangeAccountRequest, DefaultAccountRequest, ImportAccountsRequest, ImportedAccounts, RemovedAccount,
    TokenGuide,
};
use jeton_domain::Clock as _;

use super::{
    CliError, Client, Context, Format, account_add, account_list, account_output as show, account_target, account_test,
    account_token,
    args_account::{AccountCommand, GuideArgs, UpdateAccountArgs},
    output::{clean, confirmed, note, print, print_json},
};
use crate::system::SystemClock;

pub(super) async fn run(command: AccountCommand, context: &Context) -> Result<ExitCode, CliError> {
    account_token::refuse_in_arguments(&command)?;
    match command {
        AccountCommand::Add(args) => return account_add::add(args, context).await,
        AccountCommand::List(args) => return account_list::list(args, context).await,
        AccountCommand::Test(args) => return account_test::run(args, context).await,
        AccountCommand::Replace(args) => return account_add::replace(args, context).await,
        AccountCommand::Rotate {
            account,
            format,
            server,
        } => return account_add::rotate(&account.label, format, &server, context).await,
        AccountCommand::Repositories {
            account,
            limit,
            format,
            server,
        } => return account_list::repositories(&account.label, limit, format, &server, context).await,
        AccountCommand::Show {
            account,
            format,
            server,
        } => {
            let client = Client::new(&server, context)?;
            let account: Account = client.get(&["v1", "accounts", &account.label], &[]).await?;
            print_one(&account, format)?;
        }
        AccountCommand::Default { account, off, server } => {
            let request = DefaultAccountRequest {
                default: off.then_some(false),
            };
            let client = Client::new(&server, context)?;
            let path = ["v1", "accounts", &account.label, "default"];
            let account: Account = client.post(&path, &request).await?;
            let word = if account.default { "now" } else { "not" };
            note(&clean(&format!(
                "{} is {word} the default on {}",
                account.label, account.host
            )));
        }
        AccountCommand::Update(args) => update(args, context).await?,
        AccountCommand::Remove {
            account,
            force,
            yes,
            server,
        } => {
            let label = &account.label;
            let client = Client::new(&server, context)?;
            let question = format!("Make the server forget the account `{label}` and its token?");
            if !yes && !confirmed(&format!("removing `{label}`"), &question)? {
                note("nothing was changed");
                return Ok(ExitCode::FAILURE);
            }
            let query: Vec<_> = force.then(|| ("force", "true".to_owned())).into_iter().collect();
            let removed: RemovedAccount = client.delete(&["v1", "accounts", label], &query).await?;
            note(&clean(&words_of(&removed)));
        }
        AccountCommand::ImportEnv {
            variables,
            untested,
            format,
            server,
        } => {
            let request = ImportAccountsRequest {
                variables,
                untested: untested.then_some(true),
            };
            let client = Client::new(&server, context)?;
            let imported: ImportedAccounts = client.post(&["v1", "accounts", "import-environment"], &request).await?;
            return print_imported(&imported, format);
        }
        AccountCommand::Guide(args) => guide(args, context).await?,
        AccountCommand::Target(command) => return account_target::run(command, context).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn print_one(account: &Account, format: Format) -> Result<(), CliError> {
    match format {
        Format::Json => print_json(account),
        Format::Table => print(&show::whole(account, SystemClock.now())),
    }
}

fn print_imported(imported: &ImportedAccounts, format: Format) -> Result<ExitCode, CliError> {
    match format {
        Format::Json => print_json(imported)?,
        Format::Table if imported.variables.is_empty() => {
            note("there is no token of a forge in the server's environment");
        }
        Format::Table => print(&show::imported(&imported.variables))?,
    }
    let failed = imported.variables.iter().any(|one| one.problem.is_some());
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn words_of(removed: &RemovedAccount) -> String {
    let label = &removed.label;
    let holders = match removed.ended_grants {
        0 => return format!("removed {label}; its token lives on until it is revoked at the forge"),
        1 => "the holder of 1 grant keeps its token".to_owned(),
        count => format!("the holders of {count} grants keep its token"),
    };
    format!("removed {label}; {holders} until it is revoked at the forge")
}

async fn update(args: UpdateAccountArgs, context: &Context) -> Result<(), CliError> {
    let client = Client::new(&args.server, context)?;
    let label = args.account.label.clone();
    let format = args.format;
    let changed: Account = client.patch(&["v1", "accounts", &label], &change(args)).await?;
    if let Format::Json = format {
        print_json(&changed)?;
    }
    note(&clean(&format!("changed {}", changed.label)));
    Ok(())
}

fn change(args: UpdateAccountArgs) -> ChangeAccountRequest {
    let serves = args.serves.map(|serves| {
        let named = serves.into_iter().filter(|one| !one.trim().is_empty());
        named.collect()
    });
    ChangeAccountRequest {
        label: args.new_label,
        note: args.note,
        username: args.username,
        email: args.email,
        serves,
        expires_at: args.expires.map(account_add::end),
        active: args.active,
        auto_rotate: args.auto_rotate,
        shared: account_add::visibility(args.shared, args.private),
    }
}

async fn guide(args: GuideArgs, context: &Context) -> Result<(), CliError> {
    let purposes = args.wanted.words();
    let mut query = Vec::new();
    query.extend(args.forge.map(|forge| ("forge", forge)));
    query.extend(args.base_url.map(|url| ("base_url", url)));
    query.extend(args.kind.map(|kind| ("kind", kind)));
    query.extend((!purposes.is_empty()).then(|| ("purposes", purposes.join(","))));
    query.extend(args.wanted.repository.map(|repository| ("repository", repository)));
    let guide: TokenGuide = Client::new(&args.server, context)?
        .get(&["v1", "token-guide"], &query)
        .await?;
    match args.format {
        Format::Json => print_json(&guide),
        Format::Table => print(&show::guide(&guide)),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use jeton_api::RemovedAccount;
    use serde_json::json;

    use super::{change, words_of};
    use crate::cli::{
        args::{Cli, Command},
        args_account::AccountCommand,
    };

    fn typed(arguments: &[&str]) -> Result<AccountCommand, String> {
        let arguments = [&["jeton", "account"], arguments].concat();
        match Cli::try_parse_from(arguments)
            .map_err(|error| error.to_string())?
            .command
        {
            Command::Account(command) => Ok(command),
            other => panic!("{other:?}"),
        }
    }

    fn changed(arguments: &[&str]) -> serde_json::Value {
        let arguments = [&["update", "work"], arguments].concat();
        match typed(&arguments).unwrap() {
            AccountCommand::Update(args) => serde_json::to_value(change(args)).unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_empty_text_takes_away_and_no_flag_leaves_alone() {
        assert_eq!(changed(&["--note", ""]), json!({"note": ""}));
        assert_eq!(changed(&["--note", "builds"]), json!({"note": "builds"}));
        assert_eq!(changed(&["--serves", ""]), json!({"serves": []}));
        assert_eq!(
            changed(&["--expires", "2027-01-31"]),
            json!({"expires_at": "2027-01-31"})
        );
        assert_eq!(changed(&["--expires", ""]), json!({"expires_at": ""}));
        let end = changed(&["--expires", "90d"]);
        assert!(end["expires_at"].as_str().unwrap().ends_with('Z'), "{end}");
        assert_eq!(
            changed(&["--serves", "acme", "--serves", "octo/tools"]),
            json!({"serves": ["acme", "octo/tools"]})
        );
        assert_eq!(
            changed(&["--active", "false", "--auto-rotate", "true", "--private"]),
            json!({"active": false, "auto_rotate": true, "shared": false})
        );
        assert_eq!(
            changed(&["--label", "play", "--shared"]),
            json!({"label": "play", "shared": true})
        );
        assert!(
            typed(&["update", "work"]).unwrap_err().contains("--note"),
            "something has to change"
        );
    }

    #[test]
    fn purposes_may_be_joined_and_written_as_the_api_does() {
        let AccountCommand::Add(args) =
            typed(&["add", "--for", "read-content,push", "--for", "manage_secrets"]).unwrap()
        else {
            panic!("another command");
        };
        assert_eq!(args.wanted.words(), ["read_content", "push", "manage_secrets"]);
        assert!(typed(&["add", "--for", "everything"]).is_err());
        assert!(typed(&["add", "--shared", "--private"]).is_err());
        assert!(typed(&["test", "work", "--from-env"]).is_err());
        assert!(typed(&["guide"]).is_err());
    }

    #[test]
    fn whoever_still_holds_a_removed_token_is_told() {
        let removed = |ended_grants| {
            words_of(&RemovedAccount {
                label: "work".to_owned(),
                ended_grants,
            })
        };
        assert!(removed(0).contains("lives on"));
        assert!(removed(1).contains("holder of 1 grant"));
        assert!(removed(2).contains("holders of 2 grants"));
    }
}
