use async_trait::async_trait;
use jeton_domain::{Coded, ForgeEndpoint, TokenId};
use jeton_forge::Revoked;
use jeton_jobs::{Handler, JobError};
use jeton_ledger::{Event, events};
use jeton_vault::TokenState;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Broker, BrokerError, mint::token_place};

/// A token younger than this may be unknown to one of the forge's replicas: their 401 does not mean that it is dead.
const LAG: SignedDuration = SignedDuration::from_secs(30);

/// What the job knows: ids only.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct RevokePayload {
    pub(crate) token: TokenId,
    /// The App may be gone when the job runs; the token is revoked all the same.
    pub(crate) api_url: String,
}

/// Asks the forge to end a token, until it confirms or the token has ended by itself. Safe to run twice: a dead token
/// counts as done.
pub(crate) struct RevokeToken(pub(crate) Broker);

impl RevokeToken {
    pub(crate) const KIND: &'static str = "revoke_token";
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
            inner.know_keys_of([sealed]).await.map_err(|error| retry(&error))?;
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
