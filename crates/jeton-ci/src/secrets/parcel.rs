use jeton_broker::Asker;
use jeton_domain::{Action, Code, Diagnosis, Fingerprint, Secret, SecretName};
use jeton_forge::ci::{CiAt, CiOutcome, CiRefusal, SecretForge, SecretOptions, SecretPush, SecretPushed};
use jeton_ledger::{Event, events};
use serde_json::json;

use crate::{CiError, PushedSecret, ci::Inner, sources::Source};

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
            .with("repositories", json!(at.scope.policy_names(kind)))
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
    /// Pushes a secret as one source, with its entries in the record: one before the value leaves, and one with what came of it.
    ///
    /// # Errors
    /// That the record cannot be written; nothing has left then. What the forge said is no error of this.
    pub(crate) async fn push_on_record(
        &self,
        at: &CiAt<'_>,
        source: &str,
        rule: &str,
        parcel: &Parcel,
    ) -> Result<CiOutcome<SecretPushed>, CiError> {
        self.record(parcel.event(events::SECRET_PUSHING, at, source, rule))
            .await?;
        let outcome = push_clearly(self.forges.secrets(at.forge.kind()), at, &parcel.as_push()).await;
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
}

/// Pushes a secret. When the answer is lost it is pushed once more, which does no harm.
pub(crate) async fn push_clearly(
    forge: &dyn SecretForge,
    at: &CiAt<'_>,
    push: &SecretPush<'_>,
) -> CiOutcome<SecretPushed> {
    match forge.push(at, push).await {
        Err(refusal) if refusal.unclear => forge.push(at, push).await.map_err(|again| unclear(at, again)),
        outcome => outcome,
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
