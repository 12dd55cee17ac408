//! What is in repositories, on any forge.

pub(crate) mod answer;
pub(crate) mod asking;
mod get_file_content;
mod get_file_lines;
mod get_max_lines;
mod get_raw_file;
mod get_repository_tree;
mod list_commits;
mod raw;

pub(crate) use get_repository_tree::PAGE as TREE_PAGE;
pub(crate) use list_commits::PAGE as COMMIT_PAGE;

use jeton_content::{ContentError, render};
use jeton_domain::{Code, FilePath};
use jiff::Timestamp;
use serde::Deserialize;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{extract::shown, failure::Failure, state::Shared};

pub(crate) fn router() -> OpenApiRouter<Shared> {
    OpenApiRouter::new()
        .routes(routes!(get_repository_tree::get_repository_tree))
        .routes(routes!(get_file_content::get_file_content))
        .routes(routes!(get_file_lines::get_file_lines_by_range))
        .routes(routes!(get_max_lines::get_max_lines_in_file))
        .routes(routes!(get_raw_file::get_raw_file))
        .routes(routes!(list_commits::list_commits))
}

/// Which file, where nothing else is asked.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FileParams {
    /// A branch, a tag or a commit; the default branch when left out. `refs/heads/NAME` and `refs/tags/NAME` say which is meant
    /// where a branch and a tag have one name.
    #[serde(rename = "ref")]
    #[param(rename = "ref", nullable = false, required = false, example = "main")]
    reference: Option<String>,
    /// The file, from the root of the repository.
    #[param(example = "src/lib.rs")]
    path: String,
}

/// Reads a directory's path; the root when left out.
pub(crate) fn directory(path: Option<&str>) -> Result<FilePath, Failure> {
    FilePath::parse(path.unwrap_or_default()).map_err(|error| {
        let detail = format!("path: \"{}\": {error}", shown(path.unwrap_or_default(), 120));
        Failure::new(Code::RequestInvalid, detail)
            .with_remedy("Write it from the root of the repository, such as src/lib.rs.")
    })
}

/// Reads from when on and until when commits are wanted; both moments are part of the span, as they are for the forges.
pub(crate) fn span(
    since: Option<&str>,
    until: Option<&str>,
    timezone: Option<&str>,
) -> Result<(Option<Timestamp>, Option<Timestamp>), ContentError> {
    let since = since.map(|text| render::since(text, timezone)).transpose()?;
    let until = until.map(|text| render::until(text, timezone)).transpose()?;
    Ok((since, until))
}

/// How many of something a page may have.
pub(crate) fn page_limit(asked: Option<u32>, default: u32, most: u32) -> Result<usize, Failure> {
    let limit = asked.unwrap_or(default);
    if (1..=most).contains(&limit) {
        return Ok(limit as usize);
    }
    let detail = format!("limit is {limit}, and may be 1 to {most}");
    Err(Failure::new(Code::RequestInvalid, detail).with_remedy("Ask for further pages with `cursor`."))
}
