use axum::response::Response;
use jeton_content::CommitsQuery;
use jeton_domain::FilePath;
use serde::{Deserialize, Serialize};

use super::asking::CompatAsking;
use crate::{
    extract::Params,
    failure::Failure,
    operations::content::{page_limit, span},
};

/// Commits on a page when the request does not say, and at most.
const PAGE: u32 = 20;
const LONGEST_PAGE: u32 = 100;

/// Which part of the history.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryParams {
    /// From this branch, tag or commit backwards; from the default branch when left out.
    #[serde(rename = "ref")]
    #[param(rename = "ref", nullable = false, required = false, example = "main")]
    reference: Option<String>,
    /// How many at most, 1 to 100; 20 when left out.
    #[param(minimum = 1, maximum = 100, nullable = false, required = false)]
    limit: Option<u32>,
    /// `endCursor` of the page before.
    #[param(nullable = false, required = false)]
    cursor: Option<String>,
    /// Not before this day (UTC) or time.
    #[param(nullable = false, required = false, example = "2026-01-01")]
    start_date: Option<String>,
    /// Up to the end of this day (UTC), or up to this time, which is in.
    #[param(nullable = false, required = false, example = "2026-01-31")]
    end_date: Option<String>,
}

#[derive(Serialize)]
struct History<'a> {
    commits: Vec<Commit<'a>>,
    #[serde(rename = "pageInfo")]
    page_info: PageInfo<'a>,
}

#[derive(Serialize)]
struct Commit<'a> {
    message: &'a str,
    cursor: &'a str,
    #[serde(rename = "committedDate")]
    committed_date: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo<'a> {
    has_next_page: bool,
    end_cursor: Option<&'a str>,
}

/// The history of a repository on GitHub, newest first. It is filtered at the forge: a page is full as long as there are commits in
/// the span.
#[utoipa::path(
    get,
    path = "/repo/{owner}/{repo}/commits",
    operation_id = "listCompatibleCommits",
    tag = "compatible",
    params(
        ("owner" = String, Path, description = "The owner", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        HistoryParams,
    ),
    security(("bearer" = []), ("basic" = []), ()),
    responses((status = 200, description = "A page of the history", body = Object, example = json!({
        "commits": [{"message": "Add things", "cursor": "…", "committedDate": "2026-01-01T12:00:00Z"}],
        "pageInfo": {"hasNextPage": false, "endCursor": "…"}
    })))
)]
pub(crate) async fn list_compatible_commits(
    CompatAsking { asking, .. }: CompatAsking,
    Params(params): Params<HistoryParams>,
) -> Result<Response, Failure> {
    let given = |text: &'_ Option<String>| text.clone().filter(|text| !text.is_empty());
    let (start, end) = (given(&params.start_date), given(&params.end_date));
    let (since, until) = span(start.as_deref(), end.as_deref(), None).map_err(|error| asking.failure(&error))?;
    let query = CommitsQuery {
        path: FilePath::root(),
        since,
        until,
        limit: page_limit(params.limit, PAGE, LONGEST_PAGE)?,
        cursor: given(&params.cursor),
    };
    let at = asking.at(params.reference.as_deref());
    let read = asking.content().commits(asking.asker(), &at, query).await;
    let read = read.map_err(|error| asking.failure(&error))?;
    if let Some(response) = asking.unchanged(&read.meta) {
        return Ok(response);
    }
    let page = &read.value;
    let commits = page.commits.iter().map(|(commit, cursor)| Commit {
        message: &commit.message,
        cursor,
        committed_date: commit.committer.at.timestamp().to_string(),
    });
    let body = History {
        commits: commits.collect(),
        page_info: PageInfo {
            has_next_page: page.has_next,
            end_cursor: page.end_cursor.as_deref(),
        },
    };
    asking.json(&read.meta, &body)
}
