//! What a person, and a token of theirs, may do with a repository.

use std::net::IpAddr;

use super::model::PersonalToken;
pub(crate) use super::policy::Denial;
use super::policy::TokenView;
use super::spec::{OrgRole, PersonalTokenKind, Reach, RepoRole, Selection};
use crate::github::error::ApiError;
use crate::github::model::{Repository, State};
use crate::github::permissions::{Level, Permissions};
use crate::github::spec::OwnerKind;
use crate::github::token::TokenDigest;

/// What a route of a repository asks for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Need {
    /// The permission of fine-grained and app tokens.
    pub(crate) permission: &'static str,
    pub(crate) level: Level,
    /// The role that the person must have.
    pub(crate) role: RepoRole,
    /// Anybody may, where the repository is public.
    pub(crate) open: bool,
}

impl Need {
    /// Reading what a public repository shows to all.
    pub(crate) const fn look(permission: &'static str) -> Self {
        Self {
            permission,
            level: Level::Read,
            role: RepoRole::Read,
            open: true,
        }
    }
}

/// How far a token reaches in one repository.
#[derive(Debug, Clone)]
pub(crate) enum Grant {
    /// By scope: all that its person may; without `full`, only what contents are.
    Scopes { full: bool },
    /// These permissions, of what its person may.
    Permissions(Permissions),
    /// What is open to all.
    Public,
}

/// A token in front of a repository that it may see.
#[derive(Debug, Clone)]
pub(crate) struct Rights {
    pub(crate) role: RepoRole,
    pub(crate) grant: Grant,
    kind: PersonalTokenKind,
}

impl Rights {
    /// Whether the token may read (or write, with `write`) contents through git.
    pub(crate) fn git(&self, repository: &Repository, write: bool) -> bool {
        let (least, role) = if write {
            (Level::Write, RepoRole::Write)
        } else {
            (Level::Read, RepoRole::Read)
        };
        let granted = match &self.grant {
            Grant::Scopes { .. } => true,
            Grant::Permissions(permissions) => permissions.allows("contents", least),
            Grant::Public => false,
        };
        let open = !repository.private && !write;
        open || (granted && self.role >= role)
    }

    /// Whether the token may do what a route needs.
    pub(crate) fn permit(&self, repository: &Repository, need: Need) -> Result<(), ApiError> {
        if need.open && !repository.private {
            return Ok(());
        }
        let granted = match &self.grant {
            Grant::Scopes { full } => *full,
            Grant::Permissions(permissions) => permissions.allows(need.permission, need.level),
            Grant::Public => false,
        };
        if granted && self.role >= need.role {
            return Ok(());
        }
        Err(refused(self.kind))
    }
}

/// What a token hears that lacks a permission, or whose person lacks the role.
pub(crate) fn refused(kind: PersonalTokenKind) -> ApiError {
    match kind {
        PersonalTokenKind::FineGrained => ApiError::forbidden("Resource not accessible by personal access token"),
        PersonalTokenKind::AppUser => ApiError::not_accessible(),
        // Not in the vendor's documentation; as public issues quote it, also for organizations.
        PersonalTokenKind::Classic | PersonalTokenKind::OAuth => {
            ApiError::forbidden("Must have admin rights to Repository.")
        }
    }
}

impl State {
    /// What somebody may do with a repository because of who they are; `None`: no more than anybody.
    pub(crate) fn role(&self, user: u64, repository: &Repository) -> Option<RepoRole> {
        let collaborator = self.people.collaborators.get(&(repository.id, user)).copied();
        let Some(owner) = self.owner(&repository.owner) else {
            return collaborator;
        };
        let by_owner = match owner.kind {
            OwnerKind::User => (owner.id == user).then_some(RepoRole::Admin),
            OwnerKind::Organization => match self.people.members.get(&(owner.id, user)) {
                Some(OrgRole::Admin) => Some(RepoRole::Admin),
                Some(OrgRole::Member) => self.people.policy(owner.id).base_role,
                None => None,
            },
        };
        by_owner.max(collaborator)
    }

    /// How far a token reaches in a repository, organizations' policies aside. `None`: it does not
    /// see it.
    pub(crate) fn grant(&self, token: &PersonalToken, repository: &Repository) -> Option<Grant> {
        let public = (!repository.private).then_some(Grant::Public);
        match &token.reach {
            Reach::Classic(scopes) | Reach::OAuth(scopes) => {
                let full = scopes.allow("repo");
                let enough = full || (!repository.private && scopes.allow("public_repo"));
                if enough { Some(Grant::Scopes { full }) } else { public }
            }
            Reach::FineGrained {
                owner,
                selection,
                permissions,
            } => {
                let selected = match selection {
                    Selection::All => true,
                    Selection::Selected(names) => names.iter().any(|n| n.eq_ignore_ascii_case(&repository.name)),
                    Selection::PublicOnly => false,
                };
                let covered = selected && !token.pending && owner.eq_ignore_ascii_case(&repository.owner);
                if covered {
                    Some(Grant::Permissions(permissions.clone()))
                } else {
                    public
                }
            }
            Reach::AppUser { app } => {
                let mut present = self
                    .installations
                    .values()
                    .filter(|i| !i.removed && i.suspended_at.is_none());
                let found = present.find(|i| i.app == *app && i.covers(repository));
                let permissions = found.map(|i| i.permissions.clone().with_metadata());
                permissions.map(Grant::Permissions).or(public)
            }
        }
    }

    /// Puts a token in front of a repository.
    pub(crate) fn rights(
        &mut self,
        digest: &TokenDigest,
        repository: &Repository,
        peer: IpAddr,
    ) -> Result<Rights, Denial> {
        let token = self.people.tokens.get(digest).ok_or(Denial::Hidden)?;
        let view = TokenView::from(token);
        let grant = self.grant(token, repository);
        let role = self.role(view.user, repository);
        let role = role.or((!repository.private).then_some(RepoRole::Read));
        // Who may not know that it exists hears nothing of policies either.
        let role = role.ok_or(Denial::Hidden)?;
        self.check_policy(&view, &repository.owner, repository.private, peer)?;
        Ok(Rights {
            role,
            grant: grant.ok_or(Denial::Hidden)?,
            kind: view.kind,
        })
    }
}
