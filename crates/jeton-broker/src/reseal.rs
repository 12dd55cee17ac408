use std::{fmt, time::Duration};

use async_trait::async_trait;
use jeton_domain::{Coded as _, KeyId};
use jeton_jobs::{Handler, JobError};
use jeton_ledger::{Event, events};
use jeton_seal::SealError;
use jeton_vault::{DataKeyRecord, SealedPlace};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{Broker, BrokerError};

/// Which job; kept in rows, never renamed.
pub(crate) const KIND: &str = "reseal_vault";
/// A vault is sealed anew by one job at a time.
pub(crate) const DEDUP: &str = "vault";
/// How long the servers that share a vault have to get to know a new data key before it seals, and to let go of the old
/// ones before these are retired. They look every five seconds.
pub(crate) const GRACE: SignedDuration = SignedDuration::from_secs(30);

/// How many values are sealed anew in one transaction: a few milliseconds, for which other writers wait.
const BATCH: u32 = 100;
/// How many batches one run of the job seals anew: about a second, for which other jobs may wait. Values that do not open are
/// passed by and cost none, however many there are: every run gets behind them.
const BATCHES: u32 = 50;
/// How many values that do not open are named in the log.
const NAMED: usize = 20;
/// How soon the job goes on after a run: other jobs have their turn.
const PAUSE: Duration = Duration::from_millis(100);
/// How soon it is looked again whether a key can be retired that somebody used meanwhile.
const AGAIN: Duration = Duration::from_secs(2);

/// What the job knows: which key all values get.
pub(crate) fn payload(data_key: &KeyId) -> Value {
    json!({"data_key": data_key.as_str()})
}

/// The other way round.
pub(crate) fn data_key_of(payload: &Value) -> Option<KeyId> {
    KeyId::parse(payload.get("data_key")?.as_str()?).ok()
}

/// Seals every value of the vault with the new data key, and retires the old ones. Safe to kill and to run again at any
/// point: what is sealed anew is found no more, and a value that was changed meanwhile is left as it is.
pub(crate) struct ResealVault(pub(crate) Broker);

/// How a run of the job ended.
enum Step {
    Done,
    Later { reason: String, after: Duration },
}

/// What became of the values of one key in one place.
#[derive(Default)]
struct Moved {
    /// Sealed anew, or changed by somebody else meanwhile: another look is needed.
    touched: u64,
    /// Values that do not open; they stay as they are.
    failed: u64,
    /// Some of them, for the log.
    named: Vec<SealError>,
}

impl Moved {
    fn add(&mut self, other: Self) {
        self.touched += other.touched;
        self.failed += other.failed;
        self.named.extend(other.named);
        self.named.truncate(NAMED);
    }

    fn fail(&mut self, error: SealError) {
        self.failed += 1;
        if self.named.len() < NAMED {
            self.named.push(error);
        }
    }
}

#[async_trait]
impl Handler for ResealVault {
    fn kind(&self) -> &'static str {
        KIND
    }

    async fn run(&self, payload: &Value, _attempt: u32) -> Result<(), JobError> {
        let Some(data_key) = data_key_of(payload) else {
            let reason = "the payload names no data key".to_owned();
            return Err(JobError::Fail { reason });
        };
        match self.step(&data_key).await {
            Ok(Step::Done) => Ok(()),
            Ok(Step::Later { reason, after }) => Err(JobError::Retry {
                reason,
                after: Some(after),
            }),
            Err(error) => Err(JobError::Retry {
                reason: format!("{}: {error}", error.code()),
                after: None,
            }),
        }
    }
}

impl ResealVault {
    async fn step(&self, data_key: &KeyId) -> Result<Step, BrokerError> {
        let inner = &self.0.0;
        let Some(records) = self.activate(data_key).await? else {
            tracing::warn!(key.id = %data_key, "the key that all values were to get is gone; nothing was sealed anew");
            return Ok(Step::Done);
        };
        let old: Vec<_> = records.iter().filter(|record| record.id != *data_key).collect();
        if old.is_empty() {
            return Ok(Step::Done);
        }
        let mut budget = BATCHES;
        let stuck = loop {
            let Some(moved) = self.pass(&old, &mut budget).await? else {
                return Ok(Step::Later {
                    reason: "more values are to be sealed anew".to_owned(),
                    after: PAUSE,
                });
            };
            if moved.touched == 0 {
                break moved;
            }
        };
        let activated_at = records
            .iter()
            .find(|record| record.id == *data_key)
            .and_then(|record| record.activated_at);
        if let Some(at) = activated_at.filter(|_| inner.vault.shared()) {
            let left = (at + GRACE).duration_since(inner.clock.now());
            if left.is_positive() {
                return Ok(Step::Later {
                    reason: "the other servers have a moment to let go of the old data keys".to_owned(),
                    after: left.unsigned_abs(),
                });
            }
        }
        self.finish(data_key, &old, &stuck).await
    }

    /// Lets the key seal, if it does not yet, and makes it known here; the data keys, or `None` without this one.
    async fn activate(&self, data_key: &KeyId) -> Result<Option<Vec<DataKeyRecord>>, BrokerError> {
        let inner = &self.0.0;
        let mut tx = inner.vault.begin().await?;
        let activated = tx.data_keys().activate(data_key, inner.clock.now()).await?;
        let records = tx.data_keys().list().await?;
        if activated {
            tx.commit().await?;
        } else {
            drop(tx);
        }
        inner.reload_keys().await?;
        let is_there = records.iter().any(|record| record.id == *data_key);
        Ok(is_there.then_some(records))
    }

    /// Goes through all places once; `None` when the budget is used up.
    async fn pass(&self, old: &[&DataKeyRecord], budget: &mut u32) -> Result<Option<Moved>, BrokerError> {
        let mut all = Moved::default();
        for place in SealedPlace::ALL {
            for key in old {
                let Some(moved) = self.reseal(*place, &key.id, budget).await? else {
                    return Ok(None);
                };
                all.add(moved);
            }
        }
        Ok(Some(all))
    }

    /// Seals the values of one key in one place anew; `None` when the budget is used up.
    async fn reseal(&self, place: SealedPlace, key: &KeyId, budget: &mut u32) -> Result<Option<Moved>, BrokerError> {
        let inner = &self.0.0;
        let mut moved = Moved::default();
        let mut after: Option<String> = None;
        loop {
            let mut tx = inner.vault.read().await?;
            let rows = tx.sealed_rows().list(place, key, after.as_deref(), BATCH).await?;
            drop(tx);
            let Some(last) = rows.last() else {
                return Ok(Some(moved));
            };
            after = Some(last.row.clone());
            let mut anew = Vec::with_capacity(rows.len());
            for row in &rows {
                match inner.ring.reseal(&row.value, place.of(&row.row), &*inner.entropy) {
                    Ok(value) => anew.push((row, value)),
                    Err(error) => moved.fail(error),
                }
            }
            if anew.is_empty() {
                continue;
            }
            let Some(rest) = budget.checked_sub(1) else {
                return Ok(None);
            };
            *budget = rest;
            let mut tx = inner.vault.begin().await?;
            for (row, value) in &anew {
                tx.sealed_rows().replace(place, &row.row, &row.value, value).await?;
            }
            tx.commit().await?;
            moved.touched += anew.len() as u64;
        }
    }

    /// Retires the old keys and puts the end on record.
    async fn finish(&self, data_key: &KeyId, old: &[&DataKeyRecord], stuck: &Moved) -> Result<Step, BrokerError> {
        let inner = &self.0.0;
        let mut tx = inner.vault.begin().await?;
        let mut retired = Vec::new();
        for key in old {
            if tx.data_keys().remove(&key.id).await? {
                retired.push(key.id.as_str());
            }
        }
        let kept = old.len() - retired.len();
        if kept > 0 && stuck.failed == 0 {
            // Somebody who did not know the new key yet sealed a value with an old one just now.
            return Ok(Step::Later {
                reason: "a value was sealed with an old data key meanwhile".to_owned(),
                after: AGAIN,
            });
        }
        let mut entries: Vec<_> = retired
            .iter()
            .map(|key| Event::by_system(events::KEY_RETIRED).with("data_key", *key))
            .collect();
        entries.push(
            Event::by_system(events::KEY_RESEAL_FINISHED)
                .with("data_key", data_key.as_str())
                .with("retired", retired.clone())
                .with("left", stuck.failed),
        );
        inner.access.ledger().append_in(&mut *tx, &entries).await?;
        tx.commit().await?;
        for error in &stuck.named {
            tracing::error!(code = %error.code(), %error, "a value was not sealed anew, and stays as it is");
        }
        if stuck.failed > 0 {
            tracing::error!(
                values = stuck.failed,
                keys = kept,
                "values do not open and keep their old data keys, which cannot be retired"
            );
        }
        tracing::info!(key.id = %data_key, retired = retired.len(), "every value that opens is sealed with the new data key");
        inner.reload_keys().await?;
        Ok(Step::Done)
    }
}

impl fmt::Debug for ResealVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(KIND)
    }
}
