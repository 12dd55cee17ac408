use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU32, Ordering},
    },
};

use arc_swap::ArcSwapOption;
use jeton_domain::{
    AppId, ExpiresAt, Fingerprint, Freshness, InstallationId, Permissions, RepoSet, Secret, TokenId, TokenKey,
};
use jiff::{SignedDuration, Timestamp};

use crate::{BrokerSettings, holders::Holders};

/// A token that is good, as far as jeton knows.
pub struct LiveToken {
    pub(crate) id: TokenId,
    pub(crate) token: Secret,
    pub(crate) fingerprint: Fingerprint,
    pub(crate) installation: InstallationId,
    pub(crate) app_name: Arc<str>,
    pub(crate) forge_host: Arc<str>,
    /// What it opens; the very set of its slot when the forge answered the names as they were asked for.
    pub(crate) covers: Arc<RepoSet>,
    pub(crate) permissions: Permissions,
    pub(crate) minted_at: Timestamp,
    /// The end by the forge's clock, or sooner where a policy says so: what callers are told.
    pub(crate) expires_at: ExpiresAt,
    /// The end by the forge's word.
    pub(crate) forge_expires_at: Timestamp,
    /// The end by our own clock: what decides.
    pub(crate) good_until: ExpiresAt,
    /// Set when the vault holds the token's row.
    pub(crate) stored: AtomicBool,
    /// Set from when it was minted for somebody who waits, until it went out for the first time.
    pub(crate) is_new: AtomicBool,
    /// Who has it, by the record: each got a grant before the token left.
    pub(crate) holders: Holders,
}

impl LiveToken {
    /// The token itself, for the caller who may have it.
    pub fn secret(&self) -> &Secret {
        &self.token
    }

    /// What may be shown of it.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// When it ends.
    pub fn expires_at(&self) -> ExpiresAt {
        self.expires_at
    }

    /// What it opens, each `owner/name`.
    pub fn full_names(&self) -> Vec<String> {
        let owner = self.covers.owner();
        self.covers
            .names()
            .iter()
            .map(|name| format!("{owner}/{name}"))
            .collect()
    }

    /// What it may do.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// How it stands against our clock. A token that a policy cut short has a margin that fits its life.
    pub(crate) fn freshness(&self, now: Timestamp, margin: SignedDuration) -> Freshness {
        let life = self.good_until.timestamp().duration_since(self.minted_at);
        self.good_until.at(now, margin.min(life / 4))
    }

    /// The operator's name for the App that minted it.
    pub fn app_name(&self) -> &str {
        &self.app_name
    }

    /// The forge's host.
    pub fn forge_host(&self) -> &str {
        &self.forge_host
    }
}

impl fmt::Debug for LiveToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LiveToken")
            .field("id", &self.id)
            .field("fingerprint", &self.fingerprint)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a caller needs of a token, besides its key.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// It must live at least this long.
    pub(crate) min_left: SignedDuration,
    /// It must have been minted at or after this time.
    pub(crate) minted_since: Option<Timestamp>,
}

impl Need {
    /// Any good token.
    pub(crate) const ANY: Self = Self {
        min_left: BrokerSettings::GUARD,
        minted_since: None,
    };

    pub(crate) fn is_met_by(&self, minted_at: Timestamp, good_until: ExpiresAt, now: Timestamp) -> bool {
        good_until.left(now) > self.min_left && self.minted_since.is_none_or(|since| minted_at >= since)
    }
}

/// The place of one key: the token in use, and when to try for its successor.
#[derive(Debug)]
pub(crate) struct Slot {
    pub(crate) app: AppId,
    /// In lower case.
    pub(crate) owner: Box<str>,
    pub(crate) permissions: Permissions,
    /// How long its tokens may live, where a policy says so.
    pub(crate) longest_life: Option<SignedDuration>,
    /// The repositories as the first caller wrote them.
    pub(crate) asked: Arc<RepoSet>,
    current: ArcSwapOption<LiveToken>,
    /// A token that the forge minted and did not accept in time: looked at again before another is minted.
    pub(crate) unproven: ArcSwapOption<LiveToken>,
    /// Somebody got the current token from here since it came in: worth a successor.
    used: AtomicBool,
    /// Renewals that failed in a row.
    failures: AtomicU32,
    /// No background renewal before this second of the epoch.
    next_renewal: AtomicI64,
}

impl Slot {
    pub(crate) fn new(key: &TokenKey, asked: &RepoSet) -> Self {
        Self {
            app: key.app(),
            owner: key.owner().into(),
            permissions: key.permissions().clone(),
            longest_life: key.longest_life(),
            asked: Arc::new(asked.clone()),
            current: ArcSwapOption::empty(),
            unproven: ArcSwapOption::empty(),
            used: AtomicBool::new(false),
            failures: AtomicU32::new(0),
            next_renewal: AtomicI64::new(i64::MIN),
        }
    }

    /// The token in use, whatever its age.
    pub(crate) fn current(&self) -> Option<Arc<LiveToken>> {
        self.current.load_full()
    }

    /// Whether this very token is still the one in use.
    pub(crate) fn holds(&self, token: &Arc<LiveToken>) -> bool {
        self.current
            .load()
            .as_ref()
            .is_some_and(|current| Arc::ptr_eq(current, token))
    }

    pub(crate) fn put(&self, token: Arc<LiveToken>) {
        self.current.store(Some(token));
        self.used.store(false, Ordering::Relaxed);
        self.failures.store(0, Ordering::Relaxed);
        self.next_renewal.store(i64::MIN, Ordering::Relaxed);
    }

    /// Drops whatever is in use: its App is gone.
    pub(crate) fn clear(&self) {
        self.current.store(None);
        self.unproven.store(None);
    }

    /// Drops the token if it is the one in use.
    pub(crate) fn drop_token(&self, id: TokenId) -> bool {
        let current = self.current.load_full();
        let Some(token) = current.filter(|token| token.id == id) else {
            return false;
        };
        let before = self.current.compare_and_swap(&Some(token.clone()), None);
        before.as_ref().is_some_and(|before| Arc::ptr_eq(before, &token))
    }

    pub(crate) fn mark_used(&self) {
        // Loaded first: a store by every caller would bounce the cache line between cores.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    pub(crate) fn was_used(&self) -> bool {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether a background renewal should start now. Only one caller gets `true` until [`Slot::renewal_failed`] or
    /// a new token opens the way again.
    pub(crate) fn take_renewal(&self, now: Timestamp) -> bool {
        let due = self.next_renewal.load(Ordering::Relaxed);
        due <= now.as_second()
            && self
                .next_renewal
                .compare_exchange(due, i64::MAX, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
    }

    /// Notes that the renewal failed: the next one comes after 2, 4, 8 … 60 seconds.
    pub(crate) fn renewal_failed(&self, now: Timestamp) {
        let failures = self.failures.fetch_add(1, Ordering::Relaxed).min(5);
        let pause = (2_i64 << failures).min(60);
        self.next_renewal.store(now.as_second() + pause, Ordering::Relaxed);
    }
}
