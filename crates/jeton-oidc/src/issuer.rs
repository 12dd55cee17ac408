//! Where an issuer's keys are, and how they are fetched.

use jeton_domain::Secret;
use serde_json::Value;
use url::Url;

use crate::{
    FetchError, IssuerConfig, IssuerConfigError, KeySource, OidcHttpOptions, http_client::HttpClient, jwk::KeySet, urls,
};

/// Fetches the keys of one issuer, from wherever its configuration says.
pub(crate) struct KeyFetcher {
    http: HttpClient,
    config: IssuerConfig,
}

/// What an issuer says about itself, as far as it concerns us.
#[derive(Clone)]
pub(crate) struct Discovered {
    issuer: Url,
    document: Value,
}

const WHAT: &str = "discovery document";

impl KeyFetcher {
    pub(crate) fn new(config: IssuerConfig, options: &OidcHttpOptions) -> Result<Self, IssuerConfigError> {
        let http = HttpClient::new(options, config.ca_file.as_deref()).map_err(IssuerConfigError::Http)?;
        Ok(Self { http, config })
    }

    pub(crate) fn config(&self) -> &IssuerConfig {
        &self.config
    }

    pub(crate) fn http(&self) -> &HttpClient {
        &self.http
    }

    /// The issuer's keys as they are now; at least one.
    pub(crate) async fn fetch(&self) -> Result<KeySet, FetchError> {
        let bearer = self.bearer().await?;
        let bearer = bearer.as_ref();
        let (url, bearer) = match &self.config.keys {
            KeySource::Discovery => {
                let discovered = self.discover().await?;
                let url = discovered.endpoint("jwks_uri")?;
                // another server may have it only where somebody vouches for that server
                let known = urls::same_origin(&url, &discovered.issuer) || self.config.ca_file.is_some();
                (url, bearer.filter(|_| known))
            }
            KeySource::JwksUrl(url) => (url.clone(), bearer),
            KeySource::Jwks(json) => return KeySet::parse(json.as_bytes()),
            KeySource::SharedSecret(secret) => return Ok(KeySet::shared(secret)),
        };
        let document = self.http.get_json("key set", url, bearer).await?;
        KeySet::from_value(&document)
    }

    async fn bearer(&self) -> Result<Option<Secret>, FetchError> {
        match &self.config.bearer {
            Some(bearer) => bearer.read().await.map(Some),
            None => Ok(None),
        }
    }

    /// Asks the issuer to describe itself.
    pub(crate) async fn discover(&self) -> Result<Discovered, FetchError> {
        let unusable = |reason: String| FetchError::unusable(WHAT, reason);
        let url = urls::discovery_url(&self.config.issuer).map_err(unusable)?;
        let issuer = Url::parse(&self.config.issuer).map_err(|_| unusable("the issuer is not a URL".to_owned()))?;
        let bearer = self.bearer().await?;
        let document = self.http.get_json(WHAT, url, bearer.as_ref()).await?;
        // or one issuer could speak for another (OIDC Discovery 1.0 §4.3)
        if document.get("issuer").and_then(Value::as_str) != Some(&self.config.issuer) {
            return Err(FetchError::unusable(
                WHAT,
                "its `issuer` is not exactly the configured one",
            ));
        }
        Ok(Discovered { issuer, document })
    }
}

impl Discovered {
    /// One of the addresses that it names.
    pub(crate) fn endpoint(&self, name: &'static str) -> Result<Url, FetchError> {
        let text = self.document.get(name).and_then(Value::as_str);
        let text = text.ok_or_else(|| FetchError::unusable(WHAT, format!("it has no `{name}`")))?;
        urls::named_by(&self.issuer, text)
            .map_err(|reason| FetchError::unusable(WHAT, format!("its `{name}` is not acceptable: {reason}")))
    }

    /// A setting that is either on or off, and off unless told.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.document.get(name) == Some(&Value::Bool(true))
    }
}
