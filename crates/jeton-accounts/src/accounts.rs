use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use jeton_access::Access;
use jeton_domain::{AccountId, Clock, Credential, Entropy, ForgeKind, RowRef};
use jeton_forge::{AccountForge, Forges};
use jeton_seal::KeyRing;
use jeton_vault::{AccountRecord, SealedPlace, Vault};
use jiff::Timestamp;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

use crate::{AccountError, AccountSettings, EnvironmentAccount, Webhooks, allowances::Allowances};

/// The clients of the three kinds of forge.
pub trait ForgeClients: Send + Sync + fmt::Debug {
    /// The one of a kind.
    fn of(&self, kind: ForgeKind) -> &dyn AccountForge;
}

impl ForgeClients for Forges {
    fn of(&self, kind: ForgeKind) -> &dyn AccountForge {
        self.of(kind)
    }
}

/// What the accounts are made of.
pub struct AccountsParts {
    /// Where things are kept.
    pub vault: Arc<dyn Vault>,
    /// What locks them.
    pub ring: Arc<KeyRing>,
    /// Who asks, and may they.
    pub access: Access,
    /// The clients of the forges.
    pub forges: Arc<dyn ForgeClients>,
    /// Who is told of ends and failures.
    pub webhooks: Webhooks,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What an operator may tune.
    pub settings: AccountSettings,
    /// Accounts of the environment, which stand in memory alone.
    pub environment: Vec<EnvironmentAccount>,
}

/// People's tokens. Cheap to clone.
#[derive(Clone)]
pub struct Accounts(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) access: Access,
    pub(crate) forges: Arc<dyn ForgeClients>,
    pub(crate) webhooks: Webhooks,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: AccountSettings,
    pub(crate) environment: Vec<EnvironmentAccount>,
    /// How much the watch may still ask each forge.
    pub(crate) allowances: Allowances,
    /// How often a token may still be looked at because a caller says that it is refused. What callers say never uses up what the
    /// watch may ask.
    pub(crate) rejects: Allowances,
    /// Makes the worker look at the queue at once.
    pub(crate) wake_worker: Arc<Notify>,
    /// Renewals that are being moved on: each goes on when nobody waits for it any more.
    pub(crate) renewals: TaskTracker,
    /// Whether the process is about to end: no forge is asked for a renewal any more.
    pub(crate) ending: AtomicBool,
}

impl Accounts {
    /// Puts the parts together; asks nobody anything.
    pub fn new(parts: AccountsParts) -> Self {
        Self(Arc::new(Inner {
            vault: parts.vault,
            ring: parts.ring,
            access: parts.access,
            forges: parts.forges,
            webhooks: parts.webhooks,
            clock: parts.clock,
            entropy: parts.entropy,
            settings: parts.settings,
            environment: parts.environment,
            allowances: Allowances::default(),
            rejects: Allowances::default(),
            wake_worker: Arc::new(Notify::new()),
            renewals: TaskTracker::new(),
            ending: AtomicBool::new(false),
        }))
    }

    /// From now on no forge is asked for a renewal: the process is about to end.
    pub fn begin_to_end(&self) {
        self.0.ending.store(true, Ordering::Relaxed);
    }

    /// Waits until every renewal that is being moved on has come to a step that another process can go on from. New ones
    /// can still begin, unless [`Accounts::begin_to_end`] was called.
    pub async fn drain(&self) {
        self.0.renewals.close();
        self.0.renewals.wait().await;
        self.0.renewals.reopen();
    }

    /// What makes the worker look at the queue at once.
    pub fn wake_worker(&self) -> &Arc<Notify> {
        &self.0.wake_worker
    }

    /// What an operator may tune, as it is in force.
    pub fn settings(&self) -> &AccountSettings {
        &self.0.settings
    }
}

impl Inner {
    /// The time as the vault keeps it: what is told when it happens is what is told later.
    pub(crate) fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Opens a stored account's token.
    ///
    /// # Errors
    /// [`AccountError::Seal`] when the row was changed from outside, or its key is gone.
    pub(crate) fn open(&self, account: &AccountRecord) -> Result<Credential, AccountError> {
        let token = self.ring.open(&account.token, token_place(&account.id.to_string()))?;
        Ok(Credential {
            kind: account.kind,
            forge: account.forge.clone(),
            token,
            username: account.username.clone(),
            email: account.email.clone(),
        })
    }

    /// A new id.
    pub(crate) fn new_id(&self) -> AccountId {
        AccountId::generate(self.clock.now(), &*self.entropy)
    }
}

/// Where an account's token stands.
pub(crate) fn token_place(row: &str) -> RowRef<'_> {
    SealedPlace::AccountToken.of(row)
}

impl fmt::Debug for Accounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accounts").finish_non_exhaustive()
    }
}
