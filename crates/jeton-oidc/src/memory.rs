//! Tokens that were verified before: a caller shows the same one again and again.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use crate::{Verified, claims::Window};

/// So many locks share the traffic.
const SHARDS: usize = 16;
/// How many tokens are kept per lock; 10,000 together. A token's claims take about 3 KiB.
const PER_SHARD: usize = 625;

/// Longer tokens are verified each time, or a few of them could take all of the memory that is meant for many.
pub(crate) const MAX_TOKEN_BYTES: usize = 4 * 1024;

/// SHA-256 of a token: the token itself is kept nowhere.
pub(crate) type TokenDigest = [u8; 32];

/// What is kept of a verified token.
pub(crate) struct Entry {
    pub(crate) verified: Arc<Verified>,
    pub(crate) window: Window,
    /// Which issuer, by its place.
    pub(crate) issuer: usize,
    /// With which of the issuer's key sets it was verified.
    pub(crate) generation: u64,
}

/// A bounded number of verified tokens.
pub(crate) struct Memory {
    shards: Vec<Mutex<HashMap<TokenDigest, Entry>>>,
}

pub(crate) fn digest(token: &str) -> TokenDigest {
    let digest = Sha256::digest(token.as_bytes());
    std::array::from_fn(|index| digest[index])
}

impl Memory {
    pub(crate) fn new() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
        }
    }

    /// What was found out about a token, if it still holds: at this moment, and with the keys that are in force.
    pub(crate) fn get(
        &self,
        token: &TokenDigest,
        now: Timestamp,
        generation: impl Fn(usize) -> Option<u64>,
    ) -> Option<Arc<Verified>> {
        let mut shard = self.shard(token);
        let entry = shard.get(token)?;
        if generation(entry.issuer) == Some(entry.generation) {
            // a token before its time is kept: the clock was set back, and will come to it
            return entry.window.check(now).is_ok().then(|| Arc::clone(&entry.verified));
        }
        shard.remove(token);
        None
    }

    /// Keeps a token, if need be in the place of the one that ends next.
    pub(crate) fn insert(&self, token: TokenDigest, now: Timestamp, entry: Entry) {
        let mut shard = self.shard(&token);
        if shard.len() >= PER_SHARD && !shard.contains_key(&token) {
            shard.retain(|_, kept| kept.window.check(now).is_ok());
            if shard.len() >= PER_SHARD {
                let next = shard
                    .iter()
                    .min_by_key(|(_, kept)| kept.window.until)
                    .map(|(key, _)| *key);
                next.and_then(|key| shard.remove(&key));
            }
        }
        shard.insert(token, entry);
    }

    /// Drops the tokens that have ended.
    pub(crate) fn sweep(&self, now: Timestamp) {
        for shard in &self.shards {
            lock(shard).retain(|_, kept| kept.window.until > now || kept.window.check(now).is_ok());
        }
    }

    fn shard(&self, token: &TokenDigest) -> MutexGuard<'_, HashMap<TokenDigest, Entry>> {
        lock(&self.shards[usize::from(token[0]) % SHARDS])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "memory_tests.rs"]
mod tests;
