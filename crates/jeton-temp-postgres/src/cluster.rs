use std::{
    fs,
    hash::{BuildHasher as _, RandomState},
    io,
    net::{Ipv4Addr, TcpListener, TcpStream},
    path::{Path, PathBuf},
};

use rustix::process::{Pid, test_kill_process};

use crate::programs::Programs;

/// The role that tests connect as; a superuser.
const ROLE: &str = "jeton";

/// How the directory of a cluster begins: what has another name is never removed.
const PREFIX: &str = "jeton-pg-";

/// A cluster on the disk, and where its server listens.
#[derive(Debug, Clone)]
pub(crate) struct Cluster {
    pub(crate) programs: Programs,
    /// Holds `data`, the socket, the log and the lock of the users.
    pub(crate) directory: PathBuf,
    pub(crate) port: u16,
    pub(crate) password: String,
}

impl Cluster {
    /// Makes the directory; nothing runs yet.
    pub(crate) fn prepare(programs: Programs) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix(PREFIX).tempdir()?;
        if let Some(user) = &programs.user {
            user.own(directory.path())?;
        }
        Ok(Self {
            programs,
            directory: directory.keep(),
            port: 0,
            password: random_name(),
        })
    }

    /// Makes the cluster and starts its server.
    pub(crate) fn launch(&mut self) -> io::Result<()> {
        // Over TCP it asks for a password, so that tests can send a wrong one; over the socket, which is in a directory
        // of our own, it does not.
        let password_file = self.directory.join("password");
        fs::write(&password_file, &self.password)?;
        if let Some(user) = &self.programs.user {
            user.own(&password_file)?;
        }
        let initdb = [
            "--pgdata=data",
            "--username=jeton",
            "--pwfile=password",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--no-locale",
            "--no-sync",
        ];
        self.programs.run("initdb", &initdb, &self.directory)?;
        self.start_on_free_port()
    }

    /// Between the look for a free port and the server's start another process may take it; then it takes the next.
    fn start_on_free_port(&mut self) -> io::Result<()> {
        let mut tries = 0;
        loop {
            self.port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
            match self.start() {
                Ok(()) => return Ok(()),
                Err(_) if tries < 4 => tries += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Starts the server, and waits until it answers.
    pub(crate) fn start(&self) -> io::Result<()> {
        // Nothing here outlives the machine: no reason to wait for its disk.
        let options = format!(
            "-p {} -h 127.0.0.1 -k {} -F -c full_page_writes=off -c shared_buffers=16MB -c max_connections=200",
            self.port,
            self.directory.display()
        );
        let args = ["start", "-w", "-D", "data", "-l", "server.log", "-o", &options];
        self.programs.run("pg_ctl", &args, &self.directory)
    }

    /// Stops the server and waits for its end. `fast` ends the connections in order; `immediate` is a crash.
    pub(crate) fn stop(&self, mode: &str) -> io::Result<()> {
        let args = ["stop", "-w", "-D", "data", "-m", mode];
        self.programs.run("pg_ctl", &args, &self.directory)
    }

    /// Makes an empty database and gives its name.
    pub(crate) fn database(&self) -> io::Result<String> {
        let name = format!("test_{}", random_name());
        self.run_as_client("createdb", &[], &name)?;
        Ok(name)
    }

    /// Removes a database, whoever is still connected.
    pub(crate) fn remove_database(&self, name: &str) -> io::Result<()> {
        self.run_as_client("dropdb", &["--force", "--if-exists"], name)
    }

    fn run_as_client(&self, program: &str, options: &[&str], database: &str) -> io::Result<()> {
        let port = self.port.to_string();
        let host = self.directory.display().to_string();
        let mut args = vec!["-h", &host, "-p", &port, "-U", ROLE];
        args.extend(options);
        args.push(database);
        self.programs.run(program, &args, &self.directory)
    }

    /// The URL of a database in it.
    pub(crate) fn url(&self, database: &str) -> String {
        format!("postgres://{ROLE}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Whether its server takes connections: this one, and not whoever has its port by now.
    pub(crate) fn answers(&self) -> bool {
        let alive = postmaster(&self.directory).is_some_and(|pid| test_kill_process(pid).is_ok());
        alive && TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
    }

    /// Ends the server if it runs, and removes the directory.
    pub(crate) fn remove(&self) -> io::Result<()> {
        // Fails when there is none, which is as good.
        let _ = self.stop("immediate");
        let name = self.directory.file_name().and_then(|name| name.to_str());
        if name.is_some_and(|name| name.starts_with(PREFIX)) && self.directory.exists() {
            fs::remove_dir_all(&self.directory)?;
        }
        Ok(())
    }
}

/// The server's process, as its own file names it.
fn postmaster(directory: &Path) -> Option<Pid> {
    let text = fs::read_to_string(directory.join("data/postmaster.pid")).ok()?;
    Pid::from_raw(text.lines().next()?.trim().parse().ok()?)
}

/// 32 hex digits that nobody else has: the keys of the standard library's hash maps come from the system.
fn random_name() -> String {
    let half = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", half(), half())
}
