use std::sync::Arc;

use jeton_domain::{Clock, Entropy, KeyId, Sealed};
use jeton_seal::{DataKey, KeyRing, SealError, SealingKeys};
use jeton_vault::{DataKeyRecord, Vault};

use crate::{Broker, BrokerError, broker::Inner};

/// The sealing key that a vault asks for; `None` for a vault in which nothing was sealed yet.
///
/// # Errors
/// When the vault cannot be read.
pub async fn sealing_key_in_use(vault: &dyn Vault) -> Result<Option<KeyId>, BrokerError> {
    let keys = vault.read().await?.data_keys().list().await?;
    Ok(active(&keys).map(|key| key.wrapped_by.clone()))
}

/// Opens the vault's data keys with the sealing keys; makes the first data key of a vault that has none.
///
/// # Errors
/// [`jeton_seal::SealError`] for the wrong key or a changed row, or what the vault said. Nothing is overwritten then.
pub async fn open_key_ring(
    vault: &dyn Vault,
    sealing_keys: &SealingKeys,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Arc<KeyRing>, BrokerError> {
    let mut records = vault.read().await?.data_keys().list().await?;
    if records.is_empty() {
        let now = clock.now();
        let mut record = new_data_key(sealing_keys, clock, entropy);
        // No other server can have sealed anything.
        record.activated_at = Some(now);
        let mut tx = vault.begin().await?;
        let first = tx.data_keys().add(&record, true).await?;
        tx.commit().await?;
        if first {
            tracing::info!(key.id = %record.id, "the vault's first data key was made");
        }
        // Another server may have been faster: what the vault holds now is what counts.
        records = vault.read().await?.data_keys().list().await?;
    }
    let (others, sealing) = unwrap(&records, sealing_keys)?;
    Ok(Arc::new(KeyRing::new(others, &sealing)))
}

/// A data key that is known to nobody yet.
pub(crate) fn new_data_key(sealing_keys: &SealingKeys, clock: &dyn Clock, entropy: &dyn Entropy) -> DataKeyRecord {
    let key = DataKey::generate(entropy);
    let wrap = &sealing_keys.current().key;
    DataKeyRecord {
        id: key.id().clone(),
        wrapped: key.wrap(wrap, entropy),
        wrapped_by: wrap.id().clone(),
        created_at: clock.now(),
        activated_at: None,
    }
}

/// The data key that seals new values.
pub(crate) fn active(records: &[DataKeyRecord]) -> Option<&DataKeyRecord> {
    let active = records.iter().filter(|record| record.activated_at.is_some());
    active.max_by_key(|record| (record.activated_at, &record.id))
}

/// The data keys in the open: those that only open, and the one that seals.
fn unwrap(records: &[DataKeyRecord], sealing_keys: &SealingKeys) -> Result<(Vec<DataKey>, DataKey), BrokerError> {
    let active = active(records).ok_or(BrokerError::Internal("the vault holds no data key"))?;
    let open = |record: &DataKeyRecord| sealing_keys.unwrap(&record.id, &record.wrapped, &record.wrapped_by);
    let others = records.iter().filter(|record| record.id != active.id);
    let others = others.map(open).collect::<Result<_, SealError>>()?;
    Ok((others, open(active)?))
}

impl Broker {
    /// Reads the data keys from the vault again: another replica may have added one, or wrapped them anew. Called every few
    /// seconds where replicas share the vault.
    ///
    /// # Errors
    /// When the vault cannot be read, or a data key is wrapped by a sealing key that this server was not given; those that
    /// were known stay in use.
    pub async fn reload_keys(&self) -> Result<(), BrokerError> {
        self.0.reload_keys().await
    }
}

impl Inner {
    pub(crate) async fn reload_keys(&self) -> Result<(), BrokerError> {
        // Held while reading: what was read earlier must not come after what was read later.
        let mut known = self.data_keys.lock().await;
        let records = self.vault.read().await?.data_keys().list().await?;
        if *known == records {
            return Ok(());
        }
        let (others, sealing) = unwrap(&records, &self.sealing_keys)?;
        let before = self.ring.sealing();
        self.ring.replace(others, &sealing);
        *known = records;
        if before != *sealing.id() {
            tracing::info!(key.id = %sealing.id(), key.before = %before, "another data key seals from now on");
        }
        Ok(())
    }

    /// Reads the data keys again when one of these values names a key that is not known here: another replica may have
    /// made it since.
    pub(crate) async fn know_keys_of(&self, values: impl IntoIterator<Item = &Sealed>) -> Result<(), BrokerError> {
        if values.into_iter().any(|value| self.ring.lacks_key_of(value)) {
            return self.reload_keys().await;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{KeyId, Sealed};
    use jeton_vault::DataKeyRecord;
    use jiff::Timestamp;

    use super::active;

    #[test]
    fn the_key_that_became_active_last_seals() {
        let key = |id: &str, created: i64, activated: Option<i64>| DataKeyRecord {
            id: KeyId::parse(id).unwrap(),
            wrapped: Sealed::from_bytes(Vec::new()),
            wrapped_by: KeyId::parse("ffffffffffff").unwrap(),
            created_at: Timestamp::from_second(created).unwrap(),
            activated_at: activated.map(|at| Timestamp::from_second(at).unwrap()),
        };
        let keys = [
            key("aaaaaaaaaaaa", 1, Some(1)),
            key("bbbbbbbbbbbb", 2, Some(9)),
            key("cccccccccccc", 3, Some(5)),
            key("dddddddddddd", 4, None),
        ];
        assert_eq!(active(&keys).unwrap().id.as_str(), "bbbbbbbbbbbb");
        assert!(active(&keys[3..]).is_none());
    }
}
