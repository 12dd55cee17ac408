//! The GitHub Apps: which there are, what the forge said of them when it was last asked, and what hangs on them.

mod add;
mod check;
mod list;
mod memory;
mod quota;
mod remove;
mod show;
mod verdict;
mod view;

use axum::{
    Router,
    routing::{get, post},
};
use jeton_broker::{AppSummary, BrokerError};
use jeton_domain::AppName;

use super::link::under;
use crate::{
    extract::shown,
    failure::Failure,
    state::{Shared, WebState},
};

pub(crate) use memory::AppChecks;

/// The list.
const LIST: &str = "/apps";
/// The form.
const NEW: &str = "/apps/new";

pub(super) fn router() -> Router<Shared> {
    Router::new()
        .route(LIST, get(list::list_apps))
        .route(NEW, get(add::form).post(add::add_app))
        .route("/apps/{name}", get(show::show_app))
        // With GET: where somebody lands who had to sign in first.
        .route("/apps/{name}/check", post(check::check_app).get(check::back))
        .route("/apps/{name}/remove", get(remove::confirm).post(remove::remove_app))
}

/// The page of an App. At `/apps/new` is the form, so that an App of this name is spelled otherwise.
fn path_of(name: &AppName) -> String {
    match name.as_str() {
        "new" => format!("{LIST}/%6Eew"),
        name => under(LIST, name),
    }
}

/// One App. When it is not known here, another server on the same database may have added it. No forge is asked.
///
/// # Errors
/// [`BrokerError::AppNotFound`], or what the vault said.
async fn find(state: &WebState, name: &str) -> Result<AppSummary, Failure> {
    let known = || {
        let mut apps = state.broker.list_apps().into_iter();
        apps.find(|app| app.name.as_str() == name)
    };
    if let Some(app) = known() {
        return Ok(app);
    }
    if AppName::parse(name).is_ok() {
        state.broker.reload_apps().await?;
    }
    known().ok_or_else(|| BrokerError::AppNotFound(shown(name, 64)).into())
}

#[cfg(test)]
mod tests {
    use jeton_domain::AppName;

    use super::path_of;

    #[test]
    fn every_app_has_a_page_of_its_own() {
        let path = |name| path_of(&AppName::parse(name).unwrap());
        assert_eq!(path("ci"), "/apps/ci");
        assert_eq!(path("new"), "/apps/%6Eew");
        assert_eq!(path("new.1"), "/apps/new.1");
    }
}
