//! What the operator says about an issuer, and whether it can be so.

use std::{fmt, path::PathBuf};

use jeton_domain::{IssuerName, Secret};
use jiff::SignedDuration;
use url::Url;

use crate::{FetchError, IssuerConfigError, http_client::certificates, jwk::KeySet, urls};

/// How a token may be signed. There is no other way: whatever else a token names is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Algorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256, keys of 2,048 to 8,192 bits.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519; tokens call it `EdDSA` (RFC 8037) or `Ed25519` (RFC 9864).
    EdDsa,
    /// HMAC with SHA-256: whoever can verify can also sign. Only with [`KeySource::SharedSecret`].
    Hs256,
}

impl Algorithm {
    /// Every algorithm there is.
    pub const ALL: [Self; 4] = [Self::Rs256, Self::Es256, Self::EdDsa, Self::Hs256];

    /// As tokens and key sets write it, in exactly this case; `None` for every other, `none` among them.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "RS256" => Some(Self::Rs256),
            "ES256" => Some(Self::Es256),
            "EdDSA" | "Ed25519" => Some(Self::EdDsa),
            "HS256" => Some(Self::Hs256),
            _ => None,
        }
    }

    /// As tokens and the configuration write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
            Self::Hs256 => "HS256",
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where an issuer's keys come from.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// The issuer's `/.well-known/openid-configuration` names them.
    Discovery,
    /// A JSON Web Key Set at this address.
    JwksUrl(Url),
    /// A JSON Web Key Set itself, for issuers that cannot be reached.
    Jwks(String),
    /// A secret that the issuer shares with us, of at least 32 bytes. HS256 only.
    SharedSecret(Secret),
}

/// One issuer whose tokens are believed.
#[derive(Debug, Clone)]
pub struct IssuerConfig {
    /// The operator's name for it, as policies and the record write it.
    pub name: IssuerName,
    /// The `iss` of its tokens: compared byte for byte, also a slash at the end.
    pub issuer: String,
    /// Where its keys come from.
    pub keys: KeySource,
    /// For whom tokens must be made: one of these has to be in `aud`. At least one, since a token made for somebody
    /// else would otherwise open jeton as well.
    pub audiences: Vec<String>,
    /// How its tokens may be signed. Empty: `RS256`, `ES256` and `EdDSA`, whichever the key is for.
    pub algorithms: Vec<Algorithm>,
    /// How far its clock and ours may differ; at most five minutes. Default: 30 s.
    pub leeway: SignedDuration,
    /// Tokens that live longer (`exp - iat`) are refused. Default: `None`, no limit.
    pub longest_life: Option<SignedDuration>,
    /// Certificates in PEM. Where they are given, nothing else may vouch for the issuer's server: the API server of a
    /// Kubernetes cluster has a CA of its own.
    pub ca_file: Option<Vec<u8>>,
    /// Sent with requests for discovery and keys; a Kubernetes API server wants one. It goes to the issuer's own
    /// origin, and elsewhere only where `ca_file` says who may be there.
    pub bearer: Option<Bearer>,
}

/// A credential for an issuer's keys.
#[derive(Debug, Clone)]
pub enum Bearer {
    /// This one.
    Token(Secret),
    /// What the file holds at that time: tokens of Kubernetes' service accounts are renewed there every hour.
    File(PathBuf),
}

impl Bearer {
    /// The credential as it is now.
    pub(crate) async fn read(&self) -> Result<Secret, FetchError> {
        match self {
            Self::Token(token) => Ok(token.clone()),
            Self::File(path) => match tokio::fs::read_to_string(path).await {
                Ok(text) => Ok(Secret::new(text.trim())),
                Err(error) => Err(FetchError::Bearer(format!("{}: {error}", path.display()))),
            },
        }
    }
}

/// The largest [`IssuerConfig::leeway`]. More would keep dead tokens alive for longer than most of them live.
pub(crate) const MAX_LEEWAY: SignedDuration = SignedDuration::from_mins(5);
/// The shortest shared secret in bytes: as long as the output of the hash (RFC 7518 §3.2).
const MIN_SECRET_BYTES: usize = 32;

impl IssuerConfig {
    /// An issuer with everything else at its default.
    pub fn new(name: IssuerName, issuer: impl Into<String>, keys: KeySource, audiences: Vec<String>) -> Self {
        Self {
            name,
            issuer: issuer.into(),
            keys,
            audiences,
            algorithms: Vec::new(),
            leeway: SignedDuration::from_secs(30),
            longest_life: None,
            ca_file: None,
            bearer: None,
        }
    }

    /// How its tokens may be signed, with the default filled in.
    pub(crate) fn allows(&self, algorithm: Algorithm) -> bool {
        match &self.keys {
            KeySource::SharedSecret(_) => algorithm == Algorithm::Hs256,
            _ if algorithm == Algorithm::Hs256 => false,
            _ => self.algorithms.is_empty() || self.algorithms.contains(&algorithm),
        }
    }

    /// Whether it can be so.
    pub(crate) fn check(&self) -> Result<(), IssuerConfigError> {
        let wrong = |field: &'static str, reason: String| IssuerConfigError::Field {
            issuer: self.name.clone(),
            field,
            reason,
        };
        let text = |reason: &str| reason.to_owned();
        if self.issuer.is_empty() || self.issuer.chars().any(char::is_control) {
            return Err(wrong(
                "issuer",
                text("it must be the exact `iss` of the issuer's tokens"),
            ));
        }
        if self.audiences.is_empty() || self.audiences.iter().any(String::is_empty) {
            let reason = "name at least one audience: without it, a token made for somebody else would open jeton too";
            return Err(wrong("audiences", text(reason)));
        }
        if self.leeway.is_negative() || self.leeway > MAX_LEEWAY {
            return Err(wrong("leeway", text("it must be between 0 and 5 minutes")));
        }
        if self.longest_life.is_some_and(|life| life <= SignedDuration::ZERO) {
            return Err(wrong("longest_life", text("it must be longer than 0 seconds")));
        }
        if let Some(pem) = &self.ca_file {
            certificates(pem).map_err(|reason| wrong("ca_file", reason))?;
        }
        let hmac = self.algorithms.contains(&Algorithm::Hs256);
        match &self.keys {
            KeySource::Discovery => {
                urls::discovery_url(&self.issuer).map_err(|reason| wrong("issuer", reason))?;
            }
            KeySource::JwksUrl(url) => urls::check(url).map_err(|reason| wrong("keys", reason))?,
            KeySource::Jwks(json) => {
                let keys = KeySet::parse(json.as_bytes()).map_err(|error| wrong("keys", error.to_string()))?;
                if !keys.iter().any(|key| self.allows(key.algorithm())) {
                    return Err(wrong("keys", text("none of the keys is for an allowed algorithm")));
                }
            }
            KeySource::SharedSecret(secret) => {
                if secret.expose().len() < MIN_SECRET_BYTES {
                    return Err(wrong("keys", text("a shared secret has at least 32 bytes")));
                }
                if self.algorithms.iter().any(|algorithm| *algorithm != Algorithm::Hs256) {
                    return Err(wrong("algorithms", text("a shared secret is for HS256 only")));
                }
                return Ok(());
            }
        }
        if hmac {
            let reason = "HS256 is only for an issuer with a shared secret: public keys are no secrets";
            return Err(wrong("algorithms", text(reason)));
        }
        Ok(())
    }
}
