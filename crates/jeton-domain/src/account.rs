use std::fmt;

use crate::{CredentialKind, ForgeEndpoint, Identity, RepoPath, Secret};

/// Who may see and use an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum AccountScope {
    /// Everybody whom policies let.
    Shared,
    /// One caller alone: an [`crate::IdentityKey`] as text. Operators see that it is there.
    Private(String),
}

impl AccountScope {
    /// Private to whoever this is.
    pub fn private_to(identity: &Identity) -> Self {
        Self::Private(identity.key().to_string())
    }

    /// As the database keeps it: empty for what is shared.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Shared => "",
            Self::Private(key) => key,
        }
    }

    /// Reads [`AccountScope::as_str`] back.
    pub fn from_row(text: String) -> Self {
        if text.is_empty() {
            Self::Shared
        } else {
            Self::Private(text)
        }
    }
}

/// What an account serves when several fit: an owner (`acme`, or `acme/group` on GitLab) with all that lies below, or one repository
/// (`acme/tools`). Compared without case.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Serves(String);

/// Why a text is neither an owner nor a repository.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither an owner, such as `acme`, nor a repository, such as `acme/tools`")]
pub struct ServesError(String);

impl Serves {
    /// Reads an owner or a repository; a final slash and `/*` are dropped, as people write them.
    ///
    /// # Errors
    /// [`ServesError`] when a part could walk, is empty or too long.
    pub fn parse(raw: &str) -> Result<Self, ServesError> {
        let shown = || ServesError(raw.chars().filter(|c| !c.is_control()).take(100).collect());
        let text = raw.trim().trim_end_matches("/*").trim_end_matches('/');
        // GitLab's rules take any depth; one part alone gets a second one for the check.
        let checked = format!("{text}/x");
        let depth = text.split('/').count();
        if depth > 20 || text.contains(char::is_whitespace) || text.contains('*') {
            return Err(shown());
        }
        RepoPath::parse(crate::ForgeKind::GitLab, &checked).map_err(|_| shown())?;
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// In lower case.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// All that a repository may be served by, the most exact first: itself, then its owners outwards.
    pub fn keys_of(repository: &RepoPath) -> Vec<String> {
        let mut keys = Vec::new();
        let full = repository.to_string().to_ascii_lowercase();
        let mut rest: &str = &full;
        keys.push(full.clone());
        while let Some((owner, _)) = rest.rsplit_once('/') {
            keys.push(owner.to_owned());
            rest = owner;
        }
        keys
    }
}

impl fmt::Display for Serves {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A token with all that a forge wants to hear besides it.
#[derive(Clone)]
pub struct Credential {
    /// What kind it is, as far as is known.
    pub kind: CredentialKind,
    /// The forge that it opens.
    pub forge: ForgeEndpoint,
    /// The token.
    pub token: Secret,
    /// The user's name at the forge, where git wants one.
    pub username: Option<String>,
    /// The user's e-mail address, where the REST API wants one.
    pub email: Option<String>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential")
            .field("kind", &self.kind)
            .field("forge", &self.forge.host())
            .finish_non_exhaustive()
    }
}

impl Credential {
    /// The user name that git sends with the token
    /// (<https://docs.github.com/authentication>, <https://docs.gitlab.com/topics/git/clone/>,
    /// <https://support.atlassian.com/bitbucket-cloud/docs/using-api-tokens/>).
    pub fn git_username(&self) -> &str {
        match self.kind {
            CredentialKind::GitHubInstallation => "x-access-token",
            CredentialKind::BitbucketApiToken => self.username.as_deref().unwrap_or("x-bitbucket-api-token-auth"),
            CredentialKind::BitbucketAccess
            | CredentialKind::BitbucketRepository
            | CredentialKind::BitbucketProject
            | CredentialKind::BitbucketWorkspace => "x-token-auth",
            CredentialKind::GitLabOAuth => "oauth2",
            CredentialKind::GitLabJob => "gitlab-ci-token",
            // Any name that is not empty will do there.
            _ => self.username.as_deref().unwrap_or("x-access-token"),
        }
    }

    /// The user name that the REST API wants beside the token; `None` where the token alone goes in a header.
    pub fn api_username(&self) -> Option<&str> {
        match self.kind {
            CredentialKind::BitbucketApiToken => self.email.as_deref(),
            CredentialKind::BitbucketAppPassword => self.username.as_deref(),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Serves;
    use crate::{ForgeKind, RepoPath};

    #[test]
    fn reads_owners_and_repositories_as_people_write_them() {
        for (raw, want) in [
            ("acme", "acme"),
            ("Acme/Tools", "acme/tools"),
            ("acme/*", "acme"),
            ("a/b/c/", "a/b/c"),
        ] {
            assert_eq!(Serves::parse(raw).unwrap().as_str(), want, "{raw}");
        }
        for bad in [
            "",
            "/",
            "*",
            "..",
            "a/../b",
            "a b",
            "a\nb",
            &"a/".repeat(40),
            &"x".repeat(300),
        ] {
            assert!(Serves::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_repository_is_looked_for_from_inside_out() {
        let path = RepoPath::parse(ForgeKind::GitLab, "Acme/Sub/Tools").unwrap();
        assert_eq!(Serves::keys_of(&path), ["acme/sub/tools", "acme/sub", "acme"]);
    }
}
