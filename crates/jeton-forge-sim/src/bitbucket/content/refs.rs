//! Branches and tags.

use http::StatusCode;
use serde_json::{Value, json};

use super::{Place, broken};
use crate::bitbucket::Bitbucket;
use crate::bitbucket::answer::Answer;
use crate::bitbucket::error;
use crate::bitbucket::page::paged;
use crate::bitbucket::routes::Action;
use crate::git::{ObjectKind, Reference};
use crate::reply::Reply;
use crate::site::{Call, Refused};

const BRANCHES: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";

impl Bitbucket {
    /// Branches, tags or both, each by name.
    pub(super) fn list_refs(&self, call: &Call<Action>, place: &Place) -> Answer {
        let prefixes: &[&str] = match call.action {
            Action::ListBranches => &[BRANCHES],
            Action::ListTags => &[TAGS],
            _ => &[BRANCHES, TAGS],
        };
        let mut values = Vec::new();
        for prefix in prefixes {
            for reference in self.ground.store.references(place.id, prefix).map_err(broken)? {
                values.extend(self.ref_wire(place, &reference)?);
            }
        }
        paged(call, &values, &self.ground.url())
    }

    pub(super) fn show_ref(&self, call: &Call<Action>, place: &Place) -> Answer {
        let (prefix, what) = match call.action {
            Action::ShowTag => (TAGS, "Tag"),
            _ => (BRANCHES, "Branch"),
        };
        let name = format!("{prefix}{}", call.caught(2));
        let found = self.ground.store.references(place.id, &name).map_err(broken)?;
        let found = found.into_iter().find(|reference| reference.name == name);
        let wire = match found {
            Some(reference) => self.ref_wire(place, &reference)?,
            None => None,
        };
        Ok(Reply::json(
            StatusCode::OK,
            &wire.ok_or_else(|| error::not_found(what))?,
        ))
    }

    /// `None`: a tag of something that is no commit, which this forge does not show.
    fn ref_wire(&self, place: &Place, reference: &Reference) -> Result<Option<Value>, Refused> {
        let target = reference.peeled.as_deref().unwrap_or(&reference.object);
        let Some(commit) = self.ground.store.commit(place.id, target).map_err(broken)? else {
            return Ok(None);
        };
        let target = self.commit_wire(place, &commit);
        if let Some(name) = reference.name.strip_prefix(BRANCHES) {
            return Ok(Some(json!({
                "type": "branch",
                "name": name,
                "target": target,
                "links": { "self": { "href": format!("{}/refs/branches/{name}", place.own) } },
                "default_merge_strategy": "merge_commit",
                "merge_strategies": ["merge_commit", "squash", "fast_forward"],
            })));
        }
        let name = reference.name.strip_prefix(TAGS).unwrap_or(&reference.name);
        let message = if reference.kind == ObjectKind::Tag {
            let object = self.whole(place, &reference.object)?;
            let text = String::from_utf8_lossy(&object);
            text.split_once("\n\n").map(|(_, message)| message.to_owned())
        } else {
            None
        };
        Ok(Some(json!({
            "type": "tag",
            "name": name,
            "target": target,
            "message": message,
            "date": commit.committer.date(),
            "links": { "self": { "href": format!("{}/refs/tags/{name}", place.own) } },
        })))
    }
}
