use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::AccountChange;
use jeton_api::{Account, ChangeAccountRequest};

use super::{account, arguments, render};
use crate::{
    auth::Known,
    extract::{JsonBody, Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Changes what is said about an account; its token stays.
#[utoipa::path(
    patch,
    path = "/v1/accounts/{account}",
    operation_id = "changeAccount",
    tag = "accounts",
    params(("account" = String, Path, description = "Its label or its id", example = "work")),
    request_body(content = ChangeAccountRequest, example = json!({"active": false, "note": ""})),
    responses(
        (status = 200, description = "The account as it is now", body = Account),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
        (status = 409, description = "The label is taken, or somebody else changed it meanwhile", body = jeton_api::Problem),
    )
)]
pub(crate) async fn change_account(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<ChangeAccountRequest>,
) -> Result<Response, Failure> {
    let change = AccountChange {
        label: asked.label,
        note: asked.note,
        username: asked.username,
        email: asked.email,
        serves: asked.serves,
        active: asked.active,
        auto_rotate: asked.auto_rotate,
        shared: asked.shared,
        expires_at: match asked.expires_at.as_deref() {
            None => None,
            Some("") => Some(None),
            Some(text) => Some(Some(arguments::end("expires_at", text)?)),
        },
    };
    let accounts = state.broker.accounts();
    let changed = accounts.update(&caller, Some(id.as_str()), &name, change).await?;
    Ok(render::private(StatusCode::OK, account(&changed, true)))
}
