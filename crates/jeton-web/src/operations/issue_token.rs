use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{Released, TokenRequest, TokenResponse};
use jeton_broker::{Granted, HandOut, Handed, LiveToken, TokenAsk};
use jeton_domain::GrantId;

use super::render;
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Hands out a token for one to 500 repositories of one owner: an App's where one can serve, for which nothing is minted when a good
/// one is there, else a stored account's.
#[utoipa::path(
    post,
    path = "/v1/tokens",
    operation_id = "issueToken",
    tag = "tokens",
    request_body(content = TokenRequest, example = json!({
        "repositories": ["acme/tools"], "permissions": {"contents": "read"}
    })),
    responses(
        (status = 201, description = "A token and the grant that says who has it", body = TokenResponse, example = json!({
            "grant_id": "0197b2c0-5a4e-7c11-8f00-0123456789ab",
            "token": "…",
            "token_kind": "github_app_installation",
            "forge": "github.com",
            "source": "app:ci",
            "repositories": ["acme/tools"],
            "permissions": {"contents": "read", "metadata": "read"},
            "expires_at": "2026-01-01T13:00:00Z",
            "git_username": "x-access-token",
            "fingerprint": "ba7816bf8f01"
        })),
        (status = 403, description = "The forge said no", body = jeton_api::Problem),
        (status = 404, description = "The App is not installed there", body = jeton_api::Problem),
        (status = 422, description = "The installation lacks a permission", body = jeton_api::Problem),
        (status = 502, description = "The forge's answer is of no use", body = jeton_api::Problem),
        (status = 504, description = "The forge did not answer in time", body = jeton_api::Problem),
    )
)]
pub(crate) async fn issue_token(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(request): JsonBody<TokenRequest>,
) -> Result<Response, Failure> {
    let asker = render::asker(caller, &id);
    let ask = TokenAsk {
        forge: request.forge,
        app: request.app,
        account: request.account,
        repositories: request.repositories,
        permissions: request.permissions,
        min_validity_seconds: request.min_validity_seconds.map(i64::from),
        fresh: request.fresh.unwrap_or(false),
    };
    let Granted { grant, handed } = state.broker.issue(&asker, ask).await?;
    let body = match &handed {
        Handed::Minted(token) => minted(grant, token),
        Handed::Account(handed) => of_account(grant, handed),
    };
    Ok(render::private(StatusCode::CREATED, body))
}

fn minted(grant: GrantId, token: &LiveToken) -> TokenResponse {
    TokenResponse {
        grant_id: grant.as_uuid(),
        token: Released(token.secret().clone()),
        token_kind: "github_app_installation".to_owned(),
        forge: token.forge_host().to_owned(),
        source: render::source(token.app_name()),
        repositories: token.full_names(),
        permissions: Some(render::permissions(token.permissions())),
        scopes: None,
        expires_at: token.expires_at().timestamp().to_string(),
        token_expires_at: None,
        git_username: "x-access-token".to_owned(),
        api_username: None,
        fingerprint: token.fingerprint().to_string(),
    }
}

fn of_account(grant: GrantId, handed: &HandOut) -> TokenResponse {
    let credential = &handed.credential;
    TokenResponse {
        grant_id: grant.as_uuid(),
        token: Released(credential.token.clone()),
        token_kind: credential.kind.as_str().to_owned(),
        forge: credential.forge.host().to_owned(),
        source: handed.source.clone(),
        repositories: handed.repositories.clone(),
        permissions: None,
        scopes: handed.scopes.clone(),
        expires_at: handed.expires_at.to_string(),
        token_expires_at: handed.token_end.time().map(|end| end.to_string()),
        git_username: credential.git_username().to_owned(),
        api_username: credential.api_username().map(str::to_owned),
        fingerprint: handed.fingerprint.to_string(),
    }
}
