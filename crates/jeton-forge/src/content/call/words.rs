//! What there is to say of content that is not given, on every forge alike.

use jeton_domain::{Code, Diagnosis};

use crate::{
    clean::clean,
    content::{Place, ReadError},
    diagnose::diagnosis,
};

/// A page that was given out for another list, or by nobody.
pub(crate) fn bad_page() -> ReadError {
    ReadError::NotFound(Box::new(diagnosis(
        Code::ContentCursor,
        "The page that was asked for is none that this list gave out.",
        "Begin with the first page, and ask for the next with what the page before gives.",
    )))
}

/// Nothing has this path.
pub(crate) fn no_path(at: &Place<'_>, path: &str) -> ReadError {
    let repository = at.repository;
    ReadError::NotFound(Box::new(diagnosis(
        Code::ContentPathNotFound,
        format!("There is no `{}` in that commit of `{repository}`.", clean(path)),
        "Check how the path is written, with upper and lower case: it begins at the root of the repository. List the directory to see what it \
         holds.",
    )))
}

/// Nothing has this name.
pub(crate) fn no_name(at: &Place<'_>, name: &str) -> ReadError {
    let repository = at.repository;
    ReadError::NoSuchName(Box::new(diagnosis(
        Code::ContentRefNotFound,
        format!("`{repository}` has no branch, tag or commit `{}`.", clean(name)),
        "Check how it is written, with upper and lower case, and whether the branch was removed; without any name, the default branch is \
         read.",
    )))
}

/// Strangers see no such repository.
pub(crate) fn not_public(at: &Place<'_>) -> ReadError {
    let (repository, host) = (at.repository, at.forge.host());
    ReadError::NotFound(Box::new(Diagnosis {
        url: Some(format!("{}/{repository}", at.forge.web_url())),
        ..diagnosis(
            Code::ContentRepositoryNotFound,
            format!("{host} shows no `{repository}` to those who are not signed in: there is none, or it is private."),
            "Check how it is written, with its owner. For a private one, give jeton an account that may read it.",
        )
    }))
}

/// Strangers may not ask.
pub(crate) fn not_to_strangers(at: &Place<'_>, said: &str) -> ReadError {
    let (repository, host) = (at.repository, at.forge.host());
    let said = said.trim_end_matches(['.', ' ']);
    ReadError::Forbidden(Box::new(diagnosis(
        Code::ForgeForbidden,
        format!("{host} shows nothing of `{repository}` without a token: {said}."),
        "Give jeton an account that may read it.",
    )))
}
