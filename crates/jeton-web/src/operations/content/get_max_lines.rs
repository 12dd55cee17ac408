use std::ops::ControlFlow;

use axum::response::Response;
use jeton_api::FileLineCount;
use jeton_content::render;

use super::{FileParams, asking::Asking};
use crate::{extract::Params, failure::Failure};

/// How many lines a file has, with what else is known of it, and without its content.
#[utoipa::path(
    get,
    path = "/v1/content/{forge}/{owner}/{repo}/max-lines",
    operation_id = "getMaxLinesInFile",
    tag = "content",
    params(
        ("forge" = String, Path, description = "The forge's host, or `github`, `gitlab` or `bitbucket` for the public one", example = "github"),
        ("owner" = String, Path, description = "The owner; GitLab's groups in one part, as `group%2Fsub`", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        FileParams,
    ),
    responses((status = 200, description = "What is known of the file", body = FileLineCount))
)]
pub(crate) async fn get_max_lines_in_file(
    asking: Asking,
    Params(params): Params<FileParams>,
) -> Result<Response, Failure> {
    let read = match asking.file(params.reference.as_deref(), &params.path).await? {
        ControlFlow::Continue(read) => read,
        ControlFlow::Break(unchanged) => return Ok(unchanged),
    };
    asking.json(&read.meta, &render::line_count(&read))
}
