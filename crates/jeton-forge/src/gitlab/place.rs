//! Where a person makes, sees and changes a token, in the words of GitLab's pages.

use jeton_domain::{CredentialKind, ForgeEndpoint};

/// A token's kind and forge, with the path of its project or group as far as that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) forge: &'a ForgeEndpoint,
    pub(super) kind: CredentialKind,
    pub(super) path: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn new(forge: &'a ForgeEndpoint, kind: CredentialKind) -> Self {
        Self {
            forge,
            kind,
            path: None,
        }
    }

    /// The page with the tokens of this kind; `None` when it lies below a project or group that is not known.
    pub(super) fn page(&self) -> Option<String> {
        let web = self.forge.web_url();
        match self.kind {
            CredentialKind::GitLabProject => self.path.map(|path| format!("{web}/{path}/-/settings/access_tokens")),
            CredentialKind::GitLabGroup => self
                .path
                .map(|path| format!("{web}/groups/{path}/-/settings/access_tokens")),
            _ => Some(personal_page(self.forge)),
        }
    }

    /// Who opens which page, as the beginning of a sentence that goes on with a verb.
    pub(super) fn opens(&self) -> String {
        let host = self.forge.host();
        match (self.kind, self.page()) {
            (CredentialKind::GitLabProject, Some(page)) => format!("A Maintainer or Owner of the project opens {page}"),
            (CredentialKind::GitLabProject, None) => {
                format!("A Maintainer or Owner opens the project on {host} and there \"Settings\", \"Access tokens\"")
            }
            (CredentialKind::GitLabGroup, Some(page)) => format!("An Owner of the group opens {page}"),
            (CredentialKind::GitLabGroup, None) => {
                format!("An Owner opens the group on {host} and there \"Settings\", \"Access tokens\"")
            }
            (_, page) => format!(
                "The token's owner opens {} (\"Edit profile\", \"Access tokens\")",
                page.unwrap_or_default()
            ),
        }
    }

    /// How to put a new token in the place of one that is gone.
    pub(super) fn replace(&self, scopes: &str) -> String {
        format!(
            "{}, uses \"Add new token\" with {scopes} and an end at most a year away, and gives jeton the new token in the \
             place of this one.",
            self.opens()
        )
    }
}

/// Where people make tokens of their own (<https://docs.gitlab.com/user/profile/personal_access_tokens/>).
pub(super) fn personal_page(forge: &ForgeEndpoint) -> String {
    format!("{}/-/user_settings/personal_access_tokens", forge.web_url())
}
