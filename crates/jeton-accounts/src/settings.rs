use jiff::SignedDuration;

/// What an operator may tune.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountSettings {
    /// How often each account is looked at.
    pub check_every: SignedDuration,
    /// How many looks a minute one forge gets at most from this server.
    pub checks_per_minute: u32,
    /// How many days before its end a token is warned of, in any order.
    pub warn_days: Vec<u16>,
    /// How long before its end a token is renewed; a third of its life where that is less.
    pub rotate_before: SignedDuration,
    /// For how many days a renewed token is asked for; as long as the one before when absent.
    pub rotation_days: Option<u16>,
    /// For how long a caller may use an account's token before asking again.
    pub lease: SignedDuration,
    /// A token that was replaced and is to be ended lives so long at most while targets wait for the new one, when whoever replaces it does
    /// not say.
    pub old_token_grace: SignedDuration,
}

impl Default for AccountSettings {
    fn default() -> Self {
        Self {
            check_every: SignedDuration::from_hours(24),
            checks_per_minute: 120,
            warn_days: vec![30, 14, 7, 1],
            rotate_before: SignedDuration::from_hours(24 * 7),
            rotation_days: None,
            lease: SignedDuration::from_hours(1),
            old_token_grace: SignedDuration::from_hours(24),
        }
    }
}
