//! From a route to its answer.

use aws_lc_rs::digest::{SHA256, digest};
use http::StatusCode;
use serde_json::{Value, json};

use super::GitLab;
use super::caller::Caller;
use super::error;
use super::page::Page;
use super::routes::{Action, Holder};
use super::wire;
use crate::reply::{Content, Reply};
use crate::site::{Call, Refused, not_modified};

pub(super) type Answer = Result<Reply, Refused>;

impl GitLab {
    pub(super) fn answer(&self, call: &Call<Action>) -> Reply {
        let limit = self.spend(self.charged(call));
        if limit.exceeded() {
            return limit.refusal();
        }
        let answer = self.admit(call).and_then(|caller| self.perform(call, caller));
        // Being told that nothing changed is a call like any other: it was counted above.
        let mut reply = not_modified(&call.parts.headers, tagged(answer.unwrap_or_else(Refused::into_reply)));
        limit.mark(&mut reply);
        reply
    }

    fn perform(&self, call: &Call<Action>, caller: Caller) -> Answer {
        match call.action {
            Action::ShowOwnToken => self.show_own_token(caller),
            Action::ShowAssociations => self.show_associations(call, caller),
            Action::RotateOwnToken => self.rotate_own_token(call, caller),
            Action::RevokeOwnToken => self.revoke_own_token(caller),
            Action::ListTokens => self.list_tokens(call, caller),
            Action::ShowToken => self.show_token(call, caller),
            Action::RotateToken => self.rotate_token(call, caller),
            Action::RevokeToken => self.revoke_token(call, caller),
            Action::ListHolderTokens(holder) => self.list_holder_tokens(call, caller, holder),
            Action::CreateHolderToken(holder) => self.create_holder_token(call, caller, holder),
            Action::ShowHolderToken(holder) => self.show_holder_token(call, caller, holder),
            Action::RotateOwnHolderToken(holder) => self.rotate_own_holder_token(call, caller, holder),
            Action::RotateHolderToken(holder) => self.rotate_holder_token(call, caller, holder),
            Action::RevokeHolderToken(holder) => self.revoke_holder_token(call, caller, holder),
            Action::ShowUser => self.show_user(caller),
            Action::ShowVersion | Action::ShowMetadata => show_version(call.action, caller),
            Action::ShowOAuthToken => self.show_oauth_token(call, caller),
            Action::ShowJob => show_job(caller),
            Action::ListProjects => self.list_spaces(call, caller, Holder::Project),
            Action::ListGroups => self.list_spaces(call, caller, Holder::Group),
            Action::ShowProject => self.show_space(call, caller, Holder::Project),
            Action::ShowGroup => self.show_space(call, caller, Holder::Group),
            Action::ShowMember(holder) => self.show_member(call, caller, holder),
            Action::CreateRunner => self.create_runner(call, caller),
            Action::VerifyRunner => self.verify_runner(call),
            Action::ResetOwnRunner => self.reset_own_runner(call),
            Action::DeleteOwnRunner => self.delete_own_runner(call),
            Action::ShowRunner => self.show_runner(call, caller),
            Action::ResetRunner => self.reset_runner(call, caller),
            Action::DeleteRunner => self.delete_runner(call, caller),
            Action::ListRunners(holder) => self.list_runners(call, caller, holder),
            Action::ListVariables(holder) => self.list_variables(call, caller, holder),
            Action::CreateVariable(holder) => self.create_variable(call, caller, holder),
            Action::ShowVariable(holder) => self.show_variable(call, caller, holder),
            Action::UpdateVariable(holder) => self.update_variable(call, caller, holder),
            Action::DeleteVariable(holder) => self.delete_variable(call, caller, holder),
            Action::ListMergeRequests => self.list_merge_requests(call, caller),
            Action::ListTree => self.list_tree(call, caller),
            Action::ShowFile => self.show_file(call, caller),
            Action::ShowRawFile => self.show_raw_file(call, caller),
            Action::ShowBlob => self.show_blob(call, caller),
            Action::ShowRawBlob => self.show_raw_blob(call, caller),
            Action::ListCommits => self.list_commits(call, caller),
            Action::ShowCommit => self.show_commit(call, caller),
            Action::ListBranches => self.list_branches(call, caller),
            Action::ShowBranch => self.show_branch(call, caller),
            Action::ListTags => self.list_tags(call, caller),
            Action::ShowTag => self.show_tag(call, caller),
            // Served elsewhere.
            Action::GitRefs | Action::GitUpload | Action::GitReceive => Err(error::not_found("")),
        }
    }

    pub(super) fn paged(&self, call: &Call<Action>, all: &[Value]) -> Answer {
        let page = Page::of(call)?;
        Ok(page.reply(all.len(), page.cut(all), &self.ground.url(), call))
    }

    fn show_user(&self, caller: Caller) -> Answer {
        let id = caller.required()?;
        let state = self.state();
        let user = state.users.get(&id).ok_or_else(error::unauthorized)?;
        Ok(Reply::json(StatusCode::OK, &self.user_wire(user)))
    }

    fn show_oauth_token(&self, call: &Call<Action>, caller: Caller) -> Answer {
        let Caller::OAuth { user } = caller else {
            return Err(error::unauthorized());
        };
        let state = self.state();
        let token = state.oauth_token(call).ok_or_else(error::unauthorized)?;
        Ok(Reply::json(
            StatusCode::OK,
            &json!({
                "resource_owner_id": user,
                "scope": token.scopes,
                "expires_in": token.expires_at.duration_since(self.now()).as_secs(),
                "application": { "uid": "1cb242f495280beb4291e64bee2a17f330902e499882fe8e1e2aa875519cab33" },
                "created_at": token.created_at.as_second(),
            }),
        ))
    }
}

fn show_version(action: Action, caller: Caller) -> Answer {
    caller.required()?;
    let mut wire = json!({ "version": "18.5.1-ee", "revision": "8cb4a1f8b0d" });
    if action == Action::ShowMetadata {
        let kas = json!({ "enabled": false, "externalUrl": null, "externalK8sProxyUrl": null, "version": null });
        wire["kas"] = kas;
        wire["enterprise"] = true.into();
    }
    Ok(Reply::json(StatusCode::OK, &wire))
}

fn show_job(caller: Caller) -> Answer {
    let Caller::Job { job, user } = caller else {
        return Err(error::unauthorized());
    };
    let wire = json!({ "id": job, "status": "running", "ref": "main", "user": { "id": user } });
    Ok(Reply::json(StatusCode::OK, &wire))
}

/// A token in an answer: an object of its own.
pub(super) fn object(status: StatusCode, token: &super::model::Token, now: jiff::Timestamp) -> Reply {
    Reply::json(status, &Value::Object(wire::token(token, now)))
}

/// Tags an answer by its bytes, as Rack does with whatever has no tag yet: weakly.
fn tagged(mut reply: Reply) -> Reply {
    if let Content::Whole(body) = &reply.body
        && reply.status == StatusCode::OK
        && !reply.headers.contains_key("etag")
    {
        let hash = hex::encode(digest(&SHA256, body));
        reply.set("etag", &format!("W/\"{}\"", &hash[..32]));
    }
    reply
}
