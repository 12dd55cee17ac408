use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use jeton_vault::{LedgerEntry, LedgerMark};
use jiff::Timestamp;

use crate::LedgerError;

/// What the first entry has in place of a hash before it.
pub(crate) const BEGINNING: [u8; 32] = [0; 32];

/// What keeps an entry's hash, a mark of one name and a mark of another apart: none can stand in for another.
const ENTRY: &[u8] = b"jeton record entry 1\0";
const MARK: &[u8] = b"jeton record mark 1\0";

/// Which place a mark speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum MarkName {
    /// The newest entry.
    Head,
    /// The last entry that was archived and removed.
    Base,
    /// What stands before the first entry of an archived file.
    FileBegin,
    /// The last entry of an archived file.
    FileEnd,
}

impl MarkName {
    fn as_str(self) -> &'static str {
        match self {
            Self::Head => "head",
            Self::Base => "base",
            Self::FileBegin => "file begin",
            Self::FileEnd => "file end",
        }
    }
}

/// A place in the chain: the number of an entry and its hash. [`Place::START`] is before the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) seq: u64,
    pub(crate) hash: [u8; 32],
}

impl Place {
    pub(crate) const START: Self = Self {
        seq: 0,
        hash: BEGINNING,
    };

    pub(crate) fn of(mark: &LedgerMark) -> Self {
        Self {
            seq: mark.seq,
            hash: mark.hash,
        }
    }
}

/// An entry without its number and hash.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) at_ms: i64,
    pub(crate) event: String,
    pub(crate) actor: String,
    pub(crate) actor_name: String,
    pub(crate) fingerprint: Option<String>,
    pub(crate) request_id: Option<String>,
    pub(crate) body: String,
}

impl Draft {
    /// What it takes in memory and in the row, in bytes; about.
    pub(crate) fn size(&self) -> usize {
        let texts = [&self.event, &self.actor, &self.actor_name, &self.body];
        let maybe = [&self.fingerprint, &self.request_id];
        let texts = texts.into_iter().chain(maybe.into_iter().flatten());
        size_of::<Self>() + texts.map(String::len).sum::<usize>()
    }
}

/// The key that chains entries. It lies sealed in the database, so that whoever has only the database has no key.
pub(crate) struct ChainKey(hmac::Key);

impl ChainKey {
    pub(crate) fn new(bytes: &[u8; 32]) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes))
    }

    /// The hash of an entry that comes after one with the hash `before`. The stored hash is not read.
    pub(crate) fn hash(&self, before: &[u8; 32], entry: &LedgerEntry) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(ENTRY);
        context.update(before);
        for number in [entry.seq.to_be_bytes(), entry.at.as_millisecond().to_be_bytes()] {
            field(&mut context, Some(&number));
        }
        for text in [&entry.event, &entry.actor, &entry.actor_name] {
            field(&mut context, Some(text.as_bytes()));
        }
        for text in [&entry.fingerprint, &entry.request_id] {
            field(&mut context, text.as_ref().map(String::as_bytes));
        }
        field(&mut context, Some(entry.body.as_bytes()));
        bytes(context.sign())
    }

    /// Whether an entry's stored hash is the one that it must have there.
    pub(crate) fn fits(&self, before: &[u8; 32], entry: &LedgerEntry) -> bool {
        verify_slices_are_equal(&self.hash(before, entry), &entry.hash).is_ok()
    }

    /// The entries that follow a place.
    pub(crate) fn chain<'d>(
        &self,
        after: Place,
        drafts: impl Iterator<Item = &'d Draft>,
    ) -> Result<Vec<LedgerEntry>, LedgerError> {
        let mut last = after;
        let mut entries = Vec::new();
        for draft in drafts {
            let seq = last.seq.checked_add(1).filter(|seq| i64::try_from(*seq).is_ok());
            let Some(seq) = seq else {
                return Err(LedgerError::Broken("no number is left after the newest".to_owned()));
            };
            let mut entry = LedgerEntry {
                seq,
                at: Timestamp::from_millisecond(draft.at_ms).unwrap_or(Timestamp::UNIX_EPOCH),
                event: draft.event.clone(),
                actor: draft.actor.clone(),
                actor_name: draft.actor_name.clone(),
                fingerprint: draft.fingerprint.clone(),
                request_id: draft.request_id.clone(),
                body: draft.body.clone(),
                hash: BEGINNING,
            };
            entry.hash = self.hash(&last.hash, &entry);
            last = Place { seq, hash: entry.hash };
            entries.push(entry);
        }
        Ok(entries)
    }

    /// A mark on a place.
    pub(crate) fn mark(&self, name: MarkName, place: Place) -> LedgerMark {
        LedgerMark {
            seq: place.seq,
            hash: place.hash,
            mac: bytes(self.mark_context(name, place).sign()),
        }
    }

    /// Whether jeton set this mark.
    pub(crate) fn is_ours(&self, name: MarkName, mark: &LedgerMark) -> bool {
        let right = self.mark_context(name, Place::of(mark)).sign();
        verify_slices_are_equal(right.as_ref(), &mark.mac).is_ok()
    }

    fn mark_context(&self, name: MarkName, place: Place) -> hmac::Context {
        let mut context = hmac::Context::with_key(&self.0);
        context.update(MARK);
        field(&mut context, Some(name.as_str().as_bytes()));
        context.update(&place.seq.to_be_bytes());
        context.update(&place.hash);
        context
    }
}

impl std::fmt::Debug for ChainKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChainKey(****)")
    }
}

/// One field: a marker that it is there, its length, its bytes. No two rows share their bytes.
fn field(context: &mut hmac::Context, value: Option<&[u8]>) {
    match value {
        None => context.update(&[0]),
        Some(value) => {
            context.update(&[1]);
            context.update(&(value.len() as u64).to_be_bytes());
            context.update(value);
        }
    }
}

fn bytes(tag: hmac::Tag) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(tag.as_ref());
    out
}

#[cfg(test)]
mod tests {
    use jeton_vault::LedgerEntry;
    use jiff::Timestamp;

    use super::{BEGINNING, ChainKey, MarkName, Place};

    fn entry() -> LedgerEntry {
        LedgerEntry {
            seq: 7,
            at: Timestamp::from_millisecond(1_793_610_000_123).unwrap(),
            event: "token.granted".to_owned(),
            actor: "anonymous".to_owned(),
            actor_name: "anonymous".to_owned(),
            fingerprint: None,
            request_id: Some("r".to_owned()),
            body: "{}".to_owned(),
            hash: BEGINNING,
        }
    }

    #[test]
    fn the_form_that_is_hashed_never_changes() {
        // Computed apart from this program, by the README's words: entries that are in databases must go on to verify.
        let key = ChainKey::new(&[3; 32]);
        let hash = key.hash(&[5; 32], &entry());
        assert_eq!(
            hex::encode(hash),
            "6d6190527d3496ad14ec6c3931485203d6078d7c536f1f046b6a732159e69207"
        );
        let mark = key.mark(MarkName::Head, Place { seq: 7, hash });
        assert_eq!(
            hex::encode(mark.mac),
            "fab1211e270337ceb34f8e510418be798f4552d14da73ea824462a20ad452548"
        );
    }

    #[test]
    fn no_two_rows_share_their_bytes() {
        let key = ChainKey::new(&[3; 32]);
        let hash = |change: fn(&mut LedgerEntry)| {
            let mut entry = entry();
            change(&mut entry);
            key.hash(&BEGINNING, &entry)
        };
        let hashes = [
            hash(|_| ()),
            hash(|entry| entry.seq = 8),
            hash(|entry| entry.at = Timestamp::UNIX_EPOCH),
            hash(|entry| entry.actor = "anonymou".to_owned()),
            hash(|entry| {
                entry.actor = "anonymousa".to_owned();
                entry.actor_name = "nonymous".to_owned();
            }),
            hash(|entry| entry.fingerprint = Some(String::new())),
            hash(|entry| {
                entry.fingerprint = entry.request_id.take();
            }),
            hash(|entry| entry.request_id = None),
            hash(|entry| entry.body = "{} ".to_owned()),
            key.hash(&[1; 32], &entry()),
        ];
        for (index, one) in hashes.iter().enumerate() {
            assert!(hashes.iter().skip(index + 1).all(|other| other != one), "{index}");
        }
    }

    #[test]
    fn a_mark_is_of_one_name_place_and_key() {
        let key = ChainKey::new(&[3; 32]);
        let place = Place { seq: 7, hash: [9; 32] };
        let mark = key.mark(MarkName::Head, place);
        assert!(key.is_ours(MarkName::Head, &mark));
        for name in [MarkName::Base, MarkName::FileBegin, MarkName::FileEnd] {
            assert!(!key.is_ours(name, &mark));
        }
        assert!(!ChainKey::new(&[4; 32]).is_ours(MarkName::Head, &mark));
        let mut moved = mark.clone();
        moved.seq = 8;
        assert!(!key.is_ours(MarkName::Head, &moved));
    }
}
