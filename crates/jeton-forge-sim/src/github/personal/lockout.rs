//! "Maximum number of login attempts exceeded": too many bad credentials shut out good ones.

use jiff::Timestamp;

use super::spec::LoginLockout;

/// Counts bad credentials. All clients share one count, since they share one address.
#[derive(Debug, Default)]
pub(crate) struct Lockouts {
    rule: Option<LoginLockout>,
    since: Option<Timestamp>,
    failures: u32,
    until: Option<Timestamp>,
}

impl Lockouts {
    /// Sets the rule, or none, and forgets what was counted.
    pub(crate) fn set(&mut self, rule: Option<LoginLockout>) {
        *self = Self {
            rule,
            ..Self::default()
        };
    }

    pub(crate) fn locked(&self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| now < until)
    }

    /// Notes a bad credential.
    pub(crate) fn failed(&mut self, now: Timestamp) {
        let Some(rule) = self.rule else { return };
        if self.since.is_none_or(|since| now.duration_since(since) >= rule.lasts) {
            self.since = Some(now);
            self.failures = 0;
        }
        self.failures += 1;
        if self.failures >= rule.after {
            self.until = now.checked_add(rule.lasts).ok();
            self.since = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::SignedDuration;

    #[test]
    fn failures_far_apart_do_not_add_up_and_a_lockout_ends() {
        let start: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let at = |seconds: i64| start + SignedDuration::from_secs(seconds);
        let mut lockouts = Lockouts::default();
        lockouts.failed(start);
        assert!(!lockouts.locked(start), "without a rule nothing is shut");
        lockouts.set(Some(LoginLockout {
            after: 2,
            lasts: SignedDuration::from_secs(60),
        }));
        lockouts.failed(at(0));
        lockouts.failed(at(60));
        assert!(!lockouts.locked(at(60)));
        lockouts.failed(at(61));
        assert!(lockouts.locked(at(120)));
        assert!(!lockouts.locked(at(121)));
    }
}
