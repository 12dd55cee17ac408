//! Who may fetch and push over HTTPS.

use http::StatusCode;

use super::GitLab;
use super::model::{Space, State};
use super::routes::{Action, Holder};
use super::spec::{AccessLevel, Visibility};
use crate::reply::Reply;
use crate::secret::token_digest;
use crate::site::{Basic, Call, GitGrant, Refused, basic, scheme};

/// Someone whom git may act for.
struct Client {
    user: u64,
    /// The one project that a job may fetch without more settings: its own.
    only: Option<u64>,
    read: bool,
    write: bool,
}

impl GitLab {
    pub(super) fn git_access(&self, call: &Call<Action>) -> Result<GitGrant, Refused> {
        let write = match call.action {
            Action::GitReceive => true,
            Action::GitUpload => false,
            _ => match call.query("service").as_deref() {
                Some("git-receive-pack") => true,
                Some("git-upload-pack") => false,
                // The old protocol without a service is not spoken.
                _ => return Err(words(StatusCode::FORBIDDEN, "Git access over HTTP is not allowed")),
            },
        };
        let path = call.caught(0);
        let path = path.strip_suffix(".git").unwrap_or(path);
        let sent = scheme(&call.parts.headers);
        let sent = sent
            .filter(|(scheme, _)| scheme == "basic")
            .map(|(_, text)| basic(&text));
        let state = self.state();
        let client = match sent {
            None => None,
            Some(basic) => Some(
                basic
                    .and_then(|basic| self.git_client(&state, &basic))
                    .ok_or_else(denied)?,
            ),
        };
        let project = state
            .find_space(Holder::Project, path)
            .filter(|project| project.path.eq_ignore_ascii_case(path));
        let Some(client) = client else {
            // Without a credential, a private project and none look the same.
            let public = project.filter(|project| !write && project.visibility == Visibility::Public);
            return public.map(|project| grant(project, None)).ok_or_else(denied);
        };
        let reached = |project: &&Space| client.only.is_none_or(|only| only == project.id);
        let project = project.filter(|project| reached(project) && state.sees(project, Some(client.user)));
        let project = project.ok_or_else(|| {
            let text = "The project you were looking for could not be found or you don't have permission to view it.";
            words(StatusCode::NOT_FOUND, text)
        })?;
        let level = state.level(project, client.user);
        if write {
            if !client.write || level < Some(AccessLevel::Developer) {
                return Err(words(
                    StatusCode::FORBIDDEN,
                    "You are not allowed to push code to this project.",
                ));
            }
        } else {
            let open = project.visibility != Visibility::Private || level >= Some(AccessLevel::Reporter);
            if !client.read || !open {
                let text = "You are not allowed to download code from this project.";
                return Err(words(StatusCode::FORBIDDEN, text));
            }
        }
        let user = state.users.get(&client.user).map(|user| user.username.clone());
        Ok(grant(project, user))
    }

    /// Access tokens take any user name but none, OAuth wants `oauth2`, and a job its own.
    fn git_client(&self, state: &State, sent: &Basic) -> Option<Client> {
        let now = self.now();
        let digest = token_digest(&sent.password);
        if let Some(token) = state.by_digest.get(&digest).and_then(|id| state.tokens.get(id)) {
            let living = token.active(now) && !sent.user.trim().is_empty();
            let blocked = state.users.get(&token.user).is_none_or(|user| user.blocked);
            return (living && !blocked).then(|| Client {
                user: token.user,
                only: None,
                read: token.has_one_of(&["api", "read_repository", "write_repository"]),
                write: token.has_one_of(&["api", "write_repository"]),
            });
        }
        if let Some(token) = state.oauth.get(&digest) {
            let has = |wanted: &[&str]| token.scopes.iter().any(|scope| wanted.contains(&scope.as_str()));
            return (token.expires_at > now && sent.user == "oauth2").then(|| Client {
                user: token.user,
                only: None,
                read: has(&["api", "read_repository", "write_repository"]),
                write: has(&["api", "write_repository"]),
            });
        }
        let job = state.jobs.get(&digest).filter(|_| sent.user == "gitlab-ci-token")?;
        Some(Client {
            user: job.user,
            only: Some(job.project),
            read: true,
            write: false,
        })
    }
}

fn grant(project: &Space, user: Option<String>) -> GitGrant {
    GitGrant {
        repository: project.id,
        user,
    }
}

fn words(status: StatusCode, text: &str) -> Refused {
    Reply::text(status, &format!("{text}\n")).into()
}

fn denied() -> Refused {
    let text = "HTTP Basic: Access denied. If a password was provided for Git authentication, the password was \
                incorrect or you're required to use a token instead of a password.\n";
    let reply = Reply::text(StatusCode::UNAUTHORIZED, text);
    reply.with("www-authenticate", "Basic realm=\"GitLab\"").into()
}
