use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use jeton_domain::{AppId, AppIssuer, AppName, AppOrigin, Clock, Coded, Fingerprint, ForgeEndpoint, RowRef, Secret};
use jeton_forge::{AppKey, ForgeError, GitHub, GitHubApp};
use jeton_vault::{AppRecord, VaultError};
use jiff::Timestamp;
use tokio::sync::{OnceCell, Semaphore};

use crate::{Broker, BrokerError, broker::Inner, retry::retrying};

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

/// An App in use: its client, and what holds back calls to it.
pub(crate) struct AppEntry {
    pub(crate) id: AppId,
    pub(crate) name: AppName,
    pub(crate) shared_name: Arc<str>,
    pub(crate) forge: ForgeEndpoint,
    pub(crate) host: Arc<str>,
    pub(crate) issuer: AppIssuer,
    pub(crate) key_fingerprint: Fingerprint,
    pub(crate) origin: AppOrigin,
    pub(crate) created_at: Option<Timestamp>,
    client: Result<GitHubApp, BrokerError>,
    /// The App's public page, once it is known.
    page: OnceCell<Option<String>>,
    calls: Semaphore,
    /// Mints that run side by side, each with a few calls; taken before anything else is, so that thousands of cold keys
    /// wait here and hold nothing.
    pub(crate) mints: Semaphore,
    /// Background renewals that run side by side: per App, so that one slow forge does not hold up another.
    pub(crate) renewals: Semaphore,
    gate: Gate,
}

/// How many background renewals of an App run side by side: enough for 10,000 keys in a margin of five minutes at 300 ms
/// each, few enough to leave the forge's limit of 100 to callers who wait.
const RENEWALS_AT_ONCE: usize = 16;

/// Closed while the forge limits an App: nobody calls until it opens, so that a limit is not made worse.
#[derive(Default)]
struct Gate {
    opens_at_ms: AtomicI64,
    error: Mutex<Option<ForgeError>>,
}

impl Gate {
    fn closed(&self, now: Timestamp) -> Option<ForgeError> {
        let left = self.opens_at_ms.load(Ordering::Relaxed) - now.as_millisecond();
        let left = u64::try_from(left).ok().filter(|left| *left > 0)?;
        let error = self.error.lock().unwrap_or_else(PoisonError::into_inner).clone()?;
        Some(match error {
            ForgeError::RateLimited { primary, said, .. } => ForgeError::RateLimited {
                primary,
                retry_after: Duration::from_millis(left),
                said,
            },
            other => other,
        })
    }

    fn note(&self, error: &ForgeError, now: Timestamp) {
        if let (ForgeError::RateLimited { .. }, Some(pause)) = (error, error.retry_after()) {
            *self.error.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.clone());
            let pause = i64::try_from(pause.as_millis()).unwrap_or(i64::MAX);
            // An answer that was on its way must not shorten what another has said.
            self.opens_at_ms
                .fetch_max(now.as_millisecond().saturating_add(pause), Ordering::Relaxed);
        }
    }
}

impl AppEntry {
    /// The client, or why the App's key cannot be used.
    pub(crate) fn client(&self) -> Result<&GitHubApp, BrokerError> {
        self.client.as_ref().map_err(Clone::clone)
    }

    /// Reads from the forge: bounded in number, held back while the forge limits the App, tried again while it makes
    /// sense.
    pub(crate) async fn call<T, F>(&self, inner: &Inner, call: impl Fn(GitHubApp) -> F) -> Result<T, BrokerError>
    where
        F: Future<Output = Result<T, ForgeError>>,
    {
        self.call_while(inner, |error, _| error.is_transient(), call).await
    }

    /// As [`AppEntry::call`], for a mint: a try that may have minted is repeated once at most, and not at all when the forge's
    /// answer came and was nonsense. Each such try leaves a token that nobody knows.
    pub(crate) async fn call_mint<T, F>(&self, inner: &Inner, call: impl Fn(GitHubApp) -> F) -> Result<T, BrokerError>
    where
        F: Future<Output = Result<T, ForgeError>>,
    {
        let again = |error: &ForgeError, attempt: u32| match error {
            ForgeError::Cut { .. } | ForgeError::Timeout => attempt == 0,
            ForgeError::Garbled { status, .. } => !(200..300).contains(status),
            other => other.is_transient(),
        };
        self.call_while(inner, again, call).await
    }

    async fn call_while<T, F>(
        &self,
        inner: &Inner,
        again: impl Fn(&ForgeError, u32) -> bool,
        call: impl Fn(GitHubApp) -> F,
    ) -> Result<T, BrokerError>
    where
        F: Future<Output = Result<T, ForgeError>>,
    {
        let client = self.client()?;
        let clock: &dyn Clock = &*inner.clock;
        let outcome = retrying(clock, &*inner.entropy, inner.settings.forge_deadline, again, || async {
            let _permit = self.calls.acquire().await;
            if let Some(error) = self.gate.closed(clock.now()) {
                return Err(error);
            }
            let outcome = call(client.clone()).await;
            if let Err(error) = &outcome {
                self.gate.note(error, clock.now());
            }
            outcome
        });
        outcome.await.map_err(|source| BrokerError::Forge {
            forge: Arc::clone(&self.host),
            source,
        })
    }

    /// The page where an owner can install the App, asked of the forge once. For a message: when the forge does not
    /// say, the message goes without.
    pub(crate) async fn install_url(&self, inner: &Inner) -> Option<String> {
        let page = self.page.get_or_try_init(|| async {
            self.call(inner, |client| async move { client.get_app().await })
                .await
                .map(|app| app.html_url)
        });
        page.await
            .ok()?
            .as_ref()
            .map(|page| format!("{page}/installations/new"))
    }

    /// The same key for the same App, whatever came since.
    fn is_same(&self, record: &AppRecord) -> bool {
        self.id == record.id && self.key_fingerprint == record.key_fingerprint && self.client.is_ok()
    }

    pub(crate) fn summary(&self) -> AppSummary {
        AppSummary {
            name: self.name.clone(),
            issuer: self.issuer.clone(),
            forge: self.forge.clone(),
            key_fingerprint: self.key_fingerprint.clone(),
            origin: self.origin,
            created_at: self.created_at,
            broken: self.client.as_ref().err().map(ToString::to_string),
        }
    }
}

type Apps = BTreeMap<AppName, Arc<AppEntry>>;

/// The Apps by name. Configured ones come first and win over stored ones of the same name.
pub(crate) struct AppRegistry {
    configured: Apps,
    all: ArcSwap<Apps>,
    calls_per_app: usize,
    /// Held from reading the rows to putting them in use, so that an older list never replaces a newer one.
    reloading: tokio::sync::Mutex<()>,
}

impl AppRegistry {
    pub(crate) fn new(
        github: &GitHub,
        configured: Vec<ConfiguredApp>,
        calls_per_app: usize,
    ) -> Result<Self, BrokerError> {
        let mut apps = Apps::new();
        for app in configured {
            let key = AppKey::parse(&app.private_key).map_err(BrokerError::AppKey)?;
            let id = AppId::from_uuid(configured_id(&app));
            let client = github.app(app.forge.clone(), app.issuer.clone(), key);
            let entry = AppEntry {
                id,
                shared_name: Arc::from(app.name.as_str()),
                host: Arc::from(app.forge.host()),
                key_fingerprint: client.key_fingerprint().clone(),
                forge: app.forge,
                issuer: app.issuer,
                origin: AppOrigin::Configured,
                created_at: None,
                client: Ok(client),
                page: OnceCell::new(),
                calls: Semaphore::new(calls_per_app),
                mints: Semaphore::new(calls_per_app),
                renewals: Semaphore::new(RENEWALS_AT_ONCE),
                gate: Gate::default(),
                name: app.name.clone(),
            };
            apps.insert(app.name, Arc::new(entry));
        }
        Ok(Self {
            all: ArcSwap::from_pointee(apps.clone()),
            configured: apps,
            calls_per_app,
            reloading: tokio::sync::Mutex::new(()),
        })
    }

    pub(crate) fn all(&self) -> Arc<Apps> {
        self.all.load_full()
    }

    pub(crate) fn by_id(&self, id: AppId) -> Option<Arc<AppEntry>> {
        self.all.load().values().find(|app| app.id == id).cloned()
    }

    fn reload(&self, records: Vec<AppRecord>, open: impl Fn(&AppRecord) -> Result<GitHubApp, BrokerError>) {
        let before = self.all.load();
        let mut apps = self.configured.clone();
        for record in records {
            if apps.contains_key(&record.name) {
                continue;
            }
            let kept = before.get(&record.name).filter(|entry| entry.is_same(&record)).cloned();
            let entry = kept.unwrap_or_else(|| {
                let client = open(&record);
                if let Err(error) = &client {
                    tracing::error!(app.name = %record.name, code = %error.code(), %error, "the App's key cannot be used");
                }
                Arc::new(AppEntry {
                    id: record.id,
                    shared_name: Arc::from(record.name.as_str()),
                    host: Arc::from(record.forge.host()),
                    name: record.name.clone(),
                    forge: record.forge.clone(),
                    issuer: record.issuer.clone(),
                    key_fingerprint: record.key_fingerprint.clone(),
                    origin: AppOrigin::Added,
                    created_at: Some(record.created_at),
                    client,
                    page: OnceCell::new(),
                    calls: Semaphore::new(self.calls_per_app),
                    mints: Semaphore::new(self.calls_per_app),
                    renewals: Semaphore::new(RENEWALS_AT_ONCE),
                    gate: Gate::default(),
                })
            });
            apps.insert(record.name, entry);
        }
        self.all.store(Arc::new(apps));
    }
}

/// A configured App has no row, yet its tokens are kept under an id: the same one as long as name, id and forge stay.
fn configured_id(app: &ConfiguredApp) -> uuid::Uuid {
    let text = format!("configured\0{}\0{}\0{}", app.name, app.issuer, app.forge.api_url());
    let (head, tail) = (
        Fingerprint::of_bytes(text.as_bytes()),
        Fingerprint::of_bytes(format!("{text}\0").as_bytes()),
    );
    let hex = format!("{}{}00000000", head.as_str(), tail.as_str());
    u128::from_str_radix(&hex, 16).map_or_else(|_| uuid::Uuid::nil(), uuid::Uuid::from_u128)
}

/// The place of an App's key in the vault.
pub(crate) fn key_place(id: &str) -> RowRef<'_> {
    RowRef {
        table: "apps",
        column: "private_key",
        row: id,
    }
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
            let known = apps.values().any(|app| app.id == slot.key.app());
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
    pub async fn add_app(&self, new: NewApp) -> Result<AppSummary, BrokerError> {
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
        match tx.apps().add(&record).await {
            Ok(()) => {}
            Err(VaultError::Conflict(_)) => return Err(BrokerError::AppNameTaken(name.to_string())),
            Err(error) => return Err(error.into()),
        }
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
    pub async fn remove_app(&self, name: &str) -> Result<AppName, BrokerError> {
        let inner = &self.0;
        let entry = self.find_app(name).await?;
        if entry.origin == AppOrigin::Configured {
            return Err(BrokerError::AppConfigured(name.to_owned()));
        }
        let mut tx = inner.vault.begin().await?;
        let removed = tx.apps().remove(entry.id).await?;
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

    /// The Apps that could serve a request: all, or those of one forge, or the one that was named.
    pub(crate) async fn candidates(
        &self,
        forge: Option<&str>,
        app: Option<&str>,
    ) -> Result<Vec<Arc<AppEntry>>, BrokerError> {
        if let Some(name) = app {
            let entry = self.find_app(name).await?;
            let fits = forge.is_none_or(|forge| forge.eq_ignore_ascii_case(&entry.host));
            return if fits {
                Ok(vec![entry])
            } else {
                Err(BrokerError::NoApp {
                    forge: forge.map(str::to_owned),
                })
            };
        }
        let fitting = |apps: &Apps| -> Vec<Arc<AppEntry>> {
            let fits = |app: &&Arc<AppEntry>| forge.is_none_or(|forge| forge.eq_ignore_ascii_case(&app.host));
            apps.values().filter(fits).cloned().collect()
        };
        let mut found = fitting(&self.0.apps.all());
        if found.is_empty() {
            self.reload_apps().await?;
            found = fitting(&self.0.apps.all());
        }
        if found.is_empty() {
            return Err(BrokerError::NoApp {
                forge: forge.map(str::to_owned),
            });
        }
        Ok(found)
    }
}
