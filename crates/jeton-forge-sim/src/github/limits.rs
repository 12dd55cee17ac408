//! Primary rate limits.

use std::collections::HashMap;
use std::net::IpAddr;

use jiff::{SignedDuration, Timestamp};

use crate::route::Route;

/// Who a call is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Bucket {
    /// Calls with the assertion of an app.
    App(u64),
    /// Calls with any token of an installation.
    Installation(u64),
    /// Calls with the tokens of one repository's workflows.
    Workflow(u64),
    /// Calls with any token of a person.
    User(u64),
    /// Calls without a credential, by the address they come from.
    Anonymous(IpAddr),
}

/// What is limited; each has its own count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Resource {
    /// Nearly everything.
    Core,
    /// Tokens for runners.
    RunnerRegistration,
}

impl Resource {
    pub(crate) fn of(route: &Route) -> Self {
        match route {
            Route::Ci(ci) if ci.registers() => Self::RunnerRegistration,
            _ => Self::Core,
        }
    }

    /// The name in headers.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Core => "core",
            Self::RunnerRegistration => "actions_runner_registration",
        }
    }
}

/// The rate limit as the headers of one answer show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct LimitView {
    pub(crate) bucket: Bucket,
    pub(crate) resource: Resource,
    pub(crate) limit: u32,
    pub(crate) used: u32,
    pub(crate) reset: Timestamp,
    /// The call came after the last one of the hour.
    pub(crate) exceeded: bool,
}

impl LimitView {
    pub(crate) fn remaining(&self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

#[derive(Debug, Clone, Copy)]
struct Window {
    start: Timestamp,
    used: u32,
}

/// Counts calls by the hour. An hour starts with the first call after the last one ended.
#[derive(Debug, Default)]
pub(crate) struct Limits {
    windows: HashMap<(Bucket, Resource), Window>,
    forced: Option<u32>,
    charged: u64,
}

impl Limits {
    /// Sets the limit of apps, installations and people, whatever their size.
    pub(crate) fn force(&mut self, per_hour: u32) {
        self.forced = Some(per_hour);
    }

    /// Calls that were charged to anybody, ever.
    pub(crate) fn charged(&self) -> u64 {
        self.charged
    }

    /// Calls per hour. `repositories` are those of the installation.
    pub(crate) fn core(&self, bucket: Bucket, repositories: usize) -> u32 {
        match (bucket, self.forced) {
            (Bucket::Anonymous(_), _) => 60,
            (_, Some(forced)) => forced,
            (Bucket::App(_) | Bucket::User(_), None) => 5_000,
            (Bucket::Workflow(_), None) => 1_000,
            (Bucket::Installation(_), None) => installation_limit(repositories),
        }
    }

    /// What is left of a limit, after charging `cost` calls.
    pub(crate) fn spend(
        &mut self,
        bucket: Bucket,
        resource: Resource,
        limit: u32,
        cost: u32,
        now: Timestamp,
    ) -> LimitView {
        let hour = SignedDuration::from_hours(1);
        let fresh = Window { start: now, used: 0 };
        let window = self.windows.entry((bucket, resource)).or_insert(fresh);
        // A clock that was set back starts a new hour too.
        let age = now.duration_since(window.start);
        if age >= hour || age < SignedDuration::ZERO {
            *window = Window { start: now, used: 0 };
        }
        let exceeded = cost > 0 && window.used.saturating_add(cost) > limit;
        if !exceeded {
            window.used += cost;
            self.charged += u64::from(cost);
        }
        LimitView {
            bucket,
            resource,
            limit,
            used: window.used.min(limit),
            reset: window.start.checked_add(hour).unwrap_or(window.start),
            exceeded,
        }
    }

    /// Gives back what a call cost: an unchanged answer is free.
    pub(crate) fn refund(&mut self, view: &mut LimitView, cost: u32) {
        if let Some(window) = self.windows.get_mut(&(view.bucket, view.resource)) {
            window.used = window.used.saturating_sub(cost);
            self.charged = self.charged.saturating_sub(u64::from(cost));
            view.used = window.used.min(view.limit);
        }
    }
}

/// 5,000, plus 50 for each repository above 20, at most 12,500. Users are not simulated.
fn installation_limit(repositories: usize) -> u32 {
    let above = u32::try_from(repositories.saturating_sub(20)).unwrap_or(u32::MAX);
    above.saturating_mul(50).saturating_add(5_000).min(12_500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_grows_with_the_repositories_up_to_a_cap() {
        assert_eq!(installation_limit(3), 5_000);
        assert_eq!(installation_limit(21), 5_050);
        assert_eq!(installation_limit(10_000), 12_500);
    }

    #[test]
    fn an_hour_ends_and_another_begins() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let mut limits = Limits::default();
        limits.force(2);
        let bucket = Bucket::App(1);
        let mut spend = |minutes: i64| {
            let now = start + SignedDuration::from_mins(minutes);
            let limit = limits.core(bucket, 0);
            limits.spend(bucket, Resource::Core, limit, 1, now)
        };
        assert_eq!(spend(0).remaining(), 1);
        assert_eq!(spend(1).remaining(), 0);
        let refused = spend(59);
        assert!(refused.exceeded);
        assert_eq!(refused.reset, start + SignedDuration::from_hours(1));
        assert!(!spend(60).exceeded);
    }
}
