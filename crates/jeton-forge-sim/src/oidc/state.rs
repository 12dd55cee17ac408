//! What one issuer is and knows.

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::keys::SigningKey;
use super::sign::merge;
use super::{OidcAlgorithm, OidcFault, OidcKey, OidcRoute};
use crate::clock::SimClock;
use crate::random::Random;

/// How long a token lives unless told otherwise.
const LIFE: SignedDuration = SignedDuration::from_mins(10);

/// Everything that can change.
pub(super) struct State {
    pub(super) base: String,
    pub(super) clock: SimClock,
    pub(super) random: std::sync::Mutex<Random>,
    /// In the order they were made.
    keys: Vec<SigningKey>,
    /// The ids of those that are published no longer.
    removed: Vec<String>,
    made: u64,
    /// Replaces members of the discovery document.
    pub(super) discovery: Value,
    pub(super) faults: BTreeMap<OidcRoute, OidcFault>,
    pub(super) calls: BTreeMap<OidcRoute, u64>,
    pub(super) bearer: Option<String>,
    pub(super) clients: HashMap<String, Client>,
    pub(super) user: Option<Value>,
    pub(super) id_token: Value,
    pub(super) codes: HashMap<String, Code>,
}

/// A registered client.
pub(super) struct Client {
    pub(super) secret: Option<String>,
    pub(super) redirect_uri: String,
}

/// A code that was given out.
pub(super) struct Code {
    pub(super) client_id: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) nonce: Option<String>,
    pub(super) user: Value,
    pub(super) until: Timestamp,
    pub(super) used: bool,
}

impl State {
    pub(super) fn new(base: String, clock: SimClock) -> Self {
        let mut state = Self {
            base,
            clock,
            random: std::sync::Mutex::new(Random::new(1)),
            keys: Vec::new(),
            removed: Vec::new(),
            made: 0,
            discovery: json!({}),
            faults: BTreeMap::new(),
            calls: BTreeMap::new(),
            bearer: None,
            clients: HashMap::new(),
            user: None,
            id_token: json!({}),
            codes: HashMap::new(),
        };
        state.rotate();
        state
    }

    /// A new key for every algorithm; the old ones stay published.
    pub(super) fn rotate(&mut self) -> Vec<String> {
        self.made += 1;
        let mut kids = Vec::new();
        for algorithm in OidcAlgorithm::ALL {
            let kid = format!("{}-{}", algorithm.name().to_ascii_lowercase(), self.made);
            match SigningKey::generate(algorithm, kid.clone()) {
                Ok(key) => self.keys.push(key),
                Err(error) => panic!("no key could be made: {error}"),
            }
            kids.push(kid);
        }
        kids
    }

    /// Publishes a key no longer; `false` when there is none, or not any more.
    pub(super) fn remove(&mut self, kid: &str) -> bool {
        let published = self.published().any(|key| key.kid == kid);
        if published {
            self.removed.push(kid.to_owned());
        }
        published
    }

    fn published(&self) -> impl Iterator<Item = &SigningKey> {
        self.keys.iter().filter(|key| !self.removed.contains(&key.kid))
    }

    /// The key that is meant.
    pub(super) fn key(&self, wanted: &OidcKey) -> &SigningKey {
        let found = match wanted {
            OidcKey::Newest(algorithm) => self.keys.iter().rev().find(|key| key.algorithm == *algorithm),
            OidcKey::Kid(kid) => self.keys.iter().find(|key| key.kid == *kid),
            OidcKey::Shared(_) | OidcKey::Unsigned => None,
        };
        match found {
            Some(key) => key,
            None => panic!("the simulated issuer has no key {wanted:?}"),
        }
    }

    pub(super) fn has_key(&self, kid: &str) -> bool {
        self.keys.iter().any(|key| key.kid == kid)
    }

    pub(super) fn jwks(&self) -> Value {
        let keys: Vec<Value> = self.published().map(SigningKey::jwk).collect();
        json!({ "keys": keys })
    }

    pub(super) fn discovery(&self) -> Value {
        let base = &self.base;
        let mut document = json!({
            "issuer": base,
            "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"),
            "jwks_uri": format!("{base}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": OidcAlgorithm::ALL.map(OidcAlgorithm::name),
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
            "code_challenge_methods_supported": ["S256"],
            "authorization_response_iss_parameter_supported": true,
        });
        merge(&mut document, &self.discovery);
        document
    }

    /// What stands in every token unless told otherwise.
    pub(super) fn usual_claims(&self) -> Value {
        let now = self.clock.now();
        json!({
            "iss": self.base,
            "iat": now.as_second(),
            "nbf": now.as_second(),
            "exp": (now + LIFE).as_second(),
            "jti": crate::lock(&self.random).base62(22),
        })
    }

    pub(super) fn random_text(&self, len: usize) -> String {
        crate::lock(&self.random).base62(len)
    }
}
