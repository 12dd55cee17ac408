//! Refusals as findings: cause and remedy in words for the kind of token and the GitHub that it is for.

use jeton_domain::{Code, CredentialKind, Diagnosis, ForgeEndpoint};
use jiff::{SignedDuration, Timestamp};

use super::{pages::Pages, permissions::on_the_page, refusal::Refusal};
use crate::diagnose::{diagnosis, seconds};

/// For how long GitHub is left alone after a lockout; it names no time.
const LOCKOUT: SignedDuration = SignedDuration::from_hours(1);

/// What a refusal was about.
#[derive(Debug, Clone, Copy)]
pub(in crate::github) struct About<'a> {
    pub(in crate::github) kind: CredentialKind,
    pub(in crate::github) forge: &'a ForgeEndpoint,
    /// The owner whose thing was asked for.
    pub(in crate::github) owner: Option<&'a str>,
    /// `acme/tools`, when it was a repository.
    pub(in crate::github) repository: Option<&'a str>,
    /// GitHub's own words.
    pub(in crate::github) said: Option<&'a str>,
    pub(in crate::github) known_end: Option<Timestamp>,
    pub(in crate::github) now: Timestamp,
}

impl<'a> About<'a> {
    pub(super) fn pages(&self) -> Pages<'a> {
        Pages(self.forge)
    }

    pub(super) fn org<'o>(&'o self, named: Option<&'o str>) -> &'o str {
        named.or(self.owner).unwrap_or("ORGANISATION")
    }

    fn thing(&self) -> String {
        match (self.repository, self.owner) {
            (Some(repository), _) => format!("the repository `{repository}`"),
            (None, Some(owner)) => format!("`{owner}`"),
            (None, None) => "what was asked for".to_owned(),
        }
    }

    /// The finding.
    pub(in crate::github) fn explain(&self, refusal: &Refusal) -> Diagnosis {
        let host = self.forge.host();
        let pages = self.pages();
        let tokens = pages.tokens(self.kind);
        match refusal {
            Refusal::BadCredentials => self.bad_credentials(),
            Refusal::NoCredential => diagnosis(
                Code::ForgeGarbled,
                format!("GitHub ({host}) says that the request came without a token, though one was sent."),
                format!(
                    "Something between jeton and {host} takes the `Authorization` header away: look at the proxies on the \
                     way. This says nothing about the token."
                ),
            ),
            Refusal::OneTimePassword => Diagnosis {
                url: Some(pages.new_token(CredentialKind::GitHubFineGrained)),
                ..diagnosis(
                    Code::CredentialNotAToken,
                    "GitHub asks for a one-time code, as it does for a password and never for a token.",
                    format!(
                        "Make a token at {} and store it instead.",
                        pages.new_token(CredentialKind::GitHubFineGrained)
                    ),
                )
            },
            Refusal::LockedOut => {
                let until = self.now.checked_add(LOCKOUT).unwrap_or(self.now);
                Diagnosis {
                    retry_at: Some(until),
                    ..diagnosis(
                        Code::CredentialLocked,
                        format!(
                            "GitHub ({host}) refuses even good tokens from here for a while, because there were too many \
                             bad ones."
                        ),
                        format!(
                            "Find the program that goes on using a dead token (it uses the same person's name or this \
                             machine's address) and stop it. jeton asks again after {}. This says nothing about the token.",
                            seconds(until)
                        ),
                    )
                }
            }
            Refusal::AccountSuspended => diagnosis(
                Code::CredentialInvalid,
                format!("GitHub ({host}) has suspended the account of the token's owner."),
                "Ask an administrator of that GitHub (on github.com its support, https://support.github.com) to lift the \
                 suspension, or store a token of somebody else.",
            ),
            Refusal::Sso { org, url } => self.sso(org.as_deref(), url.as_deref()),
            Refusal::IpAllowList { org } => {
                let org = self.org(org.as_deref());
                Diagnosis {
                    url: Some(pages.ip_allow_list(org)),
                    ..diagnosis(
                        Code::CredentialIp,
                        format!(
                            "The organisation `{org}` lets in only addresses of its IP allow list, and the address of the \
                             machine that runs jeton is not on it. The token itself is taken."
                        ),
                        format!(
                            "An owner of `{org}` can add the address by which this machine reaches the Internet at {} \
                             (under \"IP allow list\").",
                            pages.ip_allow_list(org)
                        ),
                    )
                }
            }
            Refusal::Lifetime { whose, name, days, url } => {
                self.lifetime(whose, name.as_deref(), *days, url.as_deref())
            }
            Refusal::KindForbidden { org } => self.kind_forbidden(org.as_deref()),
            Refusal::Missing { wanted } => self.missing(wanted),
            Refusal::Role => self.role("a larger one", "GitHub does not say which"),
            Refusal::NotGitHub => diagnosis(
                Code::ForgeGarbled,
                format!(
                    "What answers at {} does not answer as GitHub does.",
                    self.forge.api_url()
                ),
                "Check the forge's address and kind: the address is the one that you see in the browser, such as \
                 https://github.com or that of your Enterprise Server. This says nothing about the token.",
            ),
            Refusal::NotVisible { wanted } => self.not_visible(wanted),
            Refusal::Other => Diagnosis {
                url: Some(tokens.clone()),
                ..diagnosis(
                    Code::ForgeForbidden,
                    format!(
                        "GitHub ({host}) refuses {}: {}",
                        self.thing(),
                        self.said.unwrap_or("without a reason")
                    ),
                    format!("GitHub's own words say why. What the token may do is shown at {tokens}."),
                )
            },
        }
    }

    fn bad_credentials(&self) -> Diagnosis {
        let host = self.forge.host();
        let tokens = self.pages().tokens(self.kind);
        let renew = match self.kind {
            CredentialKind::GitHubClassic => format!(
                "Sign in as the token's owner and open {tokens}. If the token is listed, click its name and \"Regenerate \
                 token\": it keeps its scopes. If it is not, make another at {}.",
                self.pages().new_token(self.kind)
            ),
            CredentialKind::GitHubFineGrained => format!(
                "Sign in as the token's owner and open {tokens}. If the token is listed, click its name and \"Regenerate \
                 token\": it keeps its permissions and repositories. If it is not, make another at {}.",
                self.pages().new_token(self.kind)
            ),
            _ => format!(
                "Run `gh auth login --hostname {host}` again, and take what `gh auth token --hostname {host}` prints."
            ),
        };
        let renew = format!("{renew} Then replace the account's token with the new value.");
        let ended = self.known_end.filter(|end| *end <= self.now);
        let (code, cause, more) = match ended {
            Some(end) => (
                Code::CredentialExpired,
                format!("The token ended on {}, and GitHub ({host}) refuses it.", seconds(end)),
                "",
            ),
            None => (
                Code::CredentialInvalid,
                format!(
                    "GitHub ({host}) refuses the token (\"{}\"). It does not say whether the token is wrong, has expired or was \
                     revoked.",
                    self.said.unwrap_or("Bad credentials").trim_end_matches('.')
                ),
                " GitHub itself revokes tokens that were pushed to a public repository, and those unused for a year.",
            ),
        };
        Diagnosis {
            url: Some(tokens),
            ..diagnosis(code, cause, format!("{renew}{more}"))
        }
    }

    fn missing(&self, wanted: &[Vec<String>]) -> Diagnosis {
        let together = |all: &Vec<String>| all.iter().map(|one| on_the_page(one)).collect::<Vec<_>>().join(" and ");
        let all = wanted.iter().map(together).collect::<Vec<_>>().join(", or ");
        let lacks = if all.is_empty() {
            "a permission that GitHub does not name".to_owned()
        } else {
            all
        };
        self.scope(&lacks, &self.thing())
    }

    /// The token lacks scopes or permissions. `lacks` and `what` are parts of a sentence.
    pub(super) fn scope(&self, lacks: &str, what: &str) -> Diagnosis {
        let tokens = self.pages().tokens(self.kind);
        let remedy = match self.kind {
            CredentialKind::GitHubFineGrained => format!(
                "Sign in as the token's owner, open {tokens}, click the token and \"Edit\", add {lacks} under \"Permissions\", \
                 check that the repository is among those selected, and click \"Update\". The token's value stays the same. \
                 An organisation may have to approve the change."
            ),
            CredentialKind::GitHubOAuth => format!(
                "Run `gh auth refresh --hostname {} --scopes SCOPE` with {lacks} for SCOPE, and replace the account's token \
                 with what `gh auth token` prints.",
                self.forge.host()
            ),
            CredentialKind::GitHubAppUser => {
                "The permissions are those of the GitHub App and of its installation; an owner of the App can add them."
                    .to_owned()
            }
            _ => format!(
                "Sign in as the token's owner, open {tokens}, click the token, tick {lacks}, and click \"Update token\". The \
                 token's value stays the same."
            ),
        };
        Diagnosis {
            url: Some(tokens),
            ..diagnosis(
                Code::CredentialScope,
                format!("The token lacks {lacks}, which is needed for {what}."),
                remedy,
            )
        }
    }

    /// The person, not the token, may too little. Both are parts of a sentence.
    pub(super) fn role(&self, needed: &str, has: &str) -> Diagnosis {
        let page = self.repository.map(|repository| self.pages().access(repository));
        let place = page
            .as_deref()
            .unwrap_or("the settings of the repository or organisation");
        Diagnosis {
            url: page.clone(),
            ..diagnosis(
                Code::CredentialRole,
                format!(
                    "The role of the token's owner on {} is too small: {needed} is needed, and {has}.",
                    self.thing()
                ),
                format!(
                    "Somebody with the role admin there can give the owner of the token a larger one at {place}. A new token \
                     of the same person would not help."
                ),
            )
        }
    }

    fn not_visible(&self, wanted: &[String]) -> Diagnosis {
        let thing = self.thing();
        let tokens = self.pages().tokens(self.kind);
        let reason = match self.kind {
            CredentialKind::GitHubFineGrained => format!(
                "Check how the name is written. Then sign in as the token's owner, open {tokens} and click the token: its \
                 \"Resource owner\" must be `{}`, and the repository must be among the selected ones (\"Edit\" changes that).",
                self.org(None)
            ),
            CredentialKind::GitHubOAuth if !wanted.is_empty() => format!(
                "Check how the name is written. A private repository needs the scope `{0}`: run `gh auth refresh --hostname {1} \
                 --scopes {2}`, and replace the account's token with what `gh auth token --hostname {1}` prints.",
                wanted.join("` or `"),
                self.forge.host(),
                wanted.first().map_or("repo", String::as_str)
            ),
            CredentialKind::GitHubOAuth => format!(
                "Check how the name is written, and that the token's owner sees {thing} in the browser. If the organisation uses \
                 single sign-on, {}",
                self.sign_on_again("ORGANISATION")
            ),
            _ if !wanted.is_empty() => format!(
                "Check how the name is written. A private repository needs the scope `{}`: sign in as the token's owner, open \
                 {tokens}, click the token, tick it, and click \"Update token\".",
                wanted.join("` or `")
            ),
            _ => format!(
                "Check how the name is written, and that the token's owner sees {thing} in the browser. If the organisation \
                 uses single sign-on, open {tokens} and authorise the token for it with \"Configure SSO\"."
            ),
        };
        Diagnosis {
            url: Some(tokens),
            ..diagnosis(
                Code::CredentialNotVisible,
                format!(
                    "GitHub shows this token nothing under {thing}: it does not exist, or the token may not see it."
                ),
                reason,
            )
        }
    }

    /// The repository has another name now.
    pub(super) fn moved(&self) -> Diagnosis {
        let thing = self.thing();
        let page = self.repository.map(|repository| self.pages().repository(repository));
        let place = page.as_deref().unwrap_or(self.forge.web_url());
        Diagnosis {
            url: page.clone(),
            ..diagnosis(
                Code::CredentialNotVisible,
                format!("GitHub says that {thing} was renamed or moved to another owner."),
                format!("Open {place} in the browser, which leads to its new name, and use that name."),
            )
        }
    }
}

#[cfg(test)]
#[path = "words_tests.rs"]
mod tests;
