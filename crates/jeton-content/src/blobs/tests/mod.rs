mod coming;
mod deserted;
mod disk;
mod joined;
mod room;
mod slow;
mod whole;

use std::{
    fmt::Write as _,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use jeton_domain::{Entropy, ObjectId};
use jeton_forge::content::BlobStream;
use jeton_outbound::OutboundError;
use tokio::sync::mpsc;

use super::{BlobSettings, Blobs, measure::Measure, seal::FRAME};
use crate::ContentError;

/// Larger than what is in memory in these tests.
const LARGE: usize = 5 * FRAME + 321;
const SMALL: u64 = 64 * 1024;

/// Bytes that differ, and that come again.
#[derive(Debug)]
struct Numbers(AtomicU64);

impl Entropy for Numbers {
    fn fill(&self, buffer: &mut [u8]) {
        for byte in buffer {
            let number = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::Relaxed);
            *byte = (number ^ (number >> 29)).to_be_bytes()[0];
        }
    }
}

fn numbers(seed: u64) -> Numbers {
    Numbers(AtomicU64::new(seed.wrapping_mul(0xd134_2543_de82_ef95)))
}

fn settings(directory: Option<&Path>) -> BlobSettings {
    BlobSettings {
        memory_bytes: 1024 * 1024,
        disk_bytes: 8 * 1024 * 1024,
        directory: directory.map(Path::to_owned),
        largest_in_memory: SMALL,
    }
}

fn blobs(settings: BlobSettings) -> Blobs {
    Blobs::new(settings, 4 * 1024 * 1024, &numbers(7))
}

/// Text that is nowhere the same.
fn file(length: usize, seed: u64) -> Bytes {
    let mut text = String::with_capacity(length + 32);
    let mut line = 0;
    while text.len() < length {
        writeln!(text, "{seed:04x}, line {line:08x} of it").unwrap();
        line += 1;
    }
    text.truncate(length);
    text.into()
}

fn id_of(bytes: &[u8]) -> ObjectId {
    let mut measure = Measure::new(false, Some(bytes.len() as u64));
    measure.feed(bytes);
    measure.finish(|_| Ok(())).unwrap().0
}

/// A forge that sends what the test says, when it says it.
type Forge = mpsc::UnboundedSender<Result<Bytes, OutboundError>>;

fn forge(size: Option<usize>) -> (Forge, BlobStream) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let bytes = stream::unfold(receiver, |mut receiver| async move {
        Some((receiver.recv().await?, receiver))
    });
    let stream = BlobStream {
        size: size.map(|size| size as u64),
        bytes: bytes.boxed(),
    };
    (sender, stream)
}

/// A stream that has all at once, in pieces of this size.
fn at_once(bytes: &Bytes, size: Option<usize>, piece: usize) -> BlobStream {
    let (forge, stream) = forge(size);
    for start in (0..bytes.len()).step_by(piece) {
        forge
            .send(Ok(bytes.slice(start..(start + piece).min(bytes.len()))))
            .unwrap();
    }
    stream
}

/// The forge that most tests are about.
fn scope() -> Arc<str> {
    Arc::from("github https://api.github.com")
}

fn named(name: &str) -> Arc<str> {
    Arc::from(name)
}

/// All of a stream, whose pieces are small enough to be held by many.
async fn all(mut stream: stream::BoxStream<'static, Result<Bytes, ContentError>>) -> Result<Vec<u8>, ContentError> {
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        assert!(!piece.is_empty());
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

/// The names of the cache's files in a directory.
fn names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.ends_with(".sealed")).collect()
}
