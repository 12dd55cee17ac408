//! One at a time works on a kept runner, of all tasks and servers.

use std::{sync::Arc, time::Duration};

use dashmap::DashMap;
use jeton_domain::LeaseHolder;
use jeton_vault::{Lease, Vault};
use jiff::SignedDuration;
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
};

use crate::{CiError, ci::Inner};

/// How long a lease lives without its holder. A server that was killed blocks the others for so long at most.
const LENGTH: SignedDuration = SignedDuration::from_secs(6);
/// How often a living holder extends it, in real time.
const BEAT: Duration = Duration::from_secs(2);
/// How long somebody waits for their turn.
const LONGEST_WAIT: Duration = Duration::from_secs(40);
/// Locks that nobody holds are dropped when there are more than so many.
const MANY: usize = 1_000;

/// Who works on which runner in this process, so that its own tasks do not queue at the database.
#[derive(Debug, Default)]
pub(crate) struct Turns(DashMap<[u8; 32], Arc<Mutex<()>>>);

impl Turns {
    fn of(&self, place: [u8; 32]) -> Arc<Mutex<()>> {
        if self.0.len() > MANY {
            self.0.retain(|_, lock| Arc::strong_count(lock) > 1);
        }
        Arc::clone(&self.0.entry(place).or_default())
    }
}

/// It is this task's turn. Dropped without [`Turn::end`] the others wait until the lease has ended by itself.
pub(crate) struct Turn {
    vault: Arc<dyn Vault>,
    name: String,
    holder: LeaseHolder,
    beating: JoinHandle<()>,
    _here: OwnedMutexGuard<()>,
}

impl Inner {
    /// Waits for a turn.
    ///
    /// # Errors
    /// [`CiError::Busy`] when another does not finish; or the vault cannot be used.
    pub(crate) async fn turn(&self, place: [u8; 32]) -> Result<Turn, CiError> {
        let lock = self.turns.of(place);
        let here = tokio::time::timeout(LONGEST_WAIT, lock.lock_owned()).await;
        let here = here.map_err(|_| CiError::Busy)?;
        let lease = self.lease_of(place);
        let mut waited = Duration::ZERO;
        while !self.take(&lease).await? {
            if waited > LONGEST_WAIT {
                return Err(CiError::Busy);
            }
            let pause = (waited / 4).clamp(Duration::from_millis(20), Duration::from_millis(250));
            tokio::time::sleep(pause).await;
            waited += pause;
        }
        Ok(self.hold(lease, here))
    }

    /// A turn if it is nobody else's now.
    pub(crate) async fn try_turn(&self, place: [u8; 32]) -> Result<Option<Turn>, CiError> {
        let Ok(here) = self.turns.of(place).try_lock_owned() else {
            return Ok(None);
        };
        let lease = self.lease_of(place);
        Ok(self.take(&lease).await?.then(|| self.hold(lease, here)))
    }

    /// Each turn has a holder of its own: the leases of one process shut each other out too.
    fn lease_of(&self, place: [u8; 32]) -> Lease {
        let now = self.clock.now();
        Lease {
            name: format!("ci-runner/{}", hex::encode(place)),
            holder: LeaseHolder::generate(now, &*self.entropy),
            until: now,
        }
    }

    async fn take(&self, lease: &Lease) -> Result<bool, CiError> {
        let now = self.clock.now();
        let lease = Lease {
            until: now + LENGTH,
            ..lease.clone()
        };
        Ok(self.vault.leases().acquire(&lease, now).await?)
    }

    fn hold(&self, lease: Lease, here: OwnedMutexGuard<()>) -> Turn {
        let (vault, clock) = (Arc::clone(&self.vault), Arc::clone(&self.clock));
        let (name, holder) = (lease.name.clone(), lease.holder);
        let beating = tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                let now = clock.now();
                let lease = Lease {
                    until: now + LENGTH,
                    ..lease.clone()
                };
                if let Err(error) = vault.leases().acquire(&lease, now).await {
                    tracing::warn!(%error, "a lease could not be extended");
                }
            }
        });
        Turn {
            vault: Arc::clone(&self.vault),
            name,
            holder,
            beating,
            _here: here,
        }
    }
}

impl Turn {
    /// Gives the turn to the next one.
    pub(crate) async fn end(self) {
        self.beating.abort();
        if let Err(error) = self.vault.leases().release(&self.name, self.holder).await {
            tracing::warn!(%error, "a lease could not be given back; it ends by itself");
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.beating.abort();
    }
}
