//! What the simulated forges with a listener of their own have in common: GitLab and Bitbucket.

mod call;
mod conditional;
mod content;
mod credential;
mod lfs;
mod listings;
mod serve;
pub(crate) mod table;
mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http::StatusCode;
use jiff::SignedDuration;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

pub(crate) use call::Call;
pub(crate) use conditional::not_modified;
pub(crate) use credential::{Basic, basic, scheme};
pub(crate) use lfs::{LfsObjects, MAX_POINTER, pointed_at};
pub(crate) use listings::Listings;
pub use world::WorldError;
pub(crate) use world::check_name;

use crate::calls::Calls;
use crate::clock::SimClock;
use crate::control::{Outcome, Refusal};
use crate::faults::Faults;
use crate::git::GitStore;
use crate::lock;
use crate::random::Random;
use crate::reply::Reply;
use table::Entry;

/// A forge behind a listener: what it knows, and how it words its refusals.
pub(crate) trait Site: Send + Sync + Sized + 'static {
    /// What its routes mean.
    type Action: Copy + Send + Sync + 'static;
    /// All its routes; the first that fits takes a request.
    const TABLE: &'static [Entry<Self::Action>];
    /// Whether a path may have a slash too many at its end.
    const TRAILING_SLASH: bool;
    /// One line per control of its own, for `GET /_sim/`.
    const CONTROLS: &'static str;
    /// What names a repository in the controls, in this order.
    const NAMED_BY: &'static [&'static str];

    fn ground(&self) -> &Ground;
    /// Whose repositories a call is about, for faults that strike one owner.
    fn owner_of(&self, action: Self::Action, caught: &[String]) -> Option<String>;
    /// Does what was asked.
    fn answer(&self, call: &Call<Self::Action>) -> Reply;
    /// Decides about a request of git.
    fn git(&self, call: &Call<Self::Action>) -> Result<GitGrant, Refused>;
    /// A route that does not exist.
    fn not_found(&self) -> Reply;
    /// A refusal with a status and words of a test's choice.
    fn refused(&self, status: StatusCode, message: &str) -> Reply;
    /// The refusal of a client that used up its share.
    fn out_of_quota(&self, reset_in: SignedDuration) -> Reply;
    /// The refusal of a client that came too often.
    fn too_fast(&self, retry_after: u32) -> Reply;
    /// Adds the headers that every answer has.
    fn sign(&self, reply: &mut Reply);
    /// The repository of this name, in the parts of [`NAMED_BY`](Self::NAMED_BY).
    fn repository_named(&self, parts: &[String]) -> Result<u64, Refusal>;
    /// Answers a control of its own.
    fn control(&self, method: &str, segments: &[&str], body: &[u8]) -> Outcome;
}

/// Whether a forge has a route of this name.
pub(crate) fn is_route<S: Site>(name: &str) -> bool {
    name == table::UNKNOWN || S::TABLE.iter().any(|entry| entry.name == name)
}

/// The names of all routes of a forge.
pub(crate) fn route_names<S: Site>() -> Vec<&'static str> {
    let names = S::TABLE.iter().map(|entry| entry.name);
    names.chain([table::UNKNOWN]).collect()
}

/// A refusal, in the words of its forge. Small, so that results stay small.
pub(crate) struct Refused(Box<Reply>);

impl Refused {
    pub(crate) fn into_reply(self) -> Reply {
        *self.0
    }
}

impl From<Reply> for Refused {
    fn from(reply: Reply) -> Self {
        Self(Box::new(reply))
    }
}

/// What git may do.
pub(crate) struct GitGrant {
    pub(crate) repository: u64,
    pub(crate) user: Option<String>,
}

/// What stands under every forge.
pub(crate) struct Ground {
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
    pub(crate) clock: SimClock,
    pub(crate) store: Arc<GitStore>,
    pub(crate) listings: Listings,
    pub(crate) lfs: LfsObjects,
    pub(crate) address: SocketAddr,
    request_ids: Mutex<Random>,
    stop: CancellationToken,
}

impl Ground {
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    pub(crate) fn request_id(&self) -> String {
        lock(&self.request_ids).base62(26).to_ascii_uppercase()
    }
}

/// A forge that listens. It stops when the last handle goes.
pub(crate) struct Running<S: Site> {
    pub(crate) site: Arc<S>,
    tasks: TaskTracker,
}

impl<S: Site> Drop for Running<S> {
    fn drop(&mut self) {
        self.site.ground().stop.cancel();
    }
}

impl<S: Site> Running<S> {
    /// Listens, and serves the forge that `make` builds.
    pub(crate) async fn start(
        bind: SocketAddr,
        clock: SimClock,
        seed: u64,
        make: impl FnOnce(Ground) -> S,
    ) -> io::Result<Arc<Self>> {
        let listener = TcpListener::bind(bind).await?;
        let address = listener.local_addr()?;
        let store = tokio::task::spawn_blocking(GitStore::create).await??;
        let site = Arc::new(make(Ground {
            faults: Faults::default(),
            calls: Calls::default(),
            clock,
            store: Arc::new(store),
            listings: Listings::default(),
            lfs: LfsObjects::default(),
            address,
            request_ids: Mutex::new(Random::new(!seed)),
            stop: CancellationToken::new(),
        }));
        let tasks = TaskTracker::new();
        tasks.spawn(serve::accept(listener, Arc::clone(&site), tasks.clone()));
        Ok(Arc::new(Self { site, tasks }))
    }

    /// Cuts all connections, stops listening and waits until nothing of the server runs any more.
    pub(crate) async fn shutdown(&self) {
        self.site.ground().stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
