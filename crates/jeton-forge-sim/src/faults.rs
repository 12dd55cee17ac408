//! Makes the forges misbehave on purpose.

use std::sync::Mutex;
use std::time::Duration;

use jiff::SignedDuration;

use crate::{lock, route};

/// What goes wrong.
///
/// The first group happens instead of the call: nothing changes on the forge. The second happens to
/// the answer of a call that the forge carried out. [`Latency`](Self::Latency) and
/// [`SkewedDate`](Self::SkewedDate) join any other fault; of all others one call suffers only the
/// first rule that matches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// The call takes this much longer, in real time.
    Latency(Duration),
    /// The `Date` header is off by this much; the forge's own clock is right.
    SkewedDate(SignedDuration),

    /// Another status with a body in the forge's own shape.
    Status {
        /// The HTTP status, 400 or above.
        status: u16,
        /// The `message` of the body.
        message: String,
    },
    /// 502 with the HTML page of a proxy in front of the forge.
    BadGateway,
    /// 403 as after the last request of the hour.
    PrimaryLimit {
        /// How far `x-ratelimit-reset` lies ahead of the forge's clock.
        reset_in: SignedDuration,
    },
    /// The same with status 429, as the forge may also answer it.
    PrimaryLimit429 {
        /// How far `x-ratelimit-reset` lies ahead of the forge's clock.
        reset_in: SignedDuration,
    },
    /// 403 as after too many requests at once.
    SecondaryLimit {
        /// The `retry-after` header, in seconds.
        retry_after: u32,
    },
    /// The secondary limit with status 429, as the forge may also answer it.
    SecondaryLimit429 {
        /// The `retry-after` header, in seconds.
        retry_after: u32,
    },
    /// The connection is cut before the forge does anything.
    CutBeforeHandling,
    /// No answer at all: the connection stays open until the client leaves or the server stops.
    NoAnswer,
    /// 307 to another place.
    Redirect {
        /// The `location` header.
        location: String,
    },

    /// The forge does its work (a token is made!), then the connection is cut without an answer.
    CutBeforeAnswer,
    /// The connection is cut in the middle of the body.
    CutInBody,
    /// The body arrives in pieces.
    SlowBody {
        /// Bytes per piece.
        chunk: usize,
        /// Real time between two pieces.
        pause: Duration,
    },
    /// The right status with a body that is not the JSON that was promised.
    Garbage,
    /// The right status without a body.
    EmptyBody,
    /// The right status with this many bytes of well-formed JSON that says nothing.
    HugeBody(usize),
    /// Minting only: the token may do everything the installation may, whatever was asked.
    WiderToken,
    /// Minting only: the token ended a minute ago.
    AlreadyExpired,
}

impl FaultKind {
    /// Joins other faults rather than being the one fault of its call.
    fn joins(&self) -> bool {
        matches!(self, Self::Latency(_) | Self::SkewedDate(_))
    }
}

/// A fault and when it strikes: at first always and everywhere.
#[derive(Debug, Clone)]
pub struct FaultRule {
    pub(crate) kind: FaultKind,
    pub(crate) route: Option<String>,
    pub(crate) owner: Option<String>,
    pub(crate) times: Option<u64>,
    pub(crate) after: u64,
}

impl FaultRule {
    /// Strikes every call until removed.
    pub fn new(kind: FaultKind) -> Self {
        Self {
            kind,
            route: None,
            owner: None,
            times: None,
            after: 0,
        }
    }

    /// Only calls of this route, named as in [`ROUTES`](crate::ROUTES).
    ///
    /// # Panics
    /// When there is no such route: a misspelt fault would never strike, and its test prove nothing.
    #[must_use]
    pub fn on(mut self, route: &str) -> Self {
        assert!(route::is_known(route), "there is no route {route:?}");
        self.route = Some(route.to_owned());
        self
    }

    /// Only calls about this owner's repositories or installation.
    #[must_use]
    pub fn owner(mut self, login: &str) -> Self {
        self.owner = Some(login.to_owned());
        self
    }

    /// At most this often.
    #[must_use]
    pub fn times(mut self, n: u64) -> Self {
        self.times = Some(n);
        self
    }

    /// Spares the first `n` calls that match.
    #[must_use]
    pub fn after(mut self, n: u64) -> Self {
        self.after = n;
        self
    }
}

/// Names a rule that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId(pub u64);

#[derive(Debug)]
struct Placed {
    id: FaultId,
    rule: FaultRule,
    matched: u64,
    fired: u64,
    removed: bool,
}

/// The faults of one simulator, in the order they were added.
#[derive(Debug, Default)]
pub struct Faults(Mutex<Vec<Placed>>);

/// What strikes one call.
#[derive(Debug, Default)]
pub(crate) struct Struck {
    pub(crate) latency: Duration,
    pub(crate) date_skew: SignedDuration,
    pub(crate) main: Option<FaultKind>,
}

impl Faults {
    /// Adds a rule; it strikes from the next call on.
    pub fn add(&self, rule: FaultRule) -> FaultId {
        let mut placed = lock(&self.0);
        let id = FaultId(placed.len() as u64 + 1);
        placed.push(Placed {
            id,
            rule,
            matched: 0,
            fired: 0,
            removed: false,
        });
        id
    }

    /// Ends a rule. Its [`fired`](Self::fired) count stays readable.
    pub fn remove(&self, id: FaultId) {
        if let Some(placed) = lock(&self.0).iter_mut().find(|p| p.id == id) {
            placed.removed = true;
        }
    }

    /// Ends every rule.
    pub fn clear(&self) {
        for placed in lock(&self.0).iter_mut() {
            placed.removed = true;
        }
    }

    /// How often a rule struck.
    pub fn fired(&self, id: FaultId) -> u64 {
        let placed = lock(&self.0);
        placed.iter().find(|p| p.id == id).map_or(0, |p| p.fired)
    }

    /// The rules still in place, with how often each struck.
    pub fn list(&self) -> Vec<(FaultId, FaultRule, u64)> {
        let placed = lock(&self.0);
        let live = placed.iter().filter(|p| !p.removed);
        live.map(|p| (p.id, p.rule.clone(), p.fired)).collect()
    }

    /// Whether any rule is in place; spares a healthy forge the search for the owner.
    pub(crate) fn any(&self) -> bool {
        lock(&self.0).iter().any(|p| !p.removed)
    }

    /// Decides what strikes a call, and counts it.
    pub(crate) fn strike(&self, route: &str, owner: Option<&str>) -> Struck {
        let mut struck = Struck::default();
        for placed in lock(&self.0).iter_mut().filter(|p| !p.removed) {
            let rule = &placed.rule;
            let matches = rule.route.as_deref().is_none_or(|r| r == route)
                && rule
                    .owner
                    .as_deref()
                    .is_none_or(|o| owner.is_some_and(|owner| owner.eq_ignore_ascii_case(o)));
            if !matches {
                continue;
            }
            placed.matched += 1;
            let spent = rule.times.is_some_and(|times| placed.fired >= times);
            let taken = struck.main.is_some() && !rule.kind.joins();
            if placed.matched <= rule.after || spent || taken {
                continue;
            }
            placed.fired += 1;
            match &rule.kind {
                FaultKind::Latency(more) => struck.latency += *more,
                FaultKind::SkewedDate(by) => {
                    struck.date_skew = struck.date_skew.saturating_add(*by);
                }
                kind => struck.main = Some(kind.clone()),
            }
        }
        struck
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINT: &str = "POST /app/installations/{id}/access_tokens";

    #[test]
    fn a_rule_waits_strikes_and_is_spent() {
        let faults = Faults::default();
        let id = faults.add(FaultRule::new(FaultKind::EmptyBody).on(MINT).after(1).times(2));
        let struck: Vec<bool> = (0..5).map(|_| faults.strike(MINT, None).main.is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(faults.strike("GET /app", None).main.is_none());
        assert_eq!(faults.fired(id), 2);
    }

    #[test]
    fn an_owner_is_matched_in_any_case() {
        let faults = Faults::default();
        faults.add(FaultRule::new(FaultKind::Garbage).owner("Acme"));
        assert!(faults.strike(MINT, Some("acme")).main.is_some());
        assert!(faults.strike(MINT, Some("other")).main.is_none());
        assert!(faults.strike(MINT, None).main.is_none());
    }

    #[test]
    fn latency_joins_and_the_first_other_fault_wins() {
        let faults = Faults::default();
        let pause = Duration::from_millis(5);
        faults.add(FaultRule::new(FaultKind::Latency(pause)));
        faults.add(FaultRule::new(FaultKind::Garbage));
        let second = faults.add(FaultRule::new(FaultKind::EmptyBody));
        faults.add(FaultRule::new(FaultKind::Latency(pause)));
        let struck = faults.strike(MINT, None);
        assert_eq!(struck.latency, pause * 2);
        assert_eq!(struck.main, Some(FaultKind::Garbage));
        assert_eq!(faults.fired(second), 0);
        faults.clear();
        assert!(!faults.any());
    }

    #[test]
    #[should_panic(expected = "there is no route")]
    fn a_misspelt_route_is_refused() {
        let _ = FaultRule::new(FaultKind::Garbage).on("POST /nowhere");
    }
}
