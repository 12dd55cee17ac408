//! The doctor of a server that runs, for its page: the same checks in the same words as on the command line, but for what a server
//! would only find itself in the way of. It opens no database a second time, and takes nobody for a stranger on its own port.

use std::{fmt, sync::Arc, time::Duration};

use async_trait::async_trait;
use futures_util::{
    FutureExt as _, StreamExt as _,
    future::{BoxFuture, join},
    stream,
};
use jeton_api::{Readiness, ReadinessCheck};
use jeton_broker::Broker;
use jeton_domain::{AppOrigin, Clock, Coded};
use jeton_vault::Vault;
use jeton_web::{DoctorFinding, DoctorLevel, Examiner};

use super::{Finding, Level, accounts, apps, files, forges, port, setup, vault};
use crate::config::{Config, ConfigSources, DatabasePlace};

/// How long one App may take; several are looked at side by side. Less than a whole check may take, so that a forge that does not answer
/// is a finding and not the end of the check.
const APP: Duration = Duration::from_secs(15);
/// So many Apps are looked at side by side.
const APPS_AT_ONCE: usize = 8;

/// Looks at the server that it is a part of.
pub(crate) struct ServerExaminer {
    pub(crate) config: Arc<Config>,
    /// Where the configuration was read from, to tell what another start would make of it now. `None`: from nowhere that is still there.
    pub(crate) sources: Option<ConfigSources>,
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) broker: Broker,
    pub(crate) clock: Arc<dyn Clock>,
}

/// The environment, which is among the sources, holds secrets.
impl fmt::Debug for ServerExaminer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerExaminer").finish_non_exhaustive()
    }
}

#[async_trait]
impl Examiner for ServerExaminer {
    fn database(&self) -> String {
        let kind = match self.config.database.place {
            DatabasePlace::Sqlite(_) => "SQLite",
            DatabasePlace::Postgres(_) => "PostgreSQL",
        };
        format!("{kind}, {}", self.vault.place())
    }

    async fn examine(&self, addresses: &[String]) -> Vec<DoctorFinding> {
        let here = async {
            let mut findings = self.on_disk().await;
            findings.extend(vault::look(&*self.vault, &self.config).await);
            let version = Some(env!("CARGO_PKG_VERSION"));
            // A Unix socket is no address.
            let listens = addresses.iter().filter_map(|address| address.parse().ok());
            findings.extend(listens.map(|address| port::judge(address, &port::Tried::InUse, version, None)));
            findings
        };
        let (mut findings, outside) = join(here, self.outside()).await;
        findings.extend(outside);
        findings.extend(apps::judge_readiness(self.readiness().await));
        findings.extend(accounts::kept(&self.broker, self.clock.now()).await);
        findings.into_iter().map(DoctorFinding::from).collect()
    }
}

impl ServerExaminer {
    /// The configuration as it is now, and what lies on the disk for the one in use.
    async fn on_disk(&self) -> Vec<Finding> {
        let (config, sources) = (Arc::clone(&self.config), self.sources.clone());
        let looked = tokio::task::spawn_blocking(move || {
            let mut findings = match &sources {
                Some(sources) => setup::configuration(&Config::load(sources.clone())),
                None => setup::configuration(&Ok((*config).clone())),
            };
            findings.extend(sources.as_ref().and_then(setup::env_file));
            findings.extend(files(&config));
            findings
        });
        looked.await.unwrap_or_default()
    }

    /// What the forges say: of the time, and of each App.
    async fn outside(&self) -> Vec<Finding> {
        let known = self.broker.list_apps();
        let added: Vec<_> = known.iter().filter(|app| app.origin == AppOrigin::Added).collect();
        let endpoints = added.iter().map(|app| app.forge.clone()).collect();
        let configured = self.config.apps.iter().map(|app| {
            let looked = apps::configured(app, Arc::clone(&self.clock));
            in_time(app.name.as_str(), looked).boxed()
        });
        let added = added.iter().map(|app| {
            let name = app.name.as_str();
            in_time(name, apps::added(&self.broker, name)).boxed()
        });
        let looks: Vec<BoxFuture<'_, Vec<Finding>>> = configured.chain(added).collect();
        let of_apps = stream::iter(looks).buffered(APPS_AT_ONCE).concat();
        let (mut findings, of_apps) = join(forges(&self.config, endpoints, &*self.clock), of_apps).await;
        findings.extend(of_apps);
        if known.is_empty() {
            findings.push(apps::no_apps());
        }
        findings
    }

    async fn readiness(&self) -> Readiness {
        let readiness = self.broker.readiness().await;
        Readiness {
            ready: readiness.is_ready(),
            checks: readiness
                .checks
                .into_iter()
                .map(|check| ReadinessCheck {
                    name: check.name.to_owned(),
                    ok: check.failure.is_none(),
                    code: check.failure.as_ref().map(|error| error.code().to_string()),
                    detail: check.failure.as_ref().map(ToString::to_string),
                    remedy: check.failure.as_ref().and_then(Coded::remedy),
                })
                .collect(),
        }
    }
}

/// What is found of an App, or that it took too long.
async fn in_time(name: &str, look: impl Future<Output = Vec<Finding>>) -> Vec<Finding> {
    let looked = tokio::time::timeout(APP, look).await;
    looked.unwrap_or_else(|_| vec![apps::too_slow(name, APP)])
}

impl From<Finding> for DoctorFinding {
    fn from(finding: Finding) -> Self {
        Self {
            check: finding.check,
            level: match finding.level {
                Level::Ok => DoctorLevel::Ok,
                Level::Warn => DoctorLevel::Warn,
                Level::Fail => DoctorLevel::Fail,
            },
            code: finding.code,
            what: finding.what,
            remedy: finding.remedy,
        }
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
