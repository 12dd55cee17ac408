use jeton_domain::{AccountId, AccountLabel, Caller, Validity};
use jeton_vault::{AccountFilter, AccountRecord};
use jiff::Timestamp;

use crate::{
    Account, AccountError, Accounts, EnvironmentAccount,
    accounts::Inner,
    find::Found,
    rights::{Sight, view_of},
};

/// Accounts on a page at most.
const LONGEST_PAGE: u32 = 500;

/// Pages of the vault that are walked through for one page of somebody who sees few of many. Whoever needs what lies beyond asks by
/// host or by the beginning of a label.
pub(crate) const MOST_PASSED: u32 = 20;

/// A page of accounts.
#[derive(Debug)]
pub struct AccountPage {
    /// The page: on the first one those of the environment, then the stored ones by label.
    pub accounts: Vec<Account>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<(AccountLabel, AccountId)>,
}

impl Accounts {
    /// A page of the accounts that a caller may see: at most `limit` stored ones (500 at most) that come after `after`.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn list(
        &self,
        caller: &Caller,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        limit: u32,
    ) -> Result<AccountPage, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let limit = limit.clamp(1, LONGEST_PAGE);
        let sight = inner.sight_of(caller);
        let mut records = inner.list_seen(caller, &sight, filter, after, limit + 1).await?;
        let more = records.len() > limit as usize;
        records.truncate(limit as usize);
        let next = records
            .last()
            .filter(|_| more)
            .map(|last| (last.label.clone(), last.id));
        let first = inner
            .environment
            .iter()
            .filter(|one| after.is_none() && passes(one, filter) && sight.sees_in_environment(one));
        let mut accounts: Vec<Account> = first.map(|one| Account::of_environment(one, now)).collect();
        accounts.extend(records.into_iter().map(|record| Account::stored(record, now)));
        Ok(AccountPage { accounts, next })
    }

    /// One account with its newest renewal.
    ///
    /// # Errors
    /// [`AccountError::NotFound`], also when it is none of the caller's business.
    pub async fn get(&self, caller: &Caller, account: &str) -> Result<Account, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let mut tx = inner.vault.read().await?;
        match inner.find(&mut *tx, caller, account).await? {
            Found::Stored(record) => {
                let newest = tx.rotations().list(record.id, 1).await?.pop();
                let mut account = Account::stored(*record, now);
                account.rotation = newest.map(|mut rotation| {
                    // Locked as it is, it has no place outside.
                    rotation.new_token = None;
                    rotation
                });
                Ok(account)
            }
            Found::Environment(one) => Ok(Account::of_environment(&one, now)),
        }
    }
}

impl Inner {
    /// The next `limit` accounts that a caller sees. What they do not see is passed by: not even where a page ends tells of it.
    async fn list_seen(
        &self,
        caller: &Caller,
        sight: &Sight<'_>,
        filter: &AccountFilter,
        after: Option<(&AccountLabel, AccountId)>,
        limit: u32,
    ) -> Result<Vec<AccountRecord>, AccountError> {
        let view = view_of(caller);
        let mut tx = self.vault.read().await?;
        if sight.sees_all_shared() {
            return Ok(tx.accounts().list(&view, filter, after, limit).await?);
        }
        let mut seen = Vec::new();
        let mut after = after.map(|(label, id)| (label.clone(), id));
        for _ in 0..MOST_PASSED {
            let from = after.as_ref().map(|(label, id)| (label, *id));
            let page = tx.accounts().list(&view, filter, from, LONGEST_PAGE).await?;
            let is_last = page.len() < LONGEST_PAGE as usize;
            after = page.last().map(|last| (last.label.clone(), last.id));
            seen.extend(page.into_iter().filter(|one| sight.sees(one)));
            if is_last || seen.len() >= limit as usize {
                break;
            }
        }
        seen.truncate(limit as usize);
        Ok(seen)
    }
}

fn ends_before(account: &EnvironmentAccount, before: Timestamp) -> bool {
    let report = account.report.load();
    let end = report.as_ref().and_then(|report| report.end.time());
    end.is_some_and(|end| end < before)
}

/// What the vault has in `search`.
fn searched(account: &EnvironmentAccount) -> String {
    let few = |text: &str| text.chars().take(100).collect::<String>();
    let report = account.report.load();
    let identity = report.as_ref().and_then(|report| report.identity.as_ref());
    let credential = &account.credential;
    let mut parts = vec![account.label.to_string(), credential.forge.host().to_owned()];
    parts.extend(credential.username.as_deref().map(few));
    parts.extend(credential.email.clone());
    parts.extend(identity.map(|identity| few(&identity.name)));
    parts.join("\n").to_ascii_lowercase()
}

/// As the vault filters.
pub(crate) fn passes(account: &EnvironmentAccount, filter: &AccountFilter) -> bool {
    let forge = &account.credential.forge;
    let report = account.report.load();
    let validity = report.as_ref().map_or(Validity::Unknown, |report| report.validity);
    filter.forge_kind.is_none_or(|kind| kind == forge.kind())
        && filter
            .host
            .as_deref()
            .is_none_or(|host| host.eq_ignore_ascii_case(forge.host()))
        && filter.validity.is_none_or(|wanted| wanted == validity)
        && filter.active.is_none_or(|active| active)
        && filter.private.is_none_or(|private| !private)
        && filter.ends_before.is_none_or(|before| ends_before(account, before))
        && filter.search().is_none_or(|text| searched(account).contains(&text))
        && filter
            .label_prefix
            .as_deref()
            .is_none_or(|prefix| account.label.as_str().starts_with(prefix))
}
