//! What a text looks like by prefix, length and checksum: one module per forge.

mod bitbucket;
mod github;
mod gitlab;

use jeton_domain::{CredentialKind, ForgeKind};

use crate::{Certainty, Wholeness, flaw::Flaw};

/// A token of a forge that was recognised, whole or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    pub(crate) kind: CredentialKind,
    pub(crate) certainty: Certainty,
    pub(crate) wholeness: Wholeness,
    pub(crate) form: &'static str,
    /// What is odd about it, if anything.
    pub(crate) flaw: Option<Flaw>,
    /// Whether a check matches, a documented one or another: more than looks speak for every character of it.
    pub(crate) checked: bool,
}

impl Shape {
    fn new(kind: CredentialKind, form: &'static str) -> Self {
        Self {
            kind,
            certainty: Certainty::Sure,
            wholeness: Wholeness::Likely,
            form,
            flaw: None,
            checked: false,
        }
    }

    fn hint(mut self) -> Self {
        self.certainty = Certainty::Hint;
        self
    }

    /// The documented checksum is right.
    fn whole(mut self) -> Self {
        self.wholeness = Wholeness::Whole;
        self.checked = true;
        self
    }

    /// A check that is not documented is right.
    fn checked(mut self) -> Self {
        self.checked = true;
        self
    }

    fn damaged(mut self, flaw: Flaw) -> Self {
        self.wholeness = Wholeness::Damaged;
        self.flaw = Some(flaw);
        self
    }

    /// Something is odd, which proves nothing.
    fn odd(mut self, flaw: Flaw) -> Self {
        self.wholeness = Wholeness::Unknown;
        self.flaw = Some(flaw);
        self
    }

    /// Something is worth knowing.
    fn noted(mut self, flaw: Flaw) -> Self {
        self.flaw = Some(flaw);
        self
    }

    /// Whether it is known to be incomplete or changed.
    pub(crate) fn is_damaged(&self) -> bool {
        self.wholeness == Wholeness::Damaged
    }
}

/// Recognises a token that is the whole text. `expected` decides between readings of a text that several forges could have made,
/// and never against a known prefix.
pub(crate) fn recognise(text: &str, expected: Option<ForgeKind>) -> Option<Shape> {
    by_prefix(text).or_else(|| by_looks(text, expected))
}

/// Recognises a token by a prefix that is known, or by the end of a routable one.
pub(crate) fn by_prefix(text: &str) -> Option<Shape> {
    github::by_prefix(text)
        .or_else(|| bitbucket::by_prefix(text))
        .or_else(|| gitlab::by_prefix(text))
}

fn by_looks(text: &str, expected: Option<ForgeKind>) -> Option<Shape> {
    match expected {
        Some(ForgeKind::GitHub) => github::by_looks(text),
        Some(ForgeKind::GitLab) => gitlab::by_looks(text, true),
        Some(ForgeKind::Bitbucket) => github::by_looks(text).or_else(|| gitlab::by_looks(text, false)),
        None => github::by_looks(text).or_else(|| gitlab::by_looks(text, false)),
    }
}

/// Whether a text begins as tokens of some forge do.
pub(crate) fn has_prefix(text: &str) -> bool {
    PREFIXES.iter().any(|prefix| text.starts_with(prefix)) || gitlab::prefix(text).is_some()
}

/// The prefixes that say alone what follows, GitLab's aside, which may have something before them.
pub(crate) const PREFIXES: &[&str] = &[
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "github_pat_",
    "ATBB",
    "ATCTT",
    "ATATT",
    "glpat-",
];

fn all(text: &str, fits: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(fits)
}

fn is_hex(text: &str) -> bool {
    all(text, |b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a body is nothing but one or two characters over and over, as in `ghp_xxxx…`, or has dots for what was left out.
fn is_example(body: &str) -> bool {
    let mut seen = body.chars().filter(char::is_ascii_alphanumeric);
    let first = seen.next();
    let second = seen.find(|c| Some(*c) != first);
    let has_two = seen.all(|c| Some(c) == first || Some(c) == second);
    let lower = body.to_ascii_lowercase();
    let says_so = lower.contains("your") && (lower.contains("token") || lower.contains("here"));
    has_two || says_so || body.contains("...") || body.contains('…')
}

#[cfg(test)]
mod tests {
    use super::is_example;

    #[test]
    fn examples_are_told_from_bodies() {
        for example in ["xxxxxxxxxxxx", "XXXX", "x1x1x1x1", "abc...", "your_token_here", "", "…"] {
            assert!(is_example(example), "{example}");
        }
        for body in ["abcabcabc", "EXAMPLEsynthetic", "0123456789"] {
            assert!(!is_example(body), "{body}");
        }
    }
}
