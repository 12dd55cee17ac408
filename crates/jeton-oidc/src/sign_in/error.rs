use jeton_domain::{Code, Coded};

use crate::{FetchError, JwtError};

/// Why a sign-in did not work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignInError {
    /// The answer is not the one to the sign-in that this browser began.
    #[error("the answer does not belong to a sign-in that was begun here")]
    State,
    /// Another provider answered than was asked.
    #[error("another provider answered than the one that was asked")]
    Issuer,
    /// The answer has neither a code nor an error, or has a parameter twice.
    #[error("the provider's answer has no code")]
    NoCode,
    /// The provider said no.
    #[error("the provider did not sign in: {error}{}", said(.description.as_ref()))]
    Refused {
        /// The `error` of its answer.
        error: String,
        /// Its words, cleaned.
        description: Option<String>,
    },
    /// The provider did not give tokens for the code.
    #[error("the provider gave no tokens for its code: {error}{}", said(.description.as_ref()))]
    TokenRefused {
        /// The `error` of its answer, or its status.
        error: String,
        /// Its words, cleaned.
        description: Option<String>,
    },
    /// The ID token is not believed.
    #[error("the provider's ID token is not believed")]
    IdToken(#[source] JwtError),
    /// The ID token was made for another sign-in or another client.
    #[error("the provider's ID token was made for another {0}")]
    OtherPurpose(&'static str),
    /// The e-mail address is to be the user's name, and the provider has not verified it.
    #[error("the provider has not verified the e-mail address")]
    EmailNotVerified,
    /// The provider cannot be asked.
    #[error("the provider cannot be asked at the moment")]
    Unavailable(#[source] FetchError),
}

fn said(description: Option<&String>) -> String {
    description.map_or_else(String::new, |words| format!(" ({words})"))
}

impl Coded for SignInError {
    fn code(&self) -> Code {
        match self {
            Self::State
            | Self::Issuer
            | Self::NoCode
            | Self::Refused { .. }
            | Self::TokenRefused { .. }
            | Self::IdToken(_)
            | Self::OtherPurpose(_)
            | Self::EmailNotVerified => Code::AuthSignIn,
            Self::Unavailable(_) => Code::AuthIssuerUnavailable,
        }
    }

    fn remedy(&self) -> Option<String> {
        let words = match self {
            Self::State => {
                "Begin again at the sign-in page, in this browser, and allow its cookies. A sign-in that waited for too \
                 long has to be begun again as well."
            }
            Self::Issuer | Self::NoCode | Self::OtherPurpose(_) => "Begin again at the sign-in page.",
            Self::Refused { .. } => {
                "Begin again, and agree at the provider. If it refuses you, its administrator decides who may use jeton."
            }
            Self::TokenRefused { .. } => {
                "Begin again. If it goes on, whoever runs jeton compares the client id, the client secret and the \
                 redirect address with the provider's registration."
            }
            Self::IdToken(_) => {
                "Begin again. If it goes on, whoever runs jeton finds the reason in the log; often a clock is wrong."
            }
            Self::EmailNotVerified => "Verify your e-mail address at the provider, then sign in again.",
            Self::Unavailable(_) => {
                "Try again in a moment. If it goes on, whoever runs jeton finds the reason with `jeton doctor`."
            }
        };
        Some(words.to_owned())
    }
}
