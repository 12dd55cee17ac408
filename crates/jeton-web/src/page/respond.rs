//! Answers to browsers: pages with the headers that all of them have, redirects, cookies.

use askama::Template;
use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, StatusCode,
    header::{
        CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION, REFERRER_POLICY, RETRY_AFTER, SET_COOKIE, VARY,
        X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
    },
};
use jeton_access::AccessError;
use jeton_domain::{Code, Secret};
use jiff::SignedDuration;

use super::shell::Shell;
use crate::{failure::Failure, status};

/// Nothing but our own stylesheet, script and icon, requests and forms that go to this server, and no text that becomes
/// markup by a script.
const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
                      form-action 'self'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; \
                      trusted-types 'none'";

/// As everywhere, but for 401: it asks a browser for another way to sign in than by a form.
pub(crate) fn page_status(code: Code) -> StatusCode {
    match status::of(code) {
        StatusCode::UNAUTHORIZED => StatusCode::FORBIDDEN,
        other => other,
    }
}

/// Says when to come back, where that is known.
pub(super) fn say_when(response: &mut Response, error: &AccessError) {
    if let Some(wait) = error.retry_after() {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        response
            .headers_mut()
            .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
    }
}

/// A whole page that is the same for everybody.
#[derive(Template)]
#[template(path = "plain.html")]
struct Plain<'a> {
    shell: Shell,
    title: &'a str,
    body: &'a str,
}

/// A page around a body that is HTML already.
pub(super) fn plain(shell: Shell, title: &str, body: &str) -> Response {
    render(StatusCode::OK, &Plain { shell, title, body })
}

/// A page for this browser alone.
pub(super) fn render(status: StatusCode, page: &impl Template) -> Response {
    let Ok(text) = page.render() else {
        return Failure::internal().into_response();
    };
    let mut response = html(text);
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A page, with the headers that every page has.
pub(crate) fn html(text: impl Into<Body>) -> Response {
    let mut response = Response::new(text.into());
    guard(response.headers_mut());
    response
        .headers_mut()
        .insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

fn guard(headers: &mut HeaderMap) {
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    // A one-time link stands in an address.
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    for name in ["cross-origin-opener-policy", "cross-origin-resource-policy"] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static("same-origin"));
    }
}

/// Sends the browser on, with GET.
pub(super) fn see_other(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::SEE_OTHER;
    let to = HeaderValue::try_from(to).unwrap_or(HeaderValue::from_static("/"));
    let headers = response.headers_mut();
    guard(headers);
    headers.insert(LOCATION, to);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(VARY, HeaderValue::from_static("cookie"));
    response
}

/// Gives the browser a cookie, for this host alone and over https alone; `None` takes it away.
pub(super) fn set_cookie(response: &mut Response, name: &str, value: Option<(&Secret, SignedDuration)>) {
    let (value, seconds) = match value {
        Some((value, life)) => (value.expose(), life.as_secs().max(0)),
        None => ("", 0),
    };
    let text = format!("{name}={value}; Max-Age={seconds}; Path=/; Secure; HttpOnly; SameSite=Lax");
    if let Ok(mut value) = HeaderValue::try_from(text) {
        value.set_sensitive(true);
        response.headers_mut().append(SET_COOKIE, value);
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use jeton_domain::{Code, Secret};
    use jiff::SignedDuration;

    use super::{page_status, see_other, set_cookie};

    #[test]
    fn cookies_are_for_this_host_over_https_and_no_script() {
        let mut response = see_other("/");
        set_cookie(
            &mut response,
            "__Host-x",
            Some((&Secret::new("abc"), SignedDuration::from_mins(1))),
        );
        set_cookie(&mut response, "__Host-y", None);
        let all: Vec<_> = response.headers().get_all("set-cookie").iter().collect();
        assert_eq!(
            all[0],
            "__Host-x=abc; Max-Age=60; Path=/; Secure; HttpOnly; SameSite=Lax"
        );
        assert_eq!(all[1], "__Host-y=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Lax");
        assert!(all.iter().all(|value| value.is_sensitive()));
        assert!(!format!("{response:?}").contains("abc"));
    }

    #[test]
    fn no_page_asks_for_http_authentication() {
        for code in Code::ALL {
            assert_ne!(page_status(*code), StatusCode::UNAUTHORIZED, "{code}");
        }
    }
}
