//! What a token reaches.

use http::StatusCode;
use serde_json::{Value, json};

use super::GitLab;
use super::answer::Answer;
use super::caller::Caller;
use super::error;
use super::model::{Space, State};
use super::page::Page;
use super::routes::{Action, Holder};
use super::spec::AccessLevel;
use crate::reply::Reply;
use crate::site::Call;

impl GitLab {
    /// Groups and projects in which the token's user has a role, each list in pages of its own.
    pub(super) fn show_associations(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let user = match caller {
            Caller::Token { user, .. } => user,
            Caller::Nobody => return Err(error::unauthorized()),
            Caller::OAuth { .. } | Caller::Job { .. } => {
                let words = "This endpoint requires token type to be a personal access token";
                return Err(error::bad_request(words));
            }
        };
        let least = match call.query("min_access_level") {
            None => AccessLevel::Guest,
            Some(text) => text
                .parse()
                .ok()
                .and_then(AccessLevel::from_number)
                .ok_or_else(|| error::parameter("min_access_level does not have a valid value"))?,
        };
        let page = Page::of(call)?;
        let state = self.state();
        let of = |holder: Holder| -> Vec<Value> {
            let reached = state
                .spaces
                .values()
                .filter(|space| space.holder == holder && state.level(space, user).is_some_and(|level| level >= least));
            reached.map(|space| self.association(&state, space, user)).collect()
        };
        let (groups, projects) = (of(Holder::Group), of(Holder::Project));
        let wire = json!({ "groups": page.cut(&groups), "projects": page.cut(&projects) });
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    fn association(&self, state: &State, space: &Space, user: u64) -> Value {
        let level = state.level(space, user).map(AccessLevel::number);
        match space.holder {
            Holder::Group => json!({
                "id": space.id,
                "web_url": format!("{}/groups/{}", self.ground.url(), space.path),
                "name": space.name(),
                "parent_id": state.space_at(space.parent_path()).map(|parent| parent.id),
                "organization_id": 1,
                "access_levels": level,
                "visibility": space.visibility.name(),
            }),
            Holder::Project => {
                let own = space.members.get(&user).map(|level| level.number());
                let parent = state.space_at(space.parent_path());
                let around = parent
                    .and_then(|group| state.level(group, user))
                    .map(AccessLevel::number);
                let mut wire = self.space_wire(state, space, Some(user));
                wire["access_levels"] = json!({ "project_access_level": own, "group_access_level": around });
                wire
            }
        }
    }
}
