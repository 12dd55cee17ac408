//! Refusals in words for people: as an account's tokens have them, and for those who ask without any token or as an App.

use jeton_domain::{Code, CredentialKind, Diagnosis, FilePath, ObjectId, RefName};

use crate::{
    content::Place,
    diagnose::diagnosis,
    github::account::{About, Refusal},
};

/// What was looked for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sought<'a> {
    /// A repository, and what a name means in it; `None` is the default branch.
    Name(Option<&'a RefName>),
    /// A place in a commit.
    Path(&'a ObjectId, &'a FilePath),
}

/// What a refusal was about, and GitHub's own words.
pub(super) struct Words<'a> {
    pub(super) at: &'a Place<'a>,
    pub(super) sought: Sought<'a>,
    pub(super) said: &'a str,
}

impl Words<'_> {
    /// The finding.
    pub(super) fn explain(&self, refusal: &Refusal) -> Diagnosis {
        match self.at.credential.map(|credential| credential.kind) {
            None => self.for_nobody(refusal),
            Some(CredentialKind::GitHubInstallation) => self.for_an_app(refusal),
            Some(kind) => self.for_a_person(kind, refusal),
        }
    }

    fn for_a_person(&self, kind: CredentialKind, refusal: &Refusal) -> Diagnosis {
        let about = About {
            kind,
            forge: self.at.forge,
            owner: Some(self.at.repository.owner()),
            repository: Some(&self.at.repository.to_string()),
            said: Some(self.said),
            known_end: None,
            now: self.at.now,
        };
        about.explain(refusal)
    }

    fn for_nobody(&self, refusal: &Refusal) -> Diagnosis {
        let (host, repository) = (self.at.forge.host(), self.at.repository);
        match refusal {
            Refusal::NotVisible { .. } => diagnosis(
                Code::ContentRepositoryNotFound,
                format!(
                    "GitHub ({host}) shows nothing under `{repository}` to those who ask without a token: {}it does not \
                     exist, or is private.",
                    self.or_the_name()
                ),
                "Check how the name is written. For what is private, add an account or a GitHub App that may read it.",
            ),
            Refusal::NoCredential | Refusal::BadCredentials => diagnosis(
                Code::ForgeForbidden,
                format!("GitHub ({host}) answers nobody who asks without a token."),
                "Add an account or a GitHub App for this GitHub.",
            ),
            Refusal::NotGitHub => self.not_github(),
            _ => diagnosis(
                Code::ForgeForbidden,
                format!("GitHub ({host}) refuses `{repository}` without a token: {}", self.said),
                "Add an account or a GitHub App that may read it.",
            ),
        }
    }

    fn for_an_app(&self, refusal: &Refusal) -> Diagnosis {
        let (host, repository) = (self.at.forge.host(), self.at.repository);
        let owner = repository.owner();
        match refusal {
            Refusal::BadCredentials => diagnosis(
                Code::CredentialInvalid,
                format!(
                    "GitHub ({host}) refuses the token of the App's installation on `{owner}` (\"{}\").",
                    self.said
                ),
                format!(
                    "jeton mints another by itself. If it happens again, check that the App is still installed on `{owner}`, and \
                     that its installation is not suspended."
                ),
            ),
            Refusal::NotVisible { .. } => diagnosis(
                Code::CredentialNotVisible,
                format!(
                    "GitHub ({host}) shows the App nothing under `{repository}`: {}it does not exist, or the App's installation \
                     on `{owner}` does not cover it.",
                    self.or_the_name()
                ),
                format!(
                    "Check how the name is written. An owner of `{owner}` can add the repository under \"Repository access\" in \
                     the settings of the App's installation."
                ),
            ),
            Refusal::Missing { .. } => diagnosis(
                Code::CredentialScope,
                format!(
                    "The token of the GitHub App lacks the permission `contents: read`, which is needed for `{repository}`."
                ),
                format!(
                    "Whoever owns the App can add \"Contents: Read-only\" under its \"Permissions & events\"; then an owner of \
                     `{owner}` has to accept it."
                ),
            ),
            // about the machine or the way, not about the kind of token
            Refusal::IpAllowList { .. } | Refusal::NoCredential | Refusal::NotGitHub | Refusal::LockedOut => {
                self.for_a_person(CredentialKind::GitHubInstallation, refusal)
            }
            _ => diagnosis(
                Code::ForgeForbidden,
                format!("GitHub ({host}) refuses `{repository}` to the App: {}", self.said),
                format!(
                    "GitHub's own words say why. An owner of `{owner}` sees the App among its installed GitHub Apps."
                ),
            ),
        }
    }

    /// The name may be what is missing, too.
    fn or_the_name(&self) -> String {
        match self.sought {
            Sought::Name(Some(name)) => format!("it has no branch, tag or commit `{name}`, "),
            Sought::Name(None) | Sought::Path(..) => String::new(),
        }
    }

    /// The name means nothing in the repository, which is there.
    pub(super) fn no_such_name(&self, name: Option<&RefName>) -> Diagnosis {
        let name = name.map_or("HEAD", RefName::as_str);
        diagnosis(
            Code::ContentRefNotFound,
            format!("`{}` has no branch, tag or commit `{name}`.", self.at.repository),
            "Check how the name is written, with its upper and lower case; leave it out for the default branch.",
        )
    }

    /// Nothing is there, in a commit that is.
    pub(super) fn nothing_there(&self) -> Diagnosis {
        let repository = self.at.repository;
        let cause = match self.sought {
            Sought::Path(commit, path) if !path.is_root() => {
                format!(
                    "`{repository}` has nothing at `{path}` in the commit {}.",
                    commit.short()
                )
            }
            Sought::Path(commit, _) => format!("`{repository}` shows no commit {}.", commit.short()),
            Sought::Name(_) => format!("`{repository}` is not shown."),
        };
        diagnosis(
            Code::ContentPathNotFound,
            cause,
            "Check how the path is written, with its upper and lower case, and that the repository can still be read.",
        )
    }

    /// It will be there later.
    pub(super) fn not_now(&self) -> Diagnosis {
        diagnosis(
            Code::ForgeUnavailable,
            format!(
                "GitHub ({}) cannot show `{}` now: {}",
                self.at.forge.host(),
                self.at.repository,
                self.said
            ),
            "Try again later.",
        )
    }

    /// Another product answers.
    pub(super) fn not_github(&self) -> Diagnosis {
        self.for_a_person(CredentialKind::GitHubClassic, &Refusal::NotGitHub)
    }
}
