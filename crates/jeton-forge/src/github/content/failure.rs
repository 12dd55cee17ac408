//! What went wrong with a question, for the reader of content: which kind of failure it is, and whose.

use http::header;
use jeton_domain::{Code, Diagnosis};
use jeton_outbound::{Answer, OutboundError};
use jiff::Timestamp;
use serde::Deserialize;

use super::words::{Sought, Words};
use crate::{
    clean::clean,
    content::{Place, ReadError, limit_ends},
    diagnose::{Named, diagnosis, seconds},
    github::account::{GitHubDialect, Refusal, read_refusal},
    headers,
    probe::Dialect as _,
};

/// The largest file that GitHub gives, in bytes (its pages on `contents` and on blobs).
pub(super) const LARGEST: u64 = 100 << 20;

/// What was asked, and where.
#[derive(Debug, Clone, Copy)]
pub(super) struct Failing<'a> {
    pub(super) at: &'a Place<'a>,
    pub(super) sought: Sought<'a>,
}

/// GitHub's error body, with the part that says why a file is not given.
#[derive(Deserialize)]
struct WireTooLarge {
    message: String,
    #[serde(default)]
    errors: Vec<WireCode>,
}

#[derive(Deserialize)]
struct WireCode {
    code: Option<String>,
}

impl Failing<'_> {
    /// No answer, or none that is whole.
    pub(super) fn unanswered(&self, error: &OutboundError) -> ReadError {
        let found = Box::new(self.named().no_answer(error));
        match error {
            OutboundError::HeadersTooLarge { .. } | OutboundError::BodyTooLarge { .. } => ReadError::Garbled(found),
            OutboundError::Address(_)
            | OutboundError::Request(_)
            | OutboundError::Unreachable(_)
            | OutboundError::Timeout
            | OutboundError::Cut(_) => ReadError::Down(found),
        }
    }

    /// An answer that is not what GitHub's documentation promises. `reason` is a clause.
    pub(super) fn garbled(&self, reason: &str) -> ReadError {
        ReadError::Garbled(Box::new(self.named().garbled(reason)))
    }

    /// An answer that is no success.
    pub(super) fn refused(&self, answer: &Answer) -> ReadError {
        let (status, now) = (answer.status, self.at.now);
        if status == 408 {
            return self.unanswered(&OutboundError::Timeout);
        }
        if status >= 500 {
            let wait = headers::retry_after(&answer.headers, now);
            let retry_at = wait.and_then(|wait| now.checked_add(wait).ok());
            return ReadError::Down(Box::new(self.named().failing(status, retry_at)));
        }
        if is_too_large(answer) {
            return ReadError::TooLarge { limit: LARGEST };
        }
        if let Some(limit) = GitHubDialect.limit(answer, now) {
            let primary = headers::budget_is_spent(&answer.headers);
            return self.limited(Some(limit.retry_at), primary, &limit.what);
        }
        if (300..400).contains(&status) {
            return self.garbled(&match answer.location().map(clean) {
                Some(target) => {
                    format!("it sends us to `{target}` (HTTP {status}), which is not where a repository would be")
                }
                None => format!("it sends us elsewhere (HTTP {status})"),
            });
        }
        let Some(said) = GitHubDialect.words(answer).map(|said| clean(&said)) else {
            return self.garbled(&format!("HTTP {status} without the words that GitHub gives a refusal"));
        };
        self.in_githubs_words(answer, &said)
    }

    /// A refusal in GitHub's own words.
    fn in_githubs_words(&self, answer: &Answer, said: &str) -> ReadError {
        let words = Words {
            at: self.at,
            sought: self.sought,
            said,
        };
        match (answer.status, read_refusal(answer)) {
            // `No commit found for the ref main`, `No commit found for SHA: main`: the repository is there
            (404 | 422, _) if said.contains("No commit found for") => match self.sought {
                Sought::Name(name) => ReadError::NoSuchName(Box::new(words.no_such_name(name))),
                Sought::Path(..) => ReadError::NotFound(Box::new(words.nothing_there())),
            },
            (404, Refusal::NotVisible { wanted }) => ReadError::NotFound(Box::new(match self.sought {
                Sought::Name(_) => words.explain(&Refusal::NotVisible { wanted }),
                Sought::Path(..) => words.nothing_there(),
            })),
            (401, Refusal::NotGitHub) => ReadError::Garbled(Box::new(words.not_github())),
            // a credential was sent, and something on the way took it
            (401, refusal @ Refusal::NoCredential) if self.at.credential.is_some() => {
                ReadError::Garbled(Box::new(words.explain(&refusal)))
            }
            (401, refusal) => ReadError::Unauthorized(Box::new(words.explain(&refusal))),
            (403, refusal @ Refusal::LockedOut) => {
                let found = words.explain(&refusal);
                ReadError::Limited {
                    until: limit_ends(found.retry_at, self.at.now),
                    object_only: false,
                    diagnosis: Box::new(found),
                }
            }
            // what single sign-on protects is at times hidden, not refused
            (403 | 404 | 451, refusal) => ReadError::Forbidden(Box::new(words.explain(&refusal))),
            (409, _) if said.contains("empty") => ReadError::Empty,
            // the repository is being made or moved
            (409, _) => ReadError::Down(Box::new(words.not_now())),
            (422, _) => match self.sought {
                Sought::Name(Some(name)) => ReadError::NoSuchName(Box::new(words.no_such_name(Some(name)))),
                Sought::Name(None) => self.garbled("it finds fault with a question that names nothing"),
                Sought::Path(..) => ReadError::NotFound(Box::new(words.nothing_there())),
            },
            (status, _) => self.garbled(&format!("HTTP {status} with the words \"{said}\"")),
        }
    }

    fn limited(&self, until: Option<Timestamp>, primary: bool, what: &str) -> ReadError {
        let until = limit_ends(until, self.at.now);
        ReadError::Limited {
            until,
            object_only: false,
            diagnosis: Box::new(self.limit_in_words(until, primary, what)),
        }
    }

    fn limit_in_words(&self, until: Timestamp, primary: bool, what: &str) -> Diagnosis {
        use jeton_domain::CredentialKind::GitHubInstallation;
        let what = match self.at.credential {
            None if primary => return self.anonymous_limit(until),
            Some(credential) if primary && credential.kind == GitHubInstallation => {
                "The hourly budget of the App's installation, which all of its tokens share, is used up."
            }
            _ => what,
        };
        self.named().limited(what, until)
    }

    fn anonymous_limit(&self, until: Timestamp) -> Diagnosis {
        Diagnosis {
            retry_at: Some(until),
            ..diagnosis(
                Code::ForgeRateLimited,
                format!(
                    "GitHub ({}) has given this machine's address all the requests of this hour that it gives without a token.",
                    self.at.forge.host()
                ),
                format!(
                    "Wait until {}, or add an account or a GitHub App: with a token there are thousands of requests an hour.",
                    seconds(until)
                ),
            )
        }
    }

    fn named(&self) -> Named<'_> {
        let forge = self.at.forge;
        Named {
            name: GitHubDialect.name(),
            host: forge.host(),
            status_page: forge.is_public().then(|| GitHubDialect.status_page()),
        }
    }
}

/// Whether a file is larger than what GitHub gives: it says 403, and so in its words.
fn is_too_large(answer: &Answer) -> bool {
    let said: Option<WireTooLarge> = serde_json::from_slice(&answer.body).ok();
    answer.status == 403
        && !answer.headers.contains_key(header::RETRY_AFTER)
        && said.is_some_and(|said| {
            said.errors
                .iter()
                .any(|error| error.code.as_deref() == Some("too_large"))
                || said.message.contains("is too large to fetch via the API")
        })
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
