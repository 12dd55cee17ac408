mod examples;
mod lfs;
mod naive;
mod properties;

use std::ops::Range;

use bytes::Bytes;

use super::{Scanner, Source, TextFacts};
use crate::ContentError;

/// A file in memory.
struct Plain(Bytes);

impl Source for Plain {
    async fn bytes(&self, range: Range<u64>) -> Result<Bytes, ContentError> {
        let at = |at: u64| usize::try_from(at).unwrap();
        Ok(self.0.slice(at(range.start)..at(range.end)))
    }
}

fn plain(bytes: &[u8]) -> Plain {
    Plain(Bytes::copy_from_slice(bytes))
}

fn facts(bytes: &[u8]) -> TextFacts {
    let mut scanner = Scanner::new();
    scanner.feed(bytes);
    scanner.finish()
}

/// Polls what never waits: a file in memory is always ready.
fn now<T>(future: impl Future<Output = T>) -> T {
    futures_util::FutureExt::now_or_never(future).expect("it waits for nothing")
}
