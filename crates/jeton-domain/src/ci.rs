//! Where the runners and the secrets of CI belong, and what a secret may be called there.

use std::fmt;

use crate::{ForgeKind, RepoPath, RepoPathError};

/// An owner of repositories: a person or an organisation of GitHub, a group of GitLab with the groups above it, a workspace of
/// Bitbucket. Each part is one clean path segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerPath(String);

impl OwnerPath {
    /// Reads an owner as its forge writes it.
    ///
    /// # Errors
    /// As [`RepoPath::parse`].
    pub fn parse(forge: ForgeKind, raw: &str) -> Result<Self, RepoPathError> {
        // A name that is valid everywhere completes it to what is checked.
        let path = RepoPath::parse(forge, &format!("{raw}/x"))?;
        Ok(Self(path.owner().to_owned()))
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OwnerPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// So deep lie groups in each other on GitLab (<https://docs.gitlab.com/user/group/subgroups/>), and projects in the last of them.
const DEEPEST: usize = 20;

/// For what a runner works, or to what a secret is given.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum CiScope {
    /// One repository.
    Repository(RepoPath),
    /// All repositories of an owner.
    Owner(OwnerPath),
    /// All organisations of an enterprise of GitHub.
    Enterprise(OwnerPath),
    /// All of a GitLab that somebody runs.
    Instance,
}

impl CiScope {
    /// The word for the kind of scope in JSON, SQL and on the command line, whatever a forge calls it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Repository(_) => "repository",
            Self::Owner(_) => "owner",
            Self::Enterprise(_) => "enterprise",
            Self::Instance => "instance",
        }
    }

    /// `acme/tools`, `acme`; empty for an instance.
    pub fn path(&self) -> String {
        match self {
            Self::Repository(path) => path.to_string(),
            Self::Owner(path) | Self::Enterprise(path) => path.to_string(),
            Self::Instance => String::new(),
        }
    }

    /// Reads [`CiScope::kind`] and [`CiScope::path`] back; `None` when they do not fit the forge.
    pub fn from_parts(forge: ForgeKind, kind: &str, path: &str) -> Option<Self> {
        match kind {
            "repository" => RepoPath::parse(forge, path).ok().map(Self::Repository),
            "owner" => OwnerPath::parse(forge, path).ok().map(Self::Owner),
            "enterprise" => OwnerPath::parse(ForgeKind::GitHub, path).ok().map(Self::Enterprise),
            "instance" => Some(Self::Instance),
            _ => None,
        }
    }

    /// The repositories that policies are asked about. What reaches all repositories of an owner is asked for as `acme/*`, which no
    /// policy covers but one that covers every repository there; a group of GitLab as deep as groups lie in each other, `acme/*/*` and so
    /// on, which is what `acme/**` covers. An enterprise and an instance are everything.
    pub fn policy_names(&self, forge: ForgeKind) -> Vec<String> {
        match self {
            Self::Repository(path) => vec![path.to_string()],
            Self::Owner(owner) if forge == ForgeKind::GitLab => everything_below(owner.as_str()),
            Self::Owner(owner) => vec![format!("{owner}/*")],
            Self::Enterprise(_) => vec!["*/*".to_owned()],
            Self::Instance => everything_below("*"),
        }
    }

    /// The same for people and for the record, in which `acme/**` stands for all that lies below.
    pub fn shown_names(&self, forge: ForgeKind) -> Vec<String> {
        match self {
            Self::Owner(owner) if forge == ForgeKind::GitLab => vec![format!("{owner}/**")],
            Self::Instance => vec!["*/**".to_owned()],
            Self::Repository(_) | Self::Owner(_) | Self::Enterprise(_) => self.policy_names(forge),
        }
    }

    /// In the words of the forge: `the organization acme`, `the group acme/web`.
    pub fn words(&self, forge: ForgeKind) -> String {
        match (self, forge) {
            (Self::Repository(path), ForgeKind::GitLab) => format!("the project {path}"),
            (Self::Repository(path), _) => format!("the repository {path}"),
            (Self::Owner(owner), ForgeKind::GitHub) => format!("the organization {owner}"),
            (Self::Owner(owner), ForgeKind::GitLab) => format!("the group {owner}"),
            (Self::Owner(owner), ForgeKind::Bitbucket) => format!("the workspace {owner}"),
            (Self::Enterprise(name), _) => format!("the enterprise {name}"),
            (Self::Instance, _) => "the whole instance".to_owned(),
        }
    }
}

/// `acme/*`, `acme/*/*` and so on.
fn everything_below(owner: &str) -> Vec<String> {
    (1..=DEEPEST)
        .map(|depth| format!("{owner}{}", "/*".repeat(depth)))
        .collect()
}

/// The name of a secret or variable of CI, valid at its forge.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SecretName(String);

/// Why a text is no name of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretNameError {
    /// None at all.
    #[error("a secret needs a name")]
    Empty,
    /// Longer than forges take.
    #[error("the name has more than {MOST_NAME} characters")]
    TooLong,
    /// Anything but letters of ASCII, digits and `_`.
    #[error("the name has other characters than the letters A to Z, digits and `_`; a `-` becomes a `_`")]
    Characters,
    /// A digit first, which GitHub and Bitbucket do not take.
    #[error("the name begins with a digit")]
    FirstDigit,
    /// GitHub keeps these for itself.
    #[error("the name begins with `GITHUB_`, which GitHub keeps for itself")]
    Reserved,
}

/// GitLab's limit (<https://docs.gitlab.com/api/project_level_variables/>); the others name none.
const MOST_NAME: usize = 255;

impl SecretName {
    /// Reads a name by its forge's rules (<https://docs.github.com/actions/reference/security/secrets>,
    /// <https://docs.gitlab.com/api/project_level_variables/>).
    ///
    /// # Errors
    /// [`SecretNameError`] says which rule.
    pub fn parse(forge: ForgeKind, raw: &str) -> Result<Self, SecretNameError> {
        let first_is_digit = raw.starts_with(|c: char| c.is_ascii_digit());
        let is_reserved = || raw.len() >= 7 && raw.as_bytes()[..7].eq_ignore_ascii_case(b"GITHUB_");
        if raw.is_empty() {
            Err(SecretNameError::Empty)
        } else if !raw.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            Err(SecretNameError::Characters)
        } else if raw.len() > MOST_NAME {
            Err(SecretNameError::TooLong)
        } else if first_is_digit && forge != ForgeKind::GitLab {
            Err(SecretNameError::FirstDigit)
        } else if forge == ForgeKind::GitHub && is_reserved() {
            Err(SecretNameError::Reserved)
        } else {
            Ok(Self(raw.to_owned()))
        }
    }

    /// As it was written; GitHub does not tell cases apart.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{CiScope, OwnerPath, SecretName, SecretNameError};
    use crate::{ForgeKind, RepoPath};

    #[test]
    fn names_of_secrets_follow_their_forge() {
        for good in ["TOKEN", "deploy_key", "_X", "a1"] {
            assert!(SecretName::parse(ForgeKind::GitHub, good).is_ok(), "{good}");
        }
        let github = |raw: &str| SecretName::parse(ForgeKind::GitHub, raw).unwrap_err();
        assert_eq!(github("MY-TOKEN"), SecretNameError::Characters);
        assert_eq!(github("Ä"), SecretNameError::Characters);
        assert_eq!(github("A B"), SecretNameError::Characters);
        assert_eq!(github("1A"), SecretNameError::FirstDigit);
        assert_eq!(github("github_x"), SecretNameError::Reserved);
        assert_eq!(github(""), SecretNameError::Empty);
        assert_eq!(github(&"A".repeat(256)), SecretNameError::TooLong);
        assert!(SecretName::parse(ForgeKind::GitLab, "1A").is_ok());
        assert!(SecretName::parse(ForgeKind::Bitbucket, "GITHUB_X").is_ok());
    }

    #[test]
    fn what_reaches_all_of_an_owner_is_asked_for_as_all_of_it() {
        let owner = |kind, raw| CiScope::Owner(OwnerPath::parse(kind, raw).unwrap());
        assert_eq!(
            owner(ForgeKind::GitHub, "acme").policy_names(ForgeKind::GitHub),
            ["acme/*"]
        );
        let (group, all) = (owner(ForgeKind::GitLab, "acme/web"), CiScope::Instance);
        let names = group.policy_names(ForgeKind::GitLab);
        assert_eq!(
            (names.len(), &*names[0], &*names[2]),
            (20, "acme/web/*", "acme/web/*/*/*")
        );
        assert_eq!(names[19].matches("/*").count(), 20);
        assert_eq!(group.shown_names(ForgeKind::GitLab), ["acme/web/**"]);
        let names = all.policy_names(ForgeKind::GitLab);
        assert_eq!((names.len(), &*names[0], &*names[1]), (20, "*/*", "*/*/*"));
        assert_eq!(all.shown_names(ForgeKind::GitLab), ["*/**"]);
        let repository = CiScope::Repository(RepoPath::parse(ForgeKind::GitHub, "acme/tools").unwrap());
        assert_eq!(repository.policy_names(ForgeKind::GitHub), ["acme/tools"]);
        let back = CiScope::from_parts(ForgeKind::GitHub, repository.kind(), &repository.path());
        assert_eq!(back, Some(repository));
        for bad in ["", "..", "a/b", "a\nb", "a%2Fb/"] {
            assert!(OwnerPath::parse(ForgeKind::GitHub, bad).is_err(), "{bad:?}");
        }
        assert!(OwnerPath::parse(ForgeKind::GitLab, "a/../b").is_err());
    }
}
