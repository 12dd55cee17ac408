use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::ApiClientList;
use jeton_domain::{ClientId, ClientName, Code};
use serde::Deserialize;

use super::{arguments, render};
use crate::{
    auth::{Permitted, rights::ClientRead},
    extract::Params,
    failure::Failure,
    state::Shared,
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ClientParams {
    /// Where the page begins: `next` of the page before.
    #[param(nullable = false, required = false)]
    after: Option<String>,
    /// How many at most, 1 to 500; 50 when left out.
    #[param(minimum = 1, maximum = 500, nullable = false, required = false)]
    limit: Option<u32>,
    /// Revoked ones too.
    #[param(nullable = false, required = false)]
    revoked: Option<bool>,
}

/// The programs that may ask, by name. Never their keys.
#[utoipa::path(
    get,
    path = "/v1/clients",
    operation_id = "listClients",
    tag = "clients",
    params(ClientParams),
    responses((status = 200, description = "A page of clients", body = ApiClientList, example = json!({
        "clients": [{
            "id": "0197b2c0-5a4e-7c11-8f00-0123456789ab",
            "name": "ci",
            "networks": ["10.0.0.0/8"],
            "created_at": "2026-01-01T12:00:00Z"
        }]
    })))
)]
pub(crate) async fn list_clients(
    _: Permitted<ClientRead>,
    State(state): State<Shared>,
    Params(params): Params<ClientParams>,
) -> Result<Response, Failure> {
    let limit = arguments::limit(params.limit)?;
    let after = params.after.as_deref().map(read_place).transpose()?;
    let after = after.as_ref().map(|(name, id)| (name, *id));
    let page = state
        .access
        .list_clients(after, params.revoked.unwrap_or(false), limit)
        .await?;
    let body = ApiClientList {
        clients: page.clients.iter().map(|client| super::client(client, None)).collect(),
        next: page.next.map(|(name, id)| format!("{name}/{id}")),
    };
    Ok(render::private(StatusCode::OK, body))
}

/// The name alone is not enough: revoked clients may share it. It has no `/`.
fn read_place(text: &str) -> Result<(ClientName, ClientId), Failure> {
    let place = text.split_once('/');
    let place = place.and_then(|(name, id)| Some((ClientName::parse(name).ok()?, id.parse().ok()?)));
    place.ok_or_else(|| {
        Failure::new(Code::RequestInvalid, "after is not what `next` of a page says")
            .with_remedy("Send `next` of the page before, as it is; leave `after` out for the first page.")
    })
}

#[cfg(test)]
mod tests {
    use super::read_place;

    #[test]
    fn a_place_reads_back_and_nothing_else_does() {
        let (name, id) = read_place("ci/0197b2c0-5a4e-7c11-8f00-0123456789ab").unwrap();
        assert_eq!(format!("{name}/{id}"), "ci/0197b2c0-5a4e-7c11-8f00-0123456789ab");
        for bad in ["", "ci", "ci/", "/0197b2c0-5a4e-7c11-8f00-0123456789ab", "Ci/x", "ci/1"] {
            assert!(read_place(bad).is_err(), "{bad}");
        }
    }
}
