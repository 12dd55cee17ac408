use std::{
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Read as _, Seek as _, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use jeton_vault::VaultError;
use rustix::fs::{FlockOperation, flock};

/// The right to be the one server on a database file, for as long as this lives. The kernel takes it back when the
/// process ends, by whatever signal, so that no stale lock can be left.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// Takes the lock, without waiting for it.
    pub(crate) fn take(database: &Path) -> Result<Self, VaultError> {
        let mut name = OsString::from(database);
        name.push(".lock");
        let path = PathBuf::from(name);
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(|error| unwritable(&path, &error))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(rustix::io::Errno::WOULDBLOCK) => {
                let mut text = String::new();
                // Between the other's lock and its note there is an instant without a pid; then it is not named.
                let pid = file
                    .read_to_string(&mut text)
                    .ok()
                    .and_then(|_| text.trim().parse().ok());
                return Err(VaultError::InUse {
                    place: database.display().to_string(),
                    pid,
                });
            }
            Err(error) => return Err(unwritable(&path, &error.into())),
        }
        write_pid(&mut file).map_err(|error| unwritable(&path, &error))?;
        // The file stays when the lock goes: removing it would let two servers lock two files of one name.
        Ok(Self { _file: file })
    }
}

fn write_pid(file: &mut File) -> io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    writeln!(file, "{}", std::process::id())
}

/// What a failed opening or writing means.
pub(crate) fn unwritable(path: &Path, error: &io::Error) -> VaultError {
    match error.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => VaultError::ReadOnly {
            place: path.display().to_string(),
            reason: error.to_string(),
        },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => VaultError::Full,
        _ => VaultError::Unavailable {
            reason: format!("{}: {error}", path.display()),
        },
    }
}
