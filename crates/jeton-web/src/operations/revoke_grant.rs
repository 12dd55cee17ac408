use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{RevokeResponse, RevokeState};
use jeton_broker::{BrokerError, RevocationState};
use serde::Deserialize;

use super::render;
use crate::{
    auth::Known,
    extract::{Name, Params, shown},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevokeParams {
    /// Revoke the token even when others hold it too.
    #[param(nullable = false, required = false)]
    force: Option<bool>,
}

/// Gives a grant back. When nobody else holds its token, the forge is asked to end it, until it confirms.
#[utoipa::path(
    delete,
    path = "/v1/tokens/{grant_id}",
    operation_id = "revokeGrant",
    tag = "tokens",
    params(
        ("grant_id" = String, Path, description = "From the answer that brought the token",
            example = "0197b2c0-5a4e-7c11-8f00-0123456789ab"),
        RevokeParams,
    ),
    responses(
        (status = 200, description = "Where the token stands", body = RevokeResponse, example = json!({
            "grant_id": "0197b2c0-5a4e-7c11-8f00-0123456789ab",
            "state": "revoking",
            "shared_with": 0,
            "detail": "The token is handed out no more. The forge is asked to end it until it confirms."
        })),
        (status = 404, description = "No grant has this id", body = jeton_api::Problem),
    )
)]
pub(crate) async fn revoke_grant(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    Name(grant): Name,
    Params(params): Params<RevokeParams>,
) -> Result<Response, Failure> {
    let asker = render::asker(caller, &id);
    let grant = grant
        .parse()
        .map_err(|_| BrokerError::GrantNotFound(shown(&grant, 40)))?;
    let done = state
        .broker
        .revoke(&asker, grant, params.force.unwrap_or(false))
        .await?;
    let others = done.shared_with;
    let (state, detail) = match done.state {
        RevocationState::Revoking => (
            RevokeState::Revoking,
            "The token is handed out no more. The forge is asked to end it until it confirms.".to_owned(),
        ),
        RevocationState::Released if others == 0 => (
            RevokeState::Released,
            "This grant is over. The token is an account's: it lives on until its owner revokes it at the forge, or until it is \
             renewed."
                .to_owned(),
        ),
        RevocationState::Released => (
            RevokeState::Released,
            format!(
                "This grant is over. The token lives on, as {others} other grant(s) hold it; `force` ends it anyway."
            ),
        ),
        RevocationState::Over => (
            RevokeState::Over,
            "There is nothing to do: it was given back before, or has ended.".to_owned(),
        ),
    };
    let body = RevokeResponse {
        grant_id: done.grant.as_uuid(),
        state,
        shared_with: others,
        detail,
    };
    Ok(render::private(StatusCode::OK, body))
}
