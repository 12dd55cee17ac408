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
    flight::Own,
    length,
    seal::FRAME_BYTES,
    ticket::Ticket,
    to_usize,
};
use crate::ContentError;

/// A file that is here, or on its way. Cheap to clone. A large file that nobody has any more, nor a stream of it, ceases to come after
/// a while.
///
/// No stream of it ends well before the whole file is here and its bytes are those of its id: the last byte of each stream waits for
/// that. So what was given out whole is right, and what is wrong ends with an error.
#[derive(Clone)]
pub struct Arrival(State);

#[derive(Clone)]
enum State {
    Whole(Blob),
    Coming(Arc<Ticket>),
}

/// How far a file is.
pub(super) struct Progress {
    /// In bytes, as it was announced.
    pub(super) size: Option<u64>,
    /// Whether it goes to the disk.
    pub(super) large: bool,
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
            large: false,
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

    /// The size if it was announced, and otherwise that the first bytes are here, or why there is none of them.
    fn begun(&self) -> Option<Result<Option<u64>, ContentError>> {
        self.ready().map(|size| size.map(Some)).or(match &self.stage {
            Stage::Memory(bytes) if !bytes.is_empty() => Some(Ok(None)),
            Stage::Disk { readable: 1.., .. } => Some(Ok(None)),
            _ => None,
        })
    }

    /// Whether a fetch that nobody waits for is better ended here than brought to its end.
    pub(super) fn may_end(&self) -> bool {
        self.large || matches!(self.stage, Stage::Asked)
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
    /// A fetch that was begun for this.
    pub(super) fn begun_for(progress: watch::Receiver<Progress>, path: &str) -> Self {
        Self(State::Coming(Arc::new(Ticket::new(progress, path, None))))
    }

    /// A fetch that was begun for somebody else, and what to do when it fails.
    pub(super) fn joined(progress: watch::Receiver<Progress>, own: Own) -> Self {
        let path = own.path().to_owned();
        Self(State::Coming(Arc::new(Ticket::new(progress, &path, Some(own)))))
    }

    /// In bytes, where it is known by now.
    pub fn size(&self) -> Option<u64> {
        match &self.0 {
            State::Whole(blob) => Some(blob.size()),
            State::Coming(ticket) => ticket.progress().borrow().ready().and_then(Result::ok),
        }
    }

    /// Waits until the size is known, which is announced before the first byte or else known at the end.
    ///
    /// # Errors
    /// Why the file will not come.
    pub async fn ready(&self) -> Result<u64, ContentError> {
        match &self.0 {
            State::Whole(blob) => Ok(blob.size()),
            State::Coming(ticket) => ticket.wait(Progress::ready).await,
        }
    }

    /// Waits until the size is known or the first bytes are here, whichever is first. `None`: the forge does not tell the size before
    /// the end.
    ///
    /// # Errors
    /// Why the file will not come.
    pub async fn begun(&self) -> Result<Option<u64>, ContentError> {
        match &self.0 {
            State::Whole(blob) => Ok(Some(blob.size())),
            State::Coming(ticket) => ticket.wait(Progress::begun).await,
        }
    }

    /// Waits until it is here.
    ///
    /// # Errors
    /// Why it will not come.
    pub async fn whole(&self) -> Result<Blob, ContentError> {
        match &self.0 {
            State::Whole(blob) => Ok(blob.clone()),
            State::Coming(ticket) => ticket.wait(Progress::end).await,
        }
    }

    /// The bytes, or a range of them, while they come: pieces of 64 KiB at most until it is whole.
    pub fn stream(&self, range: Option<Range<u64>>) -> BoxStream<'static, Result<Bytes, ContentError>> {
        match &self.0 {
            State::Whole(blob) => blob.stream(range.unwrap_or(0..blob.size())),
            State::Coming(ticket) => {
                let follower = Follower {
                    ticket: Arc::clone(ticket),
                    progress: ticket.progress(),
                    given: false,
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

/// Who reads a file while it comes.
struct Follower {
    ticket: Arc<Ticket>,
    progress: watch::Receiver<Progress>,
    range: Option<Range<u64>>,
    /// Whether they have anything of it.
    given: bool,
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
            let next = next(&self.progress.borrow_and_update(), self.range.as_ref(), self.at);
            let next = match next {
                Ok(next) => next,
                // What was given may not be what another fetch brings.
                Err(stop) => match self.ticket.instead(&self.progress, stop, !self.given) {
                    Ok(progress) => {
                        self.progress = progress;
                        continue;
                    }
                    Err(error) => return Err(error),
                },
            };
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
                    self.progress.changed().await.map_err(|_| forgotten())?;
                    continue;
                }
            };
            self.given = true;
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
pub(super) fn forgotten() -> ContentError {
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
            State::Coming(ticket) => matches!(ticket.progress().borrow().stage, Stage::Whole(_)),
        };
        f.debug_struct("Arrival")
            .field("size", &self.size())
            .field("whole", &whole)
            .finish_non_exhaustive()
    }
}
