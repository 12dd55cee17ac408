//! People's tokens at GitHub: classic and fine-grained personal access tokens, and OAuth tokens such as those of `gh`.

mod dialect;
mod end;
mod expiry;
mod guide;
mod list;
mod look;
mod pages;
mod permissions;
mod policies;
mod purposes;
mod reach;
mod refusal;
mod scopes;
mod wire;
mod words;

pub(crate) use scopes::hold as scopes_hold;

use async_trait::async_trait;
use http::{HeaderMap, header};
use jeton_domain::{CheckReport, Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint, Purpose};
use jeton_outbound::{Outbound, bearer};
use jiff::{Timestamp, civil::Date};

use self::look::Look;
pub(super) use self::{
    dialect::{GitHubDialect, quota, refusal as refusal_body},
    pages::Pages,
    permissions::on_the_page,
    refusal::{Refusal, read as read_refusal},
    scopes::Scopes,
    words::About,
};
use crate::{
    AccountForge, CheckAsk, RepositoryPage, Rotated, TokenEnded, TokenGuide,
    diagnose::diagnosis,
    http_client::github_headers,
    probe::{Probes, add, blank_report},
};

/// GitHub, as the keeper of people's tokens sees it: github.com, `*.ghe.com` and Enterprise Servers alike.
#[derive(Debug, Clone)]
pub struct GitHubAccounts {
    outbound: Outbound,
}

impl GitHubAccounts {
    /// Over this client, whose rules say which addresses may be called; nothing is called yet.
    pub fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }

    fn probes<'a>(&'a self, credential: &'a Credential, now: Timestamp) -> Result<Probes<'a>, Diagnosis> {
        let headers = headers(credential)?;
        Ok(Probes::new(
            &self.outbound,
            &GitHubDialect,
            &credential.forge,
            headers,
            now,
        ))
    }
}

/// What goes with every request; or why none is made.
fn headers(credential: &Credential) -> Result<HeaderMap, Diagnosis> {
    if !stands_for_a_person(credential.kind) {
        return Err(wrong_kind(credential));
    }
    bearer_headers(credential)
}

/// What goes with every request, whosoever's token it is.
pub(super) fn bearer_headers(credential: &Credential) -> Result<HeaderMap, Diagnosis> {
    let value = bearer(&credential.token).map_err(|_| {
        diagnosis(
            Code::CredentialDamaged,
            "The token has characters that no HTTP header can carry, so it cannot be whole.",
            "Copy the token again from the page where it was made, without anything around it.",
        )
    })?;
    let mut headers = github_headers();
    headers.insert(header::AUTHORIZATION, value);
    Ok(headers)
}

#[async_trait]
impl AccountForge for GitHubAccounts {
    async fn check(&self, credential: &Credential, ask: &CheckAsk, now: Timestamp) -> CheckReport {
        let report = blank_report(credential.kind, now);
        match self.probes(credential, now) {
            Ok(probes) => Look::new(credential, ask, now, probes, report).run().await,
            Err(wrong) => {
                let mut report = report;
                add(&mut report, wrong);
                report
            }
        }
    }

    async fn list_repositories(
        &self,
        credential: &Credential,
        page: Option<&str>,
        limit: u32,
        now: Timestamp,
    ) -> Result<RepositoryPage, Box<Diagnosis>> {
        let probes = self.probes(credential, now)?;
        list::list(credential, probes, page, limit, now).await.map_err(Box::new)
    }

    async fn rotate(&self, credential: &Credential, _: Option<Date>, _: Timestamp) -> Rotated {
        Rotated::Refused(cannot_rotate(credential))
    }

    async fn end_token(&self, credential: &Credential, now: Timestamp) -> TokenEnded {
        end::end(&self.outbound, credential, now).await
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

fn stands_for_a_person(kind: CredentialKind) -> bool {
    use CredentialKind::{GitHubAppUser, GitHubClassic, GitHubFineGrained, GitHubOAuth};
    matches!(kind, GitHubClassic | GitHubFineGrained | GitHubOAuth | GitHubAppUser)
}

fn wrong_kind(credential: &Credential) -> Diagnosis {
    let new = Pages(&credential.forge).new_token(CredentialKind::GitHubFineGrained);
    Diagnosis {
        url: Some(new.clone()),
        ..diagnosis(
            Code::CredentialWrongKind,
            format!(
                "This is {}, and not a token of a person at GitHub; GitHub was not asked.",
                credential.kind.words()
            ),
            format!("Make a fine-grained personal access token at {new} and store that."),
        )
    }
}

/// GitHub's tokens are renewed by hand, on a page.
fn cannot_rotate(credential: &Credential) -> Diagnosis {
    let kind = credential.kind;
    let page = Pages(&credential.forge).tokens(kind);
    let host = credential.forge.host();
    let remedy = match kind {
        CredentialKind::GitHubOAuth => format!(
            "Run `gh auth refresh --hostname {host}`, and replace the account's token with what `gh auth token --hostname \
             {host}` prints."
        ),
        _ => format!(
            "Sign in as the token's owner, open {page}, click the token and \"Regenerate token\", choose its end, and replace the \
             account's token with the new value. The old value is dead from that click on."
        ),
    };
    Diagnosis {
        url: Some(page),
        ..diagnosis(
            Code::RotationUnsupported,
            format!("GitHub has no way to renew {} over its API.", kind.words()),
            remedy,
        )
    }
}

#[cfg(test)]
mod tests;
