//! `jeton demo`: the jobs against the simulated forges, step by step, with real `git`.

mod access_steps;
mod account_steps;
mod ci_steps;
mod client;
mod clock;
mod content_steps;
mod git;
mod steps;
mod story;

use std::{
    collections::BTreeMap, fs::Permissions, io, os::unix::fs::PermissionsExt as _, process::ExitCode, sync::Arc,
};

use jeton_access::Access;
use jeton_domain::{Clock, Entropy, Secret};
use jeton_forge_sim::{ForgeSim, SimConfig};
use jeton_web::Listener;
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::oneshot, task::JoinHandle};

use crate::{
    config::{Config, ConfigSources},
    serve,
    system::SystemEntropy,
    wiring::{self, StartError},
};
use account_steps::OtherForges;
use clock::DemoClock;
use story::Story;

/// How to show it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct DemoOptions {
    /// End after the last step.
    pub(crate) once: bool,
    /// Leave the state directory where it is, to look at.
    pub(crate) keep: bool,
}

/// Shows the main job; the status says whether every step worked.
///
/// # Errors
/// [`StartError`] when not even the servers start.
pub(crate) async fn run(options: DemoOptions) -> Result<ExitCode, StartError> {
    let story = Story::default();
    let place = place().map_err(StartError::Serve)?;
    let clock = DemoClock::default();
    let sim_config = SimConfig {
        clock: clock.for_sim(),
        ..SimConfig::default()
    };
    let sim = ForgeSim::start(sim_config).await.map_err(StartError::Serve)?;
    let mut stage = Stage {
        config: config(place.path())?,
        clock,
        sim,
        others: None,
        server: None,
    };
    stage.others = Some(OtherForges::start(&stage).await.map_err(StartError::Serve)?);
    stage.start_server().await?;
    let outcome = steps::play(&story, &mut stage).await;
    if let Err(error) = outcome {
        story.fail(&error);
    }
    let failures = story.end();
    if !options.once {
        story.stay(&stage, stage.first_link().await.as_ref());
        serve::ended().await;
    }
    stage.stop_server().await?;
    if let Some(others) = stage.others {
        others.shutdown().await;
    }
    stage.sim.shutdown().await;
    if options.keep {
        story.kept(&place.keep());
    }
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The servers of the demo.
pub(crate) struct Stage {
    pub(crate) config: Config,
    pub(crate) clock: DemoClock,
    pub(crate) sim: ForgeSim,
    pub(crate) others: Option<OtherForges>,
    server: Option<RunningServer>,
}

struct RunningServer {
    url: String,
    access: Access,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<Result<(), StartError>>,
}

impl Stage {
    /// `http://127.0.0.1:PORT` of jeton.
    pub(crate) fn url(&self) -> &str {
        self.server.as_ref().map_or("", |server| server.url.as_str())
    }

    /// The operator's key file.
    pub(crate) fn key_file(&self) -> std::path::PathBuf {
        self.config.state_dir.join("operator.key")
    }

    /// The link with which the first person signs in to the pages; `None` when somebody has already.
    async fn first_link(&self) -> Option<Secret> {
        self.server.as_ref()?.access.first_setup().await.ok().flatten()
    }

    /// Starts jeton as `jeton serve` does, but on a free port and with a clock that can be moved.
    pub(crate) async fn start_server(&mut self) -> Result<(), StartError> {
        let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
        let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(StartError::Serve)?;
        let url = format!("http://{}", listener.local_addr().map_err(StartError::Serve)?);
        let parts = wiring::open(&self.config, None, listener.local_addr().ok(), clock, entropy).await?;
        let access = parts.broker.access().clone();
        let (stop, stopped) = oneshot::channel();
        let ended = tokio::spawn(serve::serve(parts, vec![Listener::Tcp(listener)], async {
            stopped.await.ok();
        }));
        self.server = Some(RunningServer {
            url,
            access,
            stop,
            ended,
        });
        Ok(())
    }

    /// Stops jeton as SIGTERM does.
    pub(crate) async fn stop_server(&mut self) -> Result<(), StartError> {
        let Some(server) = self.server.take() else {
            return Ok(());
        };
        server.stop.send(()).ok();
        match server.ended.await {
            Ok(outcome) => outcome,
            Err(error) => Err(StartError::Serve(std::io::Error::other(error))),
        }
    }
}

/// The state directory: keys lie in it, so it is for this user alone, as the doctor wants it.
fn place() -> io::Result<TempDir> {
    tempfile::Builder::new()
        .prefix("jeton-demo-")
        .permissions(Permissions::from_mode(0o700))
        .tempdir()
}

/// The usual configuration, in a directory of its own. Nothing of the real environment goes in.
fn config(place: &std::path::Path) -> Result<Config, StartError> {
    let env = BTreeMap::from([
        ("JETON_STATE__DIR".to_owned(), place.display().to_string()),
        ("JETON_COMPAT__ANONYMOUS".to_owned(), "true".to_owned()),
        // The simulated forges are on this machine, where callers may name none otherwise.
        ("JETON_FORGES__ALLOW_LOOPBACK".to_owned(), "true".to_owned()),
    ]);
    Config::load(ConfigSources {
        env,
        ..ConfigSources::default()
    })
    .map_err(StartError::Config)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::place;

    #[test]
    fn the_keys_of_a_demo_are_for_its_user_alone() {
        let place = place().unwrap();
        let mode = std::fs::metadata(place.path()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
