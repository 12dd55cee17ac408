use std::{
    net::IpAddr,
    sync::{
        Arc, LazyLock, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use jeton_domain::{Caller, GrantId, Identity, IdentityKey};
use sha2::{Digest as _, Sha256};

/// At most so many holders of a token are written down ahead for its successor; the others cost the database a write
/// when they next ask.
const MOST_AHEAD: usize = 64;

/// One who holds a token, as far as it makes a difference to the record: the same caller from another address, with
/// other claims or under another rule gets an entry of its own.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Holder {
    who: IdentityKey,
    address: Option<IpAddr>,
    /// Of the claims that a token of an issuer makes: what it says besides its subject.
    claims: [u8; 8],
    rule: Arc<str>,
}

impl Holder {
    pub(crate) fn new(caller: &Caller, rule: &Arc<str>) -> Self {
        // Anonymous callers cannot be told apart, and have no way to give anything back: they hold it together.
        let address = caller.address.filter(|_| caller.identity != Identity::Anonymous);
        let claims = match &caller.identity {
            Identity::Jwt(jwt) => {
                let digest = Sha256::digest(serde_json::to_vec(&jwt.claims).unwrap_or_default());
                std::array::from_fn(|index| digest[index])
            }
            _ => [0; 8],
        };
        Self {
            who: caller.identity.key(),
            address,
            claims,
            rule: Arc::clone(rule),
        }
    }
}

/// The holders of one token. Most tokens have one or two: a list of them takes a quarter of a map's memory, which counts
/// with a hundred thousand tokens; and it is walked only on the slow way.
#[derive(Debug, Default)]
pub(crate) struct Holders(Mutex<Vec<(Holder, Arc<Hold>)>>);

/// Who stands for all anonymous callers; they hold a token together.
static ANONYMOUS: LazyLock<Arc<Caller>> = LazyLock::new(|| Arc::new(Caller::anonymous(None)));

/// One holder's hold on a token: the grant, and whether it still counts.
#[derive(Debug)]
pub(crate) struct Hold {
    grant: GrantId,
    caller: Arc<Caller>,
    /// The policies that allowed it last.
    generation: AtomicU64,
    /// Whether the grant is in the record by now.
    noted: AtomicBool,
    /// Whether the grant was given back: whoever asks again gets a new one first.
    over: AtomicBool,
    /// Whether the holder asked for this very token: who did not is not written down for its successor.
    used: AtomicBool,
}

impl Hold {
    /// Notes that the holder asks for the token once more; `false` when the grant was given back.
    pub(crate) fn ask_again(&self) -> bool {
        if self.over.load(Ordering::Acquire) {
            return false;
        }
        // Loaded first: a store by every caller would bounce the cache line between cores.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        true
    }
}

impl Holders {
    fn list(&self) -> MutexGuard<'_, Vec<(Holder, Arc<Hold>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The hold of one who asks again, allowed by the policies of this number; `None` when there is none that counts.
    pub(crate) fn hold(&self, holder: &Holder, generation: u64) -> Option<Arc<Hold>> {
        let held = {
            let list = self.list();
            let found = list.iter().find(|(one, _)| one == holder);
            Arc::clone(&found?.1)
        };
        if !held.noted.load(Ordering::Acquire) || !held.ask_again() {
            return None;
        }
        held.generation.fetch_max(generation, Ordering::Relaxed);
        Some(held)
    }

    /// Puts a hold down before its grant is written: whoever gives that grant back meanwhile finds it here. It counts
    /// when [`Holders::confirm`] says so.
    pub(crate) fn begin(&self, holder: Holder, grant: GrantId, caller: Arc<Caller>, generation: u64) -> Arc<Hold> {
        let is_anonymous = caller.identity == Identity::Anonymous;
        let held = Arc::new(Hold {
            grant,
            caller: if is_anonymous { Arc::clone(&ANONYMOUS) } else { caller },
            generation: AtomicU64::new(generation),
            noted: AtomicBool::new(false),
            over: AtomicBool::new(false),
            used: AtomicBool::new(false),
        });
        let mut list = self.list();
        if let Some(place) = list.iter_mut().find(|(one, _)| *one == holder) {
            place.1 = Arc::clone(&held);
        } else {
            if list.is_empty() {
                list.reserve_exact(1);
            }
            list.push((holder, Arc::clone(&held)));
        }
        held
    }

    /// The grant is in the record, and its holder has the token.
    pub(crate) fn confirm(held: &Hold) {
        held.used.store(true, Ordering::Relaxed);
        held.noted.store(true, Ordering::Release);
    }

    /// Adds one whose grant was written down ahead: they have not asked for this token yet.
    pub(crate) fn add_ahead(&self, holder: Holder, grant: GrantId, caller: Arc<Caller>, generation: u64) {
        let held = self.begin(holder, grant, caller, generation);
        held.noted.store(true, Ordering::Release);
    }

    /// Forgets those whose grants were given back, or could not be written.
    pub(crate) fn remove(&self, is_over: impl Fn(GrantId) -> bool) {
        self.list().retain(|(_, held)| {
            let over = is_over(held.grant);
            if over {
                held.over.store(true, Ordering::Release);
            }
            !over
        });
    }

    /// Some of those who may still have it, to be written down for the successor: they asked for this token, the policies
    /// are those that allowed it, and the caller is still known.
    pub(crate) fn to_follow(
        &self,
        generation: u64,
        is_known: impl Fn(&Identity) -> bool,
    ) -> Vec<(Holder, Arc<Caller>)> {
        let may = |held: &Hold| {
            held.noted.load(Ordering::Acquire)
                && held.used.load(Ordering::Relaxed)
                && held.generation.load(Ordering::Relaxed) == generation
                && is_known(&held.caller.identity)
        };
        let holders = self.list();
        let following = holders.iter().filter(|(_, held)| may(held));
        following
            .take(MOST_AHEAD)
            .map(|(holder, held)| (holder.clone(), Arc::clone(&held.caller)))
            .collect()
    }
}

impl Holder {
    pub(crate) fn rule(&self) -> &str {
        &self.rule
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jeton_domain::{Caller, GrantId, Identity};
    use uuid::Uuid;

    use super::{Holder, Holders};

    fn caller(address: &str) -> Caller {
        Caller {
            identity: Identity::Unix { uid: 7, gid: 7 },
            address: address.parse().ok(),
        }
    }

    fn holder(address: &str, rule: &str) -> Holder {
        Holder::new(&caller(address), &Arc::from(rule))
    }

    fn grant(number: u128) -> GrantId {
        GrantId::from_uuid(Uuid::from_u128(number))
    }

    fn add(holders: &Holders, address: &str, number: u128) {
        let held = holders.begin(holder(address, "a"), grant(number), Arc::new(caller(address)), 1);
        Holders::confirm(&held);
    }

    #[test]
    fn another_address_or_rule_is_another_holder() {
        let holders = Holders::default();
        add(&holders, "10.0.0.1", 1);
        assert!(holders.hold(&holder("10.0.0.1", "a"), 1).is_some());
        assert!(holders.hold(&holder("10.0.0.2", "a"), 1).is_none());
        assert!(holders.hold(&holder("10.0.0.1", "b"), 1).is_none());
        let anonymous = |address: &str| Holder::new(&Caller::anonymous(address.parse().ok()), &Arc::from("a"));
        assert_eq!(anonymous("10.0.0.1"), anonymous("10.0.0.2"));
    }

    #[test]
    fn a_hold_counts_once_its_grant_is_written() {
        let holders = Holders::default();
        let (who, by) = (holder("10.0.0.1", "a"), Arc::new(caller("10.0.0.1")));
        let held = holders.begin(who.clone(), grant(1), Arc::clone(&by), 1);
        assert!(holders.hold(&who, 1).is_none() && holders.to_follow(1, |_| true).is_empty());
        // Given back between the write and its answer.
        holders.remove(|id| id == grant(1));
        Holders::confirm(&held);
        assert!(holders.hold(&who, 1).is_none() && !held.ask_again());
    }

    #[test]
    fn a_grant_given_back_ends_its_hold_and_no_other() {
        let holders = Holders::default();
        add(&holders, "10.0.0.1", 1);
        add(&holders, "10.0.0.2", 2);
        let warm = holders.hold(&holder("10.0.0.1", "a"), 1).unwrap();
        let other = holders.hold(&holder("10.0.0.2", "a"), 1).unwrap();
        holders.remove(|id| id == grant(1));
        assert!(!warm.ask_again(), "a warm answer is not given any more");
        assert!(holders.hold(&holder("10.0.0.1", "a"), 1).is_none());
        assert!(other.ask_again() && holders.hold(&holder("10.0.0.2", "a"), 1).is_some());
    }

    #[test]
    fn those_are_followed_who_asked_and_are_known_and_allowed() {
        let holders = Holders::default();
        let (who, by) = (holder("10.0.0.1", "a"), Arc::new(caller("10.0.0.1")));
        holders.add_ahead(who.clone(), grant(1), by, 1);
        assert!(
            holders.to_follow(1, |_| true).is_empty(),
            "they have not asked for this token"
        );
        assert!(holders.hold(&who, 1).is_some());
        assert_eq!(holders.to_follow(1, |_| true).len(), 1);
        assert!(holders.to_follow(2, |_| true).is_empty() && holders.to_follow(1, |_| false).is_empty());
        // Allowed again, by the policies of today.
        assert!(holders.hold(&who, 2).is_some());
        assert_eq!(holders.to_follow(2, |_| true).len(), 1);
    }
}
