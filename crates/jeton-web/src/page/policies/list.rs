use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::PolicyView;
use jeton_domain::Action;

use super::{ADD, EXPLAIN, LIST, badge, origin, path, text, words};
use crate::{
    auth::rights::PolicyRead,
    failure::Failure,
    page::{
        badge::Badge,
        fields::{Cleared, clear_tokens},
        link::link,
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::May,
    },
    state::Shared,
};

/// Policies on a page.
const PAGE: usize = 50;
/// Actions that a row shows at once.
const FEW_ACTIONS: usize = 6;

#[derive(Template)]
#[template(path = "policies/list.html")]
struct List {
    shell: Shell,
    done: Option<&'static str>,
    add: Option<&'static str>,
    explain: &'static str,
    /// In the file's own words.
    ceiling: Option<String>,
    file: Option<FileView>,
    action: String,
    actions: &'static [Action],
    search: String,
    cleared: Cleared,
    total: usize,
    found: usize,
    rows: Vec<Row>,
    first: Option<String>,
    next: Option<String>,
}

/// How the policy file stands.
struct FileView {
    path: String,
    loaded: Option<Time>,
    error: Option<String>,
}

struct Row {
    name: String,
    path: String,
    description: Option<String>,
    state: Badge,
    origin: &'static str,
    whom: String,
    actions: String,
    /// How many those are, where they are too many to stand in a list.
    many_actions: Option<usize>,
    wherefore: String,
    permissions: String,
    text: Option<String>,
    error: Option<String>,
}

/// All policies in the order in which they are tried, under the ceiling.
pub(super) async fn list(viewer: May<PolicyRead>, State(state): State<Shared>) -> Result<Response, Failure> {
    let views = state.access.list_policies().await;
    let (action, mut search) = (viewer.parameter("action"), viewer.parameter("search"));
    let cleared = clear_tokens([("In whose text stands", &mut search)]);
    // They are in memory, in an order of their own: the place is a number.
    let from = viewer.parameter("from").parse::<usize>().unwrap_or(0);
    let found: Vec<&PolicyView> = views
        .policies
        .iter()
        .filter(|view| is_meant(view, &action, &search))
        .collect();
    let page_link = |from: usize| {
        let from = if from == 0 { String::new() } else { from.to_string() };
        link(LIST, &[("action", &action), ("search", &search), ("from", &from)])
    };
    let end = from.saturating_add(PAGE);
    let page = List {
        shell: viewer.shell(Here::Policies),
        done: done(&viewer.parameter("done")),
        add: viewer.may(Action::PolicyManage).then_some(ADD),
        explain: EXPLAIN,
        ceiling: views.ceiling.as_ref().map(text::ceiling),
        file: views.file.path.map(|path| FileView {
            path,
            loaded: views.file.loaded_at.map(|at| viewer.time(at)),
            error: views.file.error,
        }),
        actions: Action::ALL,
        total: views.policies.len(),
        found: found.len(),
        rows: found.iter().skip(from).take(PAGE).map(|view| row(view)).collect(),
        first: (from > 0).then(|| page_link(0)),
        next: (end < found.len()).then(|| page_link(end)),
        action,
        search,
        cleared,
    };
    Ok(respond::render(StatusCode::OK, &page))
}

fn done(word: &str) -> Option<&'static str> {
    Some(match word {
        "added" => "The policy is added, and in force.",
        "changed" => "The policy is changed, and in force.",
        "removed" => "The policy is removed. What was granted under it lives on until it ends.",
        _ => return None,
    })
}

fn is_meant(view: &PolicyView, action: &str, search: &str) -> bool {
    let spec = &view.spec;
    let allows = action.is_empty() || spec.actions.iter().any(|one| one == action);
    allows && (search.is_empty() || text::policy(spec).to_lowercase().contains(&search.to_lowercase()))
}

fn row(view: &PolicyView) -> Row {
    let spec = &view.spec;
    // Of what cannot be used its name is all that is known.
    let known = view.error.is_none();
    Row {
        path: path(&spec.name),
        name: spec.name.clone(),
        description: spec.description.clone(),
        state: badge(view),
        origin: origin(view.origin),
        whom: if known {
            words::whom(&spec.callers)
        } else {
            "unknown".to_owned()
        },
        actions: spec.actions.join(", "),
        many_actions: Some(spec.actions.len()).filter(|count| *count > FEW_ACTIONS),
        wherefore: if known { words::wherefore(spec) } else { String::new() },
        permissions: words::permissions(spec),
        text: known.then(|| text::policy(spec)),
        error: view.error.clone(),
    }
}
