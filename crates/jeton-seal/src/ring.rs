use std::{collections::BTreeMap, fmt, sync::Arc};

use arc_swap::ArcSwap;
use jeton_domain::{Entropy, KeyId, RowRef, Sealed, Secret};
use zeroize::Zeroizing;

use crate::{
    DataKey, SealError,
    aead::{AeadKey, NONCE},
};

/// The version of a sealed value.
const VERSION: u8 = 1;
const KEY_ID: usize = 6;
const PLACE: usize = 16;
const HEAD: usize = 1 + KEY_ID + PLACE;

/// The data keys of a vault, ready to lock with one and to open with any. Whoever shares a ring sees at once when its keys
/// are replaced.
pub struct KeyRing(ArcSwap<Keys>);

/// What a ring holds at one time.
struct Keys {
    sealing: KeyId,
    all: BTreeMap<KeyId, Arc<AeadKey>>,
    /// Those that were in it until now. Somebody may have read a value of theirs just before it was sealed anew and the key
    /// retired, and is about to open it.
    leaving: BTreeMap<KeyId, Arc<AeadKey>>,
}

impl Keys {
    fn new(others: impl IntoIterator<Item = DataKey>, sealing: &DataKey) -> Self {
        let mut all: BTreeMap<_, _> = others
            .into_iter()
            .map(|key| (key.id().clone(), Arc::new(key.to_aead())))
            .collect();
        all.insert(sealing.id().clone(), Arc::new(sealing.to_aead()));
        Self {
            sealing: sealing.id().clone(),
            all,
            leaving: BTreeMap::new(),
        }
    }
}

impl KeyRing {
    /// A ring of at least one key: `sealing` locks, and all of them open.
    pub fn new(others: impl IntoIterator<Item = DataKey>, sealing: &DataKey) -> Self {
        Self(ArcSwap::from_pointee(Keys::new(others, sealing)))
    }

    /// Puts other keys in the place of those that it has. A value that is being locked meanwhile is locked with the keys
    /// before or with those after. What is left out still opens what was read before, until keys are replaced again.
    pub fn replace(&self, others: impl IntoIterator<Item = DataKey>, sealing: &DataKey) {
        let mut keys = Keys::new(others, sealing);
        let before = self.0.load();
        let left_out = before.all.iter().filter(|(id, _)| !keys.all.contains_key(id));
        keys.leaving = left_out.map(|(id, key)| (id.clone(), Arc::clone(key))).collect();
        self.0.store(Arc::new(keys));
    }

    /// The key that locks new values.
    pub fn sealing(&self) -> KeyId {
        self.0.load().sealing.clone()
    }

    /// Whether values of this key open.
    pub fn holds(&self, id: &KeyId) -> bool {
        self.0.load().all.contains_key(id)
    }

    /// Whether a value names a data key that is not in the ring. Not so for bytes that are no sealed value at all.
    pub fn lacks_key_of(&self, sealed: &Sealed) -> bool {
        named_by(sealed).is_some_and(|id| !self.holds(&id))
    }

    /// Locks a secret for one place in the database.
    pub fn seal(&self, secret: &Secret, place: RowRef<'_>, entropy: &dyn Entropy) -> Sealed {
        let keys = self.0.load();
        let plain = secret.expose().as_bytes();
        let mut out = Vec::with_capacity(HEAD + NONCE + plain.len() + 16);
        out.push(VERSION);
        out.extend_from_slice(&id_bytes(&keys.sealing));
        out.extend_from_slice(&place_bytes(place));
        let head = out.clone();
        match keys.all.get(&keys.sealing) {
            Some(key) => key.lock(&mut out, &head, plain, entropy),
            None => unreachable!("a ring always holds the key that it locks with"),
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
        let id = named_by(sealed).ok_or_else(tampered)?;
        let (head, locked) = sealed.as_bytes().split_at(HEAD);
        if locked.len() < NONCE + 16 {
            return Err(tampered());
        }
        let keys = self.0.load();
        let Some(key) = keys.all.get(&id).or_else(|| keys.leaving.get(&id)) else {
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

    /// Locks a value anew for its place, with the key that locks now.
    ///
    /// # Errors
    /// As [`KeyRing::open`]: what does not open is not locked anew.
    pub fn reseal(&self, sealed: &Sealed, place: RowRef<'_>, entropy: &dyn Entropy) -> Result<Sealed, SealError> {
        Ok(self.seal(&self.open(sealed, place)?, place, entropy))
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let keys = self.0.load();
        f.debug_struct("KeyRing")
            .field("sealing", &keys.sealing)
            .field("keys", &keys.all.len())
            .finish()
    }
}

/// The data key that a value names.
fn named_by(sealed: &Sealed) -> Option<KeyId> {
    let head = sealed.as_bytes().get(..HEAD).filter(|head| head[0] == VERSION)?;
    KeyId::parse(&hex::encode(&head[1..=KEY_ID])).ok()
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
pub(crate) mod tests {
    use std::sync::atomic::{AtomicU8, Ordering};

    use jeton_domain::{Entropy, Fingerprint, KeyId, RowRef, Sealed, Secret};

    use super::KeyRing;
    use crate::{DataKey, SealError, SealingKey};

    #[derive(Debug, Default)]
    pub(crate) struct Counting(AtomicU8);
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
                given: vec![wrong.id().clone()]
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

    #[test]
    fn a_ring_whose_keys_are_replaced_locks_with_the_new_one_and_soon_forgets_those_left_out() {
        let entropy = Counting::default();
        let [first, second, third] = [(); 3].map(|()| DataKey::generate(&entropy));
        let ring = KeyRing::new([], &first);
        let shared = &ring;
        let old = shared.seal(&Secret::new("old"), HERE, &entropy);
        // Known before anything is locked with it.
        ring.replace([DataKey::clone(&second)], &first);
        assert!(shared.holds(second.id()) && shared.sealing() == *first.id());
        ring.replace([first.clone()], &second);
        let new = shared.reseal(&old, HERE, &entropy).unwrap();
        assert!(matches!(
            shared.reseal(&old, THERE, &entropy),
            Err(SealError::Swapped { .. })
        ));
        ring.replace([], &second);
        assert!(!shared.holds(first.id()));
        let on_its_way = shared.open(&old, HERE);
        assert_eq!(on_its_way.unwrap().expose(), "old");
        ring.replace([third], &second);
        assert_eq!(shared.open(&new, HERE).unwrap().expose(), "old");
        assert!(shared.lacks_key_of(&old) && !shared.lacks_key_of(&new));
        assert!(!shared.lacks_key_of(&Sealed::from_bytes(vec![1; 7])));
        assert!(matches!(
            shared.open(&old, HERE),
            Err(SealError::UnknownDataKey { key, .. }) if key == *first.id()
        ));
    }
}
