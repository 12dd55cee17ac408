use std::{fs::File, io, sync::Arc};

use super::{
    disk::Disk,
    file::{SealedFile, sealed_length},
    seal::{FRAME, FRAME_BYTES},
};
use crate::ContentError;

/// A sealed file that is being written, in room that was taken for it before. All that it does blocks.
pub(super) struct Spool {
    file: Arc<SealedFile>,
    handle: Arc<File>,
    /// A frame that is not sealed yet.
    open: Vec<u8>,
    frames: u32,
    /// Bytes of the disk that are this file's.
    taken: u64,
}

impl Spool {
    /// Begins a file that has no room yet.
    pub(super) fn begin(disk: &Disk) -> Result<Self, ContentError> {
        let (file, handle) = disk.create()?;
        Ok(Self {
            file,
            handle,
            open: Vec::with_capacity(FRAME),
            frames: 0,
            taken: 0,
        })
    }

    /// The room in bytes that it lacks for a file of this size.
    pub(super) fn lacks(&self, size: u64) -> u64 {
        sealed_length(size).saturating_sub(self.taken)
    }

    /// It was given so much more room.
    pub(super) fn widen(&mut self, bytes: u64) {
        self.taken += bytes;
    }

    /// For readers.
    pub(super) fn file(&self) -> &Arc<SealedFile> {
        &self.file
    }

    /// How many bytes can be read by now: whole frames, never the last one.
    pub(super) fn readable(&self) -> u64 {
        u64::from(self.frames) * FRAME_BYTES
    }

    /// Writes on. A frame is sealed only when more comes after it.
    pub(super) fn write(&mut self, mut bytes: &[u8]) -> Result<(), ContentError> {
        while !bytes.is_empty() {
            if self.open.len() == FRAME {
                self.seal()?;
            }
            let (now, later) = bytes.split_at(bytes.len().min(FRAME - self.open.len()));
            self.open.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Writes the rest.
    pub(super) fn finish(mut self) -> Result<Arc<SealedFile>, ContentError> {
        if !self.open.is_empty() {
            self.seal()?;
        }
        Ok(self.file)
    }

    fn seal(&mut self) -> Result<(), ContentError> {
        let needed = sealed_length(self.readable() + FRAME_BYTES.min(super::length(&self.open)));
        if needed > self.taken {
            return Err(ContentError::Internal("a file is written beyond its room"));
        }
        let frame = std::mem::take(&mut self.open);
        self.open = self
            .file
            .write(&self.handle, self.frames, frame)
            .map_err(|error| unwritable(&error))?;
        self.frames = self
            .frames
            .checked_add(1)
            .ok_or(ContentError::Internal("a file has too many frames"))?;
        Ok(())
    }
}

/// A disk that does not take a file.
pub(super) fn unwritable(error: &io::Error) -> ContentError {
    tracing::warn!(%error, "the cache of files cannot be written");
    ContentError::Cache(format!("it cannot be written: {error}"))
}
