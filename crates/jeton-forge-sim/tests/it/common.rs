//! A simulator with one app on one owner, and a client that signs its own assertions.

use std::sync::OnceLock;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jeton_forge_sim::{AppSpec, ForgeSim, InstallSpec, SimApp, SimClock, SimConfig};
use jiff::Timestamp;
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};

pub(crate) const MINT: &str = "POST /app/installations/{id}/access_tokens";

pub(crate) struct World {
    pub(crate) sim: ForgeSim,
    pub(crate) app: SimApp,
    pub(crate) installation: u64,
}

/// An answer, taken apart.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub(crate) fn message(&self) -> String {
        self.json()["message"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Checks the status and the words of a refusal.
    #[track_caller]
    pub(crate) fn is(&self, status: u16, message: &str) {
        assert_eq!((self.status.as_u16(), self.message().as_str()), (status, message));
        assert_eq!(self.json()["status"], status.to_string());
        assert!(self.json()["documentation_url"].is_string());
    }
}

pub(crate) fn start_time() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn client() -> &'static Client {
    static CLIENT: OnceLock<Client> = OnceLock::new();
    CLIENT.get_or_init(|| {
        Client::builder()
            .user_agent("sim-test")
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            // Each test has a runtime of its own, which a kept connection would outlive.
            .pool_max_idle_per_host(0)
            .build()
            .unwrap()
    })
}

pub(crate) fn sign(app: &SimApp, header: &Value, claims: &Value) -> String {
    let pem = app.private_key_pkcs1_pem.lines();
    let der: String = pem.filter(|line| !line.starts_with('-')).collect();
    let key = RsaKeyPair::from_der(&STANDARD.decode(der).unwrap()).unwrap();
    let b64 = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
    let (header, claims) = (header.to_string(), claims.to_string());
    let signed = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
    let mut signature = vec![0; key.public_modulus_len()];
    let random = SystemRandom::new();
    key.sign(&RSA_PKCS1_SHA256, &random, signed.as_bytes(), &mut signature)
        .unwrap();
    format!("{signed}.{}", b64(&signature))
}

impl World {
    /// `acme` with the private `tools` and `docs` and the public `site`; the app covers all.
    pub(crate) async fn new() -> Self {
        Self::with(SimConfig {
            clock: SimClock::manual(start_time()),
            ..SimConfig::default()
        })
        .await
    }

    pub(crate) async fn with(config: SimConfig) -> Self {
        let sim = ForgeSim::start(config).await.unwrap();
        let github = sim.github();
        for (name, private) in [("tools", true), ("docs", true), ("site", false)] {
            github.add_repository("acme", name, private).unwrap();
        }
        github.add_repository("other", "secret", true).unwrap();
        github.add_repository("other", "open", false).unwrap();
        let app = github.add_app(AppSpec::new("Test App"));
        let installation = github.install(app.id, "acme", InstallSpec::all());
        Self { sim, app, installation }
    }

    pub(crate) fn now(&self) -> i64 {
        self.sim.clock().now().as_second()
    }

    pub(crate) fn assertion(&self) -> String {
        let claims = json!({"iss": self.app.id, "iat": self.now() - 60, "exp": self.now() + 540});
        sign(&self.app, &json!({"alg": "RS256", "typ": "JWT"}), &claims)
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        client().request(method, format!("{}{path}", self.sim.web_url()))
    }

    pub(crate) async fn as_app(&self, method: &str, path: &str) -> Answer {
        send(self.request(method, path).bearer_auth(self.assertion())).await
    }

    pub(crate) async fn as_token(&self, token: &str, method: &str, path: &str) -> Answer {
        send(self.request(method, path).bearer_auth(token)).await
    }

    pub(crate) fn mint_path(&self) -> String {
        format!("/app/installations/{}/access_tokens", self.installation)
    }

    pub(crate) async fn mint(&self, body: &Value) -> Answer {
        let request = self.request("POST", &self.mint_path());
        send(request.bearer_auth(self.assertion()).json(body)).await
    }

    pub(crate) async fn token(&self, body: &Value) -> String {
        let answer = self.mint(body).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text);
        answer.json()["token"].as_str().unwrap().to_owned()
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    Answer {
        status: response.status(),
        headers: response.headers().clone(),
        text: response.text().await.unwrap(),
    }
}
