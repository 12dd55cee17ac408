use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::{Account, AccountError, EndOld, Replacement};
use jeton_domain::{Code, ForgeKind, Purpose};

use super::{dates, detail, failure, is_about_the_account, offers::Offers, path_of, view::AccountView};
use crate::{
    extract::Name,
    failure::Failure,
    page::{
        add_account::guide_steps,
        check::CheckView,
        fields::{Cleared, clear_tokens},
        link::link,
        problem::{Problem, is_web, sentence},
        respond,
        shell::{Here, Shell},
        viewer::{Sent, Viewer},
    },
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "accounts/replace.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a part of the page that is there or not"
)]
struct Replace {
    shell: Shell,
    account: AccountView,
    problem: Option<Problem>,
    /// What the forge said of the token that was not taken.
    check: Option<CheckView>,
    guide: Option<Guide>,
    cleared: Cleared,
    typed: Typed,
    /// Whether the forge said that it is somebody else's.
    offer_other: bool,
    /// Whether the forge gave no clear word.
    offer_untested: bool,
    /// Whether its forge ends tokens when it is asked to.
    offer_end: bool,
    wants_email: bool,
    wants_username: bool,
}

/// Where and how to make a token.
struct Guide {
    /// Fit to stand in a link.
    url: Option<String>,
    kind: &'static str,
    scopes: Vec<String>,
    /// HTML.
    steps: Vec<String>,
}

/// What the form has, but for the token.
#[derive(Debug, Default)]
struct Typed {
    username: String,
    email: String,
    expires_at: String,
    other_identity: bool,
    untested: bool,
    end_old: bool,
}

/// The form for a new token, for those who may change the account; others see its page.
pub(super) async fn replace_page(
    viewer: Viewer,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    let account = detail::get(&viewer, &state, &name).await?;
    if !Offers::of(&account, &viewer).change {
        return Ok(respond::see_other(&path_of(account.id)));
    }
    let typed = Typed {
        username: account.username.clone().unwrap_or_default(),
        email: account.email.clone().unwrap_or_default(),
        ..Typed::default()
    };
    Ok(page(&viewer, &state, &account, typed, None))
}

/// Puts another token into an account.
pub(super) async fn replace(State(state): State<Shared>, Name(name): Name, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, mut fields } = sent;
    let token = fields.take_secret("token");
    let account = detail::get(&viewer, &state, &name).await?;
    let accounts = state.broker.accounts();
    let id = account.id.to_string();
    accounts
        .permit_change(viewer.caller(), viewer.request_id(), &id)
        .await
        .map_err(failure)?;
    let typed = Typed {
        username: fields.text("username").to_owned(),
        email: fields.text("email").to_owned(),
        expires_at: fields.text("expires_at").to_owned(),
        other_identity: fields.is_on("other_identity"),
        untested: fields.is_on("untested"),
        end_old: fields.is_on("end_old"),
    };
    let Some(token) = token else {
        let missing = Failure::new(Code::RequestInvalid, "there is no token").with_remedy("Paste the new token.");
        return Ok(page(&viewer, &state, &account, typed, Some(Wrong::of(&missing))));
    };
    let expires_at = match dates::read(&typed.expires_at) {
        Ok(expires_at) => expires_at,
        Err(wrong) => return Ok(page(&viewer, &state, &account, typed, Some(Wrong::of(&wrong)))),
    };
    let new = Replacement {
        token,
        username: fields.some("username"),
        email: fields.some("email"),
        expires_at,
        other_identity: typed.other_identity,
        untested: typed.untested,
        end_old: typed.end_old.then(EndOld::default),
    };
    let ends_old = typed.end_old;
    let replaced = accounts
        .replace_token(viewer.caller(), viewer.request_id(), &id, new)
        .await;
    match replaced {
        Ok(added) if added.inspection.has(Code::CredentialScope) => {
            detail::replaced(&viewer, &state, &added.account, &added.inspection.findings).await
        }
        Ok(added) => Ok(respond::see_other(&link(
            &path_of(added.account.id),
            &[("done", if ends_old { "replaced-ending" } else { "replaced" })],
        ))),
        Err(error) if is_about_the_account(&error) => {
            let wrong = Wrong::explained(error, &viewer);
            Ok(page(&viewer, &state, &account, typed, Some(wrong)))
        }
        Err(error) => Err(failure(error)),
    }
}

/// Why a token was not taken, and what is offered then.
struct Wrong {
    status: StatusCode,
    problem: Problem,
    check: Option<CheckView>,
    is_other: bool,
    is_untested: bool,
}

impl Wrong {
    fn of(failure: &Failure) -> Self {
        Self {
            status: respond::page_status(failure.code()),
            problem: Problem::from(failure),
            check: None,
            is_other: false,
            is_untested: false,
        }
    }

    /// In the words of a page: where the command line has a switch, this has a box.
    fn explained(error: AccountError, viewer: &Viewer) -> Self {
        let plain = Self::of(&Failure::from(error.clone()));
        match error {
            AccountError::OtherIdentity { .. } => Self {
                problem: Problem::new(
                    &sentence(&error.to_string()),
                    Some(
                        "Nothing was changed. Add the new token as another account. If this account is to belong to somebody else \
                         from now on, tick the box below and paste the token again. On GitLab, each project and group access \
                         token is a user of its own.",
                    ),
                ),
                is_other: true,
                ..plain
            },
            AccountError::Untested { report } => Self {
                problem: Problem::new(
                    "The forge did not say whether it takes the new token.",
                    Some(
                        "Nothing was changed. Try again in a while, or tick the box below to put the token in without a test, and \
                         paste it again.",
                    ),
                ),
                check: Some(CheckView::of(&report, viewer)),
                is_untested: true,
                ..plain
            },
            AccountError::Refused { report } => Self {
                problem: Problem::new(
                    "The new token cannot be taken, so nothing was changed.",
                    Some("What was found stands below."),
                ),
                check: Some(CheckView::of(&report, viewer)),
                ..plain
            },
            _ => plain,
        }
    }
}

fn page(viewer: &Viewer, state: &WebState, account: &Account, mut typed: Typed, wrong: Option<Wrong>) -> Response {
    let status = wrong.as_ref().map_or(StatusCode::OK, |wrong| wrong.status);
    let (is_other, is_untested) = wrong
        .as_ref()
        .map_or((false, false), |wrong| (wrong.is_other, wrong.is_untested));
    let (problem, check) = wrong.map_or((None, None), |wrong| (Some(wrong.problem), wrong.check));
    let page = Replace {
        shell: viewer.shell(Here::Accounts),
        problem,
        check,
        guide: guide(state, account),
        // A box that was offered stays until the token is in.
        offer_other: is_other || typed.other_identity,
        offer_untested: is_untested || typed.untested,
        // Bitbucket has no call for it; of the others, the use case knows which tokens can be ended.
        offer_end: account.forge.kind() != ForgeKind::Bitbucket,
        wants_email: account.kind.needs_email() || account.email.is_some(),
        wants_username: account.username.is_some(),
        cleared: clear_tokens([
            ("User name at the forge", &mut typed.username),
            ("E-mail address at the forge", &mut typed.email),
            ("End of the new token", &mut typed.expires_at),
        ]),
        account: AccountView::of(account, viewer),
        typed,
    };
    respond::render(status, &page)
}

/// How to make a token like the one that the account has.
fn guide(state: &WebState, account: &Account) -> Option<Guide> {
    let tested = account
        .report
        .as_ref()
        .map(|report| &report.purposes[..])
        .unwrap_or_default();
    let mut purposes: Vec<Purpose> = tested.iter().map(|one| one.purpose).collect();
    if purposes.is_empty() {
        purposes.push(Purpose::ReadContent);
    }
    let served = account.serves.first().map(ToString::to_string);
    let guide = state.broker.accounts().guide(
        Some(account.forge.kind().as_str()),
        Some(account.forge.web_url()).filter(|_| !account.forge.is_public()),
        Some(account.kind).filter(|kind| kind.can_be_account()),
        &purposes,
        served.as_deref(),
    );
    let guide = guide.ok()?;
    let steps = guide_steps(&guide.steps, &guide.url);
    Some(Guide {
        url: Some(guide.url).filter(|url| is_web(url)),
        kind: guide.kind.words(),
        scopes: guide.scopes,
        steps,
    })
}
