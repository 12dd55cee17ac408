use std::{
    fs, io,
    path::{Path, PathBuf},
};

use rustix::fs::FlockOperation;

use crate::{
    cluster::Cluster,
    programs::Programs,
    supervisor::{self, Lock},
};

/// How long a shared server waits for its next user.
const LINGER_SECONDS: u32 = 10;

/// The files through which test processes find one server: next to the test programs, so that each build directory
/// has its own.
struct Meeting {
    /// Held while a process looks for the server or makes it.
    door: PathBuf,
    /// Held shared by each user of the server.
    users: PathBuf,
    /// Held by the supervisor.
    supervisor: PathBuf,
    /// Port, password and directory of the server.
    note: PathBuf,
}

impl Meeting {
    fn near(program: &Path) -> Self {
        let place = |name: &str| program.with_file_name(format!("jeton-temp-postgres.{name}"));
        Self {
            door: place("door"),
            users: place("users"),
            supervisor: place("supervisor"),
            note: place("note"),
        }
    }

    /// Starts a supervisor, unless there is one.
    fn supervise(&self) -> io::Result<()> {
        match Lock::attempt(&self.supervisor)? {
            Some(free) => supervisor::spawn(&self.users, LINGER_SECONDS, &self.note, Some(free)),
            None => Ok(()),
        }
    }
}

/// Finds the shared server, or makes it. The lock keeps it running.
pub(crate) fn join() -> io::Result<(Cluster, Lock)> {
    let meeting = Meeting::near(&std::env::current_exe()?);
    let programs = Programs::find()?;
    let _door = Lock::wait(&meeting.door, FlockOperation::LockExclusive)?;
    // Waits while a supervisor is just ending the last server, after which there is no note.
    let user = Lock::wait(&meeting.users, FlockOperation::LockShared)?;
    let found = read_note(&meeting.note, &programs);
    if let Some(cluster) = found.as_ref().filter(|cluster| cluster.answers()) {
        meeting.supervise()?;
        return Ok((cluster.clone(), user));
    }
    if let Some(stale) = found {
        // Its server crashed, or its machine did, or it was killed while it started.
        stale.remove()?;
    }
    let mut cluster = Cluster::prepare(programs)?;
    // First the note and the supervisor, then the server: at no step is there one that nobody would end.
    write_note(&meeting.note, &cluster)?;
    meeting.supervise()?;
    cluster.launch()?;
    write_note(&meeting.note, &cluster)?;
    Ok((cluster, user))
}

fn read_note(path: &Path, programs: &Programs) -> Option<Cluster> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines();
    Some(Cluster {
        programs: programs.clone(),
        port: lines.next()?.parse().ok()?,
        password: lines.next()?.to_owned(),
        directory: PathBuf::from(lines.next()?),
    })
}

/// Written whole or not at all: a process may be killed between any two steps.
fn write_note(path: &Path, cluster: &Cluster) -> io::Result<()> {
    let draft = path.with_extension("note-draft");
    let text = format!(
        "{}\n{}\n{}\n",
        cluster.port,
        cluster.password,
        cluster.directory.display()
    );
    fs::write(&draft, text)?;
    fs::rename(&draft, path)
}
