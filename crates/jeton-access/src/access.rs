use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use arc_swap::ArcSwap;
use jeton_domain::{Clock, Coded as _, Entropy, Identity};
use jeton_ledger::Ledger;
use jeton_oidc::{JwtVerifier, SignIn};
use jeton_seal::KeyRing;
use jeton_vault::{Vault, VaultTx};
use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

use crate::{
    AccessError, AccessSettings, Guesses, Limits, OperatorKeys,
    clients::ClientIndex,
    passwords::Passwords,
    policies::{Compiled, StoredPolicies},
};

/// The row that changes whenever clients or policies do: other servers look at it, and read both anew.
const VERSION: &str = "access_version";

/// At most so many wrong keys have their answers delayed at a time; further ones are told to come back later.
const SLEEPERS: usize = 256;

/// What access is made of.
pub struct AccessParts {
    /// Where things are kept.
    pub vault: Arc<dyn Vault>,
    /// What locks them.
    pub ring: Arc<KeyRing>,
    /// The record.
    pub ledger: Ledger,
    /// Whose tokens are believed.
    pub verifier: JwtVerifier,
    /// Through whom people sign in, besides their passwords.
    pub sign_in: Option<SignIn>,
    /// The operator's own keys.
    pub operator_keys: OperatorKeys,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What an operator may tune.
    pub settings: AccessSettings,
}

/// Who asks, and may they. Cheap to clone.
#[derive(Clone)]
pub struct Access(pub(crate) Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) ledger: Ledger,
    pub(crate) verifier: JwtVerifier,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) operator_keys: OperatorKeys,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) settings: AccessSettings,
    pub(crate) limits: Limits,
    pub(crate) guesses: Guesses,
    pub(crate) passwords: Passwords,
    pub(crate) sleepers: Semaphore,
    pub(crate) clients: ArcSwap<ClientIndex>,
    pub(crate) policies: ArcSwap<Compiled>,
    /// What the vault and the file held when the policies in force were compiled, to know whether they changed.
    pub(crate) stored_policies: Mutex<StoredPolicies>,
    /// The version of what is in memory; held while it is read anew.
    pub(crate) version: Mutex<Option<Vec<u8>>>,
    /// When an unknown key last made this server look at the version, in milliseconds.
    pub(crate) last_look: AtomicU64,
    pub(crate) generation: AtomicU64,
}

impl Access {
    /// Reads clients and policies.
    ///
    /// # Errors
    /// When the vault cannot be read, or the policy file cannot be used: a server does not start with half of its rules.
    pub async fn start(parts: AccessParts) -> Result<Self, AccessError> {
        let limits = Limits::new(&parts.settings, Arc::clone(&parts.clock));
        let compiled = Compiled::nothing()?;
        let access = Self(Arc::new(Inner {
            passwords: Passwords::new(Arc::clone(&parts.entropy)),
            vault: parts.vault,
            ring: parts.ring,
            ledger: parts.ledger,
            verifier: parts.verifier,
            sign_in: parts.sign_in,
            operator_keys: parts.operator_keys,
            clock: parts.clock,
            entropy: parts.entropy,
            settings: parts.settings,
            limits,
            guesses: Guesses::default(),
            sleepers: Semaphore::new(SLEEPERS),
            clients: ArcSwap::from_pointee(ClientIndex::default()),
            policies: ArcSwap::from_pointee(compiled),
            stored_policies: Mutex::new(StoredPolicies::default()),
            version: Mutex::new(None),
            last_look: AtomicU64::new(0),
            generation: AtomicU64::new(1),
        }));
        access.read_policy_file_at_start().await?;
        access.follow().await?;
        Ok(access)
    }

    /// The record.
    pub fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// The record, after what waited in memory was written, as far as that is possible: refusals wait there for a moment.
    pub async fn settled_ledger(&self) -> &Ledger {
        if let Err(error) = self.0.ledger.flush().await {
            // No reason to hide the rest.
            tracing::warn!(code = %error.code(), %error, "some refusals could not be written to the record yet");
        }
        &self.0.ledger
    }

    /// What an operator may tune, as it is in force.
    pub fn settings(&self) -> &AccessSettings {
        &self.0.settings
    }

    /// The issuers whose tokens are believed.
    pub fn verifier(&self) -> &JwtVerifier {
        &self.0.verifier
    }

    /// Whether somebody who was let in before would be again: a client that was revoked would not.
    pub fn is_still_known(&self, identity: &Identity) -> bool {
        match identity {
            Identity::Client { id, .. } => self.0.clients.load().is_live(*id, self.now()),
            // Whoever a token of an issuer, or a browser, speaks for is looked at anew with each request.
            Identity::Jwt(_) | Identity::User { .. } => false,
            Identity::Operator | Identity::Unix { .. } | Identity::Anonymous => true,
        }
    }

    /// Reads clients and policies anew when another server, or this one, changed them. To be called once a second.
    ///
    /// # Errors
    /// When the vault cannot be read; what is in memory stays in force.
    pub async fn follow(&self) -> Result<(), AccessError> {
        let mut known = self.0.version.lock().await;
        let mut tx = self.0.vault.read().await?;
        let found = tx.settings().find(VERSION).await?.unwrap_or_default();
        if known.as_ref() == Some(&found) {
            return Ok(());
        }
        let now = self.0.clock.now();
        // In the same view of the database as the version: a change after it has a version of its own.
        let clients = tx.clients().load(now - crate::clients::REMEMBER_ENDED).await?;
        let policies = tx.policies().list().await?;
        drop(tx);
        self.take_clients(clients);
        self.take_stored_policies(policies).await?;
        *known = Some(found);
        Ok(())
    }

    /// Takes a change into force that this server has just made. It is made whatever happens here: the next look, within a
    /// second, sees it too.
    pub(crate) async fn follow_own_change(&self) {
        if let Err(error) = self.follow().await {
            tracing::warn!(code = %error.code(), %error, "a change is made, and not in force here yet");
        }
    }

    /// Notes in a transaction that clients or policies change with it.
    pub(crate) async fn changes(&self, tx: &mut dyn VaultTx) -> Result<(), AccessError> {
        let mut random = [0_u8; 16];
        self.0.entropy.fill(&mut random);
        tx.settings().put(VERSION, Uuid::from_bytes(random).as_bytes()).await?;
        Ok(())
    }

    /// Looks whether an unknown key may be one that another server has just added; at most a few times a second, so
    /// that wrong keys cost the database nothing.
    pub(crate) async fn look_again(&self) -> bool {
        const PAUSE: u64 = 250;
        let now = u64::try_from(self.0.clock.now().as_millisecond()).unwrap_or(0);
        let last = self.0.last_look.load(Ordering::Relaxed);
        // Either way: the clock may have been set back.
        let due = now.abs_diff(last) >= PAUSE;
        if !due
            || self
                .0
                .last_look
                .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
                .is_err()
        {
            return false;
        }
        self.follow().await.is_ok()
    }

    /// Writes down when clients were last used, removes what has ended, forgets old tries. To be called every minute
    /// or so.
    ///
    /// # Errors
    /// When the vault cannot be written; nothing is lost but the times.
    pub async fn sweep(&self) -> Result<(), AccessError> {
        let now = self.0.clock.now();
        self.0.limits.sweep();
        self.0.guesses.sweep(now);
        let used = self.0.clients.load().take_used();
        let mut tx = self.0.vault.begin().await?;
        if !used.is_empty() {
            tx.clients().touch(&used).await?;
        }
        tx.clients().purge_keys(now - crate::clients::REMEMBER_ENDED).await?;
        tx.web_sessions().purge(now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The time, as everything here counts it.
    pub fn now(&self) -> Timestamp {
        let now = self.0.clock.now();
        // As the vault keeps times: what is told when it is made is what is told later.
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Access").finish_non_exhaustive()
    }
}
