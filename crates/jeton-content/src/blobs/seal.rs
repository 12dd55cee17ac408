use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use jeton_domain::Entropy;
use zeroize::Zeroizing;

/// The bytes of a file that are sealed together.
pub(super) const FRAME: usize = 64 * 1024;
/// [`FRAME`] as lengths of files are counted.
pub(super) const FRAME_BYTES: u64 = 64 * 1024;
/// By so much a sealed frame is longer.
pub(super) const TAG_BYTES: u64 = 16;

/// The key of this process. It is nowhere else, and AWS-LC wipes it when it goes.
pub(super) struct FrameKey {
    key: LessSafeKey,
    /// Tells the files of this process from those of any other.
    run: [u8; 16],
}

/// A file of this process, by its number. No number is used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileNumber(pub(super) u64);

impl FrameKey {
    pub(super) fn new(entropy: &dyn Entropy) -> Self {
        let (mut bytes, mut run) = (Zeroizing::new([0; 32]), [0; 16]);
        entropy.fill(&mut *bytes);
        entropy.fill(&mut run);
        match UnboundKey::new(&AES_256_GCM, &*bytes) {
            Ok(key) => Self {
                key: LessSafeKey::new(key),
                run,
            },
            Err(_) => unreachable!("AES-256 takes every 32 bytes as a key"),
        }
    }

    /// What the names of this process's files begin with.
    pub(super) fn run(&self) -> u64 {
        let [first, ..] = self.run.as_chunks().0 else {
            return 0;
        };
        u64::from_be_bytes(*first)
    }

    /// Seals a frame where it lies, and puts its tag behind it. Each frame of each file is sealed once, so that each nonce, which
    /// is made of the two numbers, is used once.
    pub(super) fn seal(&self, file: FileNumber, frame: u32, plain: &mut Vec<u8>) {
        let aad = Aad::from(self.place(file, frame));
        match self.key.seal_in_place_append_tag(nonce(file, frame), aad, plain) {
            Ok(()) => {}
            Err(_) => unreachable!("a frame is far smaller than AES-GCM's limit of 64 GiB"),
        }
    }

    /// Opens a frame where it lies, and takes its tag away; says whether it is the one that was sealed.
    #[must_use]
    pub(super) fn open(&self, file: FileNumber, frame: u32, sealed: &mut Vec<u8>) -> bool {
        let aad = Aad::from(self.place(file, frame));
        let plain = self
            .key
            .open_in_place(nonce(file, frame), aad, sealed)
            .map(|plain| plain.len());
        plain.is_ok_and(|length| {
            sealed.truncate(length);
            true
        })
    }

    /// What a frame is bound to beside its bytes.
    fn place(&self, file: FileNumber, frame: u32) -> [u8; 28] {
        let mut place = [0; 28];
        place[..16].copy_from_slice(&self.run);
        place[16..24].copy_from_slice(&file.0.to_be_bytes());
        place[24..].copy_from_slice(&frame.to_be_bytes());
        place
    }
}

fn nonce(file: FileNumber, frame: u32) -> Nonce {
    let mut nonce = [0; 12];
    nonce[..8].copy_from_slice(&file.0.to_be_bytes());
    nonce[8..].copy_from_slice(&frame.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

impl fmt::Debug for FrameKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FrameKey").finish_non_exhaustive()
    }
}
