use askama::Template;
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{
    HeaderMap, HeaderValue, StatusCode,
    header::{ACCEPT, CONTENT_TYPE, VARY},
};
use jeton_access::{AccessError, Session, SessionView};
use jeton_domain::{Role, Secret};
use jiff::Timestamp;

use super::{
    shell::{self, Shell},
    visit::{HttpsNeeded, Visit},
};
use crate::{
    auth::{SESSION_COOKIE, cookie},
    extract::shown,
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "welcome.html")]
struct Welcome {
    shell: Shell,
    https: Option<HttpsNeeded>,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Home {
    shell: Shell,
    name: String,
    role: Role,
    role_words: &'static str,
    csrf: Secret,
    browsers: Vec<Browser>,
}

/// One line of the list.
struct Browser {
    id: String,
    is_this: bool,
    name: String,
    address: String,
    since: Time,
    last_used: Time,
    ends: Time,
}

/// A time for people and for programs.
struct Time {
    machine: String,
    words: String,
}

impl Time {
    fn of(at: Timestamp) -> Self {
        Self {
            machine: at.to_string(),
            words: at.strftime("%Y-%m-%d %H:%M UTC").to_string(),
        }
    }
}

/// Where to look: a page for browsers, JSON for programs.
pub(super) async fn home(visit: Visit, State(state): State<Shared>) -> Response {
    let mut response = if wants_html(&visit.headers) {
        page(&visit, &state)
            .await
            .unwrap_or_else(|error| shell::error(&error, &visit))
    } else {
        let pointer = "{\"message\":\"This is jeton.\",\"docs\":\"/docs\",\"openapi\":\"/openapi.json\"}\n";
        ([(CONTENT_TYPE, "application/json")], pointer).into_response()
    };
    response
        .headers_mut()
        .insert(VARY, HeaderValue::from_static("accept, cookie"));
    response
}

async fn page(visit: &Visit, state: &WebState) -> Result<Response, AccessError> {
    let Some(session) = visit.session(state).await? else {
        let page = Welcome {
            shell: Shell::of_nobody(),
            https: visit.https_needed(state),
        };
        let mut response = shell::render(StatusCode::OK, &page);
        if cookie(&visit.headers, SESSION_COOKIE).is_some() {
            // It has ended; the browser need not go on sending it.
            shell::set_cookie(&mut response, SESSION_COOKIE, None);
        }
        return Ok(response);
    };
    let browsers = state.access.list_sessions(session.user.id).await?;
    let page = Home {
        shell: Shell::of(&session),
        name: session.user.name.to_string(),
        role: session.user.role,
        role_words: role_words(session.user.role),
        csrf: session.csrf.clone(),
        browsers: browsers.into_iter().map(|view| browser(view, &session)).collect(),
    };
    Ok(shell::render(StatusCode::OK, &page))
}

fn role_words(role: Role) -> &'static str {
    match role {
        Role::Operator => "you may do everything on this server.",
        Role::Member => "you may do what the policies give you.",
        Role::Auditor => "you may look at everything, and change nothing.",
    }
}

fn browser(view: SessionView, this: &Session) -> Browser {
    Browser {
        is_this: view.id == this.id(),
        name: browser_name(view.browser.as_deref().unwrap_or_default()),
        address: view.address.unwrap_or_else(|| "this machine".to_owned()),
        since: Time::of(view.created_at),
        last_used: Time::of(view.last_seen_at),
        ends: Time::of(view.expires_at),
        id: view.id,
    }
}

/// What a browser calls itself, in few words. The order matters: nearly all of them claim to be Safari too.
fn browser_name(agent: &str) -> String {
    const PROGRAMS: [(&str, &str); 5] = [
        ("Firefox/", "Firefox"),
        ("Edg/", "Edge"),
        ("OPR/", "Opera"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("Android", "Android"),
        ("iPhone", "iOS"),
        ("iPad", "iPadOS"),
        ("Windows", "Windows"),
        ("Macintosh", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (find(&PROGRAMS), find(&SYSTEMS)) {
        (Some(program), Some(system)) => format!("{program} on {system}"),
        (Some(program), None) => program.to_owned(),
        (None, _) if agent.is_empty() => "unknown".to_owned(),
        (None, _) => shown(agent, 60),
    }
}

/// Browsers name HTML in so many words; `*/*`, as curl and most libraries send, is a program.
fn wants_html(headers: &HeaderMap) -> bool {
    let all = headers.get_all(ACCEPT).iter();
    let mut all = all
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','));
    all.any(|media| {
        media
            .split(';')
            .next()
            .is_some_and(|media| media.trim().eq_ignore_ascii_case("text/html"))
    })
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn browsers_are_told_apart_in_few_words() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        for (agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
                "Firefox on Linux",
            ),
            (
                format!("Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/140.0 Safari/537.36"),
                "Chrome on Windows",
            ),
            (
                format!("Mozilla/5.0 (Windows NT 10.0) {webkit} Chrome/140.0 Safari/537.36 Edg/140.0"),
                "Edge on Windows",
            ),
            (
                format!("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0) {webkit} Version/18.0 Safari/604.1"),
                "Safari on iOS",
            ),
            ("curl/8.5.0".to_owned(), "curl/8.5.0"),
            (String::new(), "unknown"),
        ] {
            assert_eq!(browser_name(&agent), expected);
        }
        assert!(browser_name(&"x".repeat(500)).chars().count() <= 61);
    }
}
