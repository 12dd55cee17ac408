//! Every finding about a Bitbucket token, in words that its owner can act on. Nothing here decides anything.

use jeton_domain::{Code, Credential, CredentialKind, Diagnosis};

use crate::diagnose::diagnosis;

/// Where people make API tokens (<https://support.atlassian.com/bitbucket-cloud/docs/create-an-api-token/>).
pub(super) const API_TOKENS: &str = "https://id.atlassian.com/manage-profile/security/api-tokens";

/// Where people see the e-mail address of their Atlassian account.
const EMAIL: &str = "https://id.atlassian.com/manage-profile/email";

const SAME_SCOPES: &str = "the same scopes as before";

/// A token's kind, with its repository as far as that is known.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    pub(super) web_url: &'a str,
    pub(super) kind: CredentialKind,
    pub(super) repository: Option<&'a str>,
}

impl<'a> Place<'a> {
    pub(super) fn new(credential: &'a Credential, kind: CredentialKind) -> Self {
        Self {
            web_url: credential.forge.web_url(),
            kind,
            repository: None,
        }
    }

    fn is_api_token(&self) -> bool {
        matches!(
            self.kind,
            CredentialKind::BitbucketApiToken | CredentialKind::BitbucketAppPassword
        )
    }

    /// Who sees what Bitbucket asks for: nobody signs in as an access token.
    fn person(&self) -> &'static str {
        if self.is_api_token() {
            "the token's owner"
        } else {
            "an administrator of what the token belongs to"
        }
    }

    /// The page with the tokens of this kind; `None` when it lies below something that is not known.
    pub(super) fn page(&self) -> Option<String> {
        if self.is_api_token() {
            return Some(API_TOKENS.to_owned());
        }
        let (web, repository) = (self.web_url, self.repository?);
        let workspace = repository.split('/').next().unwrap_or(repository);
        match self.kind {
            CredentialKind::BitbucketWorkspace => Some(format!("{web}/{workspace}/workspace/settings/access-tokens")),
            CredentialKind::BitbucketProject => None,
            _ => Some(format!("{web}/{repository}/admin/access-tokens")),
        }
    }

    /// How to put a new token in the place of one that is gone.
    pub(super) fn replace(&self, scopes: &str) -> String {
        let (who, settings) = match self.kind {
            CredentialKind::BitbucketApiToken | CredentialKind::BitbucketAppPassword => {
                return format!(
                    "The owner opens {API_TOKENS}, uses \"Create API token with scopes\", chooses Bitbucket and {scopes}, and gives \
                     jeton the new token in the place of this one, with the e-mail address of the Atlassian account. Note its end \
                     (a year at most): Bitbucket tells it to no program."
                );
            }
            CredentialKind::BitbucketProject => (
                "an administrator of the project",
                "the project's settings, \"Access tokens\"",
            ),
            CredentialKind::BitbucketWorkspace => (
                "an administrator of the workspace",
                "the workspace's settings, \"Access tokens\"",
            ),
            CredentialKind::BitbucketRepository => (
                "an administrator of the repository",
                "\"Repository settings\", \"Access tokens\"",
            ),
            _ => (
                "an administrator of the repository, project or workspace that it belongs to",
                "its settings, \"Access tokens\"",
            ),
        };
        let page = self.page().map(|page| format!(" ({page})")).unwrap_or_default();
        format!(
            "Ask {who} to open {settings}{page}, to use \"Create access token\" with {scopes}, and to give jeton the new token in the place of \
             this one."
        )
    }
}

fn at_page(place: &Place<'_>, code: Code, cause: impl Into<String>, remedy: impl Into<String>) -> Diagnosis {
    Diagnosis {
        url: place.page(),
        ..diagnosis(code, cause, remedy)
    }
}

/// An app password, which is told before anything is sent.
pub(super) fn app_password(place: &Place<'_>) -> Diagnosis {
    let place = Place {
        kind: CredentialKind::BitbucketApiToken,
        ..*place
    };
    at_page(
        &place,
        Code::CredentialAppPassword,
        "This is a Bitbucket app password, and Bitbucket has taken none since 2026-07-28. It was sent nowhere.",
        format!(
            "Use an API token instead. {}",
            place.replace("the scopes that are needed")
        ),
    )
}

/// No e-mail address, told before anything is sent.
pub(super) fn no_email(username: Option<&str>) -> Diagnosis {
    let besides = match username {
        Some(name) if name.contains('@') => {
            "; the one that stands in the account as user name belongs in the account's e-mail".to_owned()
        }
        Some(name) => format!("; the user name `{}` is for git alone", crate::clean::clean(name)),
        None => String::new(),
    };
    Diagnosis {
        url: Some(EMAIL.to_owned()),
        ..diagnosis(
            Code::CredentialUsername,
            format!(
                "Bitbucket's REST API takes an API token together with the e-mail address of its owner's Atlassian account, and none is \
                 given{besides}. Bitbucket was not asked."
            ),
            format!("Add the e-mail address to the account; {EMAIL} shows which one it is."),
        )
    }
}

/// A user name where the e-mail address belongs, told before anything is sent.
pub(super) fn not_an_email(given: &str) -> Diagnosis {
    Diagnosis {
        url: Some(EMAIL.to_owned()),
        ..diagnosis(
            Code::CredentialUsername,
            format!(
                "`{}` is no e-mail address. Bitbucket's REST API takes an API token together with the e-mail address of its owner's \
                 Atlassian account; the Bitbucket user name is for git alone. Bitbucket was not asked.",
                crate::clean::clean(given)
            ),
            format!(
                "Put the e-mail address in its place; {EMAIL} shows which one it is. The user name can stay in the account for git."
            ),
        )
    }
}

/// 401 to an e-mail address with an API token.
pub(super) fn wrong_pair(place: &Place<'_>, email: &str) -> Diagnosis {
    at_page(
        place,
        Code::CredentialInvalid,
        format!(
            "Bitbucket does not take this token together with the e-mail address `{}`, and does not tell why: the token may be wrong, \
             expired or revoked, it may have been made without scopes for Bitbucket, or the address may not be its owner's.",
            crate::clean::clean(email)
        ),
        format!(
            "First compare the e-mail address with {EMAIL}: it must be the one of the Atlassian account that made the token. Then look at \
             {API_TOKENS} whether the token is still there, has not expired, and is one with scopes for Bitbucket. If not: {}",
            lower_first(&place.replace(SAME_SCOPES))
        ),
    )
}

/// 401 to an access token at a repository, or to any token in other words.
pub(super) fn unusable(place: &Place<'_>) -> Diagnosis {
    at_page(
        place,
        Code::CredentialInvalid,
        format!(
            "Bitbucket does not take the token ({}); it does not tell apart one that is wrong, has expired or was revoked.",
            place.kind.words()
        ),
        format!(
            "Check that the token was copied whole. If it was, it is gone for good. {}",
            place.replace(SAME_SCOPES)
        ),
    )
}

/// The end has come.
pub(super) fn expired(place: &Place<'_>) -> Diagnosis {
    at_page(
        place,
        Code::CredentialExpired,
        "The token has expired, and Bitbucket takes it no more.",
        format!(
            "An expired token cannot be brought back. {}",
            place.replace(SAME_SCOPES)
        ),
    )
}

/// Nothing was asked that an access token may surely ask.
pub(super) fn name_a_repository(place: &Place<'_>) -> Diagnosis {
    diagnosis(
        Code::CredentialNotVisible,
        "A Bitbucket access token belongs to a repository, a project or a workspace, and no call tells to which. What could be asked \
         without knowing that brought no clear word: this says nothing about the token, which is taken to be as it was.",
        format!(
            "Name a repository that the token reaches ({}/WORKSPACE/REPOSITORY in the browser): `jeton account update LABEL --serves \
             WORKSPACE/REPOSITORY` keeps it with the account, `--repository` names it for one test. Then test again.",
            place.web_url
        ),
    )
}

/// A list of what an access token reaches, which there is not.
pub(super) fn cannot_list() -> Diagnosis {
    diagnosis(
        Code::ForgeForbidden,
        "Bitbucket lists repositories by workspace, and no call tells to which one an access token belongs.",
        "Name the repository that you want, as `workspace/repository`; or use an API token, whose workspaces Bitbucket lists.",
    )
}

/// 403 for want of scopes.
pub(super) fn scope(place: &Place<'_>, missing: &[String], what: &str) -> Diagnosis {
    let names = quoted(missing);
    let note = if place.is_api_token() {
        " For API tokens, writing does not include reading: each is a scope of its own."
    } else {
        ""
    };
    at_page(
        place,
        Code::CredentialScope,
        format!("The token lacks {names}, wanted for {what}.{note}"),
        format!(
            "The scopes of a Bitbucket token cannot be changed afterwards. {}",
            place.replace(&format!("{names} besides the scopes it has"))
        ),
    )
}

/// 403 without a word on scopes, or a role that is too small.
pub(super) fn role(place: &Place<'_>, repository: &str, wanted: &str, what: &str) -> Diagnosis {
    Diagnosis {
        url: Some(format!("{}/{repository}/admin/permissions", place.web_url)),
        ..diagnosis(
            Code::CredentialRole,
            format!("The token's owner needs {wanted} access to `{repository}` for {what}, and has less."),
            format!(
                "An administrator of `{repository}` opens \"Repository settings\", \"Repository permissions\" and gives the owner {wanted} \
                 access; the token itself can stay."
            ),
        )
    }
}

/// 403 in words of its own.
pub(super) fn forbidden(place: &Place<'_>, said: &str) -> Diagnosis {
    diagnosis(
        Code::ForgeForbidden,
        format!("Bitbucket knows the token and refuses: {}.", words(said)),
        format!(
            "Open {} in a browser as {} and see what Bitbucket asks for. If the workspace lets only certain addresses in, its \
             administrator adds the address of this server (\"Workspace settings\", \"Access controls\"); if it asks for two-step \
             verification, the owner switches that on.",
            place.web_url,
            place.person()
        ),
    )
}

/// 404.
pub(super) fn not_visible(place: &Place<'_>, repository: &str) -> Diagnosis {
    let member = if place.is_api_token() {
        format!(
            "An administrator of `{repository}` gives the token's owner access under \"Repository settings\", \"Repository permissions\"."
        )
    } else {
        "An access token reaches what it belongs to and nothing else: make one in this repository, its project or its workspace.".to_owned()
    };
    Diagnosis {
        url: Some(format!("{}/{repository}", place.web_url)),
        ..diagnosis(
            Code::CredentialNotVisible,
            format!(
                "There is no repository `{repository}`, or this token may not see it: Bitbucket answers both alike."
            ),
            format!("Check how workspace and repository are written, as they stand in the browser's address. {member}"),
        )
    }
}

/// A refusal that is not known.
pub(super) fn odd(place: &Place<'_>, said: &str) -> Diagnosis {
    diagnosis(
        Code::ForgeForbidden,
        format!(
            "Bitbucket refuses, in words that its documentation does not explain: {}.",
            words(said)
        ),
        format!(
            "Try again later. If it stays, look for the words at https://developer.atlassian.com/cloud/bitbucket/changelog/, and open {} in a \
             browser to see whether Bitbucket asks {} for something. This says nothing about the token, which is taken to be as it was.",
            place.web_url,
            place.person()
        ),
    )
}

/// Without `read:user:bitbucket`.
pub(super) fn nameless(place: &Place<'_>) -> Diagnosis {
    let scope = ["read:user:bitbucket".to_owned()];
    self::scope(
        place,
        &scope,
        "telling whose the token is, without which jeton cannot make sure that a new token is of the same owner",
    )
}

/// A renewal, which Bitbucket has no API for.
pub(super) fn cannot_rotate(place: &Place<'_>) -> Diagnosis {
    at_page(
        place,
        Code::RotationUnsupported,
        "Bitbucket has no API by which a token could renew itself; people make new ones by hand.",
        place.replace(SAME_SCOPES),
    )
}

/// Ending a token, which Bitbucket has no API for.
pub(super) fn cannot_end(place: &Place<'_>) -> Diagnosis {
    let (cause, remedy) = match place.kind {
        CredentialKind::BitbucketAppPassword => (
            "Bitbucket has no API by which an app password could be ended.",
            "Nothing has to be done: Bitbucket has taken no app password since 2026-07-28.".to_owned(),
        ),
        CredentialKind::BitbucketApiToken => (
            "Atlassian has no API by which an API token could end itself; its owner revokes it by hand.",
            format!("The owner opens {API_TOKENS} and uses \"Revoke\" beside the old token. Until then it works on."),
        ),
        _ => {
            let page = place.page().map(|page| format!(" ({page})")).unwrap_or_default();
            let holder = match place.kind {
                CredentialKind::BitbucketRepository => "the repository",
                CredentialKind::BitbucketProject => "the project",
                CredentialKind::BitbucketWorkspace => "the workspace",
                _ => "the repository, project or workspace that it belongs to",
            };
            (
                "Bitbucket has no API by which an access token could end itself; an administrator revokes it by hand.",
                format!(
                    "An administrator of {holder} opens its settings, \"Access tokens\"{page}, and revokes the old token there. Until then \
                     it works on."
                ),
            )
        }
    };
    at_page(place, Code::OldTokenUnsupported, cause, remedy)
}

/// Bitbucket's words, to stand before a full stop.
pub(super) fn words(said: &str) -> &str {
    match said.trim_end_matches(['.', ' ']) {
        "" => "it does not say why",
        words => words,
    }
}

/// `a` and `b`.
fn quoted(names: &[String]) -> String {
    if names.is_empty() {
        return "a scope that Bitbucket does not name".to_owned();
    }
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(" and ")
}

fn lower_first(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars
        .next()
        .map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

#[cfg(test)]
#[path = "advice_tests.rs"]
mod tests;
