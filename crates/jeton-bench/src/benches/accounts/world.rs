//! What the parts that run in this process are made of.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context as _;
use async_trait::async_trait;
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use jeton_access::{Access, AccessParts, AccessSettings, OperatorKeys};
use jeton_accounts::{AccountSettings, Accounts, AccountsParts, ForgeClients, WebhookSender, Webhooks};
use jeton_domain::{Clock, Entropy, Pause, Secret};
use jeton_ledger::{Ledger, LedgerParts};
use jeton_oidc::{JwtVerifier, OidcHttpOptions};
use jeton_seal::{KeyRing, SealingKey, SealingKeys};
use jeton_vault::Vault;
use jiff::{SignedDuration, Timestamp};

/// A clock that a benchmark sets.
#[derive(Debug, Clone)]
pub(super) struct SetClock(Arc<Mutex<Timestamp>>);

impl SetClock {
    pub(super) fn at(time: Timestamp) -> Self {
        Self(Arc::new(Mutex::new(time)))
    }

    pub(super) fn set(&self, time: Timestamp) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = time;
    }
}

impl Clock for SetClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep(&self, pause: Duration) -> Pause<'_> {
        Box::pin(async move {
            self.set(self.now() + SignedDuration::try_from(pause).unwrap_or_default());
            tokio::task::yield_now().await;
        })
    }
}

/// The operating system's randomness.
#[derive(Debug, Default)]
pub(super) struct Random(SystemRandom);

impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        assert!(self.0.fill(buffer).is_ok(), "the operating system gives no randomness");
    }
}

/// Nobody is told of anything.
#[derive(Debug)]
struct NoSender;

#[async_trait]
impl WebhookSender for NoSender {
    async fn post(&self, _: &str, _: Vec<(&'static str, String)>, _: Vec<u8>) -> Result<u16, String> {
        Err("there is nobody".to_owned())
    }
}

/// The data keys of a vault that a server has made, with the sealing key from its state directory.
pub(super) async fn ring_of(vault: &dyn Vault, state: &std::path::Path) -> anyhow::Result<Arc<KeyRing>> {
    let file = state.join("seal.key");
    let text = std::fs::read_to_string(&file).with_context(|| file.display().to_string())?;
    let key = SealingKey::parse(&Secret::new(text.trim().to_owned()))?;
    let keys = SealingKeys::new(key, file.display().to_string());
    let records = vault.read().await?.data_keys().list().await?;
    let opened = records
        .iter()
        .map(|one| keys.unwrap(&one.id, &one.wrapped, &one.wrapped_by));
    let mut opened = opened.collect::<Result<Vec<_>, _>>()?;
    let last = opened.pop().context("a vault without a data key")?;
    Ok(Arc::new(KeyRing::new(opened, &last)))
}

/// The use cases of accounts over a vault, with these forges.
pub(super) async fn accounts(
    vault: &Arc<dyn Vault>,
    ring: &Arc<KeyRing>,
    clock: &SetClock,
    forges: Arc<dyn ForgeClients>,
    settings: AccountSettings,
) -> anyhow::Result<Accounts> {
    let clock: Arc<dyn Clock> = Arc::new(clock.clone());
    let entropy: Arc<dyn Entropy> = Arc::new(Random::default());
    let ledger = Ledger::open(LedgerParts {
        vault: Arc::clone(vault),
        ring: Arc::clone(ring),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        anchor_file: None,
    })
    .await?;
    let access = Access::start(AccessParts {
        vault: Arc::clone(vault),
        ring: Arc::clone(ring),
        ledger,
        verifier: JwtVerifier::new(Vec::new(), Arc::clone(&clock), OidcHttpOptions::default())?,
        sign_in: None,
        operator_keys: OperatorKeys::default(),
        clock: Arc::clone(&clock),
        entropy: Arc::clone(&entropy),
        settings: AccessSettings::default(),
    })
    .await?;
    Ok(Accounts::new(AccountsParts {
        vault: Arc::clone(vault),
        ring: Arc::clone(ring),
        access,
        forges,
        webhooks: Webhooks::new(Vec::new(), Arc::new(NoSender)),
        clock,
        entropy,
        settings,
        environment: Vec::new(),
    }))
}
