//! Making a world, and changing it behind the back of the API.

use std::collections::BTreeMap;

use jiff::SignedDuration;

use super::ci::Ci;
use super::model::{Account, Repository, Token, Workspace};
use super::spec::{BitbucketRole, BitbucketToken, BitbucketTokenKind, BitbucketTokenSpec};
use super::token;
use super::{Bitbucket, BitbucketSim};
use crate::secret::token_digest;
use crate::site::{WorldError, check_name};

impl Bitbucket {
    pub(super) fn make_account(&self, username: &str, email: &str) -> Result<u64, WorldError> {
        check_name(username)?;
        if !email.contains('@') {
            return Err(WorldError::BadName(email.to_owned()));
        }
        let now = self.now();
        let mut state = self.state();
        let taken = |account: &Account| {
            account.username.eq_ignore_ascii_case(username) || account.email.eq_ignore_ascii_case(email)
        };
        if state.accounts.values().any(taken) {
            return Err(WorldError::Taken(username.to_owned()));
        }
        let (id, uuid) = (state.next_id(), state.uuid());
        let account = Account {
            username: username.to_owned(),
            email: email.to_owned(),
            uuid,
            created_at: now,
        };
        state.accounts.insert(id, account);
        Ok(id)
    }

    pub(super) fn make_workspace(&self, slug: &str) -> Result<(), WorldError> {
        check_name(slug)?;
        let now = self.now();
        let mut state = self.state();
        if state.find_workspace(slug).is_some() {
            return Err(WorldError::Taken(slug.to_owned()));
        }
        let uuid = state.uuid();
        let workspace = Workspace {
            slug: slug.to_owned(),
            uuid,
            members: BTreeMap::new(),
            created_at: now,
            ci: Ci::default(),
        };
        state.workspaces.insert(slug.to_owned(), workspace);
        Ok(())
    }

    pub(super) fn make_repository(
        &self,
        workspace: &str,
        slug: &str,
        project: &str,
        private: bool,
    ) -> Result<u64, WorldError> {
        let id = self.make_bare_repository(workspace, slug, project, private)?;
        let readme = format!("# {slug}\n");
        self.ground.store.create_repository(id, readme.as_bytes(), self.now())?;
        Ok(id)
    }

    /// The same without anything in it, not even git's own.
    pub(super) fn make_bare_repository(
        &self,
        workspace: &str,
        slug: &str,
        project: &str,
        private: bool,
    ) -> Result<u64, WorldError> {
        check_name(slug)?;
        check_name(project)?;
        let now = self.now();
        let mut state = self.state();
        let found = state.find_workspace(workspace).map(|found| found.slug.clone());
        let workspace = found.ok_or_else(|| WorldError::absent("workspace", workspace))?;
        if state.find_repository(&workspace, slug).is_some() {
            return Err(WorldError::Taken(format!("{workspace}/{slug}")));
        }
        let (id, uuid) = (state.next_id(), state.uuid());
        let repository = Repository {
            id,
            workspace,
            slug: slug.to_owned(),
            project: project.to_owned(),
            private,
            uuid,
            roles: BTreeMap::new(),
            created_at: now,
            pull_requests: Vec::new(),
            ci: Ci::default(),
        };
        state.repositories.insert(id, repository);
        Ok(id)
    }

    pub(super) fn set_member(&self, workspace: &str, account: u64, owner: bool) -> Result<(), WorldError> {
        let mut state = self.state();
        let found = state.workspaces.get_mut(workspace);
        let found = found.ok_or_else(|| WorldError::absent("workspace", workspace))?;
        found.members.insert(account, owner);
        Ok(())
    }

    pub(super) fn with_repository<T>(
        &self,
        id: u64,
        change: impl FnOnce(&mut Repository) -> T,
    ) -> Result<T, WorldError> {
        let mut state = self.state();
        let repository = state.repositories.get_mut(&id);
        repository
            .map(change)
            .ok_or_else(|| WorldError::absent("repository", id))
    }

    pub(super) fn with_token<T>(&self, id: u64, change: impl FnOnce(&mut Token) -> T) -> Result<T, WorldError> {
        let mut state = self.state();
        let token = state.tokens.get_mut(&id);
        token.map(change).ok_or_else(|| WorldError::absent("token", id))
    }

    pub(super) fn make_token(&self, spec: &BitbucketTokenSpec) -> Result<BitbucketToken, WorldError> {
        let now = self.now();
        let mut state = self.state();
        let known = match &spec.kind {
            BitbucketTokenKind::ApiToken { account }
            | BitbucketTokenKind::OAuth { account }
            | BitbucketTokenKind::AppPassword { account } => state.accounts.contains_key(account),
            BitbucketTokenKind::RepositoryToken { repository } => state.repositories.contains_key(repository),
            BitbucketTokenKind::ProjectToken { workspace, .. } | BitbucketTokenKind::WorkspaceToken { workspace } => {
                state.workspaces.contains_key(workspace)
            }
        };
        if !known {
            return Err(WorldError::absent(
                "holder for such a token:",
                format!("{:?}", spec.kind),
            ));
        }
        let lifetime = match spec.kind {
            BitbucketTokenKind::OAuth { .. } => SignedDuration::from_hours(2),
            _ => SignedDuration::from_hours(365 * 24),
        };
        let id = state.next_id();
        let secret = token::make(&mut state.random, &spec.kind);
        let made = Token {
            kind: spec.kind.clone(),
            scopes: spec.scopes.clone(),
            expires_at: spec
                .expires_at
                .unwrap_or_else(|| now.saturating_add(lifetime).unwrap_or(now)),
            revoked: false,
            digest: token_digest(&secret),
        };
        state.by_digest.insert(made.digest, id);
        state.tokens.insert(id, made);
        Ok(BitbucketToken { id, token: secret })
    }
}

impl BitbucketSim {
    /// Makes an Atlassian account with a Bitbucket user name. Answers its number.
    ///
    /// # Errors
    /// When either is taken or cannot be one.
    pub fn add_account(&self, username: &str, email: &str) -> Result<u64, WorldError> {
        self.site().make_account(username, email)
    }

    /// Makes a workspace.
    ///
    /// # Errors
    /// When the slug is taken or no slug.
    pub fn add_workspace(&self, slug: &str) -> Result<(), WorldError> {
        self.site().make_workspace(slug)
    }

    /// Lets an account into a workspace; an owner may do everything there.
    ///
    /// # Errors
    /// When there is no such workspace.
    pub fn add_member(&self, workspace: &str, account: u64, owner: bool) -> Result<(), WorldError> {
        self.site().set_member(workspace, account, owner)
    }

    /// Makes a repository in the project `PROJ`, a real one with a README on `main`. Answers its number.
    ///
    /// # Errors
    /// When there is no such workspace, the slug is taken or no slug, or git fails.
    pub fn add_repository(&self, workspace: &str, slug: &str, private: bool) -> Result<u64, WorldError> {
        self.add_repository_in(workspace, slug, "PROJ", private)
    }

    /// The same in another project.
    ///
    /// # Errors
    /// As [`add_repository`](Self::add_repository).
    pub fn add_repository_in(
        &self,
        workspace: &str,
        slug: &str,
        project: &str,
        private: bool,
    ) -> Result<u64, WorldError> {
        self.site().make_repository(workspace, slug, project, private)
    }

    /// Gives an account a role in a repository, or takes it away.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn set_role(&self, repository: u64, account: u64, role: Option<BitbucketRole>) -> Result<(), WorldError> {
        self.site().with_repository(repository, |repository| {
            match role {
                Some(role) => repository.roles.insert(account, role),
                None => repository.roles.remove(&account),
            };
        })
    }

    /// Opens a pull request.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn add_pull_request(&self, repository: u64, title: &str) -> Result<(), WorldError> {
        self.site()
            .with_repository(repository, |repository| repository.pull_requests.push(title.to_owned()))
    }

    /// Makes a credential.
    ///
    /// # Errors
    /// When its account, repository or workspace does not exist.
    pub fn add_token(&self, spec: &BitbucketTokenSpec) -> Result<BitbucketToken, WorldError> {
        self.site().make_token(spec)
    }

    /// Revokes one, as its owner would in the browser.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn revoke_token(&self, id: u64) -> Result<(), WorldError> {
        self.site().with_token(id, |token| token.revoked = true)
    }

    /// Ends one now.
    ///
    /// # Errors
    /// When there is no such token.
    pub fn expire_token(&self, id: u64) -> Result<(), WorldError> {
        let now = self.site().now();
        self.site().with_token(id, |token| token.expires_at = now)
    }

    /// Whether this credential works now. An app password never does.
    pub fn is_live(&self, token: &str) -> bool {
        let state = self.site().state();
        let found = state.token(token).filter(|token| token.living(self.site().now()));
        found.is_some_and(|token| !matches!(token.kind, BitbucketTokenKind::AppPassword { .. }))
    }

    /// How many calls for repository data an hour each account and access token has; 1,000 at first.
    pub fn set_rate_limit(&self, per_hour: u32) {
        self.site().state().per_hour = Some(per_hour);
    }
}
