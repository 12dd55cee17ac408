//! What can be said against a variable without asking GitLab (<https://docs.gitlab.com/ci/variables/>).

use jeton_domain::{CiScope, Code, Diagnosis};

use super::{
    advice_variables as advice,
    target::{NUMBER, NUMBER_REMEDY, is_number},
};
use crate::{
    ci::{SecretFamily, SecretPush},
    diagnose::diagnosis,
};

const PAGE: &str = "https://docs.gitlab.com/ci/variables/";

/// The most characters of a value.
const MOST_VALUE: usize = 10_000;

/// The fewest characters that GitLab masks.
const LEAST_MASKED: usize = 8;

/// The most characters of an environment scope and of a description, which GitLab keeps in columns of that size.
const MOST_TEXT: usize = 255;

pub(super) fn check(scope: &CiScope, push: &SecretPush<'_>) -> Result<(), Box<Diagnosis>> {
    place(scope).map_err(Box::new)?;
    options(push).map_err(Box::new)?;
    value(push).map_err(Box::new)
}

/// Whether logs are to show it; a hidden variable is a masked one.
pub(super) fn is_masked(push: &SecretPush<'_>) -> bool {
    push.options.masked != Some(false)
}

/// Whether `$` in it is left alone. A token may have one, and would be another afterwards.
pub(super) fn is_raw(push: &SecretPush<'_>) -> bool {
    push.options.raw != Some(false)
}

fn invalid(cause: impl Into<String>, remedy: impl Into<String>) -> Diagnosis {
    Diagnosis {
        url: Some(PAGE.to_owned()),
        ..diagnosis(Code::SecretInvalid, cause, remedy)
    }
}

fn place(scope: &CiScope) -> Result<(), Diagnosis> {
    match scope {
        CiScope::Owner(path) if is_number(path.as_str()) => {
            Err(invalid(format!("{NUMBER} GitLab was not asked."), NUMBER_REMEDY))
        }
        CiScope::Repository(_) | CiScope::Owner(_) => Ok(()),
        CiScope::Enterprise(_) | CiScope::Instance => Err(invalid(
            "On GitLab, jeton writes the variables of projects and groups, and no others.",
            "Name a project (GROUP/PROJECT) or a group (`--group`).",
        )),
    }
}

fn options(push: &SecretPush<'_>) -> Result<(), Diagnosis> {
    let options = push.options;
    if options.family != SecretFamily::Actions {
        return Err(invalid(
            "GitLab has one kind of CI/CD variables, and no stores for Dependabot or Codespaces.",
            "Leave the store (`--family`) out.",
        ));
    }
    if options.visibility.is_some() {
        return Err(invalid(
            "GitLab gives a group's variable to all projects of the group; which of them see it cannot be chosen.",
            "Leave the visibility (`--visibility`) out; or push to single projects, or with an environment (`--env`).",
        ));
    }
    if options.hidden == Some(true) && options.masked == Some(false) {
        return Err(invalid(
            "A hidden variable of GitLab is always masked, and both hidden and not masked was asked for.",
            "Ask for one of the two: `--hidden` or `--no-mask`.",
        ));
    }
    for (what, text) in [
        ("environment", &options.environment),
        ("description", &options.description),
    ] {
        let Some(text) = text else { continue };
        if text.chars().count() > MOST_TEXT || text.chars().any(char::is_control) {
            return Err(invalid(
                format!("The {what} has more than {MOST_TEXT} characters, or characters that cannot be seen."),
                format!("Shorten the {what} and write it in one line."),
            ));
        }
    }
    if options.environment.as_deref() == Some("") {
        return Err(invalid(
            "The environment is empty.",
            "Name an environment, such as `production` or `review/*`; or leave it out, which is `*`, all of them.",
        ));
    }
    Ok(())
}

fn value(push: &SecretPush<'_>) -> Result<(), Diagnosis> {
    let value = push.value.expose();
    if value.is_empty() {
        return Err(Diagnosis {
            url: Some(PAGE.to_owned()),
            ..diagnosis(
                Code::SecretEmpty,
                "The value is empty.",
                "Push a value; to take a variable away, remove it at GitLab.",
            )
        });
    }
    if value.chars().count() > MOST_VALUE {
        return Err(advice::too_large(PAGE.to_owned()));
    }
    if is_masked(push)
        && let Some(why) = unmaskable(value, is_raw(push))
    {
        let url = format!("{PAGE}#mask-a-cicd-variable");
        return Err(advice::not_maskable(why, url));
    }
    Ok(())
}

/// Why GitLab does not mask a value (the rules of its model `Ci::Maskable`): a raw one has no white space in it, and one in which `$` is
/// expanded has few characters besides letters and digits.
fn unmaskable(value: &str, raw: bool) -> Option<&'static str> {
    if value.contains(['\n', '\r']) {
        return Some("it has more than one line");
    }
    if value.chars().count() < LEAST_MASKED {
        return Some("it has fewer than 8 characters");
    }
    if raw {
        // Ruby's `\S`, which knows the white space of ASCII alone
        let space = value.contains([' ', '\t', '\u{b}', '\u{c}']);
        return space.then_some("it has white space");
    }
    let plain = |c: char| c.is_ascii_alphanumeric() || "_+=/@:.~-".contains(c);
    let why = "it has characters that GitLab masks only in variables in which `$` is left alone (`raw`)";
    (!value.chars().all(plain)).then_some(why)
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CiScope, Code, ForgeKind, Secret, SecretName};

    use super::check;
    use crate::ci::{SecretFamily, SecretOptions, SecretPush, SecretVisibility};

    fn verdict(value: &str, options: &SecretOptions) -> Option<Code> {
        let scope = CiScope::from_parts(ForgeKind::GitLab, "repository", "acme/tools").unwrap();
        verdict_at(&scope, value, options)
    }

    fn verdict_at(scope: &CiScope, value: &str, options: &SecretOptions) -> Option<Code> {
        let name = SecretName::parse(ForgeKind::GitLab, "TOKEN").unwrap();
        let value = Secret::new(value);
        let push = SecretPush {
            name: &name,
            value: &value,
            options,
        };
        check(scope, &push).err().map(|found| {
            assert!(!found.cause.contains(value.expose()) || value.is_empty());
            assert!(found.url.is_some() && !found.remedy.is_empty());
            found.code
        })
    }

    #[test]
    fn sizes_and_masking_are_gitlabs() {
        let masked = SecretOptions::default();
        let plain = SecretOptions {
            masked: Some(false),
            ..SecretOptions::default()
        };
        let expanded = SecretOptions {
            raw: Some(false),
            ..SecretOptions::default()
        };
        for (value, options, want) in [
            ("s3cret-value", &masked, None),
            ("pa$$w0rd!ü", &masked, None),
            ("", &plain, Some(Code::SecretEmpty)),
            ("short", &masked, Some(Code::SecretNotMaskable)),
            ("short", &plain, None),
            ("two words of it", &masked, Some(Code::SecretNotMaskable)),
            ("line one\nline two", &masked, Some(Code::SecretNotMaskable)),
            ("line one\nline two", &plain, None),
            ("pa$$w0rd!", &expanded, Some(Code::SecretNotMaskable)),
            ("abc+=/@:.~-_1", &expanded, None),
            (&"é".repeat(10_000), &masked, None),
            (&"é".repeat(10_001), &plain, Some(Code::SecretTooLarge)),
        ] {
            assert_eq!(verdict(value, options), want, "{value:.20}");
        }
    }

    #[test]
    fn what_gitlab_has_not_is_refused() {
        let base = SecretOptions::default();
        for options in [
            SecretOptions {
                family: SecretFamily::Dependabot,
                ..base.clone()
            },
            SecretOptions {
                visibility: Some(SecretVisibility::All),
                ..base.clone()
            },
            SecretOptions {
                hidden: Some(true),
                masked: Some(false),
                ..base.clone()
            },
            SecretOptions {
                environment: Some(String::new()),
                ..base.clone()
            },
            SecretOptions {
                environment: Some("a\nb".to_owned()),
                ..base.clone()
            },
            SecretOptions {
                description: Some("x".repeat(256)),
                ..base.clone()
            },
        ] {
            assert_eq!(
                verdict("s3cret-value", &options),
                Some(Code::SecretInvalid),
                "{options:?}"
            );
        }
        assert_eq!(
            verdict_at(&CiScope::Instance, "s3cret-value", &base),
            Some(Code::SecretInvalid)
        );
        // GitLab would read it as the number of a group
        let number = CiScope::from_parts(ForgeKind::GitLab, "owner", "2024").unwrap();
        assert_eq!(verdict_at(&number, "s3cret-value", &base), Some(Code::SecretInvalid));
    }
}
