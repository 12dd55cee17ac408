//! From a token to an identity.

use std::{collections::HashMap, fmt, sync::Arc};

use jeton_domain::{Clock, Fingerprint, JwtIdentity};
use jiff::Timestamp;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    Algorithm, IssuerConfig, IssuerConfigError, IssuerStatus, JwtError, OidcHttpOptions,
    claims::{self, Window},
    issuer::KeyFetcher,
    jwk::Found,
    key_cache::KeyCache,
    memory::{self, Entry, Memory},
    token::{self, Token},
};

/// Verifies the tokens of the configured issuers. Cheap to clone.
#[derive(Clone)]
pub struct JwtVerifier(Arc<Inner>);

struct Inner {
    issuers: Vec<Arc<KeyCache>>,
    by_iss: HashMap<String, usize>,
    clock: Arc<dyn Clock>,
    memory: Memory,
}

/// A token whose every check was passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified {
    /// Whom it is about.
    pub identity: Arc<JwtIdentity>,
    /// Its `exp`, without the leeway.
    pub expires_at: Timestamp,
    /// The fingerprint of the token, for the record.
    pub fingerprint: Fingerprint,
}

/// Good just now, and how it came to be.
struct Accepted {
    verified: Arc<Verified>,
    window: Window,
    issuer: usize,
    generation: u64,
}

impl JwtVerifier {
    /// Checks the configuration; nothing is fetched before the first token of an issuer comes.
    ///
    /// # Errors
    /// [`IssuerConfigError`] when an issuer cannot be so, or two are alike.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "it is handed over once, with the rest of the configuration"
    )]
    pub fn new(
        issuers: Vec<IssuerConfig>,
        clock: Arc<dyn Clock>,
        http: OidcHttpOptions,
    ) -> Result<Self, IssuerConfigError> {
        let mut by_iss: HashMap<String, usize> = HashMap::new();
        let mut caches: Vec<Arc<KeyCache>> = Vec::new();
        for config in issuers {
            config.check()?;
            let name_of = |cache: &Arc<KeyCache>| cache.fetcher().config().name.clone();
            if caches.iter().any(|cache| name_of(cache) == config.name) {
                return Err(IssuerConfigError::DuplicateName(config.name));
            }
            if let Some(other) = by_iss.insert(config.issuer.clone(), caches.len()) {
                return Err(IssuerConfigError::DuplicateIssuer(name_of(&caches[other]), config.name));
            }
            let fetcher = KeyFetcher::new(config, &http)?;
            caches.push(Arc::new(KeyCache::new(fetcher, Arc::clone(&clock))));
        }
        Ok(Self(Arc::new(Inner {
            issuers: caches,
            by_iss,
            clock,
            memory: Memory::new(),
        })))
    }

    /// Whether a credential has the shape of a JWT: three parts in base64url with dots between them.
    pub fn looks_like_jwt(text: &str) -> bool {
        token::looks_like_jwt(text)
    }

    /// A token that was verified before, if it is still good: by this clock, and by the keys that its issuer has now.
    /// Nothing is verified and nothing is waited for. `None` says only that [`Self::verify`] has to look.
    pub fn remembered(&self, token: &str) -> Option<Arc<Verified>> {
        self.recall(&memory::digest(token))
    }

    fn recall(&self, digest: &memory::TokenDigest) -> Option<Arc<Verified>> {
        let generation = |issuer: usize| self.0.issuers.get(issuer).and_then(|cache| cache.generation());
        self.0.memory.get(digest, self.0.clock.now(), generation)
    }

    /// Verifies a token, and remembers it. Fetches the issuer's keys when they are needed for the first time, or when
    /// the token names one that is not known.
    ///
    /// The order is: shape, algorithm, issuer, key, signature; and only then times and audience. So whoever cannot
    /// sign learns nothing of what would be accepted.
    ///
    /// # Errors
    /// [`JwtError`]; each reason has its own code.
    pub async fn verify(&self, token: &str) -> Result<Arc<Verified>, JwtError> {
        let digest = memory::digest(token);
        if let Some(verified) = self.recall(&digest) {
            return Ok(verified);
        }
        let accepted = self.accept(token).await?;
        let verified = Arc::clone(&accepted.verified);
        if token.len() > memory::MAX_TOKEN_BYTES {
            return Ok(verified);
        }
        let entry = Entry {
            verified: accepted.verified,
            window: accepted.window,
            issuer: accepted.issuer,
            generation: accepted.generation,
        };
        self.0.memory.insert(digest, self.0.clock.now(), entry);
        Ok(verified)
    }

    /// As [`Self::verify`], for a token that is shown once: nothing is remembered.
    pub(crate) async fn verify_once(&self, token: &str) -> Result<Arc<Verified>, JwtError> {
        self.accept(token).await.map(|accepted| accepted.verified)
    }

    async fn accept(&self, text: &str) -> Result<Accepted, JwtError> {
        let token = Token::parse(text)?;
        let algorithm = token
            .algorithm
            .filter(|algorithm| self.issuers().any(|config| config.allows(*algorithm)))
            .ok_or_else(|| self.algorithm_refused(None))?;
        let issuer = match token.claims.get("iss") {
            Some(Value::String(iss)) => self.0.by_iss.get(iss).copied(),
            _ => return Err(JwtError::bad_claim("iss", "is missing, or is not a text")),
        };
        let issuer = issuer.ok_or(JwtError::UnknownIssuer)?;
        let cache = &self.0.issuers[issuer];
        let config = cache.fetcher().config();
        if !config.allows(algorithm) {
            return Err(self.algorithm_refused(Some(config)));
        }
        let kid = token.kid.as_deref();
        let current = cache.keys_for(kid, algorithm).await?;
        let unknown = |ambiguous| JwtError::UnknownKey {
            issuer: config.name.clone(),
            ambiguous,
        };
        let keys = match current.keys.find(kid, algorithm) {
            Found::Keys(keys) => keys,
            Found::OtherAlgorithm => return Err(self.algorithm_refused(Some(config))),
            Found::Ambiguous => return Err(unknown(true)),
            Found::Nothing => return Err(unknown(false)),
        };
        if !keys.iter().any(|key| key.verifies(token.signed, token.signature)) {
            return Err(JwtError::BadSignature {
                issuer: config.name.clone(),
            });
        }
        let window = claims::check(&token.claims, config, self.0.clock.now())?;
        let identity = JwtIdentity {
            issuer: config.name.clone(),
            subject: claims::subject(&token.claims)?,
            claims: token.claims,
        };
        let verified = Verified {
            identity: Arc::new(identity),
            expires_at: window.until,
            fingerprint: Fingerprint::of_bytes(text.as_bytes()),
        };
        Ok(Accepted {
            verified: Arc::new(verified),
            window,
            issuer,
            generation: current.number,
        })
    }

    /// What would be accepted instead: by the issuer, or by any when it is not known.
    fn algorithm_refused(&self, issuer: Option<&IssuerConfig>) -> JwtError {
        let accepted = |algorithm: &Algorithm| match issuer {
            Some(config) => config.allows(*algorithm),
            None => self.issuers().any(|config| config.allows(*algorithm)),
        };
        JwtError::Algorithm {
            accepted: Algorithm::ALL.into_iter().filter(accepted).collect(),
        }
    }

    /// Whether no issuer is configured.
    pub fn is_empty(&self) -> bool {
        self.0.issuers.is_empty()
    }

    /// The configured issuers.
    pub fn issuers(&self) -> impl Iterator<Item = &IssuerConfig> {
        self.0.issuers.iter().map(|cache| cache.fetcher().config())
    }

    /// Fetches all keys that are older than 15 minutes anew, and forgets tokens that have ended: to be called about
    /// once a minute. A failed fetch leaves the keys there are, and is tried again after 30 s at the earliest.
    pub async fn refresh_due(&self) {
        self.0.memory.sweep(self.0.clock.now());
        let mut fetches = JoinSet::new();
        for cache in &self.0.issuers {
            let cache = Arc::clone(cache);
            fetches.spawn(async move { cache.refresh_if_due().await });
        }
        fetches.join_all().await;
    }

    /// How it stands with the issuers' keys, for doctor and readiness. An issuer that is down makes no server unready:
    /// the callers of others still come.
    pub fn status(&self) -> Vec<IssuerStatus> {
        self.0.issuers.iter().map(|cache| cache.status()).collect()
    }
}

impl fmt::Debug for JwtVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.issuers().map(|config| config.name.as_str());
        f.debug_set().entries(names).finish()
    }
}
