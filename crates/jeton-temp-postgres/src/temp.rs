use std::{
    io,
    sync::{Mutex, PoisonError},
};

use rustix::fs::FlockOperation;

use crate::{
    cluster::Cluster,
    programs::Programs,
    shared,
    supervisor::{self, Lock},
};

/// A PostgreSQL server that lives as long as this does, or as long as the last process that shares it.
#[derive(Debug)]
pub struct TempPostgres {
    cluster: Cluster,
    shared: bool,
    /// The databases made here, for the shared server to lose when this goes: a thousand of them would fill a disk.
    made: Mutex<Vec<String>>,
    _user: Lock,
}

impl TempPostgres {
    /// A server of one's own, on a free port of 127.0.0.1. Takes a second or two.
    ///
    /// # Errors
    /// When no PostgreSQL is installed (the message says how to), or when it does not start (with its log).
    pub fn start() -> io::Result<Self> {
        let cluster = Cluster::prepare(Programs::find()?)?;
        let users = cluster.directory.join("users");
        let user = Lock::wait(&users, FlockOperation::LockShared)?;
        supervisor::spawn(&users, 0, &cluster.directory, None)?;
        let mut server = Self {
            cluster,
            shared: false,
            made: Mutex::default(),
            _user: user,
        };
        server.cluster.launch()?;
        Ok(server)
    }

    /// The server that all test programs of this build directory share; the first to ask starts it, and it ends some
    /// seconds after the last is gone.
    ///
    /// # Errors
    /// As [`TempPostgres::start`].
    pub fn shared() -> io::Result<Self> {
        let (cluster, user) = shared::join()?;
        Ok(Self {
            cluster,
            shared: true,
            made: Mutex::default(),
            _user: user,
        })
    }

    /// Makes an empty database and gives its URL, with the password of this server. It is gone when this is.
    ///
    /// # Errors
    /// What `createdb` says, as when the server is stopped.
    pub fn database(&self) -> io::Result<String> {
        let name = self.cluster.database()?;
        let url = self.cluster.url(&name);
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(name);
        Ok(url)
    }

    /// Stops the server: connections are ended in order, and new ones are refused.
    ///
    /// # Errors
    /// When others share it, or what `pg_ctl` says.
    pub fn stop(&self) -> io::Result<()> {
        self.alone()?.stop("fast")
    }

    /// Ends the server like a crash: nobody is told, and it recovers at its next start.
    ///
    /// # Errors
    /// When others share it, or what `pg_ctl` says.
    pub fn kill(&self) -> io::Result<()> {
        self.alone()?.stop("immediate")
    }

    /// Starts the server again after [`TempPostgres::stop`] or [`TempPostgres::kill`], on the same port.
    ///
    /// # Errors
    /// When others share it, or what `pg_ctl` says.
    pub fn resume(&self) -> io::Result<()> {
        self.alone()?.start()
    }

    /// Stops and starts: every connection breaks, and what was committed is there.
    ///
    /// # Errors
    /// When others share it, or what `pg_ctl` says.
    pub fn restart(&self) -> io::Result<()> {
        self.stop()?;
        self.resume()
    }

    fn alone(&self) -> io::Result<&Cluster> {
        if self.shared {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "other tests use this server too: take one from TempPostgres::start()",
            ));
        }
        Ok(&self.cluster)
    }
}

impl Drop for TempPostgres {
    fn drop(&mut self) {
        // A failure is the supervisor's to clean up after.
        if self.shared {
            for name in self.made.get_mut().unwrap_or_else(PoisonError::into_inner) {
                let _ = self.cluster.remove_database(name);
            }
        } else {
            let _ = self.cluster.remove();
        }
    }
}
