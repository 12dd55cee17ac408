use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Code, CredentialKind};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)*
        }

        impl $name {
            /// Each of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word used in JSON, SQL and on the command line.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// Reads the word back.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.as_str() == text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words! {
    /// Whether a forge takes a token. Only a forge's clear word makes one valid or invalid: a rate limit, a failure of
    /// the forge's own or a time-out says nothing about the token.
    Validity {
        /// The forge takes it.
        Valid = "valid";
        /// The forge refuses it.
        Invalid = "invalid";
        /// The forge was not asked, or gave no clear word.
        Unknown = "unknown";
    }
}

words! {
    /// What somebody wants a token for.
    Purpose {
        /// Read files, branches and commits.
        ReadContent = "read_content";
        /// Open and change pull requests (merge requests).
        ManagePullRequests = "manage_pull_requests";
        /// Push commits.
        Push = "push";
        /// Register runners.
        RegisterRunners = "register_runners";
        /// Write secrets and variables of CI.
        ManageSecrets = "manage_secrets";
    }
}

words! {
    /// Whether a token will do for a purpose.
    Fitness {
        /// It will.
        Yes = "yes";
        /// It will not.
        No = "no";
        /// That cannot be found out without changing something at the forge.
        Unknown = "unknown";
    }
}

/// What is wrong, why, and what to do: the same in the API, on the command line and on the page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Which finding it is.
    pub code: Code,
    /// What is wrong, for people; with the names of organisations and scopes, never a part of a token.
    pub cause: String,
    /// What the token's owner can do about it, in full sentences, for this forge and this kind of token.
    pub remedy: String,
    /// The page where that is done.
    pub url: Option<String>,
    /// When it is worth trying again, for limits.
    pub retry_at: Option<Timestamp>,
}

/// One look at a forge, on which a verdict rests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was asked, such as `GET /user`.
    pub probe: String,
    /// The HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// What came back in short: the forge's own words, redacted and cut, or why no answer came.
    pub said: Option<String>,
    /// The forge's id of the request, by which its support finds it.
    pub request_id: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Whose token it is, by the forge's word.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ForgeIdentity {
    /// What never changes: the number or UUID of a user, a bot, or of the repository, project or workspace that a Bitbucket access
    /// token belongs to.
    pub id: String,
    /// The name that people know: a login, or the path of the resource.
    pub name: String,
}

/// When a token ends, by the forge's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "known", content = "at")]
pub enum TokenEnd {
    /// Then.
    #[serde(rename = "at")]
    At(Timestamp),
    /// It does not end by itself.
    #[serde(rename = "never")]
    Never,
    /// The forge does not tell.
    #[serde(rename = "unknown")]
    Unknown,
}

impl TokenEnd {
    /// The time, when it is known that there is one.
    pub fn time(self) -> Option<Timestamp> {
        match self {
            Self::At(time) => Some(time),
            Self::Never | Self::Unknown => None,
        }
    }
}

/// Something that a token reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reached {
    /// `acme` or `acme/tools`.
    pub name: String,
    /// `owner` or `repository`.
    pub what: String,
    /// What the token may do there as far as the forge says: `read`, `write`, `admin`.
    pub access: Option<String>,
}

/// Whether the token will do for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PurposeFinding {
    /// The purpose.
    pub purpose: Purpose,
    /// Whether it will do.
    pub fit: Fitness,
    /// The scopes or permissions that it lacks; the least that would do.
    pub missing: Vec<String>,
    /// On what the answer rests, or why there is none; one sentence.
    pub why: String,
}

/// How much of a forge's limit is left for the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quota {
    /// Requests in a window.
    pub limit: u64,
    /// How many of them are left.
    pub remaining: u64,
    /// When the window ends.
    pub resets_at: Option<Timestamp>,
}

/// What a test of a token against its forge found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CheckReport {
    /// Whether the forge takes it.
    pub validity: Validity,
    /// What kind it is, as exactly as is known now.
    pub kind: CredentialKind,
    /// Whose it is.
    pub identity: Option<ForgeIdentity>,
    /// Its scopes by the forge's word; `None` when the forge does not tell.
    pub scopes: Option<Vec<String>>,
    /// When it ends.
    pub end: TokenEnd,
    /// What it reaches: the first few.
    pub reach: Vec<Reached>,
    /// Whether it reaches more than that.
    pub reaches_more: bool,
    /// The purposes that were asked about.
    pub purposes: Vec<PurposeFinding>,
    /// What is wrong; the gravest first.
    pub diagnoses: Vec<Diagnosis>,
    /// What the forge was asked and said.
    pub evidence: Vec<Evidence>,
    /// What is left of its limit.
    pub quota: Option<Quota>,
    /// When the forge may be asked again for this token, or at all, if it said so.
    pub retry_at: Option<Timestamp>,
    /// When this was found.
    pub checked_at: Timestamp,
}
