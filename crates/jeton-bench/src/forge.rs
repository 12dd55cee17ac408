//! The simulated forge, on a thread and a runtime of its own.

use std::{
    fs,
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    sync::mpsc,
    thread,
    time::Duration,
};

use anyhow::Context as _;
use jeton_forge_sim::{AppSpec, FaultId, FaultKind, FaultRule, ForgeSim, InstallSpec, SimApp, SimConfig};
use tempfile::TempDir;
use tokio::sync::oneshot;

/// A forge with one App, and a directory for the files of one measurement.
#[derive(Debug)]
pub(crate) struct Forge {
    pub(crate) sim: ForgeSim,
    pub(crate) app: SimApp,
    directory: TempDir,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<thread::JoinHandle<()>>,
}

impl Forge {
    pub(crate) fn start() -> anyhow::Result<Self> {
        let (started, starting) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = thread::Builder::new().name("forge".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(error) => {
                    started.send(Err(error)).ok();
                    return;
                }
            };
            runtime.block_on(async {
                let sim = ForgeSim::start(SimConfig::default()).await;
                let ours = sim.as_ref().ok().cloned();
                started.send(sim).ok();
                // An error means that the other end is gone, which is a stop too.
                stopped.await.ok();
                if let Some(sim) = ours {
                    sim.shutdown().await;
                }
            });
        })?;
        let sim = starting
            .recv()
            .context("the forge's thread ended")?
            .context("the simulated forge")?;
        // A benchmark shall not meet GitHub's hourly limit.
        sim.github().set_rate_limit(100_000_000);
        let app = sim.github().add_app(AppSpec::new("bench"));
        let directory = tempfile::Builder::new().prefix("jeton-bench-").tempdir()?;
        let forge = Self {
            sim,
            app,
            directory,
            stop: Some(stop),
            thread: Some(thread),
        };
        write_private(&forge.key_file(), forge.app.private_key_pkcs1_pem.as_bytes())?;
        Ok(forge)
    }

    /// Where this measurement's files lie.
    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// The App's private key.
    pub(crate) fn key_file(&self) -> PathBuf {
        self.directory().join("app.pem")
    }

    /// Makes repositories and installs the App on their owner.
    pub(crate) fn install(&self, owner: &str, repositories: &[String]) -> anyhow::Result<()> {
        for name in repositories {
            self.sim.github().add_repository(owner, name, true)?;
        }
        self.sim.github().install(self.app.id, owner, InstallSpec::all());
        Ok(())
    }

    /// Every call takes this much longer.
    pub(crate) fn slow_down(&self, by: Duration) -> FaultId {
        self.sim.faults().add(FaultRule::new(FaultKind::Latency(by)))
    }
}

impl Drop for Forge {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            stop.send(()).ok();
        }
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

/// `name-0000`, `name-0001`, …
pub(crate) fn numbered(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| format!("{name}-{number:04}")).collect()
}

fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)?;
    std::io::Write::write_all(&mut file, content)?;
    Ok(())
}
