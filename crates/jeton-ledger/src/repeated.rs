use std::{
    collections::{HashMap, hash_map::Entry},
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jeton_domain::IdentityKey;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::Event;

/// How long further ones are only counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// How many groups are kept apart.
pub(crate) const GROUPS: usize = 4_096;

/// From where, as far as one stranger is told from another. Of IPv6 a household has a /64.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum From {
    Nowhere,
    V4(Ipv4Addr),
    V6(Ipv6Addr),
    /// All those for whom there is no group of their own.
    Many,
}

impl From {
    fn of(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            None => Self::Nowhere,
            Some(IpAddr::V4(address)) => Self::V4(address),
            Some(IpAddr::V6(address)) => {
                let [a, b, c, d, ..] = address.segments();
                Self::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        }
    }

    fn to_text(self) -> Option<String> {
        match self {
            Self::Nowhere => None,
            Self::V4(address) => Some(address.to_string()),
            Self::V6(prefix) => Some(format!("{prefix}/64")),
            Self::Many => Some("many addresses".to_owned()),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    name: &'static str,
    from: From,
    /// What it is about: a hash of the details, but for a token's claims, which differ from one to the next.
    about: u64,
    /// Two callers behind one address are not counted on each other's account.
    actor: Option<IdentityKey>,
}

#[derive(Debug)]
struct Group {
    until: Timestamp,
    times: u64,
    actor_name: String,
    /// Those of the first, if they are small.
    details: Map<String, Value>,
}

/// Counts what strangers do over and over.
#[derive(Debug, Default)]
pub(crate) struct Repeated(Mutex<HashMap<Key, Group>>);

impl Repeated {
    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Group>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The event, if it is the first of its kind for a minute; else it is counted.
    pub(crate) fn add(&self, event: Event, now: Timestamp) -> Option<Event> {
        let mut groups = self.lock();
        let (about, details) = about(&event);
        let mut key = Key {
            name: event.name,
            from: From::of(event.address),
            about,
            actor: event.actor,
        };
        if groups.len() >= GROUPS && !groups.contains_key(&key) {
            key = Key {
                from: From::Many,
                about: 0,
                actor: None,
                ..key
            };
        }
        match groups.entry(key) {
            Entry::Occupied(mut group) => {
                group.get_mut().times += 1;
                None
            }
            Entry::Vacant(place) => {
                place.insert(Group {
                    until: now + WINDOW,
                    times: 0,
                    actor_name: event.actor_name.clone(),
                    details,
                });
                Some(event)
            }
        }
    }

    /// The counts whose minute is over, or all of them. A group that goes on keeps counting; a quiet one is forgotten.
    pub(crate) fn due(&self, now: Timestamp, all: bool) -> Vec<Event> {
        let mut due = Vec::new();
        self.lock().retain(|key, group| {
            if now < group.until && !all {
                return true;
            }
            if group.times == 0 {
                return false;
            }
            due.push(summary(key, group));
            group.times = 0;
            group.until = now + WINDOW;
            true
        });
        due
    }
}

/// How many bytes of details a group keeps, beyond which it keeps the code alone.
const DETAILS: usize = 1024;

fn about(event: &Event) -> (u64, Map<String, Value>) {
    let kept = |name: &str| !name.starts_with("claims");
    let pairs = event.details.iter().filter(|(name, _)| kept(name));
    let mut details: Map<String, Value> = pairs.map(|(name, value)| (name.clone(), value.clone())).collect();
    let text = Value::Object(details.clone()).to_string();
    if text.len() > DETAILS {
        // Codes are short; whatever else is there must not fill the memory.
        details.retain(|name, value| name == "code" && value.as_str().is_some_and(|code| code.len() <= 64));
    }
    (BuildHasherDefault::<DefaultHasher>::default().hash_one(&text), details)
}

fn summary(key: &Key, group: &Group) -> Event {
    let mut details = match key.from {
        From::Many => Map::new(),
        From::Nowhere | From::V4(_) | From::V6(_) => group.details.clone(),
    };
    details.insert("times".to_owned(), group.times.into());
    if let Some(address) = key.from.to_text() {
        details.insert("address".to_owned(), address.into());
    }
    let (actor, actor_name) = match key.from {
        From::Many => (Some(IdentityKey::Anonymous), "many".to_owned()),
        From::Nowhere | From::V4(_) | From::V6(_) => (key.actor, group.actor_name.clone()),
    };
    Event {
        name: key.name,
        actor,
        actor_name,
        // In the details as text: it may be a network.
        address: None,
        fingerprint: None,
        request_id: None,
        details,
    }
}

#[cfg(test)]
mod tests {
    use std::net::{IpAddr, Ipv6Addr};

    use jeton_domain::Caller;
    use jiff::Timestamp;
    use serde_json::json;

    use super::{GROUPS, Repeated};
    use crate::{Event, events};

    fn refusal(address: impl Into<IpAddr>, code: &str) -> Event {
        Event::new(events::AUTH_REFUSED, &Caller::anonymous(Some(address.into()))).with("code", code)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    #[test]
    fn the_first_is_noted_and_further_ones_are_counted() {
        let repeated = Repeated::default();
        let first = refusal([203, 0, 113, 9], "auth.missing");
        assert_eq!(repeated.add(first.clone(), at(0)), Some(first));
        for second in 1..=5 {
            assert_eq!(
                repeated.add(refusal([203, 0, 113, 9], "auth.missing"), at(second)),
                None
            );
        }
        // Another code and another address are other groups.
        assert!(
            repeated
                .add(refusal([203, 0, 113, 9], "auth.unknown_key"), at(6))
                .is_some()
        );
        assert!(repeated.add(refusal([203, 0, 113, 8], "auth.missing"), at(6)).is_some());
        assert!(repeated.due(at(59), false).is_empty());
        let due = repeated.due(at(60), false);
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].details["times"], 5);
        assert_eq!(due[0].details["address"], "203.0.113.9");
        assert_eq!(due[0].details["code"], "auth.missing");
        // The group goes on, and is forgotten after a quiet minute.
        assert_eq!(repeated.add(refusal([203, 0, 113, 9], "auth.missing"), at(61)), None);
        assert_eq!(repeated.due(at(120), false).len(), 1);
        assert!(repeated.due(at(180), false).is_empty());
        assert!(
            repeated
                .add(refusal([203, 0, 113, 9], "auth.missing"), at(181))
                .is_some()
        );
    }

    #[test]
    fn neighbours_in_a_64_are_one_stranger() {
        let repeated = Repeated::default();
        let address = |last| Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 1, 2, 3, last);
        assert!(repeated.add(refusal(address(1), "auth.missing"), at(0)).is_some());
        assert!(repeated.add(refusal(address(2), "auth.missing"), at(0)).is_none());
        let due = repeated.due(at(60), false);
        assert_eq!(due[0].details["address"], "2001:db8:0:7::/64");
    }

    #[test]
    fn any_number_of_strangers_takes_bounded_memory() {
        let repeated = Repeated::default();
        let mut noted = 0;
        for number in 0..20_000_u32 {
            let address = number.to_be_bytes();
            noted += usize::from(repeated.add(refusal(address, "auth.missing"), at(0)).is_some());
        }
        assert_eq!(noted, GROUPS + 1);
        let due = repeated.due(at(60), false);
        assert_eq!(due.len(), 1);
        assert_eq!(due[0].details["address"], json!("many addresses"));
        assert_eq!(due[0].details["times"], 20_000 - GROUPS - 1);
    }
}
