use super::{
    Encoding, LfsPointer, LineEndings, TextFacts,
    index::{LineIndex, Mark},
    lfs::MAX_POINTER,
    utf8::Utf8Check,
};

/// How far git looks for a NUL (`FIRST_FEW_BYTES` in its xdiff-interface.c).
const NUL_WITHIN: u64 = 8000;

/// Finds the facts of a file whose bytes come in pieces, cut anywhere. It holds the first kilobyte and the index, never the file.
#[derive(Debug)]
pub(crate) struct Scanner {
    size: u64,
    /// Lines that have ended.
    ended: u64,
    /// Of these, with CRLF.
    crlf: u64,
    last: u8,
    nul: bool,
    utf8: Utf8Check,
    /// As much of the beginning as tells a pointer of Git LFS from a longer file.
    head: Vec<u8>,
    index: LineIndex,
}

impl Scanner {
    /// Before the first byte.
    pub(crate) fn new() -> Self {
        Self {
            size: 0,
            ended: 0,
            crlf: 0,
            last: 0,
            nul: false,
            utf8: Utf8Check::new(),
            head: Vec::new(),
            index: LineIndex::default(),
        }
    }

    /// Looks at the next piece.
    pub(crate) fn feed(&mut self, piece: &[u8]) {
        let Some(&last) = piece.last() else { return };
        let room = MAX_POINTER.saturating_sub(self.head.len()).min(piece.len());
        self.head.extend_from_slice(&piece[..room]);
        if !self.nul && self.size < NUL_WITHIN {
            let within = usize::try_from(NUL_WITHIN - self.size)
                .unwrap_or(usize::MAX)
                .min(piece.len());
            self.nul = memchr::memchr(0, &piece[..within]).is_some();
        }
        self.utf8.feed(piece);
        for at in memchr::memchr_iter(b'\n', piece) {
            let before = at.checked_sub(1).map_or(self.last, |before| piece[before]);
            self.crlf += u64::from(before == b'\r');
            self.ended += 1;
            self.index.note(Mark {
                line: self.ended,
                offset: self.size + length(&piece[..=at]),
            });
        }
        self.size += length(piece);
        self.last = last;
    }

    /// After the last byte.
    pub(crate) fn finish(mut self) -> TextFacts {
        self.index.end(self.size);
        let final_newline = self.size > 0 && self.last == b'\n';
        TextFacts {
            size: self.size,
            lines: self.ended + u64::from(self.size > 0 && !final_newline),
            encoding: self.encoding(),
            endings: match (self.ended, self.crlf) {
                (0, _) => LineEndings::None,
                (_, 0) => LineEndings::Lf,
                (all, crlf) if all == crlf => LineEndings::CrLf,
                _ => LineEndings::Mixed,
            },
            final_newline,
            lfs: LfsPointer::parse(&self.head),
            index: self.index,
        }
    }

    fn encoding(&self) -> Encoding {
        let head = self.head.as_slice();
        // The mark of little-endian UTF-32 begins like that of UTF-16; it is rare enough to be called binary.
        let utf16 = head.starts_with(&[0xfe, 0xff])
            || (head.starts_with(&[0xff, 0xfe]) && !head.starts_with(&[0xff, 0xfe, 0, 0]));
        if utf16 && self.size.is_multiple_of(2) {
            Encoding::Utf16
        } else if self.nul {
            Encoding::Binary
        } else if !self.utf8.is_valid() {
            Encoding::EightBit
        } else if head.starts_with("\u{feff}".as_bytes()) {
            Encoding::Utf8Bom
        } else {
            Encoding::Utf8
        }
    }
}

/// A length as it is counted in files.
pub(super) fn length(bytes: &[u8]) -> u64 {
    // No slice is longer than `isize::MAX`.
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
