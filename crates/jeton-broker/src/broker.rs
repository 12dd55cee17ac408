use std::{
    fmt,
    sync::{Arc, atomic::AtomicU64},
};

use dashmap::DashMap;
use jeton_access::Access;
use jeton_accounts::Accounts;
use jeton_domain::{AppId, Clock, Entropy, InstallationId, LeaseHolder, RepoSet, TokenId, TokenKey, TokenKeyDigest};
use jeton_forge::GitHub;
use jeton_jobs::{Handler, Worker};
use jeton_seal::{KeyRing, SealingKeys};
use jeton_vault::{DataKeyRecord, Vault};
use jiff::Timestamp;
use tokio::sync::{Mutex, Notify};
use tokio_util::task::TaskTracker;

use crate::{
    BrokerError, BrokerSettings, LiveToken,
    app_quotas::AppQuota,
    app_registry::AppRegistry,
    apps::ConfiguredApp,
    flights::Flights,
    grants::PastGrants,
    holders::{Hold, Holder},
    reseal::ResealVault,
    revoke_token::RevokeToken,
    slot::Slot,
    traffic::Counts,
};

/// What a broker is made of.
pub struct BrokerParts {
    /// Where things are kept.
    pub vault: Arc<dyn Vault>,
    /// What locks them.
    pub ring: Arc<KeyRing>,
    /// Who asks, and may they.
    pub access: Access,
    /// People's tokens.
    pub accounts: Accounts,
    /// What opens and wraps the data keys.
    pub sealing_keys: SealingKeys,
    /// The client of the forge.
    pub github: GitHub,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What an operator may tune.
    pub settings: BrokerSettings,
    /// Apps that the configuration names.
    pub configured_apps: Vec<ConfiguredApp>,
}

/// The use cases. Cheap to clone.
#[derive(Clone)]
pub struct Broker(pub(crate) Arc<Inner>);

pub(crate) type MintOutcome = Result<Arc<LiveToken>, BrokerError>;
pub(crate) type LookUpOutcome = Result<Option<InstallationId>, BrokerError>;

pub(crate) struct Inner {
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) access: Access,
    pub(crate) accounts: Accounts,
    pub(crate) sealing_keys: SealingKeys,
    /// The data keys as they were last read from the vault.
    pub(crate) data_keys: Mutex<Vec<DataKeyRecord>>,
    pub(crate) github: GitHub,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: BrokerSettings,
    /// This process, in leases.
    pub(crate) holder: LeaseHolder,
    pub(crate) apps: AppRegistry,
    pub(crate) slots: DashMap<TokenKeyDigest, Arc<Slot>>,
    pub(crate) mints: Flights<TokenKeyDigest, MintOutcome>,
    pub(crate) installations: DashMap<(AppId, String), InstallationId>,
    pub(crate) look_ups: Flights<(AppId, String), LookUpOutcome>,
    /// Grants that a holder shares with itself, of the compatible route, while they are being written down.
    pub(crate) shared_grants: Flights<(TokenId, Holder), Result<Arc<Hold>, BrokerError>>,
    /// What was seen last of the forge's limits, by App and owner.
    pub(crate) quotas: DashMap<(AppId, String), AppQuota>,
    /// How many grants there were in hours that are over.
    pub(crate) past_grants: Mutex<PastGrants>,
    pub(crate) traffic: Counts,
    pub(crate) tasks: TaskTracker,
    pub(crate) wake_worker: Arc<Notify>,
    /// The last entry of the record about a grant that was given back, of any replica: those up to it are out of memory.
    pub(crate) last_release: AtomicU64,
    /// When the database was last looked at, and what was wrong with it.
    pub(crate) last_check: Mutex<Option<(Timestamp, Option<BrokerError>)>>,
}

impl Broker {
    /// Puts the parts together and reads the Apps from the vault.
    ///
    /// # Errors
    /// When the vault cannot be read, or a configured App's key cannot sign. An App in the vault whose key does not
    /// open is kept and says so when it is used.
    pub async fn start(parts: BrokerParts) -> Result<Self, BrokerError> {
        let tasks = TaskTracker::new();
        let holder = LeaseHolder::generate(parts.clock.now(), &*parts.entropy);
        let apps = AppRegistry::new(&parts.github, parts.configured_apps, parts.settings.calls_per_app)?;
        let started_at = parts.clock.now();
        let inner = Inner {
            vault: parts.vault,
            ring: parts.ring,
            access: parts.access,
            wake_worker: Arc::clone(parts.accounts.wake_worker()),
            accounts: parts.accounts,
            sealing_keys: parts.sealing_keys,
            data_keys: Mutex::new(Vec::new()),
            github: parts.github,
            clock: parts.clock,
            entropy: parts.entropy,
            settings: parts.settings,
            holder,
            apps,
            slots: DashMap::new(),
            mints: Flights::new(tasks.clone()),
            installations: DashMap::new(),
            look_ups: Flights::new(tasks.clone()),
            shared_grants: Flights::new(tasks.clone()),
            quotas: DashMap::new(),
            past_grants: Mutex::default(),
            traffic: Counts::new(started_at),
            tasks,
            last_release: AtomicU64::new(0),
            last_check: Mutex::new(None),
        };
        let broker = Self(Arc::new(inner));
        broker.reload_apps().await?;
        broker.skip_releases().await?;
        Ok(broker)
    }

    /// A worker for the broker's jobs, and for those of rooms that stand on it.
    pub fn worker(&self, more: Vec<Arc<dyn Handler>>) -> Worker {
        let mut handlers: Vec<Arc<dyn Handler>> =
            vec![Arc::new(RevokeToken(self.clone())), Arc::new(ResealVault(self.clone()))];
        handlers.extend(self.0.accounts.handlers());
        handlers.extend(more);
        let inner = &self.0;
        Worker::new(
            Arc::clone(&inner.vault),
            Arc::clone(&inner.clock),
            Arc::clone(&inner.entropy),
            handlers,
            Arc::clone(&inner.wake_worker),
        )
    }

    /// Waits until every mint and renewal that was begun, of an account's token too, has ended. New ones can still begin.
    pub async fn drain(&self) {
        self.0.tasks.close();
        tokio::join!(self.0.tasks.wait(), self.0.accounts.drain());
        self.0.tasks.reopen();
    }

    /// Who asks, and may they.
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    /// People's tokens.
    pub fn accounts(&self) -> &Accounts {
        &self.0.accounts
    }

    /// What an operator may tune, as it is in force.
    pub fn settings(&self) -> &BrokerSettings {
        &self.0.settings
    }
}

impl Inner {
    /// The slot of a key, made when it is not there.
    pub(crate) fn slot(&self, key: &TokenKey, asked: &RepoSet) -> (TokenKeyDigest, Arc<Slot>) {
        let digest = key.digest();
        if let Some(slot) = self.slots.get(&digest) {
            return (digest, Arc::clone(&slot));
        }
        let slot = self
            .slots
            .entry(digest)
            .or_insert_with(|| Arc::new(Slot::new(key, asked)));
        (digest, Arc::clone(&slot))
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Broker")
            .field("slots", &self.0.slots.len())
            .finish_non_exhaustive()
    }
}
