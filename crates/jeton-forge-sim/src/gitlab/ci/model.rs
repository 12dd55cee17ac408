//! What the simulated GitLab keeps of its runners.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::super::model::{Space, State};
use super::super::routes::Holder;
use super::super::token;
use super::spec::{GitLabRunner, GitLabRunnerInfo, GitLabRunnerKind};
use crate::secret::{TokenDigest, fingerprint, token_digest};

/// A runner that was heard of within this time is online.
const ONLINE_FOR: SignedDuration = SignedDuration::from_hours(2);

pub(in super::super) struct Runner {
    pub(super) id: u64,
    pub(super) kind: GitLabRunnerKind,
    /// Who made it; the payload of its token names them.
    pub(super) maker: Option<u64>,
    pub(super) wanted: Wanted,
    pub(super) created_at: Timestamp,
    pub(super) contacted_at: Option<Timestamp>,
    pub(super) token_expires_at: Option<Timestamp>,
    pub(super) token_rotation_deadline: Option<Timestamp>,
    digest: TokenDigest,
}

/// What whoever makes a runner may choose.
#[expect(clippy::struct_excessive_bools, reason = "GitLab's switches, each of its own")]
pub(super) struct Wanted {
    pub(super) description: String,
    pub(super) maintenance_note: Option<String>,
    pub(super) paused: bool,
    pub(super) locked: bool,
    pub(super) run_untagged: bool,
    pub(super) tags: Vec<String>,
    pub(super) protected: bool,
    pub(super) maximum_timeout: Option<u64>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            description: String::new(),
            maintenance_note: None,
            paused: false,
            locked: true,
            run_untagged: true,
            tags: Vec::new(),
            protected: false,
            maximum_timeout: None,
        }
    }
}

impl Runner {
    fn living(&self, now: Timestamp) -> bool {
        self.token_expires_at.is_none_or(|end| end > now)
    }

    pub(super) fn status(&self, now: Timestamp) -> &'static str {
        match self.contacted_at {
            None => "never_contacted",
            Some(at) if now.duration_since(at) < ONLINE_FOR => "online",
            Some(_) => "offline",
        }
    }

    pub(super) fn info(&self) -> GitLabRunnerInfo {
        GitLabRunnerInfo {
            id: self.id,
            kind: self.kind,
            description: self.wanted.description.clone(),
            tags: self.wanted.tags.clone(),
            paused: self.wanted.paused,
            created_at: self.created_at,
            token_expires_at: self.token_expires_at,
            token_rotation_deadline: self.token_rotation_deadline,
            contacted_at: self.contacted_at,
            fingerprint: fingerprint(&self.digest),
        }
    }
}

/// Everything about CI/CD that is not in a project or a group.
pub(in super::super) struct Ci {
    pub(super) runners: BTreeMap<u64, Runner>,
    /// Whether a maintainer of a project may make runners for it, or only an owner.
    pub(super) maintainers_create: bool,
    /// How long tokens live by the settings of a project or group, or of the server (`None`).
    pub(super) lifetimes: BTreeMap<Option<u64>, SignedDuration>,
    /// The refusal of every new runner of a type, by the type's name.
    pub(super) refusals: BTreeMap<&'static str, String>,
}

impl Ci {
    pub(in super::super) fn new() -> Self {
        Self {
            runners: BTreeMap::new(),
            maintainers_create: true,
            lifetimes: BTreeMap::new(),
            refusals: BTreeMap::new(),
        }
    }
}

impl Ci {
    /// The number of the project or group that a runner works for.
    pub(in super::super) fn runner_space(&self, id: u64) -> Option<u64> {
        self.runners.get(&id)?.kind.space()
    }
}

impl State {
    /// Makes a runner and its token. Whoever calls has checked what it is for.
    pub(super) fn make_runner(
        &mut self,
        kind: GitLabRunnerKind,
        maker: Option<u64>,
        wanted: Wanted,
        ends: (Option<Timestamp>, Option<Timestamp>),
        now: Timestamp,
    ) -> GitLabRunner {
        let id = self.next_id();
        let token = token::runner_token(&mut self.random, kind, maker);
        let (token_expires_at, token_rotation_deadline) = ends;
        let runner = Runner {
            id,
            kind,
            maker,
            wanted,
            created_at: now,
            contacted_at: None,
            token_expires_at,
            token_rotation_deadline,
            digest: token_digest(&token),
        };
        self.ci.runners.insert(id, runner);
        GitLabRunner { id, token }
    }

    /// Gives a runner another token. The old one is dead at once, and what its maker wanted of its end is forgotten: the
    /// settings alone say when the new one ends.
    pub(super) fn renew_runner(&mut self, id: u64, now: Timestamp) -> Option<(GitLabRunner, Option<Timestamp>)> {
        let (kind, maker) = self.ci.runners.get(&id).map(|runner| (runner.kind, runner.maker))?;
        let end = self.usual_end(kind, now);
        let token = token::runner_token(&mut self.random, kind, maker);
        let runner = self.ci.runners.get_mut(&id)?;
        runner.digest = token_digest(&token);
        runner.token_expires_at = end;
        Some((GitLabRunner { id, token }, end))
    }

    /// The runner of a token that still lives.
    pub(super) fn runner_of(&self, token: &str, now: Timestamp) -> Option<&Runner> {
        let digest = token_digest(token);
        let mut all = self.ci.runners.values();
        all.find(|runner| runner.digest == digest && runner.living(now))
    }

    /// When a token that is made now ends by the settings: the shortest of those that cover the runner.
    pub(super) fn usual_end(&self, kind: GitLabRunnerKind, now: Timestamp) -> Option<Timestamp> {
        let around = kind.space().and_then(|id| self.spaces.get(&id)).into_iter();
        let around = around.flat_map(|space| self.around(space));
        let covering = around.map(|space| Some(space.id)).chain([None]);
        let lifetimes = covering.filter_map(|id| self.ci.lifetimes.get(&id));
        now.checked_add(*lifetimes.min()?).ok()
    }

    /// A project or group, and all groups around it.
    pub(super) fn around<'a>(&'a self, space: &'a Space) -> impl Iterator<Item = &'a Space> {
        let groups = space.path.match_indices('/').map(|(end, _)| &space.path[..end]);
        let groups = groups.filter_map(|path| self.space_at(path));
        groups
            .filter(|group| group.holder == Holder::Group)
            .chain(std::iter::once(space))
    }
}
