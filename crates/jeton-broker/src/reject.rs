use std::{sync::Arc, time::Duration};

use jeton_domain::{Fingerprint, TokenId};
use jeton_forge::Probe;

use crate::{Broker, BrokerError, LiveToken, apps::AppEntry, mint::token_place, slot::Slot};

/// What became of a token with which a caller saw 401.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejection {
    /// Which token.
    pub fingerprint: Fingerprint,
    /// What a look showed.
    pub verdict: RejectionVerdict,
}

/// What a look at a rejected token showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RejectionVerdict {
    /// The forge accepts it.
    Live,
    /// The forge refuses it; it was dropped.
    Dropped,
    /// The forge did not say, for this reason.
    Unknown(String),
}

/// A refusal is believed when it is repeated after this pause: a replica that lags refuses once, a dead token always.
const SECOND_LOOK: Duration = Duration::from_millis(500);

impl Broker {
    /// Looks at a token with which a caller saw 401, and drops it when the forge refuses it. The caller's word alone is
    /// not enough: anybody who may ask could otherwise make jeton mint without end.
    ///
    /// # Errors
    /// [`BrokerError::FingerprintUnknown`] when no live token has the fingerprint.
    pub async fn reject(&self, fingerprint: &str) -> Result<Rejection, BrokerError> {
        let inner = &self.0;
        let unknown = || {
            BrokerError::FingerprintUnknown(
                fingerprint
                    .chars()
                    .filter(char::is_ascii_alphanumeric)
                    .take(12)
                    .collect(),
            )
        };
        let fingerprint = Fingerprint::parse(fingerprint).ok_or_else(unknown)?;
        let (app, id, secret, slot) = self.find_by_fingerprint(&fingerprint).await?.ok_or_else(unknown)?;
        let client = app.client()?;
        let mut probe = client.probe(&secret).await;
        if matches!(probe, Probe::Refused { .. }) {
            inner.clock.sleep(SECOND_LOOK).await;
            probe = client.probe(&secret).await;
        }
        let verdict = match probe {
            Probe::Live => RejectionVerdict::Live,
            Probe::Unknown(error) => RejectionVerdict::Unknown(error.to_string()),
            Probe::Refused { status } => {
                tracing::warn!(token.fingerprint = %fingerprint, status, "a token died before its time; it is dropped");
                if let Some(slot) = slot {
                    slot.drop_token(id);
                }
                inner.retire(id, &fingerprint).await?;
                RejectionVerdict::Dropped
            }
        };
        Ok(Rejection { fingerprint, verdict })
    }

    /// A live token by its fingerprint: from memory, or from the vault when another replica minted it.
    async fn find_by_fingerprint(
        &self,
        fingerprint: &Fingerprint,
    ) -> Result<Option<(Arc<AppEntry>, TokenId, jeton_domain::Secret, Option<Arc<Slot>>)>, BrokerError> {
        let inner = &self.0;
        let digest = inner.by_fingerprint.get(fingerprint).map(|entry| *entry);
        if let Some(slot) = digest.and_then(|digest| inner.slots.get(&digest).map(|slot| Arc::clone(&slot)))
            && let Some(token) = slot
                .current()
                .filter(|token: &Arc<LiveToken>| token.fingerprint == *fingerprint)
            && let Some(app) = inner.apps.by_id(slot.key.app())
        {
            return Ok(Some((app, token.id, token.token.clone(), Some(slot))));
        }
        let now = inner.clock.now();
        let records = inner
            .vault
            .read()
            .await?
            .tokens()
            .find_by_fingerprint(fingerprint, now)
            .await?;
        for record in records {
            let Some(app) = inner.apps.by_id(record.app) else {
                continue;
            };
            let Some(sealed) = record.token else { continue };
            let secret = inner.ring.open(&sealed, token_place(&record.id.to_string()))?;
            let slot = inner.slots.get(&record.key).map(|slot| Arc::clone(&slot));
            return Ok(Some((app, record.id, secret, slot)));
        }
        Ok(None)
    }
}
