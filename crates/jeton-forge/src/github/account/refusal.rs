//! What GitHub means by a refusal. The rows are those of its "Troubleshooting the REST API" and "Authenticating to the REST API" pages,
//! and of messages seen in public issues. Rate limits never come here: [`super::dialect`] takes them out before.

use http::HeaderMap;
use jeton_outbound::Answer;

use super::{dialect::refusal, scopes::Scopes, wire::WireRefusal};
use crate::{clean::clean, headers};

/// A refusal in GitHub's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::github) enum Refusal {
    /// 401: wrong, expired or revoked; GitHub does not tell which.
    BadCredentials,
    /// 401: the request came without any credential.
    NoCredential,
    /// 401: a password with two-factor authentication.
    OneTimePassword,
    /// 403: too many bad tries.
    LockedOut,
    /// 403: the person's account is suspended.
    AccountSuspended,
    /// 403, at times 404: not authorised for single sign-on.
    Sso {
        /// The organisation.
        org: Option<String>,
        /// Where the token can be authorised; good for an hour.
        url: Option<String>,
    },
    /// 403: the organisation does not let this server's address in.
    IpAllowList {
        /// The organisation.
        org: Option<String>,
    },
    /// 403: the token lives longer than the organisation or enterprise allows.
    Lifetime {
        /// `organization` or `enterprise`.
        whose: &'static str,
        /// Its name.
        name: Option<String>,
        /// The longest life that it allows.
        days: Option<u32>,
        /// The token's own page.
        url: Option<String>,
    },
    /// 403: the organisation takes no tokens of this kind.
    KindForbidden {
        /// The organisation.
        org: Option<String>,
    },
    /// 403: the token has not the permission, or the classic token not the scope.
    Missing {
        /// What would do: each is a list of permissions that are all needed, or one scope.
        wanted: Vec<Vec<String>>,
    },
    /// 403: the person has too small a role.
    Role,
    /// 404: it does not exist, or the token may not see it; with the scopes that would let it, where GitHub says so.
    NotVisible {
        /// Any of them would do.
        wanted: Vec<String>,
    },
    /// It is in the shape of GitHub's refusals, and not in its words: another product, or another part of it.
    NotGitHub,
    /// Something else.
    Other,
}

/// Reads a refusal. `granted` are the scopes that the token is known to have.
pub(in crate::github) fn read(answer: &Answer) -> Refusal {
    let body = refusal(answer);
    let message = body.as_ref().map(|body| body.message.as_str()).unwrap_or_default();
    match answer.status {
        401 => unauthorized(answer, message, body.as_ref().is_some_and(WireRefusal::is_githubs)),
        403 => forbidden(answer, message),
        // what single sign-on protects is at times hidden, not refused
        404 if let Some(refusal) = sso(answer, message) => refusal,
        404 => Refusal::NotVisible {
            wanted: lacking_scopes(&answer.headers),
        },
        _ => Refusal::Other,
    }
}

fn unauthorized(answer: &Answer, message: &str, is_githubs: bool) -> Refusal {
    let asks_for_a_code = answer
        .header("x-github-otp")
        .is_some_and(|text| text.starts_with("required"));
    if asks_for_a_code {
        Refusal::OneTimePassword
    } else if message.contains("Requires authentication") {
        Refusal::NoCredential
    } else if message.eq_ignore_ascii_case("Bad credentials") || is_githubs {
        Refusal::BadCredentials
    } else {
        // a 401 in other words is that of another product; it is no verdict
        Refusal::NotGitHub
    }
}

/// By the header `X-GitHub-SSO: required; url=…`, or by the message.
fn sso(answer: &Answer, message: &str) -> Option<Refusal> {
    let required = answer
        .header("x-github-sso")
        .and_then(|text| text.strip_prefix("required"));
    if required.is_none() && !message.contains("SAML enforcement") {
        return None;
    }
    let url = required
        .and_then(|rest| rest.split_once("url="))
        .map(|(_, url)| url.trim().to_owned());
    let org = url.as_deref().and_then(|url| between(url, "/orgs/", "/"));
    Some(Refusal::Sso { org, url })
}

fn forbidden(answer: &Answer, message: &str) -> Refusal {
    if let Some(refusal) = sso(answer, message) {
        return refusal;
    }
    if message.contains("IP allow list") {
        return Refusal::IpAllowList {
            org: between(message, "`", "`"),
        };
    }
    if message.contains("forbids access") && message.contains("lifetime") {
        let whose = if message.contains("enterprise") {
            "enterprise"
        } else {
            "organization"
        };
        return Refusal::Lifetime {
            whose,
            name: between(message, "'", "'").or_else(|| between(message, "`", "`")),
            days: between(message, "greater than ", " ").and_then(|days| days.parse().ok()),
            url: message
                .split_whitespace()
                .rev()
                .find(|word| word.starts_with("http"))
                .map(str::to_owned),
        };
    }
    if message.contains("forbids access via") {
        return Refusal::KindForbidden {
            org: between(message, "`", "`").or_else(|| between(message, "'", "'")),
        };
    }
    if message.contains("login attempts") {
        return Refusal::LockedOut;
    }
    if message.contains("account") && message.contains("suspended") {
        return Refusal::AccountSuspended;
    }
    let scopes = lacking_scopes(&answer.headers);
    // said to whoever lacks the scope, too
    if message.contains("Must have") && scopes.is_empty() {
        return Refusal::Role;
    }
    if message.contains("not accessible by") || !scopes.is_empty() {
        let permissions = accepted_permissions(&answer.headers);
        let wanted = if permissions.is_empty() {
            scopes.into_iter().map(|scope| vec![scope]).collect()
        } else {
            permissions
        };
        return Refusal::Missing { wanted };
    }
    Refusal::Other
}

/// The scopes that the endpoint takes, when the token has none of them. Only for tokens that have scopes at all.
fn lacking_scopes(headers: &HeaderMap) -> Vec<String> {
    match (Scopes::granted(headers), Scopes::accepted(headers)) {
        (Some(granted), Some(accepted)) if !granted.allow_any(&accepted) => accepted.to_vec(),
        _ => Vec::new(),
    }
}

/// `X-Accepted-GitHub-Permissions`: alternatives apart by `;`, what is needed together by `,`.
fn accepted_permissions(headers: &HeaderMap) -> Vec<Vec<String>> {
    let text = headers::text(headers, "x-accepted-github-permissions").unwrap_or_default();
    let trimmed = |part: &str| clean(part.trim());
    text.split(';')
        .map(|all| {
            all.split(',')
                .map(trimmed)
                .filter(|one| !one.is_empty())
                .collect::<Vec<_>>()
        })
        .filter(|all| !all.is_empty())
        .take(8)
        .collect()
}

/// What stands between two marks, if it could be an organisation's name or a number: it goes into links.
fn between(text: &str, open: &str, close: &str) -> Option<String> {
    let (_, rest) = text.split_once(open)?;
    let name = rest.split(close).next()?;
    let fits = (1..=100).contains(&name.len())
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        && !name.starts_with('.');
    fits.then(|| name.to_owned())
}

/// The organisations that a list left out because the token is not authorised for their single sign-on, by number.
pub(super) fn left_out(headers: &HeaderMap) -> Vec<u64> {
    let text = headers::text(headers, "x-github-sso").and_then(|text| text.strip_prefix("partial-results"));
    let list = text
        .and_then(|rest| rest.split_once("organizations="))
        .map(|(_, list)| list);
    list.unwrap_or_default()
        .split(',')
        .filter_map(|id| id.trim().parse().ok())
        .collect()
}

#[cfg(test)]
#[path = "refusal_tests.rs"]
mod tests;
