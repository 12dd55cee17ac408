use std::{fmt, time::Duration};

/// What a forge said when it refused, in its own words: cleaned of control characters and of whatever looks like a
/// secret, and cut to about 300 characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// The `message` of the error body; `None` when the body was not the JSON that GitHub promises.
    pub message: Option<String>,
    /// `X-GitHub-Request-Id`, by which the forge's support finds the request.
    pub request_id: Option<String>,
    /// The HTTP status.
    pub status: u16,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

/// What a 422 was about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unprocessable {
    /// A permission that the installation does not have.
    PermissionsNotGranted,
    /// A repository that does not exist, or that the installation does not cover.
    RepositoriesNotAccessible,
    /// Something else.
    Other,
}

/// Why a call to a forge failed. It can be cloned, because one failure is shared by all who waited for the call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ForgeError {
    /// No connection: the name does not resolve, nobody listens, TLS fails.
    #[error("GitHub cannot be reached: {reason}")]
    Unreachable {
        /// The causes, outermost first.
        reason: String,
    },
    /// No whole answer within [`HttpOptions::request_timeout`](crate::HttpOptions::request_timeout).
    #[error("GitHub did not answer in time")]
    Timeout,
    /// The connection ended before the answer did.
    #[error("the connection to GitHub was cut: {reason}")]
    Cut {
        /// The causes, outermost first.
        reason: String,
    },
    /// Any 5xx, of GitHub or of a proxy before it.
    #[error("GitHub has a failure of its own: {said}")]
    ServerError {
        /// The HTTP status.
        status: u16,
        /// How long it asked us to wait, if it did; at most an hour.
        retry_after: Option<Duration>,
        /// Its words.
        said: Said,
    },
    /// The answer is not what GitHub's documentation promises.
    #[error("the answer (HTTP {status}) is not what GitHub promises: {reason}")]
    Garbled {
        /// The HTTP status.
        status: u16,
        /// What is odd about it.
        reason: String,
    },
    /// A rate limit.
    #[error(
        "GitHub limits our requests for another {} s ({} limit): {said}",
        retry_after.as_secs(),
        if *primary { "primary" } else { "secondary" }
    )]
    RateLimited {
        /// The hourly budget is used up; otherwise a secondary limit against bursts.
        primary: bool,
        /// How long to wait; from one second to one hour.
        retry_after: Duration,
        /// Its words.
        said: Said,
    },
    /// 401, or 404 "Integration not found". For an App's JWT: the key or the App's id is refused. For a token: it is
    /// dead.
    #[error("GitHub refuses the credential: {said}")]
    BadCredentials {
        /// Its words.
        said: Said,
    },
    /// GitHub refuses the JWT for its times, even after they were set by its own clock.
    #[error("GitHub refuses the times in the App's signature; its clock and ours differ by {offset_seconds} s: {said}")]
    ClockSkew {
        /// GitHub's clock minus ours, in seconds, by its `Date` header; 0 when there was none.
        offset_seconds: i64,
        /// Its words.
        said: Said,
    },
    /// The installation is suspended.
    #[error("the App's installation is suspended: {said}")]
    Suspended {
        /// Its words.
        said: Said,
    },
    /// 403 for another reason.
    #[error("GitHub forbids it: {said}")]
    Forbidden {
        /// Its words.
        said: Said,
    },
    /// 404. GitHub says so too when it exists and we may not see it.
    #[error("GitHub does not find it: {said}")]
    NotFound {
        /// Its words.
        said: Said,
    },
    /// 422.
    #[error("GitHub does not accept the request: {said}")]
    Unprocessable {
        /// Its words.
        said: Said,
        /// What it was about.
        about: Unprocessable,
    },
    /// A minted token may do more than was asked for. It was revoked, as far as GitHub let us.
    #[error("GitHub minted a token that may do more than was asked for: {extra}")]
    TooWide {
        /// What it may do beyond the request.
        extra: String,
    },
    /// Any other status.
    #[error("GitHub gave an unexpected answer: {said}")]
    Unexpected {
        /// The HTTP status.
        status: u16,
        /// Its words.
        said: Said,
    },
    /// A request that must not be sent, such as a mint of nothing, which GitHub takes for everything. A mistake in
    /// the caller's code.
    #[error("the request cannot be sent: {0}")]
    Request(String),
}

impl ForgeError {
    /// Whether the same request may succeed later without anybody changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Timeout
            | Self::Cut { .. }
            | Self::ServerError { .. }
            | Self::Garbled { .. }
            | Self::RateLimited { .. } => true,
            Self::BadCredentials { .. }
            | Self::ClockSkew { .. }
            | Self::Suspended { .. }
            | Self::Forbidden { .. }
            | Self::NotFound { .. }
            | Self::Unprocessable { .. }
            | Self::TooWide { .. }
            | Self::Unexpected { .. }
            | Self::Request(_) => false,
        }
    }

    /// How long the forge asked us to wait, if it did.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::RateLimited { retry_after, .. } => Some(*retry_after),
            Self::ServerError { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// The forge's own words, when it had any.
    pub fn said(&self) -> Option<&Said> {
        match self {
            Self::ServerError { said, .. }
            | Self::RateLimited { said, .. }
            | Self::BadCredentials { said }
            | Self::ClockSkew { said, .. }
            | Self::Suspended { said }
            | Self::Forbidden { said }
            | Self::NotFound { said }
            | Self::Unprocessable { said, .. }
            | Self::Unexpected { said, .. } => Some(said),
            Self::Unreachable { .. }
            | Self::Timeout
            | Self::Cut { .. }
            | Self::Garbled { .. }
            | Self::TooWide { .. }
            | Self::Request(_) => None,
        }
    }
}
