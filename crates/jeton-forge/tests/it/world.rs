use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use jeton_domain::{AppIssuer, Clock, ForgeEndpoint, InstallationId, Pause, Permissions, RepoName, Secret};
use jeton_forge::{AppKey, GitHub, GitHubApp, HttpOptions};
use jeton_forge_sim::{AppSpec, ForgeSim, InstallSpec, SimApp, SimClock, SimConfig};
use jiff::{SignedDuration, Timestamp};

/// Our own clock, apart from the forge's.
#[derive(Debug, Clone)]
pub(crate) struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-06-01T12:00:00Z".parse().unwrap())))
    }

    pub(crate) fn advance(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, _: Duration) -> Pause<'_> {
        Box::pin(std::future::ready(()))
    }
}

/// A GitHub whose clock follows ours unless it is skewed, an App, and `acme` with two repositories that installed it.
pub(crate) struct World {
    pub(crate) sim: ForgeSim,
    pub(crate) clock: TestClock,
    pub(crate) sim_app: SimApp,
    pub(crate) app: GitHubApp,
    pub(crate) installation: InstallationId,
}

pub(crate) fn client(api_url: &str, issuer: &str, pem: &str, options: HttpOptions, clock: &TestClock) -> GitHubApp {
    let key = AppKey::parse(&Secret::new(pem)).unwrap();
    let github = GitHub::new(options, Arc::new(clock.clone())).unwrap();
    github.app(
        ForgeEndpoint::github(api_url).unwrap(),
        AppIssuer::parse(issuer).unwrap(),
        key,
    )
}

/// Short enough that a test of a silent forge is over soon, long enough for a busy machine.
pub(crate) fn patience(milliseconds: u64) -> HttpOptions {
    HttpOptions {
        request_timeout: Duration::from_millis(milliseconds),
        ..HttpOptions::default()
    }
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(HttpOptions::default()).await
    }

    pub(crate) async fn with(options: HttpOptions) -> Self {
        let clock = TestClock::new();
        let theirs = clock.clone();
        let config = SimConfig {
            clock: SimClock::from_fn(Arc::new(move || theirs.now())),
            ..SimConfig::default()
        };
        let sim = ForgeSim::start(config).await.unwrap();
        let sim_app = sim.github().add_app(AppSpec::new("jeton-test"));
        for name in ["tools", "docs", "payroll"] {
            sim.github().add_repository("acme", name, true).unwrap();
        }
        let id = sim
            .github()
            .install(sim_app.id, "acme", InstallSpec::selected(["tools", "docs"]));
        let app = client(
            &sim.api_url(),
            &sim_app.id.to_string(),
            &sim_app.private_key_pkcs1_pem,
            options,
            &clock,
        );
        Self {
            sim,
            clock,
            sim_app,
            app,
            installation: InstallationId(id),
        }
    }
}

pub(crate) fn names(all: &[&str]) -> Vec<String> {
    all.iter().map(|name| (*name).to_owned()).collect()
}

pub(crate) fn name(text: &str) -> RepoName {
    RepoName::parse(text).unwrap()
}

pub(crate) fn read() -> Permissions {
    Permissions::parse_list("contents=read").unwrap()
}
