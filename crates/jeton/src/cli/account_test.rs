//! `jeton account test`: what the forges say about tokens.

use std::process::ExitCode;

use jeton_accounts::{EnvironmentAccount, FoundEnvironment, read_environment};
use jeton_api::{Account, CheckReport, TestAccountRequest, WhoAmI};
use jeton_domain::{Clock as _, Secret};
use serde::Serialize;

use super::{
    CliError, Client, Context, Format, account_list, account_online, account_output, account_report as report,
    args_account::TestAccountArgs,
    args_account_parts::WantedFor,
    output::{clean, note, print, print_json, table},
};
use crate::system::SystemClock;

/// The status when nobody gave a clear word.
const UNKNOWN: u8 = 3;

pub(super) async fn run(args: TestAccountArgs, context: &Context) -> Result<ExitCode, CliError> {
    let status = match (&args.from_env, &args.label) {
        (Some(variable), _) => environment(variable, &args, context).await?,
        (None, Some(label)) => one(label, &args, context).await?,
        (None, None) => all(&args, context).await?,
    };
    Ok(ExitCode::from(status))
}

async fn one(label: &str, args: &TestAccountArgs, context: &Context) -> Result<u8, CliError> {
    let client = Client::new(&args.server, context)?;
    let (account, check) = ask(&client, label, &args.wanted).await?;
    match args.format {
        Format::Json => print_json(&account)?,
        Format::Table => {
            let now = SystemClock.now();
            print(&account_output::whole(&account, now))?;
            note(&report::in_a_line(&check, now));
        }
    }
    Ok(report::exit_status(&check))
}

/// Has the server test one, and gives what it found just now, whatever is known from before.
async fn ask(client: &Client, account: &str, wanted: &WantedFor) -> Result<(Account, CheckReport), CliError> {
    let request = TestAccountRequest {
        purposes: wanted.words(),
        repository: wanted.repository.clone(),
    };
    let mut tested: Account = client.post(&["v1", "accounts", account, "test"], &request).await?;
    // Of this look alone: a finding from before is none of it.
    let check = tested.check.clone().ok_or_else(|| CliError::Usage {
        what: "the server did not say what its test found".to_owned(),
        remedy: "Its version and the command line's differ: use the same one.".to_owned(),
    })?;
    tested.finding = check.diagnoses.first().cloned();
    Ok((tested, check))
}

async fn all(args: &TestAccountArgs, context: &Context) -> Result<u8, CliError> {
    let client = Client::new(&args.server, context)?;
    let me: WhoAmI = client.get(&["v1", "whoami"], &[]).await?;
    let (mut status, mut tested) = (0, Vec::new());
    let mut next = None;
    loop {
        let page = account_list::page(&client, &[], next.take(), account_list::PAGE).await?;
        for account in &page.accounts {
            if is_somebody_elses(account, &me) {
                let owner = account.owner.as_deref().unwrap_or("somebody");
                note(&clean(&format!(
                    "{} was not tested: it is for {owner} alone",
                    account.label
                )));
                continue;
            }
            // By its id: private accounts of several people may share a label.
            match ask(&client, &account.id.to_string(), &args.wanted).await {
                Ok((account, check)) => {
                    status = report::worst(status, report::exit_status(&check));
                    let line = format!("{}: {}", account.label, report::in_a_line(&check, SystemClock.now()));
                    match args.format {
                        // Each as it comes: many take a while.
                        Format::Table => print(&format!("{}\n", clean(&line)))?,
                        Format::Json => tested.push(account),
                    }
                }
                Err(error) if is_of_this_one(&error) => {
                    status = report::worst(status, UNKNOWN);
                    let words = error.to_string_for_people();
                    note(&format!("{} was not tested\n{words}", clean(&account.label)));
                }
                Err(error) => return Err(error),
            }
        }
        next = page.next;
        if next.is_none() || page.accounts.is_empty() {
            break;
        }
    }
    if let Format::Json = args.format {
        print_json(&tested)?;
    }
    Ok(status)
}

/// Whether it is private to somebody else: operators see that it is there, and may not try its token.
fn is_somebody_elses(account: &Account, me: &WhoAmI) -> bool {
    !account.shared && account.owner.as_ref().is_some_and(|owner| *owner != me.name)
}

/// Whether the others can be tested all the same: this one was removed or changed meanwhile, may not be tested, or is on a forge
/// that has no such repositories.
fn is_of_this_one(error: &CliError) -> bool {
    matches!(error, CliError::Problem(problem) if matches!(problem.status, 400 | 403 | 404 | 409 | 422))
}

/// A token of this process's environment, as JSON has it.
#[derive(Serialize)]
struct Tested {
    variable: &'static str,
    forge: &'static str,
    host: String,
    fingerprint: String,
    check: CheckReport,
}

async fn environment(wanted: &str, args: &TestAccountArgs, context: &Context) -> Result<u8, CliError> {
    let found = of_environment(context)?;
    let accounts = chosen(&found, wanted)?;
    let forges = account_online::forges(context)?;
    let (mut status, mut tested) = (0, Vec::new());
    for account in accounts {
        let kind = account.credential.forge.kind();
        let ask = account_online::check_ask(kind, &args.wanted)?;
        let forge = forges.of(kind);
        let now = SystemClock.now();
        let check = CheckReport::from(&forge.check(&account.credential, &ask, now).await);
        status = report::worst(status, report::exit_status(&check));
        if let Format::Table = args.format {
            let gap = if tested.is_empty() { "" } else { "\n" };
            print(&format!("{gap}{}", in_full(account, &check)))?;
        }
        tested.push(Tested {
            variable: account.variable,
            forge: kind.as_str(),
            host: account.credential.forge.host().to_owned(),
            fingerprint: account.fingerprint.to_string(),
            check,
        });
    }
    if let Format::Json = args.format {
        print_json(&tested)?;
    }
    Ok(status)
}

/// Every token in the environment and in the file with variables.
fn of_environment(context: &Context) -> Result<FoundEnvironment, CliError> {
    // Once aloud, so that a file that cannot be read is told; below it can no longer fail.
    context.sources.variable("GITHUB_TOKEN")?;
    Ok(read_environment(&|name| {
        context.sources.variable(name).ok().flatten().map(Secret::new)
    }))
}

/// The one of a variable, or all; what cannot be used is told on the way.
fn chosen<'a>(found: &'a FoundEnvironment, wanted: &str) -> Result<Vec<&'a EnvironmentAccount>, CliError> {
    let is_wanted = |variable: &str| wanted.is_empty() || variable == wanted;
    let accounts: Vec<_> = found.accounts.iter().filter(|one| is_wanted(one.variable)).collect();
    let notes: Vec<_> = found.notes.iter().filter(|note| is_wanted(note.variable)).collect();
    if let (true, Some(first)) = (accounts.is_empty(), notes.first()) {
        return Err(CliError::Usage {
            what: format!("the token in {} is not used", first.variable),
            remedy: first.words.clone(),
        });
    }
    for one in notes {
        note(&clean(&format!("note: {one}")));
    }
    if accounts.is_empty() {
        let what = if wanted.is_empty() {
            "there is no token of a forge in the environment".to_owned()
        } else {
            format!("there is no token of a forge in {wanted}, or it is no variable of the forges' own tools")
        };
        return Err(CliError::Usage {
            what,
            remedy: "Set GITHUB_TOKEN, GH_TOKEN, GITLAB_TOKEN, BITBUCKET_TOKEN with BITBUCKET_EMAIL, or \
                     BITBUCKET_ACCESS_TOKEN; for any other, `jeton token inspect --online` reads standard input."
                .to_owned(),
        });
    }
    Ok(accounts)
}

fn in_full(account: &EnvironmentAccount, check: &CheckReport) -> String {
    let mut rows = vec![
        ("variable", account.variable.to_owned()),
        ("forge", account.credential.forge.web_url().to_owned()),
    ];
    rows.extend(report::facts(check, SystemClock.now()));
    rows.push(("token", account.fingerprint.to_string()));
    let rows = rows.into_iter().map(|(name, value)| [name.to_owned(), value]);
    let facts = table(["", ""], rows);
    format!("{}{}", facts.trim_start(), report::sections(check))
}
