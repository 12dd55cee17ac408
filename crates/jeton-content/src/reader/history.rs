//! The history of commits, in blocks of a hundred as the forges give it. From a commit backwards it never changes; so a cursor is a commit
//! to start from and a place.

use std::sync::Arc;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_domain::{FilePath, ObjectId};
use jeton_forge::content::{Commit, CommitsAsk};
use jiff::Timestamp;

use super::{Base, Reader, shown};
use crate::{
    CommitsQuery, ContentError, HistoryPage,
    sources::{Failed, Way},
};

/// Blocks that one request looks through at most, where the forge does not filter by date itself.
const MOST_BLOCKS: usize = 10;
/// Commits in a block.
const BLOCK: usize = 100;
/// No history is longer.
const MOST_COMMITS: usize = 100_000_000;

/// Which part of which history.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct BlockKey {
    repository: Arc<str>,
    from: ObjectId,
    path: FilePath,
    since: Option<Timestamp>,
    until: Option<Timestamp>,
    block: BlockId,
}

/// Which block: by its number where the forge counts them, else by what it gave to ask for it with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum BlockId {
    /// From 0.
    Number(usize),
    /// `None`: the first.
    Token(Option<Arc<str>>),
}

/// A block.
#[derive(Debug)]
pub(crate) struct Block {
    commits: Vec<Commit>,
    next: Option<Arc<str>>,
    /// Whether the forge filtered by date; else what is given out has to be.
    filtered: bool,
}

impl Block {
    /// Bytes in memory, roughly.
    pub(crate) fn weight(&self) -> usize {
        let messages: usize = self.commits.iter().map(|commit| commit.message.len()).sum();
        1024 + self.commits.len() * 500 + messages
    }
}

/// A place in a history: what comes next there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spot {
    block: BlockId,
    offset: usize,
}

impl Reader {
    /// A page of the history.
    pub(crate) async fn history(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &CommitsQuery,
        start: Option<Spot>,
    ) -> Result<HistoryPage, ContentError> {
        let first = if way.history_page(1).is_some() {
            BlockId::Number(0)
        } else {
            BlockId::Token(None)
        };
        let mut spot = start.unwrap_or(Spot {
            block: first,
            offset: 0,
        });
        let limit = query.limit.clamp(1, BLOCK);
        let (mut found, mut blocks) = (Vec::new(), 0);
        let has_next = loop {
            let block = self.block(way, base, query, &spot.block).await?;
            blocks += 1;
            for (at, commit) in block.commits.iter().enumerate().skip(spot.offset) {
                if found.len() == limit {
                    break;
                }
                spot.offset = at + 1;
                if block.filtered || is_wanted(commit, query) {
                    found.push((commit.clone(), cursor(&base.commit, query, &spot)));
                }
            }
            let rest = block.commits.len() > spot.offset;
            let next = block.next_of(&spot.block, query);
            if found.len() == limit && rest {
                // What is left of this block may all be of other days; whether any more comes shows on the next page.
                break true;
            }
            match next {
                None => break false,
                Some(next) => spot = Spot { block: next, offset: 0 },
            }
            if found.len() == limit || blocks >= MOST_BLOCKS {
                break true;
            }
        };
        let last = found.last().map(|(_, cursor)| cursor.clone());
        // Where to go on: after the last one; or after what was looked through, where nothing more was found in it.
        let searched = has_next && found.len() < limit;
        let end_cursor = if searched {
            Some(cursor(&base.commit, query, &spot))
        } else {
            last
        };
        Ok(HistoryPage {
            commits: found,
            has_next,
            end_cursor,
        })
    }

    /// A block that is here, or one call.
    async fn block(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &CommitsQuery,
        block: &BlockId,
    ) -> Result<Arc<Block>, ContentError> {
        let key = BlockKey {
            repository: Arc::clone(way.key()),
            from: base.commit,
            path: query.path.clone(),
            since: query.since,
            until: query.until,
            block: block.clone(),
        };
        if let Some(block) = self.histories.get(&key).await {
            self.ensure_right(way, base).await?;
            return Ok(block);
        }
        // Another's failure is not ours: they may have other credentials.
        let mut own = None;
        let shared = self.histories.try_get_with(key.clone(), async {
            self.bring(way, base, query, block)
                .await
                .map_err(|error| own = Some(error))
        });
        match (shared.await, own) {
            (Ok(block), _) => {
                self.ensure_right(way, base).await?;
                Ok(block)
            }
            (Err(_), Some(error)) => Err(error),
            (Err(_), None) => {
                let block = self.bring(way, base, query, block).await?;
                self.histories.insert(key, Arc::clone(&block)).await;
                Ok(block)
            }
        }
    }

    async fn bring(
        &self,
        way: &Arc<Way>,
        base: &Base,
        query: &CommitsQuery,
        block: &BlockId,
    ) -> Result<Arc<Block>, ContentError> {
        let page = match block {
            BlockId::Number(0) | BlockId::Token(None) => None,
            BlockId::Number(number) => Some(way.history_page(*number).ok_or(ContentError::Cursor)?),
            BlockId::Token(Some(token)) => Some(token.to_string()),
        };
        let ask = CommitsAsk {
            from: &base.commit,
            path: &query.path,
            since: query.since,
            until: query.until,
            page: page.as_deref(),
        };
        let page = match way.commits(&ask).await {
            Ok(page) => page,
            Err(Failed::NotFound(why)) if why.code == jeton_domain::Code::ContentCursor => {
                return Err(ContentError::Cursor);
            }
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
        self.confirm(way, base).await;
        Ok(Arc::new(Block {
            commits: page.commits,
            next: page.next.map(Arc::from),
            filtered: page.filtered,
        }))
    }
}

impl Block {
    /// The block after this one, if there is one that may hold anything.
    fn next_of(&self, block: &BlockId, query: &CommitsQuery) -> Option<BlockId> {
        let token = self.next.clone()?;
        // Dates go backwards but for clocks that were wrong: a whole block from before the time means that nothing of it comes any more.
        let is_past = |commit: &Commit| query.since.is_some_and(|since| commit.committer.at.timestamp() < since);
        if !self.filtered && !self.commits.is_empty() && self.commits.iter().all(is_past) {
            return None;
        }
        Some(match block {
            BlockId::Number(number) => BlockId::Number(number + 1),
            BlockId::Token(_) => BlockId::Token(Some(token)),
        })
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

fn cursor(from: &ObjectId, query: &CommitsQuery, spot: &Spot) -> String {
    let check = check_of(query);
    match &spot.block {
        BlockId::Number(number) => format!("{from} {} {check}", number * BLOCK + spot.offset),
        BlockId::Token(None) => format!("{from} {} {check} -", spot.offset),
        BlockId::Token(Some(token)) => {
            let token = URL_SAFE_NO_PAD.encode(token.as_bytes());
            format!("{from} {} {check} {token}", spot.offset)
        }
    }
}

/// Reads a cursor back: the commit to start from, and the place of the first commit that is wanted. What a token leads to is for the
/// forge's client to judge.
pub(crate) fn read_cursor(text: &str, query: &CommitsQuery) -> Result<(ObjectId, Spot), ContentError> {
    let read = || {
        let text = (text.len() <= 3_000).then_some(text)?;
        // As a space may come out of a query.
        let mut parts = text.split([' ', '+']);
        let (from, number, check) = (parts.next()?, parts.next()?, parts.next()?);
        let (token, end) = (parts.next(), parts.next());
        let number: usize = number.parse().ok().filter(|number| *number <= MOST_COMMITS)?;
        (end.is_none() && check == check_of(query)).then_some(())?;
        let spot = match token {
            None => Spot {
                block: BlockId::Number(number / BLOCK),
                offset: number % BLOCK,
            },
            Some(token) => {
                let token = match token {
                    "-" => None,
                    token => Some(String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?),
                };
                Spot {
                    block: BlockId::Token(token.map(Arc::from)),
                    offset: number,
                }
            }
        };
        Some((from.parse().ok()?, spot))
    };
    read().ok_or(ContentError::Cursor)
}

#[cfg(test)]
mod tests {
    use super::{BlockId, Spot, check_of, cursor, read_cursor};
    use crate::CommitsQuery;

    const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

    #[test]
    fn a_cursor_reads_back_and_fits_its_own_question_only() {
        let query = CommitsQuery::default();
        let other = CommitsQuery {
            since: Some("2026-01-01T00:00:00Z".parse().unwrap()),
            ..CommitsQuery::default()
        };
        let commit = COMMIT.parse().unwrap();
        for block in [
            BlockId::Number(3),
            BlockId::Token(None),
            BlockId::Token(Some("page=2&ctx=ä b".into())),
        ] {
            let spot = Spot { block, offset: 42 };
            let text = cursor(&commit, &query, &spot);
            assert_eq!(read_cursor(&text, &query).unwrap(), (commit, spot), "{text}");
            assert!(read_cursor(&text, &other).is_err());
        }
    }

    #[test]
    fn what_is_no_cursor_is_refused() {
        let query = CommitsQuery::default();
        let check = check_of(&query);
        let long = "9".repeat(5_000);
        for bad in [
            "",
            "x",
            "a b c",
            &format!("{COMMIT} -1 {check}"),
            &format!("{COMMIT} 99999999999999999999 {check}"),
            &format!("{COMMIT} 999999999 {check}"),
            &format!("{COMMIT} 1 {check} ä"),
            &format!("{COMMIT} 1 {check} - -"),
            &long,
        ] {
            assert!(read_cursor(bad, &query).is_err(), "{bad}");
        }
    }
}
