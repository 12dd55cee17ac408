//! Bare repositories in a directory of their own.

use std::ffi::OsString;
use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use jiff::Timestamp;
use tempfile::TempDir;

use super::batch::Batches;
use super::names::is_reference;
use super::spec::CommitSpec;

/// The repositories of one simulator; the directory goes away with it.
///
/// On disk a repository is called after its number. Its name, which comes from outside, never
/// becomes part of a path.
pub(crate) struct GitStore {
    /// Ended before their directory goes.
    batches: Batches,
    root: TempDir,
    /// Where git keeps its programs, `git-http-backend` among them.
    programs: PathBuf,
    /// Two commits on one branch at a time would lose one.
    committing: Mutex<()>,
}

impl GitStore {
    /// Finds git and makes an empty store.
    pub(crate) fn create() -> io::Result<Self> {
        let output = Command::new("git").arg("--exec-path").output()?;
        let programs = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
        if !programs.join("git-http-backend").is_file() {
            let text = format!("git has no http-backend in {}", programs.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Ok(Self {
            batches: Batches::default(),
            root: tempfile::Builder::new().prefix("jeton-forge-sim-").tempdir()?,
            programs,
            committing: Mutex::new(()),
        })
    }

    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn http_backend(&self) -> PathBuf {
        self.programs.join("git-http-backend")
    }

    /// The whole environment of every git process here: nothing of the machine's or the user's
    /// configuration takes part, nor any credential that may lie in the environment.
    pub(crate) fn environment(&self) -> Vec<(&'static str, OsString)> {
        let mut path = self.programs.clone().into_os_string();
        path.push(":/usr/local/bin:/usr/bin:/bin");
        vec![
            ("PATH", path),
            ("GIT_EXEC_PATH", self.programs.clone().into()),
            ("HOME", self.root().into()),
            ("LC_ALL", "C".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_TERMINAL_PROMPT", "0".into()),
            ("GIT_CONFIG_COUNT", "7".into()),
            // The directory is ours even where a container maps users strangely.
            ("GIT_CONFIG_KEY_0", "safe.directory".into()),
            ("GIT_CONFIG_VALUE_0", "*".into()),
            // Nothing here outlives the process: waiting for the disk would be waste.
            ("GIT_CONFIG_KEY_1", "core.fsync".into()),
            ("GIT_CONFIG_VALUE_1", "none".into()),
            // Who may push is decided before git is asked.
            ("GIT_CONFIG_KEY_2", "http.receivepack".into()),
            ("GIT_CONFIG_VALUE_2", "true".into()),
            // Partial clones, and fetches of a commit by its id, as GitHub serves them.
            ("GIT_CONFIG_KEY_3", "uploadpack.allowFilter".into()),
            ("GIT_CONFIG_VALUE_3", "true".into()),
            ("GIT_CONFIG_KEY_4", "uploadpack.allowAnySHA1InWant".into()),
            ("GIT_CONFIG_VALUE_4", "true".into()),
            // Quick rather than small, and large files are passed on in pieces.
            ("GIT_CONFIG_KEY_5", "core.compression".into()),
            ("GIT_CONFIG_VALUE_5", "1".into()),
            ("GIT_CONFIG_KEY_6", "core.bigFileThreshold".into()),
            ("GIT_CONFIG_VALUE_6", "8m".into()),
        ]
    }

    pub(super) fn directory(&self, id: u64) -> PathBuf {
        self.root().join(format!("{id}.git"))
    }

    pub(super) fn batches(&self) -> &Batches {
        &self.batches
    }

    pub(super) fn committing(&self) -> &Mutex<()> {
        &self.committing
    }

    /// A bare repository whose `main` has one commit with one `README.md`.
    pub(crate) fn create_repository(&self, id: u64, readme: &[u8], now: Timestamp) -> io::Result<()> {
        self.create_empty(id, "main")?;
        self.write(id, &CommitSpec::new("Write README.md").file("README.md", readme), now)?;
        Ok(())
    }

    /// A bare repository without a commit, and what its default branch will be called.
    pub(crate) fn create_empty(&self, id: u64, head: &str) -> io::Result<()> {
        if !is_reference(head) {
            return Err(super::names::invalid(format!("{head:?} cannot be a branch")));
        }
        // What `git init --bare` would write, without starting a process for it.
        let directory = self.directory(id);
        for part in ["objects/info", "objects/pack", "refs/heads", "refs/tags", "info"] {
            fs::create_dir_all(directory.join(part))?;
        }
        fs::write(directory.join("HEAD"), format!("ref: refs/heads/{head}\n"))?;
        let config = "[core]\n\trepositoryformatversion = 0\n\tfilemode = true\n\tbare = true\n";
        fs::write(directory.join("config"), config)
    }

    /// git in a repository, to be started with pipes on all sides.
    pub(super) fn command(&self, id: u64, arguments: &[&str]) -> Command {
        let mut command = Command::new(self.programs.join("git"));
        command
            .arg("--git-dir")
            .arg(self.directory(id))
            .args(arguments)
            .env_clear()
            .envs(self.environment())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// Runs git in a repository; answers every byte that it printed.
    pub(super) fn run(&self, id: u64, arguments: &[&str], input: &[u8]) -> io::Result<Vec<u8>> {
        let mut child = self.command(id, arguments).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that stopped reading says why in its exit.
            let _ = stdin.write_all(input);
        }
        let output = child.wait_with_output()?;
        if !output.status.success() {
            let words = String::from_utf8_lossy(&output.stderr);
            return Err(io::Error::other(format!("git: {}", words.trim())));
        }
        Ok(output.stdout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_commit_adds_to_what_was_there() {
        let store = GitStore::create().unwrap();
        store.create_repository(1, b"first", now()).unwrap();
        let commit = store.commit_file(1, "src/a b.txt", b"two\n", now()).unwrap();
        assert_eq!(commit.len(), 40);
        let git = |arguments: &[&str]| {
            let printed = store.run(1, arguments, &[]).unwrap();
            String::from_utf8(printed).unwrap().trim().to_owned()
        };
        let show = |what: &str| git(&["show", what]);
        assert_eq!(show("main:README.md"), "first");
        assert_eq!(show("main:src/a b.txt"), "two");
        assert_eq!(git(&["rev-parse", "HEAD"]), commit);
    }

    #[test]
    fn a_path_that_leaves_the_tree_is_refused() {
        let store = GitStore::create().unwrap();
        store.create_repository(1, b"", now()).unwrap();
        for path in ["../x", "/x", "a//b", ".git/config", "a\nb", ""] {
            assert!(store.commit_file(1, path, b"", now()).is_err(), "{path:?}");
        }
    }
}
