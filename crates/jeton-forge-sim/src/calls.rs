//! Counts every call, so that a test can say how often a client came.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::lock;
use crate::route::{self, Route};

/// How often each route was called. Refused and failed calls count too; `/_sim` does not.
#[derive(Debug, Default)]
pub struct Calls {
    by_route: Mutex<BTreeMap<&'static str, u64>>,
    mints: AtomicU64,
}

impl Calls {
    /// Calls of one route, named as in [`ROUTES`](crate::ROUTES).
    ///
    /// # Panics
    /// When there is no such route: a misspelt name would count zero for ever.
    pub fn count(&self, route: &str) -> u64 {
        assert!(route::is_known(route), "there is no route {route:?}");
        lock(&self.by_route).get(route).copied().unwrap_or_default()
    }

    /// Every route called so far, with its count.
    pub fn all(&self) -> BTreeMap<String, u64> {
        let counts = lock(&self.by_route);
        counts.iter().map(|(k, v)| ((*k).to_owned(), *v)).collect()
    }

    /// All calls together.
    pub fn total(&self) -> u64 {
        lock(&self.by_route).values().sum()
    }

    /// Tokens the forge made, whether or not their answer arrived.
    pub fn mints(&self) -> u64 {
        self.mints.load(Ordering::SeqCst)
    }

    /// Calls that ask which installation covers a repository, organization or user.
    pub fn installation_lookups(&self) -> u64 {
        let counts = lock(&self.by_route);
        let lookups = counts.iter().filter(|(k, _)| k.ends_with("/installation"));
        lookups.map(|(_, v)| *v).sum()
    }

    /// Sets every count to zero.
    pub fn reset(&self) {
        lock(&self.by_route).clear();
        self.mints.store(0, Ordering::SeqCst);
    }

    pub(crate) fn note(&self, route: &Route) {
        self.note_name(route.key());
    }

    pub(crate) fn note_name(&self, route: &'static str) {
        *lock(&self.by_route).entry(route).or_default() += 1;
    }

    pub(crate) fn note_mint(&self) {
        self.mints.fetch_add(1, Ordering::SeqCst);
    }
}
