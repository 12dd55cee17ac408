use std::{sync::atomic::Ordering, time::Duration};

use jeton_domain::{CheckReport, Credential, CredentialKind, Diagnosis, LeaseHolder, RepoPath, RotationId, Validity};
use jeton_forge::{CheckAsk, Rotated};
use jeton_ledger::{Event, events};
use jeton_vault::{AccountRecord, RotationRecord, RotationState};
use jiff::{SignedDuration, Timestamp, civil::Date, tz::TimeZone};

use super::{Moved, begin::check_kind, stuck::later};
use crate::{AccountError, Accounts};

/// For so long after `Asked` was written down a request may be under way somewhere. Longer than any request may take, and than
/// [`SEND_WITHIN`], by so much that clocks of servers which differ by minutes do no harm.
const QUIET: SignedDuration = SignedDuration::from_mins(10);
/// When to look again at what another process works on.
const ELSEWHERE: Duration = Duration::from_mins(2);
/// A process that was stopped for longer than this between writing `Asked` and sending does not send any more: another one may be
/// about to judge by the old token.
const SEND_WITHIN: SignedDuration = SignedDuration::from_secs(10);
/// How often a forge is asked within one renewal, each time after a look that showed that nothing had happened.
const MOST_ATTEMPTS: u32 = 5;
const REPLACED: &str = "the token was replaced by hand meanwhile";
/// The longest life that GitLab gives (<https://docs.gitlab.com/user/profile/personal_access_tokens/>).
const LONGEST_DAYS: i64 = 365;
/// The shortest life that is asked for when only the time is known since the old token was put in, which may be late in its life.
const SHORTEST_DAYS: i64 = 30;

impl Accounts {
    /// Moves a renewal on as far as it goes now, in a task of its own: a request that was sent and whose answer nobody waits
    /// for would lose the new token.
    ///
    /// # Errors
    /// When the vault cannot be used: it goes on when it can.
    pub(crate) async fn move_on(&self, id: RotationId) -> Result<Moved, AccountError> {
        let accounts = self.clone();
        let task = self.0.renewals.spawn(async move { accounts.advance(id).await });
        task.await
            .map_err(|_| AccountError::Internal("a renewal was lost; the queue takes it up"))?
    }

    async fn advance(&self, id: RotationId) -> Result<Moved, AccountError> {
        loop {
            let mut tx = self.0.vault.read().await?;
            let Some(rotation) = tx.rotations().find(id).await? else {
                return Ok(Moved::Over); // removed with its account
            };
            let Some(account) = tx.accounts().find(rotation.account).await? else {
                return Ok(Moved::Over);
            };
            drop(tx);
            let moved = match rotation.state {
                RotationState::Intended => self.ask(rotation, account).await?,
                RotationState::Asked => self.look_back(rotation, account).await?,
                RotationState::Received => self.install(rotation, account).await?,
                RotationState::Done | RotationState::Failed | RotationState::Lost => Some(Moved::Over),
            };
            if let Some(moved) = moved {
                return Ok(moved);
            }
        }
    }

    /// Looks at the old token, and asks the forge. `None`: the next step can be taken at once.
    async fn ask(&self, rotation: RotationRecord, account: AccountRecord) -> Result<Option<Moved>, AccountError> {
        let inner = &self.0;
        if inner.ending.load(Ordering::Relaxed) {
            return Ok(Some(the_end()));
        }
        if account.fingerprint != rotation.old_fingerprint {
            return self.fail(rotation, &account, REPLACED, None, None).await;
        }
        if let Err(error) = check_kind(&account) {
            let reason = error.to_string();
            return self.fail(rotation, &account, &reason, None, None).await;
        }
        let credential = inner.open(&account)?;
        let report = self.quick_look(&account, &credential).await;
        match report.validity {
            Validity::Valid => {}
            Validity::Unknown => return self.wait_for_a_word(rotation, &account, &report.diagnoses).await,
            // A renewal with a dead token is taken for theft.
            Validity::Invalid => {
                let found = report.diagnoses.first().cloned();
                let reason = found
                    .as_ref()
                    .map_or("the forge refuses the token".to_owned(), |one| one.cause.clone());
                return self.fail(rotation, &account, &reason, found, Some(&report)).await;
            }
        }
        if inner.ending.load(Ordering::Relaxed) {
            return Ok(Some(the_end()));
        }
        let asked = match self.note_asked(&rotation).await? {
            Noted::Asked(asked) => *asked,
            Noted::Replaced => return Ok(None),
            Noted::Elsewhere => return Ok(Some(elsewhere())),
        };
        if inner.clock.now().duration_since(asked.changed_at) > SEND_WITHIN {
            return Ok(Some(elsewhere()));
        }
        let now = inner.now();
        let expires_on = self.wanted_end(&account, now);
        let forge = inner.forges.of(account.forge.kind());
        // By a bot's name its forge knows which project or group it works for, and so where it is renewed.
        let bot = matches!(
            account.kind,
            CredentialKind::GitLabProject | CredentialKind::GitLabGroup
        );
        let credential = Credential {
            username: if bot {
                account.identity_name.clone()
            } else {
                credential.username.clone()
            },
            ..credential
        };
        match forge.rotate(&credential, expires_on, now).await {
            Rotated::Renewed { token, end } => {
                self.keep(&asked, &account, &token, end).await?;
                Ok(None)
            }
            Rotated::Refused(diagnosis) => {
                let reason = diagnosis.cause.clone();
                self.fail(asked, &account, &reason, Some(diagnosis), None).await
            }
            Rotated::NotAsked(diagnosis) => {
                let back = self
                    .step(&asked, RotationState::Asked, |next| {
                        next.state = RotationState::Intended;
                        next.error = Some(words(&diagnosis));
                    })
                    .await?;
                Ok(Some(match back {
                    Some(back) => later(&[diagnosis], "the forge was not reached", &back, inner.now()),
                    None => elsewhere(),
                }))
            }
            Rotated::Unclear(diagnosis) => {
                self.note_unclear(&asked, &account, &diagnosis).await?;
                Ok(Some(Moved::Later {
                    reason: diagnosis.cause,
                    after: QUIET.unsigned_abs(),
                }))
            }
        }
    }

    /// Finds out what became of a request whose answer is not known.
    async fn look_back(&self, rotation: RotationRecord, account: AccountRecord) -> Result<Option<Moved>, AccountError> {
        let inner = &self.0;
        // Either way: the clock may have been set back.
        let since = inner.clock.now().duration_since(rotation.changed_at).abs();
        if since < QUIET {
            return Ok(Some(Moved::Later {
                reason: "a request may still be under way".to_owned(),
                after: (QUIET - since).unsigned_abs(),
            }));
        }
        if account.fingerprint != rotation.old_fingerprint {
            return self.fail(rotation, &account, REPLACED, None, None).await;
        }
        // To use a dead token is harmless; only to renew with one is not.
        let report = self.quick_look(&account, &inner.open(&account)?).await;
        match report.validity {
            Validity::Unknown => self.wait_for_a_word(rotation, &account, &report.diagnoses).await,
            Validity::Valid if rotation.attempts >= MOST_ATTEMPTS => {
                let reason = format!("the forge was asked {MOST_ATTEMPTS} times and gave no clear answer");
                self.fail(rotation, &account, &reason, None, None).await
            }
            Validity::Valid => {
                let back = self
                    .step(&rotation, RotationState::Asked, |next| {
                        next.state = RotationState::Intended;
                    })
                    .await?;
                Ok(back.is_none().then(elsewhere))
            }
            Validity::Invalid => self.give_up(rotation, account, report).await,
        }
    }

    /// Writes down that the forge is being asked, if the account has the old token still: who replaces it by hand locks the account too.
    async fn note_asked(&self, rotation: &RotationRecord) -> Result<Noted, AccountError> {
        let inner = &self.0;
        let asked = RotationRecord {
            state: RotationState::Asked,
            attempts: rotation.attempts + 1,
            holder: Some(LeaseHolder::generate(inner.clock.now(), &*inner.entropy)),
            changed_at: inner.now().max(rotation.changed_at + SignedDuration::from_millis(1)),
            ..rotation.clone()
        };
        let mut tx = inner.vault.begin().await?;
        let account = tx.accounts().find(rotation.account).await?;
        if account.is_none_or(|account| account.fingerprint != rotation.old_fingerprint) {
            return Ok(Noted::Replaced);
        }
        let from = (rotation.state, rotation.changed_at);
        if !tx.rotations().step(&asked, from.0, from.1).await? {
            return Ok(Noted::Elsewhere);
        }
        tx.commit().await?;
        Ok(Noted::Asked(Box::new(asked)))
    }

    async fn note_unclear(
        &self,
        asked: &RotationRecord,
        account: &AccountRecord,
        diagnosis: &Diagnosis,
    ) -> Result<(), AccountError> {
        let inner = &self.0;
        let mut next = asked.clone();
        next.error = Some(words(diagnosis));
        let mut tx = inner.vault.begin().await?;
        // `changed_at` stays: the quiet time counts from the request.
        if tx
            .rotations()
            .step(&next, RotationState::Asked, asked.changed_at)
            .await?
        {
            let event = about(Event::by_system(events::ACCOUNT_ROTATION_UNCLEAR), account)
                .with("code", diagnosis.code.as_str())
                .with("reason", diagnosis.cause.as_str());
            inner.access.ledger().append_in(&mut *tx, &[event]).await?;
            tx.commit().await?;
        }
        tracing::warn!(
            account.label = %account.label, reason = diagnosis.cause,
            "whether a token was renewed is not known; a look at the old one will tell"
        );
        Ok(())
    }

    /// One step by itself; `None` when somebody else has moved it on.
    pub(crate) async fn step(
        &self,
        rotation: &RotationRecord,
        from: RotationState,
        change: impl FnOnce(&mut RotationRecord),
    ) -> Result<Option<RotationRecord>, AccountError> {
        let inner = &self.0;
        let mut next = rotation.clone();
        next.changed_at = inner.now().max(rotation.changed_at + SignedDuration::from_millis(1));
        change(&mut next);
        let mut tx = inner.vault.begin().await?;
        let stepped = tx.rotations().step(&next, from, rotation.changed_at).await?;
        if stepped {
            tx.commit().await?;
        }
        Ok(stepped.then_some(next))
    }

    /// The look of the watch at a stored account: one or two calls.
    pub(crate) async fn quick_look(&self, account: &AccountRecord, credential: &Credential) -> CheckReport {
        // A Bitbucket access token belongs to a repository, and cannot be tried without one that it reaches.
        let repository = account
            .serves
            .iter()
            .find_map(|served| RepoPath::parse(account.forge.kind(), served.as_str()).ok());
        let ask = CheckAsk {
            quick: true,
            known_end: account.expires_at,
            repository,
            ..CheckAsk::default()
        };
        self.0.ask_forge(credential, &ask).await
    }

    /// The day on which the new token shall end: as long a life as the one before had, or as the settings say.
    fn wanted_end(&self, account: &AccountRecord, now: Timestamp) -> Option<Date> {
        let days = if let Some(days) = self.0.settings.rotation_days {
            i64::from(days)
        } else {
            let life = account.expires_at?.duration_since(account.token_since);
            // A day that has begun counts: a token of 30 days that was put in at noon has 29.5 left.
            ((life.as_secs() + 86_399) / 86_400).max(SHORTEST_DAYS)
        };
        let days = days.clamp(1, LONGEST_DAYS);
        let today = now.to_zoned(TimeZone::UTC).date();
        today.checked_add(jiff::Span::new().days(days)).ok()
    }
}

/// An event about an account.
pub(crate) fn about(event: Event, account: &AccountRecord) -> Event {
    event
        .with("account", account.label.as_str())
        .with("forge", account.forge.host())
        .with_fingerprint(account.fingerprint.clone())
}

pub(crate) fn words(diagnosis: &Diagnosis) -> String {
    format!("{}: {}", diagnosis.code, diagnosis.cause)
}

/// Whether a request may be sent.
enum Noted {
    Asked(Box<RotationRecord>),
    /// The account has another token, or is gone.
    Replaced,
    Elsewhere,
}

fn the_end() -> Moved {
    Moved::Later {
        reason: "this server is about to end".to_owned(),
        after: Duration::from_secs(5),
    }
}

pub(super) fn elsewhere() -> Moved {
    Moved::Later {
        reason: "another process works on it".to_owned(),
        after: ELSEWHERE,
    }
}
