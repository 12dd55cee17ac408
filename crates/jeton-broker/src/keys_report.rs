use jeton_domain::KeyId;
use jeton_seal::SealingKeys;
use jeton_vault::{DataKeyRecord, JobRecord, JobState, SealedCount, SealedPlace};
use jiff::Timestamp;

use crate::{Broker, BrokerError, keys::active, reseal};

/// How the vault is sealed; ids and counts, never a key.
#[derive(Debug)]
pub struct KeyReport {
    /// The sealing keys: the current one first, then the one before it, then those that the vault asks for and that are not
    /// here.
    pub sealing_keys: Vec<SealingKeyReport>,
    /// The data keys, oldest first.
    pub data_keys: Vec<DataKeyReport>,
    /// Values that name no data key of the vault: nothing opens them.
    pub lost: Vec<SealedCount>,
    /// The re-sealing that is under way.
    pub reseal: Option<ResealReport>,
}

/// A sealing key.
#[derive(Debug)]
pub struct SealingKeyReport {
    /// Its id.
    pub id: KeyId,
    /// Where it was read from; `None` for one that this server was not given.
    pub source: Option<String>,
    /// Whether it is the one that wraps data keys from now on.
    pub current: bool,
    /// How many data keys it wraps.
    pub data_keys: u64,
}

/// What a data key is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DataKeyState {
    /// The servers are getting to know it; it seals soon.
    Coming,
    /// It seals new values.
    Sealing,
    /// It opens what was sealed with it.
    Old,
}

/// A data key, and what it seals.
#[derive(Debug)]
pub struct DataKeyReport {
    /// The key's row.
    pub record: DataKeyRecord,
    /// What it is there for.
    pub state: DataKeyState,
    /// How many values of each place it seals; places without values are left out.
    pub values: Vec<(SealedPlace, u64)>,
}

impl DataKeyReport {
    /// Whether nothing needs it.
    pub fn may_be_retired(&self) -> bool {
        self.state == DataKeyState::Old && self.values.is_empty()
    }
}

/// How far a re-sealing is.
#[derive(Debug)]
pub struct ResealReport {
    /// The key that all values get.
    pub data_key: KeyId,
    /// Values that have another key still.
    pub left: u64,
    /// All values.
    pub values: u64,
    /// When the next step is due, unless one is being taken.
    pub next_at: Option<Timestamp>,
    /// Why the last step was not the end, as far as there was one.
    pub note: Option<String>,
}

impl Broker {
    /// How the vault is sealed.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn key_report(&self) -> Result<KeyReport, BrokerError> {
        let inner = &self.0;
        // One state of the database: a value that is being sealed anew is counted once.
        let mut tx = inner.vault.read().await?;
        let records = tx.data_keys().list().await?;
        let counts = tx.sealed_rows().count().await?;
        let job = tx.jobs().find(reseal::KIND, reseal::DEDUP).await?;
        drop(tx);
        Ok(report(&inner.sealing_keys, records, counts, job))
    }
}

fn report(
    keys: &SealingKeys,
    records: Vec<DataKeyRecord>,
    counts: Vec<SealedCount>,
    job: Option<JobRecord>,
) -> KeyReport {
    let given = std::iter::once(keys.current()).chain(keys.previous());
    let mut sealing_keys: Vec<_> = given
        .map(|given| SealingKeyReport {
            id: given.key.id().clone(),
            source: Some(given.source.clone()),
            current: given.key.id() == keys.current().key.id(),
            data_keys: 0,
        })
        .collect();
    for record in &records {
        match sealing_keys.iter_mut().find(|key| key.id == record.wrapped_by) {
            Some(key) => key.data_keys += 1,
            None => sealing_keys.push(SealingKeyReport {
                id: record.wrapped_by.clone(),
                source: None,
                current: false,
                data_keys: 1,
            }),
        }
    }
    let reseal = job.and_then(|job| reseal_report(job, &counts));
    let sealing = active(&records).map(|record| record.id.clone());
    let (known, lost): (Vec<_>, Vec<_>) = counts
        .into_iter()
        .partition(|count| records.iter().any(|record| count.key.as_ref() == Some(&record.id)));
    let data_keys = records.into_iter().map(|record| DataKeyReport {
        state: match record.activated_at {
            None => DataKeyState::Coming,
            Some(_) if sealing.as_ref() == Some(&record.id) => DataKeyState::Sealing,
            Some(_) => DataKeyState::Old,
        },
        values: known
            .iter()
            .filter(|count| count.key.as_ref() == Some(&record.id))
            .map(|count| (count.place, count.values))
            .collect(),
        record,
    });
    KeyReport {
        sealing_keys,
        data_keys: data_keys.collect(),
        lost,
        reseal,
    }
}

fn reseal_report(job: JobRecord, counts: &[SealedCount]) -> Option<ResealReport> {
    let data_key = reseal::data_key_of(&job.payload)?;
    let others = counts.iter().filter(|count| count.key.as_ref() != Some(&data_key));
    Some(ResealReport {
        left: others.map(|count| count.values).sum(),
        values: counts.iter().map(|count| count.values).sum(),
        next_at: (job.state == JobState::Queued).then_some(job.run_at),
        note: job.last_error,
        data_key,
    })
}
