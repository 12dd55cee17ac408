//! The targets of an account on its page: the secrets of CI to which its token is pushed, and its old tokens that wait for them.

use axum::{extract::State, response::Response};
use jeton_accounts::{Account, AccountOrigin};
use jeton_ci::{CiError, SecretOptions, Target, TargetAsk, TargetState};
use jeton_domain::{Action, Code, Coded as _};

use super::{
    detail::{self, of_targets},
    offers::Offers,
    old_tokens::OldTokenView,
    path_of,
};
use crate::{
    extract::{Name, TwoNames},
    failure::Failure,
    operations::ci::failed,
    page::{
        badge::{Badge, Tone},
        ci::{PlaceTyped, TriedView, Wrong},
        fields::{Cleared, Fields, clear_tokens},
        link::link,
        problem::{Problem, is_web, sentence},
        respond,
        time::Time,
        told::in_page_words,
        viewer::{Sent, Viewer},
    },
    state::{Shared, WebState},
};

/// The part of the page.
#[derive(Debug)]
pub(super) struct Targets {
    pub(super) rows: Vec<TargetView>,
    pub(super) old_tokens: Vec<OldTokenView>,
    /// Whether the viewer may add, push and remove.
    pub(super) may_change: bool,
    /// Whether some target has not the account's token.
    pub(super) are_behind: bool,
    pub(super) done: Option<&'static str>,
    pub(super) problem: Option<Problem>,
    pub(super) tried: Vec<TriedView>,
    /// The field in which something is wrong.
    pub(super) wrong: &'static str,
    pub(super) cleared: Cleared,
    pub(super) typed: TargetTyped,
}

/// One target; `error` and `remedy` are HTML.
#[derive(Debug)]
pub(super) struct TargetView {
    pub(super) path: String,
    pub(super) host: String,
    pub(super) place: String,
    pub(super) environment: Option<String>,
    pub(super) name: String,
    pub(super) source: String,
    pub(super) state: Badge,
    pub(super) fingerprint: Option<String>,
    pub(super) since: Option<Time>,
    pub(super) attempts: Option<String>,
    pub(super) error: Option<String>,
    pub(super) remedy: Option<String>,
    pub(super) url: Option<String>,
}

/// What the form has.
#[derive(Debug, Default)]
pub(super) struct TargetTyped {
    pub(super) place: PlaceTyped,
    pub(super) environment: String,
    pub(super) name: String,
}

/// What was done to the targets just now, or what was not.
#[derive(Default)]
pub(super) struct Told {
    pub(super) typed: TargetTyped,
    pub(super) wrong: &'static str,
    pub(super) failure: Option<Failure>,
}

impl Targets {
    /// None of an account that is not stored: its token changes with the server's environment.
    pub(super) async fn of(
        account: &Account,
        viewer: &Viewer,
        state: &WebState,
        told: Told,
    ) -> Result<Option<Self>, Failure> {
        if let AccountOrigin::Environment { .. } = account.origin {
            return Ok(None);
        }
        let found = state.ci.list_targets(&viewer.asker(), &account.id.to_string()).await;
        let found = found.map_err(|error| failed(state, &error))?;
        let Told {
            mut typed,
            wrong,
            failure,
        } = told;
        let cleared = clear_tokens([
            ("Forge", &mut typed.place.forge),
            ("Repository or owner", &mut typed.place.path),
            ("Environment", &mut typed.environment),
            ("Name of the secret", &mut typed.name),
            ("As whom", &mut typed.place.source),
        ]);
        let page = path_of(account.id);
        Ok(Some(Self {
            rows: found
                .targets
                .iter()
                .map(|target| TargetView::of(target, &page, viewer))
                .collect(),
            old_tokens: found
                .old_tokens
                .iter()
                .map(|old| OldTokenView::of(old, viewer))
                .collect(),
            may_change: Offers::of(account, viewer).change,
            are_behind: found.targets.iter().any(|target| !target.is_current),
            done: words(&viewer.parameter("done")),
            tried: failure.as_ref().map(TriedView::all).unwrap_or_default(),
            problem: failure.as_ref().map(Problem::from),
            wrong,
            cleared,
            typed,
        }))
    }

    /// Whether there is anything to tell or to do.
    pub(super) fn is_shown(&self, viewer: &Viewer) -> bool {
        let pushes = self.may_change && viewer.may(Action::SecretPush);
        pushes || !self.rows.is_empty() || !self.old_tokens.is_empty()
    }
}

impl TargetView {
    fn of(target: &Target, page: &str, viewer: &Viewer) -> Self {
        let error = target.error.as_ref().filter(|_| !target.is_current);
        Self {
            path: format!("{page}/targets/{}", target.id),
            host: target.forge.host().to_owned(),
            place: target.scope.words(target.forge.kind()),
            environment: target.environment.clone(),
            name: target.name.clone(),
            source: target.source.clone(),
            state: state_of(target),
            fingerprint: target.pushed.as_ref().map(ToString::to_string),
            since: target.pushed_at.map(|at| viewer.time(at)),
            attempts: (!target.is_current && target.attempts > 0).then(|| match target.attempts {
                1 => "tried once".to_owned(),
                many => format!("tried {many} times"),
            }),
            error: error.map(|error| in_page_words(&sentence(&error.cause))),
            remedy: error.map(|error| in_page_words(&sentence(&error.remedy))),
            url: error.and_then(|error| error.url.clone()).filter(|url| is_web(url)),
        }
    }

    /// What a button says that it acts on.
    pub(super) fn words(&self) -> String {
        format!("{} of {} on {}", self.name, self.place, self.host)
    }
}

/// How a target stands, in few words.
fn state_of(target: &Target) -> Badge {
    match target.state {
        _ if target.is_current => Badge::new(Tone::Good, "Has the token"),
        TargetState::Failed => Badge::new(Tone::Bad, "Given up"),
        TargetState::Pending | TargetState::Current if target.error.is_some() => {
            Badge::new(Tone::Warn, "Waiting, tried again soon")
        }
        TargetState::Pending | TargetState::Current => Badge::new(Tone::Busy, "Waiting"),
    }
}

fn words(done: &str) -> Option<&'static str> {
    match done {
        "target-added" => Some("The target is added. New tokens of this account follow by themselves."),
        "targets-pushed" => {
            Some("The token is on its way to every target that has not got it. Load the page again in a moment.")
        }
        "target-removed" => Some("The target is removed. At the forge the secret stays as it is."),
        _ => None,
    }
}

/// Adds a target.
pub(super) async fn add(State(state): State<Shared>, Name(name): Name, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, fields } = sent;
    let account = detail::get(&viewer, &state, &name).await?;
    let typed = TargetTyped::read(&fields);
    let ask = match typed.ask(&account) {
        Ok(ask) => ask,
        Err((field, failure)) => return refused(&viewer, &state, &account, typed, field, failure).await,
    };
    let added = state.ci.add_target(&viewer.asker(), &account.id.to_string(), ask).await;
    match added {
        Ok(_) => Ok(back(&account, "target-added")),
        Err(error) => {
            let field = field_of(&error);
            refused(&viewer, &state, &account, typed, field, failed(&state, &error)).await
        }
    }
}

/// Has the account's token pushed to all targets that do not have it.
pub(super) async fn push(State(state): State<Shared>, Name(name): Name, sent: Sent) -> Result<Response, Failure> {
    let account = detail::get(&sent.viewer, &state, &name).await?;
    let pushed = state
        .ci
        .push_targets(&sent.viewer.asker(), &account.id.to_string())
        .await;
    changed(&sent.viewer, &state, &account, pushed.map(|_| "targets-pushed")).await
}

/// Removes a target.
pub(super) async fn remove(
    State(state): State<Shared>,
    TwoNames(name, target): TwoNames,
    sent: Sent,
) -> Result<Response, Failure> {
    let account = detail::get(&sent.viewer, &state, &name).await?;
    let asker = sent.viewer.asker();
    let removed = state.ci.remove_target(&asker, &account.id.to_string(), &target).await;
    changed(&sent.viewer, &state, &account, removed.map(|_| "target-removed")).await
}

async fn changed(
    viewer: &Viewer,
    state: &WebState,
    account: &Account,
    changed: Result<&'static str, CiError>,
) -> Result<Response, Failure> {
    match changed {
        Ok(done) => Ok(back(account, done)),
        Err(error) => {
            let failure = failed(state, &error);
            refused(viewer, state, account, TargetTyped::default(), "", failure).await
        }
    }
}

fn back(account: &Account, done: &'static str) -> Response {
    respond::see_other(&(link(&path_of(account.id), &[("done", done)]) + "#targets"))
}

async fn refused(
    viewer: &Viewer,
    state: &WebState,
    account: &Account,
    typed: TargetTyped,
    wrong: &'static str,
    failure: Failure,
) -> Result<Response, Failure> {
    let told = Told {
        typed,
        wrong,
        failure: Some(failure),
    };
    of_targets(viewer, state, account, told).await
}

/// The field that an error is about, where it is about one.
fn field_of(error: &CiError) -> &'static str {
    match error.code() {
        Code::SecretName => "name",
        Code::SecretEnvironment => "environment",
        Code::RunnerScopeNotFound => "path",
        _ => "",
    }
}

impl TargetTyped {
    fn read(fields: &Fields) -> Self {
        Self {
            place: PlaceTyped {
                forge: fields.text("forge").to_owned(),
                is_owner: fields.text("what") == "owner",
                path: fields.text("path").to_owned(),
                source: fields.text("source").to_owned(),
            },
            environment: fields.text("environment").to_owned(),
            name: fields.text("name").to_owned(),
        }
    }

    fn ask(&self, account: &Account) -> Result<TargetAsk, Wrong> {
        let mut source = self.place.source()?;
        // By its id: it may be a private one, and others may have its label.
        if source.account.is_some() && self.place.source == account.source {
            source.account = Some(account.id.to_string());
        }
        if self.name.is_empty() {
            let missing = Failure::new(Code::SecretName, "the secret has no name");
            return Err((
                "name",
                missing.with_remedy("Name it as the jobs read it, such as `DEPLOY_TOKEN`."),
            ));
        }
        Ok(TargetAsk {
            forge: self.place.forge(),
            scope: self.place.scope()?,
            source,
            name: self.name.clone(),
            options: SecretOptions {
                environment: Some(self.environment.clone()).filter(|text| !text.is_empty()),
                ..SecretOptions::default()
            },
        })
    }
}
