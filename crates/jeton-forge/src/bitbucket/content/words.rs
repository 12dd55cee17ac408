//! What Bitbucket means when it refuses content.

use http::{HeaderMap, HeaderValue, header};
use jeton_domain::{Code, ForgeKind, RepoPath, Validity};
use jeton_outbound::Answer;
use url::Url;

use super::super::{
    advice, diagnose, headers_with,
    refusal::{BitbucketDialect, Refusal},
};
use crate::{
    content::call::{self as call, Call, Manner},
    content::{Place, ReadError},
    diagnose::diagnosis,
    probe::Dialect as _,
};

/// What content is wanted for, to stand behind "for".
const WHAT: &str = "reading the repository's content";

pub(super) const MANNER: Manner = Manner {
    dialect: &BitbucketDialect,
    // its headers tell the limit and that it is near, and never what is left
    quota: |_| None,
    refused,
};

/// The headers of a request. Who has no credential sees what is public.
pub(super) fn headers(at: &Place<'_>) -> Result<HeaderMap, ReadError> {
    match at.credential {
        Some(credential) => headers_with(credential).map_err(|unasked| match unasked.validity {
            Validity::Invalid => ReadError::Unauthorized(Box::new(unasked.diagnosis)),
            _ => ReadError::Forbidden(Box::new(unasked.diagnosis)),
        }),
        None => Ok(HeaderMap::from_iter([(
            header::ACCEPT,
            HeaderValue::from_static("application/json"),
        )])),
    }
}

/// A refusal that is no 404.
fn refused(answer: &Answer, at: &Place<'_>) -> ReadError {
    let said = BitbucketDialect.words(answer).unwrap_or_default();
    let Some(credential) = at.credential else {
        return call::not_to_strangers(at, &said);
    };
    let repository = at.repository.to_string();
    let place = advice::Place {
        repository: Some(&repository),
        ..advice::Place::new(credential, credential.kind)
    };
    let refusal = Refusal::of(answer).unwrap_or(Refusal::Other(said));
    let diagnosis = Box::new(diagnose(&refusal, &place, credential.api_username(), WHAT));
    match refusal {
        Refusal::Expired | Refusal::Unusable | Refusal::WrongPair => ReadError::Unauthorized(diagnosis),
        // in words that are not known: no verdict on the token
        Refusal::Unauthorized(_) | Refusal::Scope { .. } | Refusal::Forbidden(_) => ReadError::Forbidden(diagnosis),
        Refusal::NotFound(_) => ReadError::NotFound(diagnosis),
        Refusal::Gone(_) | Refusal::Other(_) => ReadError::Garbled(diagnosis),
    }
}

/// What a 404 is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum About {
    /// The repository.
    Repository,
    /// Something in it.
    Inside,
    /// The words do not tell.
    Unclear,
}

/// `You may not have access to this repository or it no longer exists in this workspace. …`, in older words `Repository acme/tools not
/// found`; all others speak of a commit, a branch or a path. A name is never looked for in the words: it may be `repository` itself.
pub(super) fn about(words: &str) -> About {
    let is_repository =
        words.starts_with("You may not have access to this repository") || words.starts_with("Repository ");
    let starts = [
        "Commit",
        "Branch",
        "Tag",
        "No such file or directory",
        "No such branch",
        "No such tag",
    ];
    if is_repository {
        About::Repository
    } else if starts.iter().any(|start| words.starts_with(start)) {
        About::Inside
    } else {
        About::Unclear
    }
}

/// No such repository, or not for this credential.
pub(super) fn not_visible(at: &Place<'_>) -> ReadError {
    let Some(credential) = at.credential else {
        return call::not_public(at);
    };
    let place = advice::Place::new(credential, credential.kind);
    ReadError::NotFound(Box::new(advice::not_visible(&place, &at.repository.to_string())))
}

/// A 404 to something in a commit.
pub(super) fn absent(words: &str, at: &Place<'_>, path: &str) -> ReadError {
    match about(words) {
        About::Repository => not_visible(at),
        About::Inside | About::Unclear => call::no_path(at, path),
    }
}

/// A redirect: to a repository's new name, or to nothing that could be asked for.
pub(super) fn elsewhere(call: &Call<'_>, answer: &Answer) -> ReadError {
    match moved_to(answer, call.at) {
        Some(to) => ReadError::Moved { to: Some(to) },
        None => call.elsewhere(answer),
    }
}

/// The other repository of the same Bitbucket that a redirect leads to.
fn moved_to(answer: &Answer, at: &Place<'_>) -> Option<String> {
    let api = Url::parse(at.forge.api_url()).ok()?;
    let target = api.join(answer.location()?).ok()?;
    let rest = target.path().strip_prefix(api.path())?.strip_prefix("/repositories/")?;
    let mut parts = rest.split('/');
    let path = format!("{}/{}", parts.next()?, parts.next()?);
    let path = RepoPath::parse(ForgeKind::Bitbucket, &path).ok()?.to_string();
    let is_other = !path.eq_ignore_ascii_case(&at.repository.to_string());
    (target.origin() == api.origin() && is_other).then_some(path)
}

/// A file that Git LFS keeps: Bitbucket sends those who ask for it to the server with the file itself, and shows the pointer to nobody.
pub(super) fn kept_in_lfs(at: &Place<'_>, path: &str) -> ReadError {
    let path = crate::clean::clean(path);
    ReadError::Garbled(Box::new(diagnosis(
        Code::ForgeUnprocessable,
        format!(
            "`{path}` of `{}` is kept in Git LFS: Bitbucket's API gives neither its pointer nor its bytes, and sends us to another server for \
             them, to which no token is sent.",
            at.repository
        ),
        "Read it with git and its LFS extension, or open it in a browser.",
    )))
}

#[cfg(test)]
mod tests {
    use super::{About, about};

    #[test]
    fn words_tell_what_is_absent() {
        let gone = "You may not have access to this repository or it no longer exists in this workspace.";
        for (words, want) in [
            (gone, About::Repository),
            ("Repository acme/tools not found", About::Repository),
            ("Commit not found", About::Inside),
            ("Branch repository not found", About::Inside),
            ("No such file or directory: repository", About::Inside),
            ("Not found", About::Unclear),
        ] {
            assert_eq!(about(words), want, "{words}");
        }
    }
}
