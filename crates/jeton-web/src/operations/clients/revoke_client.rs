use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::{AccessError, ClientRecord};
use jeton_api::RevokedClient;
use jeton_broker::Asker;
use jeton_domain::{Action, Caller, IdentityKey};
use serde::Deserialize;

use super::render;
use crate::{
    auth::{Permitted, rights::ClientManage},
    extract::{Name, Params},
    failure::Failure,
    request_id::RequestId,
    state::{Shared, WebState},
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RevokeClientParams {
    /// End all tokens that it holds at their forge, too; others who hold the same ones get new ones when they next ask.
    /// Works for a name whose client was revoked before, as well. Needs the right to end what others hold.
    #[param(nullable = false, required = false)]
    grants: Option<bool>,
}

/// Ends a client and its keys: at once on this server, within a second on others. What it holds lives on, unless
/// `grants=true`; its private accounts are switched off. The name is free again.
#[utoipa::path(
    delete,
    path = "/v1/clients/{name}",
    operation_id = "revokeClient",
    tag = "clients",
    params(("name" = String, Path, description = "Your name for it", example = "ci"), RevokeClientParams),
    responses(
        (status = 200, description = "It may ask no more", body = RevokedClient),
        (status = 404, description = "No client has this name, or it was revoked and `grants` is not set", body = jeton_api::Problem),
    )
)]
pub(crate) async fn revoke_client(
    Permitted(caller, _): Permitted<ClientManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(name): Name,
    Params(params): Params<RevokeClientParams>,
) -> Result<Response, Failure> {
    let with_grants = params.grants.unwrap_or(false);
    let (client, grants_ended, accounts_switched_off) = revoke(&state, caller, &id, &name, with_grants).await?;
    let body = RevokedClient {
        client: super::client(&client, None),
        grants_ended,
        accounts_switched_off,
    };
    Ok(render::private(StatusCode::OK, body))
}

/// Ends a client, and with `with_grants` all that it holds; how many grants that were, and how many accounts were switched
/// off.
pub(crate) async fn revoke(
    state: &WebState,
    caller: Caller,
    id: &RequestId,
    name: &str,
    with_grants: bool,
) -> Result<(ClientRecord, u64, u64), Failure> {
    let id = Some(id.as_str());
    if with_grants {
        state.access.permit(&caller, Action::GrantRevoke, id)?;
    }
    // The client first: it could fetch new tokens while the old ones are given back.
    let (client, accounts_switched_off) = match state.access.revoke_client(&caller, id, name).await {
        // Asked once more: the last time not everything could be ended, or it was not asked for then.
        Err(error @ AccessError::ClientNotFound(_)) if with_grants => {
            (state.access.find_revoked_client(name).await?.ok_or(error)?, 0)
        }
        outcome => outcome?,
    };
    let mut grants_ended = 0;
    if with_grants {
        let asker = Asker {
            caller,
            request_id: id.map(str::to_owned),
        };
        let given_back = state.broker.revoke_all_of(&asker, IdentityKey::Client(client.id)).await;
        let given_back = given_back.and_then(|ended| ended.failure.map_or(Ok(ended.grants), Err));
        grants_ended = given_back.map_err(|error| {
            Failure::from(error).with_remedy(
                "The client is revoked, but not all that it holds was ended: run the same command again. `jeton token list` \
                 shows what is left, and `jeton token revoke --force` ends it one by one.",
            )
        })?;
    }
    Ok((client, grants_ended, accounts_switched_off))
}
