use super::{Encoding, LfsPointer, LineEndings, index::LineIndex};

/// What a file is, found while its bytes came by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextFacts {
    /// In bytes.
    pub size: u64,
    /// How many lines there are. A last line without a line end is one; an empty file has none.
    pub lines: u64,
    /// How to read the bytes.
    pub encoding: Encoding,
    /// What ends the lines.
    pub endings: LineEndings,
    /// Whether the last line has a line end. An empty file has no line that lacks one, and no newline either: `false`.
    pub final_newline: bool,
    /// The file stands for another one, kept in Git LFS.
    pub lfs: Option<LfsPointer>,
    pub(super) index: LineIndex,
}

impl TextFacts {
    /// What they take in memory beside the bytes of the file, roughly.
    pub(crate) fn weight(&self) -> u64 {
        let pointer = self.lfs.as_ref().map_or(0, |lfs| lfs.oid.len());
        self.index.weight() + u64::try_from(size_of::<Self>() + pointer).unwrap_or(u64::MAX)
    }
}
