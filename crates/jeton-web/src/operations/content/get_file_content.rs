use std::ops::ControlFlow;

use axum::response::Response;
use jeton_api::FileContent;
use jeton_content::render;
use serde::Deserialize;

use super::asking::Asking;
use crate::{extract::Params, failure::Failure};

/// Which part of which file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ContentParams {
    /// A branch, a tag or a commit; the default branch when left out.
    #[serde(rename = "ref")]
    #[param(rename = "ref", nullable = false, required = false, example = "main")]
    reference: Option<String>,
    /// The file, from the root of the repository.
    #[param(example = "src/lib.rs")]
    path: String,
    /// From which byte on: 0, or `next` of the part before.
    #[param(nullable = false, required = false)]
    offset: Option<u64>,
    /// How many bytes at most, 1 to 1,048,576. When left out, a file of up to 1 MiB comes whole, and a larger one in parts of 50,000.
    #[param(minimum = 1, maximum = 1_048_576, nullable = false, required = false)]
    limit: Option<u64>,
}

/// A file. Text in UTF-8 comes as it is, and a part never ends inside a character; everything else comes as base64, with what it is
/// taken to be. A symbolic link is followed inside the repository.
#[utoipa::path(
    get,
    path = "/v1/content/{forge}/{owner}/{repo}/file",
    operation_id = "getFileContent",
    tag = "content",
    params(
        ("forge" = String, Path, description = "The forge's host, or `github`, `gitlab` or `bitbucket` for the public one", example = "github"),
        ("owner" = String, Path, description = "The owner; GitLab's groups in one part, as `group%2Fsub`", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        ContentParams,
    ),
    responses((status = 200, description = "The file, or a part of it", body = FileContent))
)]
pub(crate) async fn get_file_content(
    asking: Asking,
    Params(params): Params<ContentParams>,
) -> Result<Response, Failure> {
    let read = match asking.file(params.reference.as_deref(), &params.path).await? {
        ControlFlow::Continue(read) => read,
        ControlFlow::Break(unchanged) => return Ok(unchanged),
    };
    let body = render::file_content(&read, params.offset, params.limit).await;
    asking.json(&read.meta, &body.map_err(|error| asking.failure(&error))?)
}
