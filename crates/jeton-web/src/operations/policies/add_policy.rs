use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::PolicyChange;
use jeton_api::{Policy, PolicyOrigin, PolicySpec};

use super::{read, render};
use crate::{
    auth::{Permitted, rights::PolicyManage},
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Adds a policy. It is in force when this answers, on other servers within a second. What stands in the policy file wins.
#[utoipa::path(
    post,
    path = "/v1/policies",
    operation_id = "addPolicy",
    tag = "policies",
    request_body(content = PolicySpec, example = json!({
        "name": "ci-reads-tools",
        "callers": {"client": "ci"},
        "actions": ["token.mint"],
        "repositories": ["acme/tools", "acme/web-*"],
        "permissions": {"contents": "read"}
    })),
    responses(
        (status = 201, description = "It is in force", body = Policy),
        (status = 409, description = "There is one of this name, or it stands in the policy file", body = jeton_api::Problem),
    )
)]
pub(crate) async fn add_policy(
    Permitted(caller, _): Permitted<PolicyManage>,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(spec): JsonBody<PolicySpec>,
) -> Result<Response, Failure> {
    state
        .access
        .put_policy(&caller, Some(id.as_str()), read(&spec)?, PolicyChange::Add)
        .await?;
    Ok(render::private(StatusCode::CREATED, stored(spec)))
}

/// A policy that was just stored.
pub(super) fn stored(spec: PolicySpec) -> Policy {
    Policy {
        name: spec.name.clone(),
        origin: PolicyOrigin::Stored,
        shadowed: false,
        spec: Some(spec),
        error: None,
        created_at: None,
        updated_at: None,
    }
}
