use std::sync::Mutex;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use jeton_domain::Entropy;

use super::{KEY, SystemEntropy, seal};

/// Gives these bytes, and no others.
#[derive(Debug)]
struct Given(Mutex<Vec<u8>>);

impl Entropy for Given {
    fn fill(&self, buffer: &mut [u8]) {
        let mut rest = self.0.lock().unwrap();
        let taken: Vec<u8> = rest.drain(..buffer.len()).collect();
        buffer.copy_from_slice(&taken);
    }
}

/// libsodium's public key of the secret key 00 01 … 1f.
const PUBLIC: [u8; KEY] = [
    0x8f, 0x40, 0xc5, 0xad, 0xb6, 0x8f, 0x25, 0x62, 0x4a, 0xe5, 0xb2, 0x14, 0xea, 0x76, 0x7a, 0x6e, 0xc9, 0x4d, 0x82,
    0x9d, 0x3d, 0x7b, 0x5e, 0x1a, 0xd1, 0xba, 0x6f, 0x3e, 0x21, 0x38, 0x28, 0x5f,
];

#[test]
fn boxes_are_those_of_libsodium() {
    // made with libsodium 1.0.18, which opened them again; the ephemeral secret key is 64 65 … 83
    for (text, want) in [
        (
            "hello",
            "fZwkMWU5glwYluV/KBl3Rnk85gy+461H2p0HuF+lXirViBuAVNXXmrGMa4qnsmhEk5pB9Gk=",
        ),
        ("", "fZwkMWU5glwYluV/KBl3Rnk85gy+461H2p0HuF+lXip0WNfLlKQuGmoM2pTcex03"),
    ] {
        let ephemeral = Given(Mutex::new((100..132).collect()));
        let sealed = seal(&ephemeral, PUBLIC, text.as_bytes()).unwrap();
        assert_eq!(STANDARD.encode(&sealed), want, "{text:?}");
        assert_eq!(sealed.len(), text.len() + 48);
    }
}

#[test]
fn no_two_boxes_are_the_same() {
    let seal = || seal(&SystemEntropy, PUBLIC, b"hello").unwrap();
    assert_ne!(seal(), seal());
}
