use std::sync::Arc;

use jeton_access::AccessError;
use jeton_domain::{Action, Coded as _, Identity, Permissions, RepoSet, TokenKey};
use jeton_ledger::{Event, events};
use jeton_policy::{Allowed, Ask, Decision, Denied};
use jiff::SignedDuration;
use serde_json::json;

use crate::{Asker, Broker, BrokerError, Refusal, app_entry::AppEntry, slot::Need};

/// What is asked for, looked at and well-formed.
pub(crate) struct Wanted<'a> {
    pub(crate) repositories: &'a RepoSet,
    /// `None`: what the policy gives.
    pub(crate) permissions: Option<&'a Permissions>,
    /// What they get whom no policy gives any by name: the operator.
    pub(crate) default_permissions: &'a Permissions,
    pub(crate) forge: Option<&'a str>,
    pub(crate) app: Option<&'a str>,
    pub(crate) need: Need,
}

impl Wanted<'_> {
    /// For how long it must live at least, when that was asked for.
    fn lifetime_seconds(&self) -> Option<u64> {
        let asked = Some(self.need.min_left).filter(|left| *left > Need::ANY.min_left);
        asked.and_then(|left| u64::try_from(left.as_secs()).ok())
    }
}

/// A request that a policy allows, and the App that serves it.
pub(crate) struct Permit {
    pub(crate) app: Arc<AppEntry>,
    pub(crate) permissions: Permissions,
    pub(crate) rule: Arc<str>,
    pub(crate) longest_life: Option<SignedDuration>,
    /// Whether the same request gets the same answer as long as the policies stay as they are.
    pub(crate) stable: bool,
    /// The number of the policies that decided.
    pub(crate) generation: u64,
}

impl Permit {
    pub(crate) fn key(&self, repositories: &RepoSet) -> TokenKey {
        TokenKey::new(self.app.id, repositories, &self.permissions).with_longest_life(self.longest_life)
    }

    /// Refuses what no token of such a life can meet, before one is minted.
    pub(crate) fn check_need(&self, need: Need) -> Result<(), Refusal> {
        match self.longest_life {
            Some(life) if need.min_left > Need::ANY.min_left && need.min_left + way(life) > life => {
                Err(too_short(need.min_left, life))
            }
            _ => Ok(()),
        }
    }
}

/// What goes of a token's life before it is in the caller's hands: the mint, the look whether it is live, the way.
fn way(life: SignedDuration) -> SignedDuration {
    SignedDuration::from_secs(15).min(life / 4)
}

/// The words for somebody who needs a token for longer than a policy lets it live.
pub(crate) fn too_short(asked: SignedDuration, life: SignedDuration) -> Refusal {
    Refusal::LifeTooShort {
        asked: asked.as_secs(),
        life: life.as_secs(),
        most: (life - way(life)).as_secs(),
    }
}

impl Broker {
    /// Asks the policies about every App that could serve, and chooses among those that may. Nothing is asked of a
    /// forge before: a stranger learns from neither words nor time what is there.
    pub(crate) async fn permit(&self, asker: &Asker, wanted: &Wanted<'_>) -> Result<Permit, BrokerError> {
        let generation = self.0.access.policy_generation();
        let names = full_names(wanted.repositories);
        let permissions = wanted.permissions.map(|asked| asked.clone().without_implied_metadata());
        let wanted = &Wanted {
            permissions: permissions.as_ref(),
            ..*wanted
        };
        let mut candidates = self.known_candidates(wanted.forge, wanted.app);
        if candidates.is_empty() {
            // Whether another replica has added such an App is looked up for those only who could use it: a stranger would
            // learn of it by the time that it takes, and could make the database work.
            let source = wanted.app.map(|app| format!("app:{app}"));
            self.decide(asker, wanted, &names, wanted.forge, source.as_deref())
                .map_err(|denied| self.refuse(asker, wanted, &names, &denied))?;
            candidates = self.find_candidates(wanted.forge, wanted.app).await?;
        }
        let mut permits = Vec::with_capacity(candidates.len());
        let mut denial: Option<Denied> = None;
        for app in candidates {
            match self.decide(asker, wanted, &names, Some(&*app.host), Some(&*app.source)) {
                Ok(allowed) => permits.push((app, allowed)),
                // "But for the ceiling" says more than "no policy".
                Err(denied) if denial.as_ref().is_none_or(|before| !before.by_ceiling) => denial = Some(denied),
                Err(_) => {}
            }
        }
        if permits.is_empty() {
            let denied = denial.ok_or(BrokerError::Internal("a request was neither allowed nor refused"))?;
            return Err(self.refuse(asker, wanted, &names, &denied));
        }
        let apps: Vec<_> = permits.iter().map(|(app, _)| Arc::clone(app)).collect();
        let app = self.choose_app(apps, wanted.repositories.owner(), wanted.forge).await?;
        let chosen = permits.into_iter().find(|(one, _)| one.id == app.id);
        let (app, allowed) = chosen.ok_or(BrokerError::Internal("an App was chosen that was not asked about"))?;
        let permissions = match allowed.permissions {
            Some(permissions) => permissions,
            None => self
                .0
                .access
                .within_ceiling(wanted.default_permissions)
                .ok_or_else(|| {
                    BrokerError::Access(AccessError::Denied {
                        words: "the ceiling leaves nothing of the default permissions".to_owned(),
                        by_ceiling: true,
                    })
                })?,
        };
        Ok(Permit {
            app,
            permissions,
            rule: allowed.rule,
            longest_life: allowed
                .longest_lifetime
                .filter(|life| *life < SignedDuration::from_hours(1)),
            stable: allowed.stable,
            generation,
        })
    }

    fn decide(
        &self,
        asker: &Asker,
        wanted: &Wanted<'_>,
        names: &[String],
        forge: Option<&str>,
        source: Option<&str>,
    ) -> Result<Allowed, Denied> {
        let ask = Ask {
            action: Action::TokenMint,
            forge,
            repositories: names,
            permissions: wanted.permissions,
            source,
            lifetime_seconds: wanted.lifetime_seconds(),
            now: self.0.clock.now(),
        };
        match self.0.access.decide(&asker.caller, &ask) {
            Decision::Allowed(allowed) => Ok(allowed),
            Decision::Denied(denied) => Err(denied),
        }
    }

    /// Puts a refusal on record, and words it for the caller: nothing that they did not say themselves.
    fn refuse(&self, asker: &Asker, wanted: &Wanted<'_>, names: &[String], denied: &Denied) -> BrokerError {
        let shown: Vec<&str> = names.iter().take(3).map(String::as_str).collect();
        let more = names.len().saturating_sub(shown.len());
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let with = wanted
            .permissions
            .map(|permissions| format!(" with {permissions}"))
            .unwrap_or_default();
        let what = denied
            .what_exceeds
            .as_deref()
            .map(|what| format!(": {what} is above the ceiling"))
            .unwrap_or_default();
        let error = AccessError::Denied {
            words: format!(
                "{} may not have a token for {}{more}{with}{what}",
                asker.caller.identity,
                shown.join(", ")
            ),
            by_ceiling: denied.by_ceiling,
        };
        // Nobody waits for this and everybody can cause it: it stays small, whatever was asked for.
        let listed = &names[..names.len().min(10)];
        let mut event = Event::new(events::TOKEN_REFUSED, &asker.caller)
            .with("action", Action::TokenMint.as_str())
            .with("code", error.code().as_str())
            .with("forge", json!(wanted.forge))
            .with("repositories", json!(listed))
            .with("permissions_asked", json!(wanted.permissions))
            .with("source", json!(wanted.app.map(|app| format!("app:{app}"))))
            .with("lifetime_seconds", json!(wanted.lifetime_seconds()))
            .in_request(asker.request_id.as_deref());
        if listed.len() < names.len() {
            event = event.with("repositories_total", names.len());
        }
        self.0.access.ledger().note_repeated(event);
        BrokerError::Access(error)
    }

    /// Whether this is the holder of a grant, by the vault's row.
    pub(crate) fn is_holder(asker: &Asker, holder_key: &str) -> bool {
        own_key(asker).is_some_and(|key| key == holder_key)
    }

    /// The App for an owner: the only one that fits, or the first by name that is installed there.
    async fn choose_app(
        &self,
        mut candidates: Vec<Arc<AppEntry>>,
        owner: &str,
        forge: Option<&str>,
    ) -> Result<Arc<AppEntry>, BrokerError> {
        let first_host = Arc::clone(&candidates[0].host);
        if forge.is_none() && candidates.iter().any(|app| app.host != first_host) {
            // github.com is meant when nothing is said, as in git and gh.
            let mut hosts: Vec<String> = candidates.iter().map(|app| app.host.to_string()).collect();
            candidates.retain(|app| &*app.host == "github.com");
            if candidates.is_empty() {
                hosts.sort();
                hosts.dedup();
                return Err(Refusal::Forge(hosts.join(", ")).into());
            }
        }
        if candidates.len() > 1 {
            let owner = owner.to_ascii_lowercase();
            // What is known costs nothing, and no forge that is down can stand in its way.
            let is_known = |app: &&Arc<AppEntry>| self.0.installations.contains_key(&(app.id, owner.clone()));
            if let Some(app) = candidates.iter().find(is_known) {
                return Ok(Arc::clone(app));
            }
            let mut failure = None;
            for app in &candidates {
                match self.0.find_installation(app, &owner).await {
                    Ok(Some(_)) => return Ok(Arc::clone(app)),
                    Ok(None) => {}
                    Err(error) => failure = Some(error),
                }
            }
            // "Not installed" must not be said while one of the Apps could not be asked.
            if let Some(failure) = failure {
                return Err(failure);
            }
        }
        Ok(candidates.swap_remove(0))
    }
}

/// By what grants are a caller's own. `None` for those who cannot be told apart: nothing is theirs alone.
pub(crate) fn own_key(asker: &Asker) -> Option<String> {
    match &asker.caller.identity {
        Identity::Anonymous => None,
        // Without `sub`, all that an issuer signs for would be one.
        Identity::Jwt(jwt) if jwt.subject.is_empty() => None,
        identity => Some(identity.key().to_string()),
    }
}

fn full_names(repositories: &RepoSet) -> Vec<String> {
    let owner = repositories.owner();
    repositories
        .names()
        .iter()
        .map(|name| format!("{owner}/{name}"))
        .collect()
}
