//! Commits, one or many.

use std::collections::HashSet;

use http::StatusCode;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{Place, broken, reference};
use crate::git::{Commit, LogQuery, Signature};
use crate::gitlab::GitLab;
use crate::gitlab::answer::Answer;
use crate::gitlab::caller::Caller;
use crate::gitlab::error;
use crate::gitlab::page::Page;
use crate::gitlab::routes::Action;
use crate::reply::Reply;
use crate::site::{Call, Refused};

impl GitLab {
    pub(in crate::gitlab) fn list_commits(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let page = Page::of(call)?;
        let (path, author) = (call.query("path").unwrap_or_default(), call.query("author"));
        let query = LogQuery {
            path: path.trim_matches('/').as_bytes(),
            since: moment(call, "since")?,
            until: moment(call, "until")?,
            author: author.as_deref().filter(|author| !author.is_empty()),
            skip: page.start(),
            max: page.size(),
            first_parent: call.flag("first_parent"),
            ..LogQuery::default()
        };
        let found = if call.flag("all") {
            self.log_of_all(&place, &query)?
        } else {
            self.log_of_one(call, &place, query)?
        };
        let all: Vec<Value> = found.iter().map(|commit| self.commit_wire(&place, commit)).collect();
        Ok(page.reply_uncounted(&all, &self.ground.url(), call))
    }

    /// An empty project has no commits, while a name that means nothing is not found. That it is so is a guess.
    fn log_of_one(&self, call: &Call<Action>, place: &Place, query: LogQuery<'_>) -> Result<Vec<Commit>, Refused> {
        let named = reference(call, "ref_name");
        let Some(start) = self.commit(place, named.as_deref().unwrap_or("HEAD")) else {
            return if named.is_some() {
                Err(error::not_found("Commit"))
            } else {
                Ok(Vec::new())
            };
        };
        let query = LogQuery { start: &start, ..query };
        self.ground.store.log(place.project, &query).map_err(broken)
    }

    /// Commits that any branch or tag reaches, newest first.
    fn log_of_all(&self, place: &Place, query: &LogQuery<'_>) -> Result<Vec<Commit>, Refused> {
        let store = &self.ground.store;
        let mut starts = HashSet::new();
        for reference in store.references(place.project, "refs/").map_err(broken)? {
            starts.insert(reference.peeled.unwrap_or(reference.object));
        }
        let mut all: Vec<Commit> = Vec::new();
        for start in &starts {
            let query = LogQuery {
                start,
                skip: 0,
                max: query.skip.saturating_add(query.max),
                ..*query
            };
            all.extend(store.log(place.project, &query).map_err(broken)?);
        }
        all.sort_by(|a, b| (b.committer.at, &b.id).cmp(&(a.committer.at, &a.id)));
        all.dedup_by(|a, b| a.id == b.id);
        Ok(all.into_iter().skip(query.skip).take(query.max).collect())
    }

    /// One commit, named by its id or by a branch or tag.
    pub(in crate::gitlab) fn show_commit(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let id = self
            .commit(&place, call.caught(1))
            .ok_or_else(|| error::not_found("Commit"))?;
        let commit = self.read_commit(&place, &id)?;
        let mut wire = self.commit_wire(&place, &commit);
        wire["status"] = Value::Null;
        wire["project_id"] = place.project.into();
        wire["last_pipeline"] = Value::Null;
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(super) fn read_commit(&self, place: &Place, id: &str) -> Result<Commit, Refused> {
        let found = self.ground.store.commit(place.project, id).map_err(broken)?;
        found.ok_or_else(|| error::not_found("Commit"))
    }

    pub(super) fn commit_wire(&self, place: &Place, commit: &Commit) -> Value {
        json!({
            "id": commit.id,
            "short_id": commit.id.get(..8),
            "created_at": date(&commit.committer),
            "parent_ids": commit.parents,
            "title": commit.title(),
            // As git keeps it: it ends every message with a line break.
            "message": format!("{}\n", commit.message),
            "author_name": commit.author.name,
            "author_email": commit.author.email,
            "authored_date": date(&commit.author),
            "committer_name": commit.committer.name,
            "committer_email": commit.committer.email,
            "committed_date": date(&commit.committer),
            "trailers": {},
            "extended_trailers": {},
            "web_url": self.page_of(place, &format!("commit/{}", commit.id)),
        })
    }
}

/// `2026-06-01T14:00:00.000+02:00`: in the zone of whoever signed.
fn date(signature: &Signature) -> String {
    let date = signature.date();
    match date.split_at_checked("2026-06-01T14:00:00".len()) {
        Some((time, zone)) => format!("{time}.000{zone}"),
        None => date,
    }
}

/// A parameter that is a moment. Without a zone it is UTC, and a day is its beginning.
fn moment(call: &Call<Action>, name: &str) -> Result<Option<Timestamp>, Refused> {
    let Some(text) = call.query(name) else { return Ok(None) };
    let local = || {
        text.parse::<DateTime>()
            .or_else(|_| text.parse::<Date>().map(DateTime::from))
    };
    let parsed = text.parse::<Timestamp>().or_else(|_| {
        let zoned = local()?.to_zoned(TimeZone::UTC)?;
        Ok::<_, jiff::Error>(zoned.timestamp())
    });
    parsed
        .map(Some)
        .map_err(|_| error::parameter(&format!("{name} is invalid")))
}
