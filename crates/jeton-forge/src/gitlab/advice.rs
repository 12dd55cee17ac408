//! Every finding about a GitLab token, in words that its owner can act on. Nothing here decides anything.

use jeton_domain::{Code, CredentialKind, Diagnosis};

use super::place::{Place, personal_page};

const SAME_SCOPES: &str = "the same scopes as before";

fn diagnosis(code: Code, cause: String, remedy: String, url: Option<String>) -> Diagnosis {
    Diagnosis {
        url,
        ..crate::diagnose::diagnosis(code, cause, remedy)
    }
}

/// 401 `401 Unauthorized`.
pub(super) fn unknown(at: &Place<'_>) -> Diagnosis {
    let host = at.forge.host();
    diagnosis(
        Code::CredentialInvalid,
        format!(
            "{host} does not know this token. GitLab says so of a token that was deleted, that was cut or mistyped when it was \
             copied, or that belongs to another GitLab; of one that has expired or was revoked it would say that."
        ),
        format!(
            "Check that the token is one of {host} and was copied whole. If it was, it is gone for good: {}",
            lower_first(&at.replace(SAME_SCOPES))
        ),
        at.page(),
    )
}

/// 401 `Token is expired.`
pub(super) fn expired(at: &Place<'_>) -> Diagnosis {
    diagnosis(
        Code::CredentialExpired,
        format!("{} says that the token has expired.", at.forge.host()),
        format!("An expired token cannot be brought back. {}", at.replace(SAME_SCOPES)),
        at.page(),
    )
}

/// 401 `Token was revoked.`
pub(super) fn revoked(at: &Place<'_>) -> Diagnosis {
    diagnosis(
        Code::CredentialRevoked,
        format!(
            "{} says that the token was revoked: by a person, because a new one took its place in a rotation, or because somebody \
             tried to rotate one of its predecessors again.",
            at.forge.host()
        ),
        format!(
            "Find out first whether somebody else keeps and rotates the same token; then each needs one of their own. {}",
            at.replace(SAME_SCOPES)
        ),
        at.page(),
    )
}

/// 401 `Token is an impersonation token but impersonation was disabled.`
pub(super) fn impersonation(at: &Place<'_>) -> Diagnosis {
    diagnosis(
        Code::ForgeForbidden,
        format!(
            "The token is an impersonation token, which an administrator made in the name of a user, and {} has impersonation \
             switched off.",
            at.forge.host()
        ),
        format!(
            "Use a personal access token that the user made: {} Or an administrator of that GitLab switches impersonation on \
             again (`impersonation_enabled` in its configuration file).",
            lower_first(&at.replace("the scopes that are needed"))
        ),
        at.page(),
    )
}

/// 401 `dpop_error`.
pub(super) fn proof(at: &Place<'_>) -> Diagnosis {
    let host = at.forge.host();
    diagnosis(
        Code::CredentialProof,
        format!(
            "The token's owner has switched on Demonstrating Proof of Possession (DPoP) on {host}: each request has to be signed \
             with the owner's SSH key, which jeton does not have."
        ),
        format!(
            "The owner opens {} on {host} and switches it off under \"Use Demonstrating Proof of Possession\"; or use a project or \
             group access token, to which it does not apply.",
            personal_page(at.forge)
        ),
        at.page(),
    )
}

/// 403 `insufficient_scope`, with the scopes of which one would have done.
pub(super) fn scope(at: &Place<'_>, accepted: &[String], what: &str) -> Diagnosis {
    let wanted = any_of(accepted);
    diagnosis(
        Code::CredentialScope,
        format!(
            "The token lacks the scope {wanted}, which {} wants for {what}.",
            at.forge.host()
        ),
        format!(
            "The scopes of a GitLab token cannot be changed afterwards. {}",
            at.replace(&format!("the scope {wanted} besides those it has"))
        ),
        at.page(),
    )
}

/// The user's or bot's role is too small.
pub(super) fn role(at: &Place<'_>, project: Option<&str>, wanted: &str, what: &str) -> Diagnosis {
    let place = project.map_or_else(|| "the project".to_owned(), |path| format!("`{path}`"));
    let remedy = match at.kind {
        CredentialKind::GitLabProject | CredentialKind::GitLabGroup => format!(
            "The role of {} is chosen when it is made. {}",
            at.kind.words(),
            at.replace(&format!("the role {wanted} and {SAME_SCOPES}"))
        ),
        _ => format!(
            "A Maintainer or Owner of {place} gives the token's owner the role {wanted} there, under \"Manage\", \"Members\"; the \
             token itself can stay."
        ),
    };
    let url = match at.kind {
        CredentialKind::GitLabProject | CredentialKind::GitLabGroup => at.page(),
        _ => project.map(|path| format!("{}/{path}/-/project_members", at.forge.web_url())),
    };
    diagnosis(
        Code::CredentialRole,
        format!("GitLab wants at least the role {wanted} on {place} for {what}."),
        remedy,
        url,
    )
}

/// 403 that says nothing of scopes on a call for which any token will do.
pub(super) fn forbidden(at: &Place<'_>, said: &str) -> Diagnosis {
    diagnosis(
        Code::ForgeForbidden,
        format!("{} knows the token and lets its user do nothing: {}.", at.forge.host(), words(said)),
        match at.kind {
            // nobody signs in as a bot
            CredentialKind::GitLabProject | CredentialKind::GitLabGroup => "An Owner of the group looks whether it lets only certain \
                 addresses in (\"Settings\", \"General\", \"Permissions and group features\"); an administrator of that GitLab looks \
                 whether the bot user behind the token is blocked."
                .to_owned(),
            _ => "Sign in there as the token's owner and see what GitLab asks for: terms to accept, a password to change, or a \
                 second factor. If the account is blocked or deactivated, or if the group lets only certain addresses in \
                 (\"Settings\", \"General\", \"Permissions and group features\"), an administrator or an owner of the group has to \
                 change that."
                .to_owned(),
        },
        Some(at.forge.web_url().to_owned()),
    )
}

/// 403 to something in a project without a word on why.
pub(super) fn forbidden_there(at: &Place<'_>, project: &str, what: &str, said: &str) -> Diagnosis {
    diagnosis(
        Code::CredentialRole,
        format!(
            "GitLab refuses {what} on `{project}`: {}. The token's user has too small a role there, or the feature is switched off.",
            words(said)
        ),
        format!(
            "A Maintainer or Owner of `{project}` looks at \"Manage\", \"Members\" for the role of the token's user, and at \
             \"Settings\", \"General\", \"Visibility, project features, permissions\" for what is switched off."
        ),
        Some(format!("{}/{project}/-/project_members", at.forge.web_url())),
    )
}

/// 404 `404 Project Not Found`.
pub(super) fn not_visible(at: &Place<'_>, project: &str) -> Diagnosis {
    let host = at.forge.host();
    let member = match at.kind {
        CredentialKind::GitLabProject => {
            "A project access token reaches its own project and no other private one: make one in that project."
                .to_owned()
        }
        CredentialKind::GitLabGroup => {
            "A group access token reaches the projects of its own group: make one in the group that holds the project."
                .to_owned()
        }
        _ => format!("A Maintainer or Owner of `{project}` adds the token's owner under \"Manage\", \"Members\"."),
    };
    diagnosis(
        Code::CredentialNotVisible,
        format!(
            "There is no project `{project}` on {host}, or this token's user may not see it: GitLab answers both alike."
        ),
        format!(
            "Check how the project is written, with all its groups. {member} If its group asks for single sign-on or lets only \
             certain addresses in, sign in there once as the owner, or have the address of this server added."
        ),
        Some(format!("{}/{project}", at.forge.web_url())),
    )
}

/// What to do when something else answers where the API should be: the wording of the cause is the same for all forges.
pub(super) fn check_base_url(at: &Place<'_>) -> String {
    let (api, page) = (at.forge.api_url(), personal_page(at.forge));
    format!(
        "Open {page} in a browser: if that is not GitLab's page, the account's base URL is wrong; give the one that stands before \
         `/-/` on GitLab's own pages, with its path if it has one. If it is, something in front of GitLab asks visitors to sign in or \
         sends them elsewhere: let {api} through to GitLab for this server. This says nothing about the token, which is taken to be as \
         it was."
    )
}

/// A refusal that GitLab's documentation does not know.
pub(super) fn odd(at: &Place<'_>, said: &str) -> Diagnosis {
    diagnosis(
        Code::ForgeForbidden,
        format!(
            "{} refuses, in words that its documentation does not explain: {}.",
            at.forge.host(),
            words(said)
        ),
        check_base_url(at),
        None,
    )
}

/// 404 on a route that every GitLab since 15.5 has.
pub(super) fn too_old(at: &Place<'_>) -> Diagnosis {
    diagnosis(
        Code::ForgeGarbled,
        format!(
            "{} is older than GitLab 15.5 (2022-10): it cannot tell a token's scopes and end.",
            at.forge.host()
        ),
        "An administrator updates that GitLab. Until then jeton can use the token, and cannot warn before it ends: write its end \
         down where you made it."
            .to_owned(),
        None,
    )
}

/// An OAuth token, or another that is no access token.
pub(super) fn wrong_kind(at: &Place<'_>) -> Diagnosis {
    diagnosis(
        Code::CredentialWrongKind,
        format!(
            "{} takes the token, and says that it is no personal, project or group access token: most likely an OAuth token, which \
             lives two hours.",
            at.forge.host()
        ),
        Place::new(at.forge, CredentialKind::GitLabPersonal).replace("the scopes that are needed"),
        Some(personal_page(at.forge)),
    )
}

/// A deploy, runner, job or other token, which is told before anything is sent.
pub(super) fn special_purpose(at: &Place<'_>) -> Diagnosis {
    diagnosis(
        Code::CredentialWrongKind,
        format!(
            "This is {}, which opens no part of the API by which jeton could use or test it. It was sent nowhere.",
            at.kind.words()
        ),
        Place::new(at.forge, CredentialKind::GitLabPersonal).replace("the scopes that are needed"),
        Some(personal_page(at.forge)),
    )
}

/// A renewal that this GitLab has no route for.
pub(super) fn replace_by_hand(at: &Place<'_>, cause: String) -> Diagnosis {
    diagnosis(
        Code::RotationUnsupported,
        cause,
        format!(
            "Until that changes, replace it by hand before it ends. {}",
            at.replace(SAME_SCOPES)
        ),
        at.page(),
    )
}

/// Ending a token where GitLab has no call for it.
pub(super) fn end_by_hand(at: &Place<'_>, cause: String) -> Diagnosis {
    let remedy = match at.kind {
        CredentialKind::GitLabJob => "Nothing has to be done: it ends with its job.".to_owned(),
        CredentialKind::GitLabRunner => {
            "Remove the runner: `gitlab-runner unregister` on its machine, or `jeton runner remove` if jeton made it."
                .to_owned()
        }
        _ => end_it(at),
    };
    let url = match at.kind {
        CredentialKind::GitLabOAuth => Some(applications_page(at)),
        CredentialKind::GitLabPersonal | CredentialKind::GitLabProject | CredentialKind::GitLabGroup => at.page(),
        _ => None,
    };
    diagnosis(Code::OldTokenUnsupported, cause, remedy, url)
}

/// How a person ends a token.
pub(super) fn end_it(at: &Place<'_>) -> String {
    let host = at.forge.host();
    match at.kind {
        CredentialKind::GitLabDeploy => format!(
            "A Maintainer or Owner opens the project or group on {host}, there \"Settings\", \"Repository\", \"Deploy tokens\", and \
             revokes it."
        ),
        CredentialKind::GitLabOAuth => format!(
            "Its owner opens {} and revokes the application's authorization; by itself the token lives two hours.",
            applications_page(at)
        ),
        _ => format!("{} and revokes it there.", at.opens()),
    }
}

fn applications_page(at: &Place<'_>) -> String {
    format!("{}/-/user_settings/applications", at.forge.web_url())
}

/// A renewal that cannot be, known before GitLab is asked or by its word.
pub(super) fn cannot_rotate(at: &Place<'_>, cause: String) -> Diagnosis {
    diagnosis(
        Code::RotationUnsupported,
        cause,
        format!(
            "{} A token with `self_rotate` can renew itself and do nothing more by that.",
            at.replace("its scopes and `self_rotate` besides")
        ),
        at.page(),
    )
}

/// 400 to a renewal: the date, most likely.
pub(super) fn rotation_refused(at: &Place<'_>, said: &str) -> Diagnosis {
    diagnosis(
        Code::ForgeUnprocessable,
        format!("{} did not renew the token: {}. The old token is as it was.", at.forge.host(), words(said)),
        "If it is about the end: this GitLab allows 365 days at most, or less where an administrator or the group's owner set a lower \
         limit (\"Admin\" or the group's \"Settings\", \"General\", \"Access token lifetime\"). Set `accounts.rotation_days` in jeton's \
         configuration to no more than that."
            .to_owned(),
        at.page(),
    )
}

/// No clear answer to a renewal.
pub(super) fn rotation_unclear(at: &Place<'_>, why: &str) -> Diagnosis {
    diagnosis(
        Code::RotationUnclear,
        format!(
            "Whether {} renewed the token is not known: {why}. Nothing was sent twice, because GitLab revokes every token of the \
             family when one that was replaced is renewed again.",
            at.forge.host()
        ),
        format!(
            "Test the account: if the old token still works, nothing happened, and it can be renewed again. If it was revoked, the \
             new one is lost: {}",
            lower_first(&at.replace(SAME_SCOPES))
        ),
        at.page(),
    )
}

/// A forge's words, to stand before a full stop.
pub(super) fn words(said: &str) -> &str {
    match said.trim_end_matches(['.', ' ']) {
        "" => "it does not say why",
        words => words,
    }
}

/// `a`, or `a` or `b`.
pub(super) fn any_of(names: &[String]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.as_slice() {
        [] => "that is needed".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
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
