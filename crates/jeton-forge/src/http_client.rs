//! One request, one answer: timeouts, limits, and what went wrong on the way.

use std::{fmt, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, header};
use url::Url;
use zeroize::Zeroizing;

use crate::{ForgeError, clean::causes, resolver::ForgeResolver};

/// How to speak HTTP to a forge.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// How long name look-up, TCP and TLS may take together. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long a whole call may take, from its start to the last byte of the answer. Default: 10 s, after which GitHub
    /// itself gives a request up (its page "Troubleshooting the REST API").
    pub request_timeout: Duration,
    /// The largest body that is read, in bytes. Default: 8 MiB; a page of 100 installations has about 300 KiB.
    pub max_body_bytes: usize,
    /// `User-Agent`, without which GitHub refuses every request. Default: `jeton/` and the version.
    pub user_agent: String,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            max_body_bytes: 8 * 1024 * 1024,
            user_agent: concat!("jeton/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// The version of GitHub's REST API that the types in `github::wire` were written for.
const API_VERSION: &str = "2022-11-28";

/// A client with its limits. Cheap to clone.
#[derive(Clone)]
pub(crate) struct HttpClient {
    client: reqwest::Client,
    options: Arc<HttpOptions>,
}

/// What came back, whatever its status.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// Wiped on drop, because the answer to a mint holds a token.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(crate) fn is_redirect(&self) -> bool {
        matches!(self.status, 301 | 302 | 307 | 308)
    }
}

impl HttpClient {
    pub(crate) fn new(options: HttpOptions) -> Result<Self, ForgeError> {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
        headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
        let client = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .default_headers(headers)
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout)
            // a redirect could carry the credential to another host
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .dns_resolver(ForgeResolver)
            // shorter than GitHub keeps idle connections, so that a mint seldom meets one that is just being closed
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(16)
            // a connection that a firewall forgot would otherwise cost every caller a whole timeout
            .http2_keep_alive_interval(Duration::from_secs(15))
            .http2_keep_alive_timeout(Duration::from_secs(5))
            .tcp_keepalive(Duration::from_secs(30))
            .build()
            .map_err(|error| ForgeError::Request(causes(&error)))?;
        Ok(Self {
            client,
            options: Arc::new(options),
        })
    }

    /// Makes one call. `Err` only when there is no whole answer; a refusal is an [`Answer`].
    pub(crate) async fn call(
        &self,
        method: Method,
        url: Url,
        credential: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, ForgeError> {
        let mut request = self
            .client
            .request(method, url)
            .header(header::AUTHORIZATION, bearer(credential)?);
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body);
        }
        let mut response = request.send().await.map_err(failure)?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        match self.read(response).await {
            Ok(body) => Ok(Answer { status, headers, body }),
            // what a failing server managed to say of its failure does not matter
            Err(_) if status >= 500 => Ok(Answer {
                status,
                headers,
                body: Zeroizing::default(),
            }),
            Err(ReadError::TooLarge) => Err(ForgeError::Garbled {
                status,
                reason: format!("the body is larger than {} bytes", self.options.max_body_bytes),
            }),
            Err(ReadError::Failed(error)) => Err(error),
        }
    }

    async fn read(&self, mut response: reqwest::Response) -> Result<Zeroizing<Vec<u8>>, ReadError> {
        let limit = self.options.max_body_bytes;
        let announced = response.content_length().unwrap_or(0);
        if announced > limit as u64 {
            return Err(ReadError::TooLarge);
        }
        // room for all of it at once, so that growing leaves no copies of a token behind
        let room = usize::try_from(announced).unwrap_or(0).max(8 * 1024).min(limit);
        let mut body = Zeroizing::new(Vec::with_capacity(room));
        while let Some(chunk) = next_chunk(&mut response).await? {
            if body.len() + chunk.len() > limit {
                return Err(ReadError::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

enum ReadError {
    TooLarge,
    Failed(ForgeError),
}

async fn next_chunk(response: &mut reqwest::Response) -> Result<Option<Bytes>, ReadError> {
    response
        .chunk()
        .await
        .map_err(|error| ReadError::Failed(failure(error)))
}

/// `Bearer`, for tokens and JWTs alike: GitHub takes a JWT under no other scheme.
fn bearer(credential: &str) -> Result<HeaderValue, ForgeError> {
    let text = Zeroizing::new(format!("Bearer {credential}"));
    let mut value = HeaderValue::from_str(&text)
        .map_err(|_| ForgeError::Request("the credential has characters that no header can carry".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Why there is no answer.
fn failure(error: reqwest::Error) -> ForgeError {
    let error = error.without_url();
    if error.is_builder() {
        ForgeError::Request(causes(&error))
    } else if error.is_connect() {
        // a connection that was not made in time is no slow answer: nothing was asked yet
        ForgeError::Unreachable { reason: causes(&error) }
    } else if error.is_timeout() {
        ForgeError::Timeout
    } else {
        ForgeError::Cut { reason: causes(&error) }
    }
}
