use jeton_domain::{Code, Coded, IssuerName};

/// Why an issuer, or the set of them, cannot be so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IssuerConfigError {
    /// A field has a value that cannot be.
    #[error("the issuer `{issuer}`: `{field}` is wrong: {reason}")]
    Field {
        /// Which issuer.
        issuer: IssuerName,
        /// Which of its fields.
        field: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// Two issuers have one name.
    #[error("two issuers are called `{0}`")]
    DuplicateName(IssuerName),
    /// Two issuers have one `iss`, so that nobody can tell whose a token is.
    #[error("the issuers `{0}` and `{1}` have the same `iss`")]
    DuplicateIssuer(IssuerName, IssuerName),
    /// The HTTP client cannot be made.
    #[error("no HTTP client can be made: {0}")]
    Http(String),
}

impl Coded for IssuerConfigError {
    fn code(&self) -> Code {
        match self {
            Self::Field { .. } | Self::DuplicateName(_) | Self::DuplicateIssuer(..) => Code::ConfigBadValue,
            Self::Http(_) => Code::Internal,
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::Field { issuer, field, .. } => Some(format!(
                "Change `{field}` of the issuer `{issuer}` in the configuration."
            )),
            Self::DuplicateName(name) => Some(format!("Give one of the issuers called `{name}` another name.")),
            Self::DuplicateIssuer(first, second) => Some(format!(
                "Keep one of `{first}` and `{second}`, with the audiences of both."
            )),
            Self::Http(_) => None,
        }
    }
}
