use jeton_domain::{AccountId, AccountLabel, Caller, Validity};
use jeton_vault::AccountFilter;
use jiff::Timestamp;

use crate::{Account, AccountError, Accounts, EnvironmentAccount, find::Found, outlines::Outlines, rights::view_of};

/// Accounts on a page at most.
const LONGEST_PAGE: u32 = 500;

/// A page of accounts.
#[derive(Debug)]
pub struct AccountPage {
    /// The page: on the first one those of the environment, then the stored ones by label.
    pub accounts: Vec<Account>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<(AccountLabel, AccountId)>,
    /// Whether shared ones were left that nobody looked at: of so many, a caller who may use only some is shown those that are among
    /// the first 10,000 that could be meant.
    pub or_more: bool,
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
        let mut tx = inner.vault.read().await?;
        let (mut records, or_more) = if sight.sees_all_shared() {
            let view = view_of(caller);
            (tx.accounts().list(&view, filter, after, limit + 1).await?, false)
        } else {
            // Not even where a page ends tells of what they do not see.
            let seen = Outlines::walk(&mut *tx, caller, &sight, filter, after, limit + 1).await?;
            let ids: Vec<AccountId> = seen.accounts.iter().map(|one| one.id).collect();
            (tx.accounts().find_many(&ids).await?, seen.is_cut)
        };
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
            .filter(|one| after.is_none() && passes(one, filter) && sight.sees_in_environment(one));
        let mut accounts: Vec<Account> = first.map(|one| Account::of_environment(one, now)).collect();
        accounts.extend(records.into_iter().map(|record| Account::stored(record, now)));
        Ok(AccountPage {
            accounts,
            next,
            or_more,
        })
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

fn end_of(account: &EnvironmentAccount) -> Option<Timestamp> {
    let report = account.report.load();
    report.as_ref().and_then(|report| report.end.time())
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
        && filter
            .ends_before
            .is_none_or(|before| end_of(account).is_some_and(|end| end < before))
        && filter
            .not_ended_at
            .is_none_or(|now| end_of(account).is_none_or(|end| end > now))
        && filter.search().is_none_or(|text| searched(account).contains(&text))
        && filter
            .label_prefix
            .as_deref()
            .is_none_or(|prefix| account.label.as_str().starts_with(prefix))
}
