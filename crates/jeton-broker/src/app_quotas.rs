//! What is left of the forge's limit for each installation, as the broker's own calls with its tokens saw it last.

use jeton_domain::{AppName, Quota};
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
    /// What this process saw last of each installation's limit, the least left first. Windows that have ended since are left
    /// out: what was left of them says nothing any more.
    pub fn app_quotas(&self) -> Vec<AppQuota> {
        let now = self.0.clock.now();
        let is_open = |quota: &AppQuota| quota.quota.resets_at.is_none_or(|end| end > now);
        let mut quotas: Vec<AppQuota> = self
            .0
            .quotas
            .iter()
            .filter(|one| self.0.apps.by_id(one.key().0).is_some())
            .map(|one| one.value().clone())
            .filter(is_open)
            .collect();
        quotas.sort_by(|a, b| {
            // By what is left of a thousand, without a fraction.
            let left =
                |one: &AppQuota| (u128::from(one.quota.remaining) * 1000).checked_div(u128::from(one.quota.limit));
            let name = |one: &AppQuota| (one.app.to_string(), one.owner.clone());
            (left(a), name(a)).cmp(&(left(b), name(b)))
        });
        quotas
    }
}

impl Inner {
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
