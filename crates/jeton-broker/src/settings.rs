use std::time::Duration;

use jeton_domain::Permissions;
use jiff::SignedDuration;

/// What an operator may tune.
#[derive(Debug, Clone)]
pub struct BrokerSettings {
    /// What a token may do when the request does not say.
    pub default_permissions: Permissions,
    /// A token that ends within this time is renewed in the background while it is still handed out.
    pub renew_margin: SignedDuration,
    /// How long one request may go on trying a forge that fails.
    pub forge_deadline: Duration,
    /// How long a fresh token may be refused by a forge that has not caught up with itself. octokit sees up to 5 s;
    /// GitHub's support speaks of 3, 10 and 30 s.
    pub probe_window: Duration,
    /// At most this many calls of one App at a time. GitHub allows 100.
    pub calls_per_app: usize,
    /// How long ended tokens and grants stay in the vault.
    pub keep_ended: SignedDuration,
}

impl BrokerSettings {
    /// The longest life that a caller may ask for: GitHub's hour, less five minutes for clocks and the way.
    pub const MAX_MIN_VALIDITY: SignedDuration = SignedDuration::from_secs(3_300);

    /// A token with less than this left is not handed out: it would end on the way.
    pub const GUARD: SignedDuration = SignedDuration::from_secs(5);
}

impl Default for BrokerSettings {
    fn default() -> Self {
        let read_contents = Permissions::new([("contents", "read"), ("metadata", "read")]);
        Self {
            default_permissions: read_contents.unwrap_or_default(),
            renew_margin: SignedDuration::from_mins(5),
            forge_deadline: Duration::from_secs(10),
            probe_window: Duration::from_secs(10),
            calls_per_app: 64,
            keep_ended: SignedDuration::from_hours(24 * 30),
        }
    }
}
