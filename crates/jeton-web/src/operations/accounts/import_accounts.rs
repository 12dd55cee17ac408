use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_accounts::ImportAsk;
use jeton_api::{Diagnosis, ImportAccountsRequest, ImportedAccounts, ImportedVariable};
use jeton_domain::Coded as _;

use super::{account, render};
use crate::{
    auth::Known,
    extract::{JsonBody, NoParams, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// Stores the tokens that stand in the server's environment, each tested first. They work without that too, from memory alone.
#[utoipa::path(
    post,
    path = "/v1/accounts/import-environment",
    operation_id = "importAccounts",
    tag = "accounts",
    request_body(content = ImportAccountsRequest, example = json!({"variables": ["GITHUB_TOKEN"]})),
    responses((status = 200, description = "What became of each variable", body = ImportedAccounts))
)]
pub(crate) async fn import_accounts(
    Known(caller): Known,
    State(state): State<Shared>,
    id: RequestId,
    _: Params<NoParams>,
    JsonBody(asked): JsonBody<ImportAccountsRequest>,
) -> Result<Response, Failure> {
    let ask = ImportAsk {
        variables: asked.variables,
        untested: asked.untested.unwrap_or(false),
    };
    let imported = state
        .broker
        .accounts()
        .import_environment(&caller, Some(id.as_str()), &ask)
        .await?;
    let variables = imported.into_iter().map(|outcome| match outcome {
        Ok(stored) => ImportedVariable {
            variable: None,
            account: Some(account(&stored, false)),
            problem: None,
        },
        Err((variable, error)) => ImportedVariable {
            variable: Some(variable),
            account: None,
            problem: Some(Diagnosis {
                code: error.code().to_string(),
                cause: error.to_string(),
                remedy: error.remedy().unwrap_or_default(),
                url: error.url().map(str::to_owned),
                retry_at: None,
            }),
        },
    });
    let body = ImportedAccounts {
        variables: variables.collect(),
    };
    Ok(render::private(StatusCode::OK, body))
}
