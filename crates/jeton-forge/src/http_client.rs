//! One call of an App: GitHub's headers, and what went wrong on the way.

use http::{HeaderMap, HeaderValue, Method, header};
use jeton_domain::Secret;
use jeton_outbound::{AddressRules, HttpOptions, Outbound, OutboundError, Request, bearer};
use url::Url;

use crate::ForgeError;

pub(crate) use jeton_outbound::Answer;

/// The version of GitHub's REST API that the types in `github` were written for.
const API_VERSION: &str = "2022-11-28";

/// The headers that GitHub wants with every request.
pub(crate) fn github_headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/vnd.github+json"));
    headers.insert("x-github-api-version", HeaderValue::from_static(API_VERSION));
    headers
}

/// A client with its limits. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct HttpClient(Outbound);

impl HttpClient {
    /// For the URLs of Apps, which the operator wrote: Enterprise Servers live in private networks.
    pub(crate) fn new(options: HttpOptions) -> Result<Self, ForgeError> {
        Ok(Self(Outbound::new(options, AddressRules::trusted()).map_err(failure)?))
    }

    /// Makes one call. `Err` only when there is no whole answer; a refusal is an [`Answer`]. The credential goes as `Bearer`, for
    /// tokens and JWTs alike: GitHub takes a JWT under no other scheme.
    pub(crate) async fn call(
        &self,
        method: Method,
        url: Url,
        credential: &Secret,
        body: Option<Vec<u8>>,
    ) -> Result<Answer, ForgeError> {
        let mut request = Request::new(method, url)
            .headers(github_headers())
            .header(header::AUTHORIZATION, bearer(credential).map_err(failure)?);
        if let Some(body) = body {
            request = request.body("application/json", body);
        }
        self.0.send(request).await.map_err(failure)
    }
}

/// Why there is no answer.
fn failure(error: OutboundError) -> ForgeError {
    match error {
        OutboundError::Request(reason) => ForgeError::Request(reason),
        OutboundError::Address(refused) => ForgeError::Unreachable {
            reason: refused.to_string(),
        },
        OutboundError::Unreachable(reason) => ForgeError::Unreachable { reason },
        OutboundError::Timeout => ForgeError::Timeout,
        OutboundError::Cut(reason) => ForgeError::Cut { reason },
        OutboundError::BodyTooLarge { status, .. } => ForgeError::Garbled {
            status,
            reason: error.to_string(),
        },
        OutboundError::HeadersTooLarge { status, .. } => ForgeError::Garbled {
            status: status.unwrap_or_default(),
            reason: error.to_string(),
        },
    }
}
