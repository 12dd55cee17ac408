use jiff::{SignedDuration, Timestamp};

/// When a credential ends, by its forge's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ExpiresAt(Timestamp);

/// How a credential stands against the clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Freshness {
    /// It has ended.
    Expired,
    /// It still works; its successor should be on its way.
    RenewSoon,
    /// It has longer to live than the renewal margin.
    Fresh,
}

impl ExpiresAt {
    /// The end as the forge gave it.
    pub fn new(end: Timestamp) -> Self {
        Self(end)
    }

    /// The moment itself.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }

    /// The one place that compares a credential's end with the clock.
    pub fn at(self, now: Timestamp, margin: SignedDuration) -> Freshness {
        match self.0.duration_since(now) {
            left if left <= SignedDuration::ZERO => Freshness::Expired,
            left if left <= margin => Freshness::RenewSoon,
            _ => Freshness::Fresh,
        }
    }

    /// How long it still lives; never negative.
    pub fn left(self, now: Timestamp) -> SignedDuration {
        self.0.duration_since(now).max(SignedDuration::ZERO)
    }
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use proptest::prelude::*;

    use super::{ExpiresAt, Freshness};

    #[test]
    fn ends_at_its_very_second() {
        let end = ExpiresAt::new(Timestamp::from_second(1_000).unwrap());
        let margin = SignedDuration::from_secs(60);
        let at = |second| end.at(Timestamp::from_second(second).unwrap(), margin);
        assert_eq!(at(939), Freshness::Fresh);
        assert_eq!(at(940), Freshness::RenewSoon);
        assert_eq!(at(999), Freshness::RenewSoon);
        assert_eq!(at(1_000), Freshness::Expired);
    }

    proptest! {
        #[test]
        fn a_token_never_becomes_fresher(end in 0_i64..10_000, now in 0_i64..10_000, later in 0_i64..10_000, margin in 0_i64..5_000) {
            let token = ExpiresAt::new(Timestamp::from_second(end).unwrap());
            let margin = SignedDuration::from_secs(margin);
            let first = token.at(Timestamp::from_second(now).unwrap(), margin);
            let then = token.at(Timestamp::from_second(now + later).unwrap(), margin);
            prop_assert!(then <= first);
        }
    }
}
