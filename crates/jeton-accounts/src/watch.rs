//! The watch: looks at every active account once a day, spread over the day, within limits per forge; gives warnings; begins renewals.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jeton_domain::{CheckReport, Code, Fingerprint, Validity};
use jeton_ledger::{Event, events};
use jeton_vault::AccountRecord;
use jiff::{SignedDuration, Timestamp};

use crate::{
    AccountError, Accounts, report,
    rotation::{RotationAsk, about},
    schedule::next_warning,
};

/// How many accounts are read, and looked at, in one go: the watch needs memory for so many, whatever their number.
const BATCH: u32 = 32;
/// How many looks go on side by side.
const SIDE_BY_SIDE: usize = 4;
/// For so long an account that was taken up is not taken up by another server.
const TAKEN: SignedDuration = SignedDuration::from_mins(10);
/// After so many looks in a row without a clear word a forge is left in peace for a while.
const SILENCES: u32 = 3;
/// How long that is, when the forge names no time.
const PEACE: SignedDuration = SignedDuration::from_mins(1);
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

/// How much each forge may still be asked.
#[derive(Debug, Default)]
pub(crate) struct Allowances(Mutex<HashMap<String, Allowance>>);

#[derive(Debug, Clone, Copy)]
struct Allowance {
    /// Looks that are left; a bucket of one minute's worth.
    left: f64,
    since: Timestamp,
    /// Looks in a row that brought no clear word.
    silences: u32,
    in_peace_until: Option<Timestamp>,
}

impl Allowances {
    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Allowance>> {
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// The hosts that are not to be asked now.
    fn exhausted(&self, per_minute: u32, now: Timestamp) -> Vec<String> {
        let mut hosts = self.lock();
        // A forge that nobody asks any more is forgotten: its bucket is full again after a minute.
        hosts.retain(|_, one| one.silences > 0 || now.duration_since(one.since).abs() < SignedDuration::from_mins(10));
        let exhausted = hosts.iter_mut().filter_map(|(host, one)| {
            one.refill(per_minute, now);
            (one.left < 1.0 || one.is_in_peace(now)).then(|| host.clone())
        });
        exhausted.collect()
    }

    /// Takes one look from a host's allowance, if there is one left.
    fn take(&self, host: &str, per_minute: u32, now: Timestamp) -> bool {
        let mut hosts = self.lock();
        let one = hosts.entry(host.to_owned()).or_insert(Allowance {
            left: f64::from(per_minute),
            since: now,
            silences: 0,
            in_peace_until: None,
        });
        one.refill(per_minute, now);
        let may = one.left >= 1.0 && !one.is_in_peace(now);
        if may {
            one.left -= 1.0;
        }
        may
    }

    fn note(&self, host: &str, report: &CheckReport, now: Timestamp) {
        let mut hosts = self.lock();
        let Some(one) = hosts.get_mut(host) else { return };
        if report.validity != Validity::Unknown {
            (one.silences, one.in_peace_until) = (0, None);
            return;
        }
        one.silences += 1;
        // A limit may be one account's or the address's: a moment of peace for all, the named time for that account.
        let is_limit = report.diagnoses.iter().any(|one| one.code == Code::ForgeRateLimited);
        if is_limit || one.silences >= SILENCES {
            one.in_peace_until = Some(now + PEACE);
        }
    }
}

impl Allowance {
    fn refill(&mut self, per_minute: u32, now: Timestamp) {
        let passed = now.duration_since(self.since);
        self.since = now;
        // A clock that was set back refills nothing.
        let earned = passed.as_secs_f64().max(0.0) * f64::from(per_minute) / 60.0;
        self.left = (self.left + earned).min(f64::from(per_minute));
    }

    fn is_in_peace(&self, now: Timestamp) -> bool {
        // However far the clock was set back, peace does not last longer than it was meant to.
        self.in_peace_until
            .is_some_and(|until| until > now && until.duration_since(now) <= PEACE)
    }
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
        // As many batches as the forges' allowances let; each claim leaves out the hosts whose allowance is used up.
        loop {
            let (claimed, looked_at) = self.watch_batch().await?;
            round.looked_at += looked_at;
            if claimed < BATCH as usize {
                return Ok(round);
            }
        }
    }

    /// How many accounts were due, and how many of them were looked at.
    async fn watch_batch(&self) -> Result<(usize, u32), AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let per_minute = inner.settings.checks_per_minute.max(1);
        let not_on = inner.allowances.exhausted(per_minute, now);
        let mut tx = inner.vault.begin().await?;
        let due = tx.accounts().claim_due_checks(now, now + TAKEN, &not_on, BATCH).await?;
        if due.is_empty() {
            return Ok((0, 0));
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
        let looked_at = u32::try_from(may.len()).unwrap_or(u32::MAX);
        let looks = may.into_iter().map(|account| self.look(account));
        stream::iter(looks)
            .buffer_unordered(SIDE_BY_SIDE)
            .for_each(|()| async {})
            .await;
        Ok((claimed, looked_at))
    }

    async fn look(&self, account: AccountRecord) {
        let inner = &self.0;
        let host = account.forge.host().to_owned();
        let outcome = match inner.open(&account) {
            Ok(credential) => {
                let report = self.quick_look(&credential, account.expires_at).await;
                inner.allowances.note(&host, &report, inner.now());
                self.note_look(&account, &report).await
            }
            Err(error) => Err(error),
        };
        if let Err(error) = outcome {
            tracing::warn!(account.label = %account.label, %error, "an account could not be looked at; it will be tried again");
        }
    }

    /// Looks at a token that a caller says the forge refuses; `None` when it is no account's. Within the same allowance as the watch.
    ///
    /// # Errors
    /// When the vault cannot be used.
    pub async fn look_at_rejected(&self, fingerprint: &Fingerprint) -> Result<Option<CheckReport>, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let per_minute = inner.settings.checks_per_minute.max(1);
        if let Some(account) = inner.environment.iter().find(|one| one.fingerprint == *fingerprint) {
            return Ok(match account.report.load_full() {
                Some(report) if !inner.allowances.take(account.credential.forge.host(), per_minute, now) => {
                    Some(CheckReport::clone(&report))
                }
                _ => {
                    let report = self.quick_look(&account.credential, None).await;
                    if report.validity != Validity::Unknown {
                        account.report.store(Some(Arc::new(report.clone())));
                    }
                    Some(report)
                }
            });
        }
        let found = inner
            .vault
            .read()
            .await?
            .accounts()
            .find_by_fingerprint(fingerprint)
            .await?;
        let Some(first) = found.first() else { return Ok(None) };
        if !inner.allowances.take(first.forge.host(), per_minute, now) {
            // Looked at often enough within this minute: what is known stands.
            let known = first.report.as_ref().and_then(report::read);
            return Ok(known.map(|report| CheckReport {
                validity: first.validity,
                ..report
            }));
        }
        let report = self.quick_look(&inner.open(first)?, first.expires_at).await;
        inner.allowances.note(first.forge.host(), &report, inner.now());
        for account in &found {
            self.note_look(account, &report).await?;
        }
        Ok(Some(report))
    }

    /// Writes down what a look of the watch found, with its entry in the record and its messages when the account's standing changed.
    async fn note_look(&self, account: &AccountRecord, report: &CheckReport) -> Result<(), AccountError> {
        let inner = &self.0;
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
        let mut tx = inner.vault.begin().await?;
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
        for id in due {
            match self.begin_rotation(id, RotationAsk::Watch).await {
                Ok(_) => begun += 1,
                // Another server was faster, or it is gone.
                Err(AccountError::RotationUnderWay(_) | AccountError::NotFound(_)) => {}
                Err(error @ AccountError::RotationUnsupported { .. }) => {
                    tracing::warn!(account.id = %id, %error, "an account cannot renew itself; it is not tried again");
                    let mut tx = inner.vault.begin().await?;
                    tx.accounts().set_rotate_at(id, None).await?;
                    tx.commit().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(begun)
    }

    /// Looks at the accounts of the environment, which stand in memory alone, when their turn has come.
    async fn watch_environment(&self) {
        let inner = &self.0;
        for account in &inner.environment {
            let now = inner.now();
            let every = inner.settings.check_every.min(SignedDuration::from_hours(24));
            let is_fresh = account.report.load().as_ref().is_some_and(|report| {
                let age = now.duration_since(report.checked_at).abs();
                // Without a clear word it is asked again sooner.
                age < if report.validity == Validity::Unknown {
                    every.min(SignedDuration::from_mins(10))
                } else {
                    every
                }
            });
            if is_fresh
                || !inner
                    .allowances
                    .take(account.credential.forge.host(), inner.settings.checks_per_minute, now)
            {
                continue;
            }
            let mut report = self.quick_look(&account.credential, None).await;
            inner.allowances.note(account.credential.forge.host(), &report, now);
            let before = account.report.load_full();
            if let Some(before) = &before
                && report.validity == Validity::Unknown
            {
                // Only a clear word counts; that there was none now stands beside it.
                report = CheckReport {
                    validity: before.validity,
                    identity: before.identity.clone(),
                    scopes: before.scopes.clone(),
                    end: before.end,
                    ..report
                };
            }
            let was_valid = before.is_none_or(|before| before.validity != Validity::Invalid);
            if report.validity == Validity::Invalid && was_valid {
                tracing::warn!(
                    account.label = %account.label, variable = account.variable,
                    reason = report.diagnoses.first().map_or("", |one| one.cause.as_str()),
                    "the token in an environment variable does not work"
                );
            }
            account.report.store(Some(Arc::new(report)));
        }
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

#[expect(clippy::cast_precision_loss, reason = "a gauge is a float; nobody has 2^53 accounts")]
fn as_gauge(count: u64) -> f64 {
    count as f64
}

fn days_left(end: Timestamp, now: Timestamp) -> i64 {
    (end.duration_since(now).as_secs() + 86_399) / 86_400
}

/// How often the watch makes its rounds.
pub const WATCH_EVERY: Duration = Duration::from_secs(5);
