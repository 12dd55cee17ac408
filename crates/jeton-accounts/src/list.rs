use jeton_domain::{AccountId, AccountLabel, Caller, Validity};
use jeton_vault::AccountFilter;

use crate::{Account, AccountError, Accounts, EnvironmentAccount, find::Found, rights::view_of};

/// Accounts on a page at most.
const LONGEST_PAGE: u32 = 500;

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
        let mut tx = inner.vault.read().await?;
        let mut records = tx.accounts().list(&view_of(caller), filter, after, limit + 1).await?;
        drop(tx);
        let more = records.len() > limit as usize;
        records.truncate(limit as usize);
        let next = records
            .last()
            .filter(|_| more)
            .map(|last| (last.label.clone(), last.id));
        let first = inner
            .environment
            .iter()
            .filter(|one| after.is_none() && passes(one, filter));
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

/// As the vault filters.
fn passes(account: &EnvironmentAccount, filter: &AccountFilter) -> bool {
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
        && filter
            .label_prefix
            .as_deref()
            .is_none_or(|prefix| account.label.as_str().starts_with(prefix))
}
