use std::fmt;

use jeton_domain::{Entropy, KeyId, RowRef, Sealed};
use zeroize::Zeroizing;

use crate::{
    SealError, SealingKey,
    aead::{AeadKey, NONCE},
    sealing_key::key_id,
};

/// The version of a wrapped key.
const VERSION: u8 = 1;

/// A data key in the open, on its way into the database (wrapped) or into a [`KeyRing`](crate::KeyRing).
#[derive(Clone)]
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

    /// The key as a [`KeyRing`](crate::KeyRing) uses it.
    pub(crate) fn to_aead(&self) -> AeadKey {
        AeadKey::new(&self.bytes)
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
                given: vec![with.id().clone()],
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
