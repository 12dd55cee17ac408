//! Words for what an organisation demands of tokens.

use jeton_domain::{Code, CredentialKind, Diagnosis};

use super::words::About;
use crate::diagnose::diagnosis;

impl About<'_> {
    pub(super) fn sso(&self, org: Option<&str>, url: Option<&str>) -> Diagnosis {
        let org = self.org(org);
        let tokens = self.pages().tokens(self.kind);
        let link = url.and_then(|url| self.pages().own(url));
        let remedy = match (&link, self.kind) {
            (Some(link), CredentialKind::GitHubOAuth) => format!(
                "Sign in as the token's owner and open {link} within an hour; or, at any time, {}",
                self.sign_on_again(org)
            ),
            (Some(link), _) => format!(
                "Sign in as the token's owner and open {link} within an hour; or, at any time, open {tokens}, and authorise \
                 the token for `{org}` with \"Configure SSO\"."
            ),
            (None, CredentialKind::GitHubOAuth) => format!("As the token's owner, {}", self.sign_on_again(org)),
            (None, _) => format!(
                "Sign in as the token's owner and open {tokens}. Click \"Configure SSO\" beside the token, and \
                 \"Authorize\" beside `{org}`."
            ),
        };
        Diagnosis {
            url: Some(link.unwrap_or(tokens)),
            ..diagnosis(
                Code::CredentialSso,
                format!(
                    "The organisation `{org}` wants each token authorised for its single sign-on (SAML), and this one is not."
                ),
                remedy,
            )
        }
    }

    /// How the owner of an OAuth token, which no page lets authorise alone, does it; as a clause.
    pub(super) fn sign_on_again(&self, org: &str) -> String {
        let host = self.forge.host();
        format!(
            "sign in at {}, then run `gh auth refresh --hostname {host}` and replace the account's token with what `gh auth token \
             --hostname {host}` prints.",
            self.pages().repository(&format!("orgs/{org}/sso"))
        )
    }

    /// A list that left organisations out.
    pub(super) fn sso_left_out(&self, orgs: &[String]) -> Diagnosis {
        let tokens = self.pages().tokens(self.kind);
        let names = orgs.join(", ");
        Diagnosis {
            url: Some(tokens.clone()),
            ..diagnosis(
                Code::CredentialSso,
                format!(
                    "GitHub leaves out what belongs to {names}: single sign-on (SAML) is required there, and the token is not \
                     authorised for it."
                ),
                match self.kind {
                    CredentialKind::GitHubOAuth => format!(
                        "If the token shall reach them, as its owner, {}",
                        self.sign_on_again("ORGANISATION")
                    ),
                    _ => format!(
                        "If the token shall reach them, sign in as its owner and open {tokens}; click \"Configure SSO\" beside \
                         the token, and \"Authorize\" beside the organisation."
                    ),
                },
            )
        }
    }

    pub(super) fn lifetime(&self, whose: &str, name: Option<&str>, days: Option<u32>, url: Option<&str>) -> Diagnosis {
        let name = self.org(name);
        let whose = if whose == "enterprise" {
            "enterprise"
        } else {
            "organisation"
        };
        let limit = days.map_or("than it allows".to_owned(), |days| {
            format!("than the {days} days that it allows")
        });
        let own = url.and_then(|url| self.pages().own(url));
        let click = if own.is_some() { "Click" } else { "Click the token and" };
        let page = own.unwrap_or_else(|| self.pages().tokens(self.kind));
        let within = days.map_or(String::new(), |days| format!(" within {days} days"));
        if !matches!(
            self.kind,
            CredentialKind::GitHubClassic | CredentialKind::GitHubFineGrained
        ) {
            let new = self.pages().new_token(CredentialKind::GitHubFineGrained);
            return Diagnosis {
                url: Some(new.clone()),
                ..diagnosis(
                    Code::CredentialLifetime,
                    format!("The {whose} `{name}` refuses the token because it lives longer {limit}."),
                    format!(
                        "Such a token has no end that could be chosen: make a personal access token with an end{within} at {new}, \
                         and replace the account's token with it."
                    ),
                )
            };
        }
        Diagnosis {
            url: Some(page.clone()),
            ..diagnosis(
                Code::CredentialLifetime,
                format!("The {whose} `{name}` refuses the token because it lives longer {limit}."),
                format!(
                    "Sign in as the token's owner and open {page}. {click} \"Regenerate token\", choose an end{within}, and \
                     replace the account's token with the new value."
                ),
            )
        }
    }

    pub(super) fn kind_forbidden(&self, org: Option<&str>) -> Diagnosis {
        let org = self.org(org);
        let pages = self.pages();
        let policy = pages.token_policy(org);
        if self.kind == CredentialKind::GitHubFineGrained {
            return Diagnosis {
                url: Some(policy.clone()),
                ..diagnosis(
                    Code::ForgeForbidden,
                    format!("The organisation `{org}` takes no fine-grained personal access tokens."),
                    format!(
                        "Use a GitHub App instead: jeton mints its tokens. Or an owner of `{org}` can allow fine-grained tokens \
                         at {policy}."
                    ),
                )
            };
        }
        let new = pages.new_token(CredentialKind::GitHubFineGrained);
        if self.kind != CredentialKind::GitHubClassic {
            return Diagnosis {
                url: Some(new.clone()),
                ..diagnosis(
                    Code::ForgeForbidden,
                    format!("The organisation `{org}` does not take {}.", self.kind.words()),
                    format!(
                        "Make a fine-grained token with `{org}` as \"Resource owner\" at {new}, and replace the account's token \
                         with it. Or an owner of `{org}` can allow the application in its settings, under \"Third-party Access\"."
                    ),
                )
            };
        }
        Diagnosis {
            url: Some(new.clone()),
            ..diagnosis(
                Code::CredentialClassicForbidden,
                format!("The organisation `{org}` takes no personal access tokens (classic)."),
                format!(
                    "Make a fine-grained token with `{org}` as \"Resource owner\" at {new}, and replace the account's token \
                     with it. Or an owner of `{org}` can allow classic tokens at {policy}."
                ),
            )
        }
    }

    /// A fine-grained token that sees nothing at all of an organisation.
    pub(super) fn not_approved(&self, org: &str) -> Diagnosis {
        let pages = self.pages();
        let tokens = pages.tokens(CredentialKind::GitHubFineGrained);
        let requests = pages.token_requests(org);
        Diagnosis {
            url: Some(tokens.clone()),
            ..diagnosis(
                Code::CredentialNotApproved,
                format!(
                    "The token sees nothing private of the organisation `{org}`, as is so until an owner approves it, or when \
                     `{org}` is not its resource owner. GitHub does not tell which."
                ),
                format!(
                    "Sign in as the token's owner and open {tokens}. If the token is marked as pending, an owner of `{org}` can \
                     approve it at {requests}. If its \"Resource owner\" is another, make a token for `{org}` at {}. \
                     If neither is so, add the repository to the selected ones with \"Edit\".",
                    pages.new_token(CredentialKind::GitHubFineGrained)
                ),
            )
        }
    }
}
