//! Signing in at the provider: there and back again.

use axum::{
    extract::State,
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{
    HeaderMap,
    header::{HOST, REFERER},
};
use jeton_access::{AccessError, SignInAnswer};
use jeton_domain::Secret;

use super::{next, respond, sign_in, visit::Visit};
use crate::{auth::cookie, failure::Failure, state::Shared};

/// What a sign-in that has begun must remember, and after a `.` where to go then.
const ATTEMPT_COOKIE: &str = "__Host-jeton-sign-in";

/// Sends the browser to the provider. With a one-time link, only from the link's own page, which says whose it is: another
/// site could else make somebody the user of a link that it chose.
pub(super) async fn begin(visit: Visit, State(state): State<Shared>) -> Response {
    let asked = visit.parameter("next");
    let wanted = asked.as_deref().and_then(next::safe);
    let link = visit.parameter("link").map(Secret::new);
    if let Some(link) = &link
        && (!from_our_page(&visit.headers) || visit.https_needed(&state).is_some())
    {
        let query = form_urlencoded::Serializer::new(String::new())
            .append_pair("link", link.expose())
            .finish();
        return respond::see_other(&format!("/setup?{query}"));
    }
    if visit.https_needed(&state).is_some() {
        return sign_in::https_first(&state, &visit, wanted);
    }
    let begun = match state.access.begin_sign_in(link.as_ref()).await {
        Ok(begun) => begun,
        Err(error) => return refused(&state, &visit, &error, wanted),
    };
    let life = begun.expires_at.duration_since(state.access.now());
    let value = match wanted {
        Some(wanted) => Secret::new(format!("{}.{}", begun.cookie.expose(), URL_SAFE_NO_PAD.encode(wanted))),
        None => begun.cookie,
    };
    let mut response = respond::see_other(&begun.url);
    respond::set_cookie(&mut response, ATTEMPT_COOKIE, Some((&value, life)));
    response
}

/// The browser comes back from the provider.
pub(super) async fn finish(visit: Visit, State(state): State<Shared>) -> Response {
    let answer = SignInAnswer::parse(&visit.query);
    let (attempt, wanted) = match cookie(&visit.headers, ATTEMPT_COOKIE) {
        Some(value) => read(&value),
        None => (None, None),
    };
    let wanted = wanted.as_deref().and_then(next::safe);
    let outcome = state
        .access
        .finish_sign_in(&answer, attempt.as_ref(), visit.visitor())
        .await;
    let mut response = match outcome {
        Ok(session) => sign_in::signed_in(&state, &session, wanted.unwrap_or("/")),
        Err(error) => refused(&state, &visit, &error, wanted),
    };
    respond::set_cookie(&mut response, ATTEMPT_COOKIE, None);
    response
}

/// Whether somebody has followed a way on a page of this server. Unlike for a form, an address that was typed or came with
/// a message will not do.
fn from_our_page(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin";
    }
    // Of older browsers; our pages let them say it to ourselves.
    let text = |name| {
        headers
            .get(name)
            .and_then(|value: &http::HeaderValue| value.to_str().ok())
    };
    let (Some(from), Some(host)) = (text(REFERER), text(HOST)) else {
        return false;
    };
    let from = from.strip_prefix("https://").or_else(|| from.strip_prefix("http://"));
    let from = from.and_then(|from| from.split('/').next()).unwrap_or_default();
    !host.is_empty() && from.eq_ignore_ascii_case(host)
}

fn read(value: &Secret) -> (Option<Secret>, Option<String>) {
    match value.expose().split_once('.') {
        None => (Some(value.clone()), None),
        Some((attempt, wanted)) => {
            let wanted = URL_SAFE_NO_PAD
                .decode(wanted)
                .ok()
                .and_then(|bytes| String::from_utf8(bytes).ok());
            (Some(Secret::new(attempt)), wanted)
        }
    }
}

fn refused(state: &Shared, visit: &Visit, error: &AccessError, wanted: Option<&str>) -> Response {
    match error {
        AccessError::SignIn(_) | AccessError::NoUser(_) | AccessError::SignInRefused(_) | AccessError::Overloaded => {
            sign_in::failed(state, visit, error, String::new(), wanted)
        }
        other => Failure::from(other.clone()).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue};
    use jeton_domain::Secret;

    use super::{from_our_page, read};

    #[test]
    fn only_a_page_of_this_server_leads_a_link_to_the_provider() {
        let from = |pairs: &[(&'static str, &'static str)]| {
            let pair = |(name, value): &(&'static str, &'static str)| {
                (HeaderName::from_static(name), HeaderValue::from_static(value))
            };
            from_our_page(&pairs.iter().map(pair).collect::<HeaderMap>())
        };
        let host = ("host", "jeton.example");
        assert!(from(&[host, ("sec-fetch-site", "same-origin")]));
        assert!(from(&[host, ("referer", "https://jeton.example/setup?link=x")]));
        for site in ["none", "same-site", "cross-site", ""] {
            let here = ("referer", "https://jeton.example/setup");
            assert!(!from(&[host, ("sec-fetch-site", site), here]), "{site}");
        }
        for there in [
            "https://jeton.example.evil.example/",
            "https://evil.example/jeton.example",
            "jeton.example/",
            "",
        ] {
            assert!(!from(&[host, ("referer", there)]), "{there}");
        }
        assert!(
            !from(&[host]) && !from(&[("referer", "https://")]) && !from(&[("host", ""), ("referer", "https:///")])
        );
    }

    #[test]
    fn where_to_go_is_read_back_apart_from_the_attempt() {
        let parts = |text: &str| {
            let (attempt, wanted) = read(&Secret::new(text));
            (attempt.unwrap().expose().to_owned(), wanted)
        };
        assert_eq!(parts("abc"), ("abc".to_owned(), None));
        assert_eq!(parts("abc.L2RvY3M"), ("abc".to_owned(), Some("/docs".to_owned())));
        assert_eq!(parts("abc.%%"), ("abc".to_owned(), None));
    }
}
