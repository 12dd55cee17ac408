//! A server as a process of its own, a simulated GitHub, and the command line that talks to them.

use std::{
    collections::BTreeMap,
    io::Write as _,
    process::{Command, Stdio},
};

use jeton_forge_sim::{ForgeSim, PersonalTokenSpec, SimConfig};
use serde_json::Value;
use tempfile::TempDir;

use crate::processes::{Server, keys};

/// How a command ended.
pub(super) struct Ran {
    pub(super) status: i32,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

pub(super) struct World {
    pub(super) sim: ForgeSim,
    pub(super) state: TempDir,
    server: Server,
    key: String,
}

/// A classic token with these scopes, that never ends.
pub(super) fn classic<const N: usize>(scopes: [&str; N]) -> PersonalTokenSpec {
    PersonalTokenSpec::classic(scopes)
}

pub(super) async fn sim() -> ForgeSim {
    ForgeSim::start(SimConfig::default()).await.unwrap()
}

/// Runs the command line in a directory, with this environment alone, and this on its standard input.
pub(super) fn run(directory: &TempDir, env: &[(&str, &str)], input: &str, arguments: &[&str]) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_jeton"))
        .args(arguments)
        .current_dir(directory.path())
        .env_clear()
        .env("HOME", directory.path())
        .envs(env.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // a command that refuses its arguments reads nothing
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Ran {
        status: output.status.code().expect("no signal ended it"),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

impl World {
    pub(super) async fn start() -> Self {
        Self::start_with(|_| BTreeMap::new()).await
    }

    /// One whose server has more in its environment.
    pub(super) async fn start_with(more: impl FnOnce(&ForgeSim) -> BTreeMap<&'static str, String>) -> Self {
        let sim = sim().await;
        let (key, mut env) = keys();
        env.insert("JETON_FORGES__ALLOW_LOOPBACK", "true".to_owned());
        env.extend(more(&sim));
        let state = tempfile::tempdir().unwrap();
        Self {
            server: Server::start(state.path(), &env),
            key: key.secret().expose().to_owned(),
            sim,
            state,
        }
    }

    pub(super) fn web_url(&self) -> String {
        self.sim.web_url()
    }

    pub(super) fn host(&self) -> String {
        self.sim.address().to_string()
    }

    /// A new token of somebody at the forge.
    pub(super) fn token(&self, login: &str, spec: PersonalTokenSpec) -> String {
        self.sim.github().add_personal_token(login, spec).token
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        self.run_with("", arguments)
    }

    pub(super) fn run_with(&self, input: &str, arguments: &[&str]) -> Ran {
        self.run_as(&self.key, input, arguments)
    }

    /// As whoever has this key.
    pub(super) fn run_as(&self, key: &str, input: &str, arguments: &[&str]) -> Ran {
        let env = [("JETON_URL", self.server.url.as_str()), ("JETON_TOKEN", key)];
        run(&self.state, &env, input, arguments)
    }

    /// `jeton account add` of a token of the simulated GitHub.
    pub(super) fn add_with(&self, label: &str, token: &str, more: &[&str]) -> Ran {
        let url = self.web_url();
        let arguments = ["account", "add", label, "--base-url", &url];
        self.run_with(&format!("{token}\n"), &[&arguments, more].concat())
    }

    /// What a command that works prints.
    pub(super) fn done(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.status, 0, "{arguments:?}: {}{}", ran.stdout, ran.stderr);
        ran.stdout
    }

    /// The same as JSON.
    pub(super) fn json(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.done(&[arguments, &["--format", "json"]].concat())).unwrap()
    }

    /// The token that an account hands out.
    pub(super) fn minted(&self, account: &str) -> String {
        let token = self.done(&["token", "mint", "acme/tools", "--account", account, "--format", "plain"]);
        token.trim_end().to_owned()
    }

    /// That a command is refused with a code, and says what to do.
    pub(super) fn refused(&self, arguments: &[&str], code: &str) {
        let ran = self.run(arguments);
        assert_eq!(
            (ran.status, ran.stdout.as_str()),
            (1, ""),
            "{arguments:?}: {}",
            ran.stderr
        );
        assert!(
            ran.stderr.contains(&format!("code: {code}")) && ran.stderr.contains("help: "),
            "{code} in {}",
            ran.stderr
        );
    }
}
