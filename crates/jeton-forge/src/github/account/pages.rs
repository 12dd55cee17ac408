//! The pages of a GitHub where people change what a finding is about.

use jeton_domain::{CredentialKind, ForgeEndpoint};

/// The pages of one GitHub.
#[derive(Debug, Clone, Copy)]
pub(in crate::github) struct Pages<'a>(pub(in crate::github) &'a ForgeEndpoint);

impl Pages<'_> {
    fn at(self, path: &str) -> String {
        format!("{}{path}", self.0.web_url())
    }

    /// Where the owner of a token of this kind sees it.
    pub(in crate::github) fn tokens(self, kind: CredentialKind) -> String {
        match kind {
            CredentialKind::GitHubFineGrained => self.at("/settings/personal-access-tokens"),
            CredentialKind::GitHubOAuth => self.at("/settings/applications"),
            CredentialKind::GitHubAppUser => self.at("/settings/apps/authorizations"),
            _ => self.at("/settings/tokens"),
        }
    }

    /// Where a token of this kind is made.
    pub(in crate::github) fn new_token(self, kind: CredentialKind) -> String {
        match kind {
            CredentialKind::GitHubClassic => self.at("/settings/tokens/new"),
            CredentialKind::GitHubFineGrained => self.at("/settings/personal-access-tokens/new"),
            _ => self.tokens(kind),
        }
    }

    /// Where an organisation says which personal access tokens it takes.
    pub(in crate::github) fn token_policy(self, org: &str) -> String {
        self.at(&format!("/organizations/{org}/settings/personal-access-tokens"))
    }

    /// Where an organisation approves fine-grained tokens.
    pub(in crate::github) fn token_requests(self, org: &str) -> String {
        self.at(&format!("/organizations/{org}/settings/personal-access-token-requests"))
    }

    /// Where an organisation lists the addresses that it lets in.
    pub(in crate::github) fn ip_allow_list(self, org: &str) -> String {
        self.at(&format!("/organizations/{org}/settings/security"))
    }

    /// Where a repository says who may do what.
    pub(in crate::github) fn access(self, repository: &str) -> String {
        self.at(&format!("/{repository}/settings/access"))
    }

    /// A page.
    pub(in crate::github) fn repository(self, repository: &str) -> String {
        self.at(&format!("/{repository}"))
    }

    /// A link that GitHub itself gave, if it leads to this GitHub or to github.com, where single sign-on lives: what comes in a header is
    /// shown to people as a link.
    pub(in crate::github) fn own(self, link: &str) -> Option<String> {
        let webs = [self.0.web_url(), "https://github.com"];
        webs.iter().find_map(|web| crate::clean::link_below(web, link))
    }
}
