use std::sync::Arc;

use jeton_domain::{Clock, Entropy, KeyId};
use jeton_seal::{DataKey, KeyRing, SealingKey};
use jeton_vault::{DataKeyRecord, Vault};

use crate::{Broker, BrokerError};

/// The sealing key that a vault asks for; `None` for a vault in which nothing was sealed yet.
///
/// # Errors
/// When the vault cannot be read.
pub async fn sealing_key_in_use(vault: &dyn Vault) -> Result<Option<KeyId>, BrokerError> {
    let keys = vault.read().await?.data_keys().list().await?;
    Ok(keys.last().map(|key| key.wrapped_by.clone()))
}

/// Opens the vault's data keys with the sealing key; makes the first data key of a vault that has none.
///
/// # Errors
/// [`jeton_seal::SealError`] for the wrong key or a changed row, or what the vault said. Nothing is overwritten then.
pub async fn open_key_ring(
    vault: &dyn Vault,
    sealing_key: &SealingKey,
    clock: &dyn Clock,
    entropy: &dyn Entropy,
) -> Result<Arc<KeyRing>, BrokerError> {
    let mut records = vault.read().await?.data_keys().list().await?;
    if records.is_empty() {
        let key = DataKey::generate(entropy);
        let record = DataKeyRecord {
            id: key.id().clone(),
            wrapped: key.wrap(sealing_key, entropy),
            wrapped_by: sealing_key.id().clone(),
            created_at: clock.now(),
        };
        let mut tx = vault.begin().await?;
        let first = tx.data_keys().add(&record, true).await?;
        tx.commit().await?;
        if first {
            tracing::info!(key.id = %record.id, "the vault's first data key was made");
        }
        // Another server may have been faster: what the vault holds now is what counts.
        records = vault.read().await?.data_keys().list().await?;
    }
    let mut keys = Vec::with_capacity(records.len());
    for record in &records {
        keys.push(DataKey::unwrap(
            &record.id,
            &record.wrapped,
            &record.wrapped_by,
            sealing_key,
        )?);
    }
    let newest = keys.pop().ok_or(BrokerError::Internal("the vault holds no data key"))?;
    Ok(Arc::new(KeyRing::new(keys, &newest)))
}

/// How the vault is sealed.
#[derive(Debug)]
pub struct KeyReport {
    /// The sealing key.
    pub sealing_key: KeyId,
    /// Where it was read from.
    pub source: String,
    /// The data keys.
    pub data_keys: Vec<DataKeyRecord>,
    /// How many values of each table are sealed.
    pub sealed: Vec<(String, u64)>,
}

impl Broker {
    /// How the vault is sealed; ids only.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn key_report(&self) -> Result<KeyReport, BrokerError> {
        let inner = &self.0;
        let mut tx = inner.vault.read().await?;
        let data_keys = tx.data_keys().list().await?;
        let sealed = tx.data_keys().count_sealed().await?;
        let (sealing_key, source) = inner.sealing_key.clone();
        Ok(KeyReport {
            sealing_key,
            source,
            data_keys,
            sealed,
        })
    }
}
