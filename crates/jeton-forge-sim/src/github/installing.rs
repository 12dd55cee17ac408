//! Installing apps, as an owner of an account does behind the API.

use super::GitHubSim;
use super::ci::ACTIONS_APP;
use super::model::{Installation, is_name};
use super::spec::{InstallSpec, InstallationInfo, OwnerKind, SimError};

impl GitHubSim {
    /// Installs an app on an owner (made when new) and answers the installation's id.
    ///
    /// # Panics
    /// When there is no such app, or no owner can have this name.
    pub fn install(&self, app_id: u64, owner: &str, spec: InstallSpec) -> u64 {
        match self.try_install(app_id, owner, spec) {
            Ok(id) => id,
            Err(error) => panic!("{error}"),
        }
    }

    /// Installs like [`install`](Self::install), but gives an error for an unknown app or an
    /// impossible name.
    pub fn try_install(&self, app_id: u64, owner: &str, spec: InstallSpec) -> Result<u64, SimError> {
        if !is_name(owner) {
            return Err(SimError::BadName(owner.to_owned()));
        }
        let now = self.now();
        let mut state = self.state();
        let app = state.apps.get(&app_id).ok_or(SimError::NoApp(app_id))?;
        let permissions = spec.permissions.unwrap_or_else(|| app.permissions.clone());
        let login = state.add_owner(owner, OwnerKind::Organization).login;
        let id = state.next_id();
        let installation = Installation {
            id,
            app: app_id,
            owner: login,
            selected: spec.selected,
            permissions,
            created_at: now,
            suspended_at: None,
            removed: false,
        };
        state.installations.insert(id, installation);
        Ok(id)
    }

    /// Removes an installation; its tokens die. `false`: there was none.
    pub fn uninstall(&self, id: u64) -> bool {
        self.state().uninstall(id)
    }

    /// Removes an installation, if that was not done yet, and installs the app again in the same
    /// way. Answers the new id; the old one is 404 from then on.
    ///
    /// # Panics
    /// When there never was such an installation.
    pub fn reinstall(&self, id: u64) -> u64 {
        match self.try_reinstall(id) {
            Ok(id) => id,
            Err(error) => panic!("{error}"),
        }
    }

    pub(crate) fn try_reinstall(&self, id: u64) -> Result<u64, SimError> {
        let now = self.now();
        let mut state = self.state();
        let old = state.installations.get(&id);
        let old = old.ok_or(SimError::NoInstallation(id))?.clone();
        state.uninstall(id);
        let new_id = state.next_id();
        let installation = Installation {
            id: new_id,
            created_at: now,
            suspended_at: None,
            removed: false,
            ..old
        };
        state.installations.insert(new_id, installation);
        Ok(new_id)
    }

    /// Suspends an installation: no new tokens, and the old ones open nothing. `false`: there is none.
    pub fn suspend(&self, id: u64) -> bool {
        let now = self.now();
        let mut state = self.state();
        let found = state.installation_mut(id);
        found.map(|i| i.suspended_at = Some(now)).is_some()
    }

    /// Ends a suspension; tokens that did not expire meanwhile work again. `false`: there is none.
    pub fn unsuspend(&self, id: u64) -> bool {
        let mut state = self.state();
        let found = state.installation_mut(id);
        found.map(|i| i.suspended_at = None).is_some()
    }

    /// Every installation that was not removed, by id; without that of workflows.
    pub fn installations(&self) -> Vec<InstallationInfo> {
        let state = self.state();
        let present = state
            .installations
            .values()
            .filter(|i| !i.removed && i.app != ACTIONS_APP);
        present
            .map(|i| InstallationInfo {
                id: i.id,
                app_id: i.app,
                owner: i.owner.clone(),
                repositories: i.selected.clone(),
                permissions: i.permissions.to_map(),
                suspended: i.suspended_at.is_some(),
            })
            .collect()
    }
}
