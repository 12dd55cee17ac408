//! The simulated GitHub: apps, installations, repositories and tokens.

mod answer;
mod caller;
mod charge;
mod ci;
mod content;
mod error;
mod git_access;
mod installations;
mod installing;
mod jwt;
mod key;
mod limits;
mod mint;
mod model;
mod page;
mod permissions;
mod personal;
mod repositories;
mod requirement;
mod spec;
mod token;
mod wire;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use jiff::Timestamp;

pub(crate) use answer::Tweak;
pub(crate) use caller::{Credential, GitAccess, GitRefusal, Peer};
pub(crate) use ci::{CiRoute, TABLE as CI_ROUTES};
pub use ci::{CiRules, RunnerTokenInfo, RunnerTokenPurpose, SecretFamily, SecretScope};
pub use content::ContentLimits;
pub(crate) use error::ApiError;
use key::AppKey;
pub(crate) use key::der_value;
pub(crate) use mint::huge_json;
use model::{App, State};
pub use permissions::{Level, PermissionError, Permissions};
pub(crate) use personal::Scopes;
pub use personal::{
    ExpirationForm, LoginLockout, OrgPolicy, OrgRole, PersonalTokenInfo, PersonalTokenKind, PersonalTokenSpec,
    RepoRole, SamlSso, SimPersonalToken,
};
pub use spec::{AppSpec, InstallSpec, InstallationInfo, OwnerKind, SimApp, SimError, TokenInfo, TokenLag};
pub use token::TokenFormat;
use token::{fingerprint, token_digest};

use crate::clock::SimClock;
use crate::git::GitStore;
use crate::lock;
use crate::random::Random;
use crate::sim::SimConfig;

/// The world behind the API, seen from above. Clones share it.
#[derive(Clone)]
pub struct GitHubSim(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    request_ids: Mutex<Random>,
    store: GitStore,
    clock: SimClock,
    web_url: String,
    token_format: TokenFormat,
}

impl GitHubSim {
    pub(crate) fn new(config: &SimConfig, web_url: String, store: GitStore) -> Self {
        Self(Arc::new(Inner {
            state: Mutex::new(State::new(config.seed)),
            request_ids: Mutex::new(Random::new(!config.seed)),
            store,
            clock: config.clock.clone(),
            web_url,
            token_format: config.token_format,
        }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.0.state)
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    pub(crate) fn store(&self) -> &GitStore {
        &self.0.store
    }

    /// Makes an app with a fresh RSA-2048 key. Takes some 100 ms.
    ///
    /// # Panics
    /// When no key can be made, which would mean that the machine has no randomness.
    pub fn add_app(&self, spec: AppSpec) -> SimApp {
        match self.try_add_app(spec) {
            Ok(app) => app,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn try_add_app(&self, spec: AppSpec) -> Result<SimApp, SimError> {
        let key = AppKey::generate().map_err(|_| SimError::NoKey)?;
        let now = self.now();
        let mut state = self.state();
        let id = state.next_id();
        let client_id = format!("Iv23li{}", state.random.base62(14));
        state.add_owner(&spec.owner, OwnerKind::Organization);
        let app = App {
            id,
            client_id,
            slug: slug(&spec.name),
            name: spec.name,
            owner: spec.owner,
            permissions: spec.permissions,
            created_at: now,
            public_key: key.public.clone(),
        };
        let made = sim_app(&app, key);
        state.apps.insert(id, app);
        Ok(made)
    }

    /// Gives an app a new key; the old one stops working at once.
    ///
    /// # Panics
    /// When there is no such app, or no key can be made.
    pub fn rotate_app_key(&self, app_id: u64) -> SimApp {
        match self.try_rotate_app_key(app_id) {
            Ok(app) => app,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn try_rotate_app_key(&self, app_id: u64) -> Result<SimApp, SimError> {
        let key = AppKey::generate().map_err(|_| SimError::NoKey)?;
        let mut state = self.state();
        let app = state.apps.get_mut(&app_id);
        let app = app.ok_or(SimError::NoApp(app_id))?;
        app.public_key = key.public.clone();
        Ok(sim_app(app, key))
    }

    /// Ids and slugs of all apps.
    pub fn apps(&self) -> Vec<(u64, String)> {
        let state = self.state();
        state.apps.values().map(|a| (a.id, a.slug.clone())).collect()
    }

    /// Makes an owner, unless there is one; otherwise owners appear as organizations when needed.
    ///
    /// Answers its id.
    pub fn add_owner(&self, login: &str, kind: OwnerKind) -> u64 {
        self.state().add_owner(login, kind).id
    }

    /// How long tokens made from now on are refused at first.
    pub fn set_token_lag(&self, lag: TokenLag) {
        self.state().lag = lag;
    }

    /// Sets the limit of calls per hour of every app, every installation and every person.
    pub fn set_rate_limit(&self, per_hour: u32) {
        self.state().limits.force(per_hour);
    }

    /// Every installation token that works now (lag aside), sorted by fingerprint; without those of workflows.
    pub fn live_tokens(&self) -> Vec<TokenInfo> {
        let now = self.now();
        let state = self.state();
        let live = state.tokens.keys().filter_map(|digest| {
            let (token, _) = state.live_token(digest, now).ok()?;
            (token.app != ci::ACTIONS_APP).then_some(())?;
            Some(state.token_info(digest, token))
        });
        let mut live: Vec<TokenInfo> = live.collect();
        live.sort_by(|a, b| a.fingerprint.cmp(&b.fingerprint));
        live
    }

    /// Whether this token, an installation's or a person's, works now (lag aside).
    pub fn is_live(&self, token: &str) -> bool {
        let now = self.now();
        let digest = token_digest(token);
        let state = self.state();
        state.live_token(&digest, now).is_ok() || state.people.live(&digest, now).is_some()
    }

    /// Ends every installation token now, as if its hour were over.
    pub fn expire_all_tokens(&self) {
        let now = self.now();
        for token in self.state().tokens.values_mut() {
            token.expires_at = token.expires_at.min(now);
        }
    }

    /// Revokes one installation token. `false`: none has this fingerprint.
    pub fn revoke_by_fingerprint(&self, wanted: &str) -> bool {
        let mut state = self.state();
        let before = state.tokens.len();
        state.tokens.retain(|digest, _| fingerprint(digest) != wanted);
        state.tokens.len() < before
    }
}

impl fmt::Debug for GitHubSim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("GitHubSim").field(&self.0.web_url).finish()
    }
}

fn sim_app(app: &App, key: AppKey) -> SimApp {
    SimApp {
        id: app.id,
        client_id: app.client_id.clone(),
        slug: app.slug.clone(),
        private_key_pkcs1_pem: key.pkcs1_pem,
        private_key_pkcs8_pem: key.pkcs8_pem,
    }
}

/// The name as GitHub writes it in URLs: lower case, dashes for all else.
fn slug(name: &str) -> String {
    let plain = |c: char| {
        if c.is_ascii_alphanumeric() {
            c.to_ascii_lowercase()
        } else {
            '-'
        }
    };
    name.trim().chars().map(plain).collect()
}
