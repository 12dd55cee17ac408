use jeton_domain::Freshness;
use jiff::SignedDuration;

use crate::{Broker, BrokerError};

/// How many rows one sweep removes from a table: short transactions, so that nobody waits for the broom.
const ROWS: u32 = 1_000;
/// How many such steps one sweep takes at most.
const BATCHES: u32 = 100;

impl Broker {
    /// Drops from memory what other replicas revoked. Called every second or so where replicas share the vault.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn drop_revoked(&self) -> Result<(), BrokerError> {
        let inner = &self.0;
        if !inner.vault.shared() || inner.slots.is_empty() {
            return Ok(());
        }
        let revoked = inner
            .vault
            .read()
            .await?
            .tokens()
            .list_ended_early(inner.clock.now())
            .await?;
        for (id, key) in revoked {
            if let Some(slot) = inner.slots.get(&key) {
                slot.drop_token(id);
            }
        }
        Ok(())
    }

    /// Forgets what is of no use any more, in memory and in the vault; reads the Apps again.
    ///
    /// # Errors
    /// When the vault cannot be used; the next sweep catches up.
    pub async fn sweep(&self) -> Result<(), BrokerError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let is_dead = |token: &crate::LiveToken| token.freshness(now, SignedDuration::ZERO) == Freshness::Expired;
        // A slot that somebody is using right now has a second owner.
        inner.slots.retain(|_, slot| {
            std::sync::Arc::strong_count(slot) > 1 || slot.current().is_some_and(|token| !is_dead(&token))
        });
        let before = now.checked_sub(inner.settings.keep_ended).unwrap_or(now);
        // While full batches come back there is more; the bound keeps one sweep from taking all night.
        for _ in 0..BATCHES {
            let mut tx = inner.vault.begin().await?;
            let grants = tx.grants().purge(before, ROWS).await?;
            let tokens = tx.tokens().purge(before, ROWS).await?;
            tx.commit().await?;
            if grants.max(tokens) < u64::from(ROWS) {
                break;
            }
        }
        self.reload_apps().await?;
        inner.vault.leases().purge(now - SignedDuration::from_mins(10)).await?;
        Ok(())
    }
}
