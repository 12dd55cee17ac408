//! What a test may do: make a world, and change it behind the back of the API.

use jiff::SignedDuration;
use jiff::civil::Date;

use super::GitLabSim;
use super::model::{JobToken, OAuthToken, today};
use super::routes::Holder;
use super::spec::{AccessLevel, GitLabToken, GitLabTokenInfo, GitLabTokenSpec, Visibility};
use super::token;
use crate::secret::token_digest;
use crate::site::WorldError;

impl GitLabSim {
    /// Makes a person. Answers their number.
    ///
    /// # Errors
    /// When the name is taken or no name.
    pub fn add_user(&self, username: &str) -> Result<u64, WorldError> {
        self.site().make_user(username, false)
    }

    /// Makes an administrator.
    ///
    /// # Errors
    /// When the name is taken or no name.
    pub fn add_admin(&self, username: &str) -> Result<u64, WorldError> {
        self.site().make_user(username, true)
    }

    /// Blocks a person, or lets them in again.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_blocked(&self, user: u64, blocked: bool) -> Result<(), WorldError> {
        let mut state = self.site().state();
        let user = state
            .users
            .get_mut(&user)
            .ok_or_else(|| WorldError::absent("user", user))?;
        user.blocked = blocked;
        Ok(())
    }

    /// Makes a group, `acme` or `acme/backend`, and those around it. Answers its number.
    ///
    /// # Errors
    /// When the path is taken or no path.
    pub fn add_group(&self, path: &str, visibility: Visibility) -> Result<u64, WorldError> {
        self.site().make_space(Holder::Group, path, visibility)
    }

    /// Makes a project, `acme/tools`, and the groups around it; a real repository with a README on `main`. Answers its
    /// number.
    ///
    /// # Errors
    /// When the path is taken or no path, or git fails.
    pub fn add_project(&self, path: &str, visibility: Visibility) -> Result<u64, WorldError> {
        self.site().make_space(Holder::Project, path, visibility)
    }

    /// Gives a user a role in a project or group, instead of the one they had.
    ///
    /// # Errors
    /// When there is no such project or group.
    pub fn add_member(&self, space: u64, user: u64, level: AccessLevel) -> Result<(), WorldError> {
        self.site().with_space(space, |space| {
            space.members.insert(user, level);
        })
    }

    /// Takes the role away. `false`: they had none.
    ///
    /// # Errors
    /// When there is no such project or group.
    pub fn remove_member(&self, space: u64, user: u64) -> Result<bool, WorldError> {
        self.site()
            .with_space(space, |space| space.members.remove(&user).is_some())
    }

    /// Opens a merge request.
    ///
    /// # Errors
    /// When there is no such project.
    pub fn add_merge_request(&self, project: u64, title: &str) -> Result<(), WorldError> {
        self.site()
            .with_space(project, |space| space.merge_requests.push(title.to_owned()))
    }

    /// Makes an access token.
    ///
    /// # Errors
    /// When its user, project, group or a scope does not exist.
    pub fn add_token(&self, spec: &GitLabTokenSpec) -> Result<GitLabToken, WorldError> {
        self.site().make_token(spec)
    }

    /// Makes an OAuth access token of two hours.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn add_oauth_token(&self, user: u64, scopes: &[&str]) -> Result<String, WorldError> {
        let now = self.site().now();
        let mut state = self.site().state();
        if !state.users.contains_key(&user) {
            return Err(WorldError::absent("user", user));
        }
        let token = token::oauth_token(&mut state.random);
        let made = OAuthToken {
            user,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            created_at: now,
            expires_at: now.saturating_add(SignedDuration::from_secs(7_200)).unwrap_or(now),
        };
        state.oauth.insert(token_digest(&token), made);
        Ok(token)
    }

    /// Starts a job and makes its token, which works until [`end_jobs`](Self::end_jobs).
    ///
    /// # Errors
    /// When there is no such user or project.
    pub fn add_job_token(&self, user: u64, project: u64) -> Result<String, WorldError> {
        let mut state = self.site().state();
        if !state.users.contains_key(&user) || !state.spaces.contains_key(&project) {
            return Err(WorldError::absent("user or project", format!("{user}, {project}")));
        }
        let job = state.next_id();
        let token = token::job_token(&mut state.random);
        state.jobs.insert(token_digest(&token), JobToken { user, project, job });
        Ok(token)
    }

    /// Ends every job, and with it its token.
    pub fn end_jobs(&self) {
        self.site().state().jobs.clear();
    }

    /// Revokes one token, as its owner would in the browser.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn revoke_token(&self, id: u64) -> Result<(), WorldError> {
        self.site().with_token(id, |token| token.revoked = true)
    }

    /// Gives a token another end.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn set_token_expiry(&self, id: u64, day: Option<Date>) -> Result<(), WorldError> {
        self.site().with_token(id, |token| token.expires_at = day)
    }

    /// Ends a token today.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn expire_token(&self, id: u64) -> Result<(), WorldError> {
        let day = today(self.site().now());
        self.set_token_expiry(id, Some(day))
    }

    /// Every access token that ever was, oldest first.
    pub fn tokens(&self) -> Vec<GitLabTokenInfo> {
        let now = self.site().now();
        let state = self.site().state();
        state.tokens.values().map(|token| token.info(now)).collect()
    }

    /// Whether this access token works now.
    pub fn is_live(&self, token: &str) -> bool {
        let now = self.site().now();
        let state = self.site().state();
        let found = state
            .by_digest
            .get(&token_digest(token))
            .and_then(|id| state.tokens.get(id));
        found.is_some_and(|token| token.active(now))
    }

    /// Whether impersonation tokens work. At first they do.
    pub fn allow_impersonation(&self, allowed: bool) {
        self.site().state().settings.impersonation = allowed;
    }

    /// Whether personal tokens need a proof of possession (which no request of this simulator's clients has).
    pub fn require_dpop(&self, required: bool) {
        self.site().state().settings.dpop = required;
    }

    /// How many days a token may live at most; 365 at first.
    pub fn set_max_lifetime_days(&self, days: u32) {
        self.site().state().settings.max_lifetime_days = days.into();
    }

    /// How many calls a minute each user has; 2,000 at first.
    pub fn set_rate_limit(&self, per_minute: u32) {
        self.site().state().settings.per_minute = Some(per_minute);
    }
}
