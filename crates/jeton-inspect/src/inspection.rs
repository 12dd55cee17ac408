use std::fmt;

use jeton_domain::{Code, CredentialKind, ForgeKind, Secret};

/// What a pasted text is.
///
/// Its `Debug` shows nothing of the token: [`Secret`] hides itself, and the words of the findings are made without looking
/// into the token.
#[derive(Debug, Clone)]
pub struct Inspection {
    /// The token without what was around it: what would be stored. Empty when the text was refused unread.
    pub token: Secret,
    /// What kind it is; `None` when it is no token of a forge.
    pub kind: Option<CredentialKind>,
    /// Whose token it is.
    pub forge: Option<ForgeKind>,
    /// Whether all of it is there.
    pub wholeness: Wholeness,
    /// How sure kind and forge are.
    pub certainty: Certainty,
    /// What is wrong or was put right, the gravest first.
    pub findings: Vec<Finding>,
    /// Which form of its kind it has, for people: `classic, 40 characters with a checksum`.
    pub form: &'static str,
}

impl Inspection {
    /// Whether it may be stored and tried: nothing was found that is certainly wrong.
    pub fn usable(&self) -> bool {
        self.findings.iter().all(|finding| finding.severity != Severity::Error)
    }
}

/// Whether all of a token is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wholeness {
    /// The checksum that the forge documents is right.
    Whole,
    /// The checksum that the forge documents is wrong, or a part is certainly missing.
    Damaged,
    /// The shape fits, or a check that the forge does not document matches.
    Likely,
    /// Nothing speaks for it or against it.
    Unknown,
}

impl Wholeness {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Damaged => "damaged",
            Self::Likely => "likely",
            Self::Unknown => "unknown",
        }
    }
}

/// How sure the kind and the forge of a token are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Certainty {
    /// By a prefix or a checksum that its forge documents.
    Sure,
    /// By its looks: other things look like that too.
    Hint,
}

impl Certainty {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sure => "sure",
            Self::Hint => "hint",
        }
    }
}

/// How much a finding matters; the gravest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Note,
    /// It may work, and deserves a look.
    Warning,
    /// It cannot work.
    Error,
}

impl Severity {
    /// The word used in JSON and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that was found, and what to do about it. It never has a character of the token beyond the public prefix of
/// its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Its stable name, one of `credential.*`.
    pub code: Code,
    /// How much it matters.
    pub severity: Severity,
    /// What was found, a full sentence.
    pub words: String,
    /// What to do, in full sentences; empty when there is nothing to do.
    pub remedy: String,
}

impl Finding {
    pub(crate) fn new(code: Code, severity: Severity, words: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            code,
            severity,
            words: words.into(),
            remedy: remedy.into(),
        }
    }

    /// The same as a warning, where its forge documents nothing that it could rest on.
    pub(crate) fn doubted(mut self) -> Self {
        self.severity = Severity::Warning;
        self.remedy
            .push_str(" Atlassian documents nothing of its tokens' form; testing the connection tells for sure.");
        self
    }
}
