use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use async_trait::async_trait;
use jeton_domain::LeaseHolder;
use jeton_vault::{Lease, LeaseRepo, VaultError};
use jiff::Timestamp;

/// Leases in memory. One process holds the file (see [`crate::lock`]), so that all who could ask for a lease are in it,
/// and a lease need not outlive it; a write to the disk for each mint would buy nothing.
#[derive(Debug, Default)]
pub(crate) struct MemoryLeases(Mutex<HashMap<String, (LeaseHolder, Timestamp)>>);

#[async_trait]
impl LeaseRepo for MemoryLeases {
    async fn acquire(&self, lease: &Lease, now: Timestamp) -> Result<bool, VaultError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let free = held
            .get(&lease.name)
            .is_none_or(|(holder, until)| *holder == lease.holder || *until <= now);
        if free {
            held.insert(lease.name.clone(), (lease.holder, lease.until));
        }
        Ok(free)
    }

    async fn release(&self, name: &str, holder: LeaseHolder) -> Result<(), VaultError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if held.get(name).is_some_and(|(by, _)| *by == holder) {
            held.remove(name);
        }
        Ok(())
    }

    async fn purge(&self, before: Timestamp) -> Result<u64, VaultError> {
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = held.len();
        held.retain(|_, (_, until)| *until >= before);
        Ok((count - held.len()) as u64)
    }
}
