//! What is left of the forge's limit for each installation, as the broker's own calls with its tokens saw it last.

use std::{cmp::Ordering, collections::BinaryHeap};

use jeton_domain::{AppId, AppName, Quota};
use jiff::Timestamp;

use crate::{Broker, app_entry::AppEntry, broker::Inner};

/// So many installations are remembered; beyond that only those that are known are brought up to date.
const MOST: usize = 10_000;

/// What is left of the forge's limit for one installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppQuota {
    /// The App.
    pub app: AppName,
    /// The owner on whom it is installed.
    pub owner: String,
    /// What was left. Callers use it up as well, which is not seen here.
    pub quota: Quota,
    /// When that was seen.
    pub at: Timestamp,
}

impl Broker {
    /// What this process saw last of the limits of installations, of all Apps or of one: the `most` of which the least is left, in
    /// that order. Windows that have ended since are left out: what was left of them says nothing any more.
    pub fn app_quotas(&self, of: Option<&AppName>, most: usize) -> Vec<AppQuota> {
        let now = self.0.clock.now();
        let mut least: BinaryHeap<Ranked> = BinaryHeap::new();
        for one in &self.0.quotas {
            let quota = one.value();
            if of.is_some_and(|app| *app != quota.app) || !self.0.is_of_use(one.key().0, quota, now) {
                continue;
            }
            if least.len() < most {
                least.push(Ranked(quota.clone()));
            } else if least.peek().is_some_and(|worst| quota.rank() < worst.0.rank()) {
                least.pop();
                least.push(Ranked(quota.clone()));
            }
        }
        least.into_sorted_vec().into_iter().map(|one| one.0).collect()
    }
}

impl AppQuota {
    /// What is left of a thousand, without a fraction; then the names, so that there is one order.
    fn rank(&self) -> (Option<u128>, &str, &str) {
        let left = (u128::from(self.quota.remaining) * 1000).checked_div(u128::from(self.quota.limit));
        (left, self.app.as_str(), &self.owner)
    }
}

/// In the order of what is left.
#[derive(PartialEq, Eq)]
struct Ranked(AppQuota);

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.rank().cmp(&other.0.rank())
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Inner {
    /// Whether an App is still there, and the window has not ended.
    fn is_of_use(&self, app: AppId, quota: &AppQuota, now: Timestamp) -> bool {
        quota.quota.resets_at.is_none_or(|end| end > now) && self.apps.by_id(app).is_some()
    }

    /// Forgets what says nothing any more, which makes room for others.
    pub(crate) fn forget_old_quotas(&self) {
        let now = self.clock.now();
        self.quotas.retain(|(app, _), quota| self.is_of_use(*app, quota, now));
    }

    /// Remembers what a call with an installation's token saw.
    pub(crate) fn note_quota(&self, app: &AppEntry, owner: &str, seen: Option<Quota>) {
        let Some(quota) = seen else { return };
        let key = (app.id, owner.to_ascii_lowercase());
        if self.quotas.len() >= MOST && !self.quotas.contains_key(&key) {
            return;
        }
        let seen = AppQuota {
            app: app.name.clone(),
            owner: owner.to_owned(),
            quota,
            at: self.clock.now(),
        };
        self.quotas.insert(key, seen);
    }
}
