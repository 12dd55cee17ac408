//! The server under measurement, and the bare one beside it, each a process of its own.

use std::{
    fs::File,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail, ensure};
use tokio::time::sleep;

use crate::{
    client::{Connection, request_for},
    forge::Forge,
};

/// How long a server may take to come up before that is an error.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two looks whether it is there.
const POLL: Duration = Duration::from_millis(2);
/// The limits that callers would meet, and as high as they can be set. They are counted against nevertheless.
const LIMITS: [&str; 4] = [
    "JETON_LIMITS__PER_CLIENT_PER_SECOND",
    "JETON_LIMITS__PER_CLIENT_BURST",
    "JETON_LIMITS__PER_ADDRESS_PER_SECOND",
    "JETON_LIMITS__PER_ADDRESS_BURST",
];
const HIGHEST_LIMIT: &str = "1000000";

/// Builds `jeton` in release mode, as users have it; where it lies.
pub(crate) fn build() -> anyhow::Result<PathBuf> {
    let arguments = [
        "build",
        "--release",
        "-p",
        "jeton",
        "--bin",
        "jeton",
        "--message-format=json-render-diagnostics",
    ];
    let output = Command::new("cargo")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be run; name a binary with --jeton")?;
    ensure!(output.status.success(), "jeton does not build");
    let messages = String::from_utf8_lossy(&output.stdout);
    let mut executables = messages.lines().filter_map(|line| {
        let message: serde_json::Value = serde_json::from_str(line).ok()?;
        let is_jeton = message["target"]["name"] == "jeton";
        message["executable"].as_str().filter(|_| is_jeton).map(PathBuf::from)
    });
    executables.next_back().context("cargo built no jeton")
}

/// A process that is killed when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// From the start of the process to the first 200.
    pub(crate) ready_after: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// `jeton serve` with a state directory of that name, against the forge.
    pub(crate) async fn jeton(binary: &Path, forge: &Forge, state: &str) -> anyhow::Result<Self> {
        Self::jeton_with(binary, forge, state, &forge.sim.api_url(), &[]).await
    }

    /// The same, where the forge is reached at another URL, with more settings.
    pub(crate) async fn jeton_with(
        binary: &Path,
        forge: &Forge,
        state: &str,
        api_url: &str,
        more: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let (address, log) = (free_address()?, forge.directory().join("jeton.log"));
        let mut command = Command::new(binary);
        command
            .arg("serve")
            // Away from any jeton.toml or .env of whoever runs this.
            .current_dir(forge.directory())
            .env_clear()
            .env("JETON_SERVER__LISTEN", address.to_string())
            .env("JETON_STATE__DIR", forge.directory().join(state))
            .env("JETON_COMPAT__ANONYMOUS", "true")
            .env("JETON_APP_ID", forge.app.id.to_string())
            .env("JETON_APP_PRIVATE_KEY_FILE", forge.key_file())
            .env("JETON_APP_API_URL", api_url)
            // All callers come from one address, and ask as fast as they can.
            .envs(LIMITS.map(|name| (name, HIGHEST_LIMIT)))
            .envs(more.iter().copied())
            .stdout(Stdio::null())
            .stderr(File::create(&log)?);
        let started = Self::start(command, address, "/readyz").await;
        started.with_context(|| {
            format!(
                "jeton serve said:\n{}",
                std::fs::read_to_string(&log).unwrap_or_default()
            )
        })
    }

    /// The bare route for hand-outs, answering with these bytes.
    pub(crate) async fn bare(directory: &Path, answer: &[u8], path: &str) -> anyhow::Result<Self> {
        Self::bare_at(directory, answer, "/api/{ns}/{repo}", path).await
    }

    /// Any bare route, as axum writes it, answering with these bytes, asked for by a path.
    pub(crate) async fn bare_at(directory: &Path, answer: &[u8], route: &str, path: &str) -> anyhow::Result<Self> {
        let (address, file) = (free_address()?, directory.join("bare-answer"));
        std::fs::write(&file, answer)?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args([
                "bare",
                "--port",
                &address.port().to_string(),
                "--route",
                route,
                "--body-file",
            ])
            .arg(&file)
            .env_clear();
        Self::start(command, address, path).await.context("the bare server")
    }

    /// Ends it as a service manager would, and waits until it is gone.
    pub(crate) fn stop(mut self) -> anyhow::Result<()> {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        let status = self.child.wait()?;
        ensure!(status.success(), "jeton ended with {status} after SIGTERM");
        Ok(())
    }

    async fn start(mut command: Command, address: SocketAddr, probe: &str) -> anyhow::Result<Self> {
        let request = request_for(probe);
        let begun = Instant::now();
        let child = command
            .spawn()
            .with_context(|| format!("{} cannot be run", command.get_program().display()))?;
        let mut server = Self {
            child,
            address,
            ready_after: Duration::ZERO,
        };
        while begun.elapsed() < PATIENCE {
            if answers(address, &request).await {
                server.ready_after = begun.elapsed();
                return Ok(server);
            }
            if let Some(status) = server.child.try_wait()? {
                bail!("it ended with {status}");
            }
            sleep(POLL).await;
        }
        bail!("it was not ready within {} s", PATIENCE.as_secs())
    }
}

async fn answers(address: SocketAddr, request: &[u8]) -> bool {
    let Ok(mut connection) = Connection::open(address).await else {
        return false;
    };
    connection.ask(request).await.is_ok_and(|reply| reply.status == 200)
}

/// A port that was free a moment ago.
fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
