//! How content is asked for on a forge that has a [`Dialect`]: one request, and which kind of answer came. GitLab and Bitbucket share it.

mod text;
mod words;

pub(crate) use text::{LONGEST_LINK, decode, encode, encode_path, may_be_link, zoned};
pub(crate) use words::{bad_page, no_name, no_path, not_public, not_to_strangers};

use http::{HeaderMap, Method, header};
use jeton_domain::Quota;
use jeton_outbound::{Answer, Opening, Outbound, OutboundError, Request};
use serde::Deserialize;
use url::Url;

use crate::{
    clean::clean,
    content::{BlobStream, Place, ReadError, Told, again, limit_ends},
    diagnose::Named,
    headers,
    probe::Dialect,
};

/// What came back, of what is no failure yet.
#[derive(Debug)]
pub(crate) enum Reply {
    /// A success.
    Here(Answer),
    /// 304: what is known already still holds.
    Unchanged,
    /// A redirect, which is not followed: the credential would go with it.
    Elsewhere(Answer),
    /// 404 in the forge's own words, which may tell what is absent.
    Absent(String),
}

/// A body on its way, or why there is none.
#[derive(Debug)]
pub(crate) enum Stream {
    /// It comes.
    Coming {
        /// What was said of it before.
        headers: HeaderMap,
        /// The bytes.
        stream: BlobStream,
    },
    /// It does not.
    Not(Reply),
}

/// What differs between the forges.
#[derive(Clone, Copy)]
pub(crate) struct Manner {
    /// How it speaks of limits and refusals.
    pub(crate) dialect: &'static dyn Dialect,
    /// What it says of the credential's limit.
    pub(crate) quota: fn(&HeaderMap) -> Option<Quota>,
    /// What a refusal means that is in its own words and no 404.
    pub(crate) refused: fn(&Answer, &Place<'_>) -> ReadError,
}

/// Questions about one repository.
pub(crate) struct Call<'a> {
    outbound: &'a Outbound,
    pub(crate) at: &'a Place<'a>,
    manner: Manner,
    /// The repository's URL in the API.
    base: String,
    /// With the credential; or why it cannot be sent.
    headers: Result<HeaderMap, ReadError>,
    quota: Option<Quota>,
}

impl<'a> Call<'a> {
    /// `path` is the repository's, below the API's URL, encoded.
    pub(crate) fn new(
        outbound: &'a Outbound,
        at: &'a Place<'a>,
        manner: Manner,
        path: &str,
        headers: Result<HeaderMap, ReadError>,
    ) -> Self {
        Self {
            outbound,
            at,
            manner,
            base: format!("{}/{path}", at.forge.api_url()),
            headers,
            quota: None,
        }
    }

    /// The answer with what was said of the limit on the way.
    pub(crate) fn told<T>(self, answer: Result<T, ReadError>) -> Told<T> {
        Told {
            answer,
            quota: self.quota,
        }
    }

    /// The URL of something below the repository; `path` is encoded already, and empty for the repository itself.
    pub(crate) fn url(&self, path: &str, query: &[(&str, &str)]) -> Result<Url, ReadError> {
        let slash = if path.is_empty() { "" } else { "/" };
        let url = Url::parse(&format!("{}{slash}{path}", self.base));
        let mut url = url.map_err(|_| self.failed(&OutboundError::Request("the URL does not parse".to_owned())))?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Ok(url)
    }

    /// A request with the credential.
    pub(crate) fn request(&self, method: Method, url: Url) -> Result<Request, ReadError> {
        Ok(Request::new(method, url).headers(self.headers.clone()?))
    }

    /// Asks for something below the repository.
    pub(crate) async fn get(&mut self, path: &str, query: &[(&str, &str)]) -> Result<Reply, ReadError> {
        let request = self.request(Method::GET, self.url(path, query)?)?;
        self.send(request).await
    }

    /// Sends a request.
    pub(crate) async fn send(&mut self, request: Request) -> Result<Reply, ReadError> {
        match again::send(self.outbound, request).await {
            Ok(answer) => self.judge(answer),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The same; `None` when the answer is a success that is larger than what is read, or a limit on what is large (`is_too_much`).
    pub(crate) async fn send_if_it_fits(
        &mut self,
        request: Request,
        is_too_much: fn(&Answer) -> bool,
    ) -> Result<Option<Reply>, ReadError> {
        match again::send(self.outbound, request).await {
            Ok(answer) if is_too_much(&answer) => {
                self.note(&answer.headers);
                Ok(None)
            }
            Ok(answer) => self.judge(answer).map(Some),
            Err(OutboundError::BodyTooLarge { status: 200, .. }) => Ok(None),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// The same; `None` when it has this status.
    pub(crate) async fn send_unless(&mut self, request: Request, status: u16) -> Result<Option<Reply>, ReadError> {
        match again::send(self.outbound, request).await {
            Ok(answer) if answer.status == status => Ok(None),
            Ok(answer) => self.judge(answer).map(Some),
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Sends a request whose answer is a file. `of_object` tells a limit on this one file, as a sentence, from one on the credential.
    pub(crate) async fn open(
        &mut self,
        request: Request,
        of_object: fn(&Answer) -> Option<&'static str>,
    ) -> Result<Stream, ReadError> {
        match again::open(self.outbound, request).await {
            Ok(Opening::Streaming {
                status,
                headers,
                length,
                bytes,
            }) => {
                self.note(&headers);
                if status != 200 || headers.contains_key(header::CONTENT_ENCODING) {
                    return Err(
                        self.garbled("it sends a part of the file, or another form of it, that was not asked for")
                    );
                }
                let stream = BlobStream { size: length, bytes };
                Ok(Stream::Coming { headers, stream })
            }
            Ok(Opening::Refused(answer)) => {
                let what = of_object(&answer);
                match (self.judge(answer), what) {
                    (Ok(reply), _) => Ok(Stream::Not(reply)),
                    (Err(ReadError::Limited { until, .. }), Some(what)) => Err(ReadError::Limited {
                        until,
                        object_only: true,
                        diagnosis: Box::new(self.named().limited(what, until)),
                    }),
                    (Err(error), _) => Err(error),
                }
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Asks for the headers alone; `None` when it is refused, because why stands in no header. The body that is announced is not waited for.
    pub(crate) async fn head(&mut self, request: Request) -> Result<Option<HeaderMap>, ReadError> {
        match again::open(self.outbound, request).await {
            Ok(Opening::Streaming { headers, .. }) => {
                self.note(&headers);
                Ok(Some(headers))
            }
            Ok(Opening::Refused(answer)) => match answer.status {
                400..=499 if !matches!(answer.status, 408 | 429) => {
                    self.note(&answer.headers);
                    Ok(None)
                }
                _ => match self.judge(answer)? {
                    Reply::Elsewhere(answer) => Err(self.elsewhere(&answer)),
                    _ => Err(self.garbled("an answer without a body that was not asked for")),
                },
            },
            Err(error) => Err(self.failed(&error)),
        }
    }

    fn note(&mut self, headers: &HeaderMap) {
        self.quota = (self.manner.quota)(headers).or(self.quota);
    }

    /// Tells what can be worked with from what cannot, in the order in which one hides another: a failing forge, a limit in whatever status,
    /// and only then what the forge says in its own words.
    fn judge(&mut self, answer: Answer) -> Result<Reply, ReadError> {
        self.note(&answer.headers);
        let (status, now) = (answer.status, self.at.now);
        let request_id = answer.header(self.manner.dialect.request_id_header()).map(clean);
        tracing::debug!(
            forge.host = self.at.forge.host(),
            http.status = status,
            forge.request_id = request_id,
            "forge answered"
        );
        if status >= 500 {
            let wait = headers::retry_after(&answer.headers, now);
            let retry_at = wait.and_then(|wait| now.checked_add(wait).ok());
            return Err(ReadError::Down(Box::new(self.named().failing(status, retry_at))));
        }
        if let Some(limit) = self.manner.dialect.limit(&answer, now) {
            let until = limit_ends(Some(limit.retry_at), now);
            return Err(ReadError::Limited {
                until,
                object_only: false,
                diagnosis: Box::new(self.named().limited(&limit.what, until)),
            });
        }
        let words = self.manner.dialect.words(&answer);
        match (status, words) {
            (200..=299, _) => Ok(Reply::Here(answer)),
            (304, _) => Ok(Reply::Unchanged),
            (300..=399, _) => Ok(Reply::Elsewhere(answer)),
            (408, _) => Err(self.failed(&OutboundError::Timeout)),
            (404, Some(words)) => Ok(Reply::Absent(words)),
            (400..=499, Some(_)) => Err((self.manner.refused)(&answer, self.at)),
            _ => Err(self.garbled(&format!(
                "HTTP {status} without the words that {} gives a refusal",
                self.manner.dialect.name()
            ))),
        }
    }

    /// No whole answer.
    pub(crate) fn failed(&self, error: &OutboundError) -> ReadError {
        let diagnosis = Box::new(self.named().no_answer(error));
        match error {
            OutboundError::HeadersTooLarge { .. } | OutboundError::BodyTooLarge { .. } => ReadError::Garbled(diagnosis),
            _ => ReadError::Down(diagnosis),
        }
    }

    /// A failure of the forge's own.
    pub(crate) fn failing(&self, status: u16) -> ReadError {
        ReadError::Down(Box::new(self.named().failing(status, None)))
    }

    /// A redirect that leads to nothing that could be asked for.
    pub(crate) fn elsewhere(&self, answer: &Answer) -> ReadError {
        // what a query holds may be somebody's signature
        let target = answer.location().and_then(|target| target.split('?').next());
        let target = target.map(clean).unwrap_or_default();
        let status = answer.status;
        self.garbled(&format!(
            "it sends us to `{target}` (HTTP {status}), and redirects are not followed with a token"
        ))
    }

    /// An answer that is not what the forge's documentation promises.
    pub(crate) fn garbled(&self, reason: &str) -> ReadError {
        ReadError::Garbled(Box::new(self.named().garbled(reason)))
    }

    /// Reads the JSON of a success.
    pub(crate) fn parse<'b, T: Deserialize<'b>>(&self, answer: &'b Answer) -> Result<T, ReadError> {
        serde_json::from_slice(&answer.body).map_err(|error| {
            // serde's own words may quote the body
            let (class, line) = (error.classify(), error.line());
            self.garbled(&format!(
                "the body is not the JSON that was promised ({class:?} error in line {line})"
            ))
        })
    }

    fn named(&self) -> Named<'_> {
        Named {
            name: self.manner.dialect.name(),
            host: self.at.forge.host(),
            status_page: self.at.forge.is_public().then(|| self.manner.dialect.status_page()),
        }
    }
}
