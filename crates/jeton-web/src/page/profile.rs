use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::{Session, SessionView};
use jeton_domain::{Role, Secret};

use super::{
    respond,
    shell::{Here, Shell},
    time::Time,
    viewer::Viewer,
};
use crate::{extract::shown, failure::Failure, state::Shared};

#[derive(Template)]
#[template(path = "profile.html")]
struct Profile {
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

/// Who has signed in, what they may do, and in which browsers.
pub(super) async fn profile(viewer: Viewer, State(state): State<Shared>) -> Result<Response, Failure> {
    let session = &viewer.session;
    let browsers = state.access.list_sessions(session.user.id).await?;
    let page = Profile {
        shell: viewer.shell(Here::Profile),
        name: session.user.name.to_string(),
        role: session.user.role,
        role_words: role_words(session.user.role),
        csrf: session.csrf.clone(),
        browsers: browsers
            .into_iter()
            .map(|view| browser(view, session, &viewer))
            .collect(),
    };
    Ok(respond::render(StatusCode::OK, &page))
}

fn role_words(role: Role) -> &'static str {
    match role {
        Role::Operator => "you may do everything on this server.",
        Role::Member => "you may do what the policies give you.",
        Role::Auditor => "you may look at everything, and change nothing.",
    }
}

fn browser(view: SessionView, this: &Session, viewer: &Viewer) -> Browser {
    Browser {
        is_this: view.id == this.id(),
        name: browser_name(view.browser.as_deref().unwrap_or_default()),
        address: view.address.unwrap_or_else(|| "this machine".to_owned()),
        since: viewer.time(view.created_at),
        last_used: viewer.time(view.last_seen_at),
        ends: viewer.time(view.expires_at),
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
