use std::{
    collections::HashSet,
    sync::{Arc, atomic::Ordering},
};

use jeton_domain::{Freshness, GrantId};
use jeton_ledger::events;
use jeton_vault::LedgerFilter;
use jiff::SignedDuration;
use serde_json::Value;

use crate::{Broker, BrokerError};

/// How many entries of the record are read at a time.
const PAGE: u32 = 500;

/// How many rows one sweep removes from a table: short transactions, so that nobody waits for the broom.
const ROWS: u32 = 1_000;
/// How many such steps one sweep takes at most.
const BATCHES: u32 = 100;

impl Broker {
    /// Drops from memory what other replicas revoked, and the holds of grants that were given back to them. Called every
    /// second or so where replicas share the vault.
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub async fn drop_revoked(&self) -> Result<(), BrokerError> {
        let inner = &self.0;
        if !inner.vault.shared() {
            return Ok(());
        }
        self.forget_released().await?;
        if inner.slots.is_empty() {
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

    /// Forgets holds whose grants were given back since the last look, by the record: its numbers leave no gap and come in
    /// the order of their transactions, whatever the clocks say.
    async fn forget_released(&self) -> Result<(), BrokerError> {
        let inner = &self.0;
        let seen = inner.last_release.load(Ordering::Relaxed);
        let mut newest = seen;
        let mut before = None;
        let mut released = HashSet::new();
        let mut tx = inner.vault.read().await?;
        'pages: loop {
            // Mostly there is nothing new, which one entry tells.
            let limit = if before.is_none() { 1 } else { PAGE };
            let page = tx.ledger().list(&releases(), before, limit).await?;
            for entry in &page {
                if entry.seq <= seen {
                    break 'pages;
                }
                newest = newest.max(entry.seq);
                let body = serde_json::from_str::<Value>(&entry.body).unwrap_or_default();
                released.extend(body["grant"].as_str().and_then(|id| id.parse::<GrantId>().ok()));
            }
            let Some(last) = page.last().filter(|_| page.len() == limit as usize) else {
                break;
            };
            before = Some(last.seq);
        }
        drop(tx);
        if !released.is_empty() {
            // Not under the lock of the map's part.
            let slots: Vec<_> = inner.slots.iter().map(|entry| Arc::clone(entry.value())).collect();
            for token in slots.iter().filter_map(|slot| slot.current()) {
                token.holders.remove(|grant| released.contains(&grant));
            }
        }
        inner.last_release.fetch_max(newest, Ordering::Relaxed);
        Ok(())
    }

    /// At the start nobody holds anything by this memory: what was given back before does not matter to it.
    pub(crate) async fn skip_releases(&self) -> Result<(), BrokerError> {
        if self.0.vault.shared() {
            let page = self.0.vault.read().await?.ledger().list(&releases(), None, 1).await?;
            let newest = page.first().map_or(0, |entry| entry.seq);
            self.0.last_release.store(newest, Ordering::Relaxed);
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
        inner.traffic.publish();
        inner.forget_old_quotas();
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
            let rotations = tx.rotations().purge(before, ROWS).await?;
            let old_tokens = tx.old_tokens().purge(before, ROWS).await?;
            tx.commit().await?;
            if grants.max(tokens).max(rotations).max(old_tokens) < u64::from(ROWS) {
                break;
            }
        }
        self.reload_apps().await?;
        inner.vault.leases().purge(now - SignedDuration::from_mins(10)).await?;
        Ok(())
    }
}

fn releases() -> LedgerFilter {
    LedgerFilter {
        events: vec![events::TOKEN_RELEASED.to_owned()],
        ..LedgerFilter::default()
    }
}
