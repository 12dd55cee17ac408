use axum::extract::FromRequestParts;
use http::{HeaderMap, header::HOST, header::USER_AGENT, request::Parts};
use jeton_access::{AccessError, Session, Visitor};
use std::convert::Infallible;

use crate::{
    auth::{ClientAddress, SESSION_COOKIE, cookie},
    peer::Peer,
    request_id::RequestId,
    state::{Shared, WebState},
};

/// A browser that asks for a page.
pub(super) struct Visit {
    pub(super) headers: HeaderMap,
    pub(super) query: String,
    pub(super) id: RequestId,
    pub(super) address: ClientAddress,
    peer: Peer,
}

/// Where to go instead of a page without https.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpsNeeded {
    pub(super) instead: Option<String>,
}

impl Visit {
    /// As sign-ins are noted.
    pub(super) fn visitor(&self) -> Visitor<'_> {
        Visitor {
            address: self.address.0,
            browser: self.headers.get(USER_AGENT).and_then(|value| value.to_str().ok()),
            request_id: Some(self.id.as_str()),
        }
    }

    /// One parameter of the query; the first of several.
    pub(super) fn parameter(&self, name: &str) -> Option<String> {
        let mut pairs = form_urlencoded::parse(self.query.as_bytes());
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
    }

    /// Who has signed in with this browser, if anybody. Looking at a page is no try to get in, so nothing is put on
    /// record. Only for requests that change nothing: others come with a form's token ([`crate::auth::PageForm`]).
    ///
    /// # Errors
    /// When the vault cannot be read.
    pub(super) async fn session(&self, state: &WebState) -> Result<Option<Session>, AccessError> {
        let Some(cookie) = cookie(&self.headers, SESSION_COOKIE) else {
            return Ok(None);
        };
        match state.access.session(&cookie, self.address.0).await {
            Ok(session) => Ok(Some(session)),
            Err(AccessError::SessionEnded) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether the browser will not keep our cookies: they are for https, or for this machine.
    pub(super) fn https_needed(&self, state: &WebState) -> Option<HttpsNeeded> {
        let public_url = &state.settings.public_url;
        let host = self
            .headers
            .get(HOST)
            .and_then(|host| host.to_str().ok())
            .unwrap_or_default();
        // Browsers send this header to addresses that they take for trustworthy, and to no others (Fetch Metadata, W3C).
        let fine = self.headers.contains_key("sec-fetch-site")
            || state.settings.trusted_proxies.is_https(self.peer, &self.headers)
            || is_this_machine(host)
            || public_url
                .strip_prefix("https://")
                .is_some_and(|public| public.eq_ignore_ascii_case(host));
        (!fine).then(|| HttpsNeeded {
            instead: Some(public_url.clone()).filter(|url| url.starts_with("https://")),
        })
    }
}

/// Names under which browsers take plain http for trustworthy (Secure Contexts, W3C). A name in the public name system
/// that points to 127.0.0.1 is none of them.
fn is_this_machine(host: &str) -> bool {
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or_default(),
        None => host.rsplit_once(':').map_or(host, |(name, _)| name),
    };
    let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
    name == "localhost"
        || name.ends_with(".localhost")
        || name
            .parse::<std::net::IpAddr>()
            .is_ok_and(|address| address.is_loopback())
}

impl FromRequestParts<Shared> for Visit {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &Shared) -> Result<Self, Infallible> {
        let id = parts.extensions.get::<RequestId>().cloned();
        let address = parts.extensions.get::<ClientAddress>().copied();
        Ok(Self {
            headers: parts.headers.clone(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            id: id.unwrap_or_else(|| state.request_ids.next()),
            peer: parts.extensions.get::<Peer>().copied().unwrap_or(Peer::Unknown),
            address: address.unwrap_or(ClientAddress(None)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::is_this_machine;

    #[test]
    fn this_machine_has_few_names() {
        for yes in [
            "localhost",
            "LOCALHOST:8080",
            "a.localhost:1",
            "127.0.0.1:8080",
            "127.9.9.9",
            "[::1]:8080",
            "[::1]",
            "localhost.",
        ] {
            assert!(is_this_machine(yes), "{yes}");
        }
        for no in [
            "",
            "jeton",
            "jeton.example:8080",
            "10.0.0.1",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "[::2]:1",
            "0.0.0.0",
        ] {
            assert!(!is_this_machine(no), "{no}");
        }
    }
}
