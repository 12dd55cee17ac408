//! What can be said against a secret before GitHub is asked (<https://docs.github.com/actions/reference/security/secrets>).

use jeton_domain::{CiScope, Code, Diagnosis, ForgeKind, SecretName};

use crate::{
    ci::{SecretFamily, SecretOptions, SecretPush, SecretVisibility},
    diagnose::diagnosis,
};

/// GitHub's limit of a secret's value in bytes.
const MAX_VALUE: usize = 48 * 1024;

/// The longest name of an environment.
const MAX_ENVIRONMENT: usize = 255;

/// Each takes a call to learn its number.
const MAX_SELECTED: usize = 100;

pub(super) fn check(scope: &CiScope, push: &SecretPush<'_>) -> Result<(), Box<Diagnosis>> {
    place(scope, push.options)
        .and_then(|()| others_options(push.options))
        .and_then(|()| visibility(scope, push.options))
        .and_then(|()| name(push.name))
        .and_then(|()| value(push))
        .map_err(Box::new)
}

fn invalid(cause: impl Into<String>, remedy: &str) -> Diagnosis {
    diagnosis(Code::SecretInvalid, cause, remedy)
}

fn place(scope: &CiScope, options: &SecretOptions) -> Result<(), Diagnosis> {
    let is_repository = match scope {
        CiScope::Repository(_) => true,
        CiScope::Owner(_) => false,
        CiScope::Enterprise(_) | CiScope::Instance => {
            return Err(diagnosis(
                Code::RunnerUnsupported,
                "GitHub keeps no secrets for a whole enterprise or server.",
                "Name a repository (OWNER/REPO), one of its environments (`--env`), or an organisation (`--org`).",
            ));
        }
    };
    let Some(environment) = options.environment.as_deref() else {
        return Ok(());
    };
    if !is_repository {
        return Err(invalid(
            "Environments belong to repositories, and an organisation was named.",
            "Name the repository that has the environment (OWNER/REPO), or leave the environment (`--env`) away.",
        ));
    }
    if options.family != SecretFamily::Actions {
        return Err(invalid(
            "Environments have secrets for workflows only, and none for Dependabot or Codespaces.",
            "Leave the environment (`--env`) away, or push the secret for workflows (`--family actions`).",
        ));
    }
    // `.` and `..` cannot be parts of a URL's path
    let is_name = (1..=MAX_ENVIRONMENT).contains(&environment.len())
        && !environment.chars().any(char::is_control)
        && !matches!(environment, "." | "..");
    if is_name {
        Ok(())
    } else {
        Err(invalid(
            "The environment's name is empty, too long, or none that GitHub could have.",
            "Write it as the repository's settings do, under \"Environments\".",
        ))
    }
}

/// What only GitLab knows.
fn others_options(options: &SecretOptions) -> Result<(), Diagnosis> {
    let set = [
        (
            options.masked.is_some(),
            "`masked`: it hides every secret in logs",
            "--no-mask",
        ),
        (
            options.hidden.is_some(),
            "`hidden`: it never shows a secret to anybody",
            "--hidden",
        ),
        (
            options.protected.is_some(),
            "`protected`: give the secret to an environment, which can be kept to branches",
            "--protected",
        ),
        (
            options.raw.is_some(),
            "`raw`: it leaves every secret as it is",
            "--expand",
        ),
        (
            options.file.is_some(),
            "`file`: a workflow can write the secret to a file by itself",
            "--file-variable",
        ),
        (
            options.description.is_some(),
            "`description` for secrets",
            "--description",
        ),
    ];
    match set.into_iter().find(|(is_set, ..)| *is_set) {
        None => Ok(()),
        Some((_, what, flag)) => Err(invalid(
            format!("GitHub has no {what}."),
            &format!("Leave this option (`{flag}`) away."),
        )),
    }
}

fn visibility(scope: &CiScope, options: &SecretOptions) -> Result<(), Diagnosis> {
    let Some(visibility) = &options.visibility else {
        return Ok(());
    };
    if !matches!(scope, CiScope::Owner(_)) {
        return Err(invalid(
            "Only an organisation's secrets are seen by some repositories and not by others.",
            "Leave the visibility (`--visibility`) away, or name the organisation (`--org`).",
        ));
    }
    match visibility {
        SecretVisibility::Selected(names) if names.is_empty() => Err(invalid(
            "No repository is selected, and nobody would see the secret.",
            "Name the repositories that shall see it (`--selected-repo`), or let all private ones see it (`--visibility private`).",
        )),
        SecretVisibility::Selected(names) if names.len() > MAX_SELECTED => Err(invalid(
            format!("More than {MAX_SELECTED} repositories are selected."),
            "Let all private repositories see the secret (`--visibility private`), or select fewer.",
        )),
        SecretVisibility::All | SecretVisibility::Private | SecretVisibility::Selected(_) => Ok(()),
    }
}

fn name(name: &SecretName) -> Result<(), Diagnosis> {
    SecretName::parse(ForgeKind::GitHub, name.as_str())
        .map(drop)
        .map_err(|wrong| {
            diagnosis(
                Code::SecretName,
                format!("GitHub takes no secret of this name: {wrong}."),
                "Use letters, digits and `_`, such as DEPLOY_TOKEN; not a digit first, nor `GITHUB_`.",
            )
        })
}

/// Says of the value only on which side of the limit it is.
fn value(push: &SecretPush<'_>) -> Result<(), Diagnosis> {
    if push.value.is_empty() {
        return Err(diagnosis(
            Code::SecretEmpty,
            format!(
                "The value of `{}` is empty, and a workflow would run without it.",
                push.name
            ),
            "See why nothing came: a command that failed, an empty file, an unset variable. To take a secret away, delete it at GitHub.",
        ));
    }
    if push.value.expose().len() > MAX_VALUE {
        return Err(diagnosis(
            Code::SecretTooLarge,
            format!(
                "The value of `{}` has more than 48 KB (49,152 bytes), which is GitHub's limit.",
                push.name
            ),
            "Encrypt the large value into a file in the repository, and push only its key as a secret \
             (https://docs.github.com/actions/how-tos/write-workflows/choose-what-workflows-do/use-secrets).",
        ));
    }
    Ok(())
}

#[cfg(test)]
#[path = "secret_check_tests.rs"]
mod tests;
