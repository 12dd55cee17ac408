//! History on GitLab.

use http::HeaderMap;
use jeton_domain::ObjectId;
use serde::Deserialize;

use super::{
    call::{Call, bad_page, zoned},
    resolve::id,
    success,
};
use crate::{
    clean::link_below,
    content::{Commit, CommitPage, CommitsAsk, Person, ReadError},
    headers,
};

/// One commit (<https://docs.gitlab.com/api/commits/>).
#[derive(Deserialize)]
struct CommitObject {
    id: String,
    #[serde(default)]
    parent_ids: Vec<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    author_name: String,
    #[serde(default)]
    author_email: String,
    authored_date: String,
    #[serde(default)]
    committer_name: String,
    #[serde(default)]
    committer_email: String,
    committed_date: String,
    #[serde(default)]
    web_url: Option<String>,
}

/// More pages than any history has.
const LAST_PAGE: u32 = 1_000_000;

pub(super) async fn commits(call: &mut Call<'_>, ask: &CommitsAsk<'_>) -> Result<CommitPage, ReadError> {
    let page: u32 = match ask.page {
        None => 1,
        Some(text) => match text.parse() {
            Ok(page @ 2..=LAST_PAGE) => page,
            _ => return Err(bad_page()),
        },
    };
    let (from, number) = (ask.from.to_string(), page.to_string());
    let (since, until) = (ask.since.map(|at| at.to_string()), ask.until.map(|at| at.to_string()));
    let mut query = vec![
        ("ref_name", from.as_str()),
        ("per_page", "100"),
        ("page", number.as_str()),
    ];
    query.extend(since.as_deref().map(|at| ("since", at)));
    query.extend(until.as_deref().map(|at| ("until", at)));
    if !ask.path.is_root() {
        query.push(("path", ask.path.as_str()));
    }
    let reply = call.get("repository/commits", &query).await?;
    let answer = success(call, reply, ask.path)?;
    let found: Vec<CommitObject> = call.parse(&answer)?;
    let more = has_next(&answer.headers) && !found.is_empty();
    let commits: Result<Vec<_>, _> = found.into_iter().map(|one| commit(call, one)).collect();
    Ok(CommitPage {
        commits: commits?,
        next: more.then(|| (page + 1).to_string()),
        filtered: true,
    })
}

/// The token of the `number`-th page, from 0; the first has none.
pub(super) fn page_token(number: usize) -> Option<String> {
    let page = u32::try_from(number).ok()?.checked_add(1)?;
    (2..=LAST_PAGE).contains(&page).then(|| page.to_string())
}

fn commit(call: &Call<'_>, found: CommitObject) -> Result<Commit, ReadError> {
    let person = |name: String, email: String, at: &str| {
        let at = zoned(at).ok_or_else(|| call.garbled("a commit's date is none"))?;
        Ok(Person { name, email, at })
    };
    let parents: Result<Vec<ObjectId>, _> = found.parent_ids.iter().map(|parent| id(call, parent)).collect();
    Ok(Commit {
        id: id(call, &found.id)?,
        message: found.message,
        author: person(found.author_name, found.author_email, &found.authored_date)?,
        committer: person(found.committer_name, found.committer_email, &found.committed_date)?,
        parents: parents?,
        url: found
            .web_url
            .and_then(|link| link_below(call.at.forge.web_url(), &link)),
    })
}

/// Newer versions leave the numbers of pages out and have only the link.
fn has_next(headers: &HeaderMap) -> bool {
    headers::next_link(headers).is_some() || headers::text(headers, "x-next-page").is_some_and(|page| !page.is_empty())
}

#[cfg(test)]
mod tests {
    use super::page_token;

    #[test]
    fn pages_are_counted_from_the_first_which_has_no_token() {
        assert_eq!(page_token(0), None);
        assert_eq!(page_token(1).as_deref(), Some("2"));
        assert_eq!(page_token(999_999).as_deref(), Some("1000000"));
        for beyond in [1_000_000, usize::MAX] {
            assert_eq!(page_token(beyond), None);
        }
    }
}
