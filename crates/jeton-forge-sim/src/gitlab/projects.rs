//! Projects, groups and what belongs to them.

use http::StatusCode;
use serde_json::{Value, json};

use super::GitLab;
use super::answer::Answer;
use super::caller::Caller;
use super::error;
use super::model::{Space, State};
use super::routes::{Action, Holder};
use super::spec::{AccessLevel, Visibility};
use super::wire;
use crate::reply::Reply;
use crate::site::{Call, Refused};

impl State {
    /// A project whose code the caller may read: anybody's, if it is not private; a reporter's, if it is.
    pub(super) fn readable_project(&self, call: &Call<Action>, caller: Caller) -> Result<&Space, Refused> {
        let project = self.holder_space(call, caller, Holder::Project)?;
        let level = caller.user().and_then(|user| self.level(project, user));
        if project.visibility != Visibility::Private || level >= Some(AccessLevel::Reporter) {
            Ok(project)
        } else {
            Err(error::forbidden())
        }
    }
}

impl GitLab {
    pub(super) fn list_spaces(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let user = caller.user();
        let least = match call.query("min_access_level") {
            None => None,
            Some(text) => Some(
                text.parse()
                    .ok()
                    .and_then(AccessLevel::from_number)
                    .ok_or_else(|| error::parameter("min_access_level does not have a valid value"))?,
            ),
        };
        let (member, owned) = (call.flag("membership") || least.is_some(), call.flag("owned"));
        let search = call.query("search").map(|text| text.to_lowercase());
        let state = self.state();
        let matches = |space: &&Space| {
            let level = user.and_then(|user| state.level(space, user));
            space.holder == holder
                && state.sees(space, user)
                && (!member || (level.is_some() && level >= least))
                && (!owned || level == Some(AccessLevel::Owner))
                && search
                    .as_deref()
                    .is_none_or(|text| space.path.to_lowercase().contains(text))
        };
        let mut found: Vec<&Space> = state.spaces.values().filter(matches).collect();
        // Newest projects first, groups by name, as GitLab sorts when nothing is asked for.
        match holder {
            Holder::Project => found.reverse(),
            Holder::Group => found.sort_by(|a, b| a.path.cmp(&b.path)),
        }
        let mut all: Vec<Value> = found
            .into_iter()
            .map(|space| self.space_wire(&state, space, user))
            .collect();
        drop(state);
        if holder == Holder::Project {
            for wire in &mut all {
                // One whose repository is being made at this moment is listed as it is.
                let _ = self.look_into(wire);
            }
        }
        self.paged(call, &all)
    }

    pub(super) fn show_space(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let mut wire = {
            let state = self.state();
            let space = state.holder_space(call, caller, holder)?;
            self.space_wire(&state, space, caller.user())
        };
        if holder == Holder::Project {
            self.look_into(&mut wire)?;
        }
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    /// Adds what only the repository of a project knows. It is done with the state unlocked: git may take its time.
    fn look_into(&self, wire: &mut Value) -> Result<(), Refused> {
        let broken = |error: std::io::Error| {
            tracing::warn!(%error, "git could not read a repository");
            error::message(StatusCode::INTERNAL_SERVER_ERROR, "500 Internal Server Error")
        };
        let id = wire["id"].as_u64().unwrap_or_default();
        let branch = self.ground.store.head(id).map_err(broken)?;
        let empty = self.ground.store.is_empty(id).map_err(broken)?;
        let readme = format!(
            "{}/-/blob/{branch}/README.md",
            wire["web_url"].as_str().unwrap_or_default()
        );
        wire["readme_url"] = if empty { Value::Null } else { readme.into() };
        wire["default_branch"] = branch.into();
        wire["empty_repo"] = empty.into();
        Ok(())
    }

    pub(super) fn show_member(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        caller.required()?;
        let state = self.state();
        let space = state.holder_space(call, caller, holder)?;
        let id = call.number(1).ok_or_else(|| error::parameter("user_id is invalid"))?;
        let user = state
            .users
            .get(&id)
            .filter(|user| !user.admin || space.members.contains_key(&user.id));
        let found = user.and_then(|user| Some((user, state.level(space, id)?)));
        let (user, level) = found.ok_or_else(|| error::not_found(""))?;
        let mut wire = self.user_wire(user);
        wire["access_level"] = level.number().into();
        wire["expires_at"] = Value::Null;
        wire["membership_state"] = "active".into();
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(super) fn list_merge_requests(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let state = self.state();
        let project = state.readable_project(call, caller)?;
        let request = |(index, title): (usize, &String)| {
            let number = index + 1;
            json!({
                "id": project.id * 1_000 + number as u64, "iid": number, "project_id": project.id, "title": title,
                "description": "", "state": "opened", "created_at": wire::time(project.created_at),
                "target_branch": "main", "source_branch": format!("change-{number}"), "draft": false,
                "web_url": format!("{}/{}/-/merge_requests/{number}", self.ground.url(), project.path),
            })
        };
        let all: Vec<Value> = project.merge_requests.iter().enumerate().map(request).collect();
        self.paged(call, &all)
    }
}
