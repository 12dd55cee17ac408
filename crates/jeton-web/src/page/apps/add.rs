use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_broker::NewApp;
use jeton_domain::{AppIssuer, AppName, Code, ForgeEndpoint, Permissions, Secret};

use super::{LIST, NEW, path_of, view::words};
use crate::{
    auth::rights::AppManage,
    failure::Failure,
    page::{
        fields::{Cleared, Fields, clear_tokens},
        link::link,
        problem::Problem,
        respond,
        shell::{Here, Shell},
        viewer::{May, SentBy, Viewer},
    },
    state::{Shared, WebState},
};

/// What was typed, but for the key.
#[derive(Debug, Default)]
struct Typed {
    name: String,
    app_id: String,
    api_url: String,
}

/// The field in which something is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    AppId,
    Key,
    ApiUrl,
}

#[derive(Template)]
#[template(path = "app_add.html")]
struct Form {
    shell: Shell,
    typed: Typed,
    cleared: Cleared,
    problem: Option<Problem>,
    wrong: Option<Field>,
    /// Whether it may be added although the forge gave no clear word.
    offer_unasked: bool,
    /// Where an App is made, with what jeton needs filled in.
    make: String,
    permissions: Vec<String>,
    list: &'static str,
    action: &'static str,
}

/// The empty form.
pub(super) async fn form(viewer: May<AppManage>, State(state): State<Shared>) -> Result<Response, Failure> {
    Ok(page(&viewer, &state, Typed::default(), None))
}

/// Keeps an App, its key sealed. The forge is asked first whether id and key belong together.
pub(super) async fn add_app(
    State(state): State<Shared>,
    SentBy { viewer, mut fields, .. }: SentBy<AppManage>,
) -> Result<Response, Failure> {
    let private_key = fields.take_secret("private_key");
    let typed = Typed::read(&fields);
    let new = NewApp {
        name: typed.name.clone(),
        app_id: typed.app_id.clone(),
        private_key: private_key.unwrap_or_else(|| Secret::new(String::new())),
        api_url: Some(typed.api_url.clone()).filter(|url| !url.is_empty()),
        check: !fields.is_on("unasked"),
    };
    match state.broker.add_app(&viewer.asker(), new).await {
        Ok(app) => Ok(respond::see_other(&link(&path_of(&app.name), &[("done", "added")]))),
        Err(error) => {
            let failure = Failure::from(error);
            if failure.code() == Code::Internal {
                return Err(failure);
            }
            Ok(page(&viewer, &state, typed, Some(&failure)))
        }
    }
}

fn page(viewer: &Viewer, state: &WebState, mut typed: Typed, failure: Option<&Failure>) -> Response {
    let wanted = &state.broker.settings().default_permissions;
    let wrong = failure.and_then(|failure| typed.wrong(failure.code()));
    let page = Form {
        shell: viewer.shell(Here::Apps),
        problem: failure.map(|failure| problem(failure, wrong)),
        wrong,
        offer_unasked: failure.is_some_and(|failure| is_unclear(failure.code())),
        make: make(wanted),
        permissions: words(wanted),
        list: LIST,
        action: NEW,
        cleared: clear_tokens([
            ("Name", &mut typed.name),
            ("App id or client id", &mut typed.app_id),
            ("API address", &mut typed.api_url),
        ]),
        typed,
    };
    let status = failure.map_or(StatusCode::OK, |failure| respond::page_status(failure.code()));
    respond::render(status, &page)
}

/// What is wrong. The rules stand at the fields already; the remedy for a field's form is for the command line.
fn problem(failure: &Failure, wrong: Option<Field>) -> Problem {
    let told = Problem::from(failure);
    match (failure.code(), wrong) {
        (Code::AppInvalid, Some(_)) => Problem { remedy: None, ..told },
        _ => told,
    }
}

/// GitHub's own form, with the permissions that jeton asks for by default; no webhook is needed. The names of the parameters
/// are those of GitHub's page "Registering a GitHub App using URL parameters".
fn make(permissions: &Permissions) -> String {
    let mut parameters = vec![("webhook_active", "false"), ("public", "false")];
    parameters.extend(permissions.iter().map(|(name, access)| (name, access.as_str())));
    link("https://github.com/settings/apps/new", &parameters)
}

/// The forge could not be asked: that says nothing about the App.
fn is_unclear(code: Code) -> bool {
    matches!(
        code,
        Code::ForgeUnavailable | Code::ForgeTimeout | Code::ForgeRateLimited | Code::ForgeGarbled
    )
}

impl Typed {
    fn read(fields: &Fields) -> Self {
        let text = |name| fields.text(name).to_owned();
        Self {
            name: text("name"),
            app_id: text("app_id"),
            api_url: text("api_url"),
        }
    }

    /// Where the mistake is, as far as it is in one field.
    fn wrong(&self, code: Code) -> Option<Field> {
        match code {
            Code::AppNameTaken => Some(Field::Name),
            Code::AppKeyInvalid => Some(Field::Key),
            Code::AppInvalid if AppName::parse(&self.name).is_err() => Some(Field::Name),
            Code::AppInvalid if AppIssuer::parse(&self.app_id).is_err() => Some(Field::AppId),
            Code::AppInvalid => ForgeEndpoint::github(&self.api_url).is_err().then_some(Field::ApiUrl),
            _ => None,
        }
    }
}

impl Form {
    fn is_wrong(&self, field: Field) -> bool {
        self.wrong == Some(field)
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{Code, Permissions};

    use super::{Field, Typed, make};

    #[test]
    fn the_mistake_is_shown_where_it_was_made() {
        let typed = |name: &str, app_id: &str, api_url: &str| Typed {
            name: name.to_owned(),
            app_id: app_id.to_owned(),
            api_url: api_url.to_owned(),
        };
        for (typed, code, expected) in [
            (typed("CI", "x", ""), Code::AppInvalid, Some(Field::Name)),
            (typed("ci", "x", ""), Code::AppInvalid, Some(Field::AppId)),
            (typed("ci", "1", "ftp://x"), Code::AppInvalid, Some(Field::ApiUrl)),
            (typed("ci", "1", ""), Code::AppNameTaken, Some(Field::Name)),
            (typed("ci", "1", ""), Code::AppKeyInvalid, Some(Field::Key)),
            (typed("ci", "1", ""), Code::AppKeyRejected, None),
        ] {
            assert_eq!(typed.wrong(code), expected, "{typed:?} {code}");
        }
    }

    #[test]
    fn githubs_form_is_filled_in() {
        let permissions = Permissions::parse_list("contents=read,pull_requests=write").unwrap();
        assert_eq!(
            make(&permissions),
            "https://github.com/settings/apps/new?webhook_active=false&public=false&contents=read&pull_requests=write"
        );
    }
}
