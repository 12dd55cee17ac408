use std::{collections::BTreeMap, fmt};

use jeton_domain::{Entropy, KeyId, RowRef, Sealed, Secret};
use zeroize::Zeroizing;

use crate::{
    SealError, SealingKey,
    aead::{AeadKey, NONCE},
    sealing_key::key_id,
};

const VERSION: u8 = 1;
const KEY_ID: usize = 6;
const PLACE: usize = 16;
const HEAD: usize = 1 + KEY_ID + PLACE;

/// A data key in the open, on its way into the database (wrapped) or into a [`KeyRing`].
pub struct DataKey {
    id: KeyId,
    bytes: Zeroizing<[u8; 32]>,
}

impl DataKey {
    /// A new key.
    pub fn generate(entropy: &dyn Entropy) -> Self {
        let mut bytes = Zeroizing::new([0_u8; 32]);
        entropy.fill(bytes.as_mut());
        Self {
            id: key_id(bytes.as_ref()),
            bytes,
        }
    }

    /// What may be shown of it.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// Locks the key with the sealing key, for the table `data_keys`.
    pub fn wrap(&self, with: &SealingKey, entropy: &dyn Entropy) -> Sealed {
        let mut out = vec![VERSION];
        AeadKey::new(with.bytes()).lock(&mut out, &wrap_place(&self.id), self.bytes.as_ref(), entropy);
        Sealed::from_bytes(out)
    }

    /// Opens a wrapped key.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] when another sealing key wraps it, [`SealError::Tampered`] when the row was changed.
    pub fn unwrap(id: &KeyId, wrapped: &Sealed, wrapped_by: &KeyId, with: &SealingKey) -> Result<Self, SealError> {
        if wrapped_by != with.id() {
            return Err(SealError::WrongKey {
                wanted: wrapped_by.clone(),
                given: with.id().clone(),
            });
        }
        let tampered = || SealError::Tampered {
            place: format!("data_keys.wrapped of row {id}"),
        };
        let mut locked = Zeroizing::new(wrapped.as_bytes().to_vec());
        if locked.first() != Some(&VERSION) {
            return Err(tampered());
        }
        let length = AeadKey::new(with.bytes())
            .open(&mut locked[1..], &wrap_place(id))
            .ok_or_else(tampered)?;
        let mut bytes = Zeroizing::new([0_u8; 32]);
        let plain = locked
            .get(1 + NONCE..1 + NONCE + length)
            .filter(|plain| plain.len() == 32)
            .ok_or_else(tampered)?;
        bytes.copy_from_slice(plain);
        if key_id(bytes.as_ref()) != *id {
            return Err(tampered());
        }
        Ok(Self { id: id.clone(), bytes })
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DataKey({})", self.id)
    }
}

fn wrap_place(id: &KeyId) -> Vec<u8> {
    RowRef {
        table: "data_keys",
        column: "wrapped",
        row: id.as_str(),
    }
    .to_bytes()
}

/// The data keys of a vault, ready to lock with the newest and to open with any.
pub struct KeyRing {
    newest: KeyId,
    keys: BTreeMap<KeyId, AeadKey>,
}

impl KeyRing {
    /// A ring of at least one key; the last one locks.
    pub fn new(older: impl IntoIterator<Item = DataKey>, newest: &DataKey) -> Self {
        let mut keys: BTreeMap<_, _> = older
            .into_iter()
            .map(|key| (key.id.clone(), AeadKey::new(&key.bytes)))
            .collect();
        keys.insert(newest.id.clone(), AeadKey::new(&newest.bytes));
        Self {
            newest: newest.id.clone(),
            keys,
        }
    }

    /// The key that locks new values.
    pub fn newest(&self) -> &KeyId {
        &self.newest
    }

    /// Locks a secret for one place in the database.
    pub fn seal(&self, secret: &Secret, place: RowRef<'_>, entropy: &dyn Entropy) -> Sealed {
        let plain = secret.expose().as_bytes();
        let mut out = Vec::with_capacity(HEAD + NONCE + plain.len() + 16);
        out.push(VERSION);
        out.extend_from_slice(&id_bytes(&self.newest));
        out.extend_from_slice(&place_bytes(place));
        let head = out.clone();
        match self.keys.get(&self.newest) {
            Some(key) => key.lock(&mut out, &head, plain, entropy),
            None => unreachable!("a ring always holds its newest key"),
        }
        Sealed::from_bytes(out)
    }

    /// Opens a value that was locked for this place.
    ///
    /// # Errors
    /// [`SealError::Swapped`] for a whole value of another place, [`SealError::Tampered`] for changed bytes,
    /// [`SealError::UnknownDataKey`] for a key that is not in the ring.
    pub fn open(&self, sealed: &Sealed, place: RowRef<'_>) -> Result<Secret, SealError> {
        let tampered = || SealError::Tampered {
            place: place.to_string(),
        };
        let bytes = sealed.as_bytes();
        if bytes.len() < HEAD + NONCE + 16 || bytes[0] != VERSION {
            return Err(tampered());
        }
        let (head, locked) = bytes.split_at(HEAD);
        let id = KeyId::parse(&hex::encode(&head[1..=KEY_ID])).map_err(|_| tampered())?;
        let Some(key) = self.keys.get(&id) else {
            return Err(SealError::UnknownDataKey {
                place: place.to_string(),
                key: id,
            });
        };
        let mut locked = Zeroizing::new(locked.to_vec());
        let length = key.open(&mut locked, head).ok_or_else(tampered)?;
        if head[1 + KEY_ID..] != place_bytes(place) {
            // The bytes are authentic, so they were moved, not changed.
            return Err(SealError::Swapped {
                place: place.to_string(),
            });
        }
        let plain = locked.get(NONCE..NONCE + length).ok_or_else(tampered)?;
        std::str::from_utf8(plain).map(Secret::new).map_err(|_| tampered())
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("newest", &self.newest)
            .field("keys", &self.keys.len())
            .finish()
    }
}

fn id_bytes(id: &KeyId) -> [u8; KEY_ID] {
    let mut out = [0_u8; KEY_ID];
    if hex::decode_to_slice(id.as_str(), &mut out).is_err() {
        unreachable!("a key id is 12 hex digits");
    }
    out
}

fn place_bytes(place: RowRef<'_>) -> [u8; PLACE] {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &place.to_bytes());
    let mut out = [0_u8; PLACE];
    out.copy_from_slice(&digest.as_ref()[..PLACE]);
    out
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use jeton_domain::{Entropy, Fingerprint, KeyId, RowRef, Sealed, Secret};

    use super::{DataKey, KeyRing};
    use crate::{SealError, SealingKey};

    #[derive(Debug, Default)]
    struct Counting(AtomicU8);
    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill_with(|| self.0.fetch_add(1, Ordering::Relaxed));
        }
    }

    const HERE: RowRef<'_> = RowRef {
        table: "apps",
        column: "private_key",
        row: "1",
    };
    const THERE: RowRef<'_> = RowRef {
        table: "apps",
        column: "private_key",
        row: "2",
    };

    #[test]
    fn what_was_sealed_opens_in_its_place_only() {
        let entropy = Counting::default();
        let ring = KeyRing::new([], &DataKey::generate(&entropy));
        let sealed = ring.seal(&Secret::new("planted"), HERE, &entropy);
        assert_eq!(ring.open(&sealed, HERE).unwrap().expose(), "planted");
        assert!(matches!(ring.open(&sealed, THERE), Err(SealError::Swapped { .. })));
        assert!(!sealed.as_bytes().windows(7).any(|window| window == b"planted"));
    }

    #[test]
    fn every_changed_byte_shows() {
        let entropy = Counting::default();
        let ring = KeyRing::new([], &DataKey::generate(&entropy));
        let sealed = ring.seal(&Secret::new("x"), HERE, &entropy);
        for index in 0..sealed.as_bytes().len() {
            let mut bytes = sealed.as_bytes().to_vec();
            bytes[index] ^= 1;
            let error = ring.open(&Sealed::from_bytes(bytes), HERE).unwrap_err();
            assert!(
                matches!(error, SealError::Tampered { .. } | SealError::UnknownDataKey { .. }),
                "byte {index}"
            );
        }
        for length in 0..sealed.as_bytes().len() {
            let cut = Sealed::from_bytes(sealed.as_bytes()[..length].to_vec());
            assert!(
                matches!(ring.open(&cut, HERE), Err(SealError::Tampered { .. })),
                "cut to {length}"
            );
        }
    }

    #[test]
    fn a_data_key_opens_with_its_own_sealing_key_only() {
        let entropy = Counting::default();
        let (right, wrong) = (SealingKey::generate(&entropy), SealingKey::generate(&entropy));
        let data = DataKey::generate(&entropy);
        let wrapped = data.wrap(&right, &entropy);
        assert!(DataKey::unwrap(data.id(), &wrapped, right.id(), &right).is_ok());
        let error = DataKey::unwrap(data.id(), &wrapped, right.id(), &wrong).unwrap_err();
        assert_eq!(
            error,
            SealError::WrongKey {
                wanted: right.id().clone(),
                given: wrong.id().clone()
            }
        );
        let mut bytes = wrapped.as_bytes().to_vec();
        bytes[20] ^= 1;
        let changed = DataKey::unwrap(data.id(), &Sealed::from_bytes(bytes), right.id(), &right);
        assert!(matches!(changed, Err(SealError::Tampered { .. })));
        let other = KeyId::parse(Fingerprint::of_bytes(b"other").as_str()).unwrap();
        assert!(DataKey::unwrap(&other, &wrapped, right.id(), &right).is_err());
    }

    #[test]
    fn old_values_open_after_a_new_key_and_new_ones_use_it() {
        let entropy = Counting::default();
        let first = DataKey::generate(&entropy);
        let sealed = KeyRing::new([], &first).seal(&Secret::new("old"), HERE, &entropy);
        let second = DataKey::generate(&entropy);
        let ring = KeyRing::new([first], &second);
        assert_eq!(ring.open(&sealed, HERE).unwrap().expose(), "old");
        let alone = KeyRing::new([], &second);
        assert!(matches!(
            alone.open(&sealed, HERE),
            Err(SealError::UnknownDataKey { .. })
        ));
        let newer = ring.seal(&Secret::new("new"), HERE, &entropy);
        assert_eq!(alone.open(&newer, HERE).unwrap().expose(), "new");
    }
}
