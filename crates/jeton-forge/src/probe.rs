//! How every module here looks at a token.
//!
//! A module makes a [`Probes`] with its [`Dialect`] and the headers that carry the credential, asks with [`Probes::get`] (or, for
//! the one call that changes something, [`Probes::post`]), and reads successes with [`Probes::parse`]. Each call writes one
//! [`Evidence`]. What comes back is one of two things:
//!
//! - `Ok(Answer)`: a success, or a refusal (4xx) **in the forge's own words** ([`Dialect::words`] is `Some`). Only on these may a
//!   module found a verdict.
//! - `Err(Trouble)`: everything that says nothing about the token: no answer, a cut one, 5xx, a rate limit in whatever status
//!   ([`Dialect::limit`]), a redirect, a refusal that is not in the forge's own shape (a proxy's page). It carries the finished
//!   [`Diagnosis`]; a module adds it to its report ([`add`]) and says [`Validity::Unknown`], unless an earlier answer gave the
//!   verdict. [`Trouble::nothing_happened`] tells a rotation whether the forge may have acted.
//!
//! After a limit or a time-out, further questions are answered with the same trouble and not sent.
//!
//! [`blank_report`] is the report to start from; [`finish`] puts the evidence in and computes when to ask again.

use http::{HeaderMap, Method};
use jeton_domain::{CheckReport, Code, CredentialKind, Diagnosis, Evidence, ForgeEndpoint, TokenEnd, Validity};
use jeton_outbound::{Answer, Outbound, OutboundError, Request};
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use url::Url;

use crate::{clean::clean, diagnose::Named, headers};

/// What differs between the forges in how answers are read.
pub(crate) trait Dialect: Sync {
    /// `GitHub`.
    fn name(&self) -> &'static str;

    /// The page that tells of the public forge's troubles.
    fn status_page(&self) -> &'static str;

    /// The header with the forge's id of the request.
    fn request_id_header(&self) -> &'static str;

    /// The forge's own words in a refusal; `None` when the body is not in the forge's own shape.
    fn words(&self, answer: &Answer) -> Option<String>;

    /// Whether an answer, whatever its status, is a limit on requests. Not for 5xx, which are never asked about.
    fn limit(&self, answer: &Answer, now: Timestamp) -> Option<Limit>;
}

/// The body of a request. It may hold a secret, so it has no `Debug`.
pub(crate) struct Body {
    content_type: &'static str,
    bytes: Vec<u8>,
}

impl Body {
    /// As JSON.
    pub(crate) fn json(value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let bytes = serde_json::to_vec(value)?;
        Ok(Self {
            content_type: "application/json",
            bytes,
        })
    }

    /// As a form.
    pub(crate) fn form(pairs: &[(&str, &str)]) -> Self {
        let mut form = url::form_urlencoded::Serializer::new(String::new());
        Self {
            content_type: "application/x-www-form-urlencoded",
            bytes: form.extend_pairs(pairs).finish().into_bytes(),
        }
    }
}

/// A limit on requests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Limit {
    /// When to ask again.
    pub(crate) retry_at: Timestamp,
    /// Which limit it is, as a sentence.
    pub(crate) what: String,
}

/// Nothing that a verdict could rest on.
#[derive(Debug, Clone)]
pub(crate) struct Trouble {
    /// What is wrong, finished.
    pub(crate) diagnosis: Diagnosis,
    /// The status of the answer, where there was one: 301 may mean that a repository has moved.
    pub(crate) status: Option<u16>,
    /// Whether the forge has certainly done nothing: it was not reached, or it limits us.
    pub(crate) nothing_happened: bool,
}

/// A row of questions to one forge with one credential, and what came of them.
pub(crate) struct Probes<'a> {
    outbound: &'a Outbound,
    dialect: &'a dyn Dialect,
    forge: &'a ForgeEndpoint,
    headers: HeaderMap,
    now: Timestamp,
    evidence: Vec<Evidence>,
    /// Why there is no point in asking on.
    stopped: Option<Trouble>,
}

impl<'a> Probes<'a> {
    /// `headers` go with every request: the credential (from [`jeton_outbound::bearer`] and its kin), `Accept` and such.
    pub(crate) fn new(
        outbound: &'a Outbound,
        dialect: &'a dyn Dialect,
        forge: &'a ForgeEndpoint,
        headers: HeaderMap,
        now: Timestamp,
    ) -> Self {
        Self {
            outbound,
            dialect,
            forge,
            headers,
            now,
            evidence: Vec::new(),
            stopped: None,
        }
    }

    /// Asks for what lies at this path below the API's URL; each segment is percent-encoded, slashes in it too.
    pub(crate) async fn get(&mut self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Trouble> {
        self.ask(Method::GET, path, query, None).await
    }

    /// Makes a call that changes something, without a body. It is sent once.
    pub(crate) async fn post(&mut self, path: &[&str], query: &[(&str, &str)]) -> Result<Answer, Trouble> {
        self.ask(Method::POST, path, query, None).await
    }

    /// Makes a call that may change something, with a body. It is sent once.
    pub(crate) async fn send(
        &mut self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Body>,
    ) -> Result<Answer, Trouble> {
        self.ask(method, path, query, body).await
    }

    /// After a limit, and when the forge is out of reach, further questions are not sent: they would make the limit worse, or
    /// take a whole time-out each.
    async fn ask(
        &mut self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Body>,
    ) -> Result<Answer, Trouble> {
        if let Some(trouble) = &self.stopped {
            return Err(trouble.clone());
        }
        let outcome = self.ask_now(method, path, query, body).await;
        if let Err(trouble) = &outcome
            && (trouble.nothing_happened || trouble.diagnosis.code == Code::ForgeTimeout)
        {
            self.stopped = Some(trouble.clone());
        }
        outcome
    }

    async fn ask_now(
        &mut self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<Body>,
    ) -> Result<Answer, Trouble> {
        let probe = format!("{method} /{}", path.join("/"));
        self.evidence.push(Evidence {
            probe: clean(&probe),
            status: None,
            said: None,
            request_id: None,
            at: self.now,
        });
        let outcome = match url(self.forge.api_url(), path, query) {
            Ok(url) => {
                let mut request = Request::new(method, url).headers(self.headers.clone());
                if let Some(Body { content_type, bytes }) = body {
                    request = request.body(content_type, bytes);
                }
                self.outbound.send(request).await
            }
            Err(reason) => Err(OutboundError::Request(reason)),
        };
        match outcome {
            Ok(answer) => self.judge(answer),
            Err(error) => {
                self.note(&error.to_string());
                Err(Trouble {
                    diagnosis: self.named().no_answer(&error),
                    status: None,
                    nothing_happened: !error.was_sent(),
                })
            }
        }
    }

    /// Tells answers on which a verdict may rest from others.
    fn judge(&mut self, answer: Answer) -> Result<Answer, Trouble> {
        let status = answer.status;
        let words = self.dialect.words(&answer);
        let request_id = answer.header(self.dialect.request_id_header()).map(clean);
        tracing::debug!(
            forge.host = self.forge.host(),
            http.status = status,
            forge.request_id = request_id,
            "forge answered"
        );
        if let Some(last) = self.evidence.last_mut() {
            last.status = Some(status);
            last.request_id = request_id.filter(|id| !id.is_empty());
            last.said = if answer.is_success() {
                None
            } else {
                words.as_deref().map(clean)
            };
        }
        let trouble = |diagnosis, nothing_happened| Trouble {
            diagnosis,
            status: Some(status),
            nothing_happened,
        };
        if status >= 500 {
            let wait = headers::retry_after(&answer.headers, self.now);
            let retry_at = wait.and_then(|wait| self.now.checked_add(wait).ok());
            return Err(trouble(self.named().failing(status, retry_at), false));
        }
        if let Some(limit) = self.dialect.limit(&answer, self.now) {
            return Err(trouble(self.named().limited(&limit.what, limit.retry_at), true));
        }
        let odd = match status {
            200..=299 => return Ok(answer),
            300..=399 => match answer.location().map(clean) {
                Some(target) => {
                    format!("it sends us to `{target}` (HTTP {status}), and redirects are not followed with a token")
                }
                None => format!("it sends us elsewhere (HTTP {status})"),
            },
            408 => return Err(trouble(self.named().no_answer(&OutboundError::Timeout), false)),
            400..=499 if words.is_some() => return Ok(answer),
            _ => format!(
                "HTTP {status} without the words that {} gives a refusal",
                self.dialect.name()
            ),
        };
        Err(trouble(self.named().garbled(&odd), false))
    }

    /// Reads a success. Nonsense in it is no word of the forge's.
    pub(crate) fn parse<T: DeserializeOwned>(&mut self, answer: &Answer) -> Result<T, Trouble> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            // serde's own words may quote the body, which may hold a token
            let reason = if answer.body.is_empty() {
                "the body is empty".to_owned()
            } else {
                let line = error.line();
                format!(
                    "the body is not the JSON that was promised ({:?} error in line {line})",
                    error.classify()
                )
            };
            self.note(&reason);
            Trouble {
                diagnosis: self.named().garbled(&reason),
                status: Some(answer.status),
                nothing_happened: false,
            }
        })
    }

    /// Adds a remark to the evidence of the last call.
    pub(crate) fn note(&mut self, remark: &str) {
        if let Some(last) = self.evidence.last_mut() {
            last.said = Some(match last.said.take() {
                Some(said) => format!("{said}; {}", clean(remark)),
                None => clean(remark),
            });
        }
    }

    /// The forge as people know it.
    pub(crate) fn named(&self) -> Named<'a> {
        Named {
            name: self.dialect.name(),
            host: self.forge.host(),
            status_page: self.forge.is_public().then(|| self.dialect.status_page()),
        }
    }

    /// What was asked and said.
    pub(crate) fn into_evidence(self) -> Vec<Evidence> {
        self.evidence
    }
}

/// A report that knows nothing yet.
pub(crate) fn blank_report(kind: CredentialKind, now: Timestamp) -> CheckReport {
    CheckReport {
        validity: Validity::Unknown,
        kind,
        identity: None,
        scopes: None,
        end: TokenEnd::Unknown,
        reach: Vec::new(),
        reaches_more: false,
        purposes: Vec::new(),
        diagnoses: Vec::new(),
        evidence: Vec::new(),
        quota: None,
        retry_at: None,
        checked_at: now,
    }
}

/// Adds a finding, once: the same refusal often meets several probes.
pub(crate) fn add(report: &mut CheckReport, diagnosis: Diagnosis) {
    let known = |old: &Diagnosis| old.code == diagnosis.code && old.cause == diagnosis.cause;
    if !report.diagnoses.iter().any(known) {
        report.diagnoses.push(diagnosis);
    }
}

/// How far down the list a finding stands: first why the token cannot work at all, then what it lacks or is kept from, last what
/// went wrong with a question. People read the first.
fn rank(code: Code) -> u8 {
    match code {
        Code::CredentialSso
        | Code::CredentialIp
        | Code::CredentialClassicForbidden
        | Code::CredentialNotApproved
        | Code::CredentialLifetime
        | Code::CredentialLocked
        | Code::CredentialNotVisible
        | Code::CredentialScope
        | Code::CredentialRole
        | Code::ForgeForbidden => 1,
        Code::ForgeRateLimited
        | Code::ForgeUnavailable
        | Code::ForgeTimeout
        | Code::ForgeGarbled
        | Code::ForgeAddress
        | Code::Internal => 2,
        _ => 0,
    }
}

/// Puts the gravest finding first, the evidence in, and when the forge may be asked again: when the last of its limits ends.
pub(crate) fn finish(mut report: CheckReport, probes: Probes<'_>) -> CheckReport {
    report.diagnoses.sort_by_key(|found| rank(found.code));
    report.retry_at = report.diagnoses.iter().filter_map(|found| found.retry_at).max();
    report.evidence = probes.into_evidence();
    report
}

/// The API's URL with these segments, each percent-encoded, and this query.
fn url(api_url: &str, path: &[&str], query: &[(&str, &str)]) -> Result<Url, String> {
    // the URL type would drop dots, and the call would go to another route
    if let Some(bad) = path.iter().find(|segment| matches!(**segment, "." | "..")) {
        return Err(format!("`{bad}` cannot be a part of a path"));
    }
    let mut url = Url::parse(api_url).map_err(|_| "the API URL does not parse".to_owned())?;
    url.path_segments_mut()
        .map_err(|()| "the API URL has no path".to_owned())?
        .pop_if_empty()
        .extend(path);
    if !query.is_empty() {
        url.query_pairs_mut().extend_pairs(query);
    }
    Ok(url)
}

#[cfg(test)]
#[path = "probe_tests.rs"]
mod tests;
