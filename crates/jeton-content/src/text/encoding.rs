/// How a file's bytes are to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// UTF-8, and so also ASCII and nothing at all.
    Utf8,
    /// UTF-8 that begins with a byte order mark. The mark is a part of the first line and of every chunk that covers it.
    Utf8Bom,
    /// Text in an encoding of 8 bits that the file does not name, such as Latin-1: it has no NUL at its beginning and is not UTF-8.
    EightBit,
    /// UTF-16, as its byte order mark says. Its line ends are not those of a text of bytes, so it is given out as binary.
    Utf16,
    /// A NUL in the first 8,000 bytes: what git takes for binary.
    Binary,
}

impl Encoding {
    /// Whether it may be put in a JSON string as it is.
    pub fn is_utf8(self) -> bool {
        matches!(self, Self::Utf8 | Self::Utf8Bom)
    }

    /// For people: "text in UTF-8", "binary".
    pub fn words(self) -> &'static str {
        match self {
            Self::Utf8 => "text in UTF-8",
            Self::Utf8Bom => "text in UTF-8 with a byte order mark",
            Self::EightBit => "text in an encoding of 8 bits, such as Latin-1",
            Self::Utf16 => "text in UTF-16",
            Self::Binary => "binary",
        }
    }
}

/// What ends the lines of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineEndings {
    /// Nothing: there is one line, or none.
    None,
    /// LF.
    Lf,
    /// CRLF.
    CrLf,
    /// Some lines end with LF, others with CRLF.
    Mixed,
}

impl LineEndings {
    /// For people and programs: `none`, `LF`, `CRLF`, `mixed`.
    pub fn words(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Lf => "LF",
            Self::CrLf => "CRLF",
            Self::Mixed => "mixed",
        }
    }
}
