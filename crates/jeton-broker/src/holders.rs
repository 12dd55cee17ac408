use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use jeton_domain::{Caller, Identity, IdentityKey};
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

/// The holders of one token.
#[derive(Debug, Default)]
pub(crate) struct Holders(Mutex<HashMap<Holder, Noted>>);

/// Who it is, and under which policies.
#[derive(Debug, Clone)]
struct Noted {
    caller: Arc<Caller>,
    generation: u64,
}

impl Holders {
    pub(crate) fn hold(&self, holder: &Holder) -> bool {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(holder)
    }

    pub(crate) fn holds_identity(&self, who: IdentityKey) -> bool {
        let holders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        holders.keys().any(|holder| holder.who == who)
    }

    pub(crate) fn add(&self, holder: Holder, caller: Arc<Caller>, generation: u64) {
        let noted = Noted { caller, generation };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(holder, noted);
    }

    /// Some of those who may still have it, to be written down for the successor: the policies are those that allowed
    /// it, and the caller is still known.
    pub(crate) fn to_follow(
        &self,
        generation: u64,
        is_known: impl Fn(&Identity) -> bool,
    ) -> Vec<(Holder, Arc<Caller>)> {
        let holders = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = |noted: &Noted| noted.generation == generation && is_known(&noted.caller.identity);
        let following = holders.iter().filter(|(_, noted)| may(noted));
        following
            .take(MOST_AHEAD)
            .map(|(holder, noted)| (holder.clone(), Arc::clone(&noted.caller)))
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

    use jeton_domain::{Caller, Identity};

    use super::{Holder, Holders};

    #[test]
    fn another_address_or_rule_is_another_holder() {
        let caller = |address: &str| Caller {
            identity: Identity::Unix { uid: 7, gid: 7 },
            address: address.parse().ok(),
        };
        let rule = |name: &str| Arc::<str>::from(name);
        let holders = Holders::default();
        holders.add(
            Holder::new(&caller("10.0.0.1"), &rule("a")),
            Arc::new(caller("10.0.0.1")),
            1,
        );
        assert!(holders.hold(&Holder::new(&caller("10.0.0.1"), &rule("a"))));
        assert!(!holders.hold(&Holder::new(&caller("10.0.0.2"), &rule("a"))));
        assert!(!holders.hold(&Holder::new(&caller("10.0.0.1"), &rule("b"))));
        assert!(holders.holds_identity(caller("10.0.0.9").identity.key()));
        assert_eq!(holders.to_follow(1, |_| true).len(), 1);
        assert!(holders.to_follow(2, |_| true).is_empty() && holders.to_follow(1, |_| false).is_empty());
        let anonymous = |address: &str| Caller::anonymous(address.parse().ok());
        assert_eq!(
            Holder::new(&anonymous("10.0.0.1"), &rule("a")),
            Holder::new(&anonymous("10.0.0.2"), &rule("a"))
        );
    }
}
