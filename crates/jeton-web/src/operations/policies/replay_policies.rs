use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{Outcome, Replay, ReplayChange, ReplayRequest};
use jiff::SignedDuration;

use super::{arguments, render};
use crate::{
    auth::{Permitted, rights::PolicyRead, rights::RecordRead},
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    state::Shared,
};

/// What is looked at when nothing is said.
const SINCE: SignedDuration = SignedDuration::from_hours(24);

/// Asks a proposed policy file about the requests that the record has, and says which would end differently. Nothing
/// takes effect. Policies that were added over the API count along, unless the file has one of the same name. Needs the
/// right to read the record, too.
#[utoipa::path(
    post,
    path = "/v1/policies/replay",
    operation_id = "replayPolicies",
    tag = "policies",
    request_body(content = ReplayRequest, example = json!({
        "document": "[[policy]]\nname = \"ci\"\ncallers.client = \"ci\"\nactions = [\"app.read\"]\n",
        "since": "2026-01-01T00:00:00Z"
    })),
    responses((status = 200, description = "What would change", body = Replay, example = json!({
        "examined": 812,
        "changes": [{
            "seq": 1042,
            "at": "2026-01-01T12:00:00Z",
            "actor": "client:ci",
            "action": "token.mint",
            "repositories": ["acme/tools"],
            "before": "allow",
            "after": "deny",
            "rule_before": "ci-reads-tools"
        }],
        "truncated": false
    })))
)]
pub(crate) async fn replay_policies(
    _: Permitted<PolicyRead>,
    _: Permitted<RecordRead>,
    State(state): State<Shared>,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<ReplayRequest>,
) -> Result<Response, Failure> {
    let limit = arguments::limit(asked.limit)?;
    let since = arguments::maybe_time("since", asked.since.as_deref())?;
    let until = arguments::maybe_time("until", asked.until.as_deref())?;
    let since = since.or_else(|| (until.unwrap_or_else(|| state.access.now())).checked_sub(SINCE).ok());
    let found = state.access.replay(&asked.document, since, until, limit).await?;
    let outcome = |allowed| if allowed { Outcome::Allow } else { Outcome::Deny };
    let changes = found.changes.into_iter().map(|change| ReplayChange {
        seq: change.seq,
        at: change.at.to_string(),
        actor: change.actor,
        action: change.action,
        repositories: change.repositories,
        before: outcome(change.before),
        after: outcome(change.after),
        rule_before: change.rule_before,
        rule_after: change.rule_after,
    });
    let body = Replay {
        examined: found.examined,
        changes: changes.collect(),
        truncated: found.truncated,
    };
    Ok(render::private(StatusCode::OK, body))
}
