//! People's tokens on Bitbucket Cloud: API tokens of Atlassian accounts, and access tokens of repositories, projects and workspaces.

mod advice;
mod check;
mod ci;
mod content;
mod guide;
mod list;
mod reach;
mod refusal;
mod scopes;
mod standing;
mod wire;

pub(crate) use self::ci::BitbucketCi;
pub(crate) use content::BitbucketContent;

pub(crate) use scopes::holds as scopes_hold;

use async_trait::async_trait;
use http::{HeaderMap, HeaderValue, header};
use jeton_domain::{CheckReport, Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint, Purpose, Validity};
use jeton_outbound::{Outbound, basic, bearer};
use jiff::{Timestamp, civil::Date};

use self::{
    advice::Place,
    refusal::{BitbucketDialect, Refusal},
};
use crate::{AccountForge, CheckAsk, RepositoryPage, Rotated, TokenEnded, TokenGuide, probe::Probes};

/// Bitbucket Cloud, as the keeper of people's tokens sees it.
#[derive(Debug, Clone)]
pub struct BitbucketAccounts {
    outbound: Outbound,
}

impl BitbucketAccounts {
    /// Calls go through this client and its rules.
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }
}

#[async_trait]
impl AccountForge for BitbucketAccounts {
    async fn check(&self, credential: &Credential, ask: &CheckAsk, now: Timestamp) -> CheckReport {
        check::check(&self.outbound, credential, ask, now).await
    }

    async fn list_repositories(
        &self,
        credential: &Credential,
        page: Option<&str>,
        limit: u32,
        now: Timestamp,
    ) -> Result<RepositoryPage, Box<Diagnosis>> {
        list::list(&self.outbound, credential, page, limit, now).await
    }

    async fn rotate(&self, credential: &Credential, _: Option<Date>, _: Timestamp) -> Rotated {
        Rotated::Refused(advice::cannot_rotate(&Place::new(credential, credential.kind)))
    }

    async fn end_token(&self, credential: &Credential, _: Timestamp) -> TokenEnded {
        TokenEnded::Unsupported(advice::cannot_end(&Place::new(credential, credential.kind)))
    }

    fn cannot_end(&self, forge: &ForgeEndpoint, kind: CredentialKind) -> Option<Diagnosis> {
        Some(advice::cannot_end(&Place {
            web_url: forge.web_url(),
            kind,
            repository: None,
        }))
    }

    fn guide(
        &self,
        forge: &ForgeEndpoint,
        kind: Option<CredentialKind>,
        purposes: &[Purpose],
        repository: Option<&str>,
    ) -> TokenGuide {
        guide::guide(forge, kind, purposes, repository)
    }
}

/// Why nothing is asked, and what that says about the token.
struct Unasked {
    validity: Validity,
    diagnosis: Diagnosis,
}

/// Questions with a credential.
fn probes<'a>(outbound: &'a Outbound, credential: &'a Credential, now: Timestamp) -> Result<Probes<'a>, Unasked> {
    let headers = headers_with(credential)?;
    Ok(Probes::new(
        outbound,
        &BitbucketDialect,
        &credential.forge,
        headers,
        now,
    ))
}

/// The headers of a request with a credential: an API token goes with its owner's e-mail address, an access token alone. An app password goes
/// nowhere, and neither does what Bitbucket would refuse for its form, because its words for that do not tell why.
fn headers_with(credential: &Credential) -> Result<HeaderMap, Unasked> {
    let place = Place::new(credential, credential.kind);
    let unknown = |diagnosis| Unasked {
        validity: Validity::Unknown,
        diagnosis,
    };
    if is_app_password(credential) {
        return Err(Unasked {
            validity: Validity::Invalid,
            diagnosis: advice::app_password(&place),
        });
    }
    let value = if credential.kind == CredentialKind::BitbucketApiToken {
        let email = credential
            .email
            .as_deref()
            .map(str::trim)
            .filter(|email| !email.is_empty());
        let Some(email) = email else {
            return Err(unknown(advice::no_email(credential.username.as_deref())));
        };
        if !is_email(email) {
            return Err(unknown(advice::not_an_email(email)));
        }
        basic(email, &credential.token)
    } else {
        bearer(&credential.token)
    };
    let Ok(value) = value else {
        return Err(unknown(crate::diagnose::diagnosis(
            Code::CredentialDecorated,
            "The token holds a line break or another character that cannot be a part of a token. Bitbucket was not asked.",
            "Copy the token again, alone and in one line.",
        )));
    };
    let mut headers = HeaderMap::new();
    headers.insert(header::AUTHORIZATION, value);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    Ok(headers)
}

/// By its kind, or by the prefix that no other token of Atlassian's has.
fn is_app_password(credential: &Credential) -> bool {
    credential.kind == CredentialKind::BitbucketAppPassword || credential.token.expose().starts_with("ATBB")
}

/// Whether a text can be an address at all; a colon would end the user name of Basic.
fn is_email(text: &str) -> bool {
    let sides = text.split_once('@');
    let plain = !text.contains(|c: char| c.is_whitespace() || c.is_control() || c == ':');
    plain && sides.is_some_and(|(name, host)| !name.is_empty() && !host.is_empty() && !host.contains('@'))
}

/// What a refusal means when it was about the token, or about no repository in particular. `what` is what was tried, to stand behind "for".
fn diagnose(refusal: &Refusal, place: &Place<'_>, email: Option<&str>, what: &str) -> Diagnosis {
    match (refusal, email) {
        (Refusal::Expired, _) => advice::expired(place),
        (Refusal::Unusable | Refusal::WrongPair, Some(email)) => advice::wrong_pair(place, email),
        (Refusal::Unusable | Refusal::WrongPair, None) => advice::unusable(place),
        (Refusal::Scope { required, .. }, _) => advice::scope(place, required, what),
        (Refusal::Forbidden(said), _) => advice::forbidden(place, said),
        (Refusal::NotFound(said) | Refusal::Gone(said) | Refusal::Unauthorized(said) | Refusal::Other(said), _) => {
            advice::odd(place, said)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::is_email;

    #[test]
    fn a_user_name_is_no_email_address() {
        for good in ["alice@example.com", "a.b+c@x"] {
            assert!(is_email(good), "{good}");
        }
        for bad in [
            "",
            "alice",
            "@",
            "alice@",
            "@example.com",
            "a@b@c",
            "a:b@c",
            "alice @example.com",
        ] {
            assert!(!is_email(bad), "{bad}");
        }
    }
}
