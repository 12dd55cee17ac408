//! What exists on the simulated GitLab.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::ci::{Ci, GitLabVariable};
use super::routes::Holder;
use super::spec::{AccessLevel, GitLabTokenInfo, GitLabTokenKind, Visibility};
use crate::random::Random;
use crate::secret::{TokenDigest, fingerprint};

/// `last_used_at` is written at most this often.
const USE_IS_NOTED_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// Days a token may live at most.
pub(super) const MAX_LIFETIME_DAYS: i64 = 365;

pub(super) struct User {
    pub(super) id: u64,
    pub(super) username: String,
    pub(super) name: String,
    pub(super) admin: bool,
    pub(super) bot: bool,
    pub(super) blocked: bool,
    pub(super) created_at: Timestamp,
}

/// A project or a group: something with a path and members.
pub(super) struct Space {
    pub(super) id: u64,
    pub(super) holder: Holder,
    /// `group/subgroup/name`
    pub(super) path: String,
    pub(super) visibility: Visibility,
    pub(super) members: BTreeMap<u64, AccessLevel>,
    pub(super) created_at: Timestamp,
    pub(super) merge_requests: Vec<String>,
    pub(super) variables: Vec<GitLabVariable>,
}

impl Space {
    pub(super) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or_default()
    }

    /// The path of the group around it; empty for a top-level group.
    pub(super) fn parent_path(&self) -> &str {
        self.path.rsplit_once('/').map_or("", |(parent, _)| parent)
    }
}

pub(super) struct Token {
    pub(super) id: u64,
    pub(super) family: u64,
    pub(super) kind: GitLabTokenKind,
    pub(super) user: u64,
    pub(super) level: AccessLevel,
    pub(super) name: String,
    pub(super) scopes: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Option<Date>,
    pub(super) revoked: bool,
    pub(super) last_used_at: Option<Timestamp>,
    pub(super) digest: TokenDigest,
    /// Rotation makes a token of the same looks.
    pub(super) prefix: String,
    pub(super) form: super::spec::GitLabTokenForm,
}

impl Token {
    /// Dead from 00:00 UTC of its day on.
    pub(super) fn expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|end| end <= today(now))
    }

    pub(super) fn active(&self, now: Timestamp) -> bool {
        !self.revoked && !self.expired(now)
    }

    pub(super) fn has_one_of(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|scope| scopes.contains(&scope.as_str()))
    }

    pub(super) fn note_use(&mut self, now: Timestamp) {
        let recent = |at: Timestamp| now.duration_since(at) < USE_IS_NOTED_EVERY;
        if !self.last_used_at.is_some_and(recent) {
            self.last_used_at = Some(now);
        }
    }

    pub(super) fn info(&self, now: Timestamp) -> GitLabTokenInfo {
        GitLabTokenInfo {
            id: self.id,
            family: self.family,
            kind: self.kind,
            user_id: self.user,
            name: self.name.clone(),
            scopes: self.scopes.clone(),
            expires_at: self.expires_at,
            revoked: self.revoked,
            active: self.active(now),
            last_used_at: self.last_used_at,
            fingerprint: fingerprint(&self.digest),
        }
    }
}

pub(super) fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

pub(super) struct OAuthToken {
    pub(super) user: u64,
    pub(super) scopes: Vec<String>,
    pub(super) created_at: Timestamp,
    pub(super) expires_at: Timestamp,
}

pub(super) struct JobToken {
    pub(super) user: u64,
    pub(super) project: u64,
    pub(super) job: u64,
}

/// What an administrator sets for the whole server.
pub(super) struct Settings {
    pub(super) impersonation: bool,
    pub(super) dpop: bool,
    pub(super) max_lifetime_days: i64,
    /// Calls a minute of each user; `None`: as GitLab comes.
    pub(super) per_minute: Option<u32>,
}

/// Who a call is charged to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Charged {
    User(u64),
    /// Without a credential that anybody has.
    Address(IpAddr),
}

pub(super) struct State {
    pub(super) random: Random,
    next: u64,
    pub(super) users: BTreeMap<u64, User>,
    pub(super) spaces: BTreeMap<u64, Space>,
    pub(super) tokens: BTreeMap<u64, Token>,
    pub(super) by_digest: HashMap<TokenDigest, u64>,
    pub(super) oauth: HashMap<TokenDigest, OAuthToken>,
    pub(super) jobs: HashMap<TokenDigest, JobToken>,
    pub(super) settings: Settings,
    pub(super) ci: Ci,
    pub(super) windows: HashMap<Charged, (i64, u32)>,
    /// Reads of each large blob, by project, in the minute that began then.
    pub(super) large_reads: HashMap<(u64, String), (i64, u32)>,
}

impl State {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            random: Random::new(seed),
            next: 100,
            users: BTreeMap::new(),
            spaces: BTreeMap::new(),
            tokens: BTreeMap::new(),
            by_digest: HashMap::new(),
            oauth: HashMap::new(),
            jobs: HashMap::new(),
            settings: Settings {
                impersonation: true,
                dpop: false,
                max_lifetime_days: MAX_LIFETIME_DAYS,
                per_minute: None,
            },
            ci: Ci::new(),
            windows: HashMap::new(),
            large_reads: HashMap::new(),
        }
    }

    pub(super) fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// A project or group by number or by path, in any case.
    pub(super) fn find_space(&self, holder: Holder, name: &str) -> Option<&Space> {
        let of_kind = self.spaces.values().filter(|space| space.holder == holder);
        if let Ok(id) = name.parse::<u64>() {
            return self.spaces.get(&id).filter(|space| space.holder == holder);
        }
        of_kind.into_iter().find(|space| space.path.eq_ignore_ascii_case(name))
    }

    pub(super) fn space_at(&self, path: &str) -> Option<&Space> {
        self.spaces.values().find(|space| space.path.eq_ignore_ascii_case(path))
    }

    /// The role of a user: the highest there and in all groups around it.
    pub(super) fn level(&self, space: &Space, user: u64) -> Option<AccessLevel> {
        if self.users.get(&user).is_some_and(|user| user.admin) {
            return Some(AccessLevel::Owner);
        }
        let mut highest = space.members.get(&user).copied();
        let mut path = space.parent_path();
        while !path.is_empty() {
            let group = self.space_at(path);
            highest = highest.max(group.and_then(|group| group.members.get(&user).copied()));
            path = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        }
        highest
    }

    /// Whether a user, or nobody in particular, may know of it.
    pub(super) fn sees(&self, space: &Space, user: Option<u64>) -> bool {
        let inside = |user: u64| self.level(space, user).is_some() || self.is_around_something(space, user);
        match space.visibility {
            Visibility::Public => true,
            Visibility::Internal => user.is_some(),
            Visibility::Private => user.is_some_and(inside),
        }
    }

    /// A member of a project sees the groups around it.
    fn is_around_something(&self, group: &Space, user: u64) -> bool {
        let below = format!("{}/", group.path);
        let mut inner = self.spaces.values().filter(|space| space.path.starts_with(&below));
        group.holder == Holder::Group && inner.any(|space| space.members.contains_key(&user))
    }

    /// Revokes every token that rotation made of the same first one.
    pub(super) fn revoke_family(&mut self, family: u64) {
        for token in self.tokens.values_mut().filter(|token| token.family == family) {
            token.revoked = true;
        }
    }
}
