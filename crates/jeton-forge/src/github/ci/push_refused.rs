//! Why GitHub does not take a secret.

use jeton_domain::{Code, Diagnosis, RepoName};
use jeton_outbound::Answer;

use super::{
    explain::Case,
    need::{store, thing},
    runners::words,
};
use crate::{ci::SecretPush, clean::clean, diagnose::diagnosis};

/// GitHub's no to the secret itself.
pub(super) fn secret_refused(case: &Case<'_>, answer: &Answer, push: &SecretPush<'_>) -> Diagnosis {
    if answer.status != 422 {
        return case.explain(answer);
    }
    let page = match push.options.environment {
        Some(_) => case.ci_pages().environments(case.at.scope),
        None => case.ci_pages().secrets(case.at.scope, store(push.options.family)),
    };
    let said = words(answer);
    let lower = said.to_lowercase();
    let has = |parts: &[&str]| parts.iter().any(|part| lower.contains(part));
    let place = thing(case.at.scope);
    let (code, remedy) = if has(&["secret name", "name is invalid", "invalid name", "reserved"]) {
        (
            Code::SecretName,
            "Use letters, digits and `_`, such as DEPLOY_TOKEN; not a digit first, nor `GITHUB_`.".to_owned(),
        )
    } else if has(&["too large", "too big", "too long", "48 kb"]) {
        (
            Code::SecretTooLarge,
            "Push a smaller value: GitHub takes at most 48 KB (49,152 bytes).".to_owned(),
        )
    } else if has(&["too many", "limit", "maximum number", "exceed"]) {
        (
            Code::SecretLimit,
            format!(
                "Delete secrets that nobody uses at {page}. GitHub takes 100 in a repository, 100 in an environment and 1,000 in an \
                     organisation."
            ),
        )
    } else {
        (Code::SecretInvalid, "GitHub's own words say what is wrong.".to_owned())
    };
    Diagnosis {
        url: Some(page),
        ..diagnosis(
            code,
            format!(
                "GitHub does not take the secret `{}` for {place}: {}.",
                push.name,
                said.trim_end_matches('.')
            ),
            remedy,
        )
    }
}

/// Whether the box was sealed for a key that is not the current one.
pub(super) fn is_about_the_key(answer: &Answer) -> bool {
    let said = words(answer).to_lowercase();
    ["key_id", "key id", "public key", "public_key", "could not be decrypted"]
        .iter()
        .any(|part| said.contains(part))
}

pub(super) fn no_environment(case: &Case<'_>, environment: &str) -> Diagnosis {
    let page = case.ci_pages().environments(case.at.scope);
    let shown = clean(environment);
    Diagnosis {
        url: Some(page.clone()),
        ..diagnosis(
            Code::SecretEnvironment,
            format!(
                "{} has no environment `{shown}`, or {} may not see it.",
                sentence(&thing(case.at.scope)),
                case.who()
            ),
            format!("Check how the name is written, or make the environment at {page}. jeton makes none by itself."),
        )
    }
}

pub(super) fn not_selectable(org: &str, name: &RepoName) -> Diagnosis {
    diagnosis(
        Code::RunnerScopeNotFound,
        format!(
            "The repository `{org}/{}`, which shall see the secret, does not exist under this name, or may not be seen.",
            name.as_str()
        ),
        "Check how the name is written: it stands without its owner, and must be of the same organisation.",
    )
}

pub(super) fn too_large_to_seal() -> Diagnosis {
    diagnosis(
        Code::Internal,
        "The secret could not be encrypted.",
        "Report this as a mistake in jeton.",
    )
}

fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    let first = letters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + letters.as_str()
}
