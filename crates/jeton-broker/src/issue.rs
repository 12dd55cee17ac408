use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, atomic::Ordering},
};

use jeton_domain::{AppName, ForgeKind, Freshness, GrantId, Permissions, RepoPath, RepoSet, TokenKey, TokenKeyDigest};
use jeton_vault::{GrantRecord, VaultError};
use jiff::SignedDuration;

use crate::{
    Broker, BrokerError, BrokerSettings, LiveToken, Refusal,
    app_entry::AppEntry,
    broker::Inner,
    slot::{Need, Slot},
};

/// Who asks, as far as it is known.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Who it is, for the record.
    pub name: String,
    /// The request's id.
    pub request_id: Option<String>,
}

/// What is asked for; not yet looked at.
#[derive(Debug, Clone, Default)]
pub struct TokenAsk {
    /// The forge's host.
    pub forge: Option<String>,
    /// The operator's name for the App.
    pub app: Option<String>,
    /// Each `owner/name`.
    pub repositories: Vec<String>,
    /// By name; the default when absent.
    pub permissions: Option<BTreeMap<String, String>>,
    /// How long the token must live, in seconds.
    pub min_validity_seconds: Option<i64>,
    /// Whether a token from before this request will not do.
    pub fresh: bool,
}

/// A token and the grant that says who has it.
#[derive(Debug)]
pub struct Granted {
    /// Names the hand-out.
    pub grant: GrantId,
    /// The token.
    pub token: Arc<LiveToken>,
}

/// A token that was handed out for one repository, to hand it out again without asking anybody.
#[derive(Clone)]
pub struct Warm {
    digest: TokenKeyDigest,
    slot: Arc<Slot>,
    token: Arc<LiveToken>,
}

impl fmt::Debug for Warm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Warm").field(&self.token).finish()
    }
}

impl Warm {
    /// The token.
    pub fn token(&self) -> &LiveToken {
        &self.token
    }
}

impl Broker {
    /// Hands out a token, and notes who got it before it leaves.
    ///
    /// # Errors
    /// [`BrokerError`] says whose fault it is and what to do.
    pub async fn issue(&self, asker: &Asker, ask: TokenAsk) -> Result<Granted, BrokerError> {
        match self.issue_once(asker, ask.clone()).await {
            Err(BrokerError::NotInstalled { .. }) if self.apps_have_changed().await => {
                self.issue_once(asker, ask).await
            }
            outcome => outcome,
        }
    }

    async fn issue_once(&self, asker: &Asker, ask: TokenAsk) -> Result<Granted, BrokerError> {
        let inner = &self.0;
        let paths = ask
            .repositories
            .iter()
            .map(|raw| parse_repo(raw))
            .collect::<Result<Vec<_>, _>>()?;
        let repositories = RepoSet::new(&paths).map_err(Refusal::from)?;
        let permissions = match ask.permissions {
            Some(named) => Permissions::new(named).map_err(Refusal::from)?,
            None => inner.settings.default_permissions.clone(),
        };
        let need = need(ask.min_validity_seconds, ask.fresh.then(|| inner.clock.now()))?;
        let app = self
            .choose_app(repositories.owner(), ask.forge.as_deref(), ask.app.as_deref())
            .await?;
        let (digest, slot) = inner.slot(&TokenKey::new(app.id, &repositories, &permissions), &repositories);
        // A token can be revoked by another replica between our look at it and the grant: then one more is fetched.
        for _ in 0..3 {
            let token = inner.obtain(digest, &slot, need).await?;
            match self.note_grant(asker, &app, digest, &token).await {
                Ok(grant) => return Ok(Granted { grant, token }),
                Err(BrokerError::Vault(error)) if matches!(*error, VaultError::Conflict(_)) => {
                    slot.drop_token(token.id);
                }
                Err(error) => return Err(error),
            }
        }
        Err(BrokerError::Busy)
    }

    /// Hands out a token for one repository, as the compatible route does. The callers of one token share one grant.
    ///
    /// # Errors
    /// As [`Broker::issue`].
    pub async fn issue_for_repository(
        &self,
        repository: &RepoPath,
        app: Option<&AppName>,
        permissions: &Permissions,
    ) -> Result<Warm, BrokerError> {
        match self.issue_for_repository_once(repository, app, permissions).await {
            Err(BrokerError::NotInstalled { .. }) if self.apps_have_changed().await => {
                self.issue_for_repository_once(repository, app, permissions).await
            }
            outcome => outcome,
        }
    }

    async fn issue_for_repository_once(
        &self,
        repository: &RepoPath,
        app: Option<&AppName>,
        permissions: &Permissions,
    ) -> Result<Warm, BrokerError> {
        let inner = &self.0;
        let repositories = RepoSet::from(repository);
        let app = self
            .choose_app(repository.owner(), None, app.map(AppName::as_str))
            .await?;
        let (digest, slot) = inner.slot(&TokenKey::new(app.id, &repositories, permissions), &repositories);
        for _ in 0..3 {
            let token = inner.obtain(digest, &slot, Need::ANY).await?;
            match self.note_compat_grant(&app, digest, &token).await {
                Ok(()) => return Ok(Warm { digest, slot, token }),
                Err(BrokerError::Vault(error)) if matches!(*error, VaultError::Conflict(_)) => {
                    slot.drop_token(token.id);
                }
                Err(error) => return Err(error),
            }
        }
        Err(BrokerError::Busy)
    }

    /// Whether a token that was handed out before may be handed out again: it is still the one in use and good. Begins
    /// its renewal when that is due. Touches no database and waits for nothing.
    pub fn is_still_good(&self, warm: &Warm) -> bool {
        let inner = &self.0;
        if !warm.slot.holds(&warm.token) {
            return false;
        }
        let now = inner.clock.now();
        match warm.token.freshness(now, inner.settings.renew_margin) {
            Freshness::Fresh => {
                warm.slot.mark_used();
                true
            }
            Freshness::RenewSoon => {
                warm.slot.mark_used();
                inner.renew_if_due(warm.digest, &warm.slot, &warm.token, now);
                warm.token.good_until.left(now) > BrokerSettings::GUARD
            }
            Freshness::Expired => false,
        }
    }

    /// The App for an owner: the only one that fits, or the first by name that is installed there.
    async fn choose_app(
        &self,
        owner: &str,
        forge: Option<&str>,
        app: Option<&str>,
    ) -> Result<Arc<AppEntry>, BrokerError> {
        let mut candidates = self.candidates(forge, app).await?;
        let first_host = Arc::clone(&candidates[0].host);
        if forge.is_none() && candidates.iter().any(|app| app.host != first_host) {
            // github.com is meant when nothing is said, as in git and gh.
            candidates.retain(|app| &*app.host == "github.com");
            if candidates.is_empty() {
                let mut hosts: Vec<String> = self.0.apps.all().values().map(|app| app.host.to_string()).collect();
                hosts.sort();
                hosts.dedup();
                return Err(Refusal::Forge(hosts.join(", ")).into());
            }
        }
        if candidates.len() > 1 {
            let owner = owner.to_ascii_lowercase();
            // What is known costs nothing, and no forge that is down can stand in its way.
            let is_known = |app: &&Arc<AppEntry>| self.0.installations.contains_key(&(app.id, owner.clone()));
            if let Some(app) = candidates.iter().find(is_known) {
                return Ok(Arc::clone(app));
            }
            let mut failure = None;
            for app in &candidates {
                match self.0.find_installation(app, &owner).await {
                    Ok(Some(_)) => return Ok(Arc::clone(app)),
                    Ok(None) => {}
                    Err(error) => failure = Some(error),
                }
            }
            // "Not installed" must not be said while one of the Apps could not be asked.
            if let Some(failure) = failure {
                return Err(failure);
            }
        }
        Ok(candidates.swap_remove(0))
    }

    /// Writes down, once for each token, that the callers of the compatible route have it.
    async fn note_compat_grant(
        &self,
        app: &Arc<AppEntry>,
        digest: TokenKeyDigest,
        token: &Arc<LiveToken>,
    ) -> Result<(), BrokerError> {
        if token.compat_grant.load(Ordering::Acquire) {
            return Ok(());
        }
        let (broker, app, token) = (self.clone(), Arc::clone(app), Arc::clone(token));
        let flight = self.0.compat_grants.join(token.id, || async move {
            broker.note_grant(&compat_callers(), &app, digest, &token).await?;
            token.compat_grant.store(true, Ordering::Release);
            Ok(())
        });
        flight.await.unwrap_or(Err(BrokerError::Internal("a grant was lost")))
    }

    /// Writes down who got a token; with the token's row, if the vault has not taken it yet.
    async fn note_grant(
        &self,
        asker: &Asker,
        app: &AppEntry,
        digest: TokenKeyDigest,
        token: &LiveToken,
    ) -> Result<GrantId, BrokerError> {
        let inner = &self.0;
        let grant = inner.grant_record(asker, token);
        let stored = token.stored.load(Ordering::Acquire);
        let mut tx = inner.vault.begin().await?;
        if !stored && tx.tokens().find(token.id).await?.is_none() {
            tx.tokens().add(&inner.token_record(digest, app, token)).await?;
        }
        tx.grants().add(&grant).await?;
        tx.commit().await?;
        token.stored.store(true, Ordering::Release);
        Ok(grant.id)
    }
}

/// Who stands for all callers of the compatible route, who have no way to give anything back.
pub(crate) fn compat_callers() -> Asker {
    Asker {
        name: "callers of GET /api".to_owned(),
        request_id: None,
    }
}

impl Inner {
    /// The vault's row of a grant.
    pub(crate) fn grant_record(&self, asker: &Asker, token: &LiveToken) -> GrantRecord {
        let now = self.clock.now();
        GrantRecord {
            id: GrantId::generate(now, &*self.entropy),
            token: token.id,
            forge: token.forge_host.to_string(),
            app: token.app_name.to_string(),
            repositories: token.full_names(),
            permissions: token.permissions.clone(),
            fingerprint: token.fingerprint.clone(),
            holder: asker.name.clone(),
            request_id: asker.request_id.clone(),
            issued_at: now,
            expires_at: token.expires_at.timestamp(),
            released_at: None,
        }
    }
}

fn parse_repo(raw: &str) -> Result<RepoPath, Refusal> {
    RepoPath::parse(ForgeKind::GitHub, raw).map_err(|reason| {
        let shown = raw.chars().filter(|c| !c.is_control()).take(80).collect();
        Refusal::Repository { shown, reason }
    })
}

fn need(min_validity_seconds: Option<i64>, minted_since: Option<jiff::Timestamp>) -> Result<Need, Refusal> {
    let most = BrokerSettings::MAX_MIN_VALIDITY.as_secs();
    let asked = min_validity_seconds.unwrap_or(0);
    if !(0..=most).contains(&asked) {
        return Err(Refusal::MinValidity { asked, most });
    }
    Ok(Need {
        min_left: SignedDuration::from_secs(asked).max(BrokerSettings::GUARD),
        minted_since,
    })
}
