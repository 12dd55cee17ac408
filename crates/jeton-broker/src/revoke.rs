use async_trait::async_trait;
use jeton_domain::{Coded, ForgeEndpoint, GrantId, JobId, TokenId};
use jeton_forge::Revoked;
use jeton_jobs::{Handler, JobError};
use jeton_vault::{NewJob, TokenRecord, TokenState, VaultTx};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Broker, BrokerError, mint::token_place};

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
    ///
    /// # Errors
    /// [`BrokerError::GrantNotFound`], or what the vault said; nothing changed then.
    pub async fn revoke(&self, id: GrantId, force: bool) -> Result<Revocation, BrokerError> {
        // In a task of its own: a caller who hangs up must not leave a revoked token in memory.
        let broker = self.clone();
        let task = self.0.tasks.spawn(async move { broker.give_back(id, force).await });
        task.await
            .unwrap_or(Err(BrokerError::Internal("a revocation was lost")))
    }

    async fn give_back(&self, id: GrantId, force: bool) -> Result<Revocation, BrokerError> {
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
        let Some(grant) = found else {
            return Err(BrokerError::GrantNotFound(id.to_string()));
        };
        if grant.expires_at <= now {
            return answer(RevocationState::Over, 0);
        }
        let released = tx.grants().release(id, now).await?;
        let shared_with = tx.grants().count_held(grant.token).await?;
        if shared_with > 0 && !force {
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
        let begun = self.begin_end(&mut *tx, grant.token, &endpoint).await?;
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
        self.begin_end(&mut *tx, id, forge).await?;
        tx.commit().await?;
        self.0.wake_worker.notify_one();
        Ok(())
    }

    /// Marks a token and queues its job in one transaction; `false` when that was done before.
    async fn begin_end(&self, tx: &mut dyn VaultTx, id: TokenId, forge: &ForgeEndpoint) -> Result<bool, BrokerError> {
        let inner = &self.0;
        let now = inner.clock.now();
        if !tx.tokens().begin_revoke(id).await? {
            return Ok(false);
        }
        tx.grants().release_all(id, now).await?;
        let payload = RevokePayload {
            token: id,
            api_url: forge.api_url().to_owned(),
        };
        let delay = if inner.vault.shared() {
            REPLICA_DELAY
        } else {
            SignedDuration::ZERO
        };
        let job = NewJob {
            id: JobId::generate(now, &*inner.entropy),
            kind: RevokeToken::KIND.to_owned(),
            payload: serde_json::to_value(&payload).map_err(|_| BrokerError::Internal("a job could not be written"))?,
            dedup: Some(id.to_string()),
            run_at: now + delay,
        };
        tx.jobs().add(&job).await?;
        Ok(true)
    }

    fn drop_from_memory(&self, id: TokenId, record: Option<&TokenRecord>) {
        let slot = record.and_then(|record| self.0.slots.get(&record.key));
        if let Some(slot) = slot {
            slot.drop_token(id);
        }
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
        if record.expires_at > now
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
            tx.commit().await
        };
        finished.await.map_err(|error| retry(&error))
    }
}

impl std::fmt::Debug for RevokeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::KIND)
    }
}
