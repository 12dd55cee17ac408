use std::{
    ffi::OsStr,
    fs, io,
    os::unix::process::CommandExt as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::unprivileged::User;

const DEBIAN: &str = "/usr/lib/postgresql";

/// The directory with PostgreSQL's programs, and the user who may run them.
#[derive(Debug, Clone)]
pub(crate) struct Programs {
    directory: PathBuf,
    /// `None`: as we are.
    pub(crate) user: Option<User>,
}

impl Programs {
    /// Looks in `PATH` first, then where Debian puts each version, the newest first.
    pub(crate) fn find() -> io::Result<Self> {
        #[expect(
            clippy::disallowed_methods,
            reason = "a tool for tests looks for programs where a shell would"
        )]
        let path = std::env::var_os("PATH").unwrap_or_default();
        let directory = std::env::split_paths(&path)
            .chain(debian_directories())
            .find_map(|directory| complete(&directory))
            .ok_or_else(|| {
                io::Error::new(
                    io::ErrorKind::NotFound,
                    format!(
                        "no PostgreSQL server is installed: neither in PATH nor under {DEBIAN} are initdb, pg_ctl and \
                         postgres. On Debian and Ubuntu: apt-get install postgresql"
                    ),
                )
            })?;
        Ok(Self {
            directory,
            user: User::for_server()?,
        })
    }

    /// Runs one of the programs to its end. Its output goes to files, not to pipes: the server that `pg_ctl` leaves
    /// behind would keep a pipe open.
    pub(crate) fn run<A: AsRef<OsStr>>(&self, name: &str, args: &[A], directory: &Path) -> io::Result<()> {
        let output = directory.join(format!("{name}.output"));
        let file = fs::File::create(&output)?;
        let mut command = Command::new(self.directory.join(name));
        command
            .args(args)
            .current_dir(directory)
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            // A key press that ends the tests must not reach the server before its supervisor does its work.
            .process_group(0)
            .env_clear()
            .env("LC_ALL", "C")
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        if let Some(user) = &self.user {
            command.uid(user.uid).gid(user.gid);
        }
        let status = command.status()?;
        if status.success() {
            return Ok(());
        }
        let said = fs::read_to_string(&output).unwrap_or_default();
        let log = fs::read_to_string(directory.join("server.log")).unwrap_or_default();
        Err(io::Error::other(format!("{name} failed ({status}): {said}\n{log}")))
    }
}

/// A directory that has all programs, by its real name: `PATH` may hold links to a few of them only.
fn complete(directory: &Path) -> Option<PathBuf> {
    let real = fs::canonicalize(directory.join("initdb")).ok()?;
    let directory = real.parent()?;
    let all = ["initdb", "pg_ctl", "postgres", "createdb", "dropdb"];
    all.iter()
        .all(|name| directory.join(name).is_file())
        .then(|| directory.to_owned())
}

fn debian_directories() -> Vec<PathBuf> {
    let mut found: Vec<(u32, PathBuf)> = fs::read_dir(DEBIAN)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let version = entry.file_name().to_str()?.parse().ok()?;
            Some((version, entry.path().join("bin")))
        })
        .collect();
    found.sort_by_key(|(version, _)| std::cmp::Reverse(*version));
    found.into_iter().map(|(_, directory)| directory).collect()
}
