use std::{fmt, ops::Range, sync::Arc};

use bytes::Bytes;
use futures_util::{
    StreamExt as _,
    stream::{self, BoxStream},
};
use tokio::sync::watch;

use super::{
    Blob,
    blob::{Walk, within},
    file::{Reader, SealedFile},
    length,
    seal::FRAME_BYTES,
    to_usize,
};
use crate::ContentError;

/// A file that is here, or on its way. Cheap to clone; who drops it does not stop it.
///
/// No stream of it ends well before the whole file is here and its bytes are those of its id: the last byte of each stream waits for
/// that. So what was given out whole is right, and what is wrong ends with an error.
#[derive(Clone)]
pub struct Arrival(State);

#[derive(Clone)]
enum State {
    Whole(Blob),
    Coming(watch::Receiver<Progress>),
}

/// How far a file is.
pub(super) struct Progress {
    /// In bytes, as it was announced.
    pub(super) size: Option<u64>,
    pub(super) stage: Stage,
}

pub(super) enum Stage {
    /// Nothing is known yet.
    Asked,
    /// It comes, and this is here.
    Memory(Vec<u8>),
    /// It comes, and this can be read: whole frames, never all of them.
    Disk { file: Arc<SealedFile>, readable: u64 },
    /// It is here.
    Whole(Blob),
    /// It will not come.
    Failed(ContentError),
}

impl Progress {
    pub(super) fn asked() -> Self {
        Self {
            size: None,
            stage: Stage::Asked,
        }
    }

    /// The size, once it is known, or why there is none.
    fn ready(&self) -> Option<Result<u64, ContentError>> {
        match (&self.stage, self.size) {
            (Stage::Failed(error), _) => Some(Err(error.clone())),
            (Stage::Whole(blob), _) => Some(Ok(blob.size())),
            (_, size) => size.map(Ok),
        }
    }

    /// The end of it, once it is there.
    fn end(&self) -> Option<Result<Blob, ContentError>> {
        match &self.stage {
            Stage::Failed(error) => Some(Err(error.clone())),
            Stage::Whole(blob) => Some(Ok(blob.clone())),
            Stage::Asked | Stage::Memory(_) | Stage::Disk { .. } => None,
        }
    }
}

impl Arrival {
    pub(super) fn coming(progress: watch::Receiver<Progress>) -> Self {
        Self(State::Coming(progress))
    }

    /// In bytes, where it is known by now.
    pub fn size(&self) -> Option<u64> {
        match &self.0 {
            State::Whole(blob) => Some(blob.size()),
            State::Coming(progress) => progress.borrow().ready().and_then(Result::ok),
        }
    }

    /// Waits until the size is known, which is announced before the first byte or else known at the end.
    ///
    /// # Errors
    /// Why the file will not come.
    pub async fn ready(&self) -> Result<u64, ContentError> {
        match &self.0 {
            State::Whole(blob) => Ok(blob.size()),
            State::Coming(progress) => wait(progress, Progress::ready).await,
        }
    }

    /// Waits until it is here.
    ///
    /// # Errors
    /// Why it will not come.
    pub async fn whole(&self) -> Result<Blob, ContentError> {
        match &self.0 {
            State::Whole(blob) => Ok(blob.clone()),
            State::Coming(progress) => wait(progress, Progress::end).await,
        }
    }

    /// The bytes, or a range of them, while they come: pieces of 64 KiB at most until it is whole.
    pub fn stream(&self, range: Option<Range<u64>>) -> BoxStream<'static, Result<Bytes, ContentError>> {
        match &self.0 {
            State::Whole(blob) => blob.stream(range.unwrap_or(0..blob.size())),
            State::Coming(progress) => {
                let follower = Follower {
                    progress: progress.clone(),
                    at: range.as_ref().map_or(0, |range| range.start),
                    range,
                    reader: None,
                    rest: None,
                };
                stream::try_unfold(follower, Follower::step).boxed()
            }
        }
    }
}

async fn wait<T>(
    progress: &watch::Receiver<Progress>,
    known: impl Fn(&Progress) -> Option<Result<T, ContentError>>,
) -> Result<T, ContentError> {
    let mut progress = progress.clone();
    loop {
        if let Some(known) = known(&progress.borrow_and_update()) {
            return known;
        }
        progress.changed().await.map_err(|_| abandoned())?;
    }
}

/// Who reads a file while it comes.
struct Follower {
    progress: watch::Receiver<Progress>,
    range: Option<Range<u64>>,
    /// How far they are.
    at: u64,
    reader: Option<Reader>,
    /// What is left once the file is whole.
    rest: Option<BoxStream<'static, Result<Bytes, ContentError>>>,
}

/// What there is for a follower.
enum Next {
    Wait,
    Here(Bytes),
    OnDisk(Arc<SealedFile>, Range<u64>, u64),
    Whole(Blob),
}

impl Follower {
    async fn step(mut self) -> Result<Option<(Bytes, Self)>, ContentError> {
        loop {
            if let Some(rest) = &mut self.rest {
                return Ok(rest.next().await.transpose()?.map(|piece| (piece, self)));
            }
            let next = next(&self.progress.borrow_and_update(), self.range.as_ref(), self.at)?;
            let piece = match next {
                Next::Here(piece) => piece,
                Next::OnDisk(file, range, written) => {
                    let reader = self.reader.take();
                    let walk = Walk { file, reader, written };
                    let Some((piece, walk)) = walk.next(range).await? else {
                        return Err(ContentError::Internal("a part of a file that is there is empty"));
                    };
                    self.reader = walk.reader;
                    piece
                }
                Next::Whole(blob) => {
                    let end = self.range.as_ref().map_or(blob.size(), |range| range.end);
                    self.rest = Some(blob.stream(self.at..end));
                    self.reader = None;
                    continue;
                }
                Next::Wait => {
                    self.progress.changed().await.map_err(|_| abandoned())?;
                    continue;
                }
            };
            self.at += length(&piece);
            return Ok(Some((piece, self)));
        }
    }
}

fn next(progress: &Progress, range: Option<&Range<u64>>, at: u64) -> Result<Next, ContentError> {
    if let (Some(range), Some(size)) = (range, progress.size) {
        within(range, size)?;
    }
    // The last byte waits for the whole.
    let until = |here: u64| range.map_or(here, |range| range.end.saturating_sub(1).min(here));
    Ok(match &progress.stage {
        Stage::Failed(error) => return Err(error.clone()),
        Stage::Whole(blob) => Next::Whole(blob.clone()),
        Stage::Asked => Next::Wait,
        Stage::Memory(bytes) => {
            let end = until(length(bytes).saturating_sub(1)).min(at + FRAME_BYTES);
            match bytes.get(to_usize(at)..to_usize(end)) {
                Some(piece) if !piece.is_empty() => Next::Here(Bytes::copy_from_slice(piece)),
                _ => Next::Wait,
            }
        }
        Stage::Disk { file, readable } => {
            let end = until(*readable);
            if at < end {
                Next::OnDisk(Arc::clone(file), at..end, *readable)
            } else {
                Next::Wait
            }
        }
    })
}

/// The task that brings the file tells each end of it; that it is gone without a word cannot be.
fn abandoned() -> ContentError {
    ContentError::Internal("the fetch of a file has ended without a result")
}

impl From<Blob> for Arrival {
    fn from(blob: Blob) -> Self {
        Self(State::Whole(blob))
    }
}

impl fmt::Debug for Arrival {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = match &self.0 {
            State::Whole(_) => true,
            State::Coming(progress) => matches!(progress.borrow().stage, Stage::Whole(_)),
        };
        f.debug_struct("Arrival")
            .field("size", &self.size())
            .field("whole", &whole)
            .finish_non_exhaustive()
    }
}
