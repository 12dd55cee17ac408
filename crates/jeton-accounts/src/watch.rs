//! The watch: looks at every active account once a day, spread over the day, within limits per forge; gives warnings; begins renewals.

use std::{
    collections::{HashMap, VecDeque},
    time::Duration,
};

use futures_util::{StreamExt as _, stream::FuturesUnordered};
use jeton_domain::{AccountId, CheckReport, Code, Validity};
use jeton_ledger::{Event, events};
use jeton_vault::AccountRecord;
use jiff::{SignedDuration, Timestamp};

use crate::{
    AccountError, Accounts,
    rotation::{RotationAsk, about},
    schedule::next_warning,
};

/// How many accounts are read, and looked at, in one go: the watch needs memory for so many, whatever their number.
const BATCH: u32 = 32;
/// How many looks go on side by side.
const SIDE_BY_SIDE: usize = 4;
/// And how many of them at one forge.
const SIDE_BY_SIDE_ON_A_HOST: usize = 2;
/// For so long an account that was taken up is not taken up by another server.
const TAKEN: SignedDuration = SignedDuration::from_mins(10);
/// How many warnings, and renewals, one step handles.
const STEP: u32 = 100;

/// What one round of the watch did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct WatchRound {
    /// How many accounts were looked at.
    pub looked_at: u32,
    /// How many warnings were given.
    pub warned: u32,
    /// How many renewals were begun.
    pub renewals: u32,
}

impl Accounts {
    /// One round: due warnings, due renewals, due looks. To be called every few seconds; any number of servers may.
    ///
    /// # Errors
    /// When the vault cannot be used; the next round catches up.
    pub async fn watch(&self) -> Result<WatchRound, AccountError> {
        let mut round = WatchRound {
            warned: self.warn().await?,
            renewals: self.begin_due_rotations().await?,
            looked_at: 0,
        };
        self.watch_environment().await;
        round.looked_at = self.look_at_due().await?;
        Ok(round)
    }

    /// Looks at what is due: a few side by side, and of one forge fewer, so that a slow one holds up no other. Each look is a task of
    /// its own: it goes on when the round is cut, and what was taken up and not looked at then comes again.
    async fn look_at_due(&self) -> Result<u32, AccountError> {
        let (mut waiting, mut running) = (VecDeque::new(), FuturesUnordered::new());
        let mut on: HashMap<String, usize> = HashMap::new();
        let (mut looked_at, mut drained) = (0, false);
        self.recall_far_checks().await?;
        loop {
            let mut next = 0;
            while running.len() < SIDE_BY_SIDE {
                let Some(account): Option<&AccountRecord> = waiting.get(next) else {
                    break;
                };
                let of_host = on.entry(account.forge.host().to_owned()).or_default();
                if *of_host >= SIDE_BY_SIDE_ON_A_HOST {
                    next += 1;
                    continue;
                }
                let Some(account) = waiting.remove(next) else { break };
                *of_host += 1;
                let host = account.forge.host().to_owned();
                let accounts = self.clone();
                let look = tokio::spawn(async move { accounts.look(account).await });
                running.push(async move { (host, look.await.unwrap_or(false)) });
            }
            if running.len() < SIDE_BY_SIDE && waiting.len() < BATCH as usize && !drained {
                let is_busy = |(_, looks): &(&String, &usize)| **looks >= SIDE_BY_SIDE_ON_A_HOST;
                let busy = on.iter().filter(is_busy).map(|(host, _)| host.clone()).collect();
                let (claimed, may) = self.claim(busy).await?;
                drained = claimed < BATCH as usize;
                waiting.extend(may);
                continue;
            }
            let Some((host, looked)) = running.next().await else {
                return Ok(looked_at);
            };
            looked_at += u32::from(looked);
            if let Some(looks) = on.get_mut(&host) {
                *looks -= 1;
            }
            // What was left out because its forge was busy.
            drained &= !waiting.is_empty();
        }
    }

    /// Looks that a clock which was wrong has put off for long are due now.
    async fn recall_far_checks(&self) -> Result<(), AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let far = inner.settings.check_every.max(SignedDuration::from_hours(24)) * 3;
        let Ok(far) = now.checked_add(far) else { return Ok(()) };
        let mut tx = inner.vault.begin().await?;
        if tx.accounts().recall_far_checks(far, now, STEP).await? > 0 {
            tx.commit().await?;
        }
        Ok(())
    }

    /// How many accounts were due, and those of them that may be looked at. `busy` hosts are left out.
    async fn claim(&self, busy: Vec<String>) -> Result<(usize, Vec<AccountRecord>), AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let per_minute = inner.settings.checks_per_minute.max(1);
        let mut not_on = inner.allowances.exhausted(per_minute, now);
        not_on.extend(busy);
        let mut tx = inner.vault.begin().await?;
        let due = tx.accounts().claim_due_checks(now, now + TAKEN, &not_on, BATCH).await?;
        if due.is_empty() {
            return Ok((0, Vec::new()));
        }
        tx.commit().await?;
        let claimed = due.len();
        // What goes beyond a host's allowance keeps its place: it is due again in a moment.
        let (mut may, mut wait) = (Vec::new(), Vec::new());
        for account in due {
            if inner.allowances.take(account.forge.host(), per_minute, now) {
                may.push(account);
            } else {
                wait.push(account.id);
            }
        }
        if !wait.is_empty() {
            let mut tx = inner.vault.begin().await?;
            for id in wait {
                tx.accounts().set_next_check(id, now).await?;
            }
            tx.commit().await?;
        }
        Ok((claimed, may))
    }

    /// Looks at one, unless its forge asked for peace since it was taken up; whether it did.
    async fn look(&self, account: AccountRecord) -> bool {
        let inner = &self.0;
        let host = account.forge.host().to_owned();
        let now = inner.now();
        let asked_for_peace = inner.allowances.is_in_peace(&host, now);
        let outcome = match inner.open(&account) {
            _ if asked_for_peace => self.put_off(account.id, now).await,
            Ok(credential) => {
                let report = self.quick_look(&account, &credential).await;
                inner.allowances.note(&host, &report, inner.now());
                self.note_look(&account, &report).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            tracing::warn!(account.label = %account.label, %error, "an account could not be looked at; it will be tried again");
        }
        !asked_for_peace
    }

    /// Makes one due again that was taken up and not looked at.
    async fn put_off(&self, account: AccountId, to: Timestamp) -> Result<(), AccountError> {
        let mut tx = self.0.vault.begin().await?;
        tx.accounts().set_next_check(account, to).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Writes down what a look of the watch found, with its entry in the record and its messages when the account's standing changed.
    /// The row is read anew: it may have been changed while the forge was asked.
    pub(crate) async fn note_look(&self, seen: &AccountRecord, report: &CheckReport) -> Result<(), AccountError> {
        let inner = &self.0;
        let mut tx = inner.vault.begin().await?;
        let found = tx.accounts().find(seen.id).await?;
        let Some(account) = &found.filter(|found| is_told_of_by(seen, found)) else {
            return Ok(()); // gone, or another token or another name was put in meanwhile: this says nothing of it
        };
        let check = inner.check_of(account, report);
        let event = match (account.validity, check.validity) {
            (Validity::Invalid, Validity::Invalid) => None,
            (_, Validity::Invalid) => Some(match report.diagnoses.first().map(|one| one.code) {
                Some(Code::CredentialExpired) => events::ACCOUNT_EXPIRED,
                _ => events::ACCOUNT_INVALID,
            }),
            (Validity::Invalid, Validity::Valid) => Some(events::ACCOUNT_VALID_AGAIN),
            _ => None,
        };
        let diagnosis = report.diagnoses.first();
        if !tx
            .accounts()
            .put_check(account.id, &account.fingerprint, &check)
            .await?
        {
            return Ok(()); // the token was replaced meanwhile
        }
        if let Some(name) = event {
            let code = diagnosis.map_or("", |one| one.code.as_str());
            let entry = about(Event::by_system(name), account).with("code", code);
            let now_known = AccountRecord {
                validity: check.validity,
                expires_at: check.expires_at,
                ..account.clone()
            };
            self.notify(&mut *tx, &now_known, name, diagnosis).await?;
            inner.access.ledger().append_in(&mut *tx, &[entry]).await?;
        }
        tx.commit().await?;
        metrics::counter!("jeton_account_checks_total", "forge" => account.forge.kind().as_str(), "outcome" => report.validity.as_str())
            .increment(1);
        if check.validity == Validity::Invalid && event.is_some() {
            tracing::warn!(
                account.label = %account.label, forge.host = account.forge.host(),
                code = diagnosis.map_or("", |one| one.code.as_str()),
                reason = diagnosis.map_or("", |one| one.cause.as_str()),
                "an account does not work any more"
            );
        }
        Ok(())
    }

    /// Gives the warnings that are due: each in one transaction with its entry in the record and its messages, so that none is
    /// given twice, however many servers look.
    async fn warn(&self) -> Result<u32, AccountError> {
        let inner = &self.0;
        let mut warned = 0;
        loop {
            let now = inner.now();
            let mut tx = inner.vault.begin().await?;
            let due = tx.accounts().due_warnings(now, STEP).await?;
            if due.is_empty() {
                return Ok(warned);
            }
            let mut entries = Vec::with_capacity(due.len());
            for account in &due {
                let next = next_warning(&inner.settings, account.expires_at, now);
                tx.accounts().set_next_warning(account.id, next).await?;
                let Some(end) = account.expires_at.filter(|end| *end > now) else {
                    continue; // it has ended: the look at it says so
                };
                self.notify(&mut *tx, account, events::ACCOUNT_EXPIRING, None).await?;
                entries.push(
                    about(Event::by_system(events::ACCOUNT_EXPIRING), account)
                        .with("days_left", days_left(end, now))
                        .with("expires_at", end.to_string())
                        .with("renews_itself", account.rotate_at.is_some()),
                );
            }
            inner.access.ledger().append_in(&mut *tx, &entries).await?;
            tx.commit().await?;
            for account in &due {
                let Some(end) = account.expires_at.filter(|end| *end > now) else {
                    continue;
                };
                warned += 1;
                metrics::counter!("jeton_account_warnings_total", "forge" => account.forge.kind().as_str())
                    .increment(1);
                tracing::warn!(
                    account.label = %account.label, forge.host = account.forge.host(), days_left = days_left(end, now),
                    expires_at = %end, renews_itself = account.rotate_at.is_some(), "an account's token ends soon"
                );
            }
            if due.len() < STEP as usize {
                return Ok(warned);
            }
        }
    }

    async fn begin_due_rotations(&self) -> Result<u32, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let due = inner.vault.read().await?.accounts().due_rotations(now, STEP).await?;
        let mut begun = 0;
        let per_minute = inner.settings.checks_per_minute.max(1);
        for id in due {
            let found = inner.vault.read().await?.accounts().find(id).await?;
            let Some(account) = found.filter(|account| account.active) else {
                continue; // switched off or removed meanwhile
            };
            if !account.auto_rotate {
                let mut tx = inner.vault.begin().await?;
                tx.accounts().set_rotate_at(id, None).await?;
                tx.commit().await?;
                continue;
            }
            // A renewal asks the forge as a look does; what goes beyond the allowance is due again in a moment.
            if !inner.allowances.take(account.forge.host(), per_minute, now) {
                continue;
            }
            match self.begin_rotation(id, RotationAsk::Watch).await {
                Ok(_) => begun += 1,
                // Another server was faster, or it is gone, or it cannot be: that was told.
                Err(
                    AccountError::RotationUnderWay(_)
                    | AccountError::NotFound(_)
                    | AccountError::RotationUnsupported { .. },
                ) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(begun)
    }

    /// Counts accounts for the metrics. To be called every minute or so.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn count(&self) -> Result<(), AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let mut tx = inner.vault.read().await?;
        let standing = tx.accounts().count().await?;
        let mut ending = Vec::new();
        for days in [1_i32, 7, 14, 30] {
            let to = now + SignedDuration::from_hours(24) * days;
            ending.push((days, tx.accounts().count_ending(now, to).await?));
        }
        drop(tx);
        for forge in [
            jeton_domain::ForgeKind::GitHub,
            jeton_domain::ForgeKind::GitLab,
            jeton_domain::ForgeKind::Bitbucket,
        ] {
            for validity in Validity::ALL {
                let found = standing
                    .iter()
                    .find(|(kind, which, _)| *kind == forge && which == validity);
                metrics::gauge!("jeton_accounts", "forge" => forge.as_str(), "validity" => validity.as_str())
                    .set(as_gauge(found.map_or(0, |(_, _, count)| *count)));
            }
            for (days, counts) in &ending {
                let found = counts.iter().find(|(kind, _)| *kind == forge);
                metrics::gauge!("jeton_accounts_ending", "forge" => forge.as_str(), "within_days" => days.to_string())
                    .set(as_gauge(found.map_or(0, |(_, count)| *count)));
            }
        }
        Ok(())
    }
}

/// Whether what was found of one account's token holds for another: the same token, with the same names, at the same place.
pub(crate) fn is_told_of_by(seen: &AccountRecord, account: &AccountRecord) -> bool {
    account.fingerprint == seen.fingerprint
        && account.forge == seen.forge
        && account.username == seen.username
        && account.email == seen.email
}

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; nobody has 2^53 accounts")]
fn as_gauge(count: u64) -> f64 {
    count as f64
}

fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    (end.duration_since(now).as_secs() + 86_399) / 86_400
}

/// How often the watch makes its rounds.
pub const WATCH_EVERY: Duration = Duration::from_secs(5);
