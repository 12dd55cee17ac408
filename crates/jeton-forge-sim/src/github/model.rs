//! What exists on the simulated GitHub.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

use super::ci::Ci;
use super::content::ContentLimits;
use super::key::PublicKey;
use super::limits::Limits;
use super::permissions::{Level, Permissions};
use super::personal::People;
use super::spec::{OwnerKind, SimError, TokenInfo, TokenLag};
use super::token::{TokenDigest, fingerprint};
use crate::random::Random;

pub(crate) struct App {
    pub(crate) id: u64,
    pub(crate) client_id: String,
    pub(crate) slug: String,
    pub(crate) name: String,
    pub(crate) owner: String,
    pub(crate) permissions: Permissions,
    pub(crate) created_at: Timestamp,
    pub(crate) public_key: PublicKey,
}

#[derive(Clone)]
pub(crate) struct Owner {
    pub(crate) id: u64,
    pub(crate) login: String,
    pub(crate) kind: OwnerKind,
}

#[derive(Clone)]
pub(crate) struct Repository {
    pub(crate) id: u64,
    pub(crate) owner: String,
    pub(crate) name: String,
    pub(crate) private: bool,
    pub(crate) default_branch: String,
}

impl Repository {
    pub(crate) fn full_name(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }
}

#[derive(Clone)]
pub(crate) struct Installation {
    pub(crate) id: u64,
    pub(crate) app: u64,
    pub(crate) owner: String,
    /// Names in lower case; `None` is all.
    pub(crate) selected: Option<Vec<String>>,
    pub(crate) permissions: Permissions,
    pub(crate) created_at: Timestamp,
    pub(crate) suspended_at: Option<Timestamp>,
    /// Kept so that it can be installed anew.
    pub(crate) removed: bool,
}

impl Installation {
    pub(crate) fn covers(&self, repository: &Repository) -> bool {
        let name = &repository.name;
        self.owner.eq_ignore_ascii_case(&repository.owner)
            && self
                .selected
                .as_ref()
                .is_none_or(|names| names.iter().any(|n| n.eq_ignore_ascii_case(name)))
    }
}

pub(crate) struct Token {
    pub(crate) app: u64,
    pub(crate) installation: u64,
    /// `None`: all that the installation covers.
    pub(crate) repositories: Option<BTreeSet<u64>>,
    pub(crate) permissions: Permissions,
    pub(crate) created_at: Timestamp,
    pub(crate) expires_at: Timestamp,
    pub(crate) lag: TokenLag,
}

/// What a repository has besides its contents.
#[derive(Default)]
pub(crate) struct Extras {
    pub(crate) pulls: Vec<PullRequest>,
}

pub(crate) struct PullRequest {
    pub(crate) title: String,
    pub(crate) author: u64,
    pub(crate) head: String,
    pub(crate) head_sha: String,
    pub(crate) base_sha: String,
    pub(crate) created_at: Timestamp,
    pub(crate) closed_at: Option<Timestamp>,
}

/// Why a token opens nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// Unknown, expired or revoked.
    Dead,
    /// Good, but too fresh.
    Lagging,
    /// Its installation is suspended.
    Suspended,
}

pub(crate) struct State {
    pub(crate) random: Random,
    /// For what a call makes up as it goes: how often a client calls must not change the tokens.
    pub(crate) noise: Random,
    pub(crate) apps: BTreeMap<u64, App>,
    pub(crate) owners: HashMap<String, Owner>,
    pub(crate) repositories: BTreeMap<u64, Repository>,
    /// `owner/name` in lower case, former names included.
    pub(crate) names: HashMap<String, u64>,
    pub(crate) installations: BTreeMap<u64, Installation>,
    pub(crate) tokens: HashMap<TokenDigest, Token>,
    pub(crate) lag: TokenLag,
    pub(crate) limits: Limits,
    pub(crate) people: People,
    pub(crate) extras: BTreeMap<u64, Extras>,
    pub(crate) ci: Ci,
    pub(crate) content_limits: ContentLimits,
    /// Files that were read, and when last.
    pub(crate) warm_blobs: HashMap<(u64, String), Timestamp>,
    last_id: u64,
}

/// A found repository, and whether it was named as it is called today.
pub(crate) struct Found<'a> {
    pub(crate) repository: &'a Repository,
    pub(crate) moved: bool,
}

impl State {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            noise: Random::new(seed.rotate_left(32)),
            apps: BTreeMap::new(),
            owners: HashMap::new(),
            repositories: BTreeMap::new(),
            names: HashMap::new(),
            installations: BTreeMap::new(),
            tokens: HashMap::new(),
            lag: TokenLag::None,
            limits: Limits::default(),
            people: People::default(),
            extras: BTreeMap::new(),
            ci: Ci::default(),
            content_limits: ContentLimits::default(),
            warm_blobs: HashMap::new(),
            // As many digits as today's ids have.
            last_id: 1_000_000,
        }
    }

    /// A number that no app, owner, repository or installation has: a mix-up finds nothing.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.last_id += 1 + self.random.below(900);
        self.last_id
    }

    pub(crate) fn add_owner(&mut self, login: &str, kind: OwnerKind) -> Owner {
        let key = login.to_ascii_lowercase();
        if let Some(owner) = self.owners.get(&key) {
            return owner.clone();
        }
        let owner = Owner {
            id: self.next_id(),
            login: login.to_owned(),
            kind,
        };
        self.owners.insert(key, owner.clone());
        owner
    }

    pub(crate) fn owner(&self, login: &str) -> Option<&Owner> {
        self.owners.get(&login.to_ascii_lowercase())
    }

    pub(crate) fn add_repository(&mut self, owner: &str, name: &str, private: bool) -> u64 {
        let login = self.add_owner(owner, OwnerKind::Organization).login;
        let id = self.next_id();
        let repository = Repository {
            id,
            owner: login,
            name: name.to_owned(),
            private,
            default_branch: "main".to_owned(),
        };
        self.names.insert(name_key(owner, name), id);
        self.repositories.insert(id, repository);
        id
    }

    pub(crate) fn find_repository(&self, owner: &str, name: &str) -> Option<Found<'_>> {
        let id = self.names.get(&name_key(owner, name))?;
        let repository = self.repositories.get(id)?;
        let moved = !repository.name.eq_ignore_ascii_case(name);
        Some(Found { repository, moved })
    }

    /// The repository that is called so today.
    pub(crate) fn get_repository(&self, owner: &str, name: &str) -> Result<&Repository, SimError> {
        self.find_repository(owner, name)
            .filter(|found| !found.moved)
            .map(|found| found.repository)
            .ok_or_else(|| SimError::NoRepository(format!("{owner}/{name}")))
    }

    /// An installation that was not removed.
    pub(crate) fn installation(&self, id: u64) -> Option<&Installation> {
        self.installations.get(&id).filter(|i| !i.removed)
    }

    pub(crate) fn installation_mut(&mut self, id: u64) -> Option<&mut Installation> {
        self.installations.get_mut(&id).filter(|i| !i.removed)
    }

    pub(crate) fn covered_by(&self, installation: &Installation) -> Vec<&Repository> {
        let all = self.repositories.values();
        all.filter(|r| installation.covers(r)).collect()
    }

    pub(crate) fn uninstall(&mut self, id: u64) -> bool {
        let Some(installation) = self.installation_mut(id) else {
            return false;
        };
        installation.removed = true;
        self.tokens.retain(|_, token| token.installation != id);
        true
    }

    /// A token that would work now, were it not for the lag.
    pub(crate) fn live_token(
        &self,
        digest: &TokenDigest,
        now: Timestamp,
    ) -> Result<(&Token, &Installation), TokenRefusal> {
        let token = self.tokens.get(digest).ok_or(TokenRefusal::Dead)?;
        let installation = self.installation(token.installation).ok_or(TokenRefusal::Dead)?;
        if token.expires_at <= now {
            Err(TokenRefusal::Dead)
        } else if installation.suspended_at.is_some() {
            Err(TokenRefusal::Suspended)
        } else {
            Ok((token, installation))
        }
    }

    /// Lets a token in, or counts a refusal of one that lags.
    pub(crate) fn admit_token(&mut self, digest: &TokenDigest, now: Timestamp) -> Result<(), TokenRefusal> {
        self.live_token(digest, now)?;
        let token = self.tokens.get_mut(digest).ok_or(TokenRefusal::Dead)?;
        match &mut token.lag {
            TokenLag::None | TokenLag::Uses(0) => Ok(()),
            TokenLag::Uses(left) => {
                *left -= 1;
                Err(TokenRefusal::Lagging)
            }
            TokenLag::Time(lag) => {
                let age: SignedDuration = now.duration_since(token.created_at);
                if age < *lag { Err(TokenRefusal::Lagging) } else { Ok(()) }
            }
        }
    }

    /// Whether the token opens the repository as such, permissions aside.
    pub(crate) fn token_covers(&self, token: &Token, repository: &Repository) -> bool {
        token
            .repositories
            .as_ref()
            .is_none_or(|ids| ids.contains(&repository.id))
            && self
                .installation(token.installation)
                .is_some_and(|installation| installation.covers(repository))
    }

    pub(crate) fn token_repositories(&self, token: &Token) -> Vec<&Repository> {
        let all = self.repositories.values();
        all.filter(|r| self.token_covers(token, r)).collect()
    }

    pub(crate) fn token_info(&self, digest: &TokenDigest, token: &Token) -> TokenInfo {
        let repositories = self.token_repositories(token).into_iter();
        let mut repositories: Vec<String> = repositories.map(Repository::full_name).collect();
        repositories.sort();
        TokenInfo {
            fingerprint: fingerprint(digest),
            app_id: token.app,
            installation_id: token.installation,
            repositories,
            permissions: token.permissions.to_map(),
            expires_at: token.expires_at,
        }
    }

    /// Whether a token may read or write contents.
    pub(crate) fn may_touch_contents(token: &Token, write: bool) -> bool {
        let least = if write { Level::Write } else { Level::Read };
        token.permissions.allows("contents", least)
    }
}

/// Names are compared without case, as on GitHub.
pub(crate) fn name_key(owner: &str, name: &str) -> String {
    format!("{owner}/{name}").to_ascii_lowercase()
}

/// Whether GitHub would allow this as the name of an owner or a repository.
pub(crate) fn is_name(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    (1..=100).contains(&text.len())
        && text.bytes().all(allowed)
        && !matches!(text, "." | "..")
        && !text.to_ascii_lowercase().ends_with(".git")
}
