use jeton_access::AccessError;
use jeton_domain::{Code, Coded as _};

use crate::failure::Failure;

pub(super) const BEARER: &str = "Bearer realm=\"jeton\"";
/// git, `requests` and their like send what stands in the URL only when asked for Basic.
pub(super) const BASIC: &str = "Basic realm=\"jeton\"";
pub(super) const HOW: &str = "Send a key or a token: `Authorization: Bearer jtn_...`, or as the password of HTTP \
                              Basic. `jeton client add NAME` makes a key.";

/// Why a caller is not let in.
#[derive(Debug, Clone)]
pub(crate) enum Refused {
    /// Nobody says who asks.
    Missing,
    /// Told apart before anything is looked up.
    Malformed(String),
    /// Looked up, and not accepted.
    Access(AccessError),
}

impl Refused {
    pub(crate) fn into_failure(self, challenge: &'static str) -> Failure {
        let failure = match self {
            Self::Missing => Failure::new(Code::AuthMissing, "the request does not say who asks").with_remedy(HOW),
            Self::Malformed(what) => Failure::new(Code::AuthMalformedKey, what).with_remedy(HOW),
            Self::Access(error) => Failure::from(error),
        };
        if failure.status() == http::StatusCode::UNAUTHORIZED {
            failure.with_challenge(challenge)
        } else {
            failure
        }
    }

    /// The code, for the record.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Missing => Code::AuthMissing,
            Self::Malformed(_) => Code::AuthMalformedKey,
            Self::Access(error) => error.code(),
        }
    }
}
