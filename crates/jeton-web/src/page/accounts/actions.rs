//! The buttons of an account's page. What will not do is said on that page again.

use axum::{extract::State, response::Response};
use jeton_accounts::{Account, AccountChange, AccountError};
use jeton_domain::{Purpose, RepoPath};

use super::{
    detail::{Chosen, refused},
    path_of,
};
use crate::{
    extract::Name,
    failure::Failure,
    page::{link::link, respond, viewer::Sent},
    state::Shared,
};

/// Asks the forge about its token.
pub(super) async fn test(State(state): State<Shared>, Name(name): Name, sent: Sent) -> Result<Response, Failure> {
    let Sent { viewer, fields } = sent;
    let chosen = Chosen {
        purposes: fields
            .all("purpose")
            .iter()
            .filter_map(|word| Purpose::parse(word))
            .collect(),
        repository: fields.text("repository").to_owned(),
    };
    let accounts = state.broker.accounts();
    let repository = Some(chosen.repository.as_str()).filter(|text| !text.is_empty());
    let tested = accounts
        .test_stored(
            viewer.caller(),
            viewer.request_id(),
            &name,
            chosen.purposes.clone(),
            repository,
        )
        .await;
    match tested {
        Ok((account, _)) => {
            // What is none is in no address: browsers and proxies keep these.
            let is_one = RepoPath::parse(account.forge.kind(), &chosen.repository).is_ok();
            let repository = if is_one { chosen.repository.as_str() } else { "" };
            let parameters = [("done", "tested"), ("repository", repository)];
            Ok(respond::see_other(&link(&path_of(account.id), &parameters)))
        }
        Err(error) => refused(&viewer, &state, &name, &chosen, error).await,
    }
}

/// Makes it the default of its forge, or ends that.
pub(super) async fn set_default(
    State(state): State<Shared>,
    Name(name): Name,
    sent: Sent,
) -> Result<Response, Failure> {
    let on = sent.fields.text("on") == "yes";
    let accounts = state.broker.accounts();
    let (caller, id) = (sent.viewer.caller(), sent.viewer.request_id());
    let changed = accounts.set_default(caller, id, &name, on).await;
    answer(
        &state,
        &name,
        &sent,
        changed,
        if on { "default" } else { "not-default" },
    )
    .await
}

/// Switches it on or off.
pub(super) async fn set_active(State(state): State<Shared>, Name(name): Name, sent: Sent) -> Result<Response, Failure> {
    let on = sent.fields.text("on") == "yes";
    let change = AccountChange {
        active: Some(on),
        ..AccountChange::default()
    };
    let accounts = state.broker.accounts();
    let (caller, id) = (sent.viewer.caller(), sent.viewer.request_id());
    let changed = accounts.update(caller, id, &name, change).await;
    answer(&state, &name, &sent, changed, if on { "on" } else { "off" }).await
}

/// Has the forge renew its token.
pub(super) async fn rotate(State(state): State<Shared>, Name(name): Name, sent: Sent) -> Result<Response, Failure> {
    let accounts = state.broker.accounts();
    let (caller, id) = (sent.viewer.caller(), sent.viewer.request_id());
    let changed = accounts.rotate(caller, id, &name).await;
    answer(&state, &name, &sent, changed, "renewed").await
}

async fn answer(
    state: &Shared,
    name: &str,
    sent: &Sent,
    changed: Result<Account, AccountError>,
    done: &'static str,
) -> Result<Response, Failure> {
    match changed {
        Ok(account) => Ok(respond::see_other(&link(&path_of(account.id), &[("done", done)]))),
        Err(error) => refused(&sent.viewer, state, name, &Chosen::default(), error).await,
    }
}
