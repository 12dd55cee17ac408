//! The simulated Bitbucket Cloud: accounts, workspaces, repositories, and every kind of credential.

mod answer;
mod caller;
mod ci;
mod content;
mod control;
mod error;
mod git;
mod making;
mod model;
mod page;
mod routes;
mod setup;
mod spec;
mod token;
mod wire;

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

pub use ci::{BitbucketCiScope, BitbucketRunner, BitbucketRunnerInfo, BitbucketVariable};
pub use spec::{BitbucketRole, BitbucketSimConfig, BitbucketToken, BitbucketTokenKind, BitbucketTokenSpec};

use crate::calls::Calls;
use crate::clock::SimClock;
use crate::control::{Outcome, Refusal};
use crate::faults::Faults;
use crate::lock;
use crate::reply::Reply;
use crate::site::table::Entry;
use crate::site::{Call, GitGrant, Ground, Refused, Running, Site};
use model::State;
use routes::{Action, TABLE};

/// Whether the simulated Bitbucket has a route of this name.
pub(crate) fn is_route(name: &str) -> bool {
    crate::site::is_route::<Bitbucket>(name)
}

pub(crate) struct Bitbucket {
    ground: Ground,
    state: Mutex<State>,
}

impl Bitbucket {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn now(&self) -> Timestamp {
        self.ground.clock.now()
    }
}

impl Site for Bitbucket {
    type Action = Action;
    const TABLE: &'static [Entry<Action>] = TABLE;
    // Published clients put one there.
    const TRAILING_SLASH: bool = true;
    const CONTROLS: &'static str = control::INDEX;
    const NAMED_BY: &'static [&'static str] = &["workspace", "repository"];

    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn owner_of(&self, action: Action, caught: &[String]) -> Option<String> {
        let named = caught.first()?;
        let found = self
            .state()
            .find_workspace(named)
            .map(|workspace| workspace.slug.clone());
        // A call that is about no workspace names none.
        found.filter(|_| !matches!(action, Action::ShowUser | Action::ListEmails))
    }

    fn answer(&self, call: &Call<Action>) -> Reply {
        self.answer(call)
    }

    fn git(&self, call: &Call<Action>) -> Result<GitGrant, Refused> {
        self.git_access(call)
    }

    fn not_found(&self) -> Reply {
        error::not_found("Resource").into_reply()
    }

    fn refused(&self, status: StatusCode, message: &str) -> Reply {
        error::message(status, message).into_reply()
    }

    /// Bitbucket does not say when it will be better.
    fn out_of_quota(&self, _reset_in: SignedDuration) -> Reply {
        error::rate_limited(None).into_reply()
    }

    fn too_fast(&self, retry_after: u32) -> Reply {
        error::rate_limited(Some(retry_after)).into_reply()
    }

    fn sign(&self, reply: &mut Reply) {
        reply.set("x-request-id", &self.ground.request_id());
        reply.set("server", "AtlassianEdge");
    }

    fn repository_named(&self, parts: &[String]) -> Result<u64, Refusal> {
        match parts {
            [workspace, slug] => control::repository(self, workspace, slug),
            _ => Err(Refusal::absent("repository")),
        }
    }

    fn control(&self, method: &str, segments: &[&str], body: &[u8]) -> Outcome {
        control::route(self, method, segments, body)
    }
}

/// A running Bitbucket Cloud with a listener of its own. Clones are handles to the same one; it stops with
/// [`shutdown`](Self::shutdown) or when the last handle is dropped.
#[derive(Clone)]
pub struct BitbucketSim(Arc<Running<Bitbucket>>);

impl BitbucketSim {
    /// Listens and serves on the current tokio runtime.
    ///
    /// # Errors
    /// When it cannot listen there, or git is missing.
    pub async fn start(config: BitbucketSimConfig) -> io::Result<Self> {
        let BitbucketSimConfig { bind, clock, seed } = config;
        let make = move |ground| Bitbucket {
            ground,
            state: Mutex::new(State::new(seed)),
        };
        Ok(Self(Running::start(bind, clock, seed, make).await?))
    }

    fn site(&self) -> &Bitbucket {
        &self.0.site
    }

    /// The names of all routes, for [`Calls`] and [`FaultRule::on`](crate::FaultRule::on).
    pub fn routes() -> Vec<&'static str> {
        crate::site::route_names::<Bitbucket>()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.site().ground.address
    }

    /// The address for pages and git, in place of `https://bitbucket.org`.
    pub fn web_url(&self) -> String {
        self.site().ground.url()
    }

    /// The address of the REST API, in place of `https://api.bitbucket.org/2.0`.
    pub fn api_url(&self) -> String {
        self.site().api()
    }

    /// What goes wrong. [`PrimaryLimit`](crate::FaultKind::PrimaryLimit) is a 429 that does not say until when,
    /// [`SecondaryLimit`](crate::FaultKind::SecondaryLimit) one with `Retry-After`.
    pub fn faults(&self) -> &Faults {
        &self.site().ground.faults
    }

    /// What was called.
    pub fn calls(&self) -> &Calls {
        &self.site().ground.calls
    }

    /// What time it is there.
    pub fn clock(&self) -> &SimClock {
        &self.site().ground.clock
    }

    /// Cuts all connections, stops listening and waits until nothing of the server runs any more.
    pub async fn shutdown(self) {
        self.0.shutdown().await;
    }
}

impl fmt::Debug for BitbucketSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BitbucketSim").field(&self.web_url()).finish()
    }
}
