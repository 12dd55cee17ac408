use std::{
    fmt,
    net::IpAddr,
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use governor::{
    NotUntil, Quota, RateLimiter, clock::Clock as GovernorClock, middleware::NoOpMiddleware,
    state::keyed::DashMapStateStore,
};
use jeton_domain::{Clock, IdentityKey};
use jiff::{SignedDuration, Timestamp};

use crate::{AccessError, AccessSettings};

/// Keys of which the last use is long ago are forgotten beyond this many.
const MOST_KEYS: usize = 50_000;

/// jeton's clock as `governor` wants it: one that never goes back. When the machine's does, the time until then is added,
/// or everybody would be limited until the old time is reached again.
#[derive(Clone)]
struct Ticks {
    clock: Arc<dyn Clock>,
    /// What the clock showed last, in microseconds.
    last: Arc<AtomicI64>,
    /// By how much it was set back so far.
    added: Arc<AtomicI64>,
}

impl Ticks {
    fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            last: Arc::default(),
            added: Arc::default(),
        }
    }
}

/// Less than this is no clock that was set back, but two threads that looked at the same time.
const SET_BACK_MICROS: i64 = 1_000_000;

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        let now = self.clock.now().as_microsecond();
        let last = self.last.swap(now, Ordering::Relaxed);
        if last - now > SET_BACK_MICROS {
            self.added.fetch_add(last - now, Ordering::Relaxed);
        }
        let ticks = now.saturating_add(self.added.load(Ordering::Relaxed));
        Duration::from_micros(u64::try_from(ticks).unwrap_or(0))
    }
}

type Keyed<K> = RateLimiter<K, DashMapStateStore<K>, Ticks, NoOpMiddleware<Duration>>;

/// How often one caller, and one address, may ask.
pub struct Limits {
    callers: Keyed<IdentityKey>,
    addresses: Keyed<IpAddr>,
    clock: Ticks,
}

impl Limits {
    /// With the operator's figures.
    pub fn new(settings: &AccessSettings, clock: Arc<dyn Clock>) -> Self {
        let clock = Ticks::new(clock);
        let quota = |rate: NonZeroU32, burst: NonZeroU32| Quota::per_second(rate).allow_burst(burst);
        let callers = quota(settings.per_caller_per_second, settings.per_caller_burst);
        let addresses = quota(settings.per_address_per_second, settings.per_address_burst);
        Self {
            callers: RateLimiter::new(callers, DashMapStateStore::default(), clock.clone()),
            addresses: RateLimiter::new(addresses, DashMapStateStore::default(), clock.clone()),
            clock,
        }
    }

    /// Counts a request of a caller. The operator is not limited: somebody has to be able to end an attack.
    pub fn check_caller(&self, who: IdentityKey) -> Result<(), AccessError> {
        if matches!(who, IdentityKey::Operator | IdentityKey::Anonymous) {
            return Ok(());
        }
        let outcome = self.callers.check_key(&who);
        outcome.map_err(|until| self.limited("this caller asks too often", &until))
    }

    /// Counts a request from an address. An IPv6 network of a site counts as one address.
    pub fn check_address(&self, address: Option<IpAddr>) -> Result<(), AccessError> {
        let Some(address) = address else { return Ok(()) };
        let outcome = self.addresses.check_key(&site(address));
        outcome.map_err(|until| self.limited("this address asks too often", &until))
    }

    fn limited(&self, what: &'static str, until: &NotUntil<Duration>) -> AccessError {
        AccessError::RateLimited {
            what,
            retry_after: until.wait_time_from(self.clock.now()),
        }
    }

    /// Forgets who has not asked for a while.
    pub fn sweep(&self) {
        self.callers.retain_recent();
        self.addresses.retain_recent();
    }
}

impl fmt::Debug for Limits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Limits")
            .field("callers", &self.callers.len())
            .finish_non_exhaustive()
    }
}

/// An IPv4 address, or the /64 of an IPv6 address, of which a stranger has as many as they like.
pub(crate) fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => v4.into(),
        IpAddr::V6(v6) => {
            let [a, b, c, d, ..] = v6.segments();
            IpAddr::from([a, b, c, d, 0, 0, 0, 0])
        }
    }
}

/// Whose tries are counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Guesser {
    /// Somebody's password, from one place.
    Pair(String, Option<IpAddr>),
    /// Somebody's password, from anywhere.
    Target(String),
    /// Anything, from one place.
    Place(IpAddr),
}

#[derive(Debug, Clone, Copy)]
struct Tries {
    count: u32,
    last: Timestamp,
}

/// Wrong tries, and how long the next one has to wait.
#[derive(Debug, Default)]
pub struct Guesses {
    tries: DashMap<Guesser, Tries>,
    /// From where somebody got it right before: others who try their name from elsewhere do not shut them out.
    known: DashMap<(String, IpAddr), Timestamp>,
}

/// After this long without a wrong try, all is forgotten.
const FORGET: SignedDuration = SignedDuration::from_hours(1);

/// And from where somebody signs in.
const REMEMBER: SignedDuration = SignedDuration::from_hours(24 * 30);

impl Guesses {
    /// Whether a password may be tried now.
    ///
    /// # Errors
    /// [`AccessError::RateLimited`] while the pause after the last wrong one lasts.
    pub fn check(&self, who: &str, address: Option<IpAddr>, now: Timestamp) -> Result<(), AccessError> {
        let is_known = address.is_some_and(|address| self.known.contains_key(&(who.to_owned(), site(address))));
        let counts = |key: &Guesser| !(is_known && matches!(key, Guesser::Target(_)));
        let wait = Self::keys(who, address)
            .into_iter()
            .filter(counts)
            .filter_map(|key| {
                let tries = *self.tries.get(&key)?;
                let until = tries.last + pause(&key, tries.count);
                // A try in the future was before the clock was set back.
                (until > now && tries.last <= now).then(|| until.duration_since(now).unsigned_abs())
            })
            .max();
        match wait {
            None => Ok(()),
            Some(retry_after) => Err(AccessError::RateLimited {
                what: "too many wrong tries",
                retry_after,
            }),
        }
    }

    /// Notes a wrong try.
    pub fn failed(&self, who: &str, address: Option<IpAddr>, now: Timestamp) {
        for key in Self::keys(who, address) {
            self.count(key, now);
        }
    }

    /// Forgets the wrong tries of somebody who got it right, and remembers from where.
    pub fn succeeded(&self, who: &str, address: Option<IpAddr>, now: Timestamp) {
        self.tries.remove(&Guesser::Pair(who.to_owned(), address.map(site)));
        if let Some(address) = address
            && self.known.len() < MOST_KEYS
        {
            self.known.insert((who.to_owned(), site(address)), now);
        }
    }

    /// Notes a wrong key from an address: how long its answer should wait. A right key never waits, so that nobody is
    /// shut out by a neighbour.
    pub fn wrong_key(&self, address: Option<IpAddr>, now: Timestamp) -> Duration {
        let Some(address) = address else { return Duration::ZERO };
        let count = self.count(Guesser::Place(site(address)), now);
        let doublings = count.saturating_sub(5).min(6);
        if count <= 5 {
            Duration::ZERO
        } else {
            Duration::from_millis(25 << doublings)
        }
    }

    fn keys(who: &str, address: Option<IpAddr>) -> [Guesser; 2] {
        [
            Guesser::Pair(who.to_owned(), address.map(site)),
            Guesser::Target(who.to_owned()),
        ]
    }

    fn count(&self, key: Guesser, now: Timestamp) -> u32 {
        if self.tries.len() >= MOST_KEYS && !self.tries.contains_key(&key) {
            self.sweep(now);
            if self.tries.len() >= MOST_KEYS {
                // Nobody has this many wrong tries but an attacker: the newcomer counts as an old hand.
                return 20;
            }
        }
        let mut tries = self.tries.entry(key).or_insert(Tries { count: 0, last: now });
        if now.duration_since(tries.last) > FORGET {
            tries.count = 0;
        }
        tries.count = tries.count.saturating_add(1);
        tries.last = now;
        tries.count
    }

    /// Forgets what is long ago.
    pub fn sweep(&self, now: Timestamp) {
        self.tries.retain(|_, tries| now.duration_since(tries.last) <= FORGET);
        self.known.retain(|_, at| now.duration_since(*at) <= REMEMBER);
    }
}

/// From one place: nothing for three tries, then 1 s, 2 s, 4 s and so on, up to a quarter of an hour. From everywhere
/// together: nothing for thirty, then 5 s at most, so that nobody can lock somebody else out for long.
fn pause(key: &Guesser, count: u32) -> SignedDuration {
    match key {
        Guesser::Pair(..) if count < 3 => SignedDuration::ZERO,
        Guesser::Pair(..) => SignedDuration::from_secs((1_i64 << (count - 3).min(10)).min(900)),
        Guesser::Target(_) if count < 30 => SignedDuration::ZERO,
        Guesser::Target(_) => SignedDuration::from_secs(5),
        Guesser::Place(_) => SignedDuration::ZERO,
    }
}
