//! Apps that read repositories for callers on this server itself. Their tokens do not leave it: nobody holds them, so that there is no
//! grant, and who read what is on record elsewhere.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use jeton_domain::{
    AppId, Credential, CredentialKind, Fingerprint, ForgeEndpoint, Permissions, RepoPath, RepoSet, TokenKey,
};
use jeton_forge::{ForgeError, Probe};
use jeton_ledger::{Event, events};

use crate::{
    Asker, Broker, BrokerError, LiveToken, Refusal,
    app_entry::AppEntry,
    slot::{Need, Slot},
};

/// An App that could read repositories.
#[derive(Clone)]
pub struct ContentApp(Arc<AppEntry>);

impl ContentApp {
    /// Names it as long as it is there.
    pub fn id(&self) -> AppId {
        self.0.id
    }

    /// As policies name it: `app:NAME`.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Where it reads.
    pub fn forge(&self) -> &ForgeEndpoint {
        &self.0.forge
    }
}

impl fmt::Debug for ContentApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ContentApp").field(&self.0.source).finish()
    }
}

/// A token that reads one repository, and can do nothing else.
#[derive(Debug, Clone)]
pub struct ContentToken {
    app: ContentApp,
    slot: Arc<Slot>,
    token: Arc<LiveToken>,
}

impl ContentToken {
    /// What may be shown of it.
    pub fn fingerprint(&self) -> &Fingerprint {
        self.token.fingerprint()
    }

    /// The token with all that belongs to it.
    pub fn credential(&self) -> Credential {
        Credential {
            kind: CredentialKind::GitHubInstallation,
            forge: self.app.forge().clone(),
            token: self.token.secret().clone(),
            username: None,
            email: None,
        }
    }
}

impl Broker {
    /// The Apps on a host, by name. Looks in memory, and for Apps that another replica has added only when there are none.
    pub async fn content_apps(&self, host: &str) -> Vec<ContentApp> {
        let known = || -> Vec<ContentApp> {
            let apps = self.known_candidates(Some(host), None);
            apps.into_iter().map(ContentApp).collect()
        };
        let apps = known();
        if apps.is_empty() && self.apps_have_changed().await {
            return known();
        }
        apps
    }

    /// The forges for which there are Apps.
    pub fn app_forges(&self) -> Vec<ForgeEndpoint> {
        let mut forges: Vec<ForgeEndpoint> = Vec::new();
        for app in self.0.apps.all().values() {
            if !forges.contains(&app.forge) {
                forges.push(app.forge.clone());
            }
        }
        forges
    }

    /// A token of an App for one repository, to read and nothing else; `None` where the App is not installed. It is the same one for
    /// all who ask, minted once and renewed ahead as those that are handed out are. Policies are asked before, by whoever calls this.
    ///
    /// # Errors
    /// What the forge or the vault said.
    pub async fn content_token(
        &self,
        app: &ContentApp,
        repository: &RepoPath,
    ) -> Result<Option<ContentToken>, BrokerError> {
        let inner = &self.0;
        let permissions = Permissions::new([("contents", "read")]).map_err(Refusal::from)?;
        let repositories = RepoSet::from(repository);
        let key = TokenKey::new(app.id(), &repositories, &permissions);
        let (digest, slot) = inner.slot(&key, &repositories);
        let token = match inner.obtain(digest, &slot, Need::ANY).await {
            Ok(token) => token,
            Err(BrokerError::NotInstalled { .. } | BrokerError::NoApp { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        // Nobody gets it: the next one to whom it is handed out did not wait for its mint.
        token.is_new.store(false, Ordering::Relaxed);
        Ok(Some(ContentToken {
            app: app.clone(),
            slot,
            token,
        }))
    }

    /// Another token in the place of one that the forge has just refused, as [`Broker::content_token`] gives it. A second look decides:
    /// a replica that lags refuses once, and then the token stays.
    ///
    /// # Errors
    /// What the forge or the vault said.
    pub async fn replace_content_token(
        &self,
        asker: &Asker,
        refused: &ContentToken,
        repository: &RepoPath,
    ) -> Result<Option<ContentToken>, BrokerError> {
        let entry = &refused.app.0;
        // Another caller may have had it replaced already.
        if refused.slot.holds(&refused.token) {
            let probe = entry.client()?.probe(refused.token.secret()).await;
            let Probe::Refused(error @ (ForgeError::BadCredentials { .. } | ForgeError::Suspended { .. })) = probe
            else {
                return Ok(Some(refused.clone()));
            };
            let fingerprint = refused.fingerprint();
            tracing::warn!(token.fingerprint = %fingerprint, %error, "a token died before its time; it is dropped");
            refused.slot.drop_token(refused.token.id);
            let event = Event::new(events::TOKEN_REJECTED, &asker.caller)
                .with_fingerprint(fingerprint.clone())
                .in_request(asker.request_id.as_deref());
            self.end_token(refused.token.id, &entry.forge, std::slice::from_ref(&event))
                .await?;
        }
        self.content_token(&refused.app, repository).await
    }
}
