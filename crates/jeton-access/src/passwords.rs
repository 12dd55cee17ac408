//! Passwords: argon2id, few at a time, and in the same time whether or not there is anything to compare with.

mod rules;

use std::{
    collections::HashSet,
    fmt,
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use argon2::{
    Argon2, Params,
    password_hash::{
        PasswordHasher as _, PasswordVerifier as _,
        phc::{Output, ParamsString, PasswordHash, Salt},
    },
};
use jeton_domain::{Entropy, Secret};
use tokio::sync::Semaphore;

use crate::{AccessError, limits::site};

pub(crate) use rules::check as check_rules;

/// 19 MiB, two passes, one lane: the first of the settings that OWASP's password storage cheat sheet names for
/// argon2id (2026), and the crate's own default.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// What a stored hash may ask for at most. Whoever can write to the database must not be able to make one sign-in take
/// the whole machine.
const MOST_MEMORY_KIB: u32 = 256 * 1024;
const MOST_PASSES: u32 = 16;
/// Hashes at once, however many cores there are: each takes 19 MiB.
const MOST_AT_ONCE: usize = 4;
/// Hashes that may wait. On two cores the last of them waits for about a second.
const MOST_WAITING: usize = 64;

/// Hashes passwords and compares them.
pub(crate) struct Passwords {
    entropy: Arc<dyn Entropy>,
    /// One per hash under way; taken along to its thread, so that a caller who goes away does not free it early.
    at_once: Arc<Semaphore>,
    /// One per hash under way or waiting.
    admitted: Arc<Semaphore>,
    /// Of no password; compared with when there is none to compare with.
    dummy: Secret,
    hashed: Arc<AtomicU64>,
    under_way: Mutex<HashSet<Pair>>,
}

/// A user name as it was typed, and from where.
type Pair = (String, Option<IpAddr>);

/// One try to sign in that is under way.
pub(crate) struct Try<'a> {
    under_way: &'a Mutex<HashSet<Pair>>,
    pair: Pair,
}

impl Drop for Try<'_> {
    fn drop(&mut self) {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&self.pair);
    }
}

impl Passwords {
    pub(crate) fn new(entropy: Arc<dyn Entropy>) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self::with_limits(entropy, cores.min(MOST_AT_ONCE), MOST_WAITING)
    }

    fn with_limits(entropy: Arc<dyn Entropy>, at_once: usize, waiting: usize) -> Self {
        Self {
            dummy: dummy(&*entropy),
            entropy,
            at_once: Arc::new(Semaphore::new(at_once)),
            admitted: Arc::new(Semaphore::new(at_once + waiting)),
            hashed: Arc::new(AtomicU64::new(0)),
            under_way: Mutex::new(HashSet::new()),
        }
    }

    /// Begins a try; `None` while another one of this name and place is under way. Else a hundred tries at once would
    /// all be over before the first wrong one is counted.
    pub(crate) fn begin_try(&self, who: &str, address: Option<IpAddr>) -> Option<Try<'_>> {
        let pair = (who.to_owned(), address.map(site));
        let is_first = self
            .under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(pair.clone());
        // Lazily: one that is made and dropped would end the try of somebody else.
        is_first.then(|| Try {
            under_way: &self.under_way,
            pair,
        })
    }

    /// The hash of a password, as a PHC string.
    ///
    /// # Errors
    /// [`AccessError::Overloaded`] when too many wait already.
    pub(crate) async fn hash(&self, password: Secret) -> Result<Secret, AccessError> {
        let mut salt = [0_u8; 16];
        self.entropy.fill(&mut salt);
        let hashed = self
            .on_a_thread(move || {
                let hash = hasher().hash_password_with_salt(password.expose().as_bytes(), &salt);
                hash.ok().map(|hash| Secret::new(hash.to_string()))
            })
            .await?;
        hashed.ok_or(AccessError::Internal("a password could not be hashed"))
    }

    /// Whether it is the password of a stored hash. Without one, it is compared with a hash that no password has, so
    /// that the answer takes as long.
    ///
    /// # Errors
    /// [`AccessError::Overloaded`] when too many wait already.
    pub(crate) async fn verify(&self, password: &Secret, stored: Option<&Secret>) -> Result<bool, AccessError> {
        let stored = stored.filter(|stored| {
            let readable = read(stored).is_some();
            if !readable {
                tracing::error!("a stored password hash cannot be read; its user needs a new one-time link");
            }
            readable
        });
        let known = stored.is_some() && rules::fits(password);
        // Nobody has a longer password; it need not be hashed whole to find that out.
        let asked = if rules::fits(password) {
            password.clone()
        } else {
            Secret::new("too long")
        };
        let against = stored.unwrap_or(&self.dummy).clone();
        let same = self
            .on_a_thread(move || {
                let Some(hash) = read(&against) else { return false };
                hasher().verify_password(asked.expose().as_bytes(), &hash).is_ok()
            })
            .await?;
        Ok(same && known)
    }

    /// Whether a stored hash was made with less than is asked for today.
    pub(crate) fn is_outdated(stored: &Secret) -> bool {
        let params = read(stored).and_then(|hash| Params::try_from(&hash).ok());
        params.is_none_or(|params| params.m_cost() < MEMORY_KIB || params.t_cost() < PASSES)
    }

    /// How many hashes were computed since the start.
    pub(crate) fn hashed(&self) -> u64 {
        self.hashed.load(Ordering::Relaxed)
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, AccessError> {
        let Ok(admitted) = Arc::clone(&self.admitted).try_acquire_owned() else {
            return Err(AccessError::Overloaded);
        };
        let Ok(turn) = Arc::clone(&self.at_once).acquire_owned().await else {
            return Err(AccessError::Overloaded);
        };
        let hashed = Arc::clone(&self.hashed);
        let outcome = tokio::task::spawn_blocking(move || {
            let outcome = work();
            hashed.fetch_add(1, Ordering::Relaxed);
            drop((turn, admitted));
            outcome
        })
        .await;
        outcome.map_err(|_| AccessError::Internal("the thread that hashes passwords ended early"))
    }
}

impl fmt::Debug for Passwords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Passwords")
            .field("hashed", &self.hashed())
            .finish_non_exhaustive()
    }
}

fn params() -> Params {
    Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap_or_default()
}

fn hasher() -> Argon2<'static> {
    Argon2::from(params())
}

/// A stored hash, unless it is none or asks for more than it may.
fn read(stored: &Secret) -> Option<PasswordHash> {
    let hash = PasswordHash::new(stored.expose()).ok()?;
    let params = Params::try_from(&hash).ok()?;
    let ours = hash.algorithm.as_str() == "argon2id" && hash.salt.is_some() && hash.hash.is_some();
    (ours && params.m_cost() <= MOST_MEMORY_KIB && params.t_cost() <= MOST_PASSES).then_some(hash)
}

/// A hash of today's cost with random bytes for its result: nobody knows a password for it, and it costs nothing to
/// make.
fn dummy(entropy: &dyn Entropy) -> Secret {
    let (mut salt, mut output) = ([0_u8; 16], [0_u8; Params::DEFAULT_OUTPUT_LEN]);
    entropy.fill(&mut salt);
    entropy.fill(&mut output);
    let hash = PasswordHash {
        algorithm: argon2::ARGON2ID_IDENT,
        version: Some(argon2::Version::default().into()),
        params: ParamsString::try_from(&params()).unwrap_or_default(),
        salt: Salt::new(&salt).ok(),
        hash: Output::new(&output).ok(),
    };
    Secret::new(hash.to_string())
}

#[cfg(test)]
mod tests;
