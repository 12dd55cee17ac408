//! `jeton account list` and `repositories`: page by page.

use std::{collections::HashSet, process::ExitCode};

use jeton_api::{AccountList, AccountRepositoryList, WhoAmI};
use jeton_domain::{Clock as _, ForgeKind, Validity};

use super::{
    CliError, Client, Context, Format, ServerArgs, account_output as show,
    args_account::ListAccountArgs,
    args_account_parts::ValidityArg,
    output::{clean, note, print, print_json},
};
use crate::system::SystemClock;

/// How many accounts are asked for at once.
pub(super) const PAGE: u32 = 100;

impl From<ValidityArg> for Validity {
    fn from(validity: ValidityArg) -> Self {
        match validity {
            ValidityArg::Valid => Self::Valid,
            ValidityArg::Invalid => Self::Invalid,
            ValidityArg::Unknown => Self::Unknown,
        }
    }
}

pub(super) async fn list(args: ListAccountArgs, context: &Context) -> Result<ExitCode, CliError> {
    let client = Client::new(&args.server, context)?;
    let mut filter = Vec::new();
    filter.extend(
        args.forge
            .map(|forge| ("forge", ForgeKind::from(forge).as_str().to_owned())),
    );
    filter.extend(args.host.map(|host| ("host", host)));
    filter.extend(
        args.validity
            .map(|word| ("validity", Validity::from(word).as_str().to_owned())),
    );
    filter.extend(args.prefix.map(|prefix| ("label", prefix)));
    filter.extend(args.search.map(|text| ("search", text)));
    let now = SystemClock.now();
    filter.extend(
        args.ends_before
            .map(|when| ("ends_before", when.after(now).to_string())),
    );
    let limit = if args.all { u32::MAX } else { args.limit };
    let list = gather(&client, &filter, limit).await?;
    match args.format {
        Format::Json => print_json(&list)?,
        Format::Table if list.accounts.is_empty() && filter.is_empty() => {
            note("no accounts that you may see yet; add one with `jeton account add`");
        }
        Format::Table if list.accounts.is_empty() => note("no such account that you may see"),
        Format::Table => {
            // Only what is private to others is shown otherwise than to its owner.
            let me = if list.accounts.iter().all(|account| account.shared) {
                String::new()
            } else {
                client.get::<WhoAmI>(&["v1", "whoami"], &[]).await?.name
            };
            print(&show::list(&list.accounts, &me, SystemClock.now()))?;
            if list.next.is_some() {
                note("there are more; --all shows them");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn gather(client: &Client, filter: &[(&'static str, String)], limit: u32) -> Result<AccountList, CliError> {
    let mut out = AccountList {
        accounts: Vec::new(),
        next: None,
    };
    loop {
        let wanted = limit.saturating_sub(u32::try_from(out.accounts.len()).unwrap_or(u32::MAX));
        let found = page(client, filter, out.next.take(), wanted.min(PAGE)).await?;
        let stuck = found.accounts.is_empty();
        out.accounts.extend(found.accounts);
        out.next = found.next;
        if stuck || out.next.is_none() || out.accounts.len() >= limit as usize {
            return Ok(out);
        }
    }
}

/// One page, at most so long.
///
/// # Errors
/// As [`Client::get`].
pub(super) async fn page(
    client: &Client,
    filter: &[(&'static str, String)],
    after: Option<String>,
    limit: u32,
) -> Result<AccountList, CliError> {
    let mut query = filter.to_vec();
    query.push(("limit", limit.to_string()));
    query.extend(after.map(|after| ("after", after)));
    client.get(&["v1", "accounts"], &query).await
}

pub(super) async fn repositories(
    label: &str,
    limit: u32,
    format: Format,
    server: &ServerArgs,
    context: &Context,
) -> Result<ExitCode, CliError> {
    let client = Client::new(server, context)?;
    let mut out = AccountRepositoryList {
        repositories: Vec::new(),
        next: None,
        remark: None,
    };
    let mut pages = Pages::default();
    loop {
        let wanted = limit.saturating_sub(u32::try_from(out.repositories.len()).unwrap_or(u32::MAX));
        let mut query = vec![("limit", wanted.min(PAGE).to_string())];
        query.extend(out.next.take().map(|next| ("page", next)));
        let path = ["v1", "accounts", label, "repositories"];
        let found: AccountRepositoryList = client.get(&path, &query).await?;
        let goes_on = pages.go_on(found.repositories.is_empty(), found.next.as_deref());
        out.repositories.extend(found.repositories);
        out.next = found.next;
        out.remark = out.remark.or(found.remark);
        if !goes_on || out.repositories.len() >= limit as usize {
            break;
        }
    }
    match format {
        Format::Json => print_json(&out)?,
        Format::Table => {
            if out.repositories.is_empty() {
                note("it reaches no repository that its forge tells of");
            } else {
                print(&show::repositories(&out.repositories))?;
            }
            if let Some(remark) = &out.remark {
                note(&format!("note: {}", clean(remark)));
            }
            if out.next.is_some() {
                note("there are more; --limit shows them");
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// How many pages in a row may have nothing.
const EMPTY_PAGES: usize = 100;

/// The pages of a forge's list that were asked for: a forge that leads in a circle, or on for ever, is not followed.
#[derive(Debug, Default)]
struct Pages {
    asked: HashSet<String>,
    empty: usize,
}

impl Pages {
    /// Whether to ask for the next page. A forge may leave everything out of a page that the token may not see, and the next one may have
    /// some; but there is an end to that.
    fn go_on(&mut self, is_empty: bool, next: Option<&str>) -> bool {
        self.empty = if is_empty { self.empty + 1 } else { 0 };
        next.is_some_and(|next| self.empty < EMPTY_PAGES && self.asked.insert(next.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::Pages;

    #[test]
    fn a_list_that_never_ends_is_left() {
        let mut pages = Pages::default();
        assert!(pages.go_on(false, Some("2")) && pages.go_on(true, Some("3")) && !pages.go_on(false, Some("2")));
        assert!(!Pages::default().go_on(false, None));
        let mut pages = Pages::default();
        assert_eq!(
            (0..1000)
                .take_while(|n| pages.go_on(true, Some(&n.to_string())))
                .count(),
            99
        );
    }
}
