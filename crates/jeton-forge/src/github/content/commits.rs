//! Histories.

use jeton_domain::{Code, ForgeEndpoint};
use jeton_outbound::Answer;
use jiff::{RoundMode, Timestamp, TimestampRound, Unit};

use super::{
    asking::{Ask, Asking, Unreadable, parse},
    failure::Failing,
    tail::Tail,
    wire::{WireCommit, WirePerson, zoned},
    words::Sought,
};
use crate::{
    clean::link_below,
    content::{Commit, CommitPage, CommitsAsk, Person, ReadError},
    diagnose::diagnosis,
    headers,
};

/// The most that GitHub gives in a page.
const PER_PAGE: usize = 100;

pub(super) async fn commits(asking: &mut Asking<'_>, ask: &CommitsAsk<'_>) -> Result<CommitPage, ReadError> {
    let failing = Failing {
        at: asking.at,
        sought: Sought::Path(ask.from, ask.path),
    };
    let page = page_number(ask.page)?;
    let mut tail = Tail::new("commits")
        .with("sha", &ask.from.to_string())
        .with("per_page", &PER_PAGE.to_string())
        .with("page", &page.to_string());
    if !ask.path.is_root() {
        tail = tail.with("path", ask.path.as_str());
    }
    if let Some(since) = ask.since {
        tail = tail.with("since", &second(since, RoundMode::Ceil));
    }
    if let Some(until) = ask.until {
        tail = tail.with("until", &second(until, RoundMode::Floor));
    }
    let forge = asking.at.forge;
    asking
        .json(&Ask::new(tail), &failing, |answer| read(answer, forge, page))
        .await
}

/// Pages are numbered from 1.
fn page_number(token: Option<&str>) -> Result<u32, ReadError> {
    let Some(token) = token else { return Ok(1) };
    match token.parse() {
        Ok(page @ 1..) => Ok(page),
        _ => Err(ReadError::Garbled(Box::new(diagnosis(
            Code::ContentCursor,
            "The cursor does not lead to a page of this history.",
            "Begin again without a cursor.",
        )))),
    }
}

/// The token of the `number`-th page, from 0; the first has none.
pub(super) fn page_token(number: usize) -> Option<String> {
    let page = u32::try_from(number).ok()?.checked_add(1)?;
    (page > 1).then(|| page.to_string())
}

/// Commits have times in whole seconds, and so has GitHub's filter.
fn second(time: Timestamp, mode: RoundMode) -> String {
    let rounded = time.round(TimestampRound::new().smallest(Unit::Second).mode(mode));
    rounded.unwrap_or(time).to_string()
}

fn read(answer: &Answer, forge: &ForgeEndpoint, page: u32) -> Result<CommitPage, Unreadable> {
    let found: Vec<WireCommit> = parse(answer)?;
    if found.len() > PER_PAGE {
        return Err(Unreadable(format!(
            "a page has more than the {PER_PAGE} commits that were asked for"
        )));
    }
    // only whether there is a next page: its address could lead anywhere, and an empty page could lead to itself
    let more = headers::next_link(&answer.headers).is_some() && !found.is_empty();
    Ok(CommitPage {
        commits: found
            .into_iter()
            .map(|one| commit(one, forge))
            .collect::<Result<_, _>>()?,
        next: more.then(|| page.saturating_add(1).to_string()),
        filtered: true,
    })
}

fn commit(found: WireCommit, forge: &ForgeEndpoint) -> Result<Commit, Unreadable> {
    let author = found.commit.author.as_ref();
    let committer = found.commit.committer.as_ref();
    Ok(Commit {
        id: found.sha.0,
        author: person(author, committer)?,
        committer: person(committer, author)?,
        message: found.commit.message,
        parents: found.parents.iter().map(|parent| parent.sha.0).collect(),
        url: found.html_url.filter(|url| link_below(forge.web_url(), url).is_some()),
    })
}

/// Whoever is not told is the other one: one odd commit must not hide the history around it.
fn person(told: Option<&WirePerson>, other: Option<&WirePerson>) -> Result<Person, Unreadable> {
    let date = |person: Option<&WirePerson>| person.and_then(|person| zoned(person.date.as_deref()?));
    let at = date(told).or_else(|| date(other));
    let who = told.or(other);
    Ok(Person {
        name: who.and_then(|who| who.name.clone()).unwrap_or_default(),
        email: who.and_then(|who| who.email.clone()).unwrap_or_default(),
        at: at.ok_or_else(|| Unreadable("a commit without a time".to_owned()))?,
    })
}

#[cfg(test)]
#[path = "commits_tests.rs"]
mod tests;
