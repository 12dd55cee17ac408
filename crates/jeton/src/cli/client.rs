//! Talks to a running server.

use std::time::Duration;

use jeton_api::Problem;
use jeton_domain::Secret;
use reqwest::{Method, RequestBuilder, Response, header};
use serde::{Serialize, de::DeserializeOwned};
use url::{Host, Url};

use super::{CliError, Context, ServerArgs};
use crate::config::{KeyUse, read_file};

/// Where the server is when nobody says.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// How long an answer may take: longer than the server itself works on one.
const ANSWER_TIMEOUT: Duration = Duration::from_mins(1);

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

/// A server, and the key to ask it with.
pub(crate) struct Client {
    http: reqwest::Client,
    base: Url,
    key: Secret,
}

impl Client {
    /// Finds out where the server is and which key to use, without calling it.
    ///
    /// # Errors
    /// When the URL is none, or no key is there, or its file cannot be read.
    pub(crate) fn new(args: &ServerArgs, context: &Context) -> Result<Self, CliError> {
        let base = server_url(args, context)?;
        refuse_plain_http(&base, args, context)?;
        let key = find_key(context)?;
        Ok(Self {
            http: http_client(ANSWER_TIMEOUT)?,
            base,
            key,
        })
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
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        let request = self
            .http
            .request(method, url)
            .query(query)
            .header(header::ACCEPT, "application/json");
        let request = finish(request.bearer_auth(self.key.expose()));
        let response = request.send().await.map_err(|error| self.failed(error))?;
        let status = response.status();
        let body = self.read(response).await?;
        if status.is_success()
            && let Ok(value) = serde_json::from_slice(&body)
        {
            return Ok(value);
        }
        match serde_json::from_slice::<Problem>(&body) {
            Ok(problem) if !status.is_success() => Err(CliError::Problem(Box::new(problem))),
            _ => Err(CliError::NotJeton {
                url: self.base.to_string(),
                status: status.as_u16(),
            }),
        }
    }

    async fn read(&self, mut response: Response) -> Result<Vec<u8>, CliError> {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.failed(error))? {
            if body.len() + chunk.len() > MAX_ANSWER {
                return Err(CliError::NotJeton {
                    url: self.base.to_string(),
                    status: response.status().as_u16(),
                });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn failed(&self, error: reqwest::Error) -> CliError {
        CliError::Unreachable {
            url: self.base.to_string(),
            reason: reason(error),
        }
    }
}

/// A client that goes where it is told and nowhere else.
///
/// # Errors
/// When TLS cannot be set up.
pub(crate) fn http_client(timeout: Duration) -> Result<reqwest::Client, CliError> {
    reqwest::Client::builder()
        .user_agent(concat!("jeton-cli/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(timeout.min(Duration::from_secs(5)))
        .timeout(timeout)
        // a redirect could carry the key to another host
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .map_err(|error| CliError::Io {
            what: "HTTP cannot be set up".to_owned(),
            source: std::io::Error::other(error),
        })
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

/// Where the server is: the flag, the environment, or this machine.
///
/// # Errors
/// When it is no URL of http or https.
pub(crate) fn server_url(args: &ServerArgs, context: &Context) -> Result<Url, CliError> {
    let text = match &args.url {
        Some(url) => url.clone(),
        None => context
            .sources
            .variable("JETON_URL")?
            .unwrap_or_else(|| DEFAULT_URL.to_owned()),
    };
    let url = Url::parse(text.trim())
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let plain = url.filter(|url| url.username().is_empty() && url.password().is_none() && url.query().is_none());
    plain.ok_or_else(|| CliError::Usage {
        // what was given may hold a password, so that it is not shown
        what: "the server's URL (--url or JETON_URL) is none that can be asked".to_owned(),
        remedy: format!("Write it like {DEFAULT_URL}, without user name and password; the key goes into JETON_TOKEN."),
    })
}

/// A key that goes over the network in plain text is no secret any more, so that it goes there only when told to.
fn refuse_plain_http(base: &Url, args: &ServerArgs, context: &Context) -> Result<(), CliError> {
    if base.scheme() == "https" || is_this_machine(base) || args.insecure_http || insecure_http(context)? {
        return Ok(());
    }
    let host = base.host_str().unwrap_or_default();
    Err(CliError::Usage {
        what: format!(
            "the key would go to {host} over plain http, where everybody on the way can read it; it was not sent"
        ),
        remedy: "Give an https URL: put a TLS proxy in front of the server. If the way there is safe by other means, \
                 say --insecure-http or JETON_INSECURE_HTTP=true."
            .to_owned(),
    })
}

/// Whether nothing leaves this machine on the way to a URL.
fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.to_canonical().is_loopback(),
        Some(Host::Domain(name)) => {
            // RFC 6761, 6.3: these names are this machine's own, and resolvers never ask the network for them
            let name = name.strip_suffix('.').unwrap_or(name);
            name == "localhost" || name.ends_with(".localhost")
        }
        None => false,
    }
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

fn find_key(context: &Context) -> Result<Secret, CliError> {
    if let Some(key) = context.sources.variable("JETON_TOKEN")? {
        return usable(key.trim(), "JETON_TOKEN");
    }
    if let Some(path) = context.sources.variable("JETON_TOKEN_FILE")? {
        let bytes = read_file(path.trim().as_ref(), "JETON_TOKEN_FILE")?;
        return usable(String::from_utf8_lossy(&bytes).trim(), "the file of JETON_TOKEN_FILE");
    }
    let source = context.config()?.operator_key;
    match source.read(KeyUse::Operator)? {
        Some(key) => usable(key.expose(), &source.describe()),
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

#[cfg(test)]
mod tests {
    use url::Url;

    use super::is_this_machine;

    #[test]
    fn this_machine_has_these_names() {
        for url in [
            "http://127.0.0.1:8080",
            "http://127.8.9.1",
            "http://[::1]:1",
            "http://[::ffff:127.0.0.1]",
            "http://localhost:8080",
            "http://LOCALHOST.",
            "http://jeton.localhost",
        ] {
            assert!(is_this_machine(&Url::parse(url).unwrap()), "{url}");
        }
        for url in [
            "http://example.com",
            "http://10.0.0.1",
            "http://0.0.0.0",
            "http://[fd00::1]",
            "http://localhost.example.com",
            "http://notlocalhost",
        ] {
            assert!(!is_this_machine(&Url::parse(url).unwrap()), "{url}");
        }
    }
}
