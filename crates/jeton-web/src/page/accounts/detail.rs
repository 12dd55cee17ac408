use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::{Account, AccountError};
use jeton_domain::{Code, Diagnosis, Purpose};
use jeton_inspect::Finding;

use super::{
    done, failure,
    holders::Holders,
    is_about_the_account,
    offers::Offers,
    renewal::RenewalView,
    targets::{self, Targets},
    view::AccountView,
};
use crate::{
    extract::Name,
    failure::Failure,
    page::{
        check::{CheckView, purpose_words},
        fields::{Cleared, clear_tokens},
        problem::{Problem, is_web, sentence},
        respond,
        shell::{Here, Shell},
        time::Time,
        told::in_page_words,
        viewer::Viewer,
    },
    state::{Shared, WebState},
};

/// Everything about one account.
#[derive(Template)]
#[template(path = "accounts/detail.html")]
struct Detail {
    shell: Shell,
    done: Option<&'static str>,
    warnings: Vec<Problem>,
    problem: Option<Problem>,
    account: AccountView,
    offers: Offers,
    finding: Option<FindingView>,
    facts: Facts,
    check: Option<CheckView>,
    renewal: Option<RenewalView>,
    holders: Holders,
    targets: Option<Targets>,
    purposes: Vec<Tick>,
    cleared: Cleared,
    repository: String,
}

/// What is known of an account, each in its own line.
#[derive(Debug)]
struct Facts {
    kind: &'static str,
    scopes: Option<Vec<String>>,
    serves: Vec<String>,
    source: String,
    username: Option<String>,
    email: Option<String>,
    fingerprint: String,
    token_since: Option<Time>,
    created_at: Option<Time>,
    updated_at: Option<Time>,
    verdict_at: Option<Time>,
    next_check_at: Option<Time>,
    /// Whether the forge renews such tokens at all.
    can_be_renewed: bool,
    auto_rotate: bool,
    rotate_at: Option<Time>,
}

/// What is wrong although the last look did not say so: an end that has passed since. `cause` and `remedy` are HTML.
#[derive(Debug)]
struct FindingView {
    cause: String,
    remedy: String,
    url: Option<String>,
}

/// A purpose to tick.
#[derive(Debug)]
struct Tick {
    value: &'static str,
    words: &'static str,
    is_on: bool,
}

/// What the page says at its top of what was done just now.
#[derive(Default)]
struct Told {
    done: Option<&'static str>,
    warnings: Vec<Problem>,
    error: Option<AccountError>,
    targets: targets::Told,
}

/// What somebody chose to test an account with.
#[derive(Debug, Default)]
pub(super) struct Chosen {
    pub(super) purposes: Vec<Purpose>,
    pub(super) repository: String,
}

/// The page of one account.
pub(super) async fn detail(viewer: Viewer, State(state): State<Shared>, Name(name): Name) -> Result<Response, Failure> {
    let account = get(&viewer, &state, &name).await?;
    let tested = account
        .report
        .as_ref()
        .map(|report| &report.purposes[..])
        .unwrap_or_default();
    let chosen = Chosen {
        purposes: tested.iter().map(|one| one.purpose).collect(),
        repository: viewer.parameter("repository"),
    };
    let done = done::words(&viewer.parameter("done"), &account, viewer.now);
    let told = Told {
        done,
        ..Told::default()
    };
    page(&viewer, &state, &account, &chosen, told).await
}

/// The account of a name that the viewer may see.
pub(super) async fn get(viewer: &Viewer, state: &WebState, name: &str) -> Result<Account, Failure> {
    let accounts = state.broker.accounts();
    accounts.permit_look(viewer.caller(), viewer.request_id())?;
    accounts.get(viewer.caller(), name).await.map_err(failure)
}

/// The page of an account that has another token now, with what is to be said about that one. Not by way of an address, which could not
/// say it and would be kept.
pub(super) async fn replaced(
    viewer: &Viewer,
    state: &WebState,
    account: &Account,
    findings: &[Finding],
) -> Result<Response, Failure> {
    let warnings = findings.iter().filter(|one| one.code == Code::CredentialScope);
    let warnings: Vec<Problem> = warnings
        .map(|one| Problem::new(&one.words, Some(&one.remedy)))
        .collect();
    let done = done::words("replaced", account, viewer.now);
    let told = Told {
        done,
        warnings,
        ..Told::default()
    };
    page(viewer, state, account, &Chosen::default(), told).await
}

/// The page of an account with which something was not done, and why.
pub(super) async fn refused(
    viewer: &Viewer,
    state: &WebState,
    name: &str,
    chosen: &Chosen,
    error: AccountError,
) -> Result<Response, Failure> {
    if !is_about_the_account(&error) {
        return Err(failure(error));
    }
    let account = get(viewer, state, name).await?;
    let told = Told {
        error: Some(error),
        ..Told::default()
    };
    page(viewer, state, &account, chosen, told).await
}

/// The page of an account with whose targets something was not done, and why.
pub(super) async fn of_targets(
    viewer: &Viewer,
    state: &WebState,
    account: &Account,
    told: targets::Told,
) -> Result<Response, Failure> {
    let told = Told {
        targets: told,
        ..Told::default()
    };
    page(viewer, state, account, &Chosen::default(), told).await
}

async fn page(
    viewer: &Viewer,
    state: &WebState,
    account: &Account,
    chosen: &Chosen,
    told: Told,
) -> Result<Response, Failure> {
    let Told {
        done,
        warnings,
        error,
        targets,
    } = told;
    let error = error.map(Failure::from);
    let mut repository = chosen.repository.clone();
    let cleared = clear_tokens([("Repository to try it on", &mut repository)]);
    let status = error
        .as_ref()
        .or(targets.failure.as_ref())
        .map_or(StatusCode::OK, |failure| respond::page_status(failure.code()));
    let targets = Targets::of(account, viewer, state, targets).await?;
    let purposes = Purpose::ALL.iter().map(|purpose| Tick {
        value: purpose.as_str(),
        words: purpose_words(*purpose),
        is_on: chosen.purposes.contains(purpose),
    });
    let offers = Offers::of(account, viewer);
    // Where the form of the test stands below it.
    let view = |report| {
        let view = CheckView::of(report, viewer);
        if offers.test { view.with_repository() } else { view }
    };
    let page = Detail {
        shell: viewer.shell(Here::Accounts),
        done,
        warnings,
        problem: error.as_ref().map(Problem::from),
        account: AccountView::of(account, viewer),
        offers,
        finding: unsaid(account).map(FindingView::of),
        facts: Facts::of(account, viewer),
        check: account.report.as_ref().map(view),
        renewal: RenewalView::of(account, viewer),
        holders: Holders::of(account, viewer, state).await?,
        targets: targets.filter(|targets| targets.is_shown(viewer)),
        purposes: purposes.collect(),
        cleared,
        repository,
    };
    Ok(respond::render(status, &page))
}

/// What is wrong, unless the last look says it.
fn unsaid(account: &Account) -> Option<&Diagnosis> {
    let finding = account.finding.as_ref()?;
    let said = account
        .report
        .as_ref()
        .map(|report| &report.diagnoses[..])
        .unwrap_or_default();
    (!said.contains(finding)).then_some(finding)
}

impl FindingView {
    fn of(finding: &Diagnosis) -> Self {
        // What it says to the command line is a button on this page.
        let remedy = match finding.code {
            Code::CredentialExpired => {
                "Make a new token at the forge, and put it in the place of this one with “Replace token”."
            }
            _ => &finding.remedy,
        };
        Self {
            cause: in_page_words(&sentence(&finding.cause)),
            remedy: in_page_words(remedy),
            url: finding.url.clone().filter(|url| is_web(url)),
        }
    }
}

impl Facts {
    fn of(account: &Account, viewer: &Viewer) -> Self {
        let time = |at| viewer.time(at);
        Self {
            kind: account.kind.words(),
            scopes: account.scopes.clone(),
            serves: account.serves.iter().map(ToString::to_string).collect(),
            source: account.source.clone(),
            username: account.username.clone(),
            email: account.email.clone(),
            fingerprint: account.fingerprint.to_string(),
            token_since: account.token_since.map(time),
            created_at: account.created_at.map(time),
            updated_at: account.updated_at.map(time),
            verdict_at: account.verdict_at.map(time),
            next_check_at: account.next_check_at.map(time),
            can_be_renewed: account.kind.renews_itself(),
            auto_rotate: account.auto_rotate,
            rotate_at: account.rotate_at.map(time),
        }
    }
}
