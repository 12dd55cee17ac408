//! Starting and stopping the simulator.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::calls::Calls;
use crate::clock::SimClock;
use crate::faults::Faults;
use crate::git::GitStore;
use crate::github::{GitHubSim, TokenFormat};
use crate::server;

/// How a simulator starts.
#[derive(Debug, Clone)]
pub struct SimConfig {
    /// Where to listen. Port 0 takes a free one. Default: `127.0.0.1:0`.
    pub bind: SocketAddr,
    /// The forge's clock. Default: the machine's.
    pub clock: SimClock,
    /// The seed of ids and tokens. App keys are random nevertheless. Default: 1.
    pub seed: u64,
    /// The format of installation tokens when a client does not ask for one. Default: stateless,
    /// as on github.com since the middle of 2026.
    pub token_format: TokenFormat,
}

impl Default for SimConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            clock: SimClock::system(),
            seed: 1,
            token_format: TokenFormat::Stateless,
        }
    }
}

/// What the server's tasks share with the handles.
pub(crate) struct Core {
    pub(crate) github: GitHubSim,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    pub(crate) clock: SimClock,
    pub(crate) address: SocketAddr,
    pub(crate) stop: CancellationToken,
}

/// A running simulator. Clones are handles to the same one; it stops with
/// [`shutdown`](Self::shutdown) or when the last handle is dropped.
#[derive(Clone)]
pub struct ForgeSim(Arc<Handle>);

struct Handle {
    core: Arc<Core>,
    tasks: TaskTracker,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.core.stop.cancel();
    }
}

impl ForgeSim {
    /// Listens and serves on the current tokio runtime.
    pub async fn start(config: SimConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.bind).await?;
        let address = listener.local_addr()?;
        let store = tokio::task::spawn_blocking(GitStore::create).await??;
        let web_url = format!("http://{address}");
        let core = Arc::new(Core {
            github: GitHubSim::new(&config, web_url, store),
            faults: Faults::default(),
            calls: Calls::default(),
            clock: config.clock,
            address,
            stop: CancellationToken::new(),
        });
        let tasks = TaskTracker::new();
        tasks.spawn(server::accept(listener, Arc::clone(&core), tasks.clone()));
        Ok(Self(Arc::new(Handle { core, tasks })))
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.core.address
    }

    /// The address for pages and git, `http://127.0.0.1:PORT`.
    pub fn web_url(&self) -> String {
        format!("http://{}", self.0.core.address)
    }

    /// The address of GitHub's REST API, `http://127.0.0.1:PORT/api/v3`. The same routes also answer
    /// at the root, as on `api.github.com`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/v3", self.0.core.address)
    }

    /// What exists on the simulated GitHub.
    pub fn github(&self) -> &GitHubSim {
        &self.0.core.github
    }

    /// What goes wrong.
    pub fn faults(&self) -> &Faults {
        &self.0.core.faults
    }

    /// What was called.
    pub fn calls(&self) -> &Calls {
        &self.0.core.calls
    }

    /// What time it is there.
    pub fn clock(&self) -> &SimClock {
        &self.0.core.clock
    }

    /// Cuts all connections, stops listening and waits until nothing of the server runs any more.
    pub async fn shutdown(self) {
        self.0.core.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl fmt::Debug for ForgeSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ForgeSim").field(&self.web_url()).finish()
    }
}
