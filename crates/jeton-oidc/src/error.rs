use jeton_domain::{Code, Coded, IssuerName};
use jiff::Timestamp;

use crate::{Algorithm, FetchError};

/// Why a token is not believed. No variant holds a byte of the token but its times, and those only after its
/// signature was found good.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// It is no JWT, or one with a header that is not accepted.
    #[error("the token is not an acceptable JWT: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Its `iss` is not that of any configured issuer.
    #[error("no configured issuer has made the token")]
    UnknownIssuer,
    /// Its `alg` is not accepted, for anybody, for its issuer, or for the key it names.
    #[error("the token is not signed with an algorithm that is accepted for it")]
    Algorithm {
        /// Those that would be.
        accepted: Vec<Algorithm>,
    },
    /// The issuer has no such key.
    #[error("the issuer `{issuer}` has no key that fits the token")]
    UnknownKey {
        /// The operator's name for the issuer.
        issuer: IssuerName,
        /// The token names no key, and the issuer has several that could be meant.
        ambiguous: bool,
    },
    /// The signature is not that of the key over these bytes.
    #[error("the token's signature is wrong")]
    BadSignature {
        /// The operator's name for the issuer.
        issuer: IssuerName,
    },
    /// Its end has come.
    #[error("the token ended at {expired_at}")]
    Expired {
        /// When.
        expired_at: Timestamp,
    },
    /// Its time has not come yet.
    #[error("the token is not valid before {valid_from}")]
    NotYetValid {
        /// When it will be, by its issuer's clock.
        valid_from: Timestamp,
    },
    /// It was made for somebody else.
    #[error("the token was not made for jeton: its audience is not {}", join(.accepted))]
    WrongAudience {
        /// For whom it should be made; one of these.
        accepted: Vec<String>,
    },
    /// A claim is missing, or has a form that it cannot have.
    #[error("the token's claim `{claim}` {problem}")]
    BadClaim {
        /// Which claim.
        claim: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The issuer's keys cannot be fetched, and none are known. Why is in the source, for the log: the caller need
    /// not learn how the issuer is reached.
    #[error("the keys of the issuer `{issuer}` cannot be fetched at the moment")]
    IssuerUnavailable {
        /// The operator's name for the issuer.
        issuer: IssuerName,
        /// Why not.
        #[source]
        source: FetchError,
    },
}

impl JwtError {
    pub(crate) fn malformed(reason: &'static str) -> Self {
        Self::Malformed { reason }
    }

    pub(crate) fn bad_claim(claim: &'static str, problem: &'static str) -> Self {
        Self::BadClaim { claim, problem }
    }
}

impl Coded for JwtError {
    fn code(&self) -> Code {
        match self {
            Self::Malformed { .. } => Code::AuthJwtMalformed,
            Self::UnknownIssuer => Code::AuthJwtIssuer,
            Self::Algorithm { .. } => Code::AuthJwtAlgorithm,
            Self::UnknownKey { .. } => Code::AuthJwtKey,
            Self::BadSignature { .. } => Code::AuthJwtSignature,
            Self::Expired { .. } => Code::AuthJwtExpired,
            Self::NotYetValid { .. } => Code::AuthJwtNotYet,
            Self::WrongAudience { .. } => Code::AuthJwtAudience,
            Self::BadClaim { .. } => Code::AuthJwtClaim,
            Self::IssuerUnavailable { .. } => Code::AuthIssuerUnavailable,
        }
    }

    fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Malformed { .. } => {
                "Send the token exactly as its issuer gave it: three parts with dots between them, without quotes or \
                 line breaks."
                    .to_owned()
            }
            Self::UnknownIssuer => {
                "Check that the token comes from the system that this server trusts. If it should be trusted, \
                 whoever runs jeton can add its issuer, with exactly the `iss` that stands in the token."
                    .to_owned()
            }
            Self::Algorithm { accepted } => {
                if accepted.is_empty() {
                    return Some(
                        "This server believes no issuer yet: whoever runs it can add one under [[issuers]].".to_owned(),
                    );
                }
                let names: Vec<&str> = accepted.iter().map(|algorithm| algorithm.as_str()).collect();
                format!("Have the token signed with {}.", or(&names))
            }
            Self::UnknownKey { ambiguous: true, .. } => {
                "Have the token made with the id of its key (`kid`) in its header.".to_owned()
            }
            Self::UnknownKey { .. } => {
                "Ask for a new token: the key of this one was withdrawn, or is so new that its issuer does not publish \
                 it yet. In the second case the same token works in half a minute."
                    .to_owned()
            }
            Self::BadSignature { .. } => {
                "Ask the issuer for a new token, and send it unchanged. If that fails too, the token was not made by \
                 this issuer."
                    .to_owned()
            }
            Self::Expired { .. } => {
                "Ask for a new token right before it is used; in a long job, ask again instead of keeping it. If the \
                 token is new, compare the clocks of this machine and the server."
                    .to_owned()
            }
            Self::NotYetValid { .. } => {
                "Wait until then. If the token was made just now, the clock of its issuer or of the server is wrong."
                    .to_owned()
            }
            Self::WrongAudience { accepted } => {
                format!(
                    "Ask for the token with the audience {}. In GitHub Actions the audience is a parameter of the \
                     request for the token, in GitLab it is `aud` under `id_tokens`.",
                    or(&accepted.iter().map(String::as_str).collect::<Vec<_>>())
                )
            }
            Self::BadClaim { claim, .. } => {
                format!("Have the token made with a proper claim `{claim}`; the issuer's settings decide that.")
            }
            Self::IssuerUnavailable { issuer, .. } => {
                format!(
                    "Try again in a moment. If it goes on, whoever runs jeton finds the reason with `jeton doctor`, \
                     under the issuer `{issuer}`."
                )
            }
        })
    }
}

fn join(all: &[String]) -> String {
    or(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// `a`, `a or b`, `a, b or c`, each in backquotes.
fn or(all: &[&str]) -> String {
    let quoted: Vec<String> = all.iter().map(|one| format!("`{one}`")).collect();
    match quoted.split_last() {
        None => "none".to_owned(),
        Some((last, [])) => last.clone(),
        Some((last, rest)) => format!("{} or {last}", rest.join(", ")),
    }
}
