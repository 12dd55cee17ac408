use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jeton_broker::Broker;
use jeton_domain::{Clock, Entropy};
use jeton_forge::ci::CiForges;
use jeton_outbound::Outbound;
use jeton_seal::KeyRing;
use jeton_vault::Vault;
use jiff::Timestamp;
use tokio_util::task::TaskTracker;

use crate::{
    CiSettings,
    runners::{Looks, SharedTokens, Turns},
};

/// What job D is made of.
pub struct CiParts {
    /// Apps' tokens, accounts, policies and the record.
    pub broker: Broker,
    /// Where runners and targets are kept.
    pub vault: Arc<dyn Vault>,
    /// What locks their tokens.
    pub ring: Arc<KeyRing>,
    /// The client of the forges.
    pub outbound: Outbound,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What an operator may tune.
    pub settings: CiSettings,
}

/// Registers runners and pushes secrets for callers. Cheap to clone.
#[derive(Clone)]
pub struct Ci(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) broker: Broker,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) forges: CiForges,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: CiSettings,
    /// Tokens with which any number of runners come and go.
    pub(crate) runner_tokens: SharedTokens,
    /// Who works on which kept runner.
    pub(crate) turns: Turns,
    /// When tokens of kept runners were last tried.
    pub(crate) looks: Looks,
    /// What goes on when the one who asked hangs up.
    pub(crate) tasks: TaskTracker,
    /// Whether the process is about to end: no job begins with another forge any more.
    ending: AtomicBool,
}

impl Ci {
    /// Puts the parts together; asks nobody anything.
    pub fn new(parts: CiParts) -> Self {
        Self(Arc::new(Inner {
            broker: parts.broker,
            vault: parts.vault,
            ring: parts.ring,
            forges: CiForges::new(parts.outbound),
            clock: parts.clock,
            entropy: parts.entropy,
            settings: parts.settings,
            runner_tokens: SharedTokens::default(),
            turns: Turns::default(),
            looks: Looks::default(),
            tasks: TaskTracker::new(),
            ending: AtomicBool::new(false),
        }))
    }

    /// From now on no target is begun with and no old token: the process is about to end. The next one goes on.
    pub fn begin_to_end(&self) {
        self.0.ending.store(true, Ordering::Relaxed);
    }

    /// Waits until every runner that is being made or renewed, every secret that is being pushed and every token that is being ended has
    /// come to an end that is written down. New ones can still begin, unless [`Ci::begin_to_end`] was called.
    pub async fn drain(&self) {
        self.0.tasks.close();
        self.0.tasks.wait().await;
        self.0.tasks.reopen();
    }
}

impl Inner {
    /// Whether the process is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// The time as rows keep it: whole milliseconds.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl fmt::Debug for Ci {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ci")
            .field("settings", &self.0.settings)
            .finish_non_exhaustive()
    }
}
