//! Who may ask: the record, the issuers, the sign-in, clients and policies, from the configuration.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    sync::Arc,
};

use jeton_access::{Access, AccessParts, AccessSettings, anonymous_policy};
use jeton_domain::{Clock, Entropy, IssuerName, Role};
use jeton_ledger::{Ledger, LedgerParts};
use jeton_oidc::{
    Algorithm, Bearer, IssuerConfig, IssuerConfigError, JwtVerifier, KeySource, OidcHttpOptions, RoleRule, SignIn,
    SignInConfig,
};
use jeton_seal::KeyRing;
use jeton_vault::Vault;

use crate::{
    config::{self, Config, IssuerKeys},
    operator_key::operator_keys,
    wiring::StartError,
};

/// Where the end of the record is noted, beside the database and not in it.
const ANCHOR: &str = "record.anchor";

/// Opens the record and reads who may ask.
pub(crate) async fn open(
    config: &Config,
    public_url: &str,
    vault: &Arc<dyn Vault>,
    ring: &Arc<KeyRing>,
    clock: &Arc<dyn Clock>,
    entropy: &Arc<dyn Entropy>,
) -> Result<Access, StartError> {
    let operator_keys = operator_keys(config, &**vault, &**entropy).await?;
    let issuers = config
        .access
        .issuers
        .iter()
        .map(issuer)
        .collect::<Result<Vec<_>, StartError>>()?;
    let http = OidcHttpOptions::default();
    let verifier = JwtVerifier::new(issuers, Arc::clone(clock), http.clone())?;
    let sign_in = match &config.access.sign_in {
        Some(given) => Some(SignIn::new(sign_in(public_url, given)?, Arc::clone(clock), http)?),
        None => None,
    };
    let ledger = Ledger::open(LedgerParts {
        vault: Arc::clone(vault),
        ring: Arc::clone(ring),
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        anchor_file: Some(config.state_dir.join(ANCHOR)),
    })
    .await?;
    let access = Access::start(AccessParts {
        vault: Arc::clone(vault),
        ring: Arc::clone(ring),
        ledger,
        verifier,
        sign_in,
        operator_keys,
        clock: Arc::clone(clock),
        entropy: Arc::clone(entropy),
        settings: settings(config),
    });
    Ok(access.await?)
}

fn settings(config: &Config) -> AccessSettings {
    let access = &config.access;
    let limits = access.limits;
    let number = |n: u32| NonZeroU32::new(n).unwrap_or(NonZeroU32::MIN);
    let compat = &config.compat;
    let anonymous = compat.enabled && compat.anonymous;
    AccessSettings {
        policy_file: access.policy_file.clone(),
        anonymous: anonymous.then(|| anonymous_policy(&compat.permissions, compat.app.as_ref())),
        per_caller_per_second: number(limits.per_client_per_second),
        per_caller_burst: number(limits.per_client_burst),
        per_address_per_second: number(limits.per_address_per_second),
        per_address_burst: number(limits.per_address_burst),
        session_life: access.session_life,
        session_idle: access.session_idle,
        sign_in_adds_users: access.sign_in.as_ref().is_some_and(|sign_in| sign_in.add_users),
    }
}

fn issuer(given: &config::IssuerConfig) -> Result<IssuerConfig, StartError> {
    let keys = match &given.keys {
        IssuerKeys::Discovery => KeySource::Discovery,
        IssuerKeys::Url(url) => KeySource::JwksUrl(url.clone()),
        IssuerKeys::File(path) => {
            let bytes = read(path)?;
            let text = String::from_utf8(bytes).map_err(|_| IssuerConfigError::Field {
                issuer: given.name.clone(),
                field: "jwks_file",
                reason: format!("{} is no text", path.display()),
            });
            KeySource::Jwks(text?)
        }
        IssuerKeys::SharedSecret(secret) => KeySource::SharedSecret(secret.read()?),
    };
    let algorithms = given.algorithms.iter().map(|text| {
        Algorithm::parse(text).ok_or_else(|| IssuerConfigError::Field {
            issuer: given.name.clone(),
            field: "algorithms",
            reason: format!("`{text}` is none of RS256, ES256, EdDSA and HS256"),
        })
    });
    let algorithms = algorithms.collect::<Result<Vec<_>, _>>()?;
    let bearer = given.bearer_token_file.clone().map(Bearer::File);
    Ok(IssuerConfig {
        algorithms,
        leeway: given.leeway,
        longest_life: given.longest_life,
        ca_file: given.ca_file.as_deref().map(read).transpose()?,
        bearer,
        ..IssuerConfig::new(given.name.clone(), given.issuer.clone(), keys, given.audiences.clone())
    })
}

fn sign_in(public_url: &str, given: &config::SignInConfig) -> Result<SignInConfig, StartError> {
    let redirect_uri = format!("{public_url}/sign-in/callback");
    // The one name that is always well-formed: people see the issuer's address beside it.
    let name = IssuerName::parse("sign-in").map_err(|_| StartError::Sign("its name"))?;
    let roles = [
        (&given.operator_values, Role::Operator),
        (&given.member_values, Role::Member),
        (&given.auditor_values, Role::Auditor),
    ];
    let claim = given.role_claim.as_deref().unwrap_or_default();
    let rule = |value: &String, role| RoleRule {
        claim: claim.to_owned(),
        value: value.clone(),
        role,
    };
    let roles = roles
        .into_iter()
        .flat_map(|(values, role)| values.iter().map(move |value| rule(value, role)));
    let client_secret = given
        .client_secret
        .as_ref()
        .map(config::SecretOrFile::read)
        .transpose()?;
    Ok(SignInConfig {
        scopes: given.scopes.clone(),
        user_claim: given.user_claim.clone(),
        roles: roles.collect(),
        ca_file: given.ca_file.as_deref().map(read).transpose()?,
        ..SignInConfig::new(
            name,
            given.issuer.clone(),
            given.client_id.clone(),
            client_secret,
            redirect_uri,
        )
    })
}

fn read(path: &Path) -> Result<Vec<u8>, StartError> {
    std::fs::read(path).map_err(|reason| StartError::File {
        path: PathBuf::from(path),
        reason,
    })
}
