//! A sign-in desk: a provider, jeton's side of it, and the test in the place of the browser.

use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

use jeton_domain::{Entropy, Secret};
use jeton_forge_sim::OidcSim;
use jeton_oidc::{Attempt, Begun, OidcHttpOptions, SignIn, SignInAnswer, SignInConfig, SignInError, SignedIn};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use url::Url;

use crate::common::{TestClock, name, provider};

pub(crate) const CALLBACK: &str = "https://jeton.example/signin/callback?provider=sso";
pub(crate) const SECRET: &str = "client secret: with / odd + characters%";

/// Every buffer has other bytes.
#[derive(Debug, Default)]
pub(crate) struct CountingEntropy(AtomicU8);

impl Entropy for CountingEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.fill(self.0.fetch_add(1, Ordering::Relaxed));
    }
}

pub(crate) struct Desk {
    pub(crate) sim: OidcSim,
    pub(crate) clock: TestClock,
    pub(crate) sign_in: SignIn,
    pub(crate) entropy: CountingEntropy,
}

impl Desk {
    pub(crate) async fn new() -> Self {
        Self::with(|config| config).await
    }

    pub(crate) async fn with(change: impl FnOnce(SignInConfig) -> SignInConfig) -> Self {
        let clock = TestClock::new();
        let sim = provider(&clock).await;
        sim.add_client("jeton", Some(SECRET), CALLBACK);
        sim.set_user(Some(ada()));
        let config = SignInConfig::new(name("sso"), sim.issuer(), "jeton", Some(Secret::new(SECRET)), CALLBACK);
        let sign_in = SignIn::new(change(config), Arc::new(clock.clone()), OidcHttpOptions::default()).unwrap();
        Self {
            sim,
            clock,
            sign_in,
            entropy: CountingEntropy::default(),
        }
    }

    pub(crate) async fn begin(&self) -> Begun {
        self.sign_in.begin(&self.entropy).await.unwrap()
    }

    /// What the browser brings back.
    pub(crate) async fn browse(&self, begun: &Begun) -> String {
        let location = visit(&begun.url).await;
        assert!(
            location.starts_with("https://jeton.example/signin/callback?provider=sso&"),
            "{location}"
        );
        Url::parse(&location).unwrap().query().unwrap().to_owned()
    }

    pub(crate) async fn finish(&self, query: &str, attempt: &Attempt) -> Result<SignedIn, SignInError> {
        self.sign_in.finish(&SignInAnswer::parse(query), attempt).await
    }

    pub(crate) async fn whole(&self) -> Result<SignedIn, SignInError> {
        let begun = self.begin().await;
        let query = self.browse(&begun).await;
        self.finish(&query, &begun.attempt()).await
    }
}

pub(crate) fn ada() -> Value {
    json!({"sub": "u-1", "email": "ada@example.org", "email_verified": true, "name": "Ada", "groups": ["staff", "ops"]})
}

/// GET, by hand: where the answer leads, or its whole text when it leads nowhere.
pub(crate) async fn visit(url: &str) -> String {
    let url = Url::parse(url).unwrap();
    let host = format!("{}:{}", url.host_str().unwrap(), url.port().unwrap());
    let mut stream = TcpStream::connect(&host).await.unwrap();
    let request = format!(
        "GET {}?{} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n",
        url.path(),
        url.query().unwrap()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let location = answer.lines().find_map(|line| line.strip_prefix("location: "));
    location.map_or_else(|| answer.clone(), str::to_owned)
}

/// The same query with another value of a parameter, or without it.
pub(crate) fn replaced(query: &str, name: &str, value: Option<&str>) -> String {
    let mut out = url::form_urlencoded::Serializer::new(String::new());
    for (key, old) in url::form_urlencoded::parse(query.as_bytes()) {
        match value {
            Some(new) if key == name => out.append_pair(&key, new),
            None if key == name => &mut out,
            _ => out.append_pair(&key, &old),
        };
    }
    out.finish()
}
