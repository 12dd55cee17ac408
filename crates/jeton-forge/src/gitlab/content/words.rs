//! What GitLab means when it refuses content.

use http::{HeaderMap, HeaderValue, header};
use jeton_domain::{CredentialKind, ForgeKind, RepoPath};
use jeton_outbound::Answer;
use url::Url;

use super::{
    super::{
        advice, diagnose, headers_with,
        place::Place as TokenPlace,
        refusal::{GitLabDialect, Refusal},
    },
    call::{self, Manner},
};
use crate::{
    content::{Place, ReadError},
    probe::Dialect as _,
};

/// What content is wanted for, to stand behind "for".
const WHAT: &str = "reading the project's content";

pub(super) const MANNER: Manner = Manner {
    dialect: &GitLabDialect,
    quota: super::super::check::quota,
    refused,
};

/// The headers of a request. Who has no credential sees what is public.
pub(super) fn headers(at: &Place<'_>) -> Result<HeaderMap, ReadError> {
    match at.credential {
        Some(credential) => headers_with(credential).map_err(|why| ReadError::Forbidden(Box::new(why))),
        None => Ok(HeaderMap::from_iter([(
            header::ACCEPT,
            HeaderValue::from_static("application/json"),
        )])),
    }
}

fn token_place<'a>(at: &'a Place<'_>) -> Option<TokenPlace<'a>> {
    at.credential
        .map(|credential| TokenPlace::new(at.forge, credential.kind))
}

/// A refusal that is no 404.
fn refused(answer: &Answer, at: &Place<'_>) -> ReadError {
    let said = GitLabDialect.words(answer).unwrap_or_default();
    let Some(place) = token_place(at) else {
        return call::not_to_strangers(at, &said);
    };
    let refusal = Refusal::of(answer).unwrap_or(Refusal::Other(answer.status, said));
    let diagnosis = Box::new(match &refusal {
        Refusal::Forbidden(said) => advice::forbidden_there(&place, &at.repository.to_string(), WHAT, said),
        refusal => diagnose(refusal, &place, WHAT),
    });
    match refusal {
        Refusal::Unknown | Refusal::Expired | Refusal::Revoked | Refusal::Impersonation | Refusal::Proof => {
            ReadError::Unauthorized(diagnosis)
        }
        // in words that are not GitLab's: no verdict on the token
        Refusal::Scope(_) | Refusal::Forbidden(_) | Refusal::WrongKind | Refusal::Other(401, _) => {
            ReadError::Forbidden(diagnosis)
        }
        Refusal::NotFound(_) => ReadError::NotFound(diagnosis),
        Refusal::NotAllowed(_) | Refusal::Other(..) => ReadError::Garbled(diagnosis),
    }
}

/// Whether a 404 is about the project itself, and not about something in it.
pub(super) fn is_of_project(words: &str) -> bool {
    matches!(words, "404 Project Not Found" | "404 Not Found" | "Not Found")
}

/// No such project, or not for this credential.
pub(super) fn not_visible(at: &Place<'_>) -> ReadError {
    match token_place(at) {
        Some(place) => {
            let path = at.repository.to_string();
            let place = TokenPlace {
                path: (place.kind == CredentialKind::GitLabProject).then_some(path.as_str()),
                ..place
            };
            ReadError::NotFound(Box::new(advice::not_visible(&place, &path)))
        }
        None => call::not_public(at),
    }
}

/// A 404 to something in a commit.
pub(super) fn absent(words: &str, at: &Place<'_>, path: &str) -> ReadError {
    if is_of_project(words) {
        not_visible(at)
    } else {
        call::no_path(at, path)
    }
}

/// A project that was renamed or moved is told of by a redirect to the same place below its number or its new path.
pub(super) fn moved_to(answer: &Answer, at: &Place<'_>) -> Option<ReadError> {
    let api = Url::parse(at.forge.api_url()).ok()?;
    let target = api.join(answer.location()?).ok()?;
    let rest = target.path().strip_prefix(api.path())?.strip_prefix("/projects/")?;
    let id = call::decode(rest.split('/').next()?);
    if target.origin() != api.origin() {
        return None;
    }
    if !id.is_empty() && id.bytes().all(|digit| digit.is_ascii_digit()) {
        return Some(ReadError::Moved { to: None });
    }
    let to = RepoPath::parse(ForgeKind::GitLab, &id).ok()?;
    (to != *at.repository).then(|| ReadError::Moved {
        to: Some(to.to_string()),
    })
}
