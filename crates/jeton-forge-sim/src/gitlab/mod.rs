//! The simulated GitLab: users, groups, projects, and every kind of access token with its rotation.

mod answer;
mod associations;
mod caller;
mod ci;
mod content;
mod control;
mod error;
mod git;
mod holder;
mod limits;
mod making;
mod model;
mod page;
mod projects;
mod rotate;
mod routes;
mod setup;
mod sim;
mod spec;
mod token;
mod tokens;
mod wire;

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};

use http::StatusCode;
use jiff::{SignedDuration, Timestamp};

pub use ci::{GitLabRunner, GitLabRunnerInfo, GitLabRunnerKind, GitLabVariable};
pub use spec::{
    AccessLevel, GitLabSimConfig, GitLabToken, GitLabTokenForm, GitLabTokenInfo, GitLabTokenKind, GitLabTokenSpec,
    Visibility,
};

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

/// Whether the simulated GitLab has a route of this name.
pub(crate) fn is_route(name: &str) -> bool {
    crate::site::is_route::<GitLab>(name)
}

pub(crate) struct GitLab {
    ground: Ground,
    state: Mutex<State>,
    /// The SHA-256 of blobs by their id: large ones take a while.
    content_hashes: Mutex<HashMap<String, String>>,
    token_prefix: String,
    token_form: GitLabTokenForm,
}

impl GitLab {
    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    fn now(&self) -> Timestamp {
        self.ground.clock.now()
    }
}

impl Site for GitLab {
    type Action = Action;
    const TABLE: &'static [Entry<Action>] = TABLE;
    const TRAILING_SLASH: bool = false;
    const CONTROLS: &'static str = control::INDEX;
    const NAMED_BY: &'static [&'static str] = &["path"];

    fn ground(&self) -> &Ground {
        &self.ground
    }

    fn owner_of(&self, action: Action, caught: &[String]) -> Option<String> {
        self.top_group(action, caught.first()?)
    }

    fn answer(&self, call: &Call<Action>) -> Reply {
        self.answer(call)
    }

    fn git(&self, call: &Call<Action>) -> Result<GitGrant, Refused> {
        self.git_access(call)
    }

    fn not_found(&self) -> Reply {
        error::not_found("").into_reply()
    }

    fn refused(&self, status: StatusCode, message: &str) -> Reply {
        error::message(status, message).into_reply()
    }

    fn out_of_quota(&self, reset_in: SignedDuration) -> Reply {
        self.throttled(reset_in)
    }

    fn too_fast(&self, retry_after: u32) -> Reply {
        error::too_many_requests(Some(retry_after)).into_reply()
    }

    fn sign(&self, reply: &mut Reply) {
        reply.set("x-request-id", &self.ground.request_id());
        reply.set("server", "nginx");
    }

    fn repository_named(&self, parts: &[String]) -> Result<u64, Refusal> {
        let (id, _) = control::space(self, parts.first().map_or("", String::as_str))?;
        self.repository(id)?;
        Ok(id)
    }

    fn control(&self, method: &str, segments: &[&str], body: &[u8]) -> Outcome {
        control::route(self, method, segments, body)
    }
}

/// A running GitLab with a listener of its own. Clones are handles to the same one; it stops with
/// [`shutdown`](Self::shutdown) or when the last handle is dropped.
#[derive(Clone)]
pub struct GitLabSim(Arc<Running<GitLab>>);

impl GitLabSim {
    /// Listens and serves on the current tokio runtime.
    ///
    /// # Errors
    /// When it cannot listen there, or git is missing.
    pub async fn start(config: GitLabSimConfig) -> io::Result<Self> {
        let GitLabSimConfig {
            bind,
            clock,
            seed,
            token_prefix,
            token_form,
        } = config;
        let make = move |ground| GitLab {
            ground,
            state: Mutex::new(State::new(seed)),
            content_hashes: Mutex::default(),
            token_prefix,
            token_form,
        };
        Ok(Self(Running::start(bind, clock, seed, make).await?))
    }

    fn site(&self) -> &GitLab {
        &self.0.site
    }

    /// The names of all routes, for [`Calls`] and [`FaultRule::on`](crate::FaultRule::on).
    pub fn routes() -> Vec<&'static str> {
        crate::site::route_names::<GitLab>()
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.site().ground.address
    }

    /// The base address, as an operator would configure it: `http://127.0.0.1:PORT`.
    pub fn web_url(&self) -> String {
        self.site().ground.url()
    }

    /// The address of the REST API, `http://127.0.0.1:PORT/api/v4`.
    pub fn api_url(&self) -> String {
        format!("{}/api/v4", self.web_url())
    }

    /// What goes wrong.
    ///
    /// [`PrimaryLimit`](crate::FaultKind::PrimaryLimit) is the throttle in front of GitLab (plain text),
    /// [`SecondaryLimit`](crate::FaultKind::SecondaryLimit) the one inside (JSON); both are 429.
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

impl fmt::Debug for GitLabSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GitLabSim").field(&self.web_url()).finish()
    }
}
