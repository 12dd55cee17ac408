use std::ops::ControlFlow;

use axum::response::Response;
use jeton_api::FileLines;
use jeton_content::render;
use serde::Deserialize;

use super::asking::Asking;
use crate::{extract::Params, failure::Failure};

/// Which lines of which file.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LineParams {
    /// A branch, a tag or a commit; the default branch when left out.
    #[serde(rename = "ref")]
    #[param(rename = "ref", nullable = false, required = false, example = "main")]
    reference: Option<String>,
    /// The file, from the root of the repository.
    #[param(example = "src/lib.rs")]
    path: String,
    /// The first line; lines count from 1, which it is when left out.
    #[param(minimum = 1, nullable = false, required = false, example = 100)]
    start_line: Option<u64>,
    /// The last line, which is part of the answer; the file's last one when left out.
    #[param(minimum = 1, nullable = false, required = false, example = 200)]
    end_line: Option<u64>,
}

/// Some lines of a file of text in UTF-8, without their line ends: at most 5,000 lines or 1 MiB at a time, or
/// one longer line of up to 8 MiB. LF and CRLF end lines, and
/// nothing else does; a last line without a line end is a line.
#[utoipa::path(
    get,
    path = "/v1/content/{forge}/{owner}/{repo}/lines",
    operation_id = "getFileLinesByRange",
    tag = "content",
    params(
        ("forge" = String, Path, description = "The forge's host, or `github`, `gitlab` or `bitbucket` for the public one", example = "github"),
        ("owner" = String, Path, description = "The owner; GitLab's groups in one part, as `group%2Fsub`", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        LineParams,
    ),
    responses((status = 200, description = "The lines", body = FileLines))
)]
pub(crate) async fn get_file_lines_by_range(
    asking: Asking,
    Params(params): Params<LineParams>,
) -> Result<Response, Failure> {
    let read = match asking.file(params.reference.as_deref(), &params.path).await? {
        ControlFlow::Continue(read) => read,
        ControlFlow::Break(unchanged) => return Ok(unchanged),
    };
    let body = render::file_lines(&read, params.start_line.unwrap_or(1), params.end_line).await;
    asking.json(&read.meta, &body.map_err(|error| asking.failure(&error))?)
}
