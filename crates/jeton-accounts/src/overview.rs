//! How many accounts there are, how they stand, and which need somebody soon.

use jeton_domain::{AccountId, AccountLabel, AccountScope, Caller, ForgeKind, Quota, Validity};
use jeton_vault::{AccountFilter, AccountSketch, AccountTally, AccountView, EndOrder, VaultTx};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Account, AccountError, Accounts,
    list::passes,
    outlines::Outlines,
    report,
    rights::{Sight, view_of},
};

/// Accounts that end soon or have ended just now, in an overview.
const MOST_ENDING: u32 = 12;
/// Of these, those that have ended: what is over must not hide what is to come.
const MOST_ENDED: u32 = 4;
/// How far ahead an overview looks for ends, in days.
const AHEAD: i64 = 90;
/// For how many days an end that has passed is shown.
const BEHIND: i64 = 7;
/// Of whose forge's limit the least is left, in an overview.
const MOST_QUOTAS: u32 = 8;
/// How many there are of each, for somebody who sees few of many, to choose those from that they see.
const MOST_CHOSEN_FROM: u32 = 500;

/// How many accounts stand how. Each is counted once, under the first of these that holds: off, ended, then what the last
/// look said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StateCounts {
    /// The forge takes their tokens.
    pub valid: u64,
    /// The forge refuses their tokens.
    pub invalid: u64,
    /// Nobody knows yet.
    pub unknown: u64,
    /// Their end has passed.
    pub ended: u64,
    /// They may not be used.
    pub off: u64,
    /// All of them together.
    pub total: u64,
}

impl StateCounts {
    fn add(&mut self, tally: &AccountTally) {
        let place = match tally.validity {
            _ if !tally.active => &mut self.off,
            _ if tally.ended => &mut self.ended,
            Validity::Valid => &mut self.valid,
            Validity::Invalid => &mut self.invalid,
            Validity::Unknown => &mut self.unknown,
        };
        *place += tally.count;
        self.total += tally.count;
    }
}

/// What is left of a forge's limit for one account's token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountQuota {
    /// The account.
    pub id: AccountId,
    /// Its owner's name for it.
    pub label: AccountLabel,
    /// The forge's host.
    pub host: String,
    /// What is left.
    pub quota: Quota,
    /// When the forge said so.
    pub at: Timestamp,
}

/// What there is to know at a glance of the accounts that somebody sees.
#[derive(Debug)]
pub struct AccountsOverview {
    /// How they stand.
    pub states: StateCounts,
    /// The same for each kind of forge of which there is an account.
    pub by_forge: Vec<(ForgeKind, StateCounts)>,
    /// The last 4 that ended within the last 7 days, then those that end next within 90 days, the soonest first: 12 in all. Only active
    /// ones.
    pub ending: Vec<Account>,
    /// How many active ones end within 30 days from now.
    pub ending_30_days: u64,
    /// The 8 active stored accounts of whose forge's limit the least is left, the least first. Only by looks whose window has not
    /// ended yet.
    pub quotas: Vec<AccountQuota>,
    /// Whether shared ones were left that nobody looked at, as [`AccountPage::or_more`](crate::AccountPage::or_more) has it.
    pub or_more: bool,
}

/// How many accounts a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AccountCount {
    /// So many were counted.
    pub count: u64,
    /// Whether there may be more.
    pub or_more: bool,
}

impl Accounts {
    /// How many accounts a list with this filter has for a caller in all its pages, counted up to `most`. For somebody who
    /// sees few of many it is what is theirs, and what the first 10,000 shared ones have that they might see.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn count_seen(
        &self,
        caller: &Caller,
        filter: &AccountFilter,
        most: u32,
    ) -> Result<AccountCount, AccountError> {
        let inner = &self.0;
        let sight = inner.sight_of(caller);
        let of_environment = inner
            .environment
            .iter()
            .filter(|one| passes(one, filter) && sight.sees_in_environment(one))
            .count() as u64;
        let mut tx = inner.vault.read().await?;
        let (stored, is_cut) = if sight.sees_all_shared() {
            let view = view_of(caller);
            (tx.accounts().count_matching(&view, filter, most).await?, false)
        } else {
            let seen = Outlines::walk(&mut *tx, caller, &sight, filter, None, most).await?;
            (seen.accounts.len() as u64, seen.is_cut)
        };
        let count = (of_environment + stored).min(u64::from(most));
        Ok(AccountCount {
            count,
            or_more: is_cut || count == u64::from(most),
        })
    }

    /// The accounts that a caller sees, at a glance.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn overview(&self, caller: &Caller) -> Result<AccountsOverview, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let sight = inner.sight_of(caller);
        let mut tx = inner.vault.read().await?;
        let mut found = if sight.sees_all_shared() {
            whole_view(&mut *tx, &view_of(caller), now).await?
        } else {
            seen_view(&mut *tx, caller, &sight, now).await?
        };
        let first = inner.environment.iter().filter(|one| sight.sees_in_environment(one));
        for account in first.map(|one| Account::of_environment(one, now)) {
            let end = account.end.time();
            found.tallies.push(AccountTally {
                forge_kind: account.forge.kind(),
                validity: account.validity,
                active: true,
                ended: end.is_some_and(|end| end <= now),
                count: 1,
            });
            found.ending_30_days += u64::from(end.is_some_and(|end| now < end && end < days(now, 30)));
            if end.is_some_and(|end| days(now, -BEHIND) <= end && end < days(now, AHEAD)) {
                found.ending.push(account);
            }
        }
        Ok(found.finish(now))
    }
}

/// What an overview is made of.
struct Parts {
    tallies: Vec<AccountTally>,
    ending: Vec<Account>,
    ending_30_days: u64,
    quotas: Vec<AccountQuota>,
    or_more: bool,
}

impl Parts {
    fn finish(mut self, now: Timestamp) -> AccountsOverview {
        self.ending.sort_by_key(|one| (one.end.time(), one.id));
        let ended = self
            .ending
            .partition_point(|one| one.end.time().is_some_and(|end| end <= now));
        self.ending.drain(..ended.saturating_sub(MOST_ENDED as usize));
        self.ending.truncate(MOST_ENDING as usize);
        let mut states = StateCounts::default();
        let mut by_forge: Vec<(ForgeKind, StateCounts)> = Vec::new();
        for tally in &self.tallies {
            states.add(tally);
            if let Some((_, counts)) = by_forge.iter_mut().find(|(kind, _)| *kind == tally.forge_kind) {
                counts.add(tally);
            } else {
                let mut counts = StateCounts::default();
                counts.add(tally);
                by_forge.push((tally.forge_kind, counts));
            }
        }
        by_forge.sort_by_key(|(kind, _)| kind.as_str());
        AccountsOverview {
            states,
            by_forge,
            ending: self.ending,
            ending_30_days: self.ending_30_days,
            quotas: self.quotas,
            or_more: self.or_more,
        }
    }
}

/// For somebody who sees all that their view has: the vault counts.
async fn whole_view(tx: &mut dyn VaultTx, view: &AccountView, now: Timestamp) -> Result<Parts, AccountError> {
    let mut accounts = tx.accounts();
    let (from, to) = (days(now, -BEHIND), days(now, AHEAD));
    let tallies = accounts.tally(view, now).await?;
    let next = just_after(now);
    let mut ending = accounts
        .ending(view, from, next, MOST_ENDED, EndOrder::LatestFirst)
        .await?;
    ending.extend(
        accounts
            .ending(view, next, to, MOST_ENDING, EndOrder::SoonestFirst)
            .await?,
    );
    let ending_30_days = accounts.count_ending_in(view, next, days(now, 30)).await?;
    let least = accounts.least_quota(view, now, None, MOST_QUOTAS).await?;
    drop(accounts);
    Ok(Parts {
        tallies,
        ending: ending.into_iter().map(|record| Account::stored(record, now)).collect(),
        ending_30_days,
        quotas: quotas(tx, &least).await?,
        or_more: false,
    })
}

/// For somebody who sees few of many: outlines are walked through, and of those that they see the rows are read that are
/// shown.
async fn seen_view(
    tx: &mut dyn VaultTx,
    caller: &Caller,
    sight: &Sight<'_>,
    now: Timestamp,
) -> Result<Parts, AccountError> {
    let Outlines {
        accounts: mut seen,
        is_cut,
    } = Outlines::walk(tx, caller, sight, &AccountFilter::default(), None, u32::MAX).await?;
    let tallies = seen.iter().map(|one| AccountTally {
        forge_kind: one.forge_kind,
        validity: one.validity,
        active: one.active,
        ended: one.expires_at.is_some_and(|end| end <= now),
        count: 1,
    });
    let tallies = tallies.collect();
    let has_shared = seen.iter().any(|one| one.scope == AccountScope::Shared);
    let ends_in =
        |one: &AccountSketch, from, to| one.active && one.expires_at.is_some_and(|end| from <= end && end < to);
    let next = just_after(now);
    let ending_30_days = seen.iter().filter(|one| ends_in(one, next, days(now, 30))).count() as u64;
    seen.retain(|one| ends_in(one, days(now, -BEHIND), days(now, AHEAD)));
    seen.sort_by_key(|one| (one.expires_at, one.id));
    let ended = seen.partition_point(|one| one.expires_at.is_some_and(|end| end < next));
    let shown = seen
        .iter()
        .skip(ended.saturating_sub(MOST_ENDED as usize))
        .take((MOST_ENDED + MOST_ENDING) as usize);
    let ids: Vec<AccountId> = shown.map(|one| one.id).collect();
    let ending = tx.accounts().find_many(&ids).await?;
    Ok(Parts {
        tallies,
        ending: ending.into_iter().map(|record| Account::stored(record, now)).collect(),
        ending_30_days,
        quotas: seen_quotas(tx, caller, sight, has_shared, now).await?,
        or_more: is_cut,
    })
}

/// Their own and the shared ones apart, for the same reason as everywhere: many of others must not hide few of theirs.
async fn seen_quotas(
    tx: &mut dyn VaultTx,
    caller: &Caller,
    sight: &Sight<'_>,
    has_shared: bool,
    now: Timestamp,
) -> Result<Vec<AccountQuota>, AccountError> {
    let view = view_of(caller);
    let mut least = Vec::new();
    for (private, most) in [(true, MOST_QUOTAS), (false, MOST_CHOSEN_FROM)] {
        if private || has_shared {
            let found = tx.accounts().least_quota(&view, now, Some(private), most).await?;
            let seen = found.into_iter().filter(|one| sight.sees_sketch(one));
            least.extend(seen.take(MOST_QUOTAS as usize));
        }
    }
    let mut quotas = quotas(tx, &least).await?;
    quotas.sort_by_key(|one| u128::from(one.quota.remaining) * 1_000 / u128::from(one.quota.limit.max(1)));
    quotas.truncate(MOST_QUOTAS as usize);
    Ok(quotas)
}

/// What the last looks at some accounts said of their forge's limit.
async fn quotas(tx: &mut dyn VaultTx, of: &[AccountSketch]) -> Result<Vec<AccountQuota>, AccountError> {
    let ids: Vec<AccountId> = of.iter().map(|one| one.id).collect();
    let mut records = tx.accounts().find_many(&ids).await?;
    records.sort_by_key(|record| ids.iter().position(|id| *id == record.id));
    let mut quotas = Vec::with_capacity(of.len());
    for record in records {
        let report = record.report.as_ref().and_then(report::read);
        let Some((quota, at)) = report.and_then(|report| Some((report.quota?, report.checked_at))) else {
            continue;
        };
        quotas.push(AccountQuota {
            id: record.id,
            label: record.label,
            host: record.forge.host().to_owned(),
            quota,
            at,
        });
    }
    Ok(quotas)
}

/// The first time after another one that the vault can tell from it.
fn just_after(now: Timestamp) -> Timestamp {
    now.checked_add(SignedDuration::from_millis(1))
        .unwrap_or(Timestamp::MAX)
}

fn days(from: Timestamp, days: i64) -> Timestamp {
    let limit = if days < 0 { Timestamp::MIN } else { Timestamp::MAX };
    from.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(limit)
}
