//! What can be said against a variable without asking Bitbucket.

use jeton_domain::{CiScope, Code, Diagnosis};

use crate::{
    ci::{SecretFamily, SecretPush},
    diagnose::diagnosis,
};

const PAGE: &str = "https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/";

/// The longest name of an environment that is looked for.
const MOST_NAME: usize = 255;

pub(super) fn check(scope: &CiScope, push: &SecretPush<'_>) -> Result<(), Box<Diagnosis>> {
    options(scope, push).map_err(Box::new)?;
    if push.value.is_empty() {
        return Err(Box::new(found(
            Code::SecretEmpty,
            "The value is empty.",
            "Push a value; to take a variable away, remove it at Bitbucket.",
        )));
    }
    Ok(())
}

fn found(code: Code, cause: impl Into<String>, remedy: impl Into<String>) -> Diagnosis {
    Diagnosis {
        url: Some(PAGE.to_owned()),
        ..diagnosis(code, cause, remedy)
    }
}

fn options(scope: &CiScope, push: &SecretPush<'_>) -> Result<(), Diagnosis> {
    let invalid = |cause: String, remedy: &str| Err(found(Code::SecretInvalid, cause, remedy));
    if !matches!(scope, CiScope::Repository(_) | CiScope::Owner(_)) {
        return invalid(
            "Bitbucket has variables of repositories and workspaces, and nothing above a workspace.".to_owned(),
            "Name a repository (OWNER/REPO) or a workspace (`--workspace`).",
        );
    }
    let options = push.options;
    let foreign = [
        (
            options.family != SecretFamily::Actions,
            "stores for Dependabot or Codespaces",
            "--family",
        ),
        (
            options.visibility.is_some(),
            "choice of the repositories that see a workspace's variable",
            "--visibility",
        ),
        (
            options.masked.is_some(),
            "choice of masking: what jeton pushes is always secured, and so masked",
            "--no-mask",
        ),
        (
            options.hidden.is_some(),
            "choice of hiding: what jeton pushes is always secured, and so hidden",
            "--hidden",
        ),
        (
            options.protected.is_some(),
            "variables for protected branches alone",
            "--protected",
        ),
        (
            options.raw.is_some(),
            "choice of leaving `$` alone: Bitbucket expands nothing",
            "--expand",
        ),
        (options.file.is_some(), "variables that become files", "--file-variable"),
        (
            options.description.is_some(),
            "descriptions of variables",
            "--description",
        ),
    ];
    if let Some((_, what, flag)) = foreign.into_iter().find(|(set, ..)| *set) {
        return invalid(
            format!("Bitbucket has no {what}."),
            &format!("Leave the option out (`{flag}`)."),
        );
    }
    let Some(environment) = &options.environment else {
        return Ok(());
    };
    if !matches!(scope, CiScope::Repository(_)) {
        return invalid(
            "Deployment environments belong to repositories, and this is a workspace.".to_owned(),
            "Name the repository (OWNER/REPO), or leave the environment (`--env`) out.",
        );
    }
    let odd = environment.chars().any(char::is_control) || environment.chars().count() > MOST_NAME;
    if environment.trim().is_empty() || odd {
        return invalid(
            "That cannot be the name of a deployment environment.".to_owned(),
            "Name the environment as it stands under \"Repository settings\", \"Deployments\".",
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jeton_domain::{CiScope, Code, ForgeKind, Secret, SecretName};

    use super::check;
    use crate::ci::{SecretFamily, SecretOptions, SecretPush, SecretVisibility};

    fn verdict(kind: &str, path: &str, value: &str, options: &SecretOptions) -> Option<Code> {
        let scope = CiScope::from_parts(ForgeKind::Bitbucket, kind, path).unwrap();
        let name = SecretName::parse(ForgeKind::Bitbucket, "TOKEN").unwrap();
        let push = SecretPush {
            name: &name,
            value: &Secret::new(value),
            options,
        };
        check(&scope, &push).err().map(|found| found.code)
    }

    #[test]
    fn options_of_other_forges_are_refused() {
        let base = SecretOptions::default();
        assert_eq!(verdict("repository", "acme/tools", "x", &base), None);
        assert_eq!(verdict("repository", "acme/tools", "", &base), Some(Code::SecretEmpty));
        let mut bad = vec![
            SecretOptions {
                family: SecretFamily::Codespaces,
                ..base.clone()
            },
            SecretOptions {
                visibility: Some(SecretVisibility::Private),
                ..base.clone()
            },
            SecretOptions {
                description: Some("d".to_owned()),
                ..base.clone()
            },
        ];
        for set in [
            |o: &mut SecretOptions| o.masked = Some(true),
            |o: &mut SecretOptions| o.hidden = Some(false),
            |o: &mut SecretOptions| o.protected = Some(true),
            |o: &mut SecretOptions| o.raw = Some(true),
            |o: &mut SecretOptions| o.file = Some(true),
            |o: &mut SecretOptions| o.environment = Some(" ".to_owned()),
            |o: &mut SecretOptions| o.environment = Some("a\nb".to_owned()),
        ] {
            let mut options = base.clone();
            set(&mut options);
            bad.push(options);
        }
        for options in bad {
            let found = verdict("repository", "acme/tools", "x", &options);
            assert_eq!(found, Some(Code::SecretInvalid), "{options:?}");
        }
    }

    #[test]
    fn a_workspace_has_no_environments() {
        let options = SecretOptions {
            environment: Some("production".to_owned()),
            ..SecretOptions::default()
        };
        assert_eq!(verdict("repository", "acme/tools", "x", &options), None);
        assert_eq!(verdict("owner", "acme", "x", &options), Some(Code::SecretInvalid));
        assert_eq!(
            verdict("instance", "", "x", &SecretOptions::default()),
            Some(Code::SecretInvalid)
        );
    }
}
