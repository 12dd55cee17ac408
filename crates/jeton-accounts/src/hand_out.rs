use std::sync::Arc;

use jeton_access::AccessError;
use jeton_domain::{
    AccountId, Action, Blame, Caller, Code, Coded as _, Credential, Diagnosis, Fingerprint, TokenEnd, Validity,
};
use jeton_ledger::{Event, events};
use jeton_policy::{Allowed, Ask, Decision, Denied};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    AccountError, Accounts,
    accounts::Inner,
    candidates::{Candidate, FEW_CANDIDATES, MOST_CANDIDATES, Wanted},
    find::AccountName,
    lease,
    words::shown,
};

/// What somebody wants an account's token for.
#[derive(Debug, Clone, Copy, Default)]
pub struct UseAsk<'a> {
    /// The forge's host, or a kind of forge; any that serves the repositories when absent.
    pub forge: Option<&'a str>,
    /// The account by label, id or source; chosen by the repositories when absent.
    pub account: Option<&'a str>,
    /// `owner/name` each.
    pub repositories: &'a [String],
    /// For how many seconds the token must live at least.
    pub min_validity_seconds: Option<i64>,
}

/// An account's token on its way to a caller. Nothing of it is on record yet.
#[derive(Debug, Clone)]
pub struct HandOut {
    /// Whose token it is.
    pub account: AccountId,
    /// The account's name in policies and grants.
    pub source: String,
    /// The token with all that belongs to it.
    pub credential: Credential,
    /// What may be shown of it.
    pub fingerprint: Fingerprint,
    /// When the caller should ask again.
    pub expires_at: Timestamp,
    /// When the token itself ends.
    pub token_end: TokenEnd,
    /// The rule that allowed it.
    pub rule: Arc<str>,
    /// The token's scopes by the forge's word.
    pub scopes: Option<Vec<String>>,
    /// The repositories that were asked for; the token may open others too.
    pub repositories: Vec<String>,
}

impl Accounts {
    /// Chooses the account that serves a request, if the policies let the caller use it, and opens its token.
    ///
    /// # Errors
    /// [`AccessError::Denied`] for whom no policy lets, before anything else; then what is wrong with the account.
    pub async fn hand_out(
        &self,
        caller: &Caller,
        request_id: Option<&str>,
        ask: UseAsk<'_>,
    ) -> Result<HandOut, AccountError> {
        let inner = &self.0;
        let now = inner.now();
        let need = lease::need_of(ask.min_validity_seconds)?;
        let wanted = Wanted::of(&ask)?;
        let asking = Asking {
            inner,
            caller,
            request_id,
            wanted: &wanted,
            need,
            now,
        };
        asking.could_be_allowed()?;
        let candidates = asking.candidates().await?;
        let (candidate, allowed) = asking.choose(candidates)?;
        let is_renewing = asking.is_renewing(&candidate).await?;
        let expires_at = lease::of(&inner.settings, &candidate, is_renewing, need, now)?;
        asking.within_life(&allowed, expires_at)?;
        let credential = inner.open_candidate(&candidate)?;
        Ok(HandOut {
            account: candidate.id,
            source: candidate.source,
            fingerprint: candidate.fingerprint,
            expires_at,
            token_end: candidate.end,
            rule: allowed.rule,
            scopes: candidate.scopes,
            repositories: wanted.repositories,
            credential,
        })
    }
}

/// A request on its way through the policies.
pub(crate) struct Asking<'a> {
    pub(crate) inner: &'a Inner,
    pub(crate) caller: &'a Caller,
    pub(crate) request_id: Option<&'a str>,
    pub(crate) wanted: &'a Wanted,
    /// How long it must live, when that was asked for.
    pub(crate) need: Option<SignedDuration>,
    pub(crate) now: Timestamp,
}

impl Asking<'_> {
    fn decide(&self, forge: Option<&str>, source: Option<&str>) -> Result<Allowed, Denied> {
        let ask = Ask {
            action: Action::AccountUse,
            forge,
            repositories: &self.wanted.repositories,
            permissions: None,
            source,
            lifetime_seconds: self.need.and_then(|need| u64::try_from(need.as_secs()).ok()),
            now: self.now,
        };
        match self.inner.access.decide(self.caller, &ask) {
            Decision::Allowed(allowed) => Ok(allowed),
            Decision::Denied(denied) => Err(denied),
        }
    }

    /// Refuses those whom no policy could let use any account, before the database is asked: a stranger learns from neither
    /// words nor time what is there, and makes nobody work.
    pub(crate) fn could_be_allowed(&self) -> Result<(), AccountError> {
        let host = self.wanted.host.as_deref();
        let denied = |source: Option<&str>| self.decide(host, source).err();
        if !self.inner.access.could_allow(self.caller).contains(&Action::AccountUse) {
            let words = denied(None).ok_or(AccountError::Internal("a policy allows what it could not"))?;
            return Err(self.refuse(&words));
        }
        // When forge and account are named, all is known that policies look at.
        let sources = self.wanted.name.as_ref().and_then(AccountName::sources);
        let (Some(sources), Some(_)) = (sources, host) else {
            return Ok(());
        };
        let mut refusals = Vec::with_capacity(sources.len());
        for source in &sources {
            match denied(Some(source)) {
                Some(refusal) => refusals.push(refusal),
                None => return Ok(()),
            }
        }
        Err(self.refuse(&most_telling(refusals)?))
    }

    /// The accounts that could serve: a few, and more of them when the caller may use none of those.
    pub(crate) async fn candidates(&self) -> Result<Vec<Candidate>, AccountError> {
        let look = |most| self.inner.candidates(self.caller, self.wanted, most);
        let (few, more) = look(FEW_CANDIDATES).await?;
        let may = |one: &Candidate| one.is_stored() && self.decide(Some(&one.host), Some(&one.source)).is_ok();
        if !more || few.iter().any(may) {
            return Ok(few);
        }
        Ok(look(MOST_CANDIDATES).await?.0)
    }

    /// Whether a renewal may end the token at any moment.
    pub(crate) async fn is_renewing(&self, candidate: &Candidate) -> Result<bool, AccountError> {
        if !candidate.is_stored() || !candidate.kind.renews_itself() {
            return Ok(false);
        }
        let open = self
            .inner
            .vault
            .read()
            .await?
            .rotations()
            .find_open(candidate.id)
            .await?;
        Ok(open.is_some())
    }

    /// The first of those that may be used, in the order in which they come: the most exact, the caller's own, the default.
    pub(crate) fn choose(&self, candidates: Vec<Candidate>) -> Result<(Candidate, Allowed), AccountError> {
        let mut refusals = Vec::new();
        let mut permitted = Vec::new();
        let any = !candidates.is_empty();
        for candidate in candidates {
            match self.decide(Some(&candidate.host), Some(&candidate.source)) {
                Ok(allowed) => permitted.push((candidate, allowed)),
                Err(refusal) => refusals.push(refusal),
            }
        }
        if permitted.is_empty() {
            if !any {
                // Whoever may not use any account for this hears the same as if there were one.
                let source = self.wanted.name.as_ref().and_then(AccountName::sources);
                let sources = source.unwrap_or_default();
                let host = self.wanted.host.as_deref();
                let mut asked: Vec<_> = sources.iter().map(|source| self.decide(host, Some(source))).collect();
                if asked.is_empty() {
                    asked.push(self.decide(host, None));
                }
                if asked.iter().any(Result::is_ok) {
                    return Err(self.none());
                }
                refusals.extend(asked.into_iter().filter_map(Result::err));
            }
            return Err(self.refuse(&most_telling(refusals)?));
        }
        self.unambiguous(&permitted)?;
        let (candidate, allowed) = permitted.swap_remove(0);
        candidate.check_usable(self.now)?;
        if self.wanted.name.is_some() {
            self.fits(&candidate)?;
        }
        Ok((candidate, allowed))
    }

    /// Nothing tells which of several forges is meant when the best accounts lie on more than one.
    fn unambiguous(&self, permitted: &[(Candidate, Allowed)]) -> Result<(), AccountError> {
        let best = permitted[0].0.exactness;
        let equals = permitted.iter().filter(|(candidate, _)| candidate.exactness == best);
        let mut hosts: Vec<&str> = equals.map(|(candidate, _)| candidate.host.as_str()).collect();
        hosts.sort_unstable();
        hosts.dedup();
        if hosts.len() > 1 {
            return Err(AccountError::Invalid(format!(
                "accounts on several forges serve {}: name one of {} as `forge`",
                self.wanted.shown(),
                hosts.join(", ")
            )));
        }
        Ok(())
    }

    /// Whether a named account lies on the forge that was named.
    fn fits(&self, candidate: &Candidate) -> Result<(), AccountError> {
        if self.wanted.is_on(candidate.kind.forge(), &candidate.host) {
            return Ok(());
        }
        Err(AccountError::Invalid(format!(
            "the account `{}` is one of {}, and the forge is named otherwise",
            candidate.label, candidate.host
        )))
    }

    fn none(&self) -> AccountError {
        match &self.wanted.named {
            Some(text) => AccountError::NotFound(shown(text)),
            None => AccountError::None(self.wanted.shown()),
        }
    }

    /// Refuses what a rule lets live for less than the lease: unlike a minted token, an account's cannot be ended early.
    fn within_life(&self, allowed: &Allowed, expires_at: Timestamp) -> Result<(), AccountError> {
        let lease = expires_at.duration_since(self.now);
        let Some(life) = allowed.longest_lifetime.filter(|life| *life < lease) else {
            return Ok(());
        };
        Err(self.refuse_with(AccessError::Denied {
            words: format!(
                "{} may hold a token for {} seconds at most, and the token of an account cannot be ended so early: \
                     it is held for {} seconds",
                self.caller.identity,
                life.as_secs(),
                lease.as_secs()
            ),
            by_ceiling: false,
        }))
    }

    /// Refuses what a rule lets live for a while only: a copy at a forge lives as long as the token.
    pub(crate) fn may_be_copied(&self, allowed: &Allowed) -> Result<(), AccountError> {
        let Some(life) = allowed.longest_lifetime else {
            return Ok(());
        };
        Err(self.refuse_with(AccessError::Denied {
            words: format!(
                "{} may hold a token for {} seconds at most, and what is pushed to a forge stays there",
                self.caller.identity,
                life.as_secs()
            ),
            by_ceiling: false,
        }))
    }

    /// Puts a refusal on record, and words it for the caller: nothing that they did not say themselves.
    fn refuse(&self, denied: &Denied) -> AccountError {
        let what = denied
            .what_exceeds
            .as_deref()
            .map(|what| format!(": {what} is above the ceiling"))
            .unwrap_or_default();
        self.refuse_with(AccessError::Denied {
            words: format!(
                "{} may not use an account for {}{what}",
                self.caller.identity,
                self.wanted.shown()
            ),
            by_ceiling: denied.by_ceiling,
        })
    }

    fn refuse_with(&self, error: AccessError) -> AccountError {
        let all = &self.wanted.repositories;
        // Nobody waits for this and everybody can cause it: it stays small, whatever was asked for.
        let listed = &all[..all.len().min(10)];
        let mut event = Event::new(events::TOKEN_REFUSED, self.caller)
            .with("action", Action::AccountUse.as_str())
            .with("code", error.code().as_str())
            .with("forge", json!(self.wanted.host))
            .with("repositories", json!(listed))
            .with("account", json!(self.wanted.named.as_deref().map(shown)))
            .with("lifetime_seconds", json!(self.need.map(|need| need.as_secs())))
            .in_request(self.request_id);
        if listed.len() < all.len() {
            event = event.with("repositories_total", all.len());
        }
        self.inner.access.ledger().note_repeated(event);
        error.into()
    }
}

/// "But for the ceiling" says more than "no policy".
fn most_telling(refusals: Vec<Denied>) -> Result<Denied, AccountError> {
    let mut best: Option<Denied> = None;
    for refusal in refusals {
        if best.as_ref().is_none_or(|best| refusal.by_ceiling && !best.by_ceiling) {
            best = Some(refusal);
        }
    }
    best.ok_or(AccountError::Internal("a request was neither allowed nor refused"))
}

impl Candidate {
    /// # Errors
    /// That it is switched off, or that its token is dead.
    pub(crate) fn check_usable(&self, now: Timestamp) -> Result<(), AccountError> {
        if !self.active {
            return Err(AccountError::Inactive(self.label.to_string()));
        }
        match self.broken(now) {
            Some(diagnosis) => Err(AccountError::Broken {
                label: self.label.to_string(),
                diagnosis: Box::new(diagnosis),
            }),
            None => Ok(()),
        }
    }

    /// Why it must not be handed out, if that is so.
    pub(crate) fn broken(&self, now: Timestamp) -> Option<Diagnosis> {
        if let Some(end) = self.end.time().filter(|end| *end <= now)
            && self.validity != Validity::Invalid
        {
            return Some(crate::account::expired(end, self.end_is_known));
        }
        (self.validity == Validity::Invalid).then(|| {
            // The last look may have given no clear word: that is not what is wrong with the token.
            let finding = self
                .finding
                .clone()
                .filter(|finding| finding.code.blame() != Blame::Forge);
            finding.unwrap_or_else(|| Diagnosis {
                code: Code::CredentialInvalid,
                cause: "the forge refused the token when it last gave a clear word".to_owned(),
                remedy: "Test the account to see why: `jeton account test`.".to_owned(),
                url: None,
                retry_at: None,
            })
        })
    }
}
