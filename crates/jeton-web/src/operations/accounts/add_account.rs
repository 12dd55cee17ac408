use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::NewAccount;
use jeton_api::{AddAccountRequest, StoredAccount};

use super::{account, arguments, finding, purposes, render};
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Stores somebody's token. It is tested first: what the forge refuses is not stored, and what it says nothing about only when
/// `untested` says so. The token is sealed, and in no answer ever again but that of `issueToken`.
#[utoipa::path(
    post,
    path = "/v1/accounts",
    operation_id = "addAccount",
    tag = "accounts",
    request_body(content = AddAccountRequest, example = json!({
        "label": "work", "forge": "github", "token": "…", "serves": ["acme"]
    })),
    responses(
        (status = 201, description = "The account, with what the test found", body = StoredAccount),
        (status = 409, description = "Another account has this label", body = jeton_api::Problem),
        (status = 422, description = "The text is no token, or the forge does not take it", body = jeton_api::Problem),
        (status = 503, description = "The forge gave no clear word; nothing was stored", body = jeton_api::Problem),
    )
)]
pub(crate) async fn add_account(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<AddAccountRequest>,
) -> Result<Response, Failure> {
    let new = new_account(asked)?;
    let added = state.broker.accounts().add(&caller, Some(id.as_str()), new).await?;
    let body = StoredAccount {
        account: account(&added.account, true),
        findings: added.inspection.findings.iter().map(finding).collect(),
    };
    Ok(render::private(StatusCode::CREATED, body))
}

pub(super) fn new_account(asked: AddAccountRequest) -> Result<NewAccount, Failure> {
    Ok(NewAccount {
        label: asked.label,
        forge: asked.forge,
        base_url: asked.base_url,
        token: asked.token.0,
        username: asked.username,
        email: asked.email,
        note: asked.note,
        serves: asked.serves,
        shared: asked.shared,
        default: asked.default.unwrap_or(false),
        auto_rotate: asked.auto_rotate,
        expires_at: asked
            .expires_at
            .as_deref()
            .map(|text| arguments::end("expires_at", text))
            .transpose()?,
        untested: asked.untested.unwrap_or(false),
        purposes: purposes(&asked.purposes)?,
        repository: asked.repository,
    })
}
