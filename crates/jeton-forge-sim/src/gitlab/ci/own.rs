//! What a runner does with its own token. Nobody else's credential counts here.

use http::StatusCode;

use super::super::GitLab;
use super::super::answer::Answer;
use super::super::error;
use super::super::routes::Action;
use super::fields::Fields;
use super::wire;
use crate::reply::Reply;
use crate::site::Call;

impl GitLab {
    /// A token that lives is told its number and its end. A dead one and none are the same.
    pub(in super::super) fn verify_runner(&self, call: &Call<Action>) -> Answer {
        let (now, token) = (self.now(), Fields::of(call)?.required("token")?);
        let mut state = self.state();
        let found = state.runner_of(&token, now).map(|runner| runner.id);
        let runner = found.and_then(|id| state.ci.runners.get_mut(&id));
        let runner = runner.ok_or_else(error::forbidden)?;
        runner.contacted_at = Some(now);
        let wire = wire::registered(runner.id, &token, runner.token_expires_at);
        Ok(Reply::json(StatusCode::OK, &wire))
    }

    pub(in super::super) fn reset_own_runner(&self, call: &Call<Action>) -> Answer {
        let (now, token) = (self.now(), Fields::of(call)?.required("token")?);
        let mut state = self.state();
        let runner = state.runner_of(&token, now).ok_or_else(error::forbidden)?;
        runner.check_rotation(now)?;
        let id = runner.id;
        let (made, end) = state.renew_runner(id, now).ok_or_else(error::forbidden)?;
        Ok(Reply::json(StatusCode::CREATED, &wire::renewed(&made, end)))
    }

    pub(in super::super) fn delete_own_runner(&self, call: &Call<Action>) -> Answer {
        let (now, token) = (self.now(), Fields::of(call)?.required("token")?);
        let mut state = self.state();
        let id = state.runner_of(&token, now).ok_or_else(error::forbidden)?.id;
        state.ci.runners.remove(&id);
        Ok(Reply::empty(StatusCode::NO_CONTENT))
    }
}
