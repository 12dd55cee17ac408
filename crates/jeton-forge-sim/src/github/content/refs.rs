//! Branches, tags and references by name.

use http::StatusCode;
use serde_json::{Value, json};

use super::open::{Look, Stop};
use crate::git::Reference;
use crate::github::GitHubSim;
use crate::github::error::ApiError;
use crate::github::model::Repository;
use crate::github::page::Page;
use crate::reply::Reply;

impl GitHubSim {
    pub(crate) fn list_branches(&self, look: Look<'_>) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let api = self.api_of(&repository);
        let all = self.store().references(repository.id, "refs/heads/")?;
        let shown = |reference: &Reference| {
            let (name, sha) = (short(reference), &reference.object);
            let commit = json!({ "sha": sha, "url": format!("{api}/commits/{sha}") });
            json!({ "name": name, "commit": commit, "protected": false })
        };
        Ok(self.page_of(look, &all, shown))
    }

    /// Each tag with its commit, whether or not an object of its own is between.
    pub(crate) fn list_tags(&self, look: Look<'_>) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let api = self.api_of(&repository);
        let all = self.store().references(repository.id, "refs/tags/")?;
        let shown = |reference: &Reference| {
            let (name, sha) = (short(reference), reference.peeled.as_ref().unwrap_or(&reference.object));
            json!({
                "name": name,
                "zipball_url": format!("{api}/zipball/{}", reference.name),
                "tarball_url": format!("{api}/tarball/{}", reference.name),
                "commit": { "sha": sha, "url": format!("{api}/commits/{sha}") },
                "node_id": node_id(reference),
            })
        };
        Ok(self.page_of(look, &all, shown))
    }

    /// One reference by its whole name without `refs/`.
    pub(crate) fn get_ref(&self, look: Look<'_>, name: &str) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let whole = format!("refs/{name}");
        let all = self.store().references(repository.id, &whole)?;
        match all.into_iter().find(|reference| reference.name == whole) {
            Some(found) => Ok(Reply::json(StatusCode::OK, &self.ref_json(&repository, &found))),
            None => Err(self.absent(&repository, ApiError::not_found())),
        }
    }

    /// All references that begin with this; none is an empty list.
    pub(crate) fn matching_refs(&self, look: Look<'_>, prefix: &str) -> Result<Reply, Stop> {
        let repository = self.open(look)?;
        let all = self.store().references(repository.id, &format!("refs/{prefix}"))?;
        if all.is_empty() && self.store().is_empty(repository.id)? {
            return Err(self.absent(&repository, ApiError::not_found()));
        }
        let shown: Vec<Value> = all
            .iter()
            .map(|reference| self.ref_json(&repository, reference))
            .collect();
        Ok(Reply::json(StatusCode::OK, &shown))
    }

    fn page_of(&self, look: Look<'_>, all: &[Reference], shown: impl Fn(&Reference) -> Value) -> Reply {
        let page = Page::from_query(look.parts.uri.query());
        let part: Vec<Value> = page.cut(all).iter().map(shown).collect();
        let reply = Reply::json(StatusCode::OK, &part);
        page.link(reply, self.web_url(), &look.parts.uri, all.len())
    }

    /// Of an annotated tag, the object is the tag's own.
    fn ref_json(&self, repository: &Repository, reference: &Reference) -> Value {
        let (api, sha, kind) = (self.api_of(repository), &reference.object, reference.kind.as_str());
        json!({
            "ref": reference.name,
            "node_id": node_id(reference),
            "url": format!("{api}/git/{}", reference.name),
            "object": { "type": kind, "sha": sha, "url": format!("{api}/git/{kind}s/{sha}") },
        })
    }
}

/// The name without `refs/heads/` or `refs/tags/`.
fn short(reference: &Reference) -> &str {
    reference.name.splitn(3, '/').nth(2).unwrap_or(&reference.name)
}

fn node_id(reference: &Reference) -> String {
    format!("REF_sim{}", hex::encode(&reference.name))
}
