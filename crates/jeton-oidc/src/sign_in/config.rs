use jeton_domain::{IssuerName, Role, Secret};
use jiff::SignedDuration;
use url::Url;

use crate::{IssuerConfig, IssuerConfigError, KeySource, urls};

/// Who gets which role: everybody in whose ID token a claim has a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRule {
    /// The claim: its name, or a path into nested objects with dots, such as `realm_access.roles`.
    pub claim: String,
    /// What it must be; in a list, what one element must be. Compared exactly.
    pub value: String,
    /// The role.
    pub role: Role,
}

/// An OIDC provider at which people sign in.
#[derive(Debug, Clone)]
pub struct SignInConfig {
    /// The operator's name for it.
    pub name: IssuerName,
    /// Its issuer, exactly; its discovery document is below it.
    pub issuer: String,
    /// As whom jeton is registered there.
    pub client_id: String,
    /// The secret of that registration; `None` for a public client. It is sent as HTTP Basic.
    pub client_secret: Option<Secret>,
    /// What to ask for. Default: `openid email profile`. `openid` is added where it is missing.
    pub scopes: Vec<String>,
    /// Where the provider sends the browser afterwards, exactly as it was registered.
    pub redirect_uri: String,
    /// Which claim is the name of the user. Default: `email`.
    pub user_claim: String,
    /// Whether an address must be verified (`email_verified`) before it is a user's name. Default: true. Without it,
    /// whoever can enter somebody else's address at the provider becomes them.
    pub require_verified_email: bool,
    /// Who gets which role; the first rule that fits.
    pub roles: Vec<RoleRule>,
    /// The role of everybody else; default: `None`, they have none.
    pub default_role: Option<Role>,
    /// See [`IssuerConfig::ca_file`].
    pub ca_file: Option<Vec<u8>>,
    /// See [`IssuerConfig::leeway`].
    pub leeway: SignedDuration,
}

impl SignInConfig {
    /// A provider with everything else at its default.
    pub fn new(
        name: IssuerName,
        issuer: impl Into<String>,
        client_id: impl Into<String>,
        client_secret: Option<Secret>,
        redirect_uri: impl Into<String>,
    ) -> Self {
        Self {
            name,
            issuer: issuer.into(),
            client_id: client_id.into(),
            client_secret,
            scopes: ["openid", "email", "profile"].map(str::to_owned).to_vec(),
            redirect_uri: redirect_uri.into(),
            user_claim: "email".to_owned(),
            require_verified_email: true,
            roles: Vec::new(),
            default_role: None,
            ca_file: None,
            leeway: SignedDuration::from_secs(30),
        }
    }

    /// How its ID tokens are verified: as any other token, made for our client.
    pub(super) fn issuer_config(&self) -> IssuerConfig {
        let audiences = vec![self.client_id.clone()];
        let mut issuer = IssuerConfig::new(self.name.clone(), &self.issuer, KeySource::Discovery, audiences);
        issuer.ca_file.clone_from(&self.ca_file);
        issuer.leeway = self.leeway;
        issuer
    }

    pub(super) fn check(&self) -> Result<(), IssuerConfigError> {
        let wrong = |field: &'static str, reason: &str| IssuerConfigError::Field {
            issuer: self.name.clone(),
            field,
            reason: reason.to_owned(),
        };
        if self.client_id.is_empty() {
            return Err(wrong("client_id", "it must be what the provider registered jeton as"));
        }
        if self.client_secret.as_ref().is_some_and(Secret::is_empty) {
            return Err(wrong("client_secret", "it is empty; leave it out for a public client"));
        }
        if self.user_claim.is_empty() {
            return Err(wrong(
                "user_claim",
                "it must be the name of a claim, for instance `email`",
            ));
        }
        let url = Url::parse(&self.redirect_uri).map_err(|_| wrong("redirect_uri", "it is not a URL"))?;
        urls::check(&url).map_err(|reason| wrong("redirect_uri", &reason))?;
        let plain = |scope: &String| !scope.is_empty() && scope.bytes().all(|byte| byte.is_ascii_graphic());
        if !self.scopes.iter().all(plain) {
            return Err(wrong("scopes", "a scope is one word"));
        }
        Ok(())
    }
}
