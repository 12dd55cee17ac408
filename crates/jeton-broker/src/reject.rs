use std::{sync::Arc, time::Duration};

use jeton_domain::{AccountId, Action, Fingerprint, Secret, TokenId, Validity};
use jeton_forge::{ForgeError, Probe};
use jeton_ledger::{Event, events};
use jeton_vault::GrantFilter;

use crate::{
    Asker, Broker, BrokerError, app_entry::AppEntry, mint::token_place, permit::own_key, revoke::look_at, slot::Slot,
};

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

/// Who may have a look taken at a token.
struct Reporter {
    /// Of which account they have it; `None` when it is no account's, or for those who may look at what others hold.
    account: Option<AccountId>,
}

/// A token that a caller named by its fingerprint.
struct Found {
    app: Arc<AppEntry>,
    id: TokenId,
    owner: String,
    secret: Secret,
    slot: Option<Arc<Slot>>,
}

impl Broker {
    /// Looks at a token with which a caller saw 401, and drops it when the forge refuses it. The caller's word alone is
    /// not enough: anybody who may ask could otherwise make jeton mint without end.
    ///
    /// # Errors
    /// [`BrokerError::FingerprintUnknown`] when no live token has the fingerprint.
    pub async fn reject(&self, asker: &Asker, fingerprint: &str) -> Result<Rejection, BrokerError> {
        let inner = &self.0;
        let shown = || {
            fingerprint
                .chars()
                .filter(char::is_ascii_alphanumeric)
                .take(12)
                .collect()
        };
        let unknown = || BrokerError::FingerprintUnknown(shown());
        let fingerprint = Fingerprint::parse(fingerprint).ok_or_else(unknown)?;
        // The right first: who has none learns nothing, and costs one look into the database.
        let Some(reporter) = self.may_report(asker, &fingerprint).await? else {
            return Err(unknown());
        };
        let Some(found) = self.find_by_fingerprint(&fingerprint).await? else {
            return self
                .reject_of_account(fingerprint, reporter.account)
                .await?
                .ok_or_else(unknown);
        };
        let client = found.app.client()?;
        let mut probe = client.probe(&found.secret).await;
        if matches!(probe, Probe::Refused(_)) {
            inner.clock.sleep(SECOND_LOOK).await;
            probe = client.probe(&found.secret).await;
        }
        let verdict = match probe {
            Probe::Live(quota) => {
                inner.note_quota(&found.app, &found.owner, quota);
                RejectionVerdict::Live
            }
            Probe::Refused(error @ (ForgeError::BadCredentials { .. } | ForgeError::Suspended { .. })) => {
                tracing::warn!(token.fingerprint = %fingerprint, %error, "a token died before its time; it is dropped");
                if let Some(slot) = &found.slot {
                    slot.drop_token(found.id);
                }
                let event = Event::new(events::TOKEN_REJECTED, &asker.caller)
                    .with_fingerprint(fingerprint.clone())
                    .in_request(asker.request_id.as_deref());
                let ended = self.end_token(found.id, &found.app.forge, std::slice::from_ref(&event));
                if !ended.await? {
                    // Somebody else was faster; that this one said so too is of less weight.
                    inner.access.ledger().note(event);
                }
                RejectionVerdict::Dropped
            }
            // A 403 or 404 says that this machine may not look, not that the token is dead.
            Probe::Refused(error) | Probe::Unknown(error) => RejectionVerdict::Unknown(error.to_string()),
        };
        Ok(Rejection { fingerprint, verdict })
    }

    /// The same for an account's token: the look is written down as one of the watch's.
    async fn reject_of_account(
        &self,
        fingerprint: Fingerprint,
        of: Option<AccountId>,
    ) -> Result<Option<Rejection>, BrokerError> {
        let Some(report) = self.0.accounts.look_at_rejected(&fingerprint, of).await? else {
            return Ok(None);
        };
        let verdict = match report.validity {
            Validity::Valid => RejectionVerdict::Live,
            Validity::Invalid => RejectionVerdict::Dropped,
            Validity::Unknown => RejectionVerdict::Unknown(
                report
                    .diagnoses
                    .first()
                    .map_or_else(|| "the forge gave no clear word".to_owned(), |one| one.cause.clone()),
            ),
        };
        Ok(Some(Rejection { fingerprint, verdict }))
    }

    /// Whether somebody may have a look taken at a token: who holds it, and who may end it. Each look asks the forge.
    async fn may_report(&self, asker: &Asker, fingerprint: &Fingerprint) -> Result<Option<Reporter>, BrokerError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let may_revoke = inner.access.decide(&asker.caller, &look_at(Action::GrantRevoke, now));
        if may_revoke.allowed().is_some() {
            return Ok(Some(Reporter { account: None }));
        }
        let Some(who) = own_key(asker) else {
            return Ok(None);
        };
        let mut tx = inner.vault.read().await?;
        let held = GrantFilter {
            only_live: true,
            holder_key: Some(who),
            fingerprint: Some(fingerprint.to_string()),
            ..GrantFilter::default()
        };
        let page = tx.grants().list(&held, None, now, 1).await?;
        Ok(page.first().map(|grant| Reporter {
            account: grant.of.account(),
        }))
    }

    /// A live token by its fingerprint: from memory, or from the vault when another replica minted it. Looks at every
    /// slot: only those come here who have a right to, and each report calls the forge besides.
    async fn find_by_fingerprint(&self, fingerprint: &Fingerprint) -> Result<Option<Found>, BrokerError> {
        let inner = &self.0;
        let in_memory = inner.slots.iter().find_map(|entry| {
            let token = entry
                .value()
                .current()
                .filter(|token| token.fingerprint == *fingerprint)?;
            Some((Arc::clone(entry.value()), token))
        });
        if let Some((slot, token)) = in_memory
            && let Some(app) = inner.apps.by_id(slot.app)
        {
            return Ok(Some(Found {
                app,
                id: token.id,
                owner: token.covers.owner().to_owned(),
                secret: token.token.clone(),
                slot: Some(slot),
            }));
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
            inner.know_keys_of([&sealed]).await?;
            let secret = inner.ring.open(&sealed, token_place(&record.id.to_string()))?;
            let slot = inner.slots.get(&record.key).map(|slot| Arc::clone(&slot));
            return Ok(Some(Found {
                app,
                id: record.id,
                owner: record.owner,
                secret,
                slot,
            }));
        }
        Ok(None)
    }
}
