//! A provider, a verifier that trusts it, and a clock for both.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use jeton_domain::{Clock, Coded as _, IssuerName, Pause};
use jeton_forge_sim::{OidcSim, OidcSimConfig, SimClock};
use jeton_oidc::{IssuerConfig, JwtError, JwtVerifier, KeySource, OidcHttpOptions, Verified};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

pub(crate) const AUDIENCE: &str = "jeton";

/// Stands still until it is moved.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<Timestamp>>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new("2026-11-22T10:00:00Z".parse().unwrap())))
    }

    pub(crate) fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now += SignedDuration::from_secs(seconds);
    }

    pub(crate) fn second(&self) -> i64 {
        self.now().as_second()
    }
}

impl fmt::Debug for TestClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TestClock({})", self.now())
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        self.advance(i64::try_from(pause.as_secs()).unwrap());
        Box::pin(std::future::ready(()))
    }
}

pub(crate) struct World {
    pub(crate) sim: OidcSim,
    pub(crate) clock: TestClock,
    pub(crate) jwt: JwtVerifier,
}

pub(crate) fn name(text: &str) -> IssuerName {
    IssuerName::parse(text).unwrap()
}

pub(crate) fn verifier(issuers: Vec<IssuerConfig>, clock: &TestClock) -> JwtVerifier {
    JwtVerifier::new(issuers, Arc::new(clock.clone()), OidcHttpOptions::default()).unwrap()
}

pub(crate) async fn provider(clock: &TestClock) -> OidcSim {
    let theirs = clock.clone();
    let config = OidcSimConfig {
        clock: SimClock::from_fn(Arc::new(move || theirs.now())),
        ..OidcSimConfig::default()
    };
    OidcSim::start(config).await.unwrap()
}

/// The provider as an issuer with discovery and everything else at its default.
pub(crate) fn by_discovery(sim: &OidcSim) -> IssuerConfig {
    IssuerConfig::new(
        name("ci"),
        sim.issuer(),
        KeySource::Discovery,
        vec![AUDIENCE.to_owned()],
    )
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(by_discovery).await
    }

    pub(crate) async fn with(config: impl FnOnce(&OidcSim) -> IssuerConfig) -> Self {
        let clock = TestClock::new();
        let sim = provider(&clock).await;
        let jwt = verifier(vec![config(&sim)], &clock);
        Self { sim, clock, jwt }
    }

    /// A good token about somebody.
    pub(crate) fn token(&self, subject: &str) -> String {
        self.sim.sign(&json!({"sub": subject, "aud": AUDIENCE}))
    }

    /// A token that is good but for these claims.
    pub(crate) fn token_with(&self, claims: &Value) -> String {
        let mut all = json!({"sub": "somebody", "aud": AUDIENCE});
        all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
        self.sim.sign(&all)
    }

    /// The code with which a token is refused, or `ok`.
    pub(crate) async fn code(&self, token: &str) -> &'static str {
        code(&self.jwt.verify(token).await)
    }
}

pub(crate) fn code(outcome: &Result<Arc<Verified>, JwtError>) -> &'static str {
    match outcome {
        Ok(_) => "ok",
        Err(error) => error.code().as_str(),
    }
}
