//! What tests do and see around runners and secrets, behind the API.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::model::{Enterprise, Place, StoredSecret};
use super::put::secret_name;
use super::routes::{RunnerTokenPurpose, SecretFamily};
use super::runners::{is_live, place_path};
use crate::github::GitHubSim;
use crate::github::model::{State, is_name};
use crate::github::spec::SimError;
use crate::github::token::fingerprint;

/// Where secrets are: of a repository, of one of its environments, or of an organization; and whose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretScope {
    holder: Holder,
    family: SecretFamily,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Holder {
    Repository {
        owner: String,
        name: String,
    },
    Environment {
        owner: String,
        name: String,
        environment: String,
    },
    Organization(String),
}

impl SecretScope {
    /// A repository's secrets for workflows.
    pub fn repository(owner: impl Into<String>, name: impl Into<String>) -> Self {
        let (owner, name) = (owner.into(), name.into());
        Self::of(Holder::Repository { owner, name })
    }

    /// An environment's secrets.
    pub fn environment(owner: impl Into<String>, name: impl Into<String>, environment: impl Into<String>) -> Self {
        let (owner, name, environment) = (owner.into(), name.into(), environment.into());
        Self::of(Holder::Environment {
            owner,
            name,
            environment,
        })
    }

    /// An organization's secrets for workflows.
    pub fn organization(login: impl Into<String>) -> Self {
        Self::of(Holder::Organization(login.into()))
    }

    fn of(holder: Holder) -> Self {
        let family = SecretFamily::Actions;
        Self { holder, family }
    }

    /// Those of another family; environments have only the one.
    #[must_use]
    pub fn family(mut self, family: SecretFamily) -> Self {
        self.family = family;
        self
    }

    fn key(&self, state: &State) -> Result<(Place, SecretFamily), SimError> {
        let place = match &self.holder {
            Holder::Repository { owner, name } => Place::Repository(state.get_repository(owner, name)?.id),
            Holder::Environment {
                owner,
                name,
                environment,
            } => {
                let id = state.get_repository(owner, name)?.id;
                let key = (id, environment.to_lowercase());
                if !state.ci.environments.contains_key(&key) {
                    return Err(SimError::NoEnvironment(environment.clone()));
                }
                Place::Environment(key.0, key.1)
            }
            Holder::Organization(login) => {
                let found = state.organization(login).map(|(owner, _)| owner.id);
                Place::Organization(found.ok_or_else(|| SimError::NoOrganization(login.clone()))?)
            }
        };
        Ok((place, self.family))
    }
}

/// A token for runners as the forge's records know it; never the token itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunnerTokenInfo {
    /// The first 12 hex digits of its SHA-256.
    pub fingerprint: String,
    /// What it is good for.
    pub purpose: RunnerTokenPurpose,
    /// Where, as the API's path says it: `repos/acme/tools`, `orgs/acme` or `enterprises/acme-corp`.
    pub scope: String,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Runners that came or went with it.
    pub uses: u32,
    /// Whether it works now.
    pub live: bool,
}

impl GitHubSim {
    /// Makes an enterprise, unless there is one, and adds to its administrators (made when new).
    ///
    /// # Panics
    /// When nothing or nobody can be called so.
    pub fn add_enterprise<S: AsRef<str>>(&self, slug: &str, admins: impl IntoIterator<Item = S>) {
        if let Err(error) = self.try_add_enterprise(slug, admins) {
            panic!("{error}");
        }
    }

    pub(crate) fn try_add_enterprise<S: AsRef<str>>(
        &self,
        slug: &str,
        admins: impl IntoIterator<Item = S>,
    ) -> Result<(), SimError> {
        if !is_name(slug) {
            return Err(SimError::BadName(slug.to_owned()));
        }
        let admins: Result<BTreeSet<u64>, SimError> = admins
            .into_iter()
            .map(|login| self.try_add_user(login.as_ref()))
            .collect();
        let admins = admins?;
        let mut state = self.state();
        let id = state.next_id();
        let made = Enterprise {
            id,
            slug: slug.to_owned(),
            admins: BTreeSet::new(),
        };
        let enterprise = state.ci.enterprises.entry(slug.to_ascii_lowercase()).or_insert(made);
        enterprise.admins.extend(admins);
        Ok(())
    }

    /// Whether one repository may have no runners of its own. For all of an organization's, see
    /// [`OrgPolicy`](crate::OrgPolicy).
    pub fn forbid_repository_runners(&self, owner: &str, name: &str, forbidden: bool) -> Result<(), SimError> {
        let mut state = self.state();
        let id = state.get_repository(owner, name)?.id;
        if forbidden {
            state.ci.without_runners.insert(id);
        } else {
            state.ci.without_runners.remove(&id);
        }
        Ok(())
    }

    /// Every registration and removal token ever given out, in their order; dead ones too.
    pub fn runner_tokens(&self) -> Vec<RunnerTokenInfo> {
        let now = self.now();
        let state = self.state();
        let mut all: Vec<_> = state.ci.tokens.iter().collect();
        all.sort_by_key(|(_, token)| token.number);
        let info = all.into_iter().map(|(digest, token)| RunnerTokenInfo {
            fingerprint: fingerprint(digest),
            purpose: token.purpose,
            scope: place_path(&state, &token.place),
            expires_at: token.expires_at,
            uses: token.uses,
            live: is_live(token, now),
        });
        info.collect()
    }

    /// Names of all runners, as `repos/acme/tools/NAME`, `orgs/acme/NAME` or `enterprises/acme-corp/NAME`.
    pub fn runners(&self) -> Vec<String> {
        let state = self.state();
        let all = state.ci.runners.iter();
        let names = all.flat_map(|(place, runners)| {
            let path = place_path(&state, place);
            runners.iter().map(move |runner| format!("{path}/{}", runner.name))
        });
        names.collect()
    }

    /// Gives secrets a new key; what is sealed for the old one is refused from then on.
    pub fn rotate_secret_key(&self, scope: &SecretScope) -> Result<(), SimError> {
        let mut state = self.state();
        let (place, family) = scope.key(&state)?;
        let key = state.new_secret_key().ok_or(SimError::NoKey)?;
        state.secret_store(place, family).key = Some(key);
        Ok(())
    }

    /// The same, once, just before the next `PUT` of a secret there: between a client's two calls.
    pub fn rotate_secret_key_at_next_put(&self, scope: &SecretScope) -> Result<(), SimError> {
        let mut state = self.state();
        let (place, family) = scope.key(&state)?;
        state.secret_store(place, family).rotate_before_put = true;
        Ok(())
    }

    /// The value of a secret, which no call of the API gives. `None`: there is no such secret, or it has no value.
    pub fn secret_value(&self, scope: &SecretScope, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        let store = state.ci.stores.get(&scope.key(&state).ok()?)?;
        store.secrets.get(&name.to_ascii_uppercase())?.value.clone()
    }

    /// Names of all secrets in one place, sorted.
    pub fn secret_names(&self, scope: &SecretScope) -> Vec<String> {
        let state = self.state();
        let key = scope.key(&state).ok();
        let store = key.and_then(|key| state.ci.stores.get(&key));
        store
            .map(|store| store.secrets.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Makes a secret for the repository's workflows, without a value.
    pub fn add_secret(&self, owner: &str, name: &str, secret: &str) -> std::io::Result<()> {
        let kept = secret_name(secret).map_err(|_| SimError::BadName(secret.to_owned()))?;
        let now = self.now();
        let mut state = self.state();
        let id = state.get_repository(owner, name)?.id;
        let made = StoredSecret {
            value: None,
            visibility: None,
            created_at: now,
            updated_at: now,
        };
        let store = state.secret_store(Place::Repository(id), SecretFamily::Actions);
        store.secrets.insert(kept, made);
        Ok(())
    }
}
