//! Commits, one or many.

use std::collections::HashSet;

use http::StatusCode;
use serde_json::{Value, json};

use super::{Place, broken};
use crate::bitbucket::Bitbucket;
use crate::bitbucket::answer::Answer;
use crate::bitbucket::error;
use crate::bitbucket::model::Starts;
use crate::bitbucket::page::{self, page_size};
use crate::bitbucket::routes::Action;
use crate::git::{Commit, LogQuery, Signature};
use crate::reply::Reply;
use crate::site::{Call, Refused};

impl Bitbucket {
    /// Newest first, of everything or of what is asked for. The pages after the first belong to the commits that the
    /// first began at, whatever came since.
    pub(super) fn list_commits(&self, call: &Call<Action>, place: &Place) -> Answer {
        let size = page_size(call)?;
        let (context, number, starts) = self.starts(call, place)?;
        let path = call.query("path").unwrap_or_default();
        let skip = (number - 1).saturating_mul(size);
        let mut found = self.log(place, &starts, path.trim_matches('/'), skip, size + 1)?;
        let more = found.len() > size;
        found.truncate(size);
        let values: Vec<Value> = found.iter().map(|commit| self.commit_wire(place, commit)).collect();
        let mut wire = json!({ "pagelen": size, "values": values });
        if more {
            let context = context.unwrap_or_else(|| self.keep(starts));
            let next = (number + 1).to_string();
            let more = [("ctx", context.as_str()), ("page", next.as_str())];
            wire["next"] = page::address(call, &self.ground.url(), &["ctx", "page"], &more).into();
        }
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    /// Where a list starts, and which page of it is wanted. A page without its context means nothing here.
    fn starts(&self, call: &Call<Action>, place: &Place) -> Result<(Option<String>, usize, Starts), Refused> {
        let Some(context) = call.query("ctx") else {
            let first = call.query("page").is_none_or(|page| page == "1");
            return if first {
                Ok((None, 1, self.asked_for(call, place)?))
            } else {
                Err(page::invalid())
            };
        };
        let number = call
            .query("page")
            .and_then(|page| page.parse::<usize>().ok())
            .filter(|page| *page > 0);
        let starts = self.state().contexts.get(&context).cloned();
        match (number, starts) {
            (Some(number), Some(starts)) => Ok((Some(context), number, starts)),
            _ => Err(page::invalid()),
        }
    }

    fn asked_for(&self, call: &Call<Action>, place: &Place) -> Result<Starts, Refused> {
        let store = &self.ground.store;
        let query = call.parts.uri.query().unwrap_or_default();
        let all = |wanted: &str| -> Result<Vec<String>, Refused> {
            let pairs = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == wanted);
            let found = pairs.map(|(_, name)| store.resolve(place.id, &name).ok_or_else(|| error::not_found("Commit")));
            found.collect()
        };
        let (mut include, exclude) = (all("include")?, all("exclude")?);
        if call.action == Action::ListCommitsOf {
            include.push(self.commit(place, call.caught(2))?);
        } else if include.is_empty() {
            let every = store.references(place.id, "refs/").map_err(broken)?;
            include = every.into_iter().map(|one| one.peeled.unwrap_or(one.object)).collect();
        }
        include.sort();
        include.dedup();
        Ok(Starts { include, exclude })
    }

    fn keep(&self, starts: Starts) -> String {
        let mut state = self.state();
        let context = state.random.base62(32);
        state.contexts.insert(context.clone(), starts);
        context
    }

    fn log(&self, place: &Place, starts: &Starts, path: &str, skip: usize, max: usize) -> Result<Vec<Commit>, Refused> {
        let store = &self.ground.store;
        let read = |query: &LogQuery<'_>| store.log(place.id, query).map_err(broken);
        let path = path.as_bytes();
        if let ([start], []) = (starts.include.as_slice(), starts.exclude.as_slice()) {
            return read(&LogQuery {
                start,
                path,
                skip,
                max,
                ..LogQuery::default()
            });
        }
        let mut hidden = HashSet::new();
        for start in &starts.exclude {
            let query = LogQuery {
                start,
                ..LogQuery::default()
            };
            hidden.extend(read(&query)?.into_iter().map(|commit| commit.id));
        }
        // What is hidden may come before what is not, so that no part of a log will do.
        let most = if hidden.is_empty() {
            skip.saturating_add(max)
        } else {
            usize::MAX
        };
        let mut all: Vec<Commit> = Vec::new();
        for start in &starts.include {
            all.extend(read(&LogQuery {
                start,
                path,
                max: most,
                ..LogQuery::default()
            })?);
        }
        all.retain(|commit| !hidden.contains(&commit.id));
        all.sort_by(|a, b| (b.committer.at, &b.id).cmp(&(a.committer.at, &a.id)));
        all.dedup_by(|a, b| a.id == b.id);
        Ok(all.into_iter().skip(skip).take(max).collect())
    }

    pub(super) fn read_commit(&self, place: &Place, id: &str) -> Result<Commit, Refused> {
        let found = self.ground.store.commit(place.id, id).map_err(broken)?;
        found.ok_or_else(|| error::not_found("Commit"))
    }

    /// Of its two dates Bitbucket gives one, and does not say which: here it is the committer's.
    pub(super) fn commit_wire(&self, place: &Place, commit: &Commit) -> Value {
        let own = |id: &str| format!("{}/commit/{id}", place.own);
        let parents = commit
            .parents
            .iter()
            .map(|id| json!({ "type": "commit", "hash": id, "links": { "self": { "href": own(id) } } }));
        let (workspace, slug) = (&place.workspace, &place.slug);
        let html = format!("{}/{workspace}/{slug}/commits/{}", self.ground.url(), commit.id);
        // As git keeps it: it ends every message with a line break.
        let message = format!("{}\n", commit.message);
        json!({
            "type": "commit",
            "hash": commit.id,
            "date": commit.committer.date(),
            "author": author(&commit.author),
            "committer": author(&commit.committer),
            "message": message,
            "summary": { "type": "rendered", "raw": message, "markup": "markdown", "html": "" },
            "parents": parents.collect::<Vec<Value>>(),
            "repository": {
                "type": "repository", "full_name": format!("{workspace}/{slug}"), "name": slug,
                "links": { "self": { "href": place.own } },
            },
            "links": { "self": { "href": own(&commit.id) }, "html": { "href": html } },
        })
    }
}

fn author(signature: &Signature) -> Value {
    json!({ "type": "author", "raw": format!("{} <{}>", signature.name, signature.email) })
}
