use std::fmt;

/// Names a sealing key: the first 12 hex digits of the SHA-256 of the key's bytes. Safe to show.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId(String);

impl KeyId {
    /// Takes 12 lower-case hex digits.
    ///
    /// # Errors
    /// [`SealedError::BadKeyId`] for anything else.
    pub fn parse(text: &str) -> Result<Self, SealedError> {
        let ok = text.len() == 12 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(SealedError::BadKeyId)
        }
    }

    /// The 12 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({})", self.0)
    }
}

/// Where a sealed value stands: table, column and row. A value is bound to its place, so that a row copied
/// over another one does not open.
#[derive(Debug, Clone, Copy)]
pub struct RowRef<'a> {
    /// The table's name.
    pub table: &'static str,
    /// The column's name.
    pub column: &'static str,
    /// The row's primary key as text.
    pub row: &'a str,
}

impl RowRef<'_> {
    /// The bytes that the seal authenticates besides the secret. Parts are length-prefixed: no two places share them.
    pub fn to_bytes(self) -> Vec<u8> {
        let mut out = Vec::with_capacity(48 + self.row.len());
        for part in [self.table, self.column, self.row] {
            out.extend_from_slice(&(part.len() as u64).to_be_bytes());
            out.extend_from_slice(part.as_bytes());
        }
        out
    }
}

impl fmt::Display for RowRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} of row {}", self.table, self.column, self.row)
    }
}

/// A locked secret as the database holds it. Only `jeton-seal` knows what the bytes mean.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// Bytes that came from `jeton-seal`, or that were read back from a row.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({} bytes)", self.0.len())
    }
}

/// What is wrong with the outside of a sealed value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealedError {
    /// Not 12 hex digits.
    #[error("a key id is 12 lower-case hex digits")]
    BadKeyId,
}

#[cfg(test)]
mod tests {
    use super::RowRef;

    #[test]
    fn no_two_places_share_their_bytes() {
        let a = RowRef {
            table: "apps",
            column: "key",
            row: "1",
        }
        .to_bytes();
        let b = RowRef {
            table: "app",
            column: "skey",
            row: "1",
        }
        .to_bytes();
        let c = RowRef {
            table: "apps",
            column: "key",
            row: "12",
        }
        .to_bytes();
        assert_ne!(a, b);
        assert_ne!(a, c);
    }
}
