use std::{sync::Arc, time::Duration};

use axum::response::{IntoResponse, Response};
use http::{
    HeaderValue, StatusCode,
    header::{ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_RANGE, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE},
};
use jeton_access::AccessError;
use jeton_accounts::AccountError;
use jeton_api::{Problem, TriedSource};
use jeton_broker::BrokerError;
use jeton_ci::{CiError, Tried};
use jeton_content::ContentError;
use jeton_domain::{Code, Coded};
use jeton_ledger::LedgerError;
use jiff::Timestamp;

use crate::{page::respond, python_json, request_id::RequestId, status};

/// When a failure will pass is seldom known; this many seconds are said then.
const DEFAULT_RETRY_AFTER: Duration = Duration::from_secs(5);

/// Why a request was not answered as asked. It travels inside an empty response, so that one place ([`Failure::write`])
/// puts it down, with the request's id, and logs it.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Arc<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    code: Code,
    status: StatusCode,
    detail: String,
    remedy: Option<String>,
    retry_after: Option<Duration>,
    url: Option<String>,
    forge_message: Option<String>,
    forge_request_id: Option<String>,
    /// What came of each App and account, where several were tried.
    tried: Vec<TriedSource>,
    challenge: Option<&'static str>,
    /// Whether the rest of the connection is of no use: an unread body lies on it.
    close: bool,
    compat: bool,
    /// The same for a person with a browser, as HTML.
    page: Option<String>,
    /// The chain of causes, for the log only.
    cause: Option<BrokerError>,
}

impl Failure {
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self(Arc::new(Parts {
            code,
            status: status::of(code),
            detail: detail.into(),
            remedy: None,
            retry_after: None,
            url: None,
            forge_message: None,
            forge_request_id: None,
            tried: Vec::new(),
            challenge: None,
            close: false,
            compat: false,
            page: None,
            cause: None,
        }))
    }

    /// A mistake in jeton. Nothing about it is told; the log has what there is.
    pub(crate) fn internal() -> Self {
        Self::new(Code::Internal, "something in jeton failed")
            .with_remedy("Ask again. If it goes on, the log has the cause under this request's id.")
    }

    #[must_use]
    pub(crate) fn with_remedy(self, remedy: impl Into<String>) -> Self {
        self.change(|parts| parts.remedy = Some(remedy.into()))
    }

    #[must_use]
    pub(crate) fn with_challenge(self, challenge: &'static str) -> Self {
        self.change(|parts| parts.challenge = Some(challenge))
    }

    #[must_use]
    pub(crate) fn closing(self) -> Self {
        self.change(|parts| parts.close = true)
    }

    /// The same failure with the status and the body that the compatible routes promise.
    #[must_use]
    pub(crate) fn for_compat(self) -> Self {
        self.change(|parts| {
            parts.status = status::compat(parts.code);
            parts.compat = true;
        })
    }

    /// The same failure as a problem: of the routes that keep the paths of today's clients, and not their errors.
    #[must_use]
    pub(crate) fn into_problem(self) -> Self {
        self.change(|parts| {
            parts.status = status::of(parts.code);
            parts.compat = false;
        })
    }

    /// Why content is not given, and when it is worth asking again.
    pub(crate) fn of_content(error: &ContentError, now: Timestamp) -> Self {
        match error {
            ContentError::Denied(error) => return Self::from(AccessError::clone(error)),
            ContentError::Broker(error) => return Self::from(BrokerError::clone(error)),
            ContentError::Account(error) => return Self::from(AccountError::clone(error)),
            ContentError::Internal(what) => {
                tracing::error!(what, "a mistake in the reading of content");
                return Self::internal();
            }
            _ => {}
        }
        let told = Self::new(error.code(), error.to_string());
        told.change(|parts| {
            parts.remedy = error.remedy();
            match error {
                ContentError::Share { retry_after, .. } => {
                    parts.retry_after = Duration::try_from(*retry_after).ok();
                }
                ContentError::Forge(diagnosis) => {
                    let until = diagnosis.retry_at.map(|at| at.duration_since(now));
                    parts.retry_after = until.and_then(|wait| Duration::try_from(wait).ok());
                    parts.url.clone_from(&diagnosis.url);
                }
                _ => {}
            }
        })
    }

    /// Why there is no token for a runner, or no secret was pushed, and when it is worth asking again.
    pub(crate) fn of_ci(error: &CiError, now: Timestamp) -> Self {
        match error {
            CiError::Access(error) => return Self::from(AccessError::clone(error)),
            CiError::Broker(error) => return Self::from(BrokerError::clone(error)),
            CiError::Account(error) => return Self::from(AccountError::clone(error)),
            CiError::Vault(error) => return Self::from(BrokerError::Vault(Arc::clone(error))),
            CiError::Seal(error) => return Self::from(BrokerError::Seal(error.clone())),
            CiError::Internal(what) => {
                tracing::error!(what, "a mistake in the work for CI");
                return Self::internal();
            }
            _ => {}
        }
        let tried = error.tried();
        // The last word against it: what came before was answered as it should be.
        let said = tried.first().and_then(|first| {
            let mut evidence = first.evidence.iter().rev();
            evidence.find(|one| one.said.is_some() && one.status.is_none_or(|status| status >= 400))
        });
        Self::new(error.code(), error.to_string()).change(|parts| {
            parts.remedy = error.remedy();
            parts.retry_after = error.retry_after(now);
            parts.url = error.url().map(str::to_owned);
            if let Some(said) = said {
                parts.forge_message.clone_from(&said.said);
                parts.forge_request_id.clone_from(&said.request_id);
            }
            if tried.len() > 1 {
                parts.tried = tried.iter().map(tried_source).collect();
            }
        })
    }

    /// The same failure for a person: as a page, with the status of pages.
    #[must_use]
    pub(crate) fn with_page(self, page: String) -> Self {
        self.change(|parts| {
            parts.status = respond::page_status(parts.code);
            parts.page = Some(page);
        })
    }

    /// Whether it is a page already.
    pub(crate) fn has_page(&self) -> bool {
        self.0.page.is_some()
    }

    fn change(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    pub(crate) fn code(&self) -> Code {
        self.0.code
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    pub(crate) fn remedy(&self) -> Option<&str> {
        self.0.remedy.as_deref()
    }

    /// When it is worth trying again, where that is known.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    /// Where it can be put right.
    pub(crate) fn url(&self) -> Option<&str> {
        self.0.url.as_deref()
    }

    /// What came of each App and account, where several were tried.
    pub(crate) fn tried(&self) -> &[TriedSource] {
        &self.0.tried
    }

    /// The forge's own words.
    pub(crate) fn forge_message(&self) -> Option<&str> {
        self.0.forge_message.as_deref()
    }

    /// What failed and why, cause by cause, for the log.
    pub(crate) fn chain(&self) -> String {
        let mut text = self.0.detail.clone();
        let mut next = self.0.cause.as_ref().map(|cause| cause as &dyn std::error::Error);
        while let Some(error) = next {
            let line = error.to_string();
            if !text.ends_with(&line) {
                text.push_str(": ");
                text.push_str(&line);
            }
            next = error.source();
        }
        jeton_domain::redact(&text).into_owned()
    }

    /// Writes it down, with the id of the request that it answers.
    pub(crate) fn write(&self, id: &RequestId) -> Response {
        let parts = &*self.0;
        let mut response = match &parts.page {
            Some(page) => respond::html(page.clone()),
            None if parts.compat => json("application/json", python_json::object(&[("error", &self.sentence())])),
            None => {
                // Text and numbers only: this cannot fail.
                let mut text = serde_json::to_string(&self.problem(id.as_str())).unwrap_or_default();
                text.push('\n');
                json("application/problem+json", text)
            }
        };
        *response.status_mut() = parts.status;
        let headers = response.headers_mut();
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.says_when() {
            let seconds = parts.retry_after.unwrap_or(DEFAULT_RETRY_AFTER);
            // Rounded up: a caller that comes a little early is refused again.
            let seconds = seconds.as_secs() + u64::from(seconds.subsec_nanos() > 0);
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
        }
        if let Some(challenge) = parts.challenge.filter(|_| parts.page.is_none()) {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if parts.close {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// 502, 503 and 504 pass by themselves and say when; a 500 may not, but today's clients of the compatible routes
    /// come back after any of them.
    fn says_when(&self) -> bool {
        match self.0.status.as_u16() {
            429 | 502..=504 => true,
            500.. => self.0.compat,
            _ => false,
        }
    }

    /// The problem in the answer to the request with this id.
    pub(crate) fn problem(&self, request_id: &str) -> Problem {
        let parts = &*self.0;
        Problem {
            kind: format!("/docs#error-{}", parts.code),
            title: parts.status.canonical_reason().unwrap_or("Error").to_owned(),
            status: parts.status.as_u16(),
            detail: parts.detail.clone(),
            code: parts.code.to_string(),
            remedy: parts.remedy.clone(),
            url: parts.url.clone(),
            request_id: request_id.to_owned(),
            forge_message: parts.forge_message.clone(),
            forge_request_id: parts.forge_request_id.clone(),
            tried: parts.tried.clone(),
        }
    }

    /// What failed, the forge's words and the remedy, in one line.
    fn sentence(&self) -> String {
        let parts = &*self.0;
        let mut text = parts.detail.clone();
        if let Some(said) = parts.forge_message.as_deref().filter(|said| !text.contains(*said)) {
            text.push_str(" (the forge said: ");
            text.push_str(said);
            text.push(')');
        }
        if let Some(remedy) = &parts.remedy {
            if !text.ends_with(['.', '!', '?']) {
                text.push('.');
            }
            text.push(' ');
            text.push_str(remedy);
        }
        text.replace(['\n', '\r'], " ")
    }
}

fn tried_source(tried: &Tried) -> TriedSource {
    TriedSource {
        source: tried.source.clone(),
        diagnosis: (&tried.diagnosis).into(),
        evidence: tried.evidence.iter().map(Into::into).collect(),
    }
}

fn json(media_type: &'static str, body: String) -> Response {
    ([(CONTENT_TYPE, media_type)], body).into_response()
}

impl From<BrokerError> for Failure {
    fn from(error: BrokerError) -> Self {
        let code = error.code();
        let told = if code == Code::Internal {
            Self::internal()
        } else {
            Self::new(code, error.to_string())
        };
        told.change(|parts| {
            if let Some(remedy) = error.remedy().filter(|_| code != Code::Internal) {
                parts.remedy = Some(remedy);
            }
            parts.retry_after = error.retry_after();
            parts.url = error.url().map(str::to_owned);
            if let Some(said) = error.said() {
                parts.forge_message.clone_from(&said.message);
                parts.forge_request_id.clone_from(&said.request_id);
            }
            parts.cause = Some(error);
        })
    }
}

impl From<AccessError> for Failure {
    fn from(error: AccessError) -> Self {
        BrokerError::Access(error).into()
    }
}

impl From<AccountError> for Failure {
    fn from(error: AccountError) -> Self {
        BrokerError::from(error).into()
    }
}

impl From<LedgerError> for Failure {
    fn from(error: LedgerError) -> Self {
        AccessError::Ledger(error).into()
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The answer to a method that a route does not have; the router adds `Allow`.
pub(crate) fn method_not_allowed() -> Failure {
    Failure::new(Code::MethodNotAllowed, "this route has no such method")
        .with_remedy("`Allow` names those that it has.")
}

/// The headers that a written failure keeps of the response it travelled in.
pub(crate) const KEPT_HEADERS: [http::HeaderName; 2] = [ALLOW, CONTENT_RANGE];

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use axum::body::to_bytes;
    use http::HeaderMap;
    use jeton_domain::{Code, Entropy};

    use super::Failure;
    use crate::{request_id::RequestIds, status};

    #[derive(Debug)]
    struct Zeros;
    impl Entropy for Zeros {
        fn fill(&self, buffer: &mut [u8]) {
            buffer.fill(0);
        }
    }

    async fn written(failure: Failure) -> (u16, HeaderMap, String) {
        let response = failure.write(&RequestIds::new(&Zeros).next());
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, 1 << 20).await.unwrap();
        (
            parts.status.as_u16(),
            parts.headers,
            String::from_utf8(body.to_vec()).unwrap(),
        )
    }

    #[tokio::test]
    async fn every_code_becomes_a_whole_problem() {
        for code in Code::ALL {
            let (status, headers, body) = written(Failure::new(*code, "it failed").with_remedy("Mend it.")).await;
            let body: serde_json::Value = serde_json::from_str(&body).unwrap();
            assert_eq!(status, status::of(*code).as_u16());
            assert_eq!(body["status"], status);
            assert_eq!(body["code"], code.as_str());
            assert_eq!(body["type"], format!("/docs#error-{code}"));
            assert_eq!(body["detail"], "it failed");
            assert_eq!(body["remedy"], "Mend it.");
            assert_eq!(body["request_id"], "0000000000000000");
            assert_eq!(headers["content-type"], "application/problem+json");
            assert_eq!(
                headers.contains_key("retry-after"),
                matches!(status, 429 | 502..=504),
                "{code}"
            );
        }
    }

    #[tokio::test]
    async fn the_compatible_body_is_one_line_of_pythons_json() {
        let failure = Failure::new(Code::VaultFull, "the disk is full").with_remedy("Make\nroom.");
        let (status, headers, body) = written(failure.for_compat()).await;
        assert_eq!(status, 503);
        assert_eq!(headers["retry-after"], "5");
        assert_eq!(headers["content-type"], "application/json");
        assert_eq!(body, "{\"error\": \"the disk is full. Make room.\"}\n");
    }

    #[tokio::test]
    async fn a_caller_is_told_to_wait_whole_seconds() {
        let failure = Failure::new(Code::ForgeRateLimited, "limited");
        let soon = failure
            .clone()
            .change(|parts| parts.retry_after = Some(Duration::from_millis(1)));
        let later = failure.change(|parts| parts.retry_after = Some(Duration::from_millis(60_001)));
        assert_eq!(written(soon).await.1["retry-after"], "1");
        assert_eq!(written(later).await.1["retry-after"], "61");
    }

    #[tokio::test]
    async fn a_mistake_of_ours_tells_nothing() {
        let failure = Failure::from(jeton_broker::BrokerError::Internal("planted detail"));
        assert!(failure.chain().contains("planted detail"));
        let (status, _, body) = written(failure).await;
        assert_eq!(status, 500);
        assert!(!body.contains("planted"), "{body}");
    }
}
