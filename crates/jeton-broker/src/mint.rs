use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jeton_domain::{
    Caller, Coded, ExpiresAt, Fingerprint, Identity, InstallationId, Permissions, RepoSet, RowRef, TokenId,
    TokenKeyDigest,
};
use jeton_forge::{ForgeError, GitHubApp, MintedToken};
use jeton_vault::{SealedPlace, TokenRecord, TokenState, VaultTx};
use jiff::{SignedDuration, Timestamp};

use crate::{
    BrokerError, LiveToken,
    app_entry::AppEntry,
    broker::{Inner, MintOutcome},
    held_lease::HeldLease,
    holders::Holders,
    issue::Asker,
    permit::too_short,
    slot::{Need, Slot},
    traffic::Outcome,
};

/// How long a caller waits for another process that mints the same key. Its lease lives six seconds when it dies, and
/// then this process takes over.
const LONGEST_WAIT: Duration = Duration::from_secs(40);
/// GitHub's own figure.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_hours(1);
/// How long a token that was not accepted in time is looked at again instead of minting another.
const UNPROVEN: SignedDuration = SignedDuration::from_mins(5);

/// The place of a token in the vault.
pub(crate) fn token_place(id: &str) -> RowRef<'_> {
    SealedPlace::Token.of(id)
}

impl Inner {
    /// A token that meets the need: the one in use, or one fetched by the flight of its key.
    pub(crate) async fn obtain(self: &Arc<Self>, digest: TokenKeyDigest, slot: &Arc<Slot>, need: Need) -> MintOutcome {
        // A flight that was begun for a lesser need may land with a token that does not do; then one more is flown.
        for _ in 0..3 {
            let now = self.clock.now();
            if let Some(token) = slot.current()
                && need.is_met_by(token.minted_at, token.good_until, now)
            {
                slot.mark_used();
                self.renew_if_due(digest, slot, &token, now);
                return Ok(token);
            }
            let token = self.fly(digest, slot, need, false).await?;
            if need.is_met_by(token.minted_at, token.good_until, self.clock.now()) {
                slot.mark_used();
                return Ok(token);
            }
        }
        if let Some(life) = slot.longest_life {
            // The forge did its part: it is the policy that leaves too little.
            return Err(too_short(need.min_left, life).into());
        }
        let reason = "its tokens end sooner than the request needs".to_owned();
        let app = self.apps.by_id(slot.app);
        let forge = app.map_or_else(|| Arc::from("the forge"), |app| Arc::clone(&app.host));
        Err(BrokerError::Forge {
            forge,
            source: ForgeError::Garbled { status: 201, reason },
        })
    }

    /// Joins or starts the flight of a key; `ahead` of time, where nobody waits for it.
    pub(crate) async fn fly(
        self: &Arc<Self>,
        digest: TokenKeyDigest,
        slot: &Arc<Slot>,
        need: Need,
        ahead: bool,
    ) -> MintOutcome {
        let (inner, slot) = (Arc::clone(self), Arc::clone(slot));
        let flight = self.mints.join(digest, || async move {
            let token = inner.fetch(digest, &slot, need).await?;
            if ahead {
                token.is_new.store(false, Ordering::Relaxed);
            }
            slot.put(Arc::clone(&token));
            if inner.apps.by_id(slot.app).is_none() {
                // Removed while the token was on its way; whoever removed it has looked at this slot already.
                slot.clear();
                return Err(BrokerError::NoApp { forge: None });
            }
            Ok(token)
        });
        flight.await.unwrap_or(Err(BrokerError::Internal("a mint was lost")))
    }

    /// Fetches a token from the vault or the forge; the only one to do so among all processes of the vault.
    async fn fetch(self: &Arc<Self>, digest: TokenKeyDigest, slot: &Slot, need: Need) -> MintOutcome {
        let app = self.apps.by_id(slot.app).ok_or(BrokerError::NoApp { forge: None })?;
        let _turn = app.mints.acquire().await;
        if let Some(token) = self.find_stored(&app, digest, slot, need).await? {
            return Ok(token);
        }
        let name = format!("mint/{digest}");
        let mut waited = Duration::ZERO;
        let lease = loop {
            if let Some(lease) = HeldLease::acquire(&self.vault, &self.clock, name.clone(), self.holder).await? {
                break lease;
            }
            if waited > LONGEST_WAIT {
                return Err(BrokerError::Busy);
            }
            let pause = (waited / 4).clamp(Duration::from_millis(20), Duration::from_millis(250));
            tokio::time::sleep(pause).await;
            waited += pause;
            if let Some(token) = self.find_stored(&app, digest, slot, need).await? {
                return Ok(token);
            }
        };
        let outcome = self.fetch_alone(&app, digest, slot, need).await;
        lease.release().await;
        outcome
    }

    async fn fetch_alone(
        self: &Arc<Self>,
        app: &Arc<AppEntry>,
        digest: TokenKeyDigest,
        slot: &Slot,
        need: Need,
    ) -> MintOutcome {
        // Between our look into the vault and the lease, another process may have finished.
        if self.vault.shared()
            && let Some(token) = self.find_stored(app, digest, slot, need).await?
        {
            return Ok(token);
        }
        let token = if let Some(token) = self.unproven(slot, need) {
            token
        } else {
            let token = Arc::new(self.mint(app, slot).await?);
            self.traffic.count(Outcome::Mint, self.clock.now());
            token
        };
        if let Err(error) = self.wait_until_live(app, &slot.owner, &token.token).await {
            // Another mint would lag as much: the next flight looks at this one again.
            slot.unproven.store(Some(token));
            return Err(error);
        }
        slot.unproven.store(None);
        match self.store_successor(digest, app, slot, &token).await {
            Ok(()) => {}
            // The token is good all the same: it is kept in memory, and stored with the first grant.
            Err(error) => {
                tracing::warn!(%error, code = %error.code(), "a token could not be stored; a restart would mint again");
            }
        }
        tracing::info!(
            app.name = %app.name, owner = &*slot.owner, repositories = slot.asked.names().len(),
            token.fingerprint = %token.fingerprint, expires_at = %token.expires_at.timestamp(), "a token was minted"
        );
        Ok(token)
    }

    /// A token that the forge minted some moments ago and did not accept yet.
    fn unproven(&self, slot: &Slot, need: Need) -> Option<Arc<LiveToken>> {
        let token = slot.unproven.load_full()?;
        let now = self.clock.now();
        let is_young = now.duration_since(token.minted_at) < UNPROVEN;
        (is_young && need.is_met_by(token.minted_at, token.good_until, now)).then_some(token)
    }

    /// Mints, with one fresh look-up when the installation is not there any more, or is somebody else's.
    async fn mint(self: &Arc<Self>, app: &Arc<AppEntry>, slot: &Slot) -> Result<LiveToken, BrokerError> {
        let owner = &*slot.owner;
        let names: Vec<String> = slot.asked.names().iter().map(|name| name.as_str().to_owned()).collect();
        let permissions = &slot.permissions;
        for look in 0..2 {
            let found = self.find_installation(app, owner).await?;
            let Some(installation) = found else { break };
            let names = &names;
            // Before the call: the token's hour begins while the forge works, not when its answer is here.
            let minted_at = self.clock.now();
            let outcome = app
                .call_mint(self, |client| async move {
                    if names.is_empty() {
                        client.mint_for_organization(installation, permissions).await
                    } else {
                        client.mint(installation, names, permissions).await
                    }
                })
                .await;
            match outcome {
                Ok(minted)
                    if minted
                        .owner
                        .as_deref()
                        .is_none_or(|found| found.eq_ignore_ascii_case(owner)) =>
                {
                    return Ok(self.live_token(app, slot, installation, minted_at, minted));
                }
                Ok(minted) => {
                    // The account was renamed, and another took its name: this token opens the wrong repositories.
                    if let Err(error) = self.github.revoke(&app.forge, &minted.token).await {
                        tracing::warn!(%error, owner, "a token of a renamed owner could not be revoked; it is thrown away");
                    }
                }
                Err(BrokerError::Forge {
                    source: ForgeError::NotFound { .. },
                    ..
                }) => {}
                Err(BrokerError::Forge {
                    source: ForgeError::Unprocessable { said, about },
                    forge,
                }) => {
                    let refused = BrokerError::Forge {
                        source: ForgeError::Unprocessable { said, about },
                        forge,
                    };
                    return Err(self.explain(app, slot, installation, about, refused).await);
                }
                Err(error) => return Err(error),
            }
            tracing::info!(app.name = %app.name, owner, %installation, look, "the installation is not the owner's any more");
            self.forget_installation(app, owner).await;
        }
        Err(self.not_installed(app, slot, false).await)
    }

    fn live_token(
        &self,
        app: &AppEntry,
        slot: &Slot,
        installation: InstallationId,
        minted_at: Timestamp,
        minted: MintedToken,
    ) -> LiveToken {
        LiveToken {
            id: TokenId::generate(minted_at, &*self.entropy),
            fingerprint: Fingerprint::of(&minted.token),
            token: minted.token,
            installation,
            app_name: Arc::clone(&app.shared_name),
            forge_host: Arc::clone(&app.host),
            covers: covers(slot, minted.repositories.as_deref().unwrap_or_default()),
            permissions: shared(slot, minted.permissions),
            minted_at,
            expires_at: ExpiresAt::new(shortened(slot, minted_at, minted.expires_at.timestamp())),
            forge_expires_at: minted.expires_at.timestamp(),
            good_until: ExpiresAt::new(shortened(
                slot,
                minted_at,
                good_until(app, minted_at, minted.expires_at).timestamp(),
            )),
            stored: AtomicBool::new(false),
            is_new: AtomicBool::new(true),
            holders: Holders::default(),
        }
    }

    /// The vault's row of a token.
    pub(crate) fn token_record(&self, digest: TokenKeyDigest, app: &AppEntry, token: &LiveToken) -> TokenRecord {
        TokenRecord {
            id: token.id,
            key: digest,
            app: app.id,
            installation: token.installation,
            owner: token.covers.owner().to_owned(),
            repositories: token
                .covers
                .names()
                .iter()
                .map(|name| name.as_str().to_owned())
                .collect(),
            permissions: token.permissions.clone(),
            token: Some(
                self.ring
                    .seal(&token.token, token_place(&token.id.to_string()), &*self.entropy),
            ),
            fingerprint: token.fingerprint.clone(),
            minted_at: token.minted_at,
            expires_at: token.expires_at.timestamp(),
            forge_expires_at: token.forge_expires_at,
            state: TokenState::Live,
        }
    }

    /// Stores a token; with it the job that ends it, when a policy gives it a shorter life than the forge does.
    pub(crate) async fn store(
        &self,
        digest: TokenKeyDigest,
        app: &AppEntry,
        token: &LiveToken,
    ) -> Result<(), BrokerError> {
        match self.store_once(digest, app, token).await {
            // This process slept through a rotation.
            Err(error) if error.is_data_key_gone() => {
                self.reload_keys().await?;
                self.store_once(digest, app, token).await
            }
            outcome => outcome,
        }
    }

    async fn store_once(&self, digest: TokenKeyDigest, app: &AppEntry, token: &LiveToken) -> Result<(), BrokerError> {
        let mut tx = self.vault.begin().await?;
        if tx.tokens().find(token.id).await?.is_none() {
            self.add_token(&mut *tx, digest, app, token).await?;
            tx.commit().await?;
        }
        token.stored.store(true, Ordering::Release);
        Ok(())
    }

    async fn add_token(
        &self,
        tx: &mut dyn VaultTx,
        digest: TokenKeyDigest,
        app: &AppEntry,
        token: &LiveToken,
    ) -> Result<(), BrokerError> {
        tx.tokens().add(&self.token_record(digest, app, token)).await?;
        if token.expires_at.timestamp() < token.forge_expires_at {
            let job = self.revoke_job(token.id, &app.forge, "end", token.expires_at.timestamp())?;
            tx.jobs().add(&job).await?;
        }
        Ok(())
    }

    /// Stores a token. When it follows one that others hold by the compatible route, their grants are written down along
    /// with it: a warm key must not depend on the database at the moment when the next of them asks.
    async fn store_successor(
        &self,
        digest: TokenKeyDigest,
        app: &AppEntry,
        slot: &Slot,
        token: &LiveToken,
    ) -> Result<(), BrokerError> {
        let generation = self.access.policy_generation();
        let is_known = |identity: &Identity| self.access.is_still_known(identity);
        let before = slot.current();
        let holders = before
            .map(|before| before.holders.to_follow(generation, is_known))
            .unwrap_or_default();
        let mut tx = self.vault.begin().await?;
        self.add_token(&mut *tx, digest, app, token).await?;
        let mut events = Vec::with_capacity(holders.len());
        let mut grants = Vec::with_capacity(holders.len());
        for (holder, caller) in &holders {
            let asker = Asker {
                caller: Caller::clone(caller),
                request_id: None,
            };
            let grant = self.grant_record(&asker, holder.rule(), token);
            events.push(Self::grant_event(caller, &grant).with("ahead", true));
            tx.grants().add(&grant).await?;
            grants.push(grant.id);
        }
        if !events.is_empty() {
            self.access.ledger().append_in(&mut *tx, &events).await?;
        }
        tx.commit().await?;
        token.stored.store(true, Ordering::Release);
        for ((holder, caller), grant) in holders.into_iter().zip(grants) {
            token.holders.add_ahead(holder, grant, caller, generation);
        }
        Ok(())
    }

    /// A token of this key that the vault holds, when it meets the need. A row that does not open is left alone and
    /// reported; a new token is minted beside it.
    async fn find_stored(
        &self,
        app: &AppEntry,
        digest: TokenKeyDigest,
        slot: &Slot,
        need: Need,
    ) -> Result<Option<Arc<LiveToken>>, BrokerError> {
        let now = self.clock.now();
        let Some(record) = self.vault.read().await?.tokens().find_live(&digest, now).await? else {
            return Ok(None);
        };
        let expires_at = ExpiresAt::new(record.expires_at);
        let good_until = good_until(app, record.minted_at, expires_at).timestamp();
        let good_until = ExpiresAt::new(shortened(slot, record.minted_at, good_until));
        let Some(sealed) = record
            .token
            .filter(|_| need.is_met_by(record.minted_at, good_until, now))
        else {
            return Ok(None);
        };
        self.know_keys_of([&sealed]).await?;
        let token = match self.ring.open(&sealed, token_place(&record.id.to_string())) {
            Ok(token) => token,
            Err(error) => {
                tracing::error!(code = %error.code(), %error, "a stored token does not open; minting another");
                return Ok(None);
            }
        };
        Ok(Some(Arc::new(LiveToken {
            id: record.id,
            token,
            fingerprint: record.fingerprint,
            installation: record.installation,
            app_name: Arc::clone(&app.shared_name),
            forge_host: Arc::clone(&app.host),
            covers: covers(slot, &record.repositories),
            permissions: shared(slot, record.permissions),
            minted_at: record.minted_at,
            expires_at,
            forge_expires_at: record.forge_expires_at,
            good_until,
            stored: AtomicBool::new(true),
            is_new: AtomicBool::new(false),
            holders: Holders::default(),
        })))
    }
}

/// The end of a token by our own clock. The forge's word is by the forge's: when it is ahead of us, or we behind, a token would
/// otherwise be handed out for that long after its death. GitHub's installation tokens live an hour from their mint.
fn good_until(app: &AppEntry, minted_at: Timestamp, expires_at: ExpiresAt) -> ExpiresAt {
    let offset = app.client().map(GitHubApp::clock_offset).unwrap_or_default();
    let by_our_clock = expires_at.timestamp().saturating_sub(offset).unwrap_or(Timestamp::MIN);
    ExpiresAt::new(by_our_clock.min(minted_at + TOKEN_LIFE))
}

/// The end of a token, where a policy gives it a shorter life.
fn shortened(slot: &Slot, minted_at: Timestamp, end: Timestamp) -> Timestamp {
    slot.longest_life.map_or(end, |life| end.min(minted_at + life))
}

/// The repositories of a token: its slot's own set when the names are the same, which they almost always are.
fn covers(slot: &Slot, names: &[String]) -> Arc<RepoSet> {
    let told = slot
        .asked
        .with_names(names)
        .filter(|told| !told.names().is_empty() && *told != *slot.asked);
    told.map_or_else(|| Arc::clone(&slot.asked), Arc::new)
}

/// The permissions of a token: its slot's own when they are the same, for the same reason.
fn shared(slot: &Slot, permissions: Permissions) -> Permissions {
    if permissions == slot.permissions {
        slot.permissions.clone()
    } else {
        permissions
    }
}
