use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{PushSecretRequest, PushedSecret};
use jeton_ci::{SecretAsk, SecretValue};
use jeton_domain::{Code, ForgeKind};

use super::{Place, common, failed, options, place, render};
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Pushes a secret to a forge's CI: of a repository, an environment or an organization on GitHub, of a project or a group on GitLab, of a
/// repository, an environment or a workspace on Bitbucket. The value is text, or the token of an account. To push the same again does no
/// harm.
#[utoipa::path(
    put,
    path = "/v1/forge-secrets",
    operation_id = "pushSecret",
    tag = "secrets",
    request_body(content = PushSecretRequest, example = json!({
        "repository": "acme/tools", "name": "DEPLOY_TOKEN", "value": "…", "environment": "production"
    })),
    responses(
        (status = 200, description = "It was there, and has this value now", body = PushedSecret),
        (status = 201, description = "It was not there, and is now", body = PushedSecret, example = json!({
            "created": true,
            "name": "DEPLOY_TOKEN",
            "forge": "github.com",
            "scope": "repository",
            "path": "acme/tools",
            "environment": "production",
            "source": "app:ci"
        })),
        (status = 413, description = "The value is larger than the forge takes", body = jeton_api::Problem),
        (status = 403, description = "No policy allows it; or the forge said no, and `detail` and `remedy` name the least permission that would do", body = jeton_api::Problem),
        (status = 404, description = "There is no App and no account that could serve, or the forge shows no such repository, owner or environment", body = jeton_api::Problem),
        (status = 409, description = "The variable was made otherwise, no more fit, or the token ends too soon", body = jeton_api::Problem),
        (status = 422, description = "The forge has no such thing, or refuses the credential that is there; `tried` has each", body = jeton_api::Problem),
        (status = 502, description = "The forge's answer is of no use, or whether it did it is not known", body = jeton_api::Problem),
        (status = 504, description = "The forge did not answer in time", body = jeton_api::Problem),
    )
)]
pub(crate) async fn push_secret(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<PushSecretRequest>,
) -> Result<Response, Failure> {
    let Place { forge, scope, source } = place(asked.place, Some(ForgeKind::GitHub))?;
    let value = match (asked.value, asked.account_token) {
        (Some(value), None) => SecretValue::Text(value.0),
        (None, Some(account)) => SecretValue::AccountToken(account),
        (given, _) => {
            let what = if given.is_some() {
                "both a `value` and"
            } else {
                "neither a `value` nor"
            };
            return Err(
                Failure::new(Code::RequestInvalid, format!("there is {what} an `account_token`"))
                    .with_remedy("Send exactly one: the text in `value`, or an account's label in `account_token`."),
            );
        }
    };
    let ask = SecretAsk {
        forge,
        scope,
        source,
        name: asked.name,
        value,
        options: options(asked.options)?,
    };
    let pushed = state.ci.push_secret(&common::asker(caller, &id), ask).await;
    let pushed = pushed.map_err(|error| failed(&state, &error))?;
    let status = if pushed.created {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(common::private(status, render::pushed(pushed)))
}
