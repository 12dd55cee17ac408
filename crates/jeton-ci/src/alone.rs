//! Runners and secrets with one credential and without a server: nobody is asked for leave, nothing is kept, nothing is on record.

use std::{fmt, sync::Arc};

use jeton_domain::{CiScope, Clock, Code, Credential, Entropy, Fingerprint, ForgeEndpoint, RunnerId};
use jeton_forge::ci::{CiAt, CiForges, CiOutcome, CiRefusal, Holder, RunnerForge, SecretPush};
use jeton_outbound::Outbound;
use jeton_vault::{RunnerRecord, RunnerState};
use jiff::SignedDuration;

use crate::{
    CiError, CiSettings, JitGrant, JitWish, PushedSecret, RunnerAsk, RunnerGrant, RunnerReport, ScopeName, SecretAsk,
    SecretValue, SourceAsk, Tried,
    examine::{of_exam, report},
    runners::{Purpose, Wish, check_jit, grant_of_made, mint, need_of_short, refuse_wish, unclear_jit, unclear_making},
    secrets::{no_token_in_words, push_clearly, secret_name},
    sources::parse_scope,
    tried,
};

/// What job D without a server is made of.
pub struct AloneParts {
    /// The client of the forge.
    pub outbound: Outbound,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// The forge.
    pub forge: ForgeEndpoint,
    /// As whom.
    pub credential: Credential,
    /// The variable that the credential stood in, for words.
    pub variable: String,
    /// Whether it is the token that a CI job gets from its forge.
    pub is_workflow: bool,
}

/// Registers runners and pushes secrets with one credential and without a server, policies or a record: the command line alone.
pub struct AloneCi {
    forges: CiForges,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    forge: ForgeEndpoint,
    credential: Credential,
    variable: String,
    is_workflow: bool,
}

impl AloneCi {
    /// Puts the parts together; asks nobody anything.
    pub fn new(parts: AloneParts) -> Self {
        Self {
            forges: CiForges::new(parts.outbound),
            clock: parts.clock,
            entropy: parts.entropy,
            forge: parts.forge,
            credential: parts.credential,
            variable: parts.variable,
            is_workflow: parts.is_workflow,
        }
    }

    /// As [`crate::Ci::registration_token`]; a runner that is made is kept by nobody.
    ///
    /// # Errors
    /// [`CiError`] says what is wrong and what to do.
    pub async fn registration_token(&self, ask: RunnerAsk) -> Result<RunnerGrant, CiError> {
        let scope = self.scope(ask.forge.as_deref(), &ask.scope, &ask.source)?;
        if self.runners().makes_runners() {
            return self.make_runner(&scope, &ask).await;
        }
        refuse_wish(&ask.runner)?;
        self.short_token(scope, ask.min_validity_seconds, Purpose::Registration)
            .await
    }

    /// As [`crate::Ci::removal_token`].
    ///
    /// # Errors
    /// As [`AloneCi::registration_token`].
    pub async fn removal_token(&self, ask: RunnerAsk) -> Result<RunnerGrant, CiError> {
        let scope = self.scope(ask.forge.as_deref(), &ask.scope, &ask.source)?;
        self.short_token(scope, ask.min_validity_seconds, Purpose::Removal)
            .await
    }

    /// As [`crate::Ci::jit_config`].
    ///
    /// # Errors
    /// As [`AloneCi::registration_token`].
    pub async fn jit_config(&self, wish: JitWish) -> Result<JitGrant, CiError> {
        let ask = check_jit(&wish)?;
        let scope = self.scope(wish.forge.as_deref(), &wish.scope, &wish.source)?;
        let made = self.runners().jit_config(&self.at(&scope), &ask).await;
        let made = self.or_refused(made.map_err(|refusal| {
            if refusal.unclear {
                unclear_jit(refusal, &ask.name)
            } else {
                refusal
            }
        }))?;
        Ok(JitGrant {
            fingerprint: Fingerprint::of(&made.encoded_jit_config),
            encoded_jit_config: made.encoded_jit_config,
            runner_id: made.id,
            name: made.name,
            labels: made.labels,
            forge: self.forge.host().to_owned(),
            url: self.runners().register_url(&self.forge, &scope),
            scope,
            source: self.variable.clone(),
        })
    }

    /// As [`crate::Ci::examine_runners`].
    ///
    /// # Errors
    /// As [`AloneCi::registration_token`].
    pub async fn examine_runners(&self, scope: &ScopeName) -> Result<RunnerReport, CiError> {
        let scope = parse_scope(self.forge.kind(), scope)?;
        let exam = self.runners().examine(&self.at(&scope)).await;
        let words = scope.words(self.forge.kind());
        let examined = of_exam(&self.variable, exam);
        Ok(report(self.forge.host().to_owned(), words, vec![examined]))
    }

    /// As [`crate::Ci::push_secret`]. There are no accounts here, so that no account's token can be pushed.
    ///
    /// # Errors
    /// As [`AloneCi::registration_token`].
    pub async fn push_secret(&self, ask: SecretAsk) -> Result<PushedSecret, CiError> {
        let scope = self.scope(ask.forge.as_deref(), &ask.scope, &ask.source)?;
        let kind = self.forge.kind();
        let name = secret_name(kind, &ask.name)?;
        no_token_in_words(&ask.options)?;
        let value = match &ask.value {
            SecretValue::Text(value) => value,
            SecretValue::AccountToken(_) => {
                return Err(CiError::asked(
                    Code::RequestInvalid,
                    "an account's token is pushed by the server that keeps the account, and none was asked",
                    "Name a jeton server (`JETON_URL`), or give the value on standard input.",
                ));
            }
        };
        let push = SecretPush {
            name: &name,
            value,
            options: &ask.options,
        };
        let forge = self.forges.secrets(kind);
        forge.check(&scope, &push).map_err(CiError::by_diagnosis)?;
        let pushed = self.or_refused(push_clearly(forge, &self.at(&scope), &push, std::future::ready(true)).await)?;
        Ok(PushedSecret {
            created: pushed.created,
            name: name.to_string(),
            forge: self.forge.host().to_owned(),
            scope,
            environment: ask.options.environment.clone(),
            source: self.variable.clone(),
            fingerprint: None,
        })
    }

    async fn short_token(
        &self,
        scope: CiScope,
        min_validity_seconds: Option<i64>,
        purpose: Purpose,
    ) -> Result<RunnerGrant, CiError> {
        let need = need_of_short(min_validity_seconds, usual_need())?;
        let runners = self.runners();
        let minted = mint(runners, &self.at(&scope), purpose, need, &*self.clock).await;
        let token = self.or_refused(minted)?;
        Ok(RunnerGrant {
            fingerprint: Fingerprint::of(&token.token),
            token: token.token,
            kind: purpose.kind(),
            expires_at: Some(token.expires_at),
            forge: self.forge.host().to_owned(),
            forge_kind: self.forge.kind(),
            url: runners.register_url(&self.forge, &scope),
            scope,
            source: self.variable.clone(),
            shared: false,
            runner: None,
        })
    }

    async fn make_runner(&self, scope: &CiScope, ask: &RunnerAsk) -> Result<RunnerGrant, CiError> {
        let wish = Wish::read(&ask.runner, self.forge.kind())?;
        let (keep, now) = (wish.to_keep(None), self.clock.now());
        let runner = keep.new_runner(&wish.name, now);
        let made = self.runners().make_runner(&self.at(scope), &runner).await;
        let made = self.or_refused(made.map_err(|refusal| {
            if refusal.unclear {
                unclear_making(refusal, &wish.name)
            } else {
                refusal
            }
        }))?;
        // As the server would keep it; it ends with the answer.
        let row = RunnerRecord {
            id: RunnerId::generate(now, &*self.entropy),
            forge: self.forge.clone(),
            scope: scope.clone(),
            name: wish.name,
            wish: keep.to_json()?,
            state: RunnerState::Live,
            forge_id: Some(made.forge_id),
            client_id: made.client_id,
            token: None,
            fingerprint: Some(Fingerprint::of(&made.token)),
            expires_at: made.expires_at,
            renew_at: None,
            source: self.variable.clone(),
            made_by: self.variable.clone(),
            error: None,
            created_at: now,
            changed_at: now,
        };
        grant_of_made(self.runners(), row, made.token, false)
    }

    fn runners(&self) -> &dyn RunnerForge {
        self.forges.runners(self.forge.kind())
    }

    fn at<'a>(&'a self, scope: &'a CiScope) -> CiAt<'a> {
        CiAt {
            forge: &self.forge,
            scope,
            credential: &self.credential,
            holder: if self.is_workflow {
                Holder::Workflow
            } else {
                Holder::Account(&self.variable)
            },
            now: self.clock.now(),
        }
    }

    /// For what, if it is this forge that is asked for, and from nothing but this credential.
    fn scope(&self, forge: Option<&str>, scope: &ScopeName, source: &SourceAsk) -> Result<CiScope, CiError> {
        if source.app.is_some() || source.account.is_some() {
            return Err(CiError::asked(
                Code::RequestInvalid,
                "Apps and accounts are kept by a server, and none was asked",
                "Name a jeton server (`JETON_URL`), or leave the App and the account out.",
            ));
        }
        let named = forge
            .map(str::trim)
            .filter(|named| !named.is_empty())
            .map(str::to_ascii_lowercase);
        if let Some(named) = named {
            let public = ForgeEndpoint::public(&named);
            let is_it = public.map_or(named == self.forge.host(), |public| public == self.forge);
            if !is_it {
                return Err(CiError::UnknownForge(
                    named.chars().filter(|c| !c.is_control()).take(80).collect(),
                ));
            }
        }
        parse_scope(self.forge.kind(), scope)
    }

    fn or_refused<T>(&self, outcome: CiOutcome<T>) -> Result<T, CiError> {
        outcome.map_err(|refusal: CiRefusal| tried::refused(vec![Tried::by_forge(&self.variable, refusal)]))
    }
}

/// As on a server with its usual settings.
fn usual_need() -> SignedDuration {
    CiSettings::default().min_validity
}

impl fmt::Debug for AloneCi {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AloneCi")
            .field("forge", &self.forge)
            .finish_non_exhaustive()
    }
}
