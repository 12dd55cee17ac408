use std::sync::Arc;

use jeton_domain::{AppId, AppIssuer, AppName, AppOrigin, Fingerprint, ForgeEndpoint, RowRef, Secret};
use jeton_forge::{AppKey, ForgeError};
use jeton_ledger::{Event, events};
use jeton_vault::{AppRecord, SealedPlace, VaultError};
use jiff::Timestamp;

use crate::{Asker, Broker, BrokerError, app_entry::AppEntry, retry::retrying};

/// An App to add over the API or the command line; not yet looked at.
#[derive(Debug)]
pub struct NewApp {
    /// The operator's name for it.
    pub name: String,
    /// App id or client id.
    pub app_id: String,
    /// The private key as PEM.
    pub private_key: Secret,
    /// The API's URL; github.com when absent.
    pub api_url: Option<String>,
    /// Whether to ask the forge if id and key belong together before anything is kept.
    pub check: bool,
}

/// An App that the configuration names. Its key stays in memory.
#[derive(Debug)]
pub struct ConfiguredApp {
    /// The operator's name for it.
    pub name: AppName,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// App id or client id.
    pub issuer: AppIssuer,
    /// The private key as PEM.
    pub private_key: Secret,
}

/// What may be shown of an App.
#[derive(Debug, Clone)]
pub struct AppSummary {
    /// The operator's name for it.
    pub name: AppName,
    /// App id or client id.
    pub issuer: AppIssuer,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// Of the public key.
    pub key_fingerprint: Fingerprint,
    /// Where it came from.
    pub origin: AppOrigin,
    /// When it was added.
    pub created_at: Option<Timestamp>,
    /// What is wrong with its stored key, if anything.
    pub broken: Option<String>,
}

/// The place of an App's key in the vault.
pub(crate) fn key_place(id: &str) -> RowRef<'_> {
    SealedPlace::AppKey.of(id)
}

impl Broker {
    /// The Apps by name.
    pub fn list_apps(&self) -> Vec<AppSummary> {
        self.0.apps.all().values().map(|app| app.summary()).collect()
    }

    /// Reads the Apps from the vault again: another replica may have added or removed some.
    ///
    /// # Errors
    /// When the vault cannot be read; the Apps stay as they were.
    pub async fn reload_apps(&self) -> Result<(), BrokerError> {
        let inner = &self.0;
        let _reloading = inner.apps.reloading.lock().await;
        let records = inner.vault.read().await?.apps().list().await?;
        inner
            .know_keys_of(records.iter().map(|record| &record.private_key))
            .await?;
        inner.apps.reload(records, |record| {
            let pem = inner
                .ring
                .open(&record.private_key, key_place(&record.id.to_string()))?;
            // It was looked at before it was kept, so it is the row that is wrong, not whoever asks for a token.
            let key = AppKey::parse(&pem)
                .map_err(|error| VaultError::Corrupt(format!("the private key of the App {}: {error}", record.name)))?;
            Ok(inner.github.app(record.forge.clone(), record.issuer.clone(), key))
        });
        // Also what a warm answer still points at must not go out again.
        let apps = inner.apps.all();
        inner.slots.retain(|_, slot| {
            let known = apps.values().any(|app| app.id == slot.app);
            if !known {
                slot.clear();
            }
            known
        });
        Ok(())
    }

    /// Looks at an App, asks the forge about it when wanted, seals its key and keeps it.
    ///
    /// # Errors
    /// [`BrokerError::AppInvalid`], [`BrokerError::AppKey`], [`BrokerError::AppNameTaken`], or what the forge or the
    /// vault said. Nothing is kept then.
    pub async fn add_app(&self, asker: &Asker, new: NewApp) -> Result<AppSummary, BrokerError> {
        let inner = &self.0;
        let invalid = |error: &dyn std::fmt::Display| BrokerError::AppInvalid(error.to_string());
        let name = AppName::parse(&new.name).map_err(|error| invalid(&error))?;
        let issuer = AppIssuer::parse(&new.app_id).map_err(|error| invalid(&error))?;
        let forge = match new.api_url.as_deref() {
            Some(url) => ForgeEndpoint::github(url).map_err(|error| invalid(&error))?,
            None => ForgeEndpoint::github_com(),
        };
        if inner.apps.all().contains_key(&name) {
            return Err(BrokerError::AppNameTaken(name.to_string()));
        }
        let key = AppKey::parse(&new.private_key).map_err(BrokerError::AppKey)?;
        let client = inner.github.app(forge.clone(), issuer.clone(), key);
        if new.check {
            let host: Arc<str> = Arc::from(forge.host());
            let again = |error: &ForgeError, _| error.is_transient();
            retrying(
                &*inner.clock,
                &*inner.entropy,
                inner.settings.forge_deadline,
                again,
                || client.get_app(),
            )
            .await
            .map_err(|source| BrokerError::Forge { forge: host, source })?;
        }
        let id = AppId::generate(inner.clock.now(), &*inner.entropy);
        let record = AppRecord {
            id,
            name: name.clone(),
            forge,
            issuer,
            private_key: inner
                .ring
                .seal(&new.private_key, key_place(&id.to_string()), &*inner.entropy),
            key_fingerprint: client.key_fingerprint().clone(),
            created_at: inner.clock.now(),
        };
        let mut tx = inner.vault.begin().await?;
        let added = tx.apps().add(&record).await;
        match added {
            Ok(()) => {}
            Err(VaultError::Conflict(_)) => return Err(BrokerError::AppNameTaken(name.to_string())),
            Err(error @ VaultError::DataKeyGone) => {
                // This process slept through a rotation; the next try finds it awake.
                drop(tx);
                inner.reload_keys().await?;
                return Err(error.into());
            }
            Err(error) => return Err(error.into()),
        }
        let event = Event::new(events::APP_ADDED, &asker.caller)
            .with("app", name.as_str())
            .with("app_id", record.issuer.as_str())
            .with("forge", record.forge.host())
            .with_fingerprint(record.key_fingerprint.clone())
            .in_request(asker.request_id.as_deref());
        inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        tx.commit().await?;
        tracing::info!(app.name = %name, app.key = %record.key_fingerprint, "an App was added");
        self.reload_apps().await?;
        let added = inner.apps.all().get(&name).map(|app| app.summary());
        added.ok_or(BrokerError::Internal("an App that was just added is gone"))
    }

    /// Forgets an App. Tokens that it minted are handed out no more; they end by themselves within the hour.
    ///
    /// # Errors
    /// [`BrokerError::AppNotFound`], [`BrokerError::AppConfigured`], or what the vault said.
    pub async fn remove_app(&self, asker: &Asker, name: &str) -> Result<AppName, BrokerError> {
        let inner = &self.0;
        let entry = self.find_app(name).await?;
        if entry.origin == AppOrigin::Configured {
            return Err(BrokerError::AppConfigured(name.to_owned()));
        }
        let mut tx = inner.vault.begin().await?;
        let removed = tx.apps().remove(entry.id).await?;
        if removed {
            let event = Event::new(events::APP_REMOVED, &asker.caller)
                .with("app", name)
                .with("forge", &*entry.host)
                .in_request(asker.request_id.as_deref());
            inner.access.ledger().append_in(&mut *tx, &[event]).await?;
        }
        tx.commit().await?;
        self.reload_apps().await?;
        inner.installations.retain(|(app, _), _| *app != entry.id);
        if !removed {
            return Err(BrokerError::AppNotFound(name.to_owned()));
        }
        tracing::info!(app.name = name, "an App was removed");
        Ok(entry.name.clone())
    }

    /// One App by name; when it is not known here, another replica may have added it.
    pub(crate) async fn find_app(&self, name: &str) -> Result<Arc<AppEntry>, BrokerError> {
        let not_found = || BrokerError::AppNotFound(name.chars().filter(|c| !c.is_control()).take(64).collect());
        let name = AppName::parse(name).map_err(|_| not_found())?;
        if let Some(app) = self.0.apps.all().get(&name) {
            return Ok(Arc::clone(app));
        }
        self.reload_apps().await?;
        self.0.apps.all().get(&name).cloned().ok_or_else(not_found)
    }

    /// Whether another replica has added or removed Apps since this one looked.
    pub(crate) async fn apps_have_changed(&self) -> bool {
        let ids = || self.0.apps.all().values().map(|app| app.id).collect::<Vec<_>>();
        let before = ids();
        self.0.vault.shared() && self.reload_apps().await.is_ok() && ids() != before
    }

    /// The Apps that could serve a request: all, or those of one forge, or the one that was named. Looks in memory only.
    pub(crate) fn known_candidates(&self, forge: Option<&str>, app: Option<&str>) -> Vec<Arc<AppEntry>> {
        let apps = self.0.apps.all();
        let fits = |entry: &&Arc<AppEntry>| forge.is_none_or(|forge| forge.eq_ignore_ascii_case(&entry.host));
        match app {
            Some(name) => {
                let name = AppName::parse(name).ok();
                let named = name.and_then(|name| apps.get(&name));
                named.filter(fits).cloned().into_iter().collect()
            }
            None => apps.values().filter(fits).cloned().collect(),
        }
    }

    /// The same after a look into the vault, where another replica may have added one.
    ///
    /// # Errors
    /// [`BrokerError::AppNotFound`], [`BrokerError::NoApp`], or what the vault said.
    pub(crate) async fn find_candidates(
        &self,
        forge: Option<&str>,
        app: Option<&str>,
    ) -> Result<Vec<Arc<AppEntry>>, BrokerError> {
        match app {
            Some(name) => drop(self.find_app(name).await?),
            None => self.reload_apps().await?,
        }
        let found = self.known_candidates(forge, app);
        if found.is_empty() {
            return Err(BrokerError::NoApp {
                forge: forge.map(str::to_owned),
            });
        }
        Ok(found)
    }
}
