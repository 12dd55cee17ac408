use std::sync::Arc;

use jeton_domain::InstallationId;
use jeton_forge::Unprocessable;

use crate::{BrokerError, app_entry::AppEntry, broker::Inner, slot::Slot};

/// How many repositories of a refused request are looked at to name the one that is missing.
const EXPLAINED: usize = 10;

impl Inner {
    /// GitHub's 422 does not name what is missing; a look at the installation does.
    pub(crate) async fn explain(
        &self,
        app: &Arc<AppEntry>,
        slot: &Slot,
        installation: InstallationId,
        about: Unprocessable,
        refused: BrokerError,
    ) -> BrokerError {
        if about != Unprocessable::RepositoriesNotAccessible
            && let Ok(Some(found)) = app
                .call(
                    self,
                    |client| async move { client.get_installation(installation).await },
                )
                .await
        {
            let missing = slot.permissions.missing_from(&found.permissions);
            if !missing.is_empty() {
                let settings_url = found.html_url;
                return BrokerError::PermissionNotGranted {
                    owner: slot.asked.owner().to_owned(),
                    missing,
                    settings_url,
                };
            }
        }
        let names = slot.asked.names();
        let owner = slot.asked.owner();
        if about == Unprocessable::RepositoriesNotAccessible && names.len() == 1 {
            return self.not_installed(app, slot, true).await;
        }
        for name in names.iter().take(EXPLAINED) {
            let found = app
                .call(self, |client| async move {
                    client.find_installation_by_repository(owner, name).await
                })
                .await;
            if let Ok(None) = found {
                let mut error = self.not_installed(app, slot, true).await;
                if let BrokerError::NotInstalled { target, .. } = &mut error {
                    *target = format!("{owner}/{name}");
                }
                return error;
            }
        }
        if about == Unprocessable::RepositoriesNotAccessible {
            self.not_installed(app, slot, true).await
        } else {
            refused
        }
    }

    pub(crate) async fn not_installed(&self, app: &AppEntry, slot: &Slot, owner_has_installation: bool) -> BrokerError {
        let owner = slot.asked.owner();
        let target = match slot.asked.names() {
            [name] => format!("{owner}/{name}"),
            _ => owner.to_owned(),
        };
        let install_url = app.install_url(self).await;
        BrokerError::NotInstalled {
            target,
            install_url,
            owner_has_installation,
        }
    }
}
