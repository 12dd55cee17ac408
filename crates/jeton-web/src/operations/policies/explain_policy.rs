use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{AskOf, ExplainRequest, Explanation};
use jeton_domain::{Action, Code, Permissions};
use jeton_policy::{Ask, TestCallerSpec};

use super::{arguments, render, render_explanation::explanation, same};
use crate::{
    auth::{Permitted, rights::PolicyRead},
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// What would become of a request, by which policy, and which policies nearly allow it. Nothing is asked of a forge, and
/// nobody need exist: only names count.
#[utoipa::path(
    post,
    path = "/v1/policies/explain",
    operation_id = "explainPolicy",
    tag = "policies",
    request_body(content = ExplainRequest, example = json!({
        "caller": {"client": "ci"},
        "request": {"action": "token.mint", "repositories": ["acme/tools"], "permissions": {"contents": "read"}}
    })),
    responses((status = 200, description = "How the decision comes about", body = Explanation, example = json!({
        "decision": "deny",
        "by_ceiling": false,
        "considered": [{
            "rule": "ci-reads-web",
            "origin": "file",
            "matched": false,
            "why_not": ["`acme/tools` does not match `acme/web-*`"]
        }]
    })))
)]
pub(crate) async fn explain_policy(
    _: Permitted<PolicyRead>,
    State(state): State<Shared>,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<ExplainRequest>,
) -> Result<Response, Failure> {
    let caller: TestCallerSpec = same("caller", &asked.caller)?;
    let caller = caller.to_caller().map_err(|words| invalid(&words))?;
    let AskOf {
        action,
        forge,
        repositories,
        permissions,
        source,
        lifetime_seconds,
        time,
    } = &asked.request;
    let permissions = permissions.as_ref().map(Permissions::new).transpose();
    let permissions = permissions.map_err(|error| invalid(&format!("request.permissions: {error}")))?;
    let time = arguments::maybe_time("request.time", time.as_deref())?;
    let ask = Ask {
        action: action
            .parse::<Action>()
            .map_err(|error| invalid(&format!("request.action: {error}")))?,
        forge: forge.as_deref(),
        repositories: repositories.as_slice(),
        permissions: permissions.as_ref(),
        source: source.as_deref(),
        lifetime_seconds: *lifetime_seconds,
        now: time.unwrap_or_else(|| state.access.now()),
    };
    let found = state.access.explain(&caller, &ask);
    Ok(render::private(StatusCode::OK, explanation(found)))
}

fn invalid(words: &str) -> Failure {
    Failure::new(Code::RequestInvalid, words.replace('`', "\"")).with_remedy("/docs shows what the body may hold.")
}
