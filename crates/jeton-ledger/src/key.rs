use base64::{Engine as _, prelude::BASE64_STANDARD};
use jeton_domain::{Entropy, RowRef, Sealed, Secret};
use jeton_seal::{KeyRing, SealError};
use jeton_vault::{SealedPlace, Vault, VaultTx};
use zeroize::Zeroizing;

use crate::{LedgerError, chain::ChainKey};

/// The row of `settings` that holds the key.
const ROW: &str = SealedPlace::LEDGER_KEY;

fn place() -> RowRef<'static> {
    SealedPlace::LedgerKey.of(ROW)
}

/// Opens the chain's key, or makes it when there is neither a key nor anything that was chained.
pub(crate) async fn open(vault: &dyn Vault, ring: &KeyRing, entropy: &dyn Entropy) -> Result<ChainKey, LedgerError> {
    let mut tx = vault.read().await?;
    if let Some(row) = tx.settings().find(ROW).await? {
        return unseal(ring, row);
    }
    drop(tx);
    let mut tx = vault.begin().await?;
    if has_entries(&mut *tx).await? {
        // Another server may have made the key and the first entry since we looked.
        let row = tx.settings().find(ROW).await?.ok_or(LedgerError::KeyGone)?;
        return unseal(ring, row);
    }
    let mut bytes = Zeroizing::new([0_u8; 32]);
    entropy.fill(bytes.as_mut());
    let text = Secret::new(BASE64_STANDARD.encode(bytes.as_ref()));
    let sealed = ring.seal(&text, place(), entropy);
    if tx.settings().add(ROW, sealed.as_bytes()).await? {
        tx.commit().await?;
        return Ok(ChainKey::new(&bytes));
    }
    drop(tx);
    // Another server was faster.
    let mut tx = vault.read().await?;
    let row = tx.settings().find(ROW).await?.ok_or(LedgerError::KeyGone)?;
    unseal(ring, row)
}

fn unseal(ring: &KeyRing, row: Vec<u8>) -> Result<ChainKey, LedgerError> {
    let text = ring.open(&Sealed::from_bytes(row), place())?;
    let mut bytes = Zeroizing::new([0_u8; 32]);
    let decoded = BASE64_STANDARD.decode(text.expose()).map(Zeroizing::new);
    let tampered = || SealError::Tampered {
        place: place().to_string(),
    };
    let decoded = decoded.map_err(|_| tampered())?;
    if decoded.len() != bytes.len() {
        return Err(tampered().into());
    }
    bytes.copy_from_slice(&decoded);
    Ok(ChainKey::new(&bytes))
}

/// Whether anything was ever chained: any of the three may be what somebody forgot to remove.
async fn has_entries(tx: &mut dyn VaultTx) -> Result<bool, LedgerError> {
    let mut ledger = tx.ledger();
    Ok(ledger.head().await?.is_some() || ledger.base().await?.is_some() || !ledger.scan(0, 1).await?.is_empty())
}
