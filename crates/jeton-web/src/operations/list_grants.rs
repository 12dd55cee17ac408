use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{Grant, GrantList};
use jeton_broker::GrantAsk;
use jeton_domain::{Code, GrantId};
use serde::Deserialize;
use uuid::Uuid;

use super::render;
use crate::{auth::Known, extract::Params, failure::Failure, request_id::RequestId, state::Shared};

/// Grants on a page when the request does not say.
const PAGE: u32 = 50;
/// Grants on a page at most.
const LONGEST_PAGE: u32 = 500;

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GrantParams {
    /// Only grants made before this one: `next` of the page before.
    before: Option<Uuid>,
    /// How many at most, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<u32>,
    /// Only those that have not ended and were not given back.
    live: Option<bool>,
    /// Only the caller's own. Whoever may not see others' sees only these anyway.
    mine: Option<bool>,
    /// Only what this holder holds: by the name that `holder` of a grant has, such as `client:ci`, or by `holder_key`.
    #[param(nullable = false, required = false)]
    holder: Option<String>,
    /// Only from this App or account: `app:` and your name for it, or `account:` and its label.
    #[param(nullable = false, required = false)]
    source: Option<String>,
    /// Only for this repository, `owner/name`; with a `/` at the end, `owner/`, for any of this owner or group.
    #[param(nullable = false, required = false)]
    repository: Option<String>,
    /// Only of the token with this fingerprint, 12 hex digits.
    #[param(nullable = false, required = false)]
    fingerprint: Option<String>,
}

/// Who holds what, newest first. Never the tokens.
#[utoipa::path(
    get,
    path = "/v1/grants",
    operation_id = "listGrants",
    tag = "tokens",
    params(GrantParams),
    responses((status = 200, description = "A page of grants", body = GrantList))
)]
pub(crate) async fn list_grants(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    Params(params): Params<GrantParams>,
) -> Result<Response, Failure> {
    let limit = params.limit.unwrap_or(PAGE);
    if !(1..=LONGEST_PAGE).contains(&limit) {
        let detail = format!("limit is {limit}, but a page has 1 to {LONGEST_PAGE} grants");
        return Err(Failure::new(Code::RequestInvalid, detail).with_remedy("Ask for further pages with `before`."));
    }
    let page = state
        .broker
        .list_grants(
            &render::asker(caller, &id),
            GrantAsk {
                before: params.before.map(GrantId::from_uuid),
                only_live: params.live.unwrap_or(false),
                only_mine: params.mine.unwrap_or(false),
                holder: params.holder,
                source: params.source,
                repository: params.repository,
                fingerprint: params.fingerprint.map(|text| text.to_ascii_lowercase()),
                limit,
            },
        )
        .await?;
    let grants = page.grants.into_iter().map(|grant| Grant {
        grant_id: grant.id.as_uuid(),
        holder: grant.holder,
        holder_key: grant.holder_key,
        rule: grant.rule,
        address: grant.address,
        forge: grant.forge,
        source: grant.source.clone(),
        repositories: grant.repositories,
        permissions: grant.permissions.as_ref().map(render::permissions),
        fingerprint: grant.fingerprint.to_string(),
        issued_at: grant.issued_at.to_string(),
        expires_at: grant.expires_at.to_string(),
        released_at: grant.released_at.map(|at| at.to_string()),
        request_id: grant.request_id,
    });
    let body = GrantList {
        grants: grants.collect(),
        next: page.next.map(GrantId::as_uuid),
    };
    Ok(render::private(StatusCode::OK, body))
}
