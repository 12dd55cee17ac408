//! What an organization says to a token, before anybody looks at what the token may do.

use std::net::IpAddr;

use jiff::SignedDuration;

use super::model::PersonalToken;
use super::spec::{OrgPolicy, PersonalTokenKind, SamlSso};
use crate::github::error::ApiError;
use crate::github::model::{Owner, State};
use crate::github::spec::OwnerKind;

/// Why an organization refuses a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Denial {
    /// As if nothing were there.
    Hidden,
    /// The caller's address is not on the list.
    Address { org: String },
    /// A fine-grained token that lives too long.
    Lifetime { org: String, days: u32, token: u64 },
    /// Classic tokens are not welcome.
    Classic { org: String },
    /// The token was not authorised for single sign-on.
    Sso { org: String, request: String, oauth: bool },
}

impl Denial {
    pub(crate) fn into_error(self) -> ApiError {
        match self {
            Self::Hidden => ApiError::not_found(),
            Self::Address { org } => ApiError::forbidden(&format!(
                "Although you appear to have the correct authorization credentials, the `{org}` organization has an \
                 IP allow list enabled, and your IP address is not permitted to access this resource."
            )),
            Self::Lifetime { org, days, token } => ApiError::forbidden(&format!(
                "The '{org}' organization forbids access via a fine-grained personal access tokens if the token's \
                 lifetime is greater than {days} days. Please adjust your token's lifetime at the following URL: \
                 https://github.com/settings/personal-access-tokens/{token}"
            )),
            // Not in the vendor's documentation; as several public issues quote it.
            Self::Classic { org } => ApiError::forbidden(&format!(
                "`{org}` forbids access via a personal access token (classic). Please use a GitHub App, OAuth App, \
                 or a personal access token with fine-grained permissions."
            )),
            Self::Sso { org, request, oauth } => {
                let what = if oauth { "OAuth token" } else { "Personal Access token" };
                ApiError::forbidden(&format!(
                    "Resource protected by organization SAML enforcement. You must grant your {what} access to this \
                     organization."
                ))
                .sso(&format!("required; url={}", sso_url(&org, &request)))
            }
        }
    }

    /// What git shows its user. The words are those of public issues; the documentation has none.
    pub(crate) fn git_words(&self) -> String {
        match self {
            Self::Hidden => "Repository not found.\n".to_owned(),
            Self::Address { org } => {
                format!(
                    "The `{org}' organization has an IP allow list enabled, and your IP address is not permitted.\n"
                )
            }
            Self::Lifetime { .. } => format!("{}\n", self.clone().into_error().message),
            Self::Classic { .. } => {
                "Personal access tokens (classic) are forbidden from accessing this repository.\n".to_owned()
            }
            Self::Sso { org, request, .. } => format!(
                "The `{org}' organization has enabled or enforced SAML SSO. To access\nthis repository, visit {}\n\
                 and try your request again.\n",
                sso_url(org, request)
            ),
        }
    }
}

/// Single sign-on of organizations exists on github.com only, so its links lead there.
fn sso_url(org: &str, request: &str) -> String {
    format!("https://github.com/orgs/{org}/sso?authorization_request={request}")
}

impl State {
    /// The organization of this login, with what it demands.
    pub(crate) fn organization(&self, login: &str) -> Option<(&Owner, OrgPolicy)> {
        let owner = self
            .owner(login)
            .filter(|owner| owner.kind == OwnerKind::Organization)?;
        Some((owner, self.people.policy(owner.id)))
    }

    /// Whether a call with any token may come from this address.
    pub(crate) fn check_address(&self, owner: &str, peer: IpAddr) -> Result<(), Denial> {
        let Some((org, policy)) = self.organization(owner) else {
            return Ok(());
        };
        match policy.ip_allow_list {
            Some(allowed) if !allowed.contains(&peer) => Err(Denial::Address { org: org.login.clone() }),
            _ => Ok(()),
        }
    }

    /// Whether an owner lets a personal token near what it has. `private`: the thing asked for is.
    pub(crate) fn check_policy(
        &mut self,
        token: &TokenView,
        owner: &str,
        private: bool,
        peer: IpAddr,
    ) -> Result<(), Denial> {
        self.check_address(owner, peer)?;
        let Some((org, policy)) = self.organization(owner) else {
            return Ok(());
        };
        let (org, org_id) = (org.login.clone(), org.id);
        if policy.forbid_classic && token.kind == PersonalTokenKind::Classic {
            return Err(Denial::Classic { org });
        }
        if let Some(days) = policy.max_fine_grained_days
            && token.kind == PersonalTokenKind::FineGrained
            && token.lifetime.is_none_or(|lifetime| lifetime > days_long(days))
        {
            let token = token.id;
            return Err(Denial::Lifetime { org, days, token });
        }
        // A fine-grained token is authorised as it is made, and only members have a sign-in to prove.
        let unproven = token.kind != PersonalTokenKind::FineGrained
            && self.people.members.contains_key(&(org_id, token.user))
            && !token.sso.contains(&org_id);
        match policy.saml_sso {
            SamlSso::RequiredAndHidden if unproven && private => Err(Denial::Hidden),
            SamlSso::Required | SamlSso::RequiredAndHidden if unproven => {
                let request = self.noise.base62(56);
                let oauth = token.kind != PersonalTokenKind::Classic;
                Err(Denial::Sso { org, request, oauth })
            }
            _ => Ok(()),
        }
    }
}

fn days_long(days: u32) -> SignedDuration {
    SignedDuration::from_hours(24 * i64::from(days))
}

/// What a policy looks at in a token; a copy, so that the state stays free.
#[derive(Debug, Clone)]
pub(crate) struct TokenView {
    pub(crate) id: u64,
    pub(crate) user: u64,
    pub(crate) kind: PersonalTokenKind,
    lifetime: Option<SignedDuration>,
    sso: std::collections::BTreeSet<u64>,
}

impl From<&PersonalToken> for TokenView {
    fn from(token: &PersonalToken) -> Self {
        Self {
            id: token.id,
            user: token.user,
            kind: token.kind(),
            lifetime: token.lifetime(),
            sso: token.sso.clone(),
        }
    }
}
