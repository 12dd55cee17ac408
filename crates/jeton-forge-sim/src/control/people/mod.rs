//! People, organizations and personal tokens over HTTP.

mod tokens;
mod wire;

use std::io;
use std::sync::Arc;

use http::StatusCode;
use jiff::SignedDuration;
use serde_json::json;
use wire::{
    BranchWire, CollaboratorWire, DelayWire, FileWire, LockoutWire, MemberWire, PolicyWire, PullWire, RenameUserWire,
    SecretWire, UserWire,
};

use super::world::blocking;
use super::{Outcome, Refusal, created, done, found, ok, parse};
use crate::github::{GitHubSim, LoginLockout, OrgPolicy, SimError};
use crate::reply::Reply;
use crate::sim::Core;

/// One line per route, for `GET /_sim/`.
const INDEX: &str = "\
POST   /_sim/users                          {\"login\":LOGIN}
POST   /_sim/users/rename                   {\"login\":LOGIN,\"new_login\":LOGIN}; the id stays
POST   /_sim/members                        {\"org\":LOGIN,\"login\":LOGIN,\"role\":\"member\"|\"admin\"|null}; null ends it
POST   /_sim/collaborators                  {\"owner\":LOGIN,\"name\":NAME,\"login\":LOGIN,\"role\":\"read\"|\"triage\"|\"write\"|\"maintain\"|\"admin\"|null}
GET    /_sim/orgs/{org}/policy              what the organization demands of tokens
POST   /_sim/orgs/{org}/policy              any of {\"saml_sso\":\"off\"|\"required\"|\"required_and_hidden\",\"ip_allow_list\":[ADDRESS]|null,\"forbid_classic\":BOOL,\"max_fine_grained_days\":N|null,\"approve_fine_grained\":BOOL,\"base_role\":ROLE|null,\"forbid_repository_runners\":BOOL}
GET    /_sim/personal-tokens                every personal token, dead ones too, without the token
POST   /_sim/personal-tokens                {\"login\":LOGIN,\"kind\":\"classic\"|\"oauth\"|\"fine_grained\"|\"app_user\",\"scopes\":[SCOPE],\"resource_owner\":LOGIN,\"permissions\":{KEY:LEVEL},\"repositories\":[NAME],\"public_only\":BOOL,\"app_id\":N,\"expires_in_seconds\":N,\"expiration_offset_hours\":N,\"sso\":[ORG],\"name\":TEXT}
POST   /_sim/personal-tokens/{id}/revoke    it works no more
POST   /_sim/personal-tokens/{id}/expire    the same, as if its time were over
POST   /_sim/personal-tokens/{id}/approve   {\"approved\":BOOL}: of a fine-grained token
POST   /_sim/personal-tokens/{id}/sso       {\"org\":LOGIN,\"authorized\":BOOL}
POST   /_sim/personal-tokens/{id}/rights    {\"scopes\":[SCOPE]} or {\"permissions\":{KEY:LEVEL}}; it stays the same token
POST   /_sim/login-lockout                  {\"after\":N,\"seconds\":N} or {}: bad credentials shut out good ones
POST   /_sim/revocation-delay               {\"seconds\":N}: how long POST /credentials/revoke takes
POST   /_sim/branches                       {\"owner\":LOGIN,\"name\":NAME,\"branch\":NAME}: where main is
POST   /_sim/pull-requests                  {\"owner\":LOGIN,\"name\":NAME,\"login\":LOGIN,\"title\":TEXT,\"head\":BRANCH}
POST   /_sim/secrets                        {\"owner\":LOGIN,\"name\":NAME,\"secret\":NAME}
POST   /_sim/files                          {\"owner\":LOGIN,\"name\":NAME,\"path\":PATH,\"content\":TEXT}: a commit on main
";

pub(super) async fn route(core: &Arc<Core>, method: &str, segments: &[&str], body: &[u8]) -> Outcome {
    let github = &core.github;
    match (method, segments) {
        ("POST", ["users"]) => {
            let id = github.try_add_user(&parse::<UserWire>(body)?.login)?;
            Ok(created(&json!({ "id": id })))
        }
        ("POST", ["users", "rename"]) => {
            let RenameUserWire { login, new_login } = parse(body)?;
            github.rename_user(&login, &new_login)?;
            done()
        }
        ("POST", ["members"]) => {
            let MemberWire { org, login, role } = parse(body)?;
            match role {
                Some(role) => github
                    .add_member(&org, &login, role)
                    .map_err(Refusal::from)
                    .and_then(|()| done()),
                None => found(github.remove_member(&org, &login), "member"),
            }
        }
        ("POST", ["collaborators"]) => {
            let CollaboratorWire {
                owner,
                name,
                login,
                role,
            } = parse(body)?;
            match role {
                Some(role) => {
                    github.add_collaborator(&owner, &name, &login, role)?;
                    done()
                }
                None => found(github.remove_collaborator(&owner, &name, &login), "collaborator"),
            }
        }
        ("GET", ["orgs", org, "policy"]) => policy(github, org),
        ("POST", ["orgs", org, "policy"]) => {
            parse::<PolicyWire>(body)?.apply(github, org)?;
            policy(github, org)
        }
        (_, ["personal-tokens", rest @ ..]) => tokens::route(github, method, rest, body),
        ("POST", ["login-lockout"]) => {
            github.set_login_lockout(parse::<LockoutWire>(body)?.rule()?);
            done()
        }
        ("POST", ["revocation-delay"]) => {
            let DelayWire { seconds } = parse(body)?;
            github.set_revocation_delay(SignedDuration::from_secs(seconds));
            done()
        }
        _ => things(github, method, segments, body).await,
    }
}

/// What is in and around a repository.
async fn things(github: &GitHubSim, method: &str, segments: &[&str], body: &[u8]) -> Outcome {
    match (method, segments) {
        ("POST", ["branches"]) => {
            let BranchWire { owner, name, branch } = parse(body)?;
            let make = move |github: &GitHubSim| Ok(github.add_branch(&owner, &name, &branch));
            blocking(github, make).await?.map_err(failed)?;
            done()
        }
        ("POST", ["pull-requests"]) => {
            let PullWire {
                owner,
                name,
                login,
                title,
                head,
            } = parse(body)?;
            let make = move |github: &GitHubSim| Ok(github.open_pull_request(&owner, &name, &login, &title, &head));
            let number = blocking(github, make).await?.map_err(failed)?;
            Ok(created(&json!({ "number": number })))
        }
        ("POST", ["secrets"]) => {
            let SecretWire { owner, name, secret } = parse(body)?;
            github.add_secret(&owner, &name, &secret).map_err(failed)?;
            done()
        }
        ("POST", ["files"]) => {
            let FileWire {
                owner,
                name,
                path,
                content,
            } = parse(body)?;
            let make = move |github: &GitHubSim| Ok(github.commit_file(&owner, &name, &path, content));
            let commit = blocking(github, make).await?.map_err(failed)?;
            Ok(created(&json!({ "commit": commit })))
        }
        _ => Err(Refusal::absent("control; see GET /_sim/")),
    }
}

impl PolicyWire {
    fn apply(self, github: &GitHubSim, org: &str) -> Result<(), Refusal> {
        // Named before it is made, since a policy makes no organization by mistake.
        github.org_policy(org)?;
        github.change_org_policy(org, |policy| {
            policy.saml_sso = self.saml_sso.unwrap_or(policy.saml_sso);
            policy.forbid_classic = self.forbid_classic.unwrap_or(policy.forbid_classic);
            policy.approve_fine_grained = self.approve_fine_grained.unwrap_or(policy.approve_fine_grained);
            policy.forbid_repository_runners = self
                .forbid_repository_runners
                .unwrap_or(policy.forbid_repository_runners);
            self.max_fine_grained_days.fulfil(&mut policy.max_fine_grained_days);
            self.base_role.fulfil(&mut policy.base_role);
            self.ip_allow_list.fulfil(&mut policy.ip_allow_list);
        });
        Ok(())
    }
}

impl LockoutWire {
    fn rule(&self) -> Result<Option<LoginLockout>, Refusal> {
        match (self.after, self.seconds) {
            (None, None) => Ok(None),
            (Some(after), Some(seconds)) => Ok(Some(LoginLockout {
                after,
                lasts: SignedDuration::from_secs(seconds),
            })),
            _ => Err(Refusal::bad("give `after` and `seconds`, or neither")),
        }
    }
}

fn policy(github: &GitHubSim, org: &str) -> Outcome {
    let OrgPolicy {
        saml_sso,
        ip_allow_list,
        forbid_classic,
        max_fine_grained_days,
        approve_fine_grained,
        base_role,
        forbid_repository_runners,
    } = github.org_policy(org)?;
    Ok(ok(&json!({
        "saml_sso": saml_sso,
        "ip_allow_list": ip_allow_list,
        "forbid_classic": forbid_classic,
        "max_fine_grained_days": max_fine_grained_days,
        "approve_fine_grained": approve_fine_grained,
        "base_role": base_role,
        "forbid_repository_runners": forbid_repository_runners,
    })))
}

/// What is said of a repository that is not there, or that git refuses to change.
pub(super) fn failed(error: io::Error) -> Refusal {
    match error.downcast::<SimError>() {
        Ok(error) => error.into(),
        Err(error) => {
            let status = match error.kind() {
                io::ErrorKind::NotFound => StatusCode::NOT_FOUND,
                _ => StatusCode::BAD_REQUEST,
            };
            Refusal(status, error.to_string())
        }
    }
}

/// The index of all controls: those of apps, then these, then the others.
pub(super) fn index(start: &str, others: &[&str]) -> Reply {
    Reply::text(StatusCode::OK, &format!("{start}{INDEX}{}", others.concat()))
}
