//! Findings that say nothing about the token: the forge could not be asked, or gave no clear word. No module turns one of these into
//! a verdict.

use jeton_domain::{Code, Coded as _, Diagnosis};
use jeton_outbound::{AddressError, OutboundError};
use jiff::Timestamp;

/// Appended to each of them, because people read "failed" as "the token is bad".
const NO_VERDICT: &str = "This says nothing about the token, which is taken to be as it was.";

/// A finding without page or time; set those with `Diagnosis { url, ..diagnosis(…) }`.
pub(crate) fn diagnosis(code: Code, cause: impl Into<String>, remedy: impl Into<String>) -> Diagnosis {
    Diagnosis {
        code,
        cause: cause.into(),
        remedy: remedy.into(),
        url: None,
        retry_at: None,
    }
}

/// A forge as people know it: its kind's name and its host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named<'a> {
    /// `GitHub`.
    pub(crate) name: &'static str,
    /// `github.com`, or `ghe.example.com:8443`.
    pub(crate) host: &'a str,
    /// The page that tells of the public forge's troubles; `None` for somebody's own server.
    pub(crate) status_page: Option<&'static str>,
}

impl Named<'_> {
    fn wait(&self) -> String {
        match self.status_page {
            Some(page) => format!(
                "Try again later; {page} tells whether {} itself has trouble. {NO_VERDICT}",
                self.name
            ),
            None => format!("Try again later, or ask whoever runs {}. {NO_VERDICT}", self.host),
        }
    }

    /// No answer at all, or none that is whole.
    pub(crate) fn no_answer(&self, error: &OutboundError) -> Diagnosis {
        let (name, host) = (self.name, self.host);
        match error {
            OutboundError::Address(refused) => address(refused),
            OutboundError::Request(reason) => diagnosis(
                Code::Internal,
                format!("The request to {name} ({host}) could not be made: {reason}."),
                format!("Report this as a mistake in jeton. {NO_VERDICT}"),
            ),
            OutboundError::Unreachable(reason) => diagnosis(
                Code::ForgeUnavailable,
                format!("{name} ({host}) cannot be reached: {reason}."),
                format!(
                    "Check that the forge's address is right, and that the machine that runs jeton reaches it: its name \
                     resolves there, a firewall lets it through, and its certificate is trusted. {NO_VERDICT}"
                ),
            ),
            OutboundError::Timeout => diagnosis(
                Code::ForgeTimeout,
                format!("{name} ({host}) did not answer in time."),
                self.wait(),
            ),
            OutboundError::Cut(reason) => diagnosis(
                Code::ForgeUnavailable,
                format!("The connection to {name} ({host}) was cut before the answer was whole: {reason}."),
                self.wait(),
            ),
            OutboundError::HeadersTooLarge { .. } | OutboundError::BodyTooLarge { .. } => {
                self.garbled(&error.to_string())
            }
        }
    }

    /// A failure of the forge's own (5xx), or of a proxy before it.
    pub(crate) fn failing(&self, status: u16, retry_at: Option<Timestamp>) -> Diagnosis {
        Diagnosis {
            retry_at,
            ..diagnosis(
                Code::ForgeUnavailable,
                format!(
                    "{} ({}) has a failure of its own (HTTP {status}).",
                    self.name, self.host
                ),
                self.wait(),
            )
        }
    }

    /// The forge limits us. `what` names the limit in a sentence of its own.
    pub(crate) fn limited(&self, what: &str, retry_at: Timestamp) -> Diagnosis {
        Diagnosis {
            retry_at: Some(retry_at),
            ..diagnosis(
                Code::ForgeRateLimited,
                format!(
                    "{} ({}) limits requests until {}. {what}",
                    self.name,
                    self.host,
                    seconds(retry_at)
                ),
                format!(
                    "Wait until {}; jeton asks again by itself. If it happens often, let fewer programs ask \
                     as the same user. {NO_VERDICT}",
                    seconds(retry_at)
                ),
            )
        }
    }

    /// An answer that is not what the forge's documentation promises.
    pub(crate) fn garbled(&self, reason: &str) -> Diagnosis {
        diagnosis(
            Code::ForgeGarbled,
            format!(
                "The answer from {} is not what {} promises: {reason}.",
                self.host, self.name
            ),
            format!(
                "Check that the forge's address is the one that you see in the browser, and that no proxy or sign-in page \
                 answers in its place. {NO_VERDICT}"
            ),
        )
    }
}

/// The address may not be called.
pub(crate) fn address(refused: &AddressError) -> Diagnosis {
    diagnosis(
        Code::ForgeAddress,
        format!("{refused}."),
        format!("{} {NO_VERDICT}", refused.remedy().unwrap_or_default()),
    )
}

/// A time as people read it in a sentence, to the second.
pub(crate) fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
