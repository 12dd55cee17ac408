//! Tokens with which any number of runners register or remove themselves for about an hour (GitHub).

use std::sync::Arc;

use jeton_broker::Asker;
use jeton_domain::{Action, Clock, Code, Diagnosis};
use jeton_forge::ci::{CiAt, CiOutcome, CiRefusal, RunnerForge, RunnerToken};
use jeton_ledger::events;
use jiff::SignedDuration;

use super::{
    entries::{Given, expiry_word},
    refuse_wish,
    shared::{Obtained, SharedKey},
};
use crate::{
    CiError, RunnerAsk, RunnerGrant, RunnerTokenKind, Tried,
    ci::Inner,
    sources::{Asking, Need, Source, Sources},
    tried,
};

/// A token that ends sooner is of use to nobody.
pub(crate) const SHORTEST: SignedDuration = SignedDuration::from_secs(60);
/// Of GitHub's tokens.
const LIFE: SignedDuration = SignedDuration::from_hours(1);
/// GitHub's live for an hour; five minutes are for the way and for clocks that differ.
const LONGEST_NEED: SignedDuration = SignedDuration::from_secs(3_300);

/// What a short-lived token is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Purpose {
    Registration,
    Removal,
}

impl Purpose {
    pub(crate) fn kind(self) -> RunnerTokenKind {
        match self {
            Self::Registration => RunnerTokenKind::Registration,
            Self::Removal => RunnerTokenKind::Removal,
        }
    }

    fn event(self) -> &'static str {
        match self {
            Self::Registration => events::RUNNER_TOKEN_GIVEN,
            Self::Removal => events::RUNNER_REMOVAL_TOKEN_GIVEN,
        }
    }
}

/// For how long a token of GitHub's has to live.
///
/// # Errors
/// [`Code::RequestInvalid`] for what none of them could promise.
pub(crate) fn need_of_short(seconds: Option<i64>, usual: SignedDuration) -> Result<SignedDuration, CiError> {
    let need = seconds.map_or_else(|| usual.min(LONGEST_NEED), SignedDuration::from_secs);
    if need.is_negative() || need > LONGEST_NEED {
        return Err(CiError::asked(
            Code::RequestInvalid,
            format!(
                "min_validity_seconds is {}, but it can be 0 to {}: GitHub's registration tokens live for an hour",
                need.as_secs(),
                LONGEST_NEED.as_secs()
            ),
            "A machine that boots for longer asks for its token when it has booted, or starts with a JIT configuration \
             (`jeton runner jit-config`).",
        ));
    }
    Ok(need.max(SHORTEST))
}

/// Asks the forge for a token that lives for `need`; once more when the first does not.
pub(crate) async fn mint(
    runners: &dyn RunnerForge,
    at: &CiAt<'_>,
    purpose: Purpose,
    need: SignedDuration,
    clock: &dyn Clock,
) -> CiOutcome<RunnerToken> {
    let mut left = SignedDuration::ZERO;
    for _ in 0..2 {
        let token = match purpose {
            Purpose::Registration => runners.registration_token(at).await?,
            Purpose::Removal => runners.removal_token(at).await?,
        };
        left = token.expires_at.duration_since(clock.now());
        if left >= need {
            return Ok(token);
        }
    }
    Err(CiRefusal {
        diagnosis: Box::new(Diagnosis {
            code: Code::RunnerTokenShort,
            cause: format!(
                "{} gave a runner's token that {}, and {} seconds are needed",
                at.forge.host(),
                expiry_word(left),
                need.as_secs()
            ),
            remedy: "Compare the clock of this server with that of the forge (`jeton doctor` does); GitHub's tokens live for an hour. If \
                     the clocks agree, ask again, or ask for a smaller `min_validity_seconds`."
                .to_owned(),
            url: None,
            retry_at: None,
        }),
        evidence: Vec::new(),
        unclear: false,
    })
}

impl Inner {
    /// A token with which runners register or remove themselves, in the way of the forge.
    pub(crate) async fn runner_token(
        self: &Arc<Self>,
        asker: &Asker,
        ask: RunnerAsk,
        purpose: Purpose,
    ) -> Result<RunnerGrant, CiError> {
        let asking = Asking {
            asker,
            action: Action::RunnerRegister,
            forge: ask.forge.as_deref(),
            scope: &ask.scope,
            source: &ask.source,
            need: Need::Runners,
        };
        let sources = self.sources(&asking).await?;
        let makes = self.forges.runners(sources.forge.kind()).makes_runners();
        if makes && purpose == Purpose::Registration {
            return self.kept_token(asker, ask, sources).await;
        }
        if !makes {
            refuse_wish(&ask.runner)?;
        }
        let need = need_of_short(ask.min_validity_seconds, self.settings.min_validity)?;
        self.short_token(asker, sources, purpose, need, ask.fresh).await
    }

    /// From the first source that does it; on record before it leaves.
    async fn short_token(
        &self,
        asker: &Asker,
        sources: Sources,
        purpose: Purpose,
        need: SignedDuration,
        fresh: bool,
    ) -> Result<RunnerGrant, CiError> {
        let mut tried: Vec<Tried> = Vec::new();
        for source in &sources.usable {
            let found = match self.check_life(asker, source, Some(self.clock.now() + LIFE)) {
                Ok(()) => self.token_of(source, purpose, need, fresh).await,
                Err(error) => Err(error),
            };
            match found {
                Ok(found) => return self.hand_over(asker, source, purpose, &found).await,
                Err(error) => tried.extend(tried::of_one(&source.name, error)?),
            }
            if tried.iter().any(Tried::is_final) {
                break;
            }
        }
        tried.extend(sources.broken);
        Err(tried::refused(tried))
    }

    async fn token_of(
        &self,
        source: &Source,
        purpose: Purpose,
        need: SignedDuration,
        fresh: bool,
    ) -> Result<Obtained, CiError> {
        let key = SharedKey {
            api_url: source.forge.api_url().to_owned(),
            scope_kind: source.scope.kind(),
            path: source.scope.path().to_ascii_lowercase(),
            source: source.key.clone(),
            purpose,
        };
        let mint = || async {
            let credential = self.credential(source, Need::Runners).await?;
            let at = source.at(&credential, self.clock.now());
            let runners = self.forges.runners(source.forge.kind());
            let mut token = mint(runners, &at, purpose, need, &*self.clock).await;
            if let Err(refusal) = &token
                && let Some(other) = self.after_dead(source, Need::Runners, &credential, refusal).await
            {
                let at = source.at(&other, self.clock.now());
                token = mint(runners, &at, purpose, need, &*self.clock).await;
            }
            token.map_err(|refusal| CiError::Refused {
                tried: vec![Tried::by_forge(&source.name, refusal)],
            })
        };
        self.runner_tokens.obtain(key, need, fresh, &*self.clock, mint).await
    }

    async fn hand_over(
        &self,
        asker: &Asker,
        source: &Source,
        purpose: Purpose,
        found: &Obtained,
    ) -> Result<RunnerGrant, CiError> {
        let (token, fingerprint) = (&found.token.token, &found.token.fingerprint);
        let entry = Given {
            forge: &source.forge,
            scope: &source.scope,
            source: &source.name,
            rule: Some(&source.rule),
            expires_at: Some(token.expires_at),
            fingerprint: Some(fingerprint),
        };
        self.record(entry.event(purpose.event(), Some(asker))).await?;
        let runners = self.forges.runners(source.forge.kind());
        Ok(RunnerGrant {
            token: token.token.clone(),
            kind: purpose.kind(),
            expires_at: Some(token.expires_at),
            forge: source.forge.host().to_owned(),
            forge_kind: source.forge.kind(),
            scope: source.scope.clone(),
            url: runners.register_url(&source.forge, &source.scope),
            source: source.name.clone(),
            fingerprint: fingerprint.clone(),
            shared: found.shared,
            runner: None,
        })
    }
}
