//! Branches and tags.

use std::cmp::Reverse;

use http::StatusCode;
use serde_json::{Value, json};

use super::{Place, broken};
use crate::git::{Commit, ObjectKind, Reference};
use crate::gitlab::GitLab;
use crate::gitlab::answer::Answer;
use crate::gitlab::caller::Caller;
use crate::gitlab::error;
use crate::gitlab::page::Page;
use crate::gitlab::routes::Action;
use crate::reply::Reply;
use crate::site::{Call, Refused};

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

impl GitLab {
    /// By name.
    pub(in crate::gitlab) fn list_branches(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let found = self.search(call, &place, BRANCHES)?;
        let page = Page::of(call)?;
        let wires = page.cut(&found).iter().map(|branch| self.branch_wire(&place, branch));
        let wires = wires.collect::<Result<Vec<Value>, Refused>>()?;
        Ok(page.reply(found.len(), &wires, &self.ground.url(), call))
    }

    pub(in crate::gitlab) fn show_branch(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let found = self.reference(&place, BRANCHES, call.caught(1))?;
        let branch = found.ok_or_else(|| error::not_found("Branch"))?;
        Ok(Reply::json(StatusCode::OK, &self.branch_wire(&place, &branch)?))
    }

    /// Those of the newest commits first.
    pub(in crate::gitlab) fn list_tags(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let page = Page::of(call)?;
        let mut dated: Vec<(Commit, Reference)> = Vec::new();
        for reference in self.search(call, &place, TAGS)? {
            if let Some(commit) = self.tagged_commit(&place, &reference)? {
                dated.push((commit, reference));
            }
        }
        dated.sort_by_key(|(commit, _)| Reverse(commit.committer.at));
        let page_of = page.cut(&dated).iter();
        let wires = page_of.map(|(commit, tag)| self.tag_wire(&place, tag, commit));
        let wires = wires.collect::<Result<Vec<Value>, Refused>>()?;
        Ok(page.reply(dated.len(), &wires, &self.ground.url(), call))
    }

    pub(in crate::gitlab) fn show_tag(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let place = self.place(call, caller)?;
        let absent = || error::not_found("Tag");
        let tag = self.reference(&place, TAGS, call.caught(1))?.ok_or_else(absent)?;
        let commit = self.tagged_commit(&place, &tag)?.ok_or_else(absent)?;
        Ok(Reply::json(StatusCode::OK, &self.tag_wire(&place, &tag, &commit)?))
    }

    /// The references below a prefix that the parameter `search` lets through: `^` and `$` tie it to an end.
    fn search(&self, call: &Call<Action>, place: &Place, prefix: &str) -> Result<Vec<Reference>, Refused> {
        let wanted = call.query("search").unwrap_or_default();
        let fits = |name: &str| match (wanted.strip_prefix('^'), wanted.strip_suffix('$')) {
            (Some(start), _) => name.starts_with(start),
            (None, Some(end)) => name.ends_with(end),
            (None, None) => name.contains(&wanted),
        };
        let mut found = self.ground.store.references(place.project, prefix).map_err(broken)?;
        found.retain(|reference| fits(short(reference, prefix)));
        Ok(found)
    }

    fn reference(&self, place: &Place, prefix: &str, name: &str) -> Result<Option<Reference>, Refused> {
        let whole = format!("{prefix}{name}");
        let found = self.ground.store.references(place.project, &whole).map_err(broken)?;
        Ok(found.into_iter().find(|reference| reference.name == whole))
    }

    fn branch_wire(&self, place: &Place, branch: &Reference) -> Result<Value, Refused> {
        let name = short(branch, BRANCHES);
        let commit = self.read_commit(place, &branch.object)?;
        let default = name == place.default_branch;
        Ok(json!({
            "name": name,
            "commit": self.commit_wire(place, &commit),
            "merged": false,
            "protected": default,
            "developers_can_push": false,
            "developers_can_merge": false,
            "can_push": true,
            "default": default,
            "web_url": self.page_of(place, &format!("tree/{name}")),
        }))
    }

    /// A tag can lead to something else than a commit; GitLab shows such a one with no commit, this forge not at all.
    fn tagged_commit(&self, place: &Place, tag: &Reference) -> Result<Option<Commit>, Refused> {
        let id = tag.peeled.as_deref().unwrap_or(&tag.object);
        self.ground.store.commit(place.project, id).map_err(broken)
    }

    fn tag_wire(&self, place: &Place, tag: &Reference, commit: &Commit) -> Result<Value, Refused> {
        let message = if tag.kind == ObjectKind::Tag {
            let object = self.whole(place.project, &tag.object)?;
            let text = String::from_utf8_lossy(&object);
            text.split_once("\n\n")
                .map(|(_, message)| message.trim_end().to_owned())
        } else {
            None
        };
        Ok(json!({
            "name": short(tag, TAGS),
            "message": message.unwrap_or_default(),
            "target": tag.object,
            "commit": self.commit_wire(place, commit),
            "release": null,
            "protected": false,
            "created_at": null,
        }))
    }
}

fn short<'a>(reference: &'a Reference, prefix: &str) -> &'a str {
    reference.name.strip_prefix(prefix).unwrap_or(&reference.name)
}
