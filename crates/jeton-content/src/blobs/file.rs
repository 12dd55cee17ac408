use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt as _,
    path::PathBuf,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use bytes::Bytes;

use super::{
    home::NewFile,
    length,
    room::Space,
    seal::{FRAME_BYTES, FileNumber, FrameKey, TAG_BYTES},
    to_usize,
};
use crate::ContentError;

/// A file of sealed frames. It is removed when nobody has it any more.
#[derive(Debug)]
pub(super) struct SealedFile {
    number: FileNumber,
    key: Arc<FrameKey>,
    place: Place,
    /// It could not be read as it was written.
    spoilt: AtomicBool,
    /// It had to leave while it was in use.
    revoked: AtomicBool,
    // After `place`, so that the room is free only when the file is gone.
    space: Space,
}

#[derive(Debug)]
enum Place {
    /// Opened by each reader: there may be more files than a process may hold open.
    Named(Removed),
    Unnamed(Arc<File>),
}

/// A path that is removed with this.
#[derive(Debug)]
struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                tracing::warn!(path = %self.0.display(), %error, "a file of the cache cannot be removed");
            }
            _ => {}
        }
    }
}

impl SealedFile {
    /// With the handle to write it by.
    pub(super) fn new(file: NewFile, key: Arc<FrameKey>, space: Space) -> (Self, Arc<File>) {
        let handle = Arc::new(file.handle);
        let place = match file.path {
            Some(path) => Place::Named(Removed(path)),
            None => Place::Unnamed(Arc::clone(&handle)),
        };
        let file = Self {
            number: file.number,
            key,
            place,
            spoilt: AtomicBool::new(false),
            revoked: AtomicBool::new(false),
            space,
        };
        (file, handle)
    }

    pub(super) fn space(&self) -> &Space {
        &self.space
    }

    /// Whether it has to be held open.
    pub(super) fn is_unnamed(&self) -> bool {
        matches!(self.place, Place::Unnamed(_))
    }

    /// Seals a frame and writes it to its place. It blocks.
    pub(super) fn write(&self, handle: &File, frame: u32, mut plain: Vec<u8>) -> io::Result<Vec<u8>> {
        if self.revoked.load(Ordering::Acquire) {
            return Err(io::Error::other("it came too slowly, and others needed its room"));
        }
        let written = length(&plain);
        self.key.seal(self.number, frame, &mut plain);
        handle.write_all_at(&plain, offset(u64::from(frame)))?;
        self.space.advance(written);
        plain.clear();
        Ok(plain)
    }

    /// Whether it is still there, as long as it was, and could be read so far. It blocks.
    pub(super) fn is_good(&self, size: u64) -> bool {
        let there = match &self.place {
            Place::Named(path) => fs::symlink_metadata(&path.0).is_ok_and(|found| found.len() == sealed_length(size)),
            Place::Unnamed(_) => true,
        };
        there && !self.spoilt.load(Ordering::Relaxed) && !self.revoked.load(Ordering::Acquire)
    }

    /// Gives its room to others. Who still reads or writes it gets an error with the next piece. It blocks.
    pub(super) fn revoke(&self) {
        self.space.hold();
        self.revoked.store(true, Ordering::Release);
        // Removing it would free nothing, because its readers have it open.
        let emptied = match &self.place {
            Place::Named(path) => {
                let file = OpenOptions::new().write(true).open(&path.0);
                file.and_then(|file| file.set_len(0))
            }
            Place::Unnamed(handle) => handle.set_len(0),
        };
        match emptied {
            Ok(()) => self.space.free(),
            Err(error) => tracing::warn!(number = self.number.0, %error, "a file of the cache cannot be emptied"),
        }
    }

    fn unreadable(&self, error: &dyn std::fmt::Display) -> ContentError {
        if self.revoked.load(Ordering::Acquire) {
            return ContentError::Cache("the file was read too slowly, and others needed its room".to_owned());
        }
        self.spoilt.store(true, Ordering::Relaxed);
        tracing::warn!(number = self.number.0, %error, "a file of the cache cannot be read");
        ContentError::Cache(format!("a file in it cannot be read: {error}"))
    }
}

/// A sealed file that is open.
#[derive(Debug)]
pub(super) struct Reader {
    file: Arc<SealedFile>,
    handle: Arc<File>,
}

impl Reader {
    /// It blocks.
    pub(super) fn open(file: Arc<SealedFile>) -> Result<Self, ContentError> {
        let handle = match &file.place {
            Place::Named(path) => Arc::new(File::open(&path.0).map_err(|error| file.unreadable(&error))?),
            Place::Unnamed(handle) => Arc::clone(handle),
        };
        Ok(Self { file, handle })
    }

    /// The bytes from `start` on, up to `end` or the end of their frame, of a file whose plain bytes are `written` so far. It blocks.
    pub(super) fn piece(&self, start: u64, end: u64, written: u64) -> Result<Bytes, ContentError> {
        let frame = start / FRAME_BYTES;
        let frame_start = frame * FRAME_BYTES;
        let frame_end = (frame_start + FRAME_BYTES).min(written);
        let mut bytes = vec![0; to_usize(frame_end - frame_start + TAG_BYTES)];
        self.handle
            .read_exact_at(&mut bytes, offset(frame))
            .map_err(|error| self.file.unreadable(&error))?;
        let opened = u32::try_from(frame).is_ok_and(|frame| self.file.key.open(self.file.number, frame, &mut bytes));
        if !opened {
            return Err(self.file.unreadable(&"it was changed"));
        }
        let bytes = Bytes::from(bytes);
        let piece = bytes.slice(to_usize(start - frame_start)..to_usize(end.min(frame_end) - frame_start));
        self.file.space.advance(length(&piece));
        Ok(piece)
    }

    /// Gives all the pieces of a range. It blocks.
    pub(super) fn each(
        &self,
        start: u64,
        end: u64,
        written: u64,
        take: &mut dyn FnMut(&[u8]),
    ) -> Result<(), ContentError> {
        let mut at = start;
        while at < end {
            let piece = self.piece(at, end, written)?;
            take(&piece);
            at += length(&piece);
        }
        Ok(())
    }
}

/// Where a frame lies.
fn offset(frame: u64) -> u64 {
    frame * (FRAME_BYTES + TAG_BYTES)
}

/// How long a file is on disk.
pub(super) fn sealed_length(size: u64) -> u64 {
    size + size.div_ceil(FRAME_BYTES) * TAG_BYTES
}
