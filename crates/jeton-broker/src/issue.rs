use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, atomic::Ordering},
};

use jeton_accounts::HandOut;
use jeton_domain::{
    Action, AppName, Caller, Code, Coded as _, ForgeKind, Freshness, GrantId, Permissions, RepoPath, RepoSet,
    TokenKeyDigest,
};
use jeton_ledger::{Event, Write, events};
use jeton_vault::{GrantOf, GrantRecord};
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    Broker, BrokerError, BrokerSettings, LiveToken, Refusal,
    app_entry::AppEntry,
    broker::Inner,
    holders::{Hold, Holder, Holders},
    permit::{Permit, Wanted},
    slot::{Need, Slot},
    traffic::Outcome,
};

/// Who asks, and in which request.
#[derive(Debug, Clone)]
pub struct Asker {
    /// Who it is, after they have shown it.
    pub caller: Caller,
    /// The request's id.
    pub request_id: Option<String>,
}

/// What is asked for; not yet looked at.
#[derive(Debug, Clone, Default)]
pub struct TokenAsk {
    /// The forge's host.
    pub forge: Option<String>,
    /// The operator's name for the App.
    pub app: Option<String>,
    /// The label or the id of an account, where its token is wanted.
    pub account: Option<String>,
    /// Each `owner/name`.
    pub repositories: Vec<String>,
    /// By name; the default when absent.
    pub permissions: Option<BTreeMap<String, String>>,
    /// How long the token must live, in seconds.
    pub min_validity_seconds: Option<i64>,
    /// Whether a token from before this request will not do.
    pub fresh: bool,
}

/// A token and the grant that says who has it.
#[derive(Debug)]
pub struct Granted {
    /// Names the hand-out.
    pub grant: GrantId,
    /// The token.
    pub handed: Handed,
}

/// A token, and where it came from.
#[derive(Debug)]
pub enum Handed {
    /// An App's, minted for this and shared by all who ask for the same.
    Minted(Arc<LiveToken>),
    /// A stored account's, or one from the environment.
    Account(Box<HandOut>),
}

/// A token that was handed out for one repository, to hand it out again without asking anybody.
#[derive(Clone)]
pub struct Warm {
    digest: TokenKeyDigest,
    slot: Arc<Slot>,
    token: Arc<LiveToken>,
    /// Whose it is.
    held: Arc<Hold>,
    /// The policies that allowed it.
    generation: u64,
    /// Whether they would say the same again.
    stable: bool,
}

impl fmt::Debug for Warm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Warm").field(&self.token).finish()
    }
}

impl Warm {
    /// The token.
    pub fn token(&self) -> &LiveToken {
        &self.token
    }
}

impl Broker {
    /// Hands out a token, and notes who got it before it leaves.
    ///
    /// # Errors
    /// [`BrokerError`] says whose fault it is and what to do.
    pub async fn issue(&self, asker: &Asker, ask: TokenAsk) -> Result<Granted, BrokerError> {
        let outcome = self.issue_from_any(asker, ask).await;
        match &outcome {
            Ok(Granted {
                handed: Handed::Account(_),
                ..
            }) => self.0.traffic.count(Outcome::Account, self.0.clock.now()),
            Ok(Granted {
                handed: Handed::Minted(token),
                ..
            }) => self.0.count_token(token),
            Err(error) => self.0.count_failure(error),
        }
        outcome
    }

    async fn issue_from_any(&self, asker: &Asker, ask: TokenAsk) -> Result<Granted, BrokerError> {
        if self.is_for_account(asker, &ask)? {
            let outcome = self.issue_from_account(asker, &ask).await;
            let is_none = |error: &BrokerError| error.code() == Code::AccountNone;
            // Another replica may have an App by now; and where there is neither, it is Apps that are missing first.
            let may_mint = || self.may_mint(asker) && ask.account.is_none();
            return match outcome {
                Err(error) if is_none(&error) && may_mint() => self.issue_once(asker, ask).await,
                outcome => outcome,
            };
        }
        let outcome = match self.issue_once(asker, ask.clone()).await {
            Err(BrokerError::NotInstalled { .. }) if self.apps_have_changed().await => {
                self.issue_once(asker, ask.clone()).await
            }
            outcome => outcome,
        };
        match outcome {
            Err(error @ (BrokerError::NotInstalled { .. } | BrokerError::NoApp { .. }))
                if self.may_fall_back(asker, &ask) =>
            {
                // Where no App is installed a person's token may serve. That there is none for the caller is of less use than the App's
                // reason; what is wrong with one that there is, of more.
                self.issue_from_account(asker, &ask)
                    .await
                    .map_err(|other| match other.code() {
                        Code::AccountNone | Code::PolicyDenied | Code::PolicyCeiling => error,
                        _ => other,
                    })
            }
            outcome => outcome,
        }
    }

    async fn issue_once(&self, asker: &Asker, ask: TokenAsk) -> Result<Granted, BrokerError> {
        let inner = &self.0;
        let paths = ask
            .repositories
            .iter()
            .map(|raw| parse_repo(raw))
            .collect::<Result<Vec<_>, _>>()?;
        let repositories = RepoSet::new(&paths).map_err(Refusal::from)?;
        let permissions = match ask.permissions {
            Some(named) => Some(Permissions::new(named).map_err(Refusal::from)?),
            None => None,
        };
        let need = need(ask.min_validity_seconds, ask.fresh.then(|| inner.clock.now()))?;
        let wanted = Wanted {
            repositories: &repositories,
            permissions: permissions.as_ref(),
            default_permissions: &inner.settings.default_permissions,
            forge: ask.forge.as_deref(),
            app: ask.app.as_deref(),
            need,
        };
        let permit = self.permit(asker, &wanted).await?;
        permit.check_need(need)?;
        let (digest, slot) = inner.slot(&permit.key(&repositories), &repositories);
        // A token can be revoked by another replica between our look at it and the grant: then one more is fetched.
        for _ in 0..3 {
            let token = inner.obtain(digest, &slot, need).await?;
            let grant = inner.grant_record(asker, &permit.rule, &token);
            match self.note_grant(asker, grant, digest, &permit.app, &token).await {
                Ok(grant) => {
                    return Ok(Granted {
                        grant,
                        handed: Handed::Minted(token),
                    });
                }
                Err(error) if error.is_conflict() => {
                    slot.drop_token(token.id);
                }
                Err(error) => return Err(error),
            }
        }
        Err(BrokerError::Busy)
    }

    /// Hands out a token for one repository, as the compatible route does. The same caller who asks again from the same
    /// address holds the same grant as before.
    ///
    /// # Errors
    /// As [`Broker::issue`].
    pub async fn issue_for_repository(
        &self,
        asker: &Asker,
        repository: &RepoPath,
        app: Option<&AppName>,
        default_permissions: &Permissions,
    ) -> Result<Warm, BrokerError> {
        let outcome = self
            .issue_for_repository_once(asker, repository, app, default_permissions)
            .await;
        let outcome = match outcome {
            Err(BrokerError::NotInstalled { .. }) if self.apps_have_changed().await => {
                self.issue_for_repository_once(asker, repository, app, default_permissions)
                    .await
            }
            outcome => outcome,
        };
        match &outcome {
            Ok(warm) => self.0.count_token(&warm.token),
            Err(error) => self.0.count_failure(error),
        }
        outcome
    }

    async fn issue_for_repository_once(
        &self,
        asker: &Asker,
        repository: &RepoPath,
        app: Option<&AppName>,
        default_permissions: &Permissions,
    ) -> Result<Warm, BrokerError> {
        let inner = &self.0;
        let repositories = RepoSet::from(repository);
        let wanted = Wanted {
            repositories: &repositories,
            permissions: None,
            default_permissions,
            forge: None,
            app: app.map(AppName::as_str),
            need: Need::ANY,
        };
        let permit = self.permit(asker, &wanted).await?;
        let (digest, slot) = inner.slot(&permit.key(&repositories), &repositories);
        for _ in 0..3 {
            let token = inner.obtain(digest, &slot, Need::ANY).await?;
            match self.note_shared_grant(asker, &permit, digest, &token).await {
                Ok(held) => {
                    return Ok(Warm {
                        digest,
                        slot,
                        token,
                        held,
                        generation: permit.generation,
                        stable: permit.stable,
                    });
                }
                Err(error) if error.is_conflict() => {
                    slot.drop_token(token.id);
                }
                Err(error) => return Err(error),
            }
        }
        Err(BrokerError::Busy)
    }

    /// Whether a token that was handed out before may be handed out again to the same caller from the same address: it
    /// is still the one in use and good, it was not given back, and the policies are those that allowed it. Begins its renewal when that is due.
    /// Touches no database and waits for nothing.
    pub fn is_still_good(&self, warm: &Warm) -> bool {
        let inner = &self.0;
        if !warm.stable || warm.generation != inner.access.policy_generation() || !warm.slot.holds(&warm.token) {
            return false;
        }
        if !warm.held.ask_again() {
            return false;
        }
        let now = inner.clock.now();
        match warm.token.freshness(now, inner.settings.renew_margin) {
            Freshness::Fresh => {
                warm.slot.mark_used();
                true
            }
            Freshness::RenewSoon => {
                warm.slot.mark_used();
                inner.renew_if_due(warm.digest, &warm.slot, &warm.token, now);
                warm.token.good_until.left(now) > BrokerSettings::GUARD
            }
            Freshness::Expired => false,
        }
    }

    /// Writes down, once for each token and holder, that they have it.
    async fn note_shared_grant(
        &self,
        asker: &Asker,
        permit: &Permit,
        digest: TokenKeyDigest,
        token: &Arc<LiveToken>,
    ) -> Result<Arc<Hold>, BrokerError> {
        let holder = Holder::new(&asker.caller, &permit.rule);
        if let Some(held) = token.holders.hold(&holder, permit.generation) {
            return Ok(held);
        }
        let (broker, app, token) = (self.clone(), Arc::clone(&permit.app), Arc::clone(token));
        let (asker, rule, generation) = (asker.clone(), Arc::clone(&permit.rule), permit.generation);
        let flight = self.0.shared_grants.join((token.id, holder.clone()), || async move {
            let grant = broker.0.grant_record(&asker, &rule, &token);
            let id = grant.id;
            let caller = Arc::new(asker.caller.clone());
            let held = token.holders.begin(holder, id, caller, generation);
            if let Err(error) = broker.note_grant(&asker, grant, digest, &app, &token).await {
                token.holders.remove(|one| one == id);
                return Err(error);
            }
            Holders::confirm(&held);
            Ok(held)
        });
        flight.await.unwrap_or(Err(BrokerError::Internal("a grant was lost")))
    }

    /// Writes down who got a token: the grant and its entry in the record, in one transaction. What cannot be written
    /// down is not handed out.
    async fn note_grant(
        &self,
        asker: &Asker,
        grant: GrantRecord,
        digest: TokenKeyDigest,
        app: &AppEntry,
        token: &LiveToken,
    ) -> Result<GrantId, BrokerError> {
        let inner = &self.0;
        if !token.stored.load(Ordering::Acquire) {
            // The vault did not take it when it was minted.
            inner.store(digest, app, token).await?;
        }
        let id = grant.id;
        let event = Inner::grant_event(&asker.caller, &grant);
        let write = Write {
            events: vec![event],
            grant: Some((None, grant)),
        };
        inner.access.ledger().record(write).await?;
        Ok(id)
    }
}

impl Inner {
    /// The vault's row of a grant.
    pub(crate) fn grant_record(&self, asker: &Asker, rule: &str, token: &LiveToken) -> GrantRecord {
        let now = self.clock.now();
        let caller = &asker.caller;
        GrantRecord {
            id: GrantId::generate(now, &*self.entropy),
            of: GrantOf::Token(token.id),
            forge: token.forge_host.to_string(),
            source: format!("app:{}", token.app_name),
            repositories: token.full_names(),
            permissions: Some(token.permissions.clone()),
            fingerprint: token.fingerprint.clone(),
            holder: caller.identity.to_string(),
            holder_key: caller.identity.key().to_string(),
            rule: rule.to_owned(),
            address: caller.address.map(|address| address.to_string()),
            request_id: asker.request_id.clone(),
            issued_at: now,
            expires_at: token.expires_at.timestamp(),
            released_at: None,
        }
    }

    /// The record's entry of a grant.
    pub(crate) fn grant_event(caller: &Caller, grant: &GrantRecord) -> Event {
        Event::new(events::TOKEN_GRANTED, caller)
            .with("action", Action::TokenMint.as_str())
            .with("grant", grant.id.to_string())
            .with("forge", grant.forge.as_str())
            .with("source", grant.source.as_str())
            .with("repositories", json!(grant.repositories))
            .with("permissions", json!(grant.permissions))
            .with("rule", grant.rule.as_str())
            .with("expires_at", grant.expires_at.to_string())
            .with_fingerprint(grant.fingerprint.clone())
            .in_request(grant.request_id.as_deref())
    }
}

fn parse_repo(raw: &str) -> Result<RepoPath, Refusal> {
    RepoPath::parse(ForgeKind::GitHub, raw).map_err(|reason| {
        let shown = raw.chars().filter(|c| !c.is_control()).take(80).collect();
        Refusal::Repository { shown, reason }
    })
}

fn need(min_validity_seconds: Option<i64>, minted_since: Option<jiff::Timestamp>) -> Result<Need, Refusal> {
    let most = BrokerSettings::MAX_MIN_VALIDITY.as_secs();
    let asked = min_validity_seconds.unwrap_or(0);
    if !(0..=most).contains(&asked) {
        return Err(Refusal::MinValidity { asked, most });
    }
    Ok(Need {
        min_left: SignedDuration::from_secs(asked).max(BrokerSettings::GUARD),
        minted_since,
    })
}
