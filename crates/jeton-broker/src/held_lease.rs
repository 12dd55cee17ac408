use std::{sync::Arc, time::Duration};

use jeton_domain::{Clock, LeaseHolder};
use jeton_vault::{Lease, Vault, VaultError};
use jiff::SignedDuration;
use tokio::task::JoinHandle;

/// How long a lease lives without its holder. A killed holder blocks the others for this long at most.
const LENGTH: SignedDuration = SignedDuration::from_secs(6);
/// How often a living holder extends it, in real time.
const BEAT: Duration = Duration::from_secs(2);

/// A lease that extends itself while it is held, and is given back by [`HeldLease::release`], or by itself when
/// the process dies.
pub(crate) struct HeldLease {
    vault: Arc<dyn Vault>,
    name: String,
    holder: LeaseHolder,
    beating: JoinHandle<()>,
}

impl HeldLease {
    /// Takes the lease, or gives `None` when another holds it.
    pub(crate) async fn acquire(
        vault: &Arc<dyn Vault>,
        clock: &Arc<dyn Clock>,
        name: String,
        holder: LeaseHolder,
    ) -> Result<Option<Self>, VaultError> {
        let now = clock.now();
        let lease = Lease {
            name: name.clone(),
            holder,
            until: now + LENGTH,
        };
        if !vault.leases().acquire(&lease, now).await? {
            return Ok(None);
        }
        let (in_task, clock, task_name) = (Arc::clone(vault), Arc::clone(clock), name.clone());
        let beating = tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                let now = clock.now();
                let lease = Lease {
                    name: task_name.clone(),
                    holder,
                    until: now + LENGTH,
                };
                if let Err(error) = in_task.leases().acquire(&lease, now).await {
                    tracing::warn!(%error, "a lease could not be extended");
                }
            }
        });
        Ok(Some(Self {
            vault: Arc::clone(vault),
            name,
            holder,
            beating,
        }))
    }

    /// Gives the lease back. When that fails, it ends by itself.
    pub(crate) async fn release(self) {
        self.beating.abort();
        if let Err(error) = self.vault.leases().release(&self.name, self.holder).await {
            tracing::warn!(%error, "a lease could not be given back; it ends by itself");
        }
    }
}

impl Drop for HeldLease {
    fn drop(&mut self) {
        self.beating.abort();
    }
}
