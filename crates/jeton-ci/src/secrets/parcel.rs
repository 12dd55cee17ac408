use jeton_broker::Asker;
use jeton_domain::{AccountId, Action, Code, Coded as _, Diagnosis, Fingerprint, Secret, SecretName};
use jeton_forge::ci::{CiAt, CiOutcome, CiRefusal, SecretForge, SecretOptions, SecretPush, SecretPushed};
use jeton_ledger::{Event, events};
use serde_json::json;

use crate::{CiError, PushedSecret, ci::Inner, runners::Turn, sources::Source};

/// Who has a secret pushed.
#[derive(Debug, Clone)]
pub(crate) enum By {
    /// Somebody.
    Caller(Asker),
    /// jeton, after the token of an account was changed.
    System,
}

/// Whose token a secret is.
#[derive(Debug, Clone)]
pub(crate) struct TokenOf {
    /// The account as policies name it.
    pub(crate) account: String,
    /// What may be shown of the token.
    pub(crate) fingerprint: Fingerprint,
}

/// Under what a secret may be sent that is pushed after a change: while it is this task's turn, and the account has this very token. An
/// older one must not come after a newer one.
pub(crate) struct While<'a> {
    pub(crate) turn: &'a Turn,
    pub(crate) account: AccountId,
    pub(crate) fingerprint: &'a Fingerprint,
}

/// A secret on its way, with what the record says of it. Nothing of a value that is no account's token may be shown, not even its
/// fingerprint: a short one could be guessed.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) name: SecretName,
    pub(crate) value: Secret,
    pub(crate) options: SecretOptions,
    pub(crate) token_of: Option<TokenOf>,
    pub(crate) by: By,
}

impl Parcel {
    pub(crate) fn as_push(&self) -> SecretPush<'_> {
        SecretPush {
            name: &self.name,
            value: &self.value,
            options: &self.options,
        }
    }

    /// What is told of it once it was pushed.
    pub(crate) fn pushed(&self, source: &Source, created: bool) -> PushedSecret {
        PushedSecret {
            created,
            name: self.name.to_string(),
            forge: source.forge.host().to_owned(),
            scope: source.scope.clone(),
            environment: self.options.environment.clone(),
            source: source.name.clone(),
            fingerprint: self.token_of.as_ref().map(|of| of.fingerprint.clone()),
        }
    }

    fn event(&self, name: &'static str, at: &CiAt<'_>, source: &str, rule: &str) -> Event {
        let kind = at.forge.kind();
        let event = match &self.by {
            By::Caller(asker) => Event::new(name, &asker.caller).in_request(asker.request_id.as_deref()),
            By::System => Event::by_system(name).with("asked_by", "system"),
        };
        let event = event
            .with("action", Action::SecretPush.as_str())
            .with("forge", at.forge.host())
            .with("repositories", json!(at.scope.shown_names(kind)))
            .with("scope", at.scope.words(kind))
            .with("environment", json!(self.options.environment))
            .with("name", self.name.as_str())
            .with("source", source)
            .with("rule", rule);
        match &self.token_of {
            Some(of) => event
                .with("account", of.account.as_str())
                .with_fingerprint(of.fingerprint.clone()),
            None => event,
        }
    }
}

impl Inner {
    /// Pushes a secret as one source, with its entries in the record: one before the value leaves, and one with what came of it. `still` is
    /// looked at right before it is sent, each time.
    ///
    /// # Errors
    /// That the record cannot be written, or that `still` does not hold ([`CiError::Busy`]); nothing has left then. What the forge said is
    /// no error of this.
    pub(crate) async fn push_on_record(
        &self,
        at: &CiAt<'_>,
        source: &str,
        rule: &str,
        parcel: &Parcel,
        still: Option<&While<'_>>,
    ) -> Result<CiOutcome<SecretPushed>, CiError> {
        self.record(parcel.event(events::SECRET_PUSHING, at, source, rule))
            .await?;
        if let Err(error) = self.may_send(still).await {
            let entry = parcel
                .event(events::SECRET_PUSH_FAILED, at, source, rule)
                .with("code", error.code().as_str())
                .with(
                    "reason",
                    "nothing was sent: another process may be at work, or the token was changed",
                );
            self.broker.access().ledger().note(entry);
            return Err(error);
        }
        let again = async { self.may_send(still).await.is_ok() };
        let forge = self.forges.secrets(at.forge.kind());
        let outcome = push_clearly(forge, at, &parcel.as_push(), again).await;
        let entry = match &outcome {
            Ok(pushed) => parcel
                .event(events::SECRET_PUSHED, at, source, rule)
                .with("created", pushed.created),
            Err(refusal) => parcel
                .event(events::SECRET_PUSH_FAILED, at, source, rule)
                .with("code", refusal.diagnosis.code.as_str())
                .with("reason", refusal.diagnosis.cause.as_str()),
        };
        // It happened: what cannot be written now is written later, and that it was tried is on record.
        if let Err(error) = self.record(entry.clone()).await {
            tracing::warn!(%error, "what came of the push of a secret cannot be put on record yet");
            self.broker.access().ledger().note(entry);
        }
        Ok(outcome)
    }

    async fn may_send(&self, still: Option<&While<'_>>) -> Result<(), CiError> {
        let Some(still) = still else { return Ok(()) };
        let account = self.vault.read().await?.accounts().find(still.account).await?;
        let has_it = account.is_some_and(|account| account.active && account.fingerprint == *still.fingerprint);
        // The turn last: it is what ends while the account is read.
        if has_it && still.turn.is_mine() {
            return Ok(());
        }
        Err(CiError::Busy)
    }
}

/// Pushes a secret. When the answer is lost it is pushed once more, which does no harm, if `again` lets it.
pub(crate) async fn push_clearly(
    forge: &dyn SecretForge,
    at: &CiAt<'_>,
    push: &SecretPush<'_>,
    again: impl Future<Output = bool> + Send,
) -> CiOutcome<SecretPushed> {
    match forge.push(at, push).await {
        Err(refusal) if !refusal.unclear => Err(refusal),
        Err(refusal) if !again.await => Err(unclear(at, refusal)),
        Err(_) => forge.push(at, push).await.map_err(|again| unclear(at, again)),
        pushed => pushed,
    }
}

/// The words for a second answer that was lost.
fn unclear(at: &CiAt<'_>, refusal: CiRefusal) -> CiRefusal {
    if !refusal.unclear {
        return refusal;
    }
    let diagnosis = Diagnosis {
        code: Code::SecretUnclear,
        cause: format!(
            "whether {} took the secret is not known: {}",
            at.forge.host(),
            refusal.diagnosis.cause
        ),
        remedy: "Push it again: to push the same secret twice does no harm.".to_owned(),
        url: refusal.diagnosis.url.clone(),
        retry_at: refusal.diagnosis.retry_at,
    };
    CiRefusal {
        diagnosis: Box::new(diagnosis),
        ..refusal
    }
}
