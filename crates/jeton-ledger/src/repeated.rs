use std::{
    collections::HashMap,
    hash::{BuildHasher as _, BuildHasherDefault, DefaultHasher},
    sync::{Mutex, MutexGuard, PoisonError},
};

use jeton_domain::IdentityKey;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};

use crate::{Event, event::NAME, site::Site};

/// How long further ones are only counted.
const WINDOW: SignedDuration = SignedDuration::from_mins(1);
/// How many different things of one event, actor and place are kept apart.
pub(crate) const DIFFERENT: usize = 16;
/// How many groups one known actor has, over all places: a stolen key is tried from everywhere.
pub(crate) const OF_ONE: usize = 64;
/// How many groups known actors have together.
pub(crate) const KNOWN: usize = 3_072;
/// How many groups strangers have together: they never take those of known actors.
pub(crate) const STRANGERS: usize = 1_024;
/// How many groups of strangers begin in a minute. Each is an entry at once, and strangers cost nothing to make up.
pub(crate) const NEW_STRANGERS: usize = 600;
/// How many bytes of details a group keeps, beyond which it keeps the code alone.
const DETAILS: usize = 1024;

type Actor = Option<IdentityKey>;

/// What is counted together: the finest that there is room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    /// The same thing, by the same actor from the same place. `about` is a hash of the details, but for a token's
    /// claims, which differ from one to the next.
    Same {
        name: &'static str,
        actor: Actor,
        site: Site,
        about: u64,
    },
    /// Different things, by the same actor from the same place.
    Different {
        name: &'static str,
        actor: Actor,
        site: Site,
    },
    /// By the same known actor, from many places.
    Places { name: &'static str, actor: Actor },
    /// By many: strangers and known actors apart.
    Many { name: &'static str, known: bool },
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::Same { name, .. }
            | Self::Different { name, .. }
            | Self::Places { name, .. }
            | Self::Many { name, .. } => name,
        }
    }

    fn actor(self) -> Option<Actor> {
        match self {
            Self::Same { actor, .. } | Self::Different { actor, .. } | Self::Places { actor, .. } => Some(actor),
            Self::Many { .. } => None,
        }
    }
}

#[derive(Debug)]
struct Group {
    until: Timestamp,
    times: u64,
    actor_name: String,
    /// Those of the first, if they are small.
    details: Map<String, Value>,
}

/// How many groups there are, counted so that a flood need not count them each time.
#[derive(Debug, Default)]
struct Counts {
    same: HashMap<(&'static str, Actor, Site), usize>,
    of_one: HashMap<Actor, usize>,
    strangers: usize,
    known: usize,
}

impl Counts {
    fn add(&mut self, key: &Key) {
        if let Key::Same { name, actor, site, .. } = *key {
            *self.same.entry((name, actor, area(actor, site))).or_default() += 1;
        }
        // There are two for many of each event at most: nobody can make more.
        let Some(actor) = key.actor() else { return };
        if is_known(actor) {
            self.known += 1;
            *self.of_one.entry(actor).or_default() += 1;
        } else {
            self.strangers += 1;
        }
    }
}

fn is_known(actor: Actor) -> bool {
    actor != Some(IdentityKey::Anonymous)
}

/// Within which different things are counted together.
fn area(actor: Actor, site: Site) -> Site {
    if is_known(actor) { site } else { site.widened() }
}

#[derive(Debug, Default)]
struct State {
    groups: HashMap<Key, Group>,
    counts: Counts,
    /// Since when groups of strangers are counted against [`NEW_STRANGERS`], and how many began since.
    since: Timestamp,
    begun: usize,
}

impl State {
    /// The finest key that is there or has room.
    fn place(&self, event: &Event, about: u64) -> Key {
        let (name, actor, site) = (event.name, event.actor, Site::of(event.address));
        let known = is_known(actor);
        let area = area(actor, site);
        let has_room = if known {
            self.counts.known < KNOWN && self.counts.of_one.get(&actor).is_none_or(|count| *count < OF_ONE)
        } else {
            self.counts.strangers < STRANGERS && self.begun < NEW_STRANGERS
        };
        let is_first = self
            .counts
            .same
            .get(&(name, actor, area))
            .is_none_or(|count| *count < DIFFERENT);
        let same = Key::Same {
            name,
            actor,
            site,
            about,
        };
        let different = Key::Different {
            name,
            actor,
            site: area,
        };
        let places = Key::Places { name, actor };
        let candidates = [
            (same, has_room && is_first),
            (different, has_room),
            (places, known && self.counts.known < KNOWN),
        ];
        let found = candidates
            .into_iter()
            .find(|(key, has_room)| *has_room || self.groups.contains_key(key));
        found.map_or(Key::Many { name, known }, |(key, _)| key)
    }
}

/// Counts what is done over and over, so that nobody fills the record, or hides others in it.
#[derive(Debug, Default)]
pub(crate) struct Repeated(Mutex<State>);

impl Repeated {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The event, if it is the first of its kind for a minute; else it is counted.
    pub(crate) fn add(&self, event: Event, now: Timestamp) -> Option<Event> {
        let (about, details) = about(&event);
        let mut state = self.lock();
        // A clock that was set back must not close the door for as long.
        if now < state.since || now >= state.since + WINDOW {
            state.since = now;
            state.begun = 0;
        }
        let key = state.place(&event, about);
        if let Some(group) = state.groups.get_mut(&key) {
            group.times += 1;
            return None;
        }
        state.counts.add(&key);
        state.begun += usize::from(!is_known(event.actor));
        let group = Group {
            until: now + WINDOW,
            times: 0,
            actor_name: event.actor_name.chars().take(NAME).collect(),
            details,
        };
        state.groups.insert(key, group);
        Some(event)
    }

    /// The counts whose minute is over, or all of them. A group that goes on keeps counting; a quiet one is forgotten.
    pub(crate) fn due(&self, now: Timestamp, all: bool) -> Vec<Event> {
        let mut due = Vec::new();
        let mut counts = Counts::default();
        let mut state = self.lock();
        state.groups.retain(|key, group| {
            if now >= group.until || all {
                if group.times == 0 {
                    return false;
                }
                due.push(summary(*key, group));
                group.times = 0;
                group.until = now + WINDOW;
            }
            counts.add(key);
            true
        });
        state.counts = counts;
        due
    }
}

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

fn summary(key: Key, group: &Group) -> Event {
    let mut details = match key {
        Key::Same { .. } => group.details.clone(),
        Key::Different { .. } | Key::Places { .. } | Key::Many { .. } => {
            Map::from_iter([("different".to_owned(), true.into())])
        }
    };
    details.insert("times".to_owned(), group.times.into());
    let address = match key {
        Key::Same { site, .. } | Key::Different { site, .. } => site.to_text(),
        Key::Places { .. } | Key::Many { .. } => Some("many addresses".to_owned()),
    };
    if let Some(address) = address {
        details.insert("address".to_owned(), address.into());
    }
    let (actor, actor_name) = match key {
        Key::Same { actor, .. } | Key::Different { actor, .. } | Key::Places { actor, .. } => {
            (actor, group.actor_name.clone())
        }
        // There is no one name for them; `known` tells them from strangers.
        Key::Many { known, .. } => {
            details.insert("known".to_owned(), known.into());
            (Some(IdentityKey::Anonymous), "many".to_owned())
        }
    };
    Event {
        name: key.name(),
        actor,
        actor_name,
        // In the details as text: it may be a network.
        address: None,
        fingerprint: None,
        request_id: None,
        details,
    }
}
