use std::{
    fs::{File, OpenOptions},
    io,
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Command, Stdio},
};

use rustix::fs::{FlockOperation, flock};

/// What the supervisor runs; see there.
const SCRIPT: &str = include_str!("supervise.sh");

/// A lock in a file: shared by the users of a server, or held by one process alone. It goes with the process.
#[derive(Debug)]
pub(crate) struct Lock {
    file: File,
}

impl Lock {
    /// Waits for the lock.
    pub(crate) fn wait(path: &Path, operation: FlockOperation) -> io::Result<Self> {
        let file = open(path)?;
        flock(&file, operation)?;
        Ok(Self { file })
    }

    /// Takes the lock alone, unless another has it.
    pub(crate) fn attempt(path: &Path) -> io::Result<Option<Self>> {
        let file = open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self { file })),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

fn open(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Starts the supervisor of a server. `subject` is its directory, or the note that names it. `own` is a lock that the
/// supervisor holds as long as it lives, as its standard input: so others can tell whether there is one.
pub(crate) fn spawn(users: &Path, linger_seconds: u32, subject: &Path, own: Option<Lock>) -> io::Result<()> {
    Command::new("/bin/sh")
        .args(["-c", SCRIPT, "supervise"])
        .arg(users)
        .arg(linger_seconds.to_string())
        .arg(subject)
        .current_dir("/")
        .stdin(own.map_or_else(Stdio::null, |lock| lock.file.into()))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        // What ends the tests by a signal to their group must leave this one to do its work.
        .process_group(0)
        .spawn()
        .map(drop)
}
