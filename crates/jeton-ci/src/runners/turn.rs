//! One at a time works on a kept runner, of all tasks and servers.

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use dashmap::DashMap;
use jeton_domain::{Clock, LeaseHolder};
use jeton_vault::{Lease, Vault};
use jiff::{SignedDuration, Timestamp};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::JoinHandle,
    time::Instant,
};

use crate::{CiError, ci::Inner};

/// How long a lease lives without its holder. A server that was killed blocks the others for so long at most.
const LENGTH: SignedDuration = SignedDuration::from_secs(6);
/// How often a living holder extends it, in real time.
const BEAT: Duration = Duration::from_secs(2);
/// For so long after the vault was last asked for it a lease is surely its holder's: what begins then is with the forge before it ends.
const SURE: SignedDuration = SignedDuration::from_secs(5);
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

/// What is known here of a lease.
#[derive(Debug)]
struct Hold {
    clock: Arc<dyn Clock>,
    /// When the vault was last asked for it and gave it, by the clock and by what no clock that is set changes; `None` once it may have
    /// been another's meanwhile.
    given: std::sync::Mutex<Option<(Timestamp, Instant)>>,
}

impl Hold {
    /// Whether it is surely the holder's. What was lost once stays so: another may have had it between. With
    /// `next` the vault has given it again, to who asked at these times.
    fn is_mine(&self, next: Option<(Timestamp, Instant)>) -> bool {
        let mut given = self.given.lock().unwrap_or_else(PoisonError::into_inner);
        let is_mine = given.is_some_and(|(at, instant)| {
            // The clock knows of a machine that slept, and the other one of a clock that was set.
            let by_clock = self.clock.now().duration_since(at).abs();
            by_clock < SURE && instant.elapsed() < SURE.unsigned_abs()
        });
        *given = given.filter(|_| is_mine).map(|given| next.unwrap_or(given));
        is_mine
    }

    fn lose(&self) {
        *self.given.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// It is this task's turn. Dropped without [`Turn::end`] the others wait until the lease has ended by itself.
pub(crate) struct Turn {
    vault: Arc<dyn Vault>,
    name: String,
    holder: LeaseHolder,
    hold: Arc<Hold>,
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
        loop {
            if let Some(hold) = self.take(&lease).await? {
                return Ok(self.hold(lease, hold, here));
            }
            if waited > LONGEST_WAIT {
                return Err(CiError::Busy);
            }
            let pause = (waited / 4).clamp(Duration::from_millis(20), Duration::from_millis(250));
            tokio::time::sleep(pause).await;
            waited += pause;
        }
    }

    /// A turn if it is nobody else's now.
    pub(crate) async fn try_turn(&self, place: [u8; 32]) -> Result<Option<Turn>, CiError> {
        let Ok(here) = self.turns.of(place).try_lock_owned() else {
            return Ok(None);
        };
        let lease = self.lease_of(place);
        let hold = self.take(&lease).await?;
        Ok(hold.map(|hold| self.hold(lease, hold, here)))
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

    async fn take(&self, lease: &Lease) -> Result<Option<Hold>, CiError> {
        let (now, instant) = (self.clock.now(), Instant::now());
        let lease = Lease {
            until: now + LENGTH,
            ..lease.clone()
        };
        let is_given = self.vault.leases().acquire(&lease, now).await?;
        Ok(is_given.then(|| Hold {
            clock: Arc::clone(&self.clock),
            given: std::sync::Mutex::new(Some((now, instant))),
        }))
    }

    fn hold(&self, lease: Lease, hold: Hold, here: OwnedMutexGuard<()>) -> Turn {
        let (vault, clock) = (Arc::clone(&self.vault), Arc::clone(&self.clock));
        let hold = Arc::new(hold);
        let known = Arc::clone(&hold);
        let (name, holder) = (lease.name.clone(), lease.holder);
        let beating = tokio::spawn(async move {
            loop {
                tokio::time::sleep(BEAT).await;
                let (now, instant) = (clock.now(), Instant::now());
                let lease = Lease {
                    until: now + LENGTH,
                    ..lease.clone()
                };
                match vault.leases().acquire(&lease, now).await {
                    Ok(true) => {
                        known.is_mine(Some((now, instant)));
                    }
                    Ok(false) => {
                        tracing::warn!("a lease ended before its holder was done; another has it");
                        known.lose();
                    }
                    Err(error) => tracing::warn!(%error, "a lease could not be extended"),
                }
            }
        });
        Turn {
            vault: Arc::clone(&self.vault),
            name,
            holder,
            hold,
            beating,
            _here: here,
        }
    }
}

impl Turn {
    /// Whether it is surely nobody else's: to be asked before each step that another's would contradict. Once it is not, it never is again.
    pub(crate) fn is_mine(&self) -> bool {
        self.hold.is_mine(None)
    }

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
