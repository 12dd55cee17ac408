use std::{error::Error as _, fmt, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use url::Url;
use zeroize::Zeroizing;

use crate::{
    AddressError, AddressRules, Answer, NameLookup, OutboundError, SystemLookup, resolver::Guard, text::causes,
};

/// How to speak HTTP.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// How long name look-up, TCP and TLS may take together. Default: 5 s.
    pub connect_timeout: Duration,
    /// How long a whole call may take, from its start to the last byte of the answer. Default: 10 s, after which GitHub
    /// itself gives a request up (its page "Troubleshooting the REST API").
    pub request_timeout: Duration,
    /// The largest body that is read, in bytes. Default: 8 MiB; a page of 100 repositories has about 600 KiB.
    pub max_body_bytes: usize,
    /// The largest sum of header names and values that is accepted, in bytes. Default: 64 KiB.
    pub max_header_bytes: usize,
    /// `User-Agent`, without which GitHub refuses every request. Default: `jeton/` and the version.
    pub user_agent: String,
}

impl Default for HttpOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(5),
            request_timeout: Duration::from_secs(10),
            max_body_bytes: 8 * 1024 * 1024,
            max_header_bytes: 64 * 1024,
            user_agent: concat!("jeton/", env!("CARGO_PKG_VERSION")).to_owned(),
        }
    }
}

/// One request. `Debug` shows neither headers nor body.
#[derive(Clone)]
pub struct Request {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Vec<u8>>,
    max_body_bytes: Option<usize>,
    timeout: Option<Duration>,
}

impl Request {
    /// A request without headers of its own or body.
    pub fn new(method: Method, url: Url) -> Self {
        Self {
            method,
            url,
            headers: HeaderMap::new(),
            body: None,
            max_body_bytes: None,
            timeout: None,
        }
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets many headers.
    #[must_use]
    pub fn headers(mut self, headers: HeaderMap) -> Self {
        self.headers.extend(headers);
        self
    }

    /// Lets its answer be as large as this, whatever [`HttpOptions::max_body_bytes`] says.
    #[must_use]
    pub fn max_body_bytes(mut self, bytes: usize) -> Self {
        self.max_body_bytes = Some(bytes);
        self
    }

    /// Lets it take so long, whatever [`HttpOptions::request_timeout`] says.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Gives it a body of this content type.
    #[must_use]
    pub fn body(mut self, content_type: &'static str, body: Vec<u8>) -> Self {
        self.body = Some(body);
        self.header(http::header::CONTENT_TYPE, HeaderValue::from_static(content_type))
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.url.host_str())
            .finish_non_exhaustive()
    }
}

/// How long a file may take at most, however steadily it comes.
const WHOLE_STREAM: Duration = Duration::from_hours(1);

/// The head of an answer.
struct Head {
    response: reqwest::Response,
    status: u16,
    headers: HeaderMap,
    announced: Option<u64>,
}

/// The pieces of a body.
pub type ByteStream = Pin<Box<dyn Stream<Item = Result<Bytes, OutboundError>> + Send>>;

/// What came of [`Outbound::open`].
pub enum Opening {
    /// A success, whose body is on its way.
    Streaming {
        /// The HTTP status, 2xx.
        status: u16,
        /// The headers.
        headers: HeaderMap,
        /// How long the body is, where that was said. A shorter one ends with an error.
        length: Option<u64>,
        /// The body.
        bytes: ByteStream,
    },
    /// Anything else.
    Refused(Answer),
}

impl fmt::Debug for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Streaming { status, length, .. } => f
                .debug_struct("Streaming")
                .field("status", status)
                .field("length", length)
                .finish_non_exhaustive(),
            Self::Refused(answer) => answer.fmt(f),
        }
    }
}

/// A client with its rules and limits, and the connections that it keeps. Cheap to clone.
#[derive(Clone)]
pub struct Outbound {
    client: reqwest::Client,
    options: Arc<HttpOptions>,
    rules: Arc<AddressRules>,
}

impl Outbound {
    /// Prepares the connections; nothing is called yet.
    ///
    /// # Errors
    /// [`OutboundError::Request`] when the options make no client, as with a user agent that no header can carry.
    pub fn new(options: HttpOptions, rules: AddressRules) -> Result<Self, OutboundError> {
        Self::with_lookup(options, rules, Arc::new(SystemLookup))
    }

    /// The same with another way to look names up.
    ///
    /// # Errors
    /// As [`Outbound::new`].
    pub fn with_lookup(
        options: HttpOptions,
        rules: AddressRules,
        lookup: Arc<dyn NameLookup>,
    ) -> Result<Self, OutboundError> {
        let rules = Arc::new(rules);
        let guard = Guard {
            lookup,
            rules: Arc::clone(&rules),
        };
        let header_bytes = u32::try_from(options.max_header_bytes).unwrap_or(u32::MAX);
        let client = reqwest::Client::builder()
            .user_agent(&options.user_agent)
            .connect_timeout(options.connect_timeout)
            .timeout(options.request_timeout)
            // a redirect could carry the credential to another host
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            // a renewal that is sent twice can end a whole family of tokens
            .retry(reqwest::retry::never())
            .no_proxy()
            .dns_resolver(guard)
            .http2_max_header_list_size(header_bytes)
            // shorter than forges keep idle connections, so that a call seldom meets one that is just being closed
            .pool_idle_timeout(Duration::from_secs(30))
            .pool_max_idle_per_host(16)
            // a connection that a firewall forgot would otherwise cost every caller a whole timeout
            .http2_keep_alive_interval(Duration::from_secs(15))
            .http2_keep_alive_timeout(Duration::from_secs(5))
            .tcp_keepalive(Duration::from_secs(30))
            .build()
            .map_err(|error| OutboundError::Request(causes(&error)))?;
        Ok(Self {
            client,
            options: Arc::new(options),
            rules,
        })
    }

    /// The rules by which it judges addresses.
    pub fn rules(&self) -> &AddressRules {
        &self.rules
    }

    /// Makes one call. `Err` only when there is no whole answer; a refusal or a redirect is an [`Answer`].
    ///
    /// # Errors
    /// [`OutboundError`] says why there is none, and [`OutboundError::was_sent`] whether the request may have arrived.
    pub async fn send(&self, request: Request) -> Result<Answer, OutboundError> {
        let limit = request.max_body_bytes.unwrap_or(self.options.max_body_bytes);
        let head = self.begin(request).await?;
        self.finish(head, limit).await
    }

    /// Begins one call and brings the body of a success piece by piece: for files, which may be larger than what should be held.
    /// Whatever is no success comes whole, as with [`Outbound::send`]. The head of the answer has to come within the request's
    /// time; then each piece has [`HttpOptions::request_timeout`] of its own.
    ///
    /// # Errors
    /// As [`Outbound::send`].
    pub async fn open(&self, request: Request) -> Result<Opening, OutboundError> {
        let patience = request.timeout.unwrap_or(self.options.request_timeout);
        // The client's own limit would cut every long file.
        let request = request.timeout(WHOLE_STREAM);
        let head = tokio::time::timeout(patience, self.begin(request))
            .await
            .map_err(|_| OutboundError::Timeout)??;
        if !(200..300).contains(&head.status) {
            let refusal = self.finish(head, self.options.max_body_bytes);
            let answer = tokio::time::timeout(patience, refusal).await;
            return answer.map_err(|_| OutboundError::Timeout)?.map(Opening::Refused);
        }
        let (this, idle) = (self.clone(), self.options.request_timeout);
        let bytes = futures_util::stream::try_unfold(head.response, move |mut response| {
            let this = this.clone();
            async move {
                let piece = tokio::time::timeout(idle, response.chunk()).await;
                let piece = piece.map_err(|_| OutboundError::Timeout)?;
                let piece = piece.map_err(|error| this.failure(error))?;
                Ok(piece.map(|piece| (piece, response)))
            }
        });
        Ok(Opening::Streaming {
            status: head.status,
            length: head.announced,
            headers: head.headers,
            bytes: Box::pin(bytes),
        })
    }

    /// Sends it, and reads the head of the answer.
    async fn begin(&self, request: Request) -> Result<Head, OutboundError> {
        self.rules.check_url(&request.url)?;
        let mut prepared = self
            .client
            .request(request.method, request.url)
            .headers(request.headers);
        if let Some(timeout) = request.timeout {
            prepared = prepared.timeout(timeout);
        }
        if let Some(body) = request.body {
            prepared = prepared.body(body);
        }
        let mut response = prepared.send().await.map_err(|error| self.failure(error))?;
        let status = response.status().as_u16();
        let headers = std::mem::take(response.headers_mut());
        let announced = response.content_length();
        let size: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len())
            .sum();
        if size > self.options.max_header_bytes {
            return Err(OutboundError::HeadersTooLarge {
                status: Some(status),
                limit: self.options.max_header_bytes,
            });
        }
        Ok(Head {
            response,
            status,
            headers,
            announced,
        })
    }

    /// Reads the rest.
    async fn finish(&self, head: Head, limit: usize) -> Result<Answer, OutboundError> {
        let Head {
            response,
            status,
            headers,
            announced,
        } = head;
        match self.read(response, status, announced.unwrap_or(0), limit).await {
            Ok(body) => Ok(Answer { status, headers, body }),
            // what a failing server managed to say of its failure does not matter
            Err(_) if status >= 500 => Ok(Answer {
                status,
                headers,
                body: Zeroizing::default(),
            }),
            Err(error) => Err(error),
        }
    }

    async fn read(
        &self,
        mut response: reqwest::Response,
        status: u16,
        announced: u64,
        limit: usize,
    ) -> Result<Zeroizing<Vec<u8>>, OutboundError> {
        let too_large = OutboundError::BodyTooLarge { status, limit };
        if announced > limit as u64 {
            return Err(too_large);
        }
        // room for all of it at once, so that growing leaves no copies of a token behind
        let room = usize::try_from(announced).unwrap_or(0).max(8 * 1024).min(limit);
        let mut body = Zeroizing::new(Vec::with_capacity(room));
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failure(error))? {
            let wanted = body.len() + chunk.len();
            if wanted > limit {
                return Err(too_large);
            }
            if wanted > body.capacity() {
                let mut larger = Zeroizing::new(Vec::with_capacity((body.capacity() * 2).max(wanted).min(limit)));
                larger.extend_from_slice(&body);
                // the old one is wiped here
                body = larger;
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Why there is no answer.
    fn failure(&self, error: reqwest::Error) -> OutboundError {
        let error = error.without_url();
        if let Some(refused) = address_error(&error) {
            return OutboundError::Address(refused);
        }
        if error.is_builder() {
            OutboundError::Request(causes(&error))
        } else if error.is_connect() {
            // a connection that was not made in time is no slow answer: nothing was asked yet
            OutboundError::Unreachable(causes(&error))
        } else if error.is_timeout() {
            OutboundError::Timeout
        } else if is_too_large(&error) {
            OutboundError::HeadersTooLarge {
                status: None,
                limit: self.options.max_header_bytes,
            }
        } else {
            OutboundError::Cut(causes(&error))
        }
    }
}

/// The resolver's verdict, which comes back inside of the connection's failure.
fn address_error(error: &reqwest::Error) -> Option<AddressError> {
    let mut source = error.source();
    while let Some(cause) = source {
        if let Some(refused) = cause.downcast_ref::<AddressError>() {
            return Some(refused.clone());
        }
        source = cause.source();
    }
    None
}

/// Whether HTTP/1 gave the head of the answer up: more than 100 headers, or more bytes than its buffer takes (about 400 KiB).
fn is_too_large(error: &reqwest::Error) -> bool {
    causes(error).contains("message head is too large")
}

impl fmt::Debug for Outbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbound")
            .field("options", &self.options)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
