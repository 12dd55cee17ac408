use std::sync::Arc;

use jeton_domain::{Action, ForgeEndpoint, GrantId, IdentityKey, JobId, TokenId, redact};
use jeton_ledger::{Event, events};
use jeton_policy::Ask;
use jeton_vault::{GrantFilter, GrantOf, GrantRecord, NewJob, TokenRecord, VaultTx};
use jiff::{SignedDuration, Timestamp};

use crate::{
    Asker, Broker, BrokerError, Refusal,
    broker::Inner,
    revoke_token::{RevokePayload, RevokeToken},
};

/// How long the forge is asked later when replicas share the vault: by then each has dropped the token from its memory
/// (see `sweep`), so that none hands out a dead one.
const REPLICA_DELAY: SignedDuration = SignedDuration::from_secs(3);

/// How many of a holder's grants are read at a time, when all are ended.
const PAGE: u32 = 500;

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

/// What became of all that a holder had.
#[derive(Debug)]
pub struct Ended {
    /// How many of the holder's grants ended.
    pub grants: u64,
    /// Why others did not; what ended stays so.
    pub failure: Option<BrokerError>,
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

    /// Ends every token that a holder has, of this server or another one, also where others hold it too: they get a new
    /// one when they next ask. Goes on when the one who asked hangs up.
    ///
    /// # Errors
    /// When the vault cannot be used; nothing was ended then.
    pub async fn revoke_all_of(&self, asker: &Asker, holder: IdentityKey) -> Result<Ended, BrokerError> {
        self.end_in_task(asker, holder.to_string()).await
    }

    /// The same for whoever may end what others hold, by the holder's key or name ([`Broker::holder_key`]).
    ///
    /// # Errors
    /// [`BrokerError::Access`], which is on record then; [`Refusal::Field`] when nobody is named so; or as
    /// [`Broker::revoke_all_of`].
    pub async fn revoke_grants_of(&self, asker: &Asker, holder: &str) -> Result<Ended, BrokerError> {
        let inner = &self.0;
        inner
            .access
            .permit(&asker.caller, Action::GrantRevoke, asker.request_id.as_deref())?;
        let Some(holder) = self.holder_key(holder).await? else {
            let shown: String = redact(holder).chars().filter(|c| !c.is_control()).take(80).collect();
            return Err(Refusal::Field(format!("holder: nobody is known here as \"{shown}\"")).into());
        };
        self.end_in_task(asker, holder).await
    }

    /// In a task of its own, as [`Broker::revoke`].
    async fn end_in_task(&self, asker: &Asker, holder: String) -> Result<Ended, BrokerError> {
        let (broker, asker) = (self.clone(), asker.clone());
        let task = self.0.tasks.spawn(async move {
            let mut grants = 0;
            match broker.end_all_of(&asker, &holder, &mut grants).await {
                Err(error) if grants == 0 => Err(error),
                outcome => Ok(Ended {
                    grants,
                    failure: outcome.err(),
                }),
            }
        });
        task.await
            .unwrap_or(Err(BrokerError::Internal("a revocation was lost")))
    }

    /// Counts in `ended` what was ended, also when not all of it could be.
    async fn end_all_of(&self, asker: &Asker, holder: &str, ended: &mut u64) -> Result<(), BrokerError> {
        let held = GrantFilter {
            only_live: true,
            holder_key: Some(holder.to_owned()),
            ..GrantFilter::default()
        };
        let mut failure = None;
        // Newest first, page by page. What a holder who may still ask gets meanwhile stands before the first page, and is theirs:
        // so this has an end.
        let mut before = None;
        loop {
            let now = self.0.clock.now();
            let mut tx = self.0.vault.read().await?;
            let mut page = tx.grants().list(&held, before, now, PAGE).await?;
            drop(tx);
            let Some(last) = page.last() else {
                // Whatever could be ended is.
                return failure.map_or(Ok(()), Err);
            };
            before = Some(last.id);
            page.sort_by_key(|grant| grant.of.token());
            for of_one in page.chunk_by(|one, next| one.of.token() == next.of.token()) {
                let outcome = match of_one[0].of {
                    GrantOf::Token(token) => self.end_token_of(asker, token, of_one).await,
                    GrantOf::Account(_) => self.release_of_accounts(asker, of_one).await,
                };
                match outcome {
                    Ok(count) => *ended += count,
                    Err(error) => failure = Some(error),
                }
            }
        }
    }

    /// Ends the token of some grants; how many of them were held until now. A transaction for each token: grants of many
    /// tokens are written together elsewhere, and two who lock several of them must not wait for each other.
    async fn end_token_of(&self, asker: &Asker, token: TokenId, grants: &[GrantRecord]) -> Result<u64, BrokerError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let mut tx = inner.vault.begin().await?;
        let record = tx.tokens().find(token).await?;
        let endpoint = inner.endpoint(record.as_ref(), &grants[0])?;
        let mut released = Vec::with_capacity(grants.len());
        for grant in grants {
            if tx.grants().release(grant.id, now).await? {
                released.push(grant);
            }
        }
        let begun = inner.begin_end(&mut *tx, token, &endpoint).await?;
        let event = |grant: &&GrantRecord| release_event(asker, grant, true).with("token_ends", begun);
        let events: Vec<Event> = released.iter().map(event).collect();
        inner.access.ledger().append_in(&mut *tx, &events).await?;
        tx.commit().await?;
        self.drop_from_memory(token, record.as_ref());
        inner.wake_worker.notify_one();
        Ok(released.len() as u64)
    }

    /// Notes that accounts' tokens were given back; how many were held until now. The tokens live on: only their owners can end
    /// them, at the forge.
    async fn release_of_accounts(&self, asker: &Asker, grants: &[GrantRecord]) -> Result<u64, BrokerError> {
        let inner = &self.0;
        let now = inner.clock.now();
        let mut tx = inner.vault.begin().await?;
        let mut events = Vec::with_capacity(grants.len());
        for grant in grants {
            if tx.grants().release(grant.id, now).await? {
                events.push(release_event(asker, grant, false).with("token_ends", false));
            }
        }
        inner.access.ledger().append_in(&mut *tx, &events).await?;
        tx.commit().await?;
        Ok(events.len() as u64)
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
        // Without the right to write: a stranger's ids must not keep the others from writing.
        let mut tx = inner.vault.read().await?;
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
        if grant.expires_at <= now {
            return answer(RevocationState::Over, 0);
        }
        let GrantOf::Token(token) = grant.of else {
            drop(tx);
            let released = self.release_of_accounts(asker, std::slice::from_ref(&grant)).await?;
            let state = if released > 0 {
                RevocationState::Released
            } else {
                RevocationState::Over
            };
            return answer(state, 0);
        };
        let record = tx.tokens().find(token).await?;
        drop(tx);
        let event = release_event(asker, &grant, force);
        let mut tx = inner.vault.begin().await?;
        let released = tx.grants().release(id, now).await?;
        let shared_with = tx.grants().count_held(token).await?;
        if shared_with > 0 && !force {
            if released {
                inner.access.ledger().append_in(&mut *tx, &[event]).await?;
            }
            tx.commit().await?;
            // Whoever asks again gets a new grant first.
            self.forget_hold(id, record.as_ref());
            let state = if released {
                RevocationState::Released
            } else {
                RevocationState::Over
            };
            return answer(state, shared_with);
        }
        let endpoint = inner.endpoint(record.as_ref(), &grant)?;
        let begun = inner.begin_end(&mut *tx, token, &endpoint).await?;
        if begun || released {
            let event = event.with("token_ends", begun);
            inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        }
        tx.commit().await?;
        if !begun {
            // Already revoking or revoked, by this grant or another one.
            return answer(RevocationState::Over, shared_with);
        }
        self.drop_from_memory(token, record.as_ref());
        inner.wake_worker.notify_one();
        answer(RevocationState::Revoking, shared_with)
    }

    /// The one way for a token to end before its time: it is handed out no more, its grants are over, and the forge is
    /// asked until it confirms. A token that is dead already is confirmed at once. The events are written along with it;
    /// neither is done, and `false` the answer, when the token's end had begun before.
    pub(crate) async fn end_token(
        &self,
        id: TokenId,
        forge: &ForgeEndpoint,
        events: &[Event],
    ) -> Result<bool, BrokerError> {
        let mut tx = self.0.vault.begin().await?;
        if !self.0.begin_end(&mut *tx, id, forge).await? {
            return Ok(false);
        }
        self.0.access.ledger().append_in(&mut *tx, events).await?;
        tx.commit().await?;
        self.0.wake_worker.notify_one();
        Ok(true)
    }

    fn forget_hold(&self, id: GrantId, record: Option<&TokenRecord>) {
        let slot = record.and_then(|record| self.0.slots.get(&record.key).map(|slot| Arc::clone(&slot)));
        if let Some(token) = slot.and_then(|slot| slot.current()) {
            token.holders.remove(|grant| grant == id);
        }
    }

    pub(crate) fn drop_from_memory(&self, id: TokenId, record: Option<&TokenRecord>) {
        let slot = record.and_then(|record| self.0.slots.get(&record.key));
        if let Some(slot) = slot {
            slot.drop_token(id);
        }
    }
}

/// The record's entry of a grant that was given back.
fn release_event(asker: &Asker, grant: &GrantRecord, force: bool) -> Event {
    Event::new(events::TOKEN_RELEASED, &asker.caller)
        .with("grant", grant.id.to_string())
        .with("holder", grant.holder.as_str())
        .with("force", force)
        .with_fingerprint(grant.fingerprint.clone())
        .in_request(asker.request_id.as_deref())
}

impl Inner {
    /// Where a grant's token was minted. The App may be gone by now; the token is revoked all the same.
    fn endpoint(&self, record: Option<&TokenRecord>, grant: &GrantRecord) -> Result<ForgeEndpoint, BrokerError> {
        let app = record.and_then(|record| self.apps.by_id(record.app));
        match app {
            Some(app) => Ok(app.forge.clone()),
            None => ForgeEndpoint::github_by_host(&grant.forge).map_err(|_| BrokerError::NoApp {
                forge: Some(grant.forge.clone()),
            }),
        }
    }

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
