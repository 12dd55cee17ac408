use aws_lc_rs::digest::{Context, Digest, SHA1_FOR_LEGACY_USE_ONLY, SHA256};
use jeton_domain::ObjectId;

use crate::{ContentError, TextFacts, text::Scanner};

/// Finds a file's id and its facts while its bytes come by.
pub(super) struct Measure {
    sha256: bool,
    /// `None` while the length is not known: git's id begins with it, so it has to be computed afterwards.
    hash: Option<Context>,
    scanner: Scanner,
}

impl Measure {
    /// For a file of this length, where it is known. `sha256` as in the id that it should have.
    pub(super) fn new(sha256: bool, length: Option<u64>) -> Self {
        Self {
            sha256,
            hash: length.map(|length| begin(sha256, length)),
            scanner: Scanner::new(),
        }
    }

    /// Looks at the next piece.
    pub(super) fn feed(&mut self, piece: &[u8]) {
        if let Some(hash) = &mut self.hash {
            hash.update(piece);
        }
        self.scanner.feed(piece);
    }

    /// After the last piece. `again` gives all the pieces once more, if the length was not known before.
    pub(super) fn finish(
        self,
        again: impl FnOnce(&mut dyn FnMut(&[u8])) -> Result<(), ContentError>,
    ) -> Result<(ObjectId, TextFacts), ContentError> {
        let facts = self.scanner.finish();
        let hash = if let Some(hash) = self.hash {
            hash
        } else {
            let mut hash = begin(self.sha256, facts.size);
            again(&mut |piece| hash.update(piece))?;
            hash
        };
        let digest = hash.finish();
        let id = if self.sha256 {
            ObjectId::sha256(array(&digest)?)
        } else {
            ObjectId::sha1(array(&digest)?)
        };
        Ok((id, facts))
    }
}

/// The id of a blob is the hash of the word, its length in decimal, a NUL and its bytes (git's `hash-object`).
fn begin(sha256: bool, length: u64) -> Context {
    let algorithm = if sha256 { &SHA256 } else { &SHA1_FOR_LEGACY_USE_ONLY };
    let mut hash = Context::new(algorithm);
    hash.update(format!("blob {length}\0").as_bytes());
    hash
}

fn array<const N: usize>(digest: &Digest) -> Result<[u8; N], ContentError> {
    digest
        .as_ref()
        .try_into()
        .map_err(|_| ContentError::Internal("a hash has another length than its kind"))
}
