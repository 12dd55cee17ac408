use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_api::TokenGuide;
use jeton_domain::{Code, CredentialKind};
use serde::Deserialize;

use super::{purposes, render};
use crate::{
    auth::Known,
    extract::{Params, shown},
    failure::Failure,
    state::Shared,
};

/// What stands behind the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct GuideParams {
    /// `github`, `gitlab` or `bitbucket`; may be left out when the kind tells it.
    #[param(nullable = false, required = false)]
    forge: Option<String>,
    /// Where a self-hosted forge is.
    #[param(nullable = false, required = false)]
    base_url: Option<String>,
    /// The kind of token, such as `github_fine_grained`; the best one when left out.
    #[param(nullable = false, required = false)]
    kind: Option<String>,
    /// What it is wanted for, separated by commas; reading content when left out.
    #[param(nullable = false, required = false)]
    purposes: Option<String>,
    /// The owner or repository that it is for.
    #[param(nullable = false, required = false)]
    repository: Option<String>,
}

/// How to make a token that will do, and no more: the page of that forge, the least scopes, the steps. Asks no forge.
#[utoipa::path(
    get,
    path = "/v1/token-guide",
    operation_id = "guideToken",
    tag = "accounts",
    params(GuideParams),
    responses(
        (status = 200, description = "The guide", body = TokenGuide),
        (status = 400, description = "No such forge, kind or purpose", body = jeton_api::Problem),
    )
)]
pub(crate) async fn guide_token(
    _: Known,
    State(state): State<Shared>,
    Params(params): Params<GuideParams>,
) -> Result<Response, Failure> {
    let words = params.purposes.as_deref().unwrap_or("read_content");
    let words: Vec<String> = words.split(',').map(|word| word.trim().to_owned()).collect();
    let purposes = purposes(&words)?;
    let kind = params.kind.as_deref().map(read_kind).transpose()?;
    let guide = state.broker.accounts().guide(
        params.forge.as_deref(),
        params.base_url.as_deref(),
        kind,
        &purposes,
        params.repository.as_deref(),
    )?;
    let body = TokenGuide {
        kind: guide.kind.as_str().to_owned(),
        kind_words: guide.kind.words().to_owned(),
        scopes: guide.scopes,
        url: guide.url,
        steps: guide.steps,
    };
    Ok(render::private(StatusCode::OK, body))
}

fn read_kind(word: &str) -> Result<CredentialKind, Failure> {
    let kind = CredentialKind::parse(word).filter(|kind| kind.can_be_account());
    kind.ok_or_else(|| {
        let detail = format!("kind: \"{}\" is no kind of token that can be stored", shown(word, 40));
        let known: Vec<_> = CredentialKind::ALL
            .iter()
            .filter(|kind| kind.can_be_account())
            .map(|kind| kind.as_str())
            .collect();
        Failure::new(Code::RequestInvalid, detail).with_remedy(format!("Choose among {}.", known.join(", ")))
    })
}
