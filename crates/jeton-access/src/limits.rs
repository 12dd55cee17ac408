use std::{fmt, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

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

/// jeton's clock as `governor` wants it.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl GovernorClock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        self.0.now().as_duration().unsigned_abs()
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
        let clock = Ticks(clock);
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
pub struct Guesses(DashMap<Guesser, Tries>);

/// After this long without a wrong try, all is forgotten.
const FORGET: SignedDuration = SignedDuration::from_hours(1);

impl Guesses {
    /// Whether a password may be tried now.
    ///
    /// # Errors
    /// [`AccessError::RateLimited`] while the pause after the last wrong one lasts.
    pub fn check(&self, who: &str, address: Option<IpAddr>, now: Timestamp) -> Result<(), AccessError> {
        let wait = Self::keys(who, address)
            .into_iter()
            .flatten()
            .filter_map(|key| {
                let tries = *self.0.get(&key)?;
                let until = tries.last + pause(&key, tries.count);
                (until > now).then(|| until.duration_since(now).unsigned_abs())
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
        for key in Self::keys(who, address).into_iter().flatten() {
            self.count(key, now);
        }
    }

    /// Forgets the wrong tries of somebody who got it right.
    pub fn succeeded(&self, who: &str, address: Option<IpAddr>) {
        self.0.remove(&Guesser::Pair(who.to_owned(), address.map(site)));
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

    fn keys(who: &str, address: Option<IpAddr>) -> [Option<Guesser>; 2] {
        [
            Some(Guesser::Pair(who.to_owned(), address.map(site))),
            Some(Guesser::Target(who.to_owned())),
        ]
    }

    fn count(&self, key: Guesser, now: Timestamp) -> u32 {
        if self.0.len() >= MOST_KEYS && !self.0.contains_key(&key) {
            self.sweep(now);
            if self.0.len() >= MOST_KEYS {
                // Nobody has this many wrong tries but an attacker: the newcomer counts as an old hand.
                return 20;
            }
        }
        let mut tries = self.0.entry(key).or_insert(Tries { count: 0, last: now });
        if now.duration_since(tries.last) > FORGET {
            tries.count = 0;
        }
        tries.count = tries.count.saturating_add(1);
        tries.last = now;
        tries.count
    }

    /// Forgets what is long ago.
    pub fn sweep(&self, now: Timestamp) {
        self.0.retain(|_, tries| now.duration_since(tries.last) <= FORGET);
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
