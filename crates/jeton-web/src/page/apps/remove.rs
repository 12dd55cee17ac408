use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_broker::{Asker, GrantAsk};
use jeton_domain::Action;

use super::{LIST, find, view::AppView};
use crate::{
    auth::rights::AppManage,
    extract::Name,
    failure::Failure,
    page::{
        link::link,
        respond,
        shell::{Here, Shell},
        viewer::{May, SentBy},
    },
    state::{Shared, WebState},
};

/// Tokens are counted up to here.
const COUNTED: u32 = 100;

#[derive(Template)]
#[template(path = "app_remove.html")]
struct Confirm {
    shell: Shell,
    app: AppView,
    list: &'static str,
    /// Whether it is the only one.
    is_last: bool,
    /// Whether the compatible routes are set to it.
    serves_compat: bool,
    /// Policies that name it, for whoever may see policies.
    policies: Vec<String>,
    /// How many hold tokens of it, for whoever may see that.
    held: Option<String>,
    /// Where it is seen who holds tokens of it.
    grants: String,
}

/// What depends on an App, before it is removed.
pub(super) async fn confirm(
    viewer: May<AppManage>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    let app = find(&state, &name).await?;
    let source = format!("app:{}", app.name);
    let policies = if viewer.is_allowed(Action::PolicyRead) {
        policies_of(&state, &source).await
    } else {
        Vec::new()
    };
    let held = if viewer.is_allowed(Action::GrantRead) {
        Some(held(&state, viewer.asker(), &source).await?)
    } else {
        None
    };
    let page = Confirm {
        shell: viewer.shell(Here::Apps),
        list: LIST,
        is_last: state.broker.list_apps().len() == 1,
        serves_compat: state.settings.compat.app.as_ref() == Some(&app.name),
        policies,
        held,
        grants: link("/grants", &[("source", &source)]),
        app: AppView::of(&app, &viewer),
    };
    Ok(respond::render(StatusCode::OK, &page))
}

/// How many hold its tokens now, in words.
async fn held(state: &WebState, asker: Asker, source: &str) -> Result<String, Failure> {
    let ask = GrantAsk {
        only_live: true,
        source: Some(source.to_owned()),
        limit: COUNTED,
        ..GrantAsk::default()
    };
    let page = state.broker.list_grants(&asker, ask).await?;
    Ok(match (page.grants.len(), page.next) {
        (0, None) => "Nobody holds a token of it now.".to_owned(),
        (1, None) => "One token of it is held now.".to_owned(),
        (count, None) => format!("{count} tokens of it are held now."),
        (count, Some(_)) => format!("More than {count} tokens of it are held now."),
    })
}

/// The policies that name it in so many words; those with a pattern are not about it alone.
async fn policies_of(state: &WebState, source: &str) -> Vec<String> {
    let views = state.access.list_policies().await;
    let naming = views
        .policies
        .into_iter()
        .filter(|view| !view.shadowed && view.spec.sources.iter().any(|pattern| pattern == source));
    naming.map(|view| view.spec.name).collect()
}

/// Forgets an App and its key.
pub(super) async fn remove_app(
    State(state): State<Shared>,
    Name(name): Name,
    sent: SentBy<AppManage>,
) -> Result<Response, Failure> {
    state.broker.remove_app(&sent.viewer.asker(), &name).await?;
    Ok(respond::see_other(&link(LIST, &[("done", "removed")])))
}
