use axum::response::Response;
use jeton_api::RepositoryTree;
use jeton_content::{TreeQuery, render};
use serde::Deserialize;

use super::{asking::Asking, directory, page_limit};
use crate::{extract::Params, failure::Failure};

/// Entries on a page when the request does not say, and at most.
pub(crate) const PAGE: (u32, u32) = (1_000, 10_000);

/// Which part of the tree.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TreeParams {
    /// A branch, a tag or a commit; the default branch when left out.
    #[serde(rename = "ref")]
    #[param(rename = "ref", nullable = false, required = false, example = "main")]
    reference: Option<String>,
    /// Below this directory; all of the repository when left out.
    #[param(nullable = false, required = false, example = "src")]
    path: Option<String>,
    /// With all that lies below; else only what lies in the directory. `true` when left out.
    #[param(nullable = false, required = false)]
    recursive: Option<bool>,
    /// How many entries at most, 1 to 10,000; 1,000 when left out.
    #[param(minimum = 1, maximum = 10_000, nullable = false, required = false)]
    limit: Option<u32>,
    /// `next` of the page before.
    #[param(nullable = false, required = false)]
    cursor: Option<String>,
}

/// The files and directories of a repository, however many there are: page by page, also where the forge itself cuts its answer. They
/// come by path where the forge gives the tree in one answer, else in the forge's order. Submodules and symbolic links are named as such.
#[utoipa::path(
    get,
    path = "/v1/content/{forge}/{owner}/{repo}/tree",
    operation_id = "getRepositoryTree",
    tag = "content",
    params(
        ("forge" = String, Path, description = "The forge's host, or `github`, `gitlab` or `bitbucket` for the public one", example = "github"),
        ("owner" = String, Path, description = "The owner; GitLab's groups in one part, as `group%2Fsub`", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        TreeParams,
    ),
    responses((status = 200, description = "A page of the tree", body = RepositoryTree))
)]
pub(crate) async fn get_repository_tree(
    asking: Asking,
    Params(params): Params<TreeParams>,
) -> Result<Response, Failure> {
    let directory = directory(params.path.as_deref())?;
    let query = TreeQuery {
        directory: directory.clone(),
        recursive: params.recursive.unwrap_or(true),
        limit: page_limit(params.limit, PAGE.0, PAGE.1)?,
        cursor: params.cursor,
    };
    let at = asking.at(params.reference.as_deref());
    let read = asking.content().tree(asking.asker(), &at, query).await;
    let read = read.map_err(|error| asking.failure(&error))?;
    if let Some(response) = asking.unchanged(&read.meta) {
        return Ok(response);
    }
    asking.json(&read.meta, &render::tree(&read, &directory))
}
