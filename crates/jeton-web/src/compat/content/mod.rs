//! The content routes that today's clients already call. A path stands in the middle of them, with its slashes, so that the router
//! sees only how they begin.

mod asking;
mod commits;
mod file;
mod json_stream;
mod lines;
mod tree;

use axum::{
    Router,
    extract::{Request, State},
    handler::Handler,
    response::{IntoResponse, Response},
    routing::get,
};
use jeton_domain::Code;
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{failure::Failure, state::Shared};

/// For the document alone.
pub(super) fn documented() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(tree::get_compatible_tree))
        .routes(routes!(file::get_compatible_content))
        .routes(routes!(lines::get_compatible_lines))
        .routes(routes!(lines::get_compatible_max_lines))
        .routes(routes!(commits::list_compatible_commits))
}

/// For requests.
pub(crate) fn router() -> Router<Shared> {
    Router::new()
        .route("/repo/{owner}/{repo}/tree", get(tree::get_compatible_tree))
        .route("/repo/{owner}/{repo}/commits", get(commits::list_compatible_commits))
        .route("/repo/{owner}/{repo}/file/{*rest}", get(of_file))
}

/// What is wanted of a file stands behind its path.
async fn of_file(State(state): State<Shared>, request: Request) -> Response {
    match request.uri().path().rsplit('/').next() {
        Some("content") => file::get_compatible_content.call(request, state).await,
        Some("lines") => lines::get_compatible_lines.call(request, state).await,
        Some("max-lines") => lines::get_compatible_max_lines.call(request, state).await,
        _ => Failure::new(Code::RouteNotFound, "there is no such route")
            .with_remedy("After the path of the file comes /content, /lines or /max-lines.")
            .into_response(),
    }
}

/// Of these routes unknown parameters are no errors: they never were.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct RefParams {
    /// A branch, a tag or a commit; the default branch when left out.
    #[serde(rename = "ref")]
    #[param(rename = "ref", nullable = false, required = false, example = "main")]
    reference: Option<String>,
}
