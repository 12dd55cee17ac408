use axum::extract::FromRequestParts;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, header::AUTHORIZATION, header::HOST, header::ORIGIN, request::Parts};
use jeton_domain::{ApiKey, Code};

use crate::{failure::Failure, operator_keys::OperatorKeys, peer::Peer, settings::CompatSettings, state::Shared};

const BEARER: &str = "Bearer realm=\"jeton\"";
/// git, `requests` and their like send what stands in the URL only when asked for Basic.
const BASIC: &str = "Basic realm=\"jeton\"";
/// A key has 40 characters; as Basic with a user name still far less than this.
const LONGEST: usize = 1024;
const HOW: &str = "Send the operator's key: `Authorization: Bearer jtn_...`, or as the password of HTTP Basic.";

/// Why a caller is not let in.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Refused {
    Missing,
    /// Told apart before anything is looked up.
    Malformed(String),
    Unknown,
}

impl Refused {
    fn into_failure(self, challenge: &'static str) -> Failure {
        let failure = match self {
            Self::Missing => Failure::new(Code::AuthMissing, "the request carries no key").with_remedy(HOW),
            Self::Malformed(what) => Failure::new(Code::AuthMalformedKey, what).with_remedy(HOW),
            Self::Unknown => Failure::new(
                Code::AuthUnknownKey,
                "the key is well-formed, but not one of this server's",
            )
            .with_remedy("Look at which server the key belongs to, and whether it was replaced."),
        };
        failure.with_challenge(challenge)
    }
}

/// Reads the key that a request carries.
fn key_of(headers: &HeaderMap) -> Result<ApiKey, Refused> {
    let malformed = |what: &str| Refused::Malformed(what.to_owned());
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let Some(value) = all.next() else {
        return Err(Refused::Missing);
    };
    if all.next().is_some() {
        return Err(malformed("the request has more than one Authorization header"));
    }
    let text = value
        .to_str()
        .ok()
        .filter(|text| text.len() <= LONGEST)
        .ok_or_else(|| malformed("the Authorization header is too long or not ASCII"))?;
    let (scheme, rest) = text.split_once(' ').unwrap_or((text, ""));
    let rest = rest.trim_matches(' ');
    let read = |key: &str| ApiKey::parse(key).map_err(|error| Refused::Malformed(error.to_string()));
    if scheme.eq_ignore_ascii_case("bearer") {
        return read(rest);
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = STANDARD
            .decode(rest)
            .ok()
            .and_then(|bytes| String::from_utf8(bytes).ok());
        let pair = pair.ok_or_else(|| malformed("what follows Basic is not base64 of text"))?;
        let (_, password) = pair
            .split_once(':')
            .ok_or_else(|| malformed("HTTP Basic is written user:password; there is no colon"))?;
        return read(password);
    }
    Err(malformed("the Authorization header is neither Bearer nor Basic"))
}

fn operator(keys: &OperatorKeys, headers: &HeaderMap) -> Result<(), Refused> {
    let key = key_of(headers)?;
    if keys.hold(&key) { Ok(()) } else { Err(Refused::Unknown) }
}

/// The operator, by their key. A handler that takes one answers nobody else: 401 before any work.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operator;

impl Operator {
    /// As grants name their holder.
    pub(crate) const NAME: &'static str = "operator";
}

impl FromRequestParts<Shared> for Operator {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Failure> {
        match operator(&state.operator_keys, &parts.headers) {
            Ok(()) => Ok(Self),
            Err(refused) => Err(refused.into_failure(BEARER)),
        }
    }
}

/// Whether a caller may use the compatible routes. Cheap: it comes before every warm answer.
///
/// # Errors
/// 401 without a key or with a wrong one; 403 for what looks like a page in a browser and has no key.
pub(crate) fn compat_caller(
    keys: &OperatorKeys,
    settings: &CompatSettings,
    peer: Peer,
    headers: &HeaderMap,
) -> Result<(), Failure> {
    match operator(keys, headers) {
        Ok(()) => Ok(()),
        Err(Refused::Missing) if settings.anonymous => anonymous(settings, peer, headers),
        Err(refused) => Err(refused.into_failure(BASIC).for_compat()),
    }
}

/// Headers by which proxies say that the caller is somebody else. None is believed; that there is one is enough to know
/// that the one at the other end of the connection is not the caller.
const PROXY_HEADERS: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

fn anonymous(settings: &CompatSettings, peer: Peer, headers: &HeaderMap) -> Result<(), Failure> {
    if headers.contains_key(ORIGIN) || headers.get("sec-fetch-site").is_some_and(|site| site != "none") {
        return Err(from_a_page(
            "the request comes from a page in a browser, and carries no key",
        ));
    }
    if settings.anonymous_remote {
        return Ok(());
    }
    let proxied = PROXY_HEADERS.iter().any(|name| headers.contains_key(*name));
    if proxied || !(peer == Peer::Unix || peer.is_loopback()) {
        let failure = Failure::new(
            Code::AuthMissing,
            "the request carries no key, and comes from another machine",
        );
        return Err(failure.with_remedy(HOW).with_challenge(BASIC).for_compat());
    }
    // A browser sends neither of the headers above to a plain http:// address of a site of its own. When such a site
    // turns its name into 127.0.0.1, the name still stands in `Host`.
    if peer.is_loopback()
        && !headers
            .get(HOST)
            .is_none_or(|host| host.to_str().is_ok_and(is_local_host))
    {
        return Err(from_a_page(
            "the request carries no key, and asks for this machine under another name",
        ));
    }
    Ok(())
}

fn from_a_page(detail: &str) -> Failure {
    Failure::new(Code::AuthNotAllowed, detail)
        .with_remedy("Send the operator's key, or ask for 127.0.0.1 or localhost from a program.")
        .for_compat()
}

/// An address, `localhost`, or a name without a dot: none that a stranger can own in the public name system.
fn is_local_host(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    name.parse::<std::net::Ipv4Addr>().is_ok()
        || !name.contains('.')
        || name.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
#[path = "auth_tests.rs"]
mod tests;
