//! One question to GitHub about a repository, and its answer.

use http::{HeaderMap, HeaderValue, Method, header};
use jeton_domain::{Code, ForgeKind, Quota, RepoPath};
use jeton_outbound::{Answer, ByteStream, Opening, Outbound, Request, bearer};
use serde::Deserialize;
use url::Url;

use super::{failure::Failing, tail::Tail};
use crate::{
    content::{Place, ReadError, Told, again},
    diagnose::diagnosis,
    github::account::quota,
    http_client::github_headers,
};

/// The largest JSON that is read: a directory's 1,000 entries in `contents`, a page of 100 commits with long messages.
const MAX_JSON: usize = 16 << 20;

/// What is asked.
#[derive(Debug)]
pub(super) struct Ask<'a> {
    tail: Tail,
    accept: HeaderValue,
    known: Option<&'a str>,
    max_bytes: usize,
    patience: Option<std::time::Duration>,
}

impl<'a> Ask<'a> {
    pub(super) fn new(tail: Tail) -> Self {
        Self {
            tail,
            accept: HeaderValue::from_static("application/vnd.github+json"),
            known: None,
            max_bytes: MAX_JSON,
            patience: None,
        }
    }

    /// In another form than plain JSON.
    #[must_use]
    pub(super) fn accept(mut self, media_type: &'static str) -> Self {
        self.accept = HeaderValue::from_static(media_type);
        self
    }

    /// Only if it is no longer what had this `ETag`.
    #[must_use]
    pub(super) fn unless(mut self, known: Option<&'a str>) -> Self {
        self.known = known;
        self
    }

    /// With room and time for a large answer.
    #[must_use]
    pub(super) fn large(mut self, bytes: usize, patience: std::time::Duration) -> Self {
        self.max_bytes = bytes;
        self.patience = Some(patience);
        self
    }
}

/// A file on its way.
pub(super) struct Coming {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) length: Option<u64>,
    pub(super) bytes: ByteStream,
}

/// Asks in one place, and keeps what the last answer said of the limit.
pub(super) struct Asking<'a> {
    outbound: &'a Outbound,
    pub(super) at: &'a Place<'a>,
    quota: Option<Quota>,
}

impl<'a> Asking<'a> {
    pub(super) fn new(outbound: &'a Outbound, at: &'a Place<'a>) -> Self {
        Self {
            outbound,
            at,
            quota: None,
        }
    }

    pub(super) fn told<T>(self, answer: Result<T, ReadError>) -> Told<T> {
        Told {
            answer,
            quota: self.quota,
        }
    }

    /// Gets a whole answer: a success, or 304 if the question was conditional.
    pub(super) async fn get(&mut self, ask: &Ask<'_>, failing: &Failing<'_>) -> Result<Answer, ReadError> {
        let url = ask.tail.url(self.at).map_err(|error| failing.unanswered(&error))?;
        let answer = self.send(&url, ask, failing).await?;
        if let Some(moved) = self.moved(&url, &answer, failing).await {
            return Err(moved);
        }
        if answer.is_success() || (answer.status == 304 && ask.known.is_some()) {
            Ok(answer)
        } else {
            Err(failing.refused(&answer))
        }
    }

    /// Begins to get a file, likewise.
    pub(super) async fn open(&mut self, ask: &Ask<'_>, failing: &Failing<'_>) -> Result<Coming, ReadError> {
        let url = ask.tail.url(self.at).map_err(|error| failing.unanswered(&error))?;
        let opening = self.begin(&url, ask, failing).await?;
        if let Opening::Refused(answer) = &opening
            && let Some(moved) = self.moved(&url, answer, failing).await
        {
            return Err(moved);
        }
        match opening {
            Opening::Streaming {
                status,
                headers,
                length,
                bytes,
            } => Ok(Coming {
                status,
                headers,
                length,
                bytes,
            }),
            Opening::Refused(answer) => Err(failing.refused(&answer)),
        }
    }

    /// Whether GitHub sends us to where a renamed or given-away repository is now. Nobody goes there: who may read what is called
    /// otherwise is a question of its own. Its new name is asked for, as far as this credential may know it.
    async fn moved(&mut self, url: &Url, answer: &Answer, failing: &Failing<'_>) -> Option<ReadError> {
        let target = target(self.at, url, answer)?;
        let rest = target.as_str().strip_prefix(self.at.forge.api_url())?;
        let mut parts = rest.trim_start_matches('/').split(['/', '?']);
        let number = parts
            .nth(1)
            .filter(|part| part.bytes().all(|byte| byte.is_ascii_digit()))?;
        let place = Url::parse(&format!("{}/repositories/{number}", self.at.forge.api_url())).ok()?;
        let ask = Ask::new(Tail::new(""));
        let to = match self.send(&place, &ask, failing).await {
            Ok(answer) if answer.is_success() => parse::<Renamed>(&answer).ok(),
            Ok(_) | Err(_) => None,
        };
        let to = to.and_then(|found| RepoPath::parse(ForgeKind::GitHub, &found.full_name).ok());
        Some(ReadError::Moved {
            to: to.map(|to| to.to_string()),
        })
    }

    async fn send(&mut self, url: &Url, ask: &Ask<'_>, failing: &Failing<'_>) -> Result<Answer, ReadError> {
        let answer = again::send(self.outbound, self.request(url, ask)?).await;
        let answer = answer.map_err(|error| failing.unanswered(&error))?;
        self.saw(answer.status, &answer.headers);
        Ok(answer)
    }

    async fn begin(&mut self, url: &Url, ask: &Ask<'_>, failing: &Failing<'_>) -> Result<Opening, ReadError> {
        let opening = again::open(self.outbound, self.request(url, ask)?).await;
        let opening = opening.map_err(|error| failing.unanswered(&error))?;
        match &opening {
            Opening::Streaming { status, headers, .. } => self.saw(*status, headers),
            Opening::Refused(answer) => self.saw(answer.status, &answer.headers),
        }
        Ok(opening)
    }

    /// Asks for JSON and reads it.
    pub(super) async fn json<T>(
        &mut self,
        ask: &Ask<'_>,
        failing: &Failing<'_>,
        read: impl FnOnce(&Answer) -> Result<T, Unreadable>,
    ) -> Result<T, ReadError> {
        let answer = self.get(ask, failing).await?;
        read(&answer).map_err(|Unreadable(reason)| failing.garbled(&reason))
    }

    fn saw(&mut self, status: u16, headers: &HeaderMap) {
        self.quota = quota(headers).or(self.quota);
        tracing::debug!(
            forge.host = self.at.forge.host(),
            http.status = status,
            forge.request_id = crate::headers::request_id(headers),
            "forge answered"
        );
    }

    fn request(&self, url: &Url, ask: &Ask<'_>) -> Result<Request, ReadError> {
        let mut headers = github_headers();
        headers.insert(header::ACCEPT, ask.accept.clone());
        if let Some(credential) = self.at.credential {
            if credential.forge != *self.at.forge {
                return Err(ReadError::Forbidden(Box::new(diagnosis(
                    Code::Internal,
                    format!(
                        "The token is for {}, and {} was to be asked; it was not sent.",
                        credential.forge, self.at.forge
                    ),
                    "Report this as a mistake in jeton.",
                ))));
            }
            let value = bearer(&credential.token).map_err(|_| {
                ReadError::Unauthorized(Box::new(diagnosis(
                    Code::CredentialDamaged,
                    "The token has characters that no HTTP header can carry, so it cannot be whole.",
                    "Copy the token again from the page where it was made, without anything around it.",
                )))
            })?;
            headers.insert(header::AUTHORIZATION, value);
        }
        // a tag that no header can carry was not given out by GitHub: then the whole answer comes
        if let Some(known) = ask.known.and_then(|known| HeaderValue::from_str(known).ok()) {
            headers.insert(header::IF_NONE_MATCH, known);
        }
        let request = Request::new(Method::GET, url.clone())
            .headers(headers)
            .max_body_bytes(ask.max_bytes);
        Ok(match ask.patience {
            Some(patience) => request.timeout(patience),
            None => request,
        })
    }
}

/// Where a renamed repository is now: GitHub sends us from `repos/…` to `repositories/{id}/…` of the same API. To any other place,
/// such as a page for signing in, nobody goes with a token.
fn target(at: &Place<'_>, from: &Url, answer: &Answer) -> Option<Url> {
    if !matches!(answer.status, 301 | 302 | 307 | 308) {
        return None;
    }
    let mut target = from.join(answer.location()?).ok()?;
    let api = at.forge.api_url();
    let is_repository = ["/repositories/", "/repos/"].iter().any(|route| {
        target
            .as_str()
            .strip_prefix(api)
            .is_some_and(|rest| rest.starts_with(route))
    });
    if target.query().is_none() {
        target.set_query(from.query());
    }
    (is_repository && target != *from).then_some(target)
}

/// What is wanted of a repository that has moved.
#[derive(Deserialize)]
struct Renamed {
    full_name: String,
}

/// Why an answer means nothing; a clause for people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable(pub(super) String);

/// Reads JSON. The words of the parser may quote the body, so they are not passed on.
pub(super) fn parse<'de, T: Deserialize<'de>>(answer: &'de Answer) -> Result<T, Unreadable> {
    serde_json::from_slice(&answer.body).map_err(|error| {
        Unreadable(if answer.body.is_empty() {
            "the body is empty".to_owned()
        } else {
            format!(
                "the body is not the JSON that was promised ({:?} error in line {})",
                error.classify(),
                error.line()
            )
        })
    })
}

/// What to ask with next time.
pub(super) fn etag(answer: &Answer) -> Option<String> {
    let tag = answer.header(header::ETAG.as_str())?;
    let plain = (1..=200).contains(&tag.len()) && tag.bytes().all(|b| b.is_ascii_graphic());
    plain.then(|| tag.to_owned())
}

#[cfg(test)]
#[path = "asking_tests.rs"]
mod tests;
