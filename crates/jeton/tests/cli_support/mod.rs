//! What every test of the program itself needs.

use std::{
    path::PathBuf,
    process::{Command, Output},
};

use tempfile::TempDir;

/// A directory of its own, and no environment but this.
pub(crate) struct World {
    dir: TempDir,
    env: Vec<(String, String)>,
}

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) status: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl World {
    pub(crate) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let home = dir.path().display().to_string();
        let env = vec![
            ("HOME".to_owned(), home.clone()),
            ("XDG_STATE_HOME".to_owned(), format!("{home}/state")),
        ];
        Self { dir, env }
    }

    pub(crate) fn env(mut self, name: &str, value: impl Into<String>) -> Self {
        self.env.push((name.to_owned(), value.into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_jeton"));
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env_clear()
            .envs(self.env.iter().cloned());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let Output { status, stdout, stderr } = self.command(arguments).output().unwrap();
        Ran {
            status: status.code().expect("no signal ended it"),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }
}
