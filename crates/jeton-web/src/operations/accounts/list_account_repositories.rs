use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::{AccountRepository, AccountRepositoryList};
use jeton_domain::Code;
use serde::Deserialize;

use super::render;
use crate::{
    auth::Known,
    extract::{Name, Params},
    failure::Failure,
    request_id::RequestId,
    state::Shared,
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RepositoryParams {
    /// `next` of the page before.
    #[param(nullable = false, required = false)]
    page: Option<String>,
    /// How many at most, 1 to 100; 50 when left out.
    #[param(minimum = 1, maximum = 100, nullable = false, required = false)]
    limit: Option<u32>,
}

/// What an account's token reaches, asked of the forge now.
#[utoipa::path(
    get,
    path = "/v1/accounts/{account}/repositories",
    operation_id = "listAccountRepositories",
    tag = "accounts",
    params(("account" = String, Path, description = "Its label or its id", example = "work"), RepositoryParams),
    responses(
        (status = 200, description = "A page of repositories", body = AccountRepositoryList),
        (status = 404, description = "No account that you may see has this label or id", body = jeton_api::Problem),
        (status = 422, description = "The forge does not take the token", body = jeton_api::Problem),
        (status = 503, description = "The forge limits requests or is away", body = jeton_api::Problem),
    )
)]
pub(crate) async fn list_account_repositories(
    Known(caller): Known,
    State(state): State<Shared>,
    Name(name): Name,
    id: RequestId,
    Params(params): Params<RepositoryParams>,
) -> Result<Response, Failure> {
    let limit = params.limit.unwrap_or(50);
    if !(1..=100).contains(&limit) {
        let detail = format!("limit is {limit}, and may be 1 to 100");
        return Err(
            Failure::new(Code::RequestInvalid, detail).with_remedy("Ask for further pages with what `next` says.")
        );
    }
    let accounts = state.broker.accounts();
    let page = accounts
        .repositories(&caller, Some(id.as_str()), &name, params.page.as_deref(), limit)
        .await?;
    let body = AccountRepositoryList {
        repositories: page
            .repositories
            .into_iter()
            .map(|found| AccountRepository {
                path: found.path,
                private: found.private,
                access: found.access,
                default_branch: found.default_branch,
                web_url: found.web_url,
            })
            .collect(),
        next: page.next,
        remark: page.remark,
    };
    Ok(render::private(StatusCode::OK, body))
}
