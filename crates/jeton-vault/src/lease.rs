use jeton_domain::LeaseHolder;
use jiff::Timestamp;

/// The right of one process to do one thing alone, for a short time: minting one key, sweeping a table. A holder that
/// lives extends it; one that died loses it when it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// What is leased, such as `mint/<digest>`; at most 200 bytes.
    pub name: String,
    /// Who asks for it.
    pub holder: LeaseHolder,
    /// When it ends by itself, by the asking process's clock. A database that several processes share takes only the
    /// length from it, `until` less `now`, and measures that by its own clock: processes whose clocks differ take no
    /// lease from each other. A length of zero or less ends at once. For the same reason such a database takes no
    /// process's word for what is old when it purges: it removes what ended ten minutes ago by its own clock.
    pub until: Timestamp,
}
