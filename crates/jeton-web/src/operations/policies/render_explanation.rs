use jeton_api::{Considered, Explanation, Outcome};
use jeton_policy::Decision;

use super::{origin, render};

pub(super) fn explanation(found: jeton_policy::Explanation) -> Explanation {
    let (decision, rule, by_ceiling) = match &found.decision {
        Decision::Allowed(allowed) => (Outcome::Allow, Some(allowed.rule.to_string()), false),
        Decision::Denied(denied) => (
            Outcome::Deny,
            denied.rule.as_ref().map(ToString::to_string),
            denied.by_ceiling,
        ),
    };
    let allowed = found.decision.allowed();
    let considered = found.considered.into_iter().map(|one| Considered {
        rule: one.rule.to_string(),
        origin: origin(one.origin),
        matched: one.matched,
        why_not: one.why_not,
    });
    Explanation {
        decision,
        rule,
        by_ceiling,
        ceiling: found.ceiling,
        permissions: allowed
            .and_then(|allowed| allowed.permissions.as_ref())
            .map(render::permissions),
        longest_lifetime_seconds: allowed
            .and_then(|allowed| allowed.longest_lifetime)
            .and_then(|life| u64::try_from(life.as_secs()).ok()),
        considered: considered.collect(),
    }
}
