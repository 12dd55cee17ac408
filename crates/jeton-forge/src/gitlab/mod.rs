//! People's tokens on GitLab: gitlab.com and servers of somebody's own, below any base URL.

mod advice;
mod bot;
mod check;
mod ci;
mod content;
mod end;
mod guide;
mod list;
mod place;
mod purposes;
mod reach;
mod refusal;
mod rotate;
mod standing;
mod wire;

pub(crate) use self::ci::{GitLabCi, hide_echo};
pub(crate) use content::GitLabContent;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use jeton_domain::{CheckReport, Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint, Purpose};
use jeton_outbound::{Outbound, bearer, sensitive};
use jiff::{Timestamp, civil::Date};

use self::{
    place::Place,
    refusal::{GitLabDialect, Refusal},
};
use crate::{
    AccountForge, CheckAsk, RepositoryPage, Rotated, TokenEnded, TokenGuide,
    probe::{Probes, Trouble},
};

/// GitLab, as the keeper of people's tokens sees it.
#[derive(Debug, Clone)]
pub struct GitLabAccounts {
    outbound: Outbound,
}

impl GitLabAccounts {
    /// Calls go through this client and its rules.
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }

    /// Why a token with these scopes cannot renew itself; `None` when it can, or when GitLab would have to be asked. To be looked at before
    /// [`AccountForge::rotate`], which knows no scopes and would send the request.
    pub fn cannot_renew(credential: &Credential, scopes: &[String]) -> Option<Diagnosis> {
        rotate::lacks_scope(credential, scopes)
    }
}

#[async_trait]
impl AccountForge for GitLabAccounts {
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

    async fn rotate(&self, credential: &Credential, expires_on: Option<Date>, now: Timestamp) -> Rotated {
        rotate::rotate(&self.outbound, credential, expires_on, now).await
    }

    async fn end_token(&self, credential: &Credential, now: Timestamp) -> TokenEnded {
        end::end_token(&self.outbound, credential, now).await
    }

    fn cannot_end(&self, forge: &ForgeEndpoint, kind: CredentialKind) -> Option<Diagnosis> {
        end::cannot_end(forge, kind)
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

/// Questions with a token.
fn probes<'a>(outbound: &'a Outbound, credential: &'a Credential, now: Timestamp) -> Result<Probes<'a>, Diagnosis> {
    let headers = headers_with(credential)?;
    Ok(Probes::new(outbound, &GitLabDialect, &credential.forge, headers, now))
}

/// The headers of a request with a token, which GitLab takes alone in a header of its own. Tokens for one special purpose open no API that
/// could tell of them, and are not sent.
fn headers_with(credential: &Credential) -> Result<HeaderMap, Diagnosis> {
    let (name, value) = match credential.kind {
        CredentialKind::GitLabOAuth => (header::AUTHORIZATION, bearer(&credential.token)),
        CredentialKind::GitLabDeploy
        | CredentialKind::GitLabRunner
        | CredentialKind::GitLabRunnerRegistration
        | CredentialKind::GitLabJob
        | CredentialKind::GitLabOther => {
            return Err(advice::special_purpose(&Place::new(&credential.forge, credential.kind)));
        }
        _ => (HeaderName::from_static("private-token"), sensitive(&credential.token)),
    };
    let Ok(value) = value else {
        return Err(crate::diagnose::diagnosis(
            Code::CredentialDecorated,
            "The token holds a line break or another character that cannot be a part of a token. GitLab was not asked.",
            "Copy the token again, alone and in one line.",
        ));
    };
    let mut headers = HeaderMap::new();
    headers.insert(name, value);
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    Ok(headers)
}

/// What a refusal means when it was about the token, or about no project in particular. `what` is what was tried, to stand behind "for".
fn diagnose(refusal: &Refusal, at: &Place<'_>, what: &str) -> Diagnosis {
    match refusal {
        Refusal::Unknown => advice::unknown(at),
        Refusal::Expired => advice::expired(at),
        Refusal::Revoked => advice::revoked(at),
        Refusal::Impersonation => advice::impersonation(at),
        Refusal::Proof => advice::proof(at),
        Refusal::Scope(accepted) => advice::scope(at, accepted, what),
        Refusal::WrongKind => advice::wrong_kind(at),
        Refusal::Forbidden(said) => advice::forbidden(at, said),
        Refusal::NotFound(said) | Refusal::NotAllowed(said) | Refusal::Other(_, said) => advice::odd(at, said),
    }
}

/// The finding of an answer that says nothing about the token. Where GitLab's API does not seem to be there at all, the base URL is the
/// first thing to look at.
fn troubled(trouble: Trouble, at: &Place<'_>) -> Diagnosis {
    if trouble.diagnosis.code == Code::ForgeGarbled {
        Diagnosis {
            remedy: advice::check_base_url(at),
            ..trouble.diagnosis
        }
    } else {
        trouble.diagnosis
    }
}
