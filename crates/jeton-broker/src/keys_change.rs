//! What an operator does to keys: rotates them, and retires one.

use jeton_domain::{JobId, KeyId};
use jeton_ledger::{Event, events};
use jeton_vault::{DataKeyRecord, NewJob, VaultTx};
use jiff::Timestamp;

use crate::{
    Asker, Broker, BrokerError,
    broker::Inner,
    keys::{active, new_data_key},
    reseal::{self, GRACE},
};

/// How a rotation began.
#[derive(Debug)]
pub struct Rotation {
    /// The data key that every value gets.
    pub data_key: KeyId,
    /// Whether it was made now; else a rotation was under way, and goes on.
    pub started: bool,
    /// The data keys that were wrapped anew, with the current sealing key.
    pub rewrapped: Vec<KeyId>,
    /// When it seals the first value; values are sealed anew from then on.
    pub seals_from: Timestamp,
}

/// What was retired.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retired {
    /// A data key: it is removed from the vault.
    DataKey,
    /// A sealing key that wraps nothing: it may leave the configuration, and be destroyed.
    SealingKey,
}

impl Broker {
    /// Makes a new data key, wraps all of them with the current sealing key, and queues the job that seals every value
    /// anew. Where replicas share the vault, the new key seals after half a minute, when all of them know it.
    ///
    /// # Errors
    /// [`jeton_seal::SealError`] when a data key does not open, or what the vault or the record said. Nothing is changed
    /// then.
    pub async fn rotate_keys(&self, asker: &Asker) -> Result<Rotation, BrokerError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let new = new_data_key(&inner.sealing_keys, &*inner.clock, &*inner.entropy);
        let seals_from = if inner.vault.shared() { now + GRACE } else { now };
        let job = NewJob {
            id: JobId::generate(now, &*inner.entropy),
            kind: reseal::KIND.to_owned(),
            payload: reseal::payload(&new.id),
            dedup: Some(reseal::DEDUP.to_owned()),
            run_at: seals_from,
        };
        let mut tx = inner.vault.begin().await?;
        // First of all: of two rotations at once, the second one waits here, and finds the job of the first.
        let started = tx.jobs().add(&job).await?;
        let records = tx.data_keys().list().await?;
        let rewrapped = inner.rewrap(&mut *tx, &records).await?;
        let (data_key, seals_from) = if started {
            tx.data_keys().add(&new, false).await?;
            if !inner.vault.shared() {
                tx.data_keys().activate(&new.id, now).await?;
            }
            (new.id, seals_from)
        } else {
            let job = tx.jobs().find(reseal::KIND, reseal::DEDUP).await?;
            let found = job.and_then(|job| Some((reseal::data_key_of(&job.payload)?, job.run_at)));
            let (id, run_at) = found.ok_or(BrokerError::Internal("a rotation ended just now"))?;
            let record = records.iter().find(|record| record.id == id);
            (id, record.and_then(|record| record.activated_at).unwrap_or(run_at))
        };
        if started || !rewrapped.is_empty() {
            let ids: Vec<_> = rewrapped.iter().map(KeyId::as_str).collect();
            let event = Event::new(events::KEY_ROTATED, &asker.caller)
                .with("data_key", data_key.as_str())
                .with("started", started)
                .with("sealing_key", inner.sealing_keys.current().key.id().as_str())
                .with("rewrapped", ids)
                .in_request(asker.request_id.as_deref());
            inner.access.ledger().append_in(&mut *tx, &[event]).await?;
            tx.commit().await?;
            tracing::info!(key.id = %data_key, rewrapped = rewrapped.len(), started, "keys are being rotated");
            inner.reload_keys().await?;
        }
        inner.wake_worker.notify_one();
        Ok(Rotation {
            data_key,
            started,
            rewrapped,
            seals_from,
        })
    }

    /// Retires a key that nothing needs.
    ///
    /// # Errors
    /// [`BrokerError::KeyInUse`], which names what uses it; [`BrokerError::KeyNotFound`]; or what the vault or the record
    /// said. Nothing is changed then.
    pub async fn retire_key(&self, asker: &Asker, key: &KeyId) -> Result<Retired, BrokerError> {
        let inner = &self.0;
        let mut tx = inner.vault.begin().await?;
        let records = tx.data_keys().list().await?;
        if !records.iter().any(|record| record.id == *key) {
            drop(tx);
            let not_found = || BrokerError::KeyNotFound(key.to_string());
            return inner.retire_sealing_key(key, &records).ok_or_else(not_found)?;
        }
        let rotating = tx.jobs().find(reseal::KIND, reseal::DEDUP).await?;
        let is_coming = rotating.is_some_and(|job| reseal::data_key_of(&job.payload).as_ref() == Some(key));
        if !is_coming && tx.data_keys().remove(key).await? {
            let event = Event::new(events::KEY_RETIRED, &asker.caller)
                .with("data_key", key.as_str())
                .in_request(asker.request_id.as_deref());
            inner.access.ledger().append_in(&mut *tx, &[event]).await?;
            tx.commit().await?;
            tracing::info!(key.id = %key, "a data key was retired");
            inner.reload_keys().await?;
            return Ok(Retired::DataKey);
        }
        drop(tx);
        Err(inner.why_in_use(key.clone(), is_coming).await?)
    }
}

impl Inner {
    /// Wraps with the current sealing key whatever another one wraps; which data keys.
    async fn rewrap(&self, tx: &mut dyn VaultTx, records: &[DataKeyRecord]) -> Result<Vec<KeyId>, BrokerError> {
        let current = &self.sealing_keys.current().key;
        let mut rewrapped = Vec::new();
        for record in records.iter().filter(|record| record.wrapped_by != *current.id()) {
            let key = self
                .sealing_keys
                .unwrap(&record.id, &record.wrapped, &record.wrapped_by)?;
            let anew = DataKeyRecord {
                wrapped: key.wrap(current, &*self.entropy),
                wrapped_by: current.id().clone(),
                ..record.clone()
            };
            // Another server may have been faster, or have retired it.
            if tx.data_keys().rewrap(record, &anew).await? {
                rewrapped.push(record.id.clone());
            }
        }
        Ok(rewrapped)
    }

    /// What is to be said of a sealing key; `None` when there is none of this id.
    fn retire_sealing_key(&self, key: &KeyId, records: &[DataKeyRecord]) -> Option<Result<Retired, BrokerError>> {
        let wrapped: Vec<_> = records
            .iter()
            .filter(|record| record.wrapped_by == *key)
            .map(|record| record.id.as_str())
            .collect();
        let in_use = |by: String, remedy: &str| BrokerError::KeyInUse {
            key: key.clone(),
            by,
            remedy: remedy.to_owned(),
        };
        let keys = &self.sealing_keys;
        if keys.current().key.id() == key {
            let remedy = "To put another in its place: make one with `jeton key generate`, give it as `seal.key_file` and \
                          this one as `seal.previous_key_file`, restart the server, and run `jeton key rotate`.";
            return Some(Err(in_use(
                "it is the sealing key of this server, which wraps new data keys".to_owned(),
                remedy,
            )));
        }
        if !wrapped.is_empty() {
            let remedy = "Run `jeton key rotate`, which wraps them with the current sealing key.";
            return Some(Err(in_use(
                format!("it wraps the data keys {}", wrapped.join(", ")),
                remedy,
            )));
        }
        let is_previous = keys.previous().is_some_and(|previous| previous.key.id() == key);
        is_previous.then_some(Ok(Retired::SealingKey))
    }

    /// The refusal to retire a data key, with what uses it.
    async fn why_in_use(&self, key: KeyId, is_coming: bool) -> Result<BrokerError, BrokerError> {
        let mut tx = self.vault.read().await?;
        let records = tx.data_keys().list().await?;
        let seals = active(&records).is_some_and(|record| record.id == key);
        let mut uses = Vec::new();
        if seals {
            uses.push("it seals new values".to_owned());
        } else if is_coming {
            uses.push("it is about to seal new values".to_owned());
        }
        for count in tx.sealed_rows().count().await? {
            if count.key.as_ref() == Some(&key) {
                let place = count.place;
                uses.push(format!(
                    "{} of {}.{}",
                    values(count.values),
                    place.table(),
                    place.column()
                ));
            }
        }
        let remedy = if seals || is_coming {
            "It is the newest key. `jeton key rotate` makes another; this one is retired by itself when no value needs it."
        } else {
            "Run `jeton key rotate`: it seals these values anew, and then retires the key by itself. Values that do not \
             open stay; the log names them."
        };
        Ok(BrokerError::KeyInUse {
            key,
            by: if uses.is_empty() {
                "it was in use just now".to_owned()
            } else {
                uses.join(", ")
            },
            remedy: remedy.to_owned(),
        })
    }
}

fn values(count: u64) -> String {
    if count == 1 {
        "1 value".to_owned()
    } else {
        format!("{count} values")
    }
}
