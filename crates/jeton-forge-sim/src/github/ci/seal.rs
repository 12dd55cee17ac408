//! Key pairs of secrets, and opening what was sealed for them.
//!
//! This is libsodium's `crypto_box_seal_open`, put together from its parts so that a client's library is not tried
//! against itself.

use aws_lc_rs::agreement::{PrivateKey, UnparsedPublicKey, X25519, agree};
use blake2::Blake2b;
use blake2::digest::Digest as _;
use blake2::digest::consts::U24;
use poly1305::Poly1305;
use salsa20::XSalsa20;
use salsa20::cipher::consts::U10;
use salsa20::cipher::{KeyInit as _, KeyIvInit as _, StreamCipher as _};

/// The ephemeral public key in front.
const KEY: usize = 32;
/// The Poly1305 tag behind it.
const TAG: usize = 16;

/// An X25519 key pair. Deliberately without `Debug`.
#[derive(Clone)]
pub(crate) struct KeyPair {
    private: [u8; KEY],
    pub(crate) public: [u8; KEY],
}

impl KeyPair {
    /// The pair of these private bytes. `None`: they are of no use, as of no bytes is known.
    pub(crate) fn of(private: [u8; KEY]) -> Option<Self> {
        let key = PrivateKey::from_private_key(&X25519, &private).ok()?;
        let public = key.compute_public_key().ok()?;
        let public = public.as_ref().try_into().ok()?;
        Some(Self { private, public })
    }

    /// Opens a sealed box; `None`: it was not sealed for this pair, or was changed since.
    pub(crate) fn open(&self, sealed: &[u8]) -> Option<Vec<u8>> {
        let (ephemeral, boxed) = sealed.split_at_checked(KEY)?;
        let (tag, ciphertext) = boxed.split_at_checked(TAG)?;
        let mut hash = Blake2b::<U24>::new();
        hash.update(ephemeral);
        hash.update(self.public);
        let nonce = hash.finalize();
        let private = PrivateKey::from_private_key(&X25519, &self.private).ok()?;
        let peer = UnparsedPublicKey::new(&X25519, ephemeral);
        agree(&private, peer, (), |shared| {
            let shared: [u8; KEY] = shared.try_into().map_err(|_| ())?;
            // The key of the box: HSalsa20 of the agreed bytes and a block of zeros.
            let key = salsa20::hsalsa::<U10>(&shared.into(), &[0; 16].into());
            let mut cipher = XSalsa20::new(&key, &nonce);
            // The first 32 bytes of the stream are the key of the tag.
            let mut tag_key = [0; KEY];
            cipher.apply_keystream(&mut tag_key);
            let expected = Poly1305::new(&tag_key.into()).compute_unpadded(ciphertext);
            if expected.as_slice() != tag {
                return Err(());
            }
            let mut plain = ciphertext.to_vec();
            cipher.apply_keystream(&mut plain);
            Ok(plain)
        })
        .ok()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// The private key is the bytes 0 to 31.
    fn pair() -> KeyPair {
        let mut private = [0; 32];
        for (place, value) in private.iter_mut().zip(0_u8..) {
            *place = value;
        }
        KeyPair::of(private).unwrap()
    }

    /// Made with libsodium's `crypto_box_easy` and opened with its `crypto_box_seal_open`; the ephemeral private key
    /// is the bytes 100 to 131.
    const SEALED_HELLO: &str = "fZwkMWU5glwYluV/KBl3Rnk85gy+461H2p0HuF+lXirViBuAVNXXmrGMa4qnsmhEk5pB9Gk=";
    const SEALED_EMPTY: &str = "fZwkMWU5glwYluV/KBl3Rnk85gy+461H2p0HuF+lXip0WNfLlKQuGmoM2pTcex03";
    /// The bytes 0 to 149, which is more than two blocks of the stream.
    const SEALED_LONG: &str = "fZwkMWU5glwYluV/KBl3Rnk85gy+461H2p0HuF+lXipika51lGh/oX3gDSjk4BAV+/4vmwJ8UTZZzaaPkFp38\
                               5NnowWc4XIQFySMPSI1Cr0ddXexCdHnZ6uiloJ911WiLeDpyPLt0xErrEiEQv897kZ0hYOwtBHQLcu2H3l9c7O\
                               4ImUCZTQJBV/k483O3V+//ACZzWT9XjfSRYYk+A4W/KNZceo8LLkULHWc8yu7jVeCK9Vk4fhUEi5K0etlgj0mn\
                               I3xmMH2";

    #[test]
    fn the_public_key_is_libsodiums() {
        let public = hex::encode(pair().public);
        assert_eq!(
            public,
            "8f40c5adb68f25624ae5b214ea767a6ec94d829d3d7b5e1ad1ba6f3e2138285f"
        );
    }

    #[test]
    fn what_libsodium_sealed_is_opened() {
        let open = |text: &str| pair().open(&STANDARD.decode(text).unwrap());
        assert_eq!(open(SEALED_HELLO).unwrap(), b"hello");
        assert_eq!(open(SEALED_EMPTY).unwrap(), b"");
        let long: Vec<u8> = (0..150).collect();
        assert_eq!(open(SEALED_LONG).unwrap(), long);
    }

    #[test]
    fn a_changed_or_foreign_box_stays_closed() {
        let sealed = STANDARD.decode(SEALED_HELLO).unwrap();
        for place in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[place] ^= 1;
            assert_eq!(pair().open(&changed), None, "byte {place}");
        }
        for length in 0..sealed.len() {
            assert_eq!(pair().open(&sealed[..length]), None, "{length} bytes");
        }
        assert_eq!(KeyPair::of([7; 32]).unwrap().open(&sealed), None);
        assert_eq!(pair().open(&[0; 64]), None, "a key of zeros agrees on nothing");
    }
}
