//! What all pages have in common: the frame, the headers, the cookies.

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
use jeton_access::{AccessError, Session};
use jeton_domain::{Code, Coded as _, Secret};
use jiff::SignedDuration;

use super::{html::prose, style, visit::Visit};
use crate::{failure::Failure, status};

/// Nothing but our own stylesheet, and forms that go to this server.
const POLICY: &str =
    "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The frame of a page.
pub(super) struct Shell {
    pub(super) style: &'static str,
    pub(super) signed_in: Option<SignedIn>,
}

/// Who has signed in, for the frame.
pub(super) struct SignedIn {
    pub(super) name: String,
    pub(super) csrf: Secret,
}

impl Shell {
    pub(super) fn of_nobody() -> Self {
        Self {
            style: style::ADDRESS.as_str(),
            signed_in: None,
        }
    }

    pub(super) fn of(session: &Session) -> Self {
        Self {
            style: style::ADDRESS.as_str(),
            signed_in: Some(SignedIn {
                name: session.user.name.to_string(),
                csrf: session.csrf.clone(),
            }),
        }
    }
}

/// What went wrong, on a page. Both are HTML: what stands in backticks is shown as code, and all else is escaped.
#[derive(Debug, Clone)]
pub(super) struct Problem {
    pub(super) detail: String,
    pub(super) remedy: Option<String>,
}

impl Problem {
    pub(super) fn of(error: &AccessError) -> Self {
        let mut detail = sentence(&error.to_string());
        let mut remedy = error.remedy();
        if let Some(wait) = error.retry_after() {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            detail = format!("{detail} Try again in {}.", duration(seconds.max(1)));
            remedy = None;
        }
        Self::new(&detail, remedy.as_deref())
    }

    pub(super) fn new(detail: &str, remedy: Option<&str>) -> Self {
        Self {
            detail: prose(detail),
            remedy: remedy.map(prose),
        }
    }
}

/// Errors begin with a small letter and end without a full stop, so that they can be put together; on a page they stand
/// alone.
fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let mut out: String = chars.next().into_iter().flat_map(char::to_uppercase).collect();
    out.push_str(chars.as_str());
    if !out.ends_with(['.', '!', '?']) {
        out.push('.');
    }
    out
}

fn duration(seconds: u64) -> String {
    match seconds {
        1 => "one second".to_owned(),
        2..=90 => format!("{seconds} seconds"),
        _ => format!("{} minutes", seconds.div_ceil(60)),
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
pub(super) fn plain(title: &str, body: &str) -> String {
    let page = Plain {
        shell: Shell::of_nobody(),
        title,
        body,
    };
    page.render().unwrap_or_default()
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage<'a> {
    shell: Shell,
    title: &'a str,
    detail: String,
    remedy: Option<String>,
    request_id: &'a str,
}

/// A page that is about an error and nothing else. What is this server's own fault is logged.
pub(super) fn error(error: &AccessError, visit: &Visit) -> Response {
    let code = error.code();
    let status = page_status(code);
    let Problem { mut detail, remedy } = Problem::of(error);
    if status.is_server_error() {
        let chain = jeton_domain::redact(&chain(error)).into_owned();
        tracing::warn!(
            code = code.as_str(),
            error = chain,
            request_id = visit.id.as_str(),
            "a page failed"
        );
    }
    if code == Code::Internal {
        "Something in jeton failed.".clone_into(&mut detail);
    }
    let page = ErrorPage {
        shell: Shell::of_nobody(),
        title: status.canonical_reason().unwrap_or("Error"),
        detail,
        remedy,
        request_id: visit.id.as_str(),
    };
    let mut response = render(status, &page);
    say_when(&mut response, error);
    response
}

fn chain(error: &AccessError) -> String {
    let mut text = error.to_string();
    let mut next = std::error::Error::source(error);
    while let Some(error) = next {
        text.push_str(": ");
        text.push_str(&error.to_string());
        next = error.source();
    }
    text
}

/// As everywhere, but for 401: it asks a browser for another way to sign in than by a form.
pub(super) fn page_status(code: Code) -> StatusCode {
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
pub(super) fn html(text: impl Into<Body>) -> Response {
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
    use std::time::Duration;

    use http::StatusCode;
    use jeton_access::AccessError;
    use jeton_domain::{Code, Secret};
    use jiff::SignedDuration;

    use super::{Problem, page_status, see_other, set_cookie};

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
    fn people_read_whole_sentences_and_when_to_come_back() {
        let limited = AccessError::RateLimited {
            what: "too many wrong tries",
            retry_after: Duration::from_millis(3_100),
        };
        assert_eq!(
            Problem::of(&limited).detail,
            "Too many wrong tries. Try again in 4 seconds."
        );
        let wrong = Problem::of(&AccessError::BadPassword);
        assert_eq!(wrong.detail, "The user name or the password is wrong.");
        assert!(wrong.remedy.is_some());
        assert_eq!(super::duration(1), "one second");
        assert_eq!(super::duration(900), "15 minutes");
    }

    #[test]
    fn no_page_asks_for_http_authentication() {
        for code in Code::ALL {
            assert_ne!(page_status(*code), StatusCode::UNAUTHORIZED, "{code}");
        }
    }
}
