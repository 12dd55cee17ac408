use jeton_domain::{Code, CredentialKind};

use crate::{Finding, Severity};

/// What is odd about a token that was recognised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// Its end is missing; the words say what is expected.
    Cut(&'static str),
    /// It stops where a double click stops selecting: at a dot.
    CutAtDot,
    /// Its beginning is missing, and the rest is whole.
    Beheaded,
    /// It says itself that it has more characters than there are.
    Gap,
    /// There is more of it than there should be.
    TooLong(&'static str),
    /// Much longer than its form, as a newer form would be.
    Longer,
    /// The documented checksum is wrong.
    Checksum,
    /// A check matches usually, and does not here.
    UndocumentedCheck,
    /// A character stands in it that no such token has.
    Stranger,
    /// White space stands in it.
    Gaps,
    /// It is an example from a manual.
    Example,
    /// 40 hex digits.
    LegacyHex,
    /// A routable token with a prefix that is not GitLab's own.
    OwnPrefix,
    /// Nothing is known of it but that GitLab is meant.
    UnknownPrefix,
}

const COPY_AGAIN: &str = "Copy it again, from its first character to its last; the forge shows it once, so make a new one if it is not shown any more.";

impl Flaw {
    pub(crate) fn finding(self, kind: CredentialKind, is_at_own: bool) -> Finding {
        let damaged =
            |words: String, remedy: &str| Finding::new(Code::CredentialDamaged, Severity::Error, words, remedy);
        let odd = |severity, words: &str, remedy: &str| Finding::new(Code::CredentialDamaged, severity, words, remedy);
        let it = kind.words();
        match self {
            Self::Cut(expected) => damaged(format!("This is {it} whose end is missing: {expected}."), COPY_AGAIN),
            Self::CutAtDot => damaged(
                format!("This is {it} that was cut at its first dot."),
                "A double click selects only up to a dot. Use the copy button of GitLab's page, or select the whole line; what follows the dots belongs to the token.",
            ),
            Self::Beheaded => damaged(
                "This looks like a GitHub token whose beginning is missing: the rest has a right checksum.".to_owned(),
                "Copy it again with its beginning, such as `ghp_` or `gho_`.",
            ),
            Self::Gap => damaged(
                format!("This is {it} of which a part is missing: it says itself that it is longer."),
                COPY_AGAIN,
            ),
            Self::TooLong(expected) => damaged(
                format!("This looks like {it} with something added to it: {expected}."),
                "Look whether other text was copied along, or the token was pasted twice. Then copy it again.",
            ),
            Self::Longer => odd(
                Severity::Warning,
                "The token is longer than those of its kind have been so far.",
                "That is right if the forge has made its tokens longer. Otherwise something else was pasted along with it: compare its first and last characters with the original.",
            ),
            Self::Checksum => damaged(
                format!(
                    "This looks like {it}, but its checksum is wrong: a character was lost or changed, or it is an example from a manual."
                ),
                COPY_AGAIN,
            ),
            Self::UndocumentedCheck => odd(
                Severity::Note,
                "The characters that usually serve as a check of such tokens do not match. The forge does not document them, so this proves nothing.",
                "Go on; if the forge refuses the token, copy it again first.",
            ),
            Self::Stranger => damaged(
                format!("This begins as {it}, but has a character that no such token has."),
                "Copy the token alone, without the text around it, and from a plain page: word processors and chats change hyphens and quotes.",
            ),
            Self::Gaps => damaged(
                format!(
                    "This begins as {it}, but white space or a line break stands in the middle, and the token cannot be put together without doubt."
                ),
                "Copy it from where it stands on one line: a terminal breaks long lines when text is selected with the mouse.",
            ),
            Self::Example => Finding::new(
                Code::CredentialNotAToken,
                Severity::Error,
                format!("This is an example of {it}, not a token."),
                "Put your own token in its place.",
            ),
            Self::LegacyHex => Finding::new(
                Code::CredentialDamaged,
                Severity::Warning,
                "These are 40 hex digits: a GitHub token of before April 2021, an access token of another forge, or the id of a commit.",
                if is_at_own {
                    "If it is a token, go on, and replace it soon by a new one, which can be checked."
                } else {
                    "If it is a token, go on, and replace it soon by a new one, which can be checked: https://github.com/settings/personal-access-tokens."
                },
            ),
            Self::OwnPrefix => Finding::new(
                Code::CredentialDecorated,
                Severity::Note,
                "The prefix is not one of GitLab's own. Its checksum is right, so it is a token of a GitLab whose administrator chose the prefix.",
                "Give the address of that GitLab with the account.",
            ),
            Self::UnknownPrefix => Finding::new(
                Code::CredentialNotAToken,
                Severity::Warning,
                "Nothing tells that this is a token of GitLab's; its tokens begin with `glpat-` unless the administrator chose another prefix.",
                "If your GitLab has a prefix of its own, or none, go on: testing the connection will tell. Otherwise look whether the beginning of the token is missing.",
            ),
        }
    }
}
