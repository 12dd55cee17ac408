use std::{collections::BTreeMap, sync::Arc};

use arc_swap::ArcSwap;
use jeton_domain::{AppId, AppName, AppOrigin, Coded, Fingerprint};
use jeton_forge::{AppKey, GitHub, GitHubApp};
use jeton_vault::AppRecord;

use crate::{
    BrokerError, ConfiguredApp,
    app_entry::{AppEntry, AppFacts},
};

pub(crate) type Apps = BTreeMap<AppName, Arc<AppEntry>>;

/// The Apps by name. Configured ones come first and win over stored ones of the same name.
pub(crate) struct AppRegistry {
    configured: Apps,
    all: ArcSwap<Apps>,
    calls_per_app: usize,
    /// Held from reading the rows to putting them in use, so that an older list never replaces a newer one.
    pub(crate) reloading: tokio::sync::Mutex<()>,
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
            let facts = AppFacts {
                id,
                name: app.name.clone(),
                key_fingerprint: client.key_fingerprint().clone(),
                forge: app.forge,
                issuer: app.issuer,
                origin: AppOrigin::Configured,
                created_at: None,
            };
            let entry = AppEntry::new(facts, Ok(client), calls_per_app);
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

    pub(crate) fn reload(&self, records: Vec<AppRecord>, open: impl Fn(&AppRecord) -> Result<GitHubApp, BrokerError>) {
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
                let facts = AppFacts {
                    id: record.id,
                    name: record.name.clone(),
                    forge: record.forge.clone(),
                    issuer: record.issuer.clone(),
                    key_fingerprint: record.key_fingerprint.clone(),
                    origin: AppOrigin::Added,
                    created_at: Some(record.created_at),
                };
                Arc::new(AppEntry::new(facts, client, self.calls_per_app))
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
