use axum::response::Response;
use jeton_api::CommitList;
use jeton_content::{CommitsQuery, render};
use serde::Deserialize;

use super::{asking::Asking, directory, page_limit, span};
use crate::{extract::Params, failure::Failure};

/// Commits on a page when the request does not say, and at most.
pub(crate) const PAGE: (u32, u32) = (30, 100);

/// Which part of the history.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CommitParams {
    /// From this branch, tag or commit backwards; from the default branch when left out.
    #[serde(rename = "ref")]
    #[param(rename = "ref", nullable = false, required = false, example = "main")]
    reference: Option<String>,
    /// Only commits that changed this file or something in this directory.
    #[param(nullable = false, required = false, example = "src/lib.rs")]
    path: Option<String>,
    /// Not before this: RFC 3339 with an offset, or a day such as `2026-01-31`, from its beginning.
    #[param(nullable = false, required = false, example = "2026-01-01")]
    since: Option<String>,
    /// Not after this: RFC 3339 with an offset, or a day, which is in to its end.
    #[param(nullable = false, required = false, example = "2026-01-31")]
    until: Option<String>,
    /// The zone in which days are meant: a name of the IANA's, such as `Europe/Berlin`, or an offset. UTC when left out.
    #[param(nullable = false, required = false, example = "Europe/Berlin")]
    timezone: Option<String>,
    /// How many at most, 1 to 100; 30 when left out.
    #[param(minimum = 1, maximum = 100, nullable = false, required = false)]
    limit: Option<u32>,
    /// `next` of the page before, or the `cursor` of a commit: what comes after it. New commits do not move it.
    #[param(nullable = false, required = false)]
    cursor: Option<String>,
}

/// The history of a repository, or of something in it, newest first, filtered at the forge by the time at which each was
/// put there.
#[utoipa::path(
    get,
    path = "/v1/content/{forge}/{owner}/{repo}/commits",
    operation_id = "listCommits",
    tag = "content",
    params(
        ("forge" = String, Path, description = "The forge's host, or `github`, `gitlab` or `bitbucket` for the public one", example = "github"),
        ("owner" = String, Path, description = "The owner; GitLab's groups in one part, as `group%2Fsub`", example = "acme"),
        ("repo" = String, Path, description = "The repository's own name", example = "tools"),
        CommitParams,
    ),
    responses((status = 200, description = "A page of the history", body = CommitList))
)]
pub(crate) async fn list_commits(asking: Asking, Params(params): Params<CommitParams>) -> Result<Response, Failure> {
    let given = (params.since.as_deref(), params.until.as_deref());
    let (since, until) = span(given.0, given.1, params.timezone.as_deref()).map_err(|error| asking.failure(&error))?;
    let query = CommitsQuery {
        path: directory(params.path.as_deref())?,
        since,
        until,
        limit: page_limit(params.limit, PAGE.0, PAGE.1)?,
        cursor: params.cursor,
    };
    let at = asking.at(params.reference.as_deref());
    let read = asking.content().commits(asking.asker(), &at, query).await;
    let read = read.map_err(|error| asking.failure(&error))?;
    if let Some(response) = asking.unchanged(&read.meta) {
        return Ok(response);
    }
    asking.json(&read.meta, &render::commits(&read))
}
