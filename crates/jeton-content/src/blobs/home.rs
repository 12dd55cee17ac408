use std::{
    fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use jeton_domain::Entropy;

use super::seal::{FileNumber, FrameKey};

const PREFIX: &str = "jeton-blob-";
const SUFFIX: &str = ".sealed";
/// Held by the process whose files are in the directory. It is never removed: a lock on a removed file locks nothing.
const LOCK: &str = "jeton-blobs.lock";

/// Where the files are made.
#[derive(Debug)]
pub(super) struct Home {
    directory: Option<PathBuf>,
    ground: Mutex<Option<Ground>>,
    key: Arc<FrameKey>,
    next: AtomicU64,
}

/// How files are made, known once it was tried.
#[derive(Debug, Clone)]
enum Ground {
    /// With names, in the directory that is this process's own for as long as it has the lock.
    Own(
        PathBuf,
        #[expect(dead_code, reason = "held, not read: it is the lock")] Arc<File>,
    ),
    /// Without names, in a directory that another process has.
    Shared(PathBuf),
    /// Without names, where temporary files are.
    Temporary,
}

/// A file that is empty yet.
pub(super) struct NewFile {
    pub(super) number: FileNumber,
    /// `None`: it has no name, and is gone when it is closed.
    pub(super) path: Option<PathBuf>,
    pub(super) handle: File,
}

impl Home {
    pub(super) fn new(directory: Option<PathBuf>, entropy: &dyn Entropy) -> Self {
        Self {
            directory,
            ground: Mutex::new(None),
            key: Arc::new(FrameKey::new(entropy)),
            next: AtomicU64::new(0),
        }
    }

    pub(super) fn key(&self) -> &Arc<FrameKey> {
        &self.key
    }

    /// Whether there is a directory for files that are to stay.
    pub(super) fn is_lasting(&self) -> bool {
        self.directory.is_some()
    }

    /// Makes a file that nobody else may read. It blocks.
    pub(super) fn create(&self) -> io::Result<NewFile> {
        match self.create_on(self.ground()?) {
            // Somebody has removed the directory since it was taken.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                *self.known() = None;
                self.create_on(self.ground()?)
            }
            result => result,
        }
    }

    fn create_on(&self, ground: Ground) -> io::Result<NewFile> {
        let number = FileNumber(self.next.fetch_add(1, Ordering::Relaxed));
        let (path, handle) = match ground {
            Ground::Own(directory, _) => {
                let path = directory.join(format!("{PREFIX}{:016x}-{}{SUFFIX}", self.key.run(), number.0));
                let handle = OpenOptions::new()
                    .read(true)
                    .write(true)
                    .create_new(true)
                    .mode(0o600)
                    .open(&path)?;
                (Some(path), handle)
            }
            Ground::Shared(directory) => (None, tempfile::tempfile_in(directory)?),
            Ground::Temporary => (None, tempfile::tempfile()?),
        };
        Ok(NewFile { number, path, handle })
    }

    /// At first use makes the directory, takes it, and removes what an earlier process left in it. A failure is no answer for later:
    /// an operator may repair what is wrong.
    fn ground(&self) -> io::Result<Ground> {
        let mut known = self.known();
        if let Some(ground) = &*known {
            return Ok(ground.clone());
        }
        let ground = match &self.directory {
            None => Ground::Temporary,
            Some(directory) => take(directory)?,
        };
        Ok(known.insert(ground).clone())
    }

    fn known(&self) -> MutexGuard<'_, Option<Ground>> {
        self.ground.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn take(directory: &Path) -> io::Result<Ground> {
    DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    close(directory)?;
    let mut options = OpenOptions::new();
    let lock = options.read(true).write(true).create(true).truncate(false).mode(0o600);
    let lock = lock.open(directory.join(LOCK))?;
    match lock.try_lock() {
        Ok(()) => {
            sweep(directory)?;
            Ok(Ground::Own(directory.to_owned(), Arc::new(lock)))
        }
        Err(TryLockError::WouldBlock) => {
            tracing::warn!(directory = %directory.display(), "another process has this directory: only few files are kept");
            Ok(Ground::Shared(directory.to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Closes a directory, which may have been there before, to everybody else. One that is not ours alone is not taken: its owner could
/// put other files in the place of those in it.
fn close(directory: &Path) -> io::Result<()> {
    const STICKY: u32 = 0o1000;
    let open = File::open(directory)?;
    let found = open.metadata()?;
    let refused = |words| Err(io::Error::new(io::ErrorKind::PermissionDenied, words));
    if found.uid() != rustix::process::geteuid().as_raw() {
        return refused("its directory is another user's");
    }
    if found.mode() & STICKY != 0 {
        return refused("its directory is one that many users share");
    }
    if found.mode() & 0o077 != 0 {
        open.set_permissions(Permissions::from_mode(0o700))?;
    }
    Ok(())
}

/// Removes the files of processes that are gone; nobody has their keys.
fn sweep(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_name().to_str().is_some_and(is_ours) && entry.file_type()?.is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// Whether a name is one that [`Home::create`] gives.
fn is_ours(name: &str) -> bool {
    let middle = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX));
    middle
        .and_then(|middle| middle.split_once('-'))
        .is_some_and(|(run, number)| {
            run.len() == 16
                && run.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
                && !number.is_empty()
                && number.bytes().all(|byte| byte.is_ascii_digit())
        })
}
