use jeton_vault::LedgerEntry;

use crate::chain::{ChainKey, Place};

/// How an entry stands to the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// As it was written.
    Fits,
    /// It is not what was written there.
    Changed,
    /// Numbers are missing before it, the first and the last of them given.
    Missing(u64, u64),
    /// It comes after one with a greater number.
    Backwards,
}

/// Goes along the chain, entry by entry, and goes on after what does not fit, so that one edit is found once.
pub(crate) struct Walk<'k> {
    key: &'k ChainKey,
    last: Place,
    /// After an entry that does not fit: the hash that it should have. Its own hash may be what was changed, and the
    /// next entry then follows this one.
    should_be: Option<[u8; 32]>,
    /// The last hash is not to be trusted, so the next entry cannot be checked.
    blind: bool,
}

impl<'k> Walk<'k> {
    /// From behind a place.
    pub(crate) fn after(key: &'k ChainKey, place: Place) -> Self {
        Self {
            key,
            last: place,
            should_be: None,
            blind: false,
        }
    }

    /// Where it is.
    pub(crate) fn last(&self) -> Place {
        self.last
    }

    /// The next entry cannot be checked.
    pub(crate) fn be_blind(&mut self) {
        self.blind = true;
    }

    /// Goes on behind another place.
    pub(crate) fn jump(&mut self, place: Place) {
        *self = Self::after(self.key, place);
    }

    /// Looks at the next entry.
    pub(crate) fn step(&mut self, entry: &LedgerEntry) -> Step {
        let before = self.last;
        if entry.seq <= before.seq {
            return Step::Backwards;
        }
        let should_be = self.should_be.take();
        let blind = std::mem::take(&mut self.blind);
        self.last = Place {
            seq: entry.seq,
            hash: entry.hash,
        };
        if entry.seq > before.seq + 1 {
            return Step::Missing(before.seq + 1, entry.seq - 1);
        }
        if blind || self.key.fits(&before.hash, entry) || should_be.is_some_and(|hash| self.key.fits(&hash, entry)) {
            return Step::Fits;
        }
        self.should_be = Some(self.key.hash(&before.hash, entry));
        Step::Changed
    }
}
