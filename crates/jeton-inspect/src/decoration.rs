use jeton_domain::Code;

use crate::{Finding, Severity};

/// Something that was around a token, or in it, and was taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Decoration {
    /// White space before or after it.
    Space,
    /// Characters that nobody sees.
    Invisible,
    /// Long dashes in the place of hyphens.
    Dashes,
    /// Quotes, back-ticks or brackets around it.
    Quotes,
    /// A quote or bracket at one end only.
    HalfQuoted,
    /// A semicolon, a comma and the like after it.
    Punctuation,
    /// A prompt or a list's dash before it.
    Prompt,
    /// `Bearer` or `token`.
    Scheme,
    /// `Basic` and base64, as a header has it.
    Basic,
    /// `Authorization:`, `GITHUB_TOKEN=`, `"token":`.
    Name,
    /// `https://user:TOKEN@host/`
    Url,
    /// `%3D` in the place of `=`.
    Escapes,
    /// The prefix in capitals.
    Case,
    /// A line break or a space in the middle.
    Broken,
    /// The same token twice.
    Twice,
    /// Other text around it.
    Around,
}

impl Decoration {
    pub(crate) fn finding(self) -> Finding {
        use Severity::{Note, Warning};
        let (severity, words, remedy) = match self {
            Self::Space => (Note, "White space before or after the token was left out.", ""),
            Self::Invisible => (
                Warning,
                "Characters that cannot be seen were in the text; they were left out.",
                "Such characters come from web pages and chats. Where the token is stored by hand, paste it again from its page.",
            ),
            Self::Dashes => (
                Warning,
                "A long dash stood where tokens have a hyphen; it was put right.",
                "Word processors and chats change hyphens. Where the token is stored by hand, paste it again from its page.",
            ),
            Self::Quotes => (Note, "Quotes or brackets around the token were left out.", ""),
            Self::HalfQuoted => (
                Warning,
                "A quote or bracket at one end of the token was left out; there was none at the other end.",
                "Look whether something is missing at the other end.",
            ),
            Self::Punctuation => (Note, "Punctuation after the token was left out.", ""),
            Self::Prompt => (
                Note,
                "A mark before the token, as prompts and lists have, was left out.",
                "",
            ),
            Self::Scheme => (
                Note,
                "The word before the token, as an `Authorization` header has, was left out.",
                "jeton puts it there itself when it asks the forge.",
            ),
            Self::Basic => (
                Warning,
                "This was the value of a Basic `Authorization` header; the password in it was taken.",
                "Give the user name, or the e-mail address for Bitbucket, with the account.",
            ),
            Self::Name => (
                Note,
                "The name of a header, variable or field before the token was left out.",
                "",
            ),
            Self::Url => (
                Warning,
                "The token was taken out of a URL.",
                "Where that URL stands, in a git configuration or a script, everybody who reads it reads the token: take it out there.",
            ),
            Self::Escapes => (
                Note,
                "Characters that were written as `%` and two digits, as in URLs, were put right.",
                "",
            ),
            Self::Case => (
                Warning,
                "The prefix was written in capitals; it was put right, and the checksum confirms the rest.",
                "Telephones change the first letter of what is typed. Where the token is stored by hand, correct it.",
            ),
            Self::Broken => (
                Warning,
                "White space or a line break in the middle of the token was left out; its check confirms what is left.",
                "A terminal breaks long lines when text is selected with the mouse. Where the token is stored by hand, put it on one line.",
            ),
            Self::Twice => (
                Warning,
                "The token was pasted more than once in a row; it was taken once.",
                "",
            ),
            Self::Around => (
                Warning,
                "There was other text around the token; the token alone was taken.",
                "Paste the token alone to be sure that it is the one that you mean.",
            ),
        };
        Finding::new(Code::CredentialDecorated, severity, words, remedy)
    }
}
