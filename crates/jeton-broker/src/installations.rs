use std::sync::Arc;

use jeton_domain::InstallationId;
use jeton_vault::InstallationRecord;

use crate::{
    Broker, BrokerError,
    app_entry::AppEntry,
    broker::{Inner, LookUpOutcome},
};

/// At most this many pages of 100 installations are read ahead; others are looked up when they are asked for.
const PAGES_AHEAD: u32 = 10;

impl Inner {
    /// The App's installation on an owner (in lower case): from memory, from the vault, or asked of the forge once for
    /// all who want to know.
    pub(crate) async fn find_installation(self: &Arc<Self>, app: &Arc<AppEntry>, owner: &str) -> LookUpOutcome {
        let key = (app.id, owner.to_owned());
        if let Some(id) = self.installations.get(&key) {
            return Ok(Some(*id));
        }
        let (inner, app) = (Arc::clone(self), Arc::clone(app));
        let flight = self.look_ups.join(key, || {
            let owner = owner.to_owned();
            async move { inner.look_up(&app, &owner).await }
        });
        flight
            .await
            .unwrap_or(Err(BrokerError::Internal("an installation look-up was lost")))
    }

    async fn look_up(&self, app: &AppEntry, owner: &str) -> LookUpOutcome {
        let stored = self.vault.read().await?.installations().find(app.id, owner).await?;
        if let Some(record) = stored {
            self.installations
                .insert((app.id, owner.to_owned()), record.installation);
            return Ok(Some(record.installation));
        }
        let found = app
            .call(
                self,
                |client| async move { client.find_installation_by_owner(owner).await },
            )
            .await?;
        let Some(installation) = found else { return Ok(None) };
        self.note_installation(app, owner, installation.id).await;
        Ok(Some(installation.id))
    }

    /// Remembers an installation, also across restarts. That the vault did not take it costs one look-up, no more.
    async fn note_installation(&self, app: &AppEntry, owner: &str, installation: InstallationId) {
        self.installations.insert((app.id, owner.to_owned()), installation);
        let record = InstallationRecord {
            app: app.id,
            owner: owner.to_owned(),
            installation,
            found_at: self.clock.now(),
        };
        let stored = async {
            let mut tx = self.vault.begin().await?;
            tx.installations().put(&record).await?;
            tx.commit().await
        };
        if let Err(error) = stored.await {
            tracing::warn!(%error, owner, "an installation could not be noted");
        }
    }

    /// Forgets an installation that the forge does not know any more: the App was removed, or installed anew.
    pub(crate) async fn forget_installation(&self, app: &AppEntry, owner: &str) {
        self.installations.remove(&(app.id, owner.to_owned()));
        let removed = async {
            let mut tx = self.vault.begin().await?;
            tx.installations().remove(app.id, owner).await?;
            tx.commit().await
        };
        if let Err(error) = removed.await {
            tracing::warn!(%error, owner, "an installation could not be forgotten");
        }
    }
}

impl Broker {
    /// Reads the installations of every App ahead, so that the first request of an owner needs no look-up. What fails
    /// here is looked up later.
    pub async fn warm_up(&self) {
        for app in self.0.apps.all().values() {
            let listed = app
                .call(
                    &self.0,
                    |client| async move { client.list_installations(PAGES_AHEAD).await },
                )
                .await;
            match listed {
                Ok(page) => {
                    for installation in page.installations {
                        let owner = installation.owner.to_ascii_lowercase();
                        self.0.installations.insert((app.id, owner), installation.id);
                    }
                }
                Err(error) => tracing::info!(app.name = %app.name, %error, "installations could not be read ahead"),
            }
        }
    }
}
