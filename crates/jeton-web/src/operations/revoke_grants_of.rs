use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::RevokedGrants;
use jeton_domain::Code;
use serde::Deserialize;

use super::render;
use crate::{
    auth::{Permitted, rights::GrantRevoke},
    extract::Params,
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevokeGrantsParams {
    /// Whose: `holder` or `holder_key` of a grant. A name that several clients or users had, one after the other, means the one
    /// that has it now, or had it last.
    #[param(example = "client:ci")]
    holder: String,
}

/// Ends every token that a holder has, also where others hold it too: they get a new one when they next ask. Tokens of
/// accounts live on at their forge; only their owners can end them there. Needs the right to end what others hold.
#[utoipa::path(
    delete,
    path = "/v1/grants",
    operation_id = "revokeGrantsOf",
    tag = "tokens",
    params(RevokeGrantsParams),
    responses(
        (status = 200, description = "What they held is handed out no more", body = RevokedGrants, example = json!({
            "holder": "client:ci",
            "grants_ended": 3
        })),
        (status = 400, description = "Nobody is named so", body = jeton_api::Problem),
    )
)]
pub(crate) async fn revoke_grants_of(
    // Before the parameters are read: whoever may not do it learns nothing of them.
    Permitted(caller, _): Permitted<GrantRevoke>,
    State(state): State<Shared>,
    id: RequestId,
    Params(params): Params<RevokeGrantsParams>,
) -> Result<Response, Failure> {
    let asker = render::asker(caller, &id);
    let ended = state.broker.revoke_grants_of(&asker, &params.holder).await;
    let ended = ended.map_err(|error| {
        let failure = Failure::from(error);
        if failure.code() == Code::RequestInvalid {
            return failure.with_remedy(
                "Send `holder` or `holder_key` of a grant, as `jeton token list --format json` has them.",
            );
        }
        failure
    })?;
    if let Some(error) = ended.failure {
        let remedy = "Not all of it could be ended, and what was stays so: ask once more.";
        return Err(Failure::from(error).with_remedy(remedy));
    }
    let body = RevokedGrants {
        holder: params.holder,
        grants_ended: ended.grants,
    };
    Ok(render::private(StatusCode::OK, body))
}
