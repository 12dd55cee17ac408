//! What exists on the simulated Bitbucket.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use jiff::Timestamp;

use super::ci::Ci;
use super::spec::{BitbucketRole, BitbucketTokenKind};
use crate::random::Random;
use crate::secret::TokenDigest;

pub(super) struct Account {
    pub(super) username: String,
    pub(super) email: String,
    pub(super) uuid: String,
    pub(super) created_at: Timestamp,
}

pub(super) struct Workspace {
    pub(super) slug: String,
    pub(super) uuid: String,
    /// With what they may do to everything in it.
    pub(super) members: BTreeMap<u64, bool>,
    pub(super) created_at: Timestamp,
    pub(super) ci: Ci,
}

pub(super) struct Repository {
    pub(super) id: u64,
    pub(super) workspace: String,
    pub(super) slug: String,
    pub(super) project: String,
    pub(super) private: bool,
    pub(super) uuid: String,
    pub(super) roles: BTreeMap<u64, BitbucketRole>,
    pub(super) created_at: Timestamp,
    pub(super) pull_requests: Vec<String>,
    pub(super) ci: Ci,
}

pub(super) struct Token {
    pub(super) kind: BitbucketTokenKind,
    pub(super) scopes: Vec<String>,
    pub(super) expires_at: Timestamp,
    pub(super) revoked: bool,
    pub(super) digest: TokenDigest,
}

impl Token {
    pub(super) fn living(&self, now: Timestamp) -> bool {
        !self.revoked && self.expires_at > now
    }

    /// Whether it has a scope. Among API tokens nothing implies anything; of the others, `x:write` implies `x`, and
    /// those of pull requests reach their repository.
    pub(super) fn has(&self, wanted: &str) -> bool {
        if self.scopes.iter().any(|scope| scope == wanted) {
            return true;
        }
        if self.kind.has_granular_scopes() {
            return false;
        }
        let implied = |scope: &str| match scope.strip_suffix(":write") {
            Some("pullrequest") => ["pullrequest", "repository", "repository:write"].contains(&wanted),
            Some(subject) => subject == wanted,
            None => scope == "pullrequest" && wanted == "repository",
        };
        self.scopes.iter().any(|scope| implied(scope))
    }
}

pub(super) struct State {
    pub(super) random: Random,
    next: u64,
    pub(super) accounts: BTreeMap<u64, Account>,
    pub(super) workspaces: BTreeMap<String, Workspace>,
    pub(super) repositories: BTreeMap<u64, Repository>,
    pub(super) tokens: BTreeMap<u64, Token>,
    pub(super) by_digest: HashMap<TokenDigest, u64>,
    /// Calls an hour of each account and each access token; `None`: 1,000.
    pub(super) per_hour: Option<u32>,
    pub(super) windows: HashMap<Charged, (Timestamp, u32)>,
    /// Where the pages of a list of commits start, by what its `next` carries as `ctx`.
    pub(super) contexts: HashMap<String, Starts>,
    /// How many entries a walk through directories may find.
    pub(super) walk_limit: usize,
    /// How many runners a repository or a workspace may have.
    pub(super) runner_limit: usize,
}

/// The commits that a list begins at, and those of which nothing is in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Starts {
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
}

/// Where a walk gives up. Bitbucket counts seconds, and does not say how many; a number of entries does the same again
/// and again.
const WALK_LIMIT: usize = 50_000;

const RUNNER_LIMIT: usize = 100;

/// Who a call is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Charged {
    Nobody(IpAddr),
    Account(u64),
    Token(u64),
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            next: 100,
            accounts: BTreeMap::new(),
            workspaces: BTreeMap::new(),
            repositories: BTreeMap::new(),
            tokens: BTreeMap::new(),
            by_digest: HashMap::new(),
            per_hour: None,
            windows: HashMap::new(),
            contexts: HashMap::new(),
            walk_limit: WALK_LIMIT,
            runner_limit: RUNNER_LIMIT,
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A UUID as Bitbucket writes it, braces included.
    pub(super) fn uuid(&mut self) -> String {
        let bytes: [u8; 16] = self.random.bytes();
        let hex = hex::encode(bytes);
        let part = |from: usize, to: usize| &hex[from..to];
        format!(
            "{{{}-{}-4{}-a{}-{}}}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }

    /// By slug or UUID.
    pub(super) fn find_workspace(&self, name: &str) -> Option<&Workspace> {
        let mut all = self.workspaces.values();
        all.find(|workspace| workspace.slug.eq_ignore_ascii_case(name) || workspace.uuid == name)
    }

    /// By slugs or UUIDs.
    pub(super) fn find_repository(&self, workspace: &str, name: &str) -> Option<&Repository> {
        let workspace = &self.find_workspace(workspace)?.slug;
        let mut all = self.repositories.values();
        all.find(|repository| {
            repository.workspace == *workspace
                && (repository.slug.eq_ignore_ascii_case(name) || repository.uuid == name)
        })
    }

    /// What a person may do with a repository: everything in a workspace of their own.
    pub(super) fn role(&self, repository: &Repository, account: u64) -> Option<BitbucketRole> {
        let workspace = self.workspaces.get(&repository.workspace);
        if workspace.is_some_and(|workspace| workspace.members.get(&account) == Some(&true)) {
            return Some(BitbucketRole::Admin);
        }
        repository.roles.get(&account).copied()
    }

    /// Whether a credential reaches a repository, and as what. Access tokens are as strong as their scopes.
    pub(super) fn token_role(&self, repository: &Repository, kind: &BitbucketTokenKind) -> Option<BitbucketRole> {
        let reached = match kind {
            BitbucketTokenKind::RepositoryToken { repository: id } => repository.id == *id,
            BitbucketTokenKind::ProjectToken { workspace, project } => {
                repository.workspace == *workspace && repository.project == *project
            }
            BitbucketTokenKind::WorkspaceToken { workspace } => repository.workspace == *workspace,
            BitbucketTokenKind::ApiToken { account }
            | BitbucketTokenKind::OAuth { account }
            | BitbucketTokenKind::AppPassword { account } => return self.role(repository, *account),
        };
        reached.then_some(BitbucketRole::Admin)
    }
}
