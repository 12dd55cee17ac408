use std::sync::Arc;

use bytes::Bytes;
use futures_util::StreamExt as _;
use jeton_domain::{Code, Coded as _, Diagnosis};
use jeton_forge::content::BlobStream;
use jeton_outbound::OutboundError;
use tokio::sync::watch;

use super::{
    Blob, Shared,
    arrival::{Progress, Stage},
    blocking,
    disk::Disk,
    file::Reader,
    flight::Ask,
    length,
    measure::Measure,
    seal::FRAME,
    spool::Spool,
    to_usize,
};
use crate::ContentError;

/// Takes in a file that comes piece by piece, tells those who follow how far it is, and keeps it.
pub(super) async fn fetch(
    shared: &Arc<Shared>,
    ask: &Ask,
    progress: &watch::Sender<Progress>,
    mut stream: BlobStream,
) -> Result<Blob, ContentError> {
    let mut intake = Intake::begin(shared, ask, progress, stream.size).await?;
    while let Some(piece) = stream.bytes.next().await {
        intake.take(piece.map_err(|error| broken(&ask.host, &error))?).await?;
    }
    let blob = intake.finish().await?;
    if let Some(id) = ask.id
        && id != blob.id()
    {
        return Err(ContentError::Mismatch {
            host: ask.host.clone(),
            object: id.to_string(),
        });
    }
    shared.keep(&ask.scope, &blob);
    Ok(blob)
}

/// Takes in a file that is whole.
pub(super) async fn put(shared: &Arc<Shared>, ask: &Ask, bytes: Bytes) -> Result<Blob, ContentError> {
    let stream = BlobStream {
        size: Some(length(&bytes)),
        bytes: futures_util::stream::iter([Ok(bytes)]).boxed(),
    };
    let (progress, _) = watch::channel(Progress::asked());
    fetch(shared, ask, &progress, stream).await
}

struct Intake<'a> {
    shared: &'a Arc<Shared>,
    ask: &'a Ask,
    progress: &'a watch::Sender<Progress>,
    announced: Option<u64>,
    received: u64,
    state: State,
    /// Pieces that wait until writing them is worth a turn on a thread that may block.
    waiting: Vec<Bytes>,
    waiting_bytes: usize,
}

/// Where the bytes go.
enum State {
    /// To [`Stage::Memory`].
    Memory(Measure),
    Disk(Measure, Spool),
    /// To a thread that may block, and on it for as long as this is seen.
    Away,
}

impl<'a> Intake<'a> {
    async fn begin(
        shared: &'a Arc<Shared>,
        ask: &'a Ask,
        progress: &'a watch::Sender<Progress>,
        announced: Option<u64>,
    ) -> Result<Self, ContentError> {
        let measure = Measure::new(ask.id.is_some_and(|id| id.is_sha256()), announced);
        let mut intake = Self {
            shared,
            ask,
            progress,
            announced,
            received: 0,
            state: State::Memory(measure),
            waiting: Vec::new(),
            waiting_bytes: 0,
        };
        let size = announced.unwrap_or_default();
        intake.limit(size)?;
        if size > shared.largest_in_memory {
            intake.spill().await?;
            progress.send_modify(|progress| progress.size = announced);
        } else {
            progress.send_modify(|progress| {
                progress.size = announced;
                progress.stage = Stage::Memory(Vec::with_capacity(to_usize(size)));
            });
        }
        Ok(intake)
    }

    fn limit(&self, size: u64) -> Result<(), ContentError> {
        let limit = self.shared.max_file_bytes;
        if size <= limit {
            return Ok(());
        }
        Err(ContentError::TooLarge {
            path: self.ask.path.clone(),
            limit,
            by_forge: false,
        })
    }

    async fn take(&mut self, piece: Bytes) -> Result<(), ContentError> {
        if piece.is_empty() {
            return Ok(());
        }
        self.received += length(&piece);
        if let Some(announced) = self.announced
            && self.received > announced
        {
            return Err(garbled(&self.ask.host, announced));
        }
        self.limit(self.received)?;
        if let State::Memory(measure) = &mut self.state {
            if self.received <= self.shared.largest_in_memory {
                measure.feed(&piece);
                self.progress.send_modify(|progress| {
                    if let Stage::Memory(bytes) = &mut progress.stage {
                        bytes.extend_from_slice(&piece);
                    }
                });
                return Ok(());
            }
            self.spill().await?;
        }
        self.waiting_bytes += piece.len();
        self.waiting.push(piece);
        // Not too many either, of those who send single bytes.
        if self.waiting_bytes >= FRAME || self.waiting.len() >= 1024 {
            self.write().await?;
        }
        Ok(())
    }

    /// Moves what is in memory to the disk, and goes on there.
    async fn spill(&mut self) -> Result<(), ContentError> {
        let State::Memory(measure) = std::mem::replace(&mut self.state, State::Away) else {
            return Err(ContentError::Internal("a file that is on disk was to go there"));
        };
        let disk = Arc::clone(&self.shared.disk);
        // Nobody has to hear of it.
        self.progress.send_if_modified(|progress| {
            progress.large = true;
            false
        });
        let mut spool = blocking(move || Spool::begin(&disk)).await??;
        self.room(&mut spool, self.announced.unwrap_or_default().max(self.received))
            .await?;
        let here = self.take_memory();
        let spool = blocking(move || {
            spool.write(&here)?;
            Ok::<_, ContentError>(spool)
        })
        .await??;
        self.tell(&spool);
        self.state = State::Disk(measure, spool);
        Ok(())
    }

    /// Takes room for a file of this size, and waits for it if need be.
    async fn room(&self, spool: &mut Spool, size: u64) -> Result<(), ContentError> {
        let lacking = spool.lacks(size);
        if lacking > 0 {
            Disk::room(&self.shared.disk, spool.file(), lacking).await?;
            spool.widen(lacking);
        }
        Ok(())
    }

    /// Writes what waits.
    async fn write(&mut self) -> Result<(), ContentError> {
        let State::Disk(mut measure, mut spool) = std::mem::replace(&mut self.state, State::Away) else {
            return Err(ContentError::Internal(
                "a file that is not on disk was to be written there",
            ));
        };
        self.room(&mut spool, self.received).await?;
        let pieces = std::mem::take(&mut self.waiting);
        self.waiting_bytes = 0;
        let (measure, spool) = blocking(move || {
            for piece in pieces {
                measure.feed(&piece);
                spool.write(&piece)?;
            }
            Ok::<_, ContentError>((measure, spool))
        })
        .await??;
        self.tell(&spool);
        self.state = State::Disk(measure, spool);
        Ok(())
    }

    fn tell(&self, spool: &Spool) {
        self.progress.send_modify(|progress| {
            progress.stage = Stage::Disk {
                file: Arc::clone(spool.file()),
                readable: spool.readable(),
            };
        });
    }

    fn take_memory(&self) -> Vec<u8> {
        let mut here = Vec::new();
        self.progress.send_if_modified(|progress| {
            if let Stage::Memory(bytes) = &mut progress.stage {
                here = std::mem::take(bytes);
            }
            // Nobody has to hear of it: what comes next is told.
            false
        });
        here
    }

    async fn finish(mut self) -> Result<Blob, ContentError> {
        if let Some(announced) = self.announced
            && self.received < announced
        {
            let cut = OutboundError::Cut(format!("it ended after {} of {announced} bytes", self.received));
            return Err(broken(&self.ask.host, &cut));
        }
        if !self.waiting.is_empty() {
            self.write().await?;
        }
        match std::mem::replace(&mut self.state, State::Away) {
            State::Memory(measure) => {
                // Exactly as large as it is, for as long as it stays.
                let bytes = Bytes::from(self.take_memory().into_boxed_slice());
                let (id, facts) = measure.finish(|take| {
                    take(&bytes);
                    Ok(())
                })?;
                Ok(Blob::memory(id, facts, bytes))
            }
            State::Disk(measure, spool) => {
                let size = self.received;
                blocking(move || {
                    let file = spool.finish()?;
                    let (id, facts) =
                        measure.finish(|take| Reader::open(Arc::clone(&file))?.each(0, size, size, take))?;
                    Ok(Blob::sealed(id, facts, file))
                })
                .await?
            }
            State::Away => Err(ContentError::Internal("a file was left on its way to the disk")),
        }
    }
}

/// The forge did not send it to its end.
fn broken(host: &str, error: &OutboundError) -> ContentError {
    let remedy = error.remedy();
    ContentError::Forge(Box::new(Diagnosis {
        code: error.code(),
        cause: format!("{host} did not send the file to its end: {error}"),
        remedy: remedy.unwrap_or_else(|| "Try again later.".to_owned()),
        url: None,
        retry_at: None,
    }))
}

/// The forge sent more than it had said.
fn garbled(host: &str, announced: u64) -> ContentError {
    ContentError::Forge(Box::new(Diagnosis {
        code: Code::ForgeGarbled,
        cause: format!("{host} announced a file of {announced} bytes and sent more"),
        remedy: "Try again later. If it goes on, something between jeton and the forge changes what it passes on."
            .to_owned(),
        url: None,
        retry_at: None,
    }))
}
