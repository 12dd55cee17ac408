use std::{
    borrow::Borrow,
    hash::{Hash, Hasher},
    net::IpAddr,
    sync::atomic::{AtomicBool, Ordering},
};

use bytes::Bytes;
use dashmap::DashMap;
use jeton_broker::{Broker, Warm};
use jeton_domain::{Caller, Identity, IdentityKey};

/// At most this many answers are kept; beyond it the others are written anew each time, which is slower and no less
/// right. With a token of 520 characters they take about 100 MB.
const MOST: usize = 100_000;

/// Answers of `GET /api/{namespace}/{repository}` that are written already, by who got them, from where, and the raw path
/// after `/api/`. Only the broker says whether one may go out again, and only a caller who was let in before asks here.
#[derive(Debug, Default)]
pub(crate) struct WarmAnswers(DashMap<Key, Answer>);

#[derive(Debug)]
struct Answer {
    warm: Warm,
    body: Bytes,
    /// Whether it went out since the last sweep.
    used: AtomicBool,
}

/// Whose answer it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Owner {
    who: IdentityKey,
    address: Option<IpAddr>,
}

impl Owner {
    /// `None` for whom no answer is kept: what a token of an issuer may do depends on more than its subject.
    pub(crate) fn of(caller: &Caller) -> Option<Self> {
        match caller.identity {
            Identity::Anonymous => Some(Self {
                who: IdentityKey::Anonymous,
                address: None,
            }),
            Identity::Operator | Identity::Client { .. } => Some(Self {
                who: caller.identity.key(),
                address: caller.address,
            }),
            Identity::Jwt(_) | Identity::User { .. } | Identity::Unix { .. } => None,
        }
    }
}

/// Whose answer to what.
#[derive(Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    pub(crate) owner: Owner,
    pub(crate) path: Box<str>,
}

/// The same with a borrowed path: a look-up must not allocate.
pub(crate) trait AsKey {
    fn parts(&self) -> (Owner, &str);
}

impl AsKey for Key {
    fn parts(&self) -> (Owner, &str) {
        (self.owner, &self.path)
    }
}

impl AsKey for (Owner, &str) {
    fn parts(&self) -> (Owner, &str) {
        *self
    }
}

impl Hash for dyn AsKey + '_ {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let (owner, path) = self.parts();
        owner.hash(state);
        path.hash(state);
    }
}

impl PartialEq for dyn AsKey + '_ {
    fn eq(&self, other: &Self) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for dyn AsKey + '_ {}

impl<'a> Borrow<dyn AsKey + 'a> for Key {
    fn borrow(&self) -> &(dyn AsKey + 'a) {
        self
    }
}

impl WarmAnswers {
    /// The answer for a caller and a path, when its token is still good. Waits for nothing and asks no database.
    pub(crate) fn find(&self, caller: &Caller, path: &str, broker: &Broker) -> Option<Bytes> {
        let key = (Owner::of(caller)?, path);
        let answer = self.0.get(&key as &dyn AsKey)?;
        if !broker.is_still_good(&answer.warm) {
            return None;
        }
        // Loaded first: a store by every caller would bounce the cache line between cores.
        if !answer.used.load(Ordering::Relaxed) {
            answer.used.store(true, Ordering::Relaxed);
        }
        Some(answer.body.clone())
    }

    pub(crate) fn keep(&self, caller: &Caller, path: &str, warm: Warm, body: Bytes) {
        let Some(owner) = Owner::of(caller) else { return };
        let key = Key {
            owner,
            path: path.into(),
        };
        if self.0.len() >= MOST && !self.0.contains_key(&key) {
            return;
        }
        let used = AtomicBool::new(true);
        self.0.insert(key, Answer { warm, body, used });
    }

    /// Drops what did not go out since the last sweep. Asking the broker instead would count as use, and would keep
    /// tokens renewed that nobody wants; a dropped answer costs its next caller some microseconds.
    pub(crate) fn sweep(&self) {
        self.0.retain(|_, answer| answer.used.swap(false, Ordering::Relaxed));
        if self.0.capacity() > 4 * self.0.len().max(1024) {
            self.0.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::hash::{BuildHasher as _, RandomState};

    use jeton_domain::IdentityKey;

    use super::{AsKey, Key, Owner};

    #[test]
    fn a_borrowed_key_hashes_as_the_kept_one() {
        let owner = Owner {
            who: IdentityKey::Unix(7),
            address: "10.0.0.1".parse().ok(),
        };
        let (kept, asked) = (
            Key {
                owner,
                path: "acme/tools".into(),
            },
            (owner, "acme/tools"),
        );
        let state = RandomState::new();
        assert_eq!(state.hash_one(&kept), state.hash_one(&asked as &dyn AsKey));
        assert!((&kept as &dyn AsKey) == (&asked as &dyn AsKey));
    }
}
