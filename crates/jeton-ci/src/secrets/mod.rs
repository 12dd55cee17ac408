//! One secret to one place.

mod name;
mod parcel;

use std::sync::Arc;

use jeton_broker::Asker;
use jeton_domain::Action;
use jeton_forge::ci::{SecretFamily, SecretOptions};

use crate::{
    Ci, CiError, PushedSecret, SecretAsk, SecretValue, Tried,
    ci::Inner,
    sources::{Asking, Need, Source, parse_scope},
    tried::{of_one, refused},
};

pub(crate) use name::{no_token_in_words, secret_name};
pub(crate) use parcel::{By, Parcel, TokenOf, While, push_clearly};

impl Ci {
    /// Pushes a secret to a forge's CI. Goes on when the one who asked hangs up, so that its outcome is on record.
    ///
    /// # Errors
    /// [`CiError`] says whose fault it is and what to do.
    pub async fn push_secret(&self, asker: &Asker, ask: SecretAsk) -> Result<PushedSecret, CiError> {
        let inner = &self.0;
        let asking = Asking {
            asker,
            action: Action::SecretPush,
            forge: ask.forge.as_deref(),
            scope: &ask.scope,
            source: &ask.source,
            need: need_of(&ask.options),
        };
        let sources = inner.sources(&asking).await?;
        let kind = sources.forge.kind();
        let name = secret_name(kind, &ask.name)?;
        name::no_token_in_words(&ask.options)?;
        let (value, token_of) = match ask.value {
            SecretValue::Text(value) => (value, None),
            SecretValue::AccountToken(account) => {
                let places = parse_scope(kind, &ask.scope)?.policy_names(kind);
                let request_id = asker.request_id.as_deref();
                let accounts = inner.broker.accounts();
                let token = accounts
                    .token_to_push(&asker.caller, request_id, &account, &places)
                    .await?;
                let of = TokenOf {
                    account: token.source,
                    fingerprint: token.fingerprint,
                };
                (token.credential.token, Some(of))
            }
        };
        let parcel = Parcel {
            name,
            value,
            options: ask.options,
            token_of,
            by: By::Caller(asker.clone()),
        };
        let (pushed, _) = inner.deliver(sources.usable, sources.broken, parcel).await?;
        Ok(pushed)
    }
}

impl Inner {
    /// Pushes a secret as the first source that can, in a task of its own. The secret that was pushed, and as whom.
    ///
    /// # Errors
    /// What is wrong with the secret, or with each source.
    pub(crate) async fn deliver(
        self: &Arc<Self>,
        usable: Vec<Source>,
        broken: Vec<Tried>,
        parcel: Parcel,
    ) -> Result<(PushedSecret, Source), CiError> {
        let inner = Arc::clone(self);
        let task = self
            .tasks
            .spawn(async move { inner.by_the_first(usable, broken, parcel).await });
        task.await
            .map_err(|_| CiError::Internal("the push of a secret was lost; the record says how far it came"))?
    }

    /// The same in the task of who asks.
    pub(crate) async fn by_the_first(
        &self,
        usable: Vec<Source>,
        broken: Vec<Tried>,
        parcel: Parcel,
    ) -> Result<(PushedSecret, Source), CiError> {
        let need = need_of(&parcel.options);
        let mut tried = Vec::new();
        for source in usable {
            // The same for each, unless they are on different kinds of forge: nobody need be asked for it.
            let forge = self.forges.secrets(source.forge.kind());
            forge
                .check(&source.scope, &parcel.as_push())
                .map_err(CiError::by_diagnosis)?;
            let credential = match self.credential(&source, need).await {
                Ok(credential) => credential,
                Err(error) => {
                    tried.extend(of_one(&source.name, error)?);
                    continue;
                }
            };
            let at = source.at(&credential, self.now());
            let mut pushed = self
                .push_on_record(&at, &source.name, &source.rule, &parcel, None)
                .await?;
            if let Err(refusal) = &pushed
                && let Some(other) = self.after_dead(&source, need, &credential, refusal).await
            {
                let at = source.at(&other, self.now());
                pushed = self
                    .push_on_record(&at, &source.name, &source.rule, &parcel, None)
                    .await?;
            }
            match pushed {
                Ok(pushed) => return Ok((parcel.pushed(&source, pushed.created), source)),
                Err(refusal) => {
                    let one = Tried::by_forge(&source.name, refusal);
                    if one.is_final() {
                        return Err(CiError::Refused { tried: vec![one] });
                    }
                    tried.push(one);
                }
            }
        }
        tried.extend(broken);
        Err(refused(tried))
    }
}

/// What an App's token has to be able to do to write a secret.
pub(crate) fn need_of(options: &SecretOptions) -> Need {
    match options.family {
        SecretFamily::Actions if options.environment.is_some() => Need::EnvironmentSecrets,
        SecretFamily::Actions => Need::Secrets,
        SecretFamily::Dependabot => Need::DependabotSecrets,
        SecretFamily::Codespaces => Need::CodespacesSecrets,
    }
}
