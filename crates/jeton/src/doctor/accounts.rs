//! People's tokens: those that their forge refuses, that have ended, and that end soon.

use jeton_accounts::{AccountError, AccountFilter};
use jeton_api::{Account, AccountList};
use jeton_broker::Broker;
use jeton_domain::{AccountScope, Caller, Code, Identity, Validity};
use jiff::{SignedDuration, Timestamp};

use super::{Finding, Level};
use crate::cli::{CliError, Client, clean};

const CHECK: &str = "account";

/// What ends within this time is told.
const SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
/// So many accounts are looked at for each question; of more it is told that there are more.
const MOST: u32 = 100;
/// So many are named.
const NAMED: usize = 5;

/// What matters of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Standing {
    /// Its label; `None` for one that is private to somebody: its name is none of the business of all who read this.
    label: Option<String>,
    end: Option<Timestamp>,
    /// Whether jeton renews it ahead of its end.
    renews: bool,
}

/// Accounts of which the same was asked.
#[derive(Debug, Default)]
struct Found {
    accounts: Vec<Standing>,
    /// Whether there are more than these.
    more: bool,
}

/// Those of a running server, through its API.
pub(super) async fn stored(client: &Client, now: Timestamp) -> Vec<Finding> {
    let ask = async |name: &'static str, value: String| -> Result<Found, CliError> {
        let query = [
            (name, value),
            ("active", "true".to_owned()),
            ("limit", MOST.to_string()),
        ];
        let list: AccountList = client.get(&["v1", "accounts"], &query).await?;
        Ok(Found {
            more: list.next.is_some(),
            accounts: list.accounts.into_iter().map(Standing::from).collect(),
        })
    };
    let refused = ask("validity", Validity::Invalid.to_string()).await;
    let ending = ask("ends_before", (now + SOON).to_string()).await;
    match (refused, ending) {
        (Ok(refused), Ok(ending)) => judge(refused, ending, now),
        (Err(error), _) | (_, Err(error)) => {
            let mut finding = Finding::of(CHECK, &error).at_most(Level::Warn);
            finding.what = format!("the accounts could not be looked at: {}", finding.what);
            vec![finding]
        }
    }
}

/// The same from within the server.
pub(super) async fn kept(broker: &Broker, now: Timestamp) -> Vec<Finding> {
    // The doctor is the operator's.
    let caller = Caller {
        identity: Identity::Operator,
        address: None,
    };
    let ask = async |filter: AccountFilter| -> Result<Found, AccountError> {
        let filter = AccountFilter {
            active: Some(true),
            ..filter
        };
        let page = broker.accounts().list(&caller, &filter, None, MOST).await?;
        Ok(Found {
            more: page.next.is_some(),
            accounts: page.accounts.into_iter().map(Standing::from).collect(),
        })
    };
    let refused = AccountFilter {
        validity: Some(Validity::Invalid),
        ..AccountFilter::default()
    };
    let ending = AccountFilter {
        ends_before: Some(now + SOON),
        ..AccountFilter::default()
    };
    match (ask(refused).await, ask(ending).await) {
        (Ok(refused), Ok(ending)) => judge(refused, ending, now),
        (Err(error), _) | (_, Err(error)) => vec![Finding::of(CHECK, &error)],
    }
}

impl From<Account> for Standing {
    fn from(account: Account) -> Self {
        Self {
            label: account.shared.then(|| clean(&account.label)),
            end: account.expires_at.and_then(|end| end.parse().ok()),
            renews: account.auto_rotate && account.rotate_at.is_some(),
        }
    }
}

impl From<jeton_accounts::Account> for Standing {
    fn from(account: jeton_accounts::Account) -> Self {
        Self {
            label: (account.scope == AccountScope::Shared).then(|| account.label.to_string()),
            end: account.end.time(),
            renews: account.auto_rotate && account.rotate_at.is_some(),
        }
    }
}

/// An account that is refused because it has ended is told once.
fn judge(mut refused: Found, ending: Found, now: Timestamp) -> Vec<Finding> {
    let has_ended = |account: &Standing| account.end.is_some_and(|end| end <= now);
    refused.accounts.retain(|account| !has_ended(account));
    let (ended, mut soon): (Vec<_>, Vec<_>) = ending.accounts.into_iter().partition(has_ended);
    soon.retain(|account| !account.renews);
    soon.sort_by_key(|account| account.end);
    let mut findings = Vec::new();
    if !refused.accounts.is_empty() {
        findings.push(Finding::warn(
            CHECK,
            Code::CredentialInvalid,
            told(&refused, "is refused by its forge", "are refused by their forges"),
            "`jeton account show LABEL` tells why, and what to do about it.",
        ));
    }
    let more = ending.more;
    if !ended.is_empty() {
        findings.push(Finding::warn(
            CHECK,
            Code::CredentialExpired,
            told(&Found { accounts: ended, more }, "has ended", "have ended"),
            "Make a new token at the forge and put it in with `jeton account replace LABEL`.",
        ));
    }
    if !soon.is_empty() {
        let days = SOON.as_hours() / 24;
        let words = |verb| format!("{verb} within {days} days");
        let found = Found { accounts: soon, more };
        findings.push(Finding {
            check: CHECK,
            level: Level::Warn,
            // Nothing is wrong yet.
            code: None,
            what: told(&found, &words("ends"), &words("end")),
            remedy: Some(
                "Make a new token at the forge and put it in with `jeton account replace LABEL`, before it ends."
                    .to_owned(),
            ),
        });
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, "none is refused, and none ends within 30 days"));
    }
    findings
}

/// "3 accounts have ended: a, b, and one that is private"
fn told(found: &Found, is: &str, are: &str) -> String {
    let count = found.accounts.len();
    let labels: Vec<&str> = found
        .accounts
        .iter()
        .filter_map(|account| account.label.as_deref())
        .collect();
    let private = count - labels.len();
    let mut names: Vec<String> = labels.iter().take(NAMED).map(|label| (*label).to_owned()).collect();
    match labels.len().saturating_sub(NAMED) {
        0 => {}
        others => names.push(format!("{others} more")),
    }
    match private {
        0 => {}
        1 => names.push("one that is private".to_owned()),
        several => names.push(format!("{several} that are private")),
    }
    let names = match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} and {last}", others.join(", ")),
        None => String::new(),
    };
    match (count, found.more) {
        (1, false) => format!("1 account {is}: {names}"),
        (_, false) => format!("{count} accounts {are}: {names}"),
        (_, true) => format!("at least {count} accounts {are}: {names}"),
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{Found, Standing, judge};
    use crate::doctor::Level;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn account(label: &str, days: Option<i64>) -> Standing {
        Standing {
            label: Some(label.to_owned()).filter(|label| label != "private"),
            end: days.map(|days| NOW + SignedDuration::from_hours(24 * days)),
            renews: label.starts_with("renewed"),
        }
    }

    fn found(accounts: impl IntoIterator<Item = Standing>) -> Found {
        Found {
            accounts: accounts.into_iter().collect(),
            more: false,
        }
    }

    #[test]
    fn each_trouble_is_told_once_with_names() {
        let refused = found([account("bot", None), account("old", Some(-1)), account("private", None)]);
        let ending = found([
            account("work", Some(20)),
            account("old", Some(-1)),
            account("renewed", Some(3)),
            account("soon", Some(2)),
        ]);
        let findings = judge(refused, ending, NOW);
        let what: Vec<&str> = findings.iter().map(|finding| finding.what.as_str()).collect();
        assert_eq!(
            what,
            [
                "2 accounts are refused by their forges: bot and one that is private",
                "1 account has ended: old",
                "2 accounts end within 30 days: soon and work",
            ]
        );
        assert!(
            findings
                .iter()
                .all(|finding| finding.level == Level::Warn && finding.remedy.is_some())
        );
        assert_eq!(findings[1].code.as_deref(), Some("credential.expired"));
        assert_eq!(findings[2].code, None);
    }

    #[test]
    fn many_are_counted_and_few_named() {
        let many = || (0..100).map(|n| account(&format!("a{n}"), Some(-1)));
        let findings = judge(
            Found::default(),
            Found {
                more: true,
                ..found(many())
            },
            NOW,
        );
        assert_eq!(
            findings[0].what,
            "at least 100 accounts have ended: a0, a1, a2, a3, a4 and 95 more"
        );
        let secret = judge(
            Found::default(),
            found([account("private", Some(-1)), account("private", Some(-2))]),
            NOW,
        );
        assert_eq!(secret[0].what, "2 accounts have ended: 2 that are private");
    }

    #[test]
    fn where_all_is_well_it_is_said() {
        let findings = judge(Found::default(), found([account("renewed", Some(3))]), NOW);
        assert_eq!((findings.len(), findings[0].level), (1, Level::Ok));
    }
}
