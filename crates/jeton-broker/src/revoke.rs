use async_trait::async_trait;
use jeton_domain::{Action, Coded, ForgeEndpoint, GrantId, IdentityKey, JobId, TokenId};
use jeton_forge::Revoked;
use jeton_jobs::{Handler, JobError};
use jeton_ledger::{Event, events};
use jeton_policy::Ask;
use jeton_vault::{GrantRecord, NewJob, TokenRecord, TokenState, VaultTx};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Asker, Broker, BrokerError, broker::Inner, mint::token_place};

/// How long the forge is asked later when replicas share the vault: by then each has dropped the token from its memory
/// (see `sweep`), so that none hands out a dead one.
const REPLICA_DELAY: SignedDuration = SignedDuration::from_secs(3);

/// A token younger than this may be unknown to one of the forge's replicas: their 401 does not mean that it is dead.
const LAG: SignedDuration = SignedDuration::from_secs(30);

/// What became of a grant that was given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The grant.
    pub grant: GrantId,
    /// Where its token stands.
    pub state: RevocationState,
    /// How many others hold the same token.
    pub shared_with: u64,
}

/// Where the token of a given-back grant stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationState {
    /// It is handed out no more; the forge is asked until it confirms.
    Revoking,
    /// Others hold it; it lives on.
    Released,
    /// It was given back before, or has ended.
    Over,
}

impl Broker {
    /// Gives a grant back. When nobody else holds its token, or when `force` says so, the token is revoked at the forge.
    /// A holder gives back what is theirs; what others hold ends by whoever may revoke it.
    ///
    /// # Errors
    /// [`BrokerError::GrantNotFound`], also for a stranger's grant; [`BrokerError::Access`] for a holder who wants to end
    /// what others hold too; or what the vault said. Nothing changed then.
    pub async fn revoke(&self, asker: &Asker, id: GrantId, force: bool) -> Result<Revocation, BrokerError> {
        // In a task of its own: a caller who hangs up must not leave a revoked token in memory.
        let (broker, asker) = (self.clone(), asker.clone());
        let task = self
            .0
            .tasks
            .spawn(async move { broker.give_back(&asker, id, force).await });
        task.await
            .unwrap_or(Err(BrokerError::Internal("a revocation was lost")))
    }

    /// Gives back everything that a holder has, of this server or another one; how many grants it was.
    ///
    /// # Errors
    /// When the vault cannot be used; what was given back until then stays so.
    pub async fn revoke_all_of(&self, asker: &Asker, holder: IdentityKey) -> Result<u64, BrokerError> {
        let holder = holder.to_string();
        let mut ended = 0;
        // Newest first, page by page: new ones that come meanwhile are those of a holder who is not known any more.
        let mut before = None;
        loop {
            let now = self.0.clock.now();
            let mut tx = self.0.vault.read().await?;
            let page = tx.grants().list(before, true, Some(&holder), now, 500).await?;
            drop(tx);
            let Some(last) = page.last() else {
                return Ok(ended);
            };
            before = Some(last.id);
            for grant in &page {
                let done = self.revoke(asker, grant.id, false).await?;
                ended += u64::from(done.state != RevocationState::Over);
            }
        }
    }

    async fn give_back(&self, asker: &Asker, id: GrantId, force: bool) -> Result<Revocation, BrokerError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let answer = |state, shared_with| {
            Ok(Revocation {
                grant: id,
                state,
                shared_with,
            })
        };
        let mut tx = inner.vault.begin().await?;
        let found = tx.grants().find(id).await?;
        // Somebody else's is as good as none, and looked for in the same way.
        let may_revoke_all = || {
            let permit = self.0.access.decide(&asker.caller, &look_at(Action::GrantRevoke, now));
            permit.allowed().is_some()
        };
        let theirs = |grant: &GrantRecord| Self::is_holder(asker, &grant.holder_key);
        let found = found.filter(|grant| theirs(grant) || may_revoke_all());
        let Some(grant) = found else {
            return Err(BrokerError::GrantNotFound(id.to_string()));
        };
        if force && !may_revoke_all() {
            // Others may hold the same token: ending it takes it away from them.
            inner
                .access
                .permit(&asker.caller, Action::GrantRevoke, asker.request_id.as_deref())?;
        }
        let event = Event::new(events::TOKEN_RELEASED, &asker.caller)
            .with("grant", grant.id.to_string())
            .with("holder", grant.holder.as_str())
            .with("force", force)
            .with_fingerprint(grant.fingerprint.clone())
            .in_request(asker.request_id.as_deref());
        if grant.expires_at <= now {
            return answer(RevocationState::Over, 0);
        }
        let released = tx.grants().release(id, now).await?;
        let shared_with = tx.grants().count_held(grant.token).await?;
        if shared_with > 0 && !force {
            if released {
                inner.access.ledger().append_in(&mut *tx, &[event]).await?;
            }
            tx.commit().await?;
            let state = if released {
                RevocationState::Released
            } else {
                RevocationState::Over
            };
            return answer(state, shared_with);
        }
        // The App may be gone by now; the token is revoked all the same, where it was minted.
        let record = tx.tokens().find(grant.token).await?;
        let app = record.as_ref().and_then(|record| inner.apps.by_id(record.app));
        let endpoint = match app {
            Some(app) => app.forge.clone(),
            None => ForgeEndpoint::github_by_host(&grant.forge).map_err(|_| BrokerError::NoApp {
                forge: Some(grant.forge.clone()),
            })?,
        };
        let begun = inner.begin_end(&mut *tx, grant.token, &endpoint).await?;
        if begun || released {
            let event = event.with("token_ends", begun);
            inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        }
        tx.commit().await?;
        if !begun {
            // Already revoking or revoked, by this grant or another one.
            return answer(RevocationState::Over, shared_with);
        }
        self.drop_from_memory(grant.token, record.as_ref());
        inner.wake_worker.notify_one();
        answer(RevocationState::Revoking, shared_with)
    }

    /// The one way for a token to end before its time: it is handed out no more, its grants are over, and the forge is
    /// asked until it confirms. A token that is dead already is confirmed at once.
    pub(crate) async fn end_token(&self, id: TokenId, forge: &ForgeEndpoint) -> Result<(), BrokerError> {
        let mut tx = self.0.vault.begin().await?;
        self.0.begin_end(&mut *tx, id, forge).await?;
        tx.commit().await?;
        self.0.wake_worker.notify_one();
        Ok(())
    }

    fn drop_from_memory(&self, id: TokenId, record: Option<&TokenRecord>) {
        let slot = record.and_then(|record| self.0.slots.get(&record.key));
        if let Some(slot) = slot {
            slot.drop_token(id);
        }
    }
}

impl Inner {
    /// Marks a token and queues its job in one transaction; `false` when that was done before.
    async fn begin_end(&self, tx: &mut dyn VaultTx, id: TokenId, forge: &ForgeEndpoint) -> Result<bool, BrokerError> {
        let now = self.clock.now();
        if !tx.tokens().begin_revoke(id).await? {
            return Ok(false);
        }
        tx.grants().release_all(id, now).await?;
        let delay = if self.vault.shared() {
            REPLICA_DELAY
        } else {
            SignedDuration::ZERO
        };
        tx.jobs()
            .add(&self.revoke_job(id, forge, "revoke", now + delay)?)
            .await?;
        Ok(true)
    }

    /// The job that ends a token at the forge. `why` keeps two reasons apart: one must not wait for the other's time.
    pub(crate) fn revoke_job(
        &self,
        id: TokenId,
        forge: &ForgeEndpoint,
        why: &str,
        run_at: Timestamp,
    ) -> Result<NewJob, BrokerError> {
        let payload = RevokePayload {
            token: id,
            api_url: forge.api_url().to_owned(),
        };
        Ok(NewJob {
            id: JobId::generate(self.clock.now(), &*self.entropy),
            kind: RevokeToken::KIND.to_owned(),
            payload: serde_json::to_value(&payload).map_err(|_| BrokerError::Internal("a job could not be written"))?,
            dedup: Some(format!("{why}/{id}")),
            run_at,
        })
    }
}

/// A look at a right, outside of any repository.
pub(crate) fn look_at(action: Action, now: Timestamp) -> Ask<'static> {
    Ask {
        action,
        forge: None,
        repositories: &[],
        permissions: None,
        source: None,
        lifetime_seconds: None,
        now,
    }
}

/// What the job knows: ids only.
#[derive(Debug, Serialize, Deserialize)]
struct RevokePayload {
    token: TokenId,
    /// The App may be gone when the job runs; the token is revoked all the same.
    api_url: String,
}

/// Asks the forge to end a token, until it confirms or the token has ended by itself. Safe to run twice: a dead token
/// counts as done.
pub(crate) struct RevokeToken(pub(crate) Broker);

impl RevokeToken {
    const KIND: &'static str = "revoke_token";
}

#[async_trait]
impl Handler for RevokeToken {
    fn kind(&self) -> &'static str {
        Self::KIND
    }

    async fn run(&self, payload: &Value, _attempt: u32) -> Result<(), JobError> {
        let fail = |reason: String| JobError::Fail { reason };
        let payload: RevokePayload =
            serde_json::from_value(payload.clone()).map_err(|error| fail(format!("payload: {error}")))?;
        let inner = &self.0.0;
        let retry = |error: &dyn std::fmt::Display| JobError::Retry {
            reason: error.to_string(),
            after: None,
        };
        let mut tx = inner.vault.read().await.map_err(|error| retry(&error))?;
        let record = tx.tokens().find(payload.token).await.map_err(|error| retry(&error))?;
        drop(tx);
        let Some(record) = record.filter(|record| record.state != TokenState::Revoked) else {
            return Ok(());
        };
        self.0.drop_from_memory(record.id, Some(&record));
        let now = inner.clock.now();
        if record.forge_expires_at > now
            && let Some(sealed) = &record.token
        {
            let token = inner
                .ring
                .open(sealed, token_place(&record.id.to_string()))
                .map_err(|error| fail(format!("{}: {error}", error.code())))?;
            let forge = ForgeEndpoint::github(&payload.api_url).map_err(|error| fail(error.to_string()))?;
            let revoked = inner
                .github
                .revoke(&forge, &token)
                .await
                .map_err(|error| JobError::Retry {
                    reason: error.to_string(),
                    after: error.retry_after(),
                })?;
            if revoked == Revoked::AlreadyDead && now.duration_since(record.minted_at) < LAG {
                // A replica that does not know the token yet says 401 as well.
                let reason = "the forge does not know the token, which may be too young".to_owned();
                return Err(JobError::Retry {
                    reason,
                    after: Some(LAG.unsigned_abs()),
                });
            }
            tracing::info!(token.fingerprint = %record.fingerprint, "the forge confirmed that a token is dead");
        }
        let finished = async {
            let mut tx = inner.vault.begin().await?;
            tx.tokens().finish_revoke(record.id).await?;
            let event = Event::by_system(events::TOKEN_REVOKED).with_fingerprint(record.fingerprint.clone());
            inner.access.ledger().append_in(&mut *tx, &[event]).await?;
            tx.commit().await?;
            Ok::<_, BrokerError>(())
        };
        finished.await.map_err(|error| retry(&error))
    }
}

impl std::fmt::Debug for RevokeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::KIND)
    }
}
