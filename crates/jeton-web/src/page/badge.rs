use std::fmt;

use askama::filters::HtmlSafe;

/// What a state means to whoever looks at it. Told by a sign and in words, never by its colour alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    /// As it should be.
    Good,
    /// Something to look at.
    Warn,
    /// Does not work.
    Bad,
    /// Not known, or no matter.
    Dim,
    /// Under way.
    Busy,
}

impl Tone {
    /// Its name in the stylesheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Dim => "dim",
            Self::Busy => "busy",
        }
    }

    /// The lines of its sign, in a box of 16 by 16.
    fn sign(self) -> &'static str {
        match self {
            Self::Good => "M3 8.5l3.2 3.2L13 4.8",
            Self::Warn => "M8 3v6M8 12v.6",
            Self::Bad => "M4 4l8 8M12 4l-8 8",
            Self::Dim => "M4 8h8",
            Self::Busy => "M8 3v5l3 2",
        }
    }
}

/// A state in one or two words, with its sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Badge {
    pub(super) tone: Tone,
    /// Our own words, never somebody else's.
    pub(super) words: &'static str,
}

impl Badge {
    pub(super) const fn new(tone: Tone, words: &'static str) -> Self {
        Self { tone, words }
    }
}

impl fmt::Display for Badge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "<span class=\"badge {}\"><svg viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path d=\"{}\"/></svg>{}</span>",
            self.tone.class(),
            self.tone.sign(),
            self.words
        )
    }
}

impl HtmlSafe for Badge {}
