use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::{EndOld, Replacement};
use jeton_api::{RotateAccountRequest, StoredAccount};
use jeton_domain::Code;
use jiff::SignedDuration;

use super::{account, arguments, finding, render};
use crate::{
    auth::Known,
    extract::{JsonBody, Name, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Renews an account's token. GitLab's renew themselves. For the others, make a new one by hand and send it: it is tested
/// before the old one goes, and has to be the same owner's.
#[utoipa::path(
    post,
    path = "/v1/accounts/{account}/rotate",
    operation_id = "rotateAccount",
    tag = "accounts",
    params(("account" = String, Path, description = "Its label or its id", example = "work")),
    request_body(content = RotateAccountRequest, example = json!({"token": "…"})),
    responses(
        (status = 200, description = "The account with its new token", body = StoredAccount),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
        (status = 409, description = "The new token is somebody else's, or a renewal is under way", body = jeton_api::Problem),
        (status = 422, description = "The forge refuses, or renews no such tokens", body = jeton_api::Problem),
        (status = 502, description = "Whether the forge renewed it is not known yet; jeton finds out", body = jeton_api::Problem),
    )
)]
pub(crate) async fn rotate_account(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<RotateAccountRequest>,
) -> Result<Response, Failure> {
    let accounts = state.broker.accounts();
    let id = Some(id.as_str());
    let end_old = end_old(&asked)?;
    let body = match asked.token {
        Some(token) => {
            let replacement = Replacement {
                token: token.0,
                username: asked.username,
                email: asked.email,
                expires_at: asked
                    .expires_at
                    .as_deref()
                    .map(|text| arguments::end("expires_at", text))
                    .transpose()?,
                other_identity: asked.other_identity.unwrap_or(false),
                untested: asked.untested.unwrap_or(false),
                end_old,
            };
            let replaced = accounts.replace_token(&caller, id, &name, replacement).await?;
            StoredAccount {
                account: account(&replaced.account, true),
                findings: replaced.inspection.findings.iter().map(finding).collect(),
            }
        }
        None => StoredAccount {
            account: account(&accounts.rotate(&caller, id, &name).await?, true),
            findings: Vec::new(),
        },
    };
    Ok(render::private(StatusCode::OK, body))
}

/// Whether the token that was there is to be ended, and when.
fn end_old(asked: &RotateAccountRequest) -> Result<Option<EndOld>, Failure> {
    let invalid = |detail: &str, remedy: &str| Err(Failure::new(Code::RequestInvalid, detail).with_remedy(remedy));
    match (asked.end_old.unwrap_or(false), asked.end_old_after_seconds) {
        (false, None) => Ok(None),
        (false, Some(_)) => invalid(
            "`end_old_after_seconds` is there, and `end_old` is not `true`",
            "Send `\"end_old\": true` too, or leave both out: the old token lives on then.",
        ),
        (true, _) if asked.token.is_none() => invalid(
            "`end_old` is there, and no new token",
            "Leave it out: where the forge renews a token itself, the old one ends at once.",
        ),
        (true, seconds) => Ok(Some(EndOld {
            grace: seconds.map(|seconds| SignedDuration::from_secs(seconds.into())),
        })),
    }
}
