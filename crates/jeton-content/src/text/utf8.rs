/// Tells whether bytes that come in pieces are UTF-8, without holding more than the beginning of one character.
#[derive(Debug)]
pub(super) struct Utf8Check {
    /// The bytes of a character that the last piece broke off.
    open: [u8; 4],
    open_len: usize,
    valid: bool,
}

impl Utf8Check {
    pub(super) fn new() -> Self {
        Self {
            open: [0; 4],
            open_len: 0,
            valid: true,
        }
    }

    /// Looks at the next piece.
    pub(super) fn feed(&mut self, mut piece: &[u8]) {
        while self.valid && self.open_len > 0 {
            let Some((&byte, rest)) = piece.split_first() else {
                return;
            };
            piece = rest;
            self.open[self.open_len] = byte;
            self.open_len += 1;
            match std::str::from_utf8(&self.open[..self.open_len]) {
                Ok(_) => self.open_len = 0,
                // Never with four bytes: then it is a character or it is none.
                Err(error) if error.error_len().is_none() => {}
                Err(_) => self.valid = false,
            }
        }
        if !self.valid {
            return;
        }
        if let Err(error) = std::str::from_utf8(piece) {
            let rest = &piece[error.valid_up_to()..];
            if error.error_len().is_none() {
                self.open[..rest.len()].copy_from_slice(rest);
                self.open_len = rest.len();
            } else {
                self.valid = false;
            }
        }
    }

    /// Whether all that came is whole characters.
    pub(super) fn is_valid(&self) -> bool {
        self.valid && self.open_len == 0
    }
}
