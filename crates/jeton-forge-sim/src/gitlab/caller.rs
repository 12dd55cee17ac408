//! Who is calling, and whether they may at all.

use http::StatusCode;
use jiff::Timestamp;

use super::GitLab;
use super::error;
use super::model::{Charged, OAuthToken, State, User};
use super::routes::Action;
use super::spec::GitLabTokenKind;
use crate::secret::token_digest;
use crate::site::{Call, Refused, scheme};

/// Someone who was let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Caller {
    Nobody,
    /// With an access token of this number.
    Token {
        token: u64,
        user: u64,
    },
    /// With an OAuth access token, which scopes were checked.
    OAuth {
        user: u64,
    },
    /// A job.
    Job {
        job: u64,
        user: u64,
    },
}

impl Caller {
    pub(super) fn user(self) -> Option<u64> {
        match self {
            Self::Nobody => None,
            Self::Token { user, .. } | Self::OAuth { user } | Self::Job { user, .. } => Some(user),
        }
    }

    /// For routes that make no sense to a stranger.
    pub(super) fn required(self) -> Result<u64, Refused> {
        self.user().ok_or_else(error::unauthorized)
    }
}

/// A credential by the way it came. Deliberately without `Debug`.
pub(super) enum Sent {
    Nothing,
    /// `PRIVATE-TOKEN` or `private_token=`: access tokens only.
    Private(String),
    /// `Authorization: Bearer` or `access_token=`: access tokens and OAuth.
    Bearer(String),
    /// `JOB-TOKEN` or `job_token=`
    Job(String),
}

fn sent(call: &Call<Action>) -> Sent {
    let header = |name: &str| call.header(name).map(str::to_owned);
    if let Some(token) = header("private-token").or_else(|| call.query("private_token")) {
        return Sent::Private(token);
    }
    let bearer = scheme(&call.parts.headers).filter(|(scheme, _)| scheme == "bearer");
    if let Some(token) = bearer.map(|(_, token)| token).or_else(|| call.query("access_token")) {
        return Sent::Bearer(token);
    }
    match header("job-token").or_else(|| call.query("job_token")) {
        Some(token) => Sent::Job(token),
        None => Sent::Nothing,
    }
}

impl GitLab {
    /// Who a call would be charged to; lets nobody in.
    pub(super) fn charged(&self, call: &Call<Action>) -> Charged {
        let state = self.state();
        let user = match sent(call) {
            Sent::Nothing => None,
            Sent::Private(token) | Sent::Bearer(token) | Sent::Job(token) => {
                let digest = token_digest(&token);
                let access = state.by_digest.get(&digest).and_then(|id| state.tokens.get(id));
                let oauth = || state.oauth.get(&digest).map(|token| token.user);
                let job = || state.jobs.get(&digest).map(|token| token.user);
                access.map(|token| token.user).or_else(oauth).or_else(job)
            }
        };
        user.map_or(Charged::Address(call.peer), Charged::User)
    }

    /// Lets a caller in, or says why not. The order of the checks is GitLab's: an expired token is called expired even
    /// when it is revoked too.
    pub(super) fn admit(&self, call: &Call<Action>) -> Result<Caller, Refused> {
        let now = self.now();
        let mut state = self.state();
        match sent(call) {
            _ if call.action.is_for_runners() => Ok(Caller::Nobody),
            Sent::Private(token) => state.admit_token(&token, call, now),
            Sent::Bearer(token) => {
                if state.oauth.contains_key(&token_digest(&token)) {
                    state.admit_oauth(&token, call.action, now)
                } else {
                    state.admit_token(&token, call, now)
                }
            }
            Sent::Job(token) if call.action == Action::ShowJob => {
                let job = state.jobs.get(&token_digest(&token)).ok_or_else(error::unauthorized)?;
                Ok(Caller::Job {
                    job: job.job,
                    user: job.user,
                })
            }
            // Most routes do not look for job tokens: there, the caller is nobody.
            Sent::Nothing | Sent::Job(_) => Ok(Caller::Nobody),
        }
    }
}

impl State {
    fn admit_token(&mut self, secret: &str, call: &Call<Action>, now: Timestamp) -> Result<Caller, Refused> {
        let id = *self
            .by_digest
            .get(&token_digest(secret))
            .ok_or_else(error::unauthorized)?;
        let token = self.tokens.get_mut(&id).ok_or_else(error::unauthorized)?;
        if token.expired(now) {
            return Err(error::expired());
        }
        if token.revoked {
            // Someone rotates with a token that was rotated away: one of the two who hold the family is a thief.
            let family = token.family;
            if call.action.is_rotation() {
                self.revoke_family(family);
            }
            return Err(error::revoked());
        }
        let accepted = call.action.scopes();
        if !accepted.is_empty() && !token.has_one_of(accepted) {
            return Err(error::insufficient_scope(accepted));
        }
        if token.kind == GitLabTokenKind::Impersonation && !self.settings.impersonation {
            return Err(error::impersonation_disabled());
        }
        let personal = matches!(token.kind, GitLabTokenKind::Personal | GitLabTokenKind::Impersonation);
        if personal && self.settings.dpop && call.header("dpop").is_none() {
            return Err(error::dpop());
        }
        let user = token.user;
        check_user(self.users.get(&user))?;
        token.note_use(now);
        Ok(Caller::Token { token: id, user })
    }

    fn admit_oauth(&self, secret: &str, action: Action, now: Timestamp) -> Result<Caller, Refused> {
        let token = self.oauth.get(&token_digest(secret)).ok_or_else(error::unauthorized)?;
        if token.expires_at <= now {
            return Err(error::expired());
        }
        let accepted = action.scopes();
        if !accepted.is_empty() && !token.scopes.iter().any(|scope| accepted.contains(&scope.as_str())) {
            return Err(error::insufficient_scope(accepted));
        }
        check_user(self.users.get(&token.user))?;
        Ok(Caller::OAuth { user: token.user })
    }

    /// The OAuth token that a call carries.
    pub(super) fn oauth_token(&self, call: &Call<Action>) -> Option<&OAuthToken> {
        match sent(call) {
            Sent::Bearer(token) => self.oauth.get(&token_digest(&token)),
            _ => None,
        }
    }
}

/// The words after the dash are a guess.
fn check_user(user: Option<&User>) -> Result<(), Refused> {
    match user {
        Some(user) if user.blocked => Err(error::message(
            StatusCode::FORBIDDEN,
            "403 Forbidden - Your account has been blocked.",
        )),
        Some(_) => Ok(()),
        None => Err(error::unauthorized()),
    }
}
