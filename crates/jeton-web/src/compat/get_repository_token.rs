use axum::{Extension, body::Body, extract::State, response::Response};
use bytes::Bytes;
use http::{HeaderMap, Uri};
use jeton_broker::{Asker, BrokerError};
use jeton_domain::{Code, Coded};

use super::segment::{self, Asked};
use crate::{
    auth::{self, ClientAddress},
    failure::Failure,
    front::token_headers,
    peer::Peer,
    python_json,
    request_id::RequestId,
    state::Shared,
};

/// A token for one repository, as today's clients ask for it. 400 means one thing: the App is not installed.
#[utoipa::path(
    get,
    path = "/api/{namespace}/{repository}",
    operation_id = "getRepositoryToken",
    tag = "compatible",
    params(
        ("namespace" = String, Path, description = "The owner", example = "acme"),
        ("repository" = String, Path, description = "The repository's own name", example = "tools"),
    ),
    security(("bearer" = []), ("basic" = []), ()),
    responses(
        (status = 200, description = "A token", body = jeton_api::CompatToken, example = json!({
            "repository": "tools", "namespace": "acme", "access_token": "…", "expires_at": "2026-01-01T13:00:00Z"
        })),
        (status = 400, description = "The App is not installed, and nothing else", body = Object, example = json!({
            "error": "Failed to retrieve a token: App is not installed on acme/tools"
        })),
    )
)]
pub(crate) async fn get_repository_token(
    State(state): State<Shared>,
    peer: Option<Extension<Peer>>,
    address: Option<Extension<ClientAddress>>,
    id: RequestId,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    let peer = peer.map_or(Peer::Unknown, |Extension(peer)| peer);
    let address = address.map_or(ClientAddress(None), |Extension(address)| address);
    let compat = &state.settings.compat;
    let asker = Asker {
        caller: auth::compat_caller(&state, &headers, peer, address).await?,
        request_id: Some(id.as_str().to_owned()),
    };
    let raw = uri.path().strip_prefix("/api/").unwrap_or_default();
    let wanted = segment::read(raw).ok_or_else(no_repository)?;
    let warm = state
        .broker
        .issue_for_repository(&asker, &wanted.path, compat.app.as_ref(), &compat.permissions)
        .await
        .map_err(|error| refusal(error, &wanted))?;
    let token = warm.token();
    let expires_at = token.expires_at().timestamp().to_string();
    let body = Bytes::from(python_json::token(
        &wanted.repository,
        &wanted.namespace,
        token.secret(),
        &expires_at,
    ));
    state.warm.keep(&asker.caller, raw, warm, body.clone());
    let mut response = Response::new(Body::from(body));
    token_headers(response.headers_mut());
    Ok(response)
}

fn no_repository() -> Failure {
    Failure::new(Code::RouteNotFound, "the path names no repository")
        .with_remedy("It is /api/{namespace}/{repository}, as in the address of the repository's page.")
}

/// Today's clients look at the status, and some at this very sentence.
fn refusal(error: BrokerError, asked: &Asked) -> Failure {
    if error.code() == Code::AppNotInstalled {
        let Asked {
            namespace, repository, ..
        } = asked;
        let sentence = format!("Failed to retrieve a token: App is not installed on {namespace}/{repository}");
        return Failure::new(Code::AppNotInstalled, sentence).for_compat();
    }
    Failure::from(error).for_compat()
}
