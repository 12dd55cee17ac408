//! People's tokens: the clients of the forges, the webhook and the accounts of the environment, from the configuration.

use std::sync::Arc;

use jeton_access::Access;
use jeton_accounts::{AccountSettings, Accounts, AccountsParts, HttpSender, Webhook, Webhooks};
use jeton_domain::{Clock, Entropy};
use jeton_forge::{AddressRules, Forges, HttpOptions, Outbound};
use jeton_seal::KeyRing;
use jeton_vault::Vault;

use crate::{config::Config, wiring::StartError};

/// Puts the accounts together; asks nobody anything.
pub(crate) fn open(
    config: &Config,
    vault: &Arc<dyn Vault>,
    ring: &Arc<KeyRing>,
    access: &Access,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Accounts, StartError> {
    let given = &config.accounts;
    let outbound = guarded(config)?;
    for note in &given.environment.notes {
        tracing::warn!(
            variable = note.variable,
            "a token of the environment is not used: {}",
            note.words
        );
    }
    for account in &given.environment.accounts {
        tracing::info!(
            variable = account.variable, account.label = %account.label, forge.host = account.credential.forge.host(),
            token.fingerprint = %account.fingerprint, "a token of the environment is an account"
        );
    }
    let hooks = match &given.webhook {
        Some(hook) => vec![Webhook {
            name: "webhook".to_owned(),
            url: hook.url.clone(),
            secret: hook.secret.read()?,
            events: hook.events.clone(),
        }],
        None => Vec::new(),
    };
    // Its address is the operator's own: it may lie wherever they say.
    let sender = Outbound::new(HttpOptions::default(), AddressRules::trusted()).map_err(StartError::Outbound)?;
    Ok(Accounts::new(AccountsParts {
        vault: Arc::clone(vault),
        ring: Arc::clone(ring),
        access: access.clone(),
        forges: Arc::new(Forges::new(outbound)),
        webhooks: Webhooks::new(hooks, Arc::new(HttpSender(sender))),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        settings: AccountSettings {
            check_every: given.check_every,
            checks_per_minute: given.checks_per_minute,
            warn_days: given.warn_days.clone(),
            rotate_before: given.rotate_before,
            rotation_days: given.rotation_days,
            lease: given.lease,
            old_token_grace: config.ci.old_token_grace,
        },
        environment: given.environment.accounts.clone(),
    }))
}

/// The client for addresses that callers name.
pub(crate) fn guarded(config: &Config) -> Result<Outbound, StartError> {
    let rules = AddressRules {
        allow: config.accounts.allowed_networks.clone(),
        allow_loopback: config.accounts.allow_loopback,
    };
    Outbound::new(HttpOptions::default(), rules).map_err(StartError::Outbound)
}
