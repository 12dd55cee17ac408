use std::{fmt, path::PathBuf};

use crate::ArchiveVerdict;

/// What else to look at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VerifyOptions {
    /// The directory of the archived files.
    pub archives: Option<PathBuf>,
}

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingKind {
    /// An entry is not what was written.
    Changed,
    /// Entries between others are gone.
    Missing,
    /// An entry stands where another was written.
    OutOfOrder,
    /// The newest entries are gone.
    TailMissing,
    /// The mark on the newest entry is not jeton's, or is an old one.
    HeadForged,
    /// The mark on the last archived entry is not jeton's.
    BaseForged,
    /// A file outside the database names an entry that is gone or another one.
    RolledBack,
}

impl FindingKind {
    /// As programs see it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Missing => "missing",
            Self::OutOfOrder => "out_of_order",
            Self::TailMissing => "tail_missing",
            Self::HeadForged => "head_forged",
            Self::BaseForged => "base_forged",
            Self::RolledBack => "rolled_back",
        }
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// The entry that it is about, or the first of them.
    pub seq: u64,
    /// What is wrong.
    pub kind: FindingKind,
    /// What is wrong, for people.
    pub words: String,
}

/// What a look at the whole record has found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// The oldest entry in the database.
    pub first: Option<u64>,
    /// The newest entry in the database.
    pub last: Option<u64>,
    /// How many entries there are in the database.
    pub entries: u64,
    /// The hash of the newest entry in hex, to be kept elsewhere.
    pub head_hash: Option<String>,
    /// What is wrong, by number; a hundred at most.
    pub findings: Vec<Finding>,
    /// The archived files, when they were asked for.
    pub archives: Option<ArchiveVerdict>,
}

impl Verdict {
    /// Whether nothing is wrong, in the archived files neither.
    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
            && self
                .archives
                .as_ref()
                .is_none_or(|archives| archives.findings.is_empty())
    }
}

/// Entries that are gone, for people.
pub(crate) fn missing(from: u64, to: u64) -> String {
    if from == to {
        format!("Entry {from} is gone.")
    } else {
        format!("The entries {from} to {to} are gone.")
    }
}
