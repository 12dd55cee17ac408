use async_trait::async_trait;
use jeton_domain::{Coded, ForgeEndpoint, GrantId, JobId, TokenId};
use jeton_jobs::{Handler, JobError};
use jeton_vault::{NewJob, TokenRecord, TokenState};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Broker, BrokerError, mint::token_place};

/// How long the forge is asked later when replicas share the vault: by then each has dropped the token from its memory
/// (see `sweep`), so that none hands out a dead one.
const REPLICA_DELAY: SignedDuration = SignedDuration::from_secs(3);

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
        let inner = &self.0;
        let now = inner.clock.now();
        let over = |shared_with| Revocation {
            grant: id,
            state: RevocationState::Over,
            shared_with,
        };
        let mut tx = inner.vault.begin().await?;
        let found = tx.grants().find(id).await?;
        let Some(grant) = found else {
            return Err(BrokerError::GrantNotFound(id.to_string()));
        };
        if grant.expires_at <= now {
            return Ok(over(0));
        }
        let released = tx.grants().release(id, now).await?;
        let shared_with = tx.grants().count_held(grant.token).await?;
        if shared_with > 0 && !force {
            tx.commit().await?;
            return Ok(if released {
                Revocation {
                    grant: id,
                    state: RevocationState::Released,
                    shared_with,
                }
            } else {
                over(shared_with)
            });
        }
        if !tx.tokens().begin_revoke(grant.token).await? {
            // Already revoking or revoked, by this grant or another one.
            tx.commit().await?;
            return Ok(over(shared_with));
        }
        tx.grants().release_all(grant.token, now).await?;
        let record = tx.tokens().find(grant.token).await?;
        let app = record.as_ref().and_then(|record| inner.apps.by_id(record.app));
        let payload = RevokePayload {
            token: grant.token,
            api_url: app.map(|app| app.forge.api_url().to_owned()),
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
            dedup: Some(grant.token.to_string()),
            run_at: now + delay,
        };
        tx.jobs().add(&job).await?;
        tx.commit().await?;
        self.drop_from_memory(grant.token, record.as_ref());
        inner.wake_worker.notify_one();
        Ok(Revocation {
            grant: id,
            state: RevocationState::Revoking,
            shared_with,
        })
    }

    pub(crate) fn drop_from_memory(&self, id: TokenId, record: Option<&TokenRecord>) {
        let inner = &self.0;
        let Some(record) = record else { return };
        if let Some(slot) = inner.slots.get(&record.key) {
            slot.drop_token(id);
        }
        inner.by_fingerprint.remove(&record.fingerprint);
    }
}

/// What the job knows: ids only.
#[derive(Debug, Serialize, Deserialize)]
struct RevokePayload {
    token: TokenId,
    /// The App may be gone when the job runs; the token is revoked all the same.
    api_url: Option<String>,
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
        if record.expires_at > inner.clock.now()
            && let Some(sealed) = &record.token
        {
            let token = inner
                .ring
                .open(sealed, token_place(&record.id.to_string()))
                .map_err(|error| fail(format!("{}: {error}", error.code())))?;
            let app = inner.apps.by_id(record.app);
            let named = payload
                .api_url
                .as_deref()
                .and_then(|url| ForgeEndpoint::github(url).ok());
            let endpoint = app.map(|app| app.forge.clone()).or(named);
            let endpoint =
                endpoint.ok_or_else(|| fail("the App is gone, and with it the forge's address".to_owned()))?;
            inner
                .github
                .revoke(&endpoint, &token)
                .await
                .map_err(|error| JobError::Retry {
                    reason: error.to_string(),
                    after: error.retry_after(),
                })?;
            tracing::info!(token.fingerprint = %record.fingerprint, "the forge confirmed that a token is dead");
        }
        let finished = async {
            let mut tx = inner.vault.begin().await?;
            tx.tokens().finish_revoke(record.id).await?;
            tx.commit().await
        };
        finished.await.map_err(|error| retry(&error))?;
        self.0.drop_from_memory(record.id, Some(&record));
        Ok(())
    }
}

impl std::fmt::Debug for RevokeToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(Self::KIND)
    }
}
