//! Runners, as people see and make them.

use http::StatusCode;
use serde_json::Value;

use super::super::GitLab;
use super::super::answer::Answer;
use super::super::caller::Caller;
use super::super::error;
use super::super::model::{Space, State};
use super::super::routes::{Action, Holder};
use super::super::spec::AccessLevel;
use super::deadlines;
use super::fields::{Fields, missing, no_value};
use super::model::{Runner, Wanted};
use super::spec::GitLabRunnerKind;
use super::wire;
use crate::reply::Reply;
use crate::site::{Call, Refused};

const TYPES: &[&str] = &["instance_type", "group_type", "project_type"];
const PROTECTIONS: &[&str] = &["not_protected", "ref_protected"];

/// What nobody says of a runner that they may not make. Only the status is sure.
const MAY_NOT: &str = "403 Forbidden - Insufficient permissions to create runner";

impl GitLab {
    pub(in super::super) fn create_runner(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let user = caller.required()?;
        let fields = Fields::of(call)?;
        let kind = wanted_kind(&fields)?;
        let wanted = wanted(&fields)?;
        let now = self.now();
        let mut state = self.state();
        let refusal = state.ci.refusals.get(kind.name()).map(String::as_str);
        if refusal.is_some() || !state.may_create(user, kind) {
            let words = refusal.unwrap_or(MAY_NOT);
            return Err(error::message(StatusCode::FORBIDDEN, words));
        }
        let ends = deadlines::wanted(&fields, state.usual_end(kind, now), now)?;
        let made = state.make_runner(kind, Some(user), wanted, ends, now);
        Ok(Reply::json(StatusCode::CREATED, &wire::made(&made, ends.0)))
    }

    pub(in super::super) fn show_runner(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let state = self.state();
        let runner = state.managed_runner(call, caller)?;
        Ok(Reply::json(StatusCode::OK, &self.runner_details(&state, runner)))
    }

    pub(in super::super) fn delete_runner(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let mut state = self.state();
        let id = state.managed_runner(call, caller)?.id;
        state.ci.runners.remove(&id);
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }

    pub(in super::super) fn reset_runner(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let now = self.now();
        let mut state = self.state();
        let runner = state.managed_runner(call, caller)?;
        runner.check_rotation(now)?;
        let id = runner.id;
        let (made, end) = state.renew_runner(id, now).ok_or_else(no_runner)?;
        Ok(Reply::json(StatusCode::CREATED, &wire::renewed(&made, end)))
    }

    /// Those that a project or group has: its own, those of all groups around it, and the server's.
    pub(in super::super) fn list_runners(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Answer {
        let now = self.now();
        let kind = call.query("type");
        if kind.as_deref().is_some_and(|kind| !TYPES.contains(&kind)) {
            return Err(no_value("type"));
        }
        let state = self.state();
        let space = state.ci_space(call, caller, holder)?;
        let near: Vec<u64> = state.around(space).map(|space| space.id).collect();
        let seen = |runner: &&Runner| {
            let covers = runner.kind.space().is_none_or(|id| near.contains(&id));
            covers && kind.as_deref().is_none_or(|kind| runner.kind.name() == kind)
        };
        let found = state.ci.runners.values().filter(seen);
        let all: Vec<Value> = found.map(|runner| wire::runner(runner, now)).collect();
        self.paged(call, &all)
    }
}

/// What a new runner is to work for, which may not be there.
fn wanted_kind(fields: &Fields) -> Result<GitLabRunnerKind, Refused> {
    if !fields.has("runner_type") {
        let both = "runner_type is missing, runner_type does not have a valid value";
        return Err(error::parameter(both));
    }
    let space = |name: &str| fields.number(name)?.ok_or_else(|| missing(name));
    Ok(match fields.word("runner_type", TYPES)? {
        Some("group_type") => GitLabRunnerKind::Group(space("group_id")?),
        Some("project_type") => GitLabRunnerKind::Project(space("project_id")?),
        _ => GitLabRunnerKind::Instance,
    })
}

fn wanted(fields: &Fields) -> Result<Wanted, Refused> {
    let usual = Wanted::default();
    let wanted = Wanted {
        description: fields.text("description")?.unwrap_or_default(),
        maintenance_note: fields.text("maintenance_note")?,
        paused: fields.flag("paused")?.unwrap_or(usual.paused),
        locked: fields.flag("locked")?.unwrap_or(usual.locked),
        run_untagged: fields.flag("run_untagged")?.unwrap_or(usual.run_untagged),
        tags: fields.list("tag_list")?.unwrap_or_default(),
        protected: fields.word("access_level", PROTECTIONS)? == Some("ref_protected"),
        maximum_timeout: fields.number("maximum_timeout")?,
    };
    if !wanted.run_untagged && wanted.tags.is_empty() {
        let words = "Tags list can not be empty when runner is not allowed to pick untagged jobs";
        return Err(error::bad_request(words));
    }
    Ok(wanted)
}

fn no_runner() -> Refused {
    error::not_found("Runner")
}

impl Runner {
    /// A token can be replaced until its maker's deadline, and not at all if that is the token's own end. Only that it is
    /// refused is known, not how.
    pub(super) fn check_rotation(&self, now: jiff::Timestamp) -> Result<(), Refused> {
        match self.token_rotation_deadline {
            Some(deadline) if deadline < now || self.token_expires_at == Some(deadline) => Err(error::message(
                StatusCode::FORBIDDEN,
                "403 Forbidden - Token rotation deadline has passed",
            )),
            _ => Ok(()),
        }
    }
}

impl State {
    /// The owner of a group, the owner and perhaps the maintainer of a project, an administrator.
    fn may_create(&self, user: u64, kind: GitLabRunnerKind) -> bool {
        let least = if self.ci.maintainers_create {
            AccessLevel::Maintainer
        } else {
            AccessLevel::Owner
        };
        self.has_runners(user, kind, least)
    }

    fn has_runners(&self, user: u64, kind: GitLabRunnerKind, least_in_project: AccessLevel) -> bool {
        let (id, holder, least) = match kind {
            GitLabRunnerKind::Instance => return self.is_admin(user),
            GitLabRunnerKind::Group(id) => (id, Holder::Group, AccessLevel::Owner),
            GitLabRunnerKind::Project(id) => (id, Holder::Project, least_in_project),
        };
        let space = self.spaces.get(&id).filter(|space| space.holder == holder);
        space.is_some_and(|space| self.level(space, user) >= Some(least))
    }

    /// The runner that a path names by number, if the caller may change it.
    fn managed_runner(&self, call: &Call<Action>, caller: Caller) -> Result<&Runner, Refused> {
        let user = caller.required()?;
        let id = call.number(0).ok_or_else(|| error::parameter("id is invalid"))?;
        let runner = self.ci.runners.get(&id).ok_or_else(no_runner)?;
        if self.has_runners(user, runner.kind, AccessLevel::Maintainer) {
            Ok(runner)
        } else {
            let words = "403 Forbidden - No access granted";
            Err(error::message(StatusCode::FORBIDDEN, words))
        }
    }

    /// The project or group that a path names, if the caller may set up its CI/CD: maintainers a project's, owners a
    /// group's.
    pub(super) fn ci_space(&self, call: &Call<Action>, caller: Caller, holder: Holder) -> Result<&Space, Refused> {
        let user = caller.required()?;
        let space = self.holder_space(call, caller, holder)?;
        if self.level(space, user) < Some(holder.manager()) {
            return Err(error::forbidden());
        }
        Ok(space)
    }
}
