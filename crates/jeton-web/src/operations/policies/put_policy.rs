use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::PolicyChange;
use jeton_api::{Policy, PolicySpec};
use jeton_domain::Code;

use super::{add_policy::stored, read, render};
use crate::{
    auth::{Permitted, rights::PolicyManage},
    extract::{JsonBody, Name, NoParams, Params, shown},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Changes a policy that was added over the API, or adds it. It keeps its place in the order.
#[utoipa::path(
    put,
    path = "/v1/policies/{name}",
    operation_id = "putPolicy",
    tag = "policies",
    params(("name" = String, Path, description = "As in the body", example = "ci-reads-tools")),
    request_body(content = PolicySpec, example = json!({
        "name": "ci-reads-tools",
        "callers": {"client": "ci"},
        "actions": ["token.mint"],
        "repositories": ["acme/tools"],
        "permissions": {"contents": "read", "pull_requests": "write"}
    })),
    responses(
        (status = 200, description = "It was changed", body = Policy),
        (status = 201, description = "It was added", body = Policy),
        (status = 409, description = "The policy file has one of this name", body = jeton_api::Problem),
    )
)]
pub(crate) async fn put_policy(
    Permitted(caller, _): Permitted<PolicyManage>,
    State(state): State<Shared>,
    id: RequestId,
    Name(name): Name,
    _: Params<NoParams>,
    JsonBody(spec): JsonBody<PolicySpec>,
) -> Result<Response, Failure> {
    if spec.name != name {
        let detail = format!(
            "the path names the policy \"{}\", and the body \"{}\"",
            shown(&name, 100),
            shown(&spec.name, 100)
        );
        let remedy = "A policy is not renamed: add it under the new name, and remove the old one.";
        return Err(Failure::new(Code::RequestInvalid, detail).with_remedy(remedy));
    }
    let is_new = state
        .access
        .put_policy(&caller, Some(id.as_str()), read(&spec)?, PolicyChange::Put)
        .await?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(render::private(status, stored(spec)))
}
