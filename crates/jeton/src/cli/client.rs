//! Talks to a running server.

use std::{io, path::Path, time::Duration};

use bytes::Bytes;
use jeton_api::{Health, Problem};
use jeton_domain::Secret;
use reqwest::{Method, RequestBuilder, Response, StatusCode, header};
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::OnceCell;

use super::{CliError, Context, Place, ServerArgs, identity::Identity, place};
use crate::config::{KeyUse, read_file};

/// How long an answer may take: longer than the server itself works on one.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// How long a server may take to say that it is there, when nobody said that there is one.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// A server, and the key to ask it with.
pub(crate) struct Client {
    http: reqwest::Client,
    place: Place,
    key: Key,
}

/// What a server is asked with.
enum Key {
    /// Nothing: over a socket the server sees whose process asks.
    None,
    /// This.
    Secret(Secret),
    /// The identity of the job of CI; it is got when something is asked first.
    Identity(Identity, OnceCell<Secret>),
}

impl Client {
    /// Finds out where the server is and which key to use, without calling it.
    ///
    /// # Errors
    /// When the URL is none, or no key is there, or its file cannot be read.
    pub(crate) fn new(args: &ServerArgs, context: &Context) -> Result<Self, CliError> {
        let place = Place::find(args, context)?;
        refuse_plain_http(&place, args, context)?;
        let key = find_key(&place, args, context)?;
        Ok(Self {
            http: place.http(ANSWER_TIMEOUT, true)?,
            place,
            key,
        })
    }

    /// The same, for answers that may take as long as they go on coming.
    ///
    /// # Errors
    /// As [`Client::new`].
    pub(crate) fn for_long_answers(args: &ServerArgs, context: &Context) -> Result<Self, CliError> {
        let client = Self::new(args, context)?;
        let http = client.place.http(ANSWER_TIMEOUT, false)?;
        Ok(Self { http, ..client })
    }

    /// GET.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or answers what it should not.
    pub(crate) async fn get<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, CliError> {
        self.send(Method::GET, path, query, |request| request).await
    }

    /// POST with a JSON body.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) async fn post<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, CliError> {
        self.send(Method::POST, path, &[], |request| request.json(body)).await
    }

    /// PUT with a JSON body.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) async fn put<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, CliError> {
        self.send(Method::PUT, path, &[], |request| request.json(body)).await
    }

    /// PATCH with a JSON body.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) async fn patch<T: DeserializeOwned>(&self, path: &[&str], body: &impl Serialize) -> Result<T, CliError> {
        self.send(Method::PATCH, path, &[], |request| request.json(body)).await
    }

    /// DELETE.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) async fn delete<T: DeserializeOwned>(
        &self,
        path: &[&str],
        query: &[(&str, String)],
    ) -> Result<T, CliError> {
        self.send(Method::DELETE, path, query, |request| request).await
    }

    async fn send<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        finish: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, CliError> {
        let response = self.ask(method, path, query, "application/json", finish).await?;
        let status = response.status();
        let body = self.read(response).await?;
        if status.is_success()
            && let Ok(value) = serde_json::from_slice(&body)
        {
            return Ok(value);
        }
        Err(self.refused(status, &body))
    }

    /// GET of an answer without a bound, which `each` gets piece by piece as it comes.
    ///
    /// # Errors
    /// As [`Client::get`], what `each` says, and when the answer breaks off.
    pub(crate) async fn stream(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        accept: &str,
        mut each: impl FnMut(&[u8]) -> Result<(), CliError>,
    ) -> Result<(), CliError> {
        let mut download = self.open(path, query, accept).await?;
        while let Some(chunk) = download.next().await? {
            each(&chunk)?;
        }
        Ok(())
    }

    /// GET of an answer without a bound, to be taken piece by piece.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) async fn open(
        &self,
        path: &[&str],
        query: &[(&str, String)],
        accept: &str,
    ) -> Result<Download<'_>, CliError> {
        let response = self.ask(Method::GET, path, query, accept, |request| request).await?;
        let status = response.status();
        if status.is_success() {
            return Ok(Download { client: self, response });
        }
        let body = self.read(response).await?;
        Err(self.refused(status, &body))
    }

    /// Whether it is a jeton server that answers there. It is not told the key.
    pub(crate) async fn is_there(&self) -> bool {
        if let Place::Socket(_) = self.place {
            return true;
        }
        let asked = async {
            let http = self.place.http(PROBE_TIMEOUT, true).ok()?;
            let response = http.get(self.place.at(&["healthz"])).send().await.ok()?;
            let body = self.read(response).await.ok()?;
            serde_json::from_slice::<Health>(&body).ok()
        };
        asked.await.is_some()
    }

    async fn ask(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, String)],
        accept: &str,
        finish: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<Response, CliError> {
        let request = self
            .http
            .request(method, self.place.at(path))
            .query(query)
            .header(header::ACCEPT, accept);
        let request = match self.key().await? {
            Some(key) => request.bearer_auth(key.expose()),
            None => request,
        };
        finish(request).send().await.map_err(|error| self.failed(error))
    }

    async fn key(&self) -> Result<Option<&Secret>, CliError> {
        match &self.key {
            Key::None => Ok(None),
            Key::Secret(key) => Ok(Some(key)),
            Key::Identity(identity, got) => got.get_or_try_init(|| identity.get()).await.map(Some),
        }
    }

    fn refused(&self, status: StatusCode, body: &[u8]) -> CliError {
        match serde_json::from_slice::<Problem>(body) {
            Ok(problem) if !status.is_success() => CliError::Problem(Box::new(problem)),
            _ => self.not_jeton(status),
        }
    }

    fn not_jeton(&self, status: StatusCode) -> CliError {
        CliError::NotJeton {
            url: self.place.to_string(),
            status: status.as_u16(),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, CliError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(self.not_jeton(response.status()));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn failed(&self, error: reqwest::Error) -> CliError {
        if let Place::Socket(path) = &self.place
            && is_permission_denied(&error)
        {
            return place::denied(path);
        }
        CliError::Unreachable {
            url: self.place.to_string(),
            reason: reason(error),
        }
    }
}

/// An answer that is taken piece by piece.
pub(crate) struct Download<'a> {
    client: &'a Client,
    response: Response,
}

impl Download<'_> {
    /// How long it is, in bytes, where the server said so.
    pub(crate) fn length(&self) -> Option<u64> {
        self.response.content_length()
    }

    /// A header of it; `None` when there is none that is text.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.response.headers().get(name)?.to_str().ok()
    }

    /// The next piece; `None` after the last.
    ///
    /// # Errors
    /// When the answer breaks off.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, CliError> {
        self.response.chunk().await.map_err(|error| self.client.failed(error))
    }
}

fn is_permission_denied(error: &reqwest::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(error) = cause {
        let kind = error.downcast_ref::<io::Error>().map(io::Error::kind);
        if kind == Some(io::ErrorKind::PermissionDenied) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A client that goes where it is told and nowhere else: to a socket, if one is given. The time limit is for the whole
/// of an answer, or for each part of it.
///
/// # Errors
/// When TLS cannot be set up.
pub(crate) fn http_client(limit: Duration, whole: bool, socket: Option<&Path>) -> Result<reqwest::Client, CliError> {
    let builder = builder(limit, whole, false);
    let builder = match socket {
        Some(path) => builder.unix_socket(path),
        None => builder,
    };
    builder.build().map_err(|error| CliError::Io {
        what: "HTTP cannot be set up".to_owned(),
        source: std::io::Error::other(error),
    })
}

/// What all clients of the command line have in common.
pub(super) fn builder(limit: Duration, whole: bool, through_proxies: bool) -> reqwest::ClientBuilder {
    let builder = reqwest::Client::builder()
        .user_agent(concat!("jeton-cli/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(limit.min(Duration::from_secs(5)))
        .read_timeout(limit)
        // a redirect could carry the key to another host
        .redirect(reqwest::redirect::Policy::none());
    let builder = if whole { builder.timeout(limit) } else { builder };
    if through_proxies { builder } else { builder.no_proxy() }
}

/// The innermost cause, which says most: `Connection refused`.
pub(crate) fn reason(error: reqwest::Error) -> String {
    let error = error.without_url();
    if error.is_timeout() {
        return "it did not answer in time".to_owned();
    }
    let mut innermost: &dyn std::error::Error = &error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

/// A key that goes over the network in plain text is no secret any more, so that it goes there only when told to.
fn refuse_plain_http(place: &Place, args: &ServerArgs, context: &Context) -> Result<(), CliError> {
    let Some(host) = place.open_line() else {
        return Ok(());
    };
    if args.insecure_http || insecure_http(context)? {
        return Ok(());
    }
    Err(CliError::Usage {
        what: format!(
            "the key would go to {host} over plain http, where everybody on the way can read it; it was not sent"
        ),
        remedy: "Give an https URL: put a TLS proxy in front of the server. If the way there is safe by other means, \
                 say --insecure-http or JETON_INSECURE_HTTP=true."
            .to_owned(),
    })
}

fn insecure_http(context: &Context) -> Result<bool, CliError> {
    const NAME: &str = "JETON_INSECURE_HTTP";
    let Some(text) = context.sources.variable(NAME)? else {
        return Ok(false);
    };
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Ok(true),
        "false" | "no" | "off" | "0" => Ok(false),
        _ => Err(CliError::Usage {
            what: format!("{NAME} is neither true nor false"),
            remedy: "Set it to true, or remove it.".to_owned(),
        }),
    }
}

fn find_key(place: &Place, args: &ServerArgs, context: &Context) -> Result<Key, CliError> {
    if let Some(key) = context.sources.variable("JETON_TOKEN")? {
        return usable(key.trim(), "JETON_TOKEN").map(Key::Secret);
    }
    if let Some(path) = context.sources.variable("JETON_TOKEN_FILE")? {
        let bytes = read_file(path.trim().as_ref(), "JETON_TOKEN_FILE")?;
        return usable(String::from_utf8_lossy(&bytes).trim(), "the file of JETON_TOKEN_FILE").map(Key::Secret);
    }
    if let Some(identity) = Identity::find(args, context)? {
        return Ok(Key::Identity(identity, OnceCell::new()));
    }
    if let Place::Socket(_) = place {
        return Ok(Key::None);
    }
    let source = context.config()?.operator_key;
    match source.read(KeyUse::Operator)? {
        Some(key) => usable(key.expose(), &source.describe()).map(Key::Secret),
        None => Err(CliError::NoKey {
            looked_at: source.describe(),
        }),
    }
}

/// A key that a header can carry.
fn usable(key: &str, origin: &str) -> Result<Secret, CliError> {
    if !key.is_empty() && key.bytes().all(|b| b.is_ascii_graphic()) {
        return Ok(Secret::new(key));
    }
    Err(CliError::Usage {
        what: format!("the key in {origin} is empty, or has spaces or characters that no key has"),
        remedy: "Copy it again, whole and with nothing around it.".to_owned(),
    })
}
