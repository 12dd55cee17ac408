use http::{
    HeaderMap,
    header::{HOST, ORIGIN},
};
use jeton_domain::Code;

use super::refused::{BASIC, HOW};
use crate::{failure::Failure, peer::Peer, settings::CompatSettings};

/// Headers by which proxies say that the caller is somebody else. Whether or not it is believed, that there is one is
/// enough to know that the one at the other end of the connection is not the caller.
const PROXY_HEADERS: [&str; 4] = ["x-forwarded-for", "forwarded", "x-real-ip", "via"];

/// Whether a proxy stands between.
pub(crate) fn is_proxied(headers: &HeaderMap) -> bool {
    PROXY_HEADERS.iter().any(|name| headers.contains_key(*name))
}

/// Whether it looks like a program on this machine, by all that can be seen: no proxy between, no page in a browser, and no
/// name of this machine that a stranger may have made up.
pub(super) fn is_local_program(headers: &HeaderMap) -> bool {
    let host = headers.get(HOST);
    !is_proxied(headers) && !is_from_a_page(headers) && host.is_none_or(|host| host.to_str().is_ok_and(is_local_host))
}

fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(ORIGIN) || headers.get("sec-fetch-site").is_some_and(|site| site != "none")
}

/// Whether a caller of the compatible routes who says nothing of themselves may come in as nobody in particular.
///
/// # Errors
/// 401 for another machine; 403 for what looks like a page in a browser.
pub(super) fn check(settings: &CompatSettings, peer: Peer, headers: &HeaderMap) -> Result<(), Failure> {
    if is_from_a_page(headers) {
        return Err(from_a_page(
            "the request comes from a page in a browser, and carries no key",
        ));
    }
    if settings.anonymous_remote {
        return Ok(());
    }
    if is_proxied(headers) || !(peer.is_unix() || peer.is_loopback()) {
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
        .with_remedy("Send a key, or ask for 127.0.0.1 or localhost from a program.")
        .for_compat()
}

/// An address, `localhost`, or a name without a dot: none that a stranger can own in the public name system.
pub(super) fn is_local_host(host: &str) -> bool {
    if host.starts_with('[') {
        return true;
    }
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    let name = name.strip_suffix('.').unwrap_or(name);
    name.parse::<std::net::Ipv4Addr>().is_ok()
        || !name.contains('.')
        || name.to_ascii_lowercase().ends_with(".localhost")
}
