use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::PolicyView;
use jeton_api::{Policy, PolicyFile, PolicyList};

use super::{origin, render, same};
use crate::{
    auth::{Permitted, rights::PolicyRead},
    extract::{NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// All policies in the order in which they are tried, the ceiling above them, and how the policy file stands.
#[utoipa::path(
    get,
    path = "/v1/policies",
    operation_id = "listPolicies",
    tag = "policies",
    responses((status = 200, description = "All policies", body = PolicyList, example = json!({
        "policies": [{
            "name": "ci-reads-tools",
            "origin": "file",
            "shadowed": false,
            "spec": {
                "name": "ci-reads-tools",
                "callers": {"client": "ci"},
                "actions": ["token.mint"],
                "repositories": ["acme/tools"],
                "permissions": {"contents": "read"}
            }
        }],
        "file": {"path": "/etc/jeton/policies.toml", "loaded_at": "2026-01-01T12:00:00Z"},
        "generation": 3
    })))
)]
pub(crate) async fn list_policies(
    _: Permitted<PolicyRead>,
    State(state): State<Shared>,
    _: Params<NoParams>,
) -> Result<Response, Failure> {
    let views = state.access.list_policies().await;
    let body = PolicyList {
        ceiling: views
            .ceiling
            .as_ref()
            .map(|ceiling| same("the ceiling", ceiling))
            .transpose()?,
        policies: views.policies.iter().map(policy).collect::<Result<_, _>>()?,
        file: PolicyFile {
            path: views.file.path,
            loaded_at: views.file.loaded_at.map(|at| at.to_string()),
            error: views.file.error,
        },
        generation: views.generation,
    };
    Ok(render::private(StatusCode::OK, body))
}

fn policy(view: &PolicyView) -> Result<Policy, Failure> {
    // What cannot be used cannot be shown either: its name is all that is known of it.
    let spec = view.error.is_none().then(|| same("a policy", &view.spec)).transpose()?;
    Ok(Policy {
        name: view.spec.name.clone(),
        origin: origin(view.origin),
        shadowed: view.shadowed,
        spec,
        error: view.error.clone(),
        created_at: view.stored.map(|(created, _)| created.to_string()),
        updated_at: view.stored.map(|(_, updated)| updated.to_string()),
    })
}
