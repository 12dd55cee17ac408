//! One request to an issuer, one answer: timeouts and limits.

use std::time::Duration;

use http::{HeaderValue, header};
use jeton_domain::Secret;
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use crate::{FetchError, clean::causes, resolver::IssuerResolver};

/// How to speak HTTP to an issuer.
#[derive(Debug, Clone)]
pub struct OidcHttpOptions {
    /// How long name look-up, TCP and TLS may take together. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long a whole call may take, from its start to the last byte of the answer. Default: 10 s.
    pub request_timeout: Duration,
    /// The largest body that is read, in bytes. Default: 1 MiB; a key set has a few KiB.
    pub max_body_bytes: usize,
    /// Default: `jeton/` and the version.
    pub user_agent: String,
}

impl Default for OidcHttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            max_body_bytes: 1024 * 1024,
            user_agent: concat!("jeton/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// A client with its limits. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
    max_body_bytes: usize,
}

/// What came back, whatever its status. Wiped on drop, because it may hold tokens.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Zeroizing<Vec<u8>>,
}

/// Reads a bundle of PEM certificates, of which there must be one at least.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<reqwest::Certificate>, String> {
    match reqwest::Certificate::from_pem_bundle(pem) {
        Ok(found) if found.is_empty() => Err("it holds no certificate in PEM".to_owned()),
        Ok(found) => Ok(found),
        Err(error) => Err(causes(&error)),
    }
}

impl HttpClient {
    /// With certificates, those are the only ones that may vouch for a server.
    pub(crate) fn new(options: &OidcHttpOptions, ca: Option<&[u8]>) -> Result<Self, String> {
        let mut builder = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout)
            // a redirect could lead to keys of somebody else, or carry a credential away
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(IssuerResolver)
            // keys are fetched four times an hour: no connection is worth keeping
            .pool_max_idle_per_host(0);
        if let Some(pem) = ca {
            builder = builder.tls_certs_only(certificates(pem)?);
        }
        let client = builder.build().map_err(|error| causes(&error))?;
        Ok(Self {
            client,
            max_body_bytes: options.max_body_bytes,
        })
    }

    /// Fetches a JSON document; `what` names it in errors.
    pub(crate) async fn get_json(
        &self,
        what: &'static str,
        url: Url,
        bearer: Option<&Secret>,
    ) -> Result<Value, FetchError> {
        let mut request = self.client.get(url).header(header::ACCEPT, "application/json");
        if let Some(bearer) = bearer {
            request = request.header(header::AUTHORIZATION, sensitive("Bearer", bearer.expose())?);
        }
        let answer = self.send(request).await?;
        if answer.status != 200 {
            return Err(FetchError::Status(answer.status));
        }
        serde_json::from_slice(&answer.body).map_err(|_| FetchError::unusable(what, "it is not JSON"))
    }

    /// Posts a form; `basic` is the user and password part of HTTP Basic, encoded already.
    pub(crate) async fn post_form(
        &self,
        url: Url,
        form: &Zeroizing<String>,
        basic: Option<&Secret>,
    ) -> Result<Answer, FetchError> {
        let mut request = self
            .client
            .post(url)
            .header(header::ACCEPT, "application/json")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.as_bytes().to_vec());
        if let Some(basic) = basic {
            request = request.header(header::AUTHORIZATION, sensitive("Basic", basic.expose())?);
        }
        self.send(request).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Answer, FetchError> {
        let mut response = request.send().await.map_err(failure)?;
        let status = response.status().as_u16();
        let limit = self.max_body_bytes;
        let announced = response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(FetchError::TooLarge(limit));
        }
        // room for all of it at once, so that growing leaves no copies of a token behind
        let room = usize::try_from(announced).unwrap_or(0).max(8 * 1024).min(limit);
        let mut body = Zeroizing::new(Vec::with_capacity(room));
        while let Some(chunk) = response.chunk().await.map_err(failure)? {
            if body.len() + chunk.len() > limit {
                return Err(FetchError::TooLarge(limit));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(Answer { status, body })
    }
}

fn sensitive(scheme: &str, credential: &str) -> Result<HeaderValue, FetchError> {
    let text = Zeroizing::new(format!("{scheme} {credential}"));
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        FetchError::Unreachable("our credential for it has characters that no header can carry".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn failure(error: reqwest::Error) -> FetchError {
    if error.is_timeout() && !error.is_connect() {
        FetchError::Timeout
    } else {
        FetchError::Unreachable(causes(&error.without_url()))
    }
}
