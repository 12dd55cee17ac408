use jeton_domain::{Code, Coded};

/// Why something could not be fetched from an issuer. Its words are for the operator: they name what the issuer's
/// server said, and never a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// No connection: the name does not resolve, nobody listens, TLS fails.
    #[error("the issuer cannot be reached: {0}")]
    Unreachable(String),
    /// No whole answer in time.
    #[error("the issuer did not answer in time")]
    Timeout,
    /// Another status than 200. Redirects are not followed.
    #[error("the issuer answered HTTP {0}")]
    Status(u16),
    /// The body is larger than the limit.
    #[error("the issuer's answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The credential for the keys cannot be read from its file.
    #[error("the credential for the issuer's keys cannot be read: {0}")]
    Bearer(String),
    /// The answer is not what the standard promises.
    #[error("the issuer's {what} cannot be used: {reason}")]
    Unusable {
        /// Which document.
        what: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

impl FetchError {
    pub(crate) fn unusable(what: &'static str, reason: impl Into<String>) -> Self {
        Self::Unusable {
            what,
            reason: reason.into(),
        }
    }
}

impl Coded for FetchError {
    fn code(&self) -> Code {
        match self {
            Self::Unreachable(_)
            | Self::Timeout
            | Self::Status(_)
            | Self::TooLarge(_)
            | Self::Bearer(_)
            | Self::Unusable { .. } => Code::AuthIssuerUnavailable,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Unreachable(_) => {
                "Check that this machine reaches the issuer, and that its certificate is from a known authority or \
                 from the one in `ca_file`."
                    .to_owned()
            }
            Self::Bearer(_) => "Give the user that runs jeton the right to read the file, or name another.".to_owned(),
            Self::Timeout => "Try again; if it goes on, look at the way to the issuer and at its load.".to_owned(),
            Self::Status(401 | 403) => {
                "The issuer wants a credential for its keys: set `bearer`. On Kubernetes the service account also needs \
                 the role system:service-account-issuer-discovery."
                    .to_owned()
            }
            Self::Status(301..=399) => "Configure the address that the issuer redirects to; redirects are not followed.".to_owned(),
            Self::Status(_) | Self::TooLarge(_) => {
                "Check that the configured issuer is the exact one, and that its server is healthy.".to_owned()
            }
            Self::Unusable { .. } => {
                "Compare the configured issuer with what its server says at /.well-known/openid-configuration.".to_owned()
            }
        })
    }
}
