use jiff::SignedDuration;

/// What an operator may tune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CiSettings {
    /// A registration token that is handed out lives so long at least, when the caller does not say: time for a machine to boot.
    pub min_validity: SignedDuration,
    /// For so long a target that cannot be pushed is tried again.
    pub push_for: SignedDuration,
}

impl Default for CiSettings {
    fn default() -> Self {
        Self {
            min_validity: SignedDuration::from_mins(10),
            push_for: SignedDuration::from_hours(24),
        }
    }
}
