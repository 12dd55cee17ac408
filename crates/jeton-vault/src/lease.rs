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
    /// When it ends by itself, by the asking process's clock. Replicas whose clocks differ by more than a lease's length
    /// may both think that they hold it: that costs a second mint, never a wrong answer.
    pub until: Timestamp,
}
