use std::{fmt, ops::Range, sync::Arc};

use bytes::Bytes;
use futures_util::{
    FutureExt as _, StreamExt as _,
    stream::{self, BoxStream},
};
use jeton_domain::ObjectId;

use super::{
    blocking,
    file::{Reader, SealedFile},
    to_usize,
};
use crate::{
    ContentError, TextFacts,
    text::{Lines, Source},
};

/// A whole file, whose bytes are those that its id names. Cheap to clone. While somebody has it, it can be read, whatever leaves the
/// cache.
#[derive(Clone)]
pub struct Blob(Arc<Held>);

struct Held {
    id: ObjectId,
    facts: TextFacts,
    body: Body,
}

enum Body {
    Memory(Bytes),
    Sealed(Arc<SealedFile>),
}

impl Blob {
    pub(super) fn memory(id: ObjectId, facts: TextFacts, bytes: Bytes) -> Self {
        Self(Arc::new(Held {
            id,
            facts,
            body: Body::Memory(bytes),
        }))
    }

    pub(super) fn sealed(id: ObjectId, facts: TextFacts, file: Arc<SealedFile>) -> Self {
        Self(Arc::new(Held {
            id,
            facts,
            body: Body::Sealed(file),
        }))
    }

    /// Its object id.
    pub fn id(&self) -> ObjectId {
        self.0.id
    }

    /// In bytes.
    pub fn size(&self) -> u64 {
        self.0.facts.size
    }

    /// What it is: encoding, lines.
    pub fn facts(&self) -> &TextFacts {
        &self.0.facts
    }

    /// Its bytes, if they are at hand.
    pub fn in_memory(&self) -> Option<&Bytes> {
        match &self.0.body {
            Body::Memory(bytes) => Some(bytes),
            Body::Sealed(_) => None,
        }
    }

    /// Reads a part, all at once.
    ///
    /// # Errors
    /// [`ContentError::Range`] when it is not within the file; [`ContentError::Cache`] when the disk fails.
    pub async fn read(&self, range: Range<u64>) -> Result<Bytes, ContentError> {
        within(&range, self.size())?;
        let file = match &self.0.body {
            Body::Memory(bytes) => return Ok(bytes.slice(to_usize(range.start)..to_usize(range.end))),
            Body::Sealed(file) => Arc::clone(file),
        };
        let size = self.size();
        blocking(move || {
            let mut bytes = Vec::with_capacity(to_usize(range.end - range.start));
            Reader::open(file)?.each(range.start, range.end, size, &mut |piece| {
                bytes.extend_from_slice(piece);
            })?;
            Ok(Bytes::from(bytes))
        })
        .await?
    }

    /// Gives a part piece by piece: what is in memory at once, what is on disk by 64 KiB at most, of which one is held at a time.
    pub fn stream(&self, range: Range<u64>) -> BoxStream<'static, Result<Bytes, ContentError>> {
        if let Err(error) = within(&range, self.size()) {
            return stream::once(async { Err(error) }).boxed();
        }
        match &self.0.body {
            Body::Memory(bytes) => {
                let bytes = bytes.slice(to_usize(range.start)..to_usize(range.end));
                stream::iter((!bytes.is_empty()).then_some(Ok(bytes))).boxed()
            }
            Body::Sealed(file) => stream::try_unfold((self.walk(file), range), |(walk, rest)| {
                walk.next(rest.clone()).map(move |found| {
                    let found = found?;
                    Ok(found.map(|(piece, walk)| {
                        let start = rest.start + super::length(&piece);
                        (piece, (walk, start..rest.end))
                    }))
                })
            })
            .boxed(),
        }
    }

    /// Where lines lie in the file; they are counted from 0, and those beyond its end are left out. At most 8 KiB are read for it.
    ///
    /// # Errors
    /// [`ContentError::Range`] when the first is beyond the end, or the range is none; [`ContentError::Cache`].
    pub async fn locate(&self, lines: Range<u64>) -> Result<Range<u64>, ContentError> {
        self.facts().locate(self, lines).await
    }

    /// Reads lines, all at once; they are counted from 0, and those beyond its end are left out.
    ///
    /// # Errors
    /// As [`Blob::locate`].
    pub async fn lines(&self, lines: Range<u64>) -> Result<Lines, ContentError> {
        self.facts().lines(self, lines).await
    }

    /// Reads lines as [`Blob::lines`], but only as many from the first on as have no more than `most` bytes together.
    ///
    /// # Errors
    /// As [`Blob::locate`], and [`ContentError::Range`] when one line alone has more.
    pub async fn lines_within(&self, lines: Range<u64>, most: u64) -> Result<Lines, ContentError> {
        self.facts().lines_within(self, lines, most).await
    }

    /// Reads the largest piece of at most `wanted` bytes that begins at `offset` and splits no character; one is given even if it is
    /// longer. Empty only at the end.
    ///
    /// # Errors
    /// [`ContentError::Range`] when the offset is inside a character or beyond the end; [`ContentError::Cache`].
    pub async fn chunk(&self, offset: u64, wanted: u64) -> Result<Bytes, ContentError> {
        self.facts().chunk(self, offset, wanted).await
    }

    pub(super) fn on_disk(&self) -> Option<&Arc<SealedFile>> {
        match &self.0.body {
            Body::Memory(_) => None,
            Body::Sealed(file) => Some(file),
        }
    }

    /// What it takes in memory.
    pub(super) fn weight(&self) -> u64 {
        // The entry of the cache itself, roughly.
        const ENTRY: u64 = 256;
        self.in_memory().map_or(0, |bytes| super::length(bytes)) + self.facts().weight() + ENTRY
    }

    /// Whether nobody but who asks has it.
    pub(super) fn is_idle(&self) -> bool {
        Arc::strong_count(&self.0) == 1 && self.on_disk().is_none_or(|file| Arc::strong_count(file) == 1)
    }

    pub(super) fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// The same file in memory.
    pub(super) async fn into_memory(self) -> Result<Self, ContentError> {
        let bytes = self.read(0..self.size()).await?;
        Ok(Self::memory(self.id(), self.facts().clone(), bytes))
    }

    fn walk(&self, file: &Arc<SealedFile>) -> Walk {
        Walk {
            file: Arc::clone(file),
            reader: None,
            written: self.size(),
        }
    }
}

/// A reader of a sealed file that goes from piece to piece.
#[derive(Debug)]
pub(super) struct Walk {
    pub(super) file: Arc<SealedFile>,
    pub(super) reader: Option<Reader>,
    /// Plain bytes that can be read by now: all, or whole frames.
    pub(super) written: u64,
}

impl Walk {
    /// The next piece of a range, and who reads on.
    pub(super) async fn next(self, range: Range<u64>) -> Result<Option<(Bytes, Self)>, ContentError> {
        if range.is_empty() {
            return Ok(None);
        }
        blocking(move || {
            let reader = match self.reader {
                Some(reader) => reader,
                None => Reader::open(Arc::clone(&self.file))?,
            };
            let piece = reader.piece(range.start, range.end, self.written)?;
            let reader = Some(reader);
            Ok(Some((piece, Self { reader, ..self })))
        })
        .await?
    }
}

impl Source for Blob {
    async fn bytes(&self, range: Range<u64>) -> Result<Bytes, ContentError> {
        self.read(range).await
    }
}

/// Whether a range is within a file.
pub(super) fn within(range: &Range<u64>, size: u64) -> Result<(), ContentError> {
    if range.start > range.end || range.end > size {
        return Err(ContentError::Range(format!(
            "the file has {size} bytes, so bytes {} to {} cannot be given",
            range.start, range.end
        )));
    }
    Ok(())
}

impl fmt::Debug for Blob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Blob")
            .field("id", &self.id())
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}
