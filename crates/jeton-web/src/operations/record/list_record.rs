use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::AccessError;
use jeton_api::RecordPage;
use serde::Deserialize;

use super::{arguments, entry, filter::RecordFilter, render};
use crate::{
    auth::{Permitted, rights::RecordRead},
    extract::Params,
    failure::Failure,
    state::Shared,
};

/// What stands behind the `?`. Written out: serde cannot tell unknown parameters and take a part of them elsewhere.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RecordParams {
    /// Only this event, such as `token.granted`; with a `.` at the end, all of a family: `token.`
    #[param(nullable = false, required = false)]
    event: Option<String>,
    /// Only by this actor, as an entry has it in `actor` or in `actor_key`.
    #[param(nullable = false, required = false)]
    actor: Option<String>,
    /// Only about the secret of this fingerprint, 12 hex digits.
    #[param(nullable = false, required = false)]
    fingerprint: Option<String>,
    /// Only of this request.
    #[param(nullable = false, required = false)]
    request_id: Option<String>,
    /// Not before this time, RFC 3339.
    #[param(nullable = false, required = false)]
    since: Option<String>,
    /// Before this time, RFC 3339.
    #[param(nullable = false, required = false)]
    until: Option<String>,
    /// Only entries with a number below this one: `next` of the page before.
    #[param(nullable = false, required = false)]
    before: Option<u64>,
    /// How many at most, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500, nullable = false, required = false)]
    limit: Option<u32>,
}

/// The record, newest first: who got what, who was refused, who changed what.
#[utoipa::path(
    get,
    path = "/v1/record",
    operation_id = "listRecord",
    tag = "record",
    params(RecordParams),
    responses((status = 200, description = "A page of the record", body = RecordPage, example = json!({
        "entries": [{
            "seq": 1042,
            "at": "2026-01-01T12:00:00Z",
            "event": "token.granted",
            "actor": "client:ci",
            "actor_key": "client:0197b2c0-5a4e-7c11-8f00-0123456789ab",
            "fingerprint": "ba7816bf8f01",
            "request_id": "69f31bdd7f184921",
            "address": "10.0.0.7",
            "details": {"rule": "ci-reads-tools", "repositories": ["acme/tools"]},
            "hash": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
        }],
        "next": 1042
    })))
)]
pub(crate) async fn list_record(
    _: Permitted<RecordRead>,
    State(state): State<Shared>,
    Params(params): Params<RecordParams>,
) -> Result<Response, Failure> {
    let limit = arguments::limit(params.limit)?;
    let filter = RecordFilter {
        event: params.event,
        actor: params.actor,
        fingerprint: params.fingerprint,
        request_id: params.request_id,
        since: params.since,
        until: params.until,
    };
    let filter = filter.read()?;
    // Databases count to 2^63.
    let before = params.before.map(|before| before.min(i64::MAX.unsigned_abs()));
    let page = state
        .access
        .settled_ledger()
        .await
        .list(&filter, before, limit)
        .await
        .map_err(AccessError::from)?;
    let body = RecordPage {
        entries: page.entries.into_iter().map(entry).collect(),
        next: page.next,
    };
    Ok(render::private(StatusCode::OK, body))
}
