//! The history of commits. From a commit backwards it never changes; so a cursor is a commit to start from and a number.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use jeton_domain::{FilePath, ObjectId};
use jeton_forge::content::{Commit, CommitsAsk};
use jiff::Timestamp;
use tokio::sync::Mutex;

use super::{Base, Reader, shown};
use crate::{
    CommitsQuery, ContentError, HistoryPage,
    sources::{Failed, Way},
};

/// Pages of 100 commits that one request looks through at most, where the forge does not filter by date itself.
const MOST_PAGES: usize = 10;
/// Commits that are kept of one history at most.
const MOST_COMMITS: usize = 100_000;

/// Which history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct HistoryKey {
    repository: Arc<str>,
    from: ObjectId,
    path: FilePath,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
}

/// A history, as far as it was asked for.
#[derive(Debug)]
pub(crate) struct SharedHistory {
    state: Mutex<State>,
    weight: AtomicUsize,
}

#[derive(Debug, Default)]
struct State {
    commits: Vec<Arc<Commit>>,
    /// Where to go on; `None` at the very beginning too.
    next: Option<String>,
    complete: bool,
    /// Whether the forge filtered by date; else what is given out has to be.
    filtered: bool,
}

impl SharedHistory {
    /// Bytes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        self.weight.load(Ordering::Relaxed)
    }
}

impl Reader {
    /// A page of the history.
    pub(crate) async fn history(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &CommitsQuery,
        start: usize,
    ) -> Result<HistoryPage, ContentError> {
        let key = HistoryKey {
            repository: Arc::clone(way.key()),
            from: base.commit,
            path: query.path.clone(),
            since: query.since,
            until: query.until,
        };
        let new = async {
            Arc::new(SharedHistory {
                state: Mutex::default(),
                weight: AtomicUsize::new(1024),
            })
        };
        let history = self.histories.get_with(key.clone(), new).await;
        let mut state = history.state.lock().await;
        if start > MOST_COMMITS {
            return Err(ContentError::Cursor);
        }
        let limit = query.limit.clamp(1, 100);
        let (mut found, mut at, mut calls) = (Vec::new(), start, 0);
        loop {
            while found.len() <= limit
                && let Some(commit) = state.commits.get(at)
            {
                if state.filtered || is_wanted(commit, query) {
                    found.push((Arc::clone(commit), at));
                }
                at += 1;
            }
            if found.len() > limit || state.complete || (calls >= MOST_PAGES && at > start) {
                break;
            }
            self.page(way, base, query, &mut state).await?;
            calls += 1;
            let weight = state.commits.iter().map(|commit| 400 + commit.message.len()).sum();
            history.weight.store(weight, Ordering::Relaxed);
            self.histories.insert(key.clone(), Arc::clone(&history)).await;
        }
        let complete = state.complete;
        drop(state);
        if calls == 0 {
            self.ensure_right(way).await?;
        }
        if at > MOST_COMMITS + 100 {
            return Err(ContentError::Cursor);
        }
        let has_next = found.len() > limit || !complete;
        found.truncate(limit);
        let check = check_of(query);
        let name = |at: usize| format!("{} {at} {check}", base.commit);
        let last = found.last().map(|(_, at)| name(*at));
        // Nothing yet, and more to look through: where to go on.
        let searched = (has_next && found.len() < limit && at > 0).then(|| name(at - 1));
        Ok(HistoryPage {
            end_cursor: searched.or(last),
            has_next,
            commits: found
                .into_iter()
                .map(|(commit, at)| (Commit::clone(&commit), name(at)))
                .collect(),
        })
    }

    /// Brings the next page.
    async fn page(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &CommitsQuery,
        state: &mut State,
    ) -> Result<(), ContentError> {
        let ask = CommitsAsk {
            from: &base.commit,
            path: &query.path,
            since: query.since,
            until: query.until,
            page: state.next.as_deref(),
        };
        let page = match way.commits(&ask).await {
            Ok(page) => page,
            Err(Failed::NotFound(_) | Failed::NoSuchName(_)) => {
                self.commit_is_there(way, base).await?;
                return Err(ContentError::PathNotFound {
                    repository: way.repository().to_string(),
                    path: shown(&query.path),
                    reference: base.words(),
                    similar: Vec::new(),
                });
            }
            Err(failed) => return Err(self.failed(way, &query.path, failed)),
        };
        state.filtered = page.filtered;
        // Dates go backwards but for clocks that were wrong: a whole page from before the time means that nothing of it comes any more.
        let is_past = |commit: &Commit| query.since.is_some_and(|since| commit.committer.at.timestamp() < since);
        let over = !page.filtered && !page.commits.is_empty() && page.commits.iter().all(is_past);
        state.complete = page.next.is_none() || over || state.commits.len() >= MOST_COMMITS;
        state.next = page.next;
        state.commits.extend(page.commits.into_iter().map(Arc::new));
        Ok(())
    }
}

fn is_wanted(commit: &Commit, query: &CommitsQuery) -> bool {
    let at = commit.committer.at.timestamp();
    query.since.is_none_or(|since| at >= since) && query.until.is_none_or(|until| at <= until)
}

/// Four hex digits of what else was asked: a cursor does not fit another question.
fn check_of(query: &CommitsQuery) -> String {
    let text = format!("{}\n{:?}\n{:?}", query.path, query.since, query.until);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    format!("{:02x}{:02x}", digest.as_ref()[0], digest.as_ref()[1])
}

/// Reads a cursor back: the commit to start from, and the number of the first commit that is wanted.
pub(crate) fn read_cursor(text: &str, query: &CommitsQuery) -> Result<(ObjectId, usize), ContentError> {
    let read = || {
        let text = (text.len() <= 200).then_some(text)?;
        let mut parts = text.split([' ', '+']);
        let (from, number, check) = (parts.next()?, parts.next()?, parts.next()?);
        let number: usize = number.parse().ok()?;
        (parts.next().is_none() && check == check_of(query)).then_some(())?;
        Some((from.parse().ok()?, number.checked_add(1)?))
    };
    read().ok_or(ContentError::Cursor)
}

#[cfg(test)]
mod tests {
    use super::{check_of, read_cursor};
    use crate::CommitsQuery;

    #[test]
    fn a_cursor_fits_its_own_question_only() {
        let query = CommitsQuery::default();
        let other = CommitsQuery {
            since: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            ..CommitsQuery::default()
        };
        let commit = "0123456789abcdef0123456789abcdef01234567";
        let cursor = format!("{commit} 41 {}", check_of(&query));
        assert_eq!(read_cursor(&cursor, &query).unwrap(), (commit.parse().unwrap(), 42));
        assert!(read_cursor(&cursor, &other).is_err());
        for bad in [
            "",
            "x",
            "a b c",
            &format!("{commit} -1 {}", check_of(&query)),
            &"9".repeat(500),
        ] {
            assert!(read_cursor(bad, &query).is_err(), "{bad}");
        }
    }
}
