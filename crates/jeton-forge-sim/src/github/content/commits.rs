//! `GET /repos/{owner}/{repo}/commits` and `…/commits/{ref}`.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::open::{Look, Stop};
use crate::git::LogQuery;
use crate::github::GitHubSim;
use crate::github::answer::header;
use crate::github::error::ApiError;
use crate::github::page::Page;
use crate::reply::Reply;

/// Files of a commit on one page.
const FILES_PER_PAGE: usize = 300;
/// Files of a commit that are shown at all.
const MAX_FILES: usize = 3000;

impl GitHubSim {
    /// Newest first, narrowed by path, author and the committer's time.
    pub(crate) fn list_commits(&self, look: Look<'_>) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let start = look.query("sha").unwrap_or_else(|| repository.default_branch.clone());
        let Some(start) = self.store().resolve(repository.id, &start) else {
            return Err(self.absent(&repository, ApiError::not_found()));
        };
        let (path, author) = (look.query("path").unwrap_or_default(), look.query("author"));
        let path = path.trim_matches('/');
        let page = Page::from_query(look.parts.uri.query());
        let query = LogQuery {
            start: &start,
            path: path.as_bytes(),
            since: time(look, "since")?,
            until: time(look, "until")?,
            author: author.as_deref(),
            skip: page.skip(),
            max: page.size(),
            first_parent: false,
        };
        // A path that cannot be in a repository is one that no commit changed.
        let possible = !path.split('/').any(|part| matches!(part, "." | ".."));
        let (commits, total) = if possible {
            let total = self.store().count(repository.id, &query)?;
            (self.store().log(repository.id, &query)?, total)
        } else {
            (Vec::new(), 0)
        };
        let shown: Vec<Value> = commits
            .iter()
            .map(|commit| self.commit_json(&repository, commit))
            .collect();
        let reply = Reply::json(StatusCode::OK, &shown);
        Ok(page.link(reply, self.web_url(), &look.parts.uri, total))
    }

    /// A commit with the files that it changed, or in one of the plain forms.
    pub(crate) fn get_commit(&self, look: Look<'_>, reference: &str) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let store = self.store();
        let Some(sha) = store.resolve(repository.id, reference) else {
            // Not in the vendor's documentation; as public issues quote it.
            let words = format!("No commit found for SHA: {reference}");
            return Err(self.absent(&repository, ApiError::unprocessable(words)));
        };
        let accept = header(&look.parts.headers, "accept").unwrap_or_default();
        let asks = |form: &str| accept.contains("application/vnd.github") && accept.contains(form);
        if asks(".sha") {
            // Documented: a client that knows a commit's id sends it as its `ETag` to hear of another.
            let media = "application/vnd.github.sha; charset=utf-8";
            let etag = format!("\"{sha}\"");
            return Ok(Reply::bytes(StatusCode::OK, media, sha.into()).with("etag", &etag));
        }
        if asks(".diff") {
            let media = "application/vnd.github.diff; charset=utf-8";
            return Ok(Reply::bytes(StatusCode::OK, media, store.diff(repository.id, &sha)?));
        }
        if asks(".patch") {
            let media = "application/vnd.github.patch; charset=utf-8";
            return Ok(Reply::bytes(StatusCode::OK, media, store.patch(repository.id, &sha)?));
        }
        let commit = store.commit(repository.id, &sha)?.ok_or_else(ApiError::not_found)?;
        let changes = store.changes(repository.id, &sha)?;
        let shown = &changes[..changes.len().min(MAX_FILES)];
        let page = Page::from_query(look.parts.uri.query()).of_at_most(FILES_PER_PAGE, look.has("per_page"));
        let body = self.commit_with_files(&repository, &commit, &changes, page.cut(shown));
        let reply = Reply::json(StatusCode::OK, &body);
        Ok(page.link(reply, self.web_url(), &look.parts.uri, shown.len()))
    }
}

/// A time of the query: `YYYY-MM-DDTHH:MM:SSZ`, or with an offset.
fn time(look: Look<'_>, name: &str) -> Result<Option<Timestamp>, ApiError> {
    let Some(text) = look.query(name) else {
        return Ok(None);
    };
    // The status is documented, the words are not; nor is what other forms GitHub takes.
    let refused = |_| ApiError::new(StatusCode::BAD_REQUEST, format!("Invalid {name}: {text}"));
    text.parse().map(Some).map_err(refused)
}
