//! A simulated OIDC provider: it issues the tokens of workloads and signs people in.

mod claims;
mod control;
mod keys;
mod provider;
mod server;
mod sign;
mod state;

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub use claims::{GitHubActionsJob, gitlab_claims, kubernetes_claims};
pub use keys::OidcAlgorithm;
pub use sign::{OidcKey, SignSpec};

use crate::clock::SimClock;
use state::{Client, State};

/// How a simulated provider starts.
#[derive(Debug, Clone)]
pub struct OidcSimConfig {
    /// Where to listen. Port 0 takes a free one. Default: `127.0.0.1:0`.
    pub bind: SocketAddr,
    /// The provider's clock. Default: the machine's.
    pub clock: SimClock,
}

impl Default for OidcSimConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            clock: SimClock::system(),
        }
    }
}

/// What can be called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum OidcRoute {
    /// `GET /.well-known/openid-configuration`
    Discovery,
    /// `GET /jwks`
    Jwks,
    /// `GET /authorize`
    Authorize,
    /// `POST /token`
    Token,
    /// Everything else.
    Unknown,
}

/// What happens on a route instead of the right thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OidcFault {
    /// Another status, with an HTML page.
    Status(u16),
    /// The connection is cut without an answer.
    Cut,
    /// The right answer, this much later in real time.
    Delay(Duration),
    /// The right answer, once the fault is taken away or replaced.
    Hold,
    /// Status 200 with this body.
    Body(String),
    /// 302 to another place.
    Redirect(String),
}

impl OidcFault {
    /// Something that is no JSON.
    pub fn garbage() -> Self {
        Self::Body("<html>it works!</html>".to_owned())
    }

    /// A key set without keys.
    pub fn empty_keys() -> Self {
        Self::Body("{\"keys\":[]}".to_owned())
    }
}

struct Shared {
    state: Mutex<State>,
    /// Rings when a fault is set or taken away.
    faults_changed: watch::Sender<()>,
    address: SocketAddr,
    stop: CancellationToken,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        crate::lock(&self.state)
    }
}

/// A running provider. Clones are handles to the same one; it stops with [`shutdown`](Self::shutdown) or when the last
/// handle is dropped.
#[derive(Clone)]
pub struct OidcSim(Arc<Handle>);

struct Handle {
    shared: Arc<Shared>,
    tasks: TaskTracker,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stop.cancel();
    }
}

impl OidcSim {
    /// Makes a key per algorithm, listens, and serves on the current tokio runtime.
    pub async fn start(config: OidcSimConfig) -> io::Result<Self> {
        let listener = TcpListener::bind(config.bind).await?;
        let address = listener.local_addr()?;
        let clock = config.clock;
        let make = move || State::new(format!("http://{address}"), clock);
        let shared = Arc::new(Shared {
            state: Mutex::new(tokio::task::spawn_blocking(make).await?),
            faults_changed: watch::Sender::new(()),
            address,
            stop: CancellationToken::new(),
        });
        let tasks = TaskTracker::new();
        tasks.spawn(server::accept(listener, Arc::clone(&shared), tasks.clone()));
        Ok(Self(Arc::new(Handle { shared, tasks })))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.shared.state()
    }

    /// The `iss` of its tokens, `http://127.0.0.1:PORT`; also where it answers.
    pub fn issuer(&self) -> String {
        format!("http://{}", self.0.shared.address)
    }

    /// What time it is there.
    pub fn clock(&self) -> SimClock {
        self.state().clock.clone()
    }

    /// A token with these claims, signed with the newest RS256 key. `iss`, `iat`, `nbf`, `exp` (in ten minutes) and
    /// `jti` are added where they are missing; null keeps them away.
    pub fn sign(&self, claims: &Value) -> String {
        self.sign_with(&SignSpec::new(OidcKey::Newest(OidcAlgorithm::Rs256)), claims)
    }

    /// A token that is made in another way.
    ///
    /// # Panics
    /// When the provider never had such a key.
    pub fn sign_with(&self, spec: &SignSpec, claims: &Value) -> String {
        self.state().sign(spec, claims)
    }

    /// A token of exactly these two texts.
    ///
    /// # Panics
    /// When the provider never had such a key.
    pub fn sign_raw(&self, header: &str, payload: &str, key: &OidcKey) -> String {
        self.state().sign_raw(header, payload, key)
    }

    /// The id of the newest key for an algorithm.
    ///
    /// # Panics
    /// Never: there is a key for each.
    pub fn kid(&self, algorithm: OidcAlgorithm) -> String {
        self.state().key(&OidcKey::Newest(algorithm)).kid.clone()
    }

    /// The public half of a key as PEM.
    ///
    /// # Panics
    /// When the provider never had such a key.
    pub fn public_pem(&self, kid: &str) -> String {
        match self.state().key(&OidcKey::Kid(kid.to_owned())).public_pem() {
            Ok(pem) => pem,
            Err(error) => panic!("the key has no public half: {error}"),
        }
    }

    /// The key set as it is published.
    pub fn jwks(&self) -> Value {
        self.state().jwks()
    }

    /// A new key for each algorithm, which sign from now on. The old ones stay published. Answers the new ids.
    pub fn rotate(&self) -> Vec<String> {
        self.state().rotate()
    }

    /// Publishes a key no longer; it can still sign. `false` when it was not published.
    pub fn remove_key(&self, kid: &str) -> bool {
        self.state().remove(kid)
    }

    /// Replaces members of the discovery document; null removes one. An earlier replacement ends.
    pub fn set_discovery(&self, members: Value) {
        self.state().discovery = members;
    }

    /// What goes wrong on a route from now on; `None` ends it.
    pub fn set_fault(&self, route: OidcRoute, fault: Option<OidcFault>) {
        match fault {
            Some(fault) => self.state().faults.insert(route, fault),
            None => self.state().faults.remove(&route),
        };
        self.0.shared.faults_changed.send_replace(());
    }

    /// How often a route was called.
    pub fn calls(&self, route: OidcRoute) -> u64 {
        self.state().calls.get(&route).copied().unwrap_or_default()
    }

    /// Lets only those see discovery and keys who send this as a bearer token.
    pub fn require_bearer(&self, token: Option<&str>) {
        self.state().bearer = token.map(str::to_owned);
    }

    /// Registers a client; without a secret it is a public one.
    pub fn add_client(&self, id: &str, secret: Option<&str>, redirect_uri: &str) {
        let client = Client {
            secret: secret.map(str::to_owned),
            redirect_uri: redirect_uri.to_owned(),
        };
        self.state().clients.insert(id.to_owned(), client);
    }

    /// Who is signed in there: the claims of the ID token, with `sub`. `None`: whoever comes is refused.
    pub fn set_user(&self, claims: Option<Value>) {
        self.state().user = claims;
    }

    /// Claims of ID tokens that replace the right ones; null removes.
    pub fn set_id_token_claims(&self, claims: Value) {
        self.state().id_token = claims;
    }

    /// Cuts all connections, stops listening and waits until nothing of the server runs any more.
    pub async fn shutdown(self) {
        self.0.shared.stop.cancel();
        self.0.tasks.close();
        self.0.tasks.wait().await;
    }
}

impl fmt::Debug for OidcSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OidcSim").field(&self.issuer()).finish()
    }
}
