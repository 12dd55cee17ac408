//! How things come into the world.

use jiff::{Span, Timestamp};

use super::GitLab;
use super::model::{Space, State, Token, User, today};
use super::routes::{Action, Holder};
use super::spec::{AccessLevel, Expiry, GitLabToken, GitLabTokenForm, GitLabTokenKind, GitLabTokenSpec, Visibility};
use super::token;
use crate::secret::token_digest;
use crate::site::{WorldError, check_name};

/// The scopes that an access token can have.
pub(super) const SCOPES: &[&str] = &[
    "api",
    "read_user",
    "read_api",
    "read_repository",
    "write_repository",
    "read_registry",
    "write_registry",
    "create_runner",
    "manage_runner",
    "self_rotate",
    "k8s_proxy",
    "ai_features",
    "sudo",
    "admin_mode",
];

/// Days that a token lives when a test says nothing else.
const DAYS: i64 = 30;

impl State {
    fn add_user(&mut self, username: &str, admin: bool, bot: bool, now: Timestamp) -> u64 {
        let id = self.next_id();
        let user = User {
            id,
            username: username.to_owned(),
            name: username.to_owned(),
            admin,
            bot,
            blocked: false,
            created_at: now,
        };
        self.users.insert(id, user);
        id
    }

    fn add_space(&mut self, holder: Holder, path: &str, visibility: Visibility, now: Timestamp) -> u64 {
        let id = self.next_id();
        let space = Space {
            id,
            holder,
            path: path.to_owned(),
            visibility,
            members: std::collections::BTreeMap::new(),
            created_at: now,
            merge_requests: Vec::new(),
            variables: Vec::new(),
        };
        self.spaces.insert(id, space);
        id
    }

    /// Makes a token, and the bot it acts as where it is nobody's own.
    pub(super) fn add_token(
        &mut self,
        spec: &GitLabTokenSpec,
        expires: Expiry,
        prefix: &str,
        form: GitLabTokenForm,
        now: Timestamp,
    ) -> Result<GitLabToken, WorldError> {
        let user = match spec.kind {
            GitLabTokenKind::Personal | GitLabTokenKind::Impersonation => {
                let known = self.users.contains_key(&spec.user);
                known
                    .then_some(spec.user)
                    .ok_or_else(|| WorldError::absent("user", spec.user))?
            }
            GitLabTokenKind::Project(id) => self.add_bot(Holder::Project, id, spec.level, now)?,
            GitLabTokenKind::Group(id) => self.add_bot(Holder::Group, id, spec.level, now)?,
        };
        if let Some(scope) = spec.scopes.iter().find(|scope| !SCOPES.contains(&scope.as_str())) {
            return Err(WorldError::absent("scope", scope));
        }
        let id = self.next_id();
        let prefix = spec.prefix.as_deref().unwrap_or(prefix);
        let form = spec.form.unwrap_or(form);
        let secret = token::access_token(&mut self.random, prefix, form, user);
        let made = Token {
            id,
            family: id,
            kind: spec.kind,
            user,
            level: spec.level,
            name: spec.name.clone(),
            scopes: spec.scopes.clone(),
            created_at: now,
            expires_at: match expires {
                Expiry::On(day) => Some(day),
                Expiry::Never => None,
            },
            revoked: false,
            last_used_at: None,
            digest: token_digest(&secret),
            prefix: prefix.to_owned(),
            form,
        };
        self.by_digest.insert(made.digest, id);
        self.tokens.insert(id, made);
        Ok(GitLabToken {
            id,
            user_id: user,
            token: secret,
        })
    }

    fn add_bot(&mut self, holder: Holder, id: u64, level: AccessLevel, now: Timestamp) -> Result<u64, WorldError> {
        let random: [u8; 16] = self.random.bytes();
        let name = format!("{}_{id}_bot_{}", holder.word().to_lowercase(), hex::encode(random));
        if !self.spaces.get(&id).is_some_and(|space| space.holder == holder) {
            return Err(WorldError::absent(holder.word(), id));
        }
        let bot = self.add_user(&name, false, true, now);
        if let Some(space) = self.spaces.get_mut(&id) {
            space.members.insert(bot, level);
        }
        Ok(bot)
    }
}

impl GitLab {
    pub(super) fn make_user(&self, username: &str, admin: bool) -> Result<u64, WorldError> {
        check_name(username)?;
        let now = self.now();
        let mut state = self.state();
        if state
            .users
            .values()
            .any(|user| user.username.eq_ignore_ascii_case(username))
        {
            return Err(WorldError::Taken(username.to_owned()));
        }
        Ok(state.add_user(username, admin, false, now))
    }

    /// Makes a group or a project, and the groups on the way to it.
    pub(super) fn make_space(&self, holder: Holder, path: &str, visibility: Visibility) -> Result<u64, WorldError> {
        let id = self.make_bare_space(holder, path, visibility)?;
        if holder == Holder::Project {
            let readme = format!("# {path}\n");
            self.ground.store.create_repository(id, readme.as_bytes(), self.now())?;
        }
        Ok(id)
    }

    /// The same without a repository.
    pub(super) fn make_bare_space(
        &self,
        holder: Holder,
        path: &str,
        visibility: Visibility,
    ) -> Result<u64, WorldError> {
        for part in path.split('/') {
            check_name(part)?;
        }
        if holder == Holder::Project && !path.contains('/') {
            return Err(WorldError::BadName(path.to_owned()));
        }
        let now = self.now();
        let mut state = self.state();
        if state.space_at(path).is_some() {
            return Err(WorldError::Taken(path.to_owned()));
        }
        let ends = path.match_indices('/').map(|(end, _)| end);
        let around: Vec<&str> = ends.map(|end| &path[..end]).collect();
        for group in around {
            match state.space_at(group).map(|space| space.holder) {
                Some(Holder::Group) => {}
                Some(Holder::Project) => return Err(WorldError::Taken(group.to_owned())),
                None => {
                    state.add_space(Holder::Group, group, visibility, now);
                }
            }
        }
        Ok(state.add_space(holder, path, visibility, now))
    }

    pub(super) fn make_token(&self, spec: &GitLabTokenSpec) -> Result<GitLabToken, WorldError> {
        let now = self.now();
        let expires = spec.expires_at.unwrap_or_else(|| {
            let day = today(now).saturating_add(Span::new().days(DAYS));
            Expiry::On(day)
        });
        self.state()
            .add_token(spec, expires, &self.token_prefix, self.token_form, now)
    }

    pub(super) fn with_space<T>(&self, id: u64, change: impl FnOnce(&mut Space) -> T) -> Result<T, WorldError> {
        let mut state = self.state();
        let space = state.spaces.get_mut(&id);
        space
            .map(change)
            .ok_or_else(|| WorldError::absent("project or group", id))
    }

    pub(super) fn with_token<T>(&self, id: u64, change: impl FnOnce(&mut Token) -> T) -> Result<T, WorldError> {
        let mut state = self.state();
        let token = state.tokens.get_mut(&id);
        token.map(change).ok_or_else(|| WorldError::absent("token", id))
    }

    /// The first group on the way to what a call is about.
    pub(super) fn top_group(&self, action: Action, named: &str) -> Option<String> {
        let state = self.state();
        let git = matches!(action, Action::GitRefs | Action::GitUpload | Action::GitReceive);
        let named = if git {
            named.strip_suffix(".git").unwrap_or(named)
        } else {
            named
        };
        let holder = match action {
            // These name a runner, and it the space that it works for.
            Action::ShowRunner | Action::ResetRunner | Action::DeleteRunner => {
                let id = state.ci.runner_space(named.parse().ok()?)?;
                return state.spaces.get(&id)?.path.split('/').next().map(str::to_owned);
            }
            Action::ShowGroup
            | Action::ShowMember(Holder::Group)
            | Action::ListHolderTokens(Holder::Group)
            | Action::CreateHolderToken(Holder::Group)
            | Action::ShowHolderToken(Holder::Group)
            | Action::RotateOwnHolderToken(Holder::Group)
            | Action::RotateHolderToken(Holder::Group)
            | Action::RevokeHolderToken(Holder::Group)
            | Action::ListRunners(Holder::Group)
            | Action::ListVariables(Holder::Group)
            | Action::CreateVariable(Holder::Group)
            | Action::ShowVariable(Holder::Group)
            | Action::UpdateVariable(Holder::Group)
            | Action::DeleteVariable(Holder::Group) => Holder::Group,
            // These name a token.
            Action::ShowToken | Action::RotateToken | Action::RevokeToken => return None,
            _ => Holder::Project,
        };
        let space = state.find_space(holder, named)?;
        space.path.split('/').next().map(str::to_owned)
    }
}
