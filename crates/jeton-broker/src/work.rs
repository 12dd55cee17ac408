//! Apps that work for callers on this server itself: that read repositories, register runners, push secrets. Their tokens do not leave
//! it: nobody holds them, so that there is no grant, and who had what done is on record elsewhere.

use std::{
    fmt,
    sync::{Arc, atomic::Ordering},
};

use jeton_domain::{AppId, Credential, CredentialKind, Fingerprint, ForgeEndpoint, Permissions, RepoSet, TokenKey};
use jeton_forge::{ForgeError, Probe, Said};
use jeton_ledger::{Event, events};

use crate::{
    Asker, Broker, BrokerError, LiveToken,
    app_entry::AppEntry,
    slot::{Need, Slot},
};

/// An App that could do something for a caller.
#[derive(Clone)]
pub struct WorkApp(Arc<AppEntry>);

impl WorkApp {
    /// Names it as long as it is there.
    pub fn id(&self) -> AppId {
        self.0.id
    }

    /// As policies name it: `app:NAME`.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// Where it works.
    pub fn forge(&self) -> &ForgeEndpoint {
        &self.0.forge
    }
}

impl fmt::Debug for WorkApp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorkApp").field(&self.0.source).finish()
    }
}

/// A token that can do one thing, and nothing else.
#[derive(Debug, Clone)]
pub struct WorkToken {
    app: WorkApp,
    slot: Arc<Slot>,
    token: Arc<LiveToken>,
}

impl WorkToken {
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
    pub async fn work_apps(&self, host: &str) -> Vec<WorkApp> {
        let known = || -> Vec<WorkApp> {
            let apps = self.known_candidates(Some(host), None);
            apps.into_iter().map(WorkApp).collect()
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

    /// A token of an App for these repositories and permissions and nothing else; `None` where the App is not installed. It is the same
    /// one for all who ask, minted once and renewed ahead as those that are handed out are. Policies are asked before, by whoever calls
    /// this. A set without repositories ([`RepoSet::organization`]) is for permissions of the organisation's own.
    ///
    /// # Errors
    /// What the forge or the vault said.
    pub async fn work_token(
        &self,
        app: &WorkApp,
        repositories: &RepoSet,
        permissions: &Permissions,
    ) -> Result<Option<WorkToken>, BrokerError> {
        let inner = &self.0;
        let key = TokenKey::new(app.id(), repositories, permissions);
        let (digest, slot) = inner.slot(&key, repositories);
        let token = match inner.obtain(digest, &slot, Need::ANY).await {
            Ok(token) => token,
            Err(BrokerError::NotInstalled { .. } | BrokerError::NoApp { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        // Nobody gets it: the next one to whom it is handed out did not wait for its mint.
        token.is_new.store(false, Ordering::Relaxed);
        Ok(Some(WorkToken {
            app: app.clone(),
            slot,
            token,
        }))
    }

    /// Whether an App could get such a token, by a look at its installation and without minting anything.
    ///
    /// # Errors
    /// Why it could not: not installed there, suspended, permissions that are not granted; or what the forge said.
    pub async fn look_at_rights(
        &self,
        app: &WorkApp,
        repositories: &RepoSet,
        permissions: &Permissions,
    ) -> Result<(), BrokerError> {
        let (inner, entry, owner) = (&self.0, &app.0, repositories.owner());
        let name = repositories.names().first();
        let found = entry
            .call(inner, |client| async move {
                match name {
                    Some(name) => client.find_installation_by_repository(owner, name).await,
                    None => client.find_installation_by_owner(owner).await,
                }
            })
            .await?;
        let Some(installation) = found else {
            return Err(BrokerError::NotInstalled {
                target: name.map_or_else(|| owner.to_owned(), |name| format!("{owner}/{name}")),
                install_url: entry.install_url(inner).await,
                owner_has_installation: name.is_some()
                    && matches!(
                        inner.find_installation(entry, &owner.to_ascii_lowercase()).await,
                        Ok(Some(_))
                    ),
            });
        };
        if installation.suspended {
            return Err(BrokerError::Forge {
                forge: Arc::clone(&entry.host),
                source: ForgeError::Suspended {
                    said: Said {
                        message: Some("the installation has the mark of a suspended one".to_owned()),
                        request_id: None,
                        status: 200,
                    },
                },
            });
        }
        let missing = permissions.missing_from(&installation.permissions);
        if missing.is_empty() {
            return Ok(());
        }
        Err(BrokerError::PermissionNotGranted {
            owner: owner.to_owned(),
            missing,
            settings_url: installation.html_url,
        })
    }

    /// Another token in the place of one that the forge has just refused, as [`Broker::work_token`] gives it. A second look decides:
    /// a replica that lags refuses once, and then the token stays.
    ///
    /// # Errors
    /// What the forge or the vault said.
    pub async fn replace_work_token(
        &self,
        asker: Option<&Asker>,
        refused: &WorkToken,
    ) -> Result<Option<WorkToken>, BrokerError> {
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
            let event = match asker {
                Some(asker) => Event::new(events::TOKEN_REJECTED, &asker.caller),
                None => Event::by_system(events::TOKEN_REJECTED),
            };
            let event = event
                .with_fingerprint(fingerprint.clone())
                .in_request(asker.and_then(|asker| asker.request_id.as_deref()));
            self.end_token(refused.token.id, &entry.forge, std::slice::from_ref(&event))
                .await?;
        }
        let (repositories, permissions) = (Arc::clone(&refused.slot.asked), refused.slot.permissions.clone());
        self.work_token(&refused.app, &repositories, &permissions).await
    }
}
