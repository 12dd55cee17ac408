//! How many accounts there are, how they stand, and which need somebody soon.

use jeton_domain::{AccountId, AccountLabel, Caller, ForgeKind, Quota, Validity};
use jeton_vault::{AccountFilter, AccountSketch, AccountTally, AccountView, VaultTx};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Account, AccountError, Accounts,
    accounts::Inner,
    list::passes,
    report,
    rights::{Sight, view_of},
};

/// Accounts that end soon, in an overview.
const MOST_ENDING: u32 = 12;
/// How far ahead an overview looks for ends, in days.
const AHEAD: i64 = 90;
/// For how many days an end that has passed is shown.
const BEHIND: i64 = 7;
/// Of whose forge's limit the least is left, in an overview.
const MOST_QUOTAS: u32 = 8;
/// Sketches that are looked at for somebody who sees few of many. As many as a list walks past; they cost far less.
const MOST_PASSED: u32 = 10_000;
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
    /// The next 12 that end within 90 days, the soonest first; those that ended within the last 7 days come before. Only
    /// active ones.
    pub ending: Vec<Account>,
    /// How many active ones end within 30 days from now.
    pub ending_30_days: u64,
    /// The 8 active stored accounts of whose forge's limit the least is left, the least first. Only by looks whose window has not
    /// ended yet.
    pub quotas: Vec<AccountQuota>,
}

impl Accounts {
    /// How many accounts a list with this filter has for a caller in all its pages, counted up to `most`. For somebody who
    /// sees few of many it is what the first 10,000 that they might see have.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn count_seen(&self, caller: &Caller, filter: &AccountFilter, most: u32) -> Result<u64, AccountError> {
        let inner = &self.0;
        let sight = inner.sight_of(caller);
        let view = view_of(caller);
        let of_environment = inner
            .environment
            .iter()
            .filter(|one| passes(one, filter) && sight.sees_in_environment(one))
            .count() as u64;
        let mut tx = inner.vault.read().await?;
        let stored = if sight.sees_all_shared() {
            tx.accounts().count_matching(&view, filter, most).await?
        } else {
            let sketches = tx.accounts().browse(&view, filter, None, MOST_PASSED).await?;
            sketches.iter().filter(|one| sight.sees_sketch(one)).count() as u64
        };
        Ok((of_environment + stored).min(u64::from(most)))
    }

    /// The accounts that a caller sees, at a glance.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn overview(&self, caller: &Caller) -> Result<AccountsOverview, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let sight = inner.sight_of(caller);
        let view = view_of(caller);
        let mut tx = inner.vault.read().await?;
        let mut found = if sight.sees_all_shared() {
            inner.whole_view(&mut *tx, &view, now).await?
        } else {
            inner.seen_view(&mut *tx, &view, &sight, now).await?
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
        found.ending.sort_by_key(|one| (one.end.time(), one.id));
        found.ending.truncate(MOST_ENDING as usize);
        Ok(found.finish())
    }
}

/// What an overview is made of.
struct Parts {
    tallies: Vec<AccountTally>,
    ending: Vec<Account>,
    ending_30_days: u64,
    quotas: Vec<AccountQuota>,
}

impl Parts {
    fn finish(self) -> AccountsOverview {
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
        }
    }
}

impl Inner {
    /// For somebody who sees all that their view has: the vault counts.
    async fn whole_view(
        &self,
        tx: &mut dyn VaultTx,
        view: &AccountView,
        now: Timestamp,
    ) -> Result<Parts, AccountError> {
        let mut accounts = tx.accounts();
        let (from, to) = (days(now, -BEHIND), days(now, AHEAD));
        let tallies = accounts.tally(view, now).await?;
        let ending = accounts.ending(view, from, to, MOST_ENDING).await?;
        let just_after = now + SignedDuration::from_millis(1);
        let ending_30_days = accounts.count_ending_in(view, just_after, days(now, 30)).await?;
        let least = accounts.least_quota(view, now, MOST_QUOTAS).await?;
        drop(accounts);
        Ok(Parts {
            tallies,
            ending: ending.into_iter().map(|record| Account::stored(record, now)).collect(),
            ending_30_days,
            quotas: quotas(tx, &least).await?,
        })
    }

    /// For somebody who sees few of many: outlines are walked through, and of those that they see the rows are read that are
    /// shown.
    async fn seen_view(
        &self,
        tx: &mut dyn VaultTx,
        view: &AccountView,
        sight: &Sight<'_>,
        now: Timestamp,
    ) -> Result<Parts, AccountError> {
        let (from, to) = (days(now, -BEHIND), days(now, AHEAD));
        let mut seen = tx
            .accounts()
            .browse(view, &AccountFilter::default(), None, MOST_PASSED)
            .await?;
        seen.retain(|one| sight.sees_sketch(one));
        let tallies = seen.iter().map(|one| AccountTally {
            forge_kind: one.forge_kind,
            validity: one.validity,
            active: one.active,
            ended: one.expires_at.is_some_and(|end| end <= now),
            count: 1,
        });
        let tallies = tallies.collect();
        let ends_in =
            |one: &AccountSketch, from, to| one.active && one.expires_at.is_some_and(|end| from <= end && end < to);
        let just_after = now + SignedDuration::from_millis(1);
        let ending_30_days = seen
            .iter()
            .filter(|one| ends_in(one, just_after, days(now, 30)))
            .count() as u64;
        seen.retain(|one| ends_in(one, from, to));
        seen.sort_by_key(|one| (one.expires_at, one.id));
        let mut ending = Vec::new();
        for one in seen.iter().take(MOST_ENDING as usize) {
            ending.extend(tx.accounts().find(one.id).await?);
        }
        let mut least = tx.accounts().least_quota(view, now, MOST_CHOSEN_FROM).await?;
        least.retain(|one| sight.sees_sketch(one));
        least.truncate(MOST_QUOTAS as usize);
        Ok(Parts {
            tallies,
            ending: ending.into_iter().map(|record| Account::stored(record, now)).collect(),
            ending_30_days,
            quotas: quotas(tx, &least).await?,
        })
    }
}

/// What the last looks at some accounts said of their forge's limit.
async fn quotas(tx: &mut dyn VaultTx, of: &[AccountSketch]) -> Result<Vec<AccountQuota>, AccountError> {
    let mut quotas = Vec::with_capacity(of.len());
    for one in of {
        let Some(record) = tx.accounts().find(one.id).await? else {
            continue;
        };
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

fn days(from: Timestamp, days: i64) -> Timestamp {
    let limit = if days < 0 { Timestamp::MIN } else { Timestamp::MAX };
    from.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(limit)
}
