use std::fmt;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};

use crate::{AppId, Permissions, RepoSet};

/// All that changes what a minted token may do, in canonical form: two requests with the same key share one token.
/// The owner stands for the installation, of which an App has at most one per owner.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TokenKey {
    app: AppId,
    owner: String,
    repositories: Vec<String>,
    permissions: Permissions,
    longest_life_seconds: Option<i64>,
}

impl TokenKey {
    /// Folds names to lower case, as forges compare them, and adds the permission that GitHub always adds.
    pub fn new(app: AppId, repositories: &RepoSet, permissions: &Permissions) -> Self {
        Self {
            app,
            owner: repositories.owner().to_ascii_lowercase(),
            repositories: repositories
                .names()
                .iter()
                .map(|name| name.as_str().to_ascii_lowercase())
                .collect(),
            permissions: permissions.clone().with_implied_metadata(),
            longest_life_seconds: None,
        }
    }

    /// Lets the token live no longer than a policy says. Such a token is not shared with holders who may keep theirs
    /// for longer: it is ended for all of them at once.
    #[must_use]
    pub fn with_longest_life(mut self, longest: Option<SignedDuration>) -> Self {
        self.longest_life_seconds = longest.map(|life| life.as_secs());
        self
    }

    /// How long the token may live at most, where a policy says so.
    pub fn longest_life(&self) -> Option<SignedDuration> {
        self.longest_life_seconds.map(SignedDuration::from_secs)
    }

    /// The App that mints.
    pub fn app(&self) -> AppId {
        self.app
    }

    /// The owner in lower case.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The names in lower case and in order.
    pub fn repositories(&self) -> &[String] {
        &self.repositories
    }

    /// The permissions with `metadata: read`.
    pub fn permissions(&self) -> &Permissions {
        &self.permissions
    }

    /// A name for the key that fits a database column, whatever the key's length.
    pub fn digest(&self) -> TokenKeyDigest {
        let mut hash = Sha256::new();
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_be_bytes());
            hash.update(text.as_bytes());
        };
        part(&self.app.to_string());
        part(&self.owner);
        part(&self.permissions.to_string());
        self.repositories.iter().for_each(|name| part(name));
        if let Some(seconds) = self.longest_life_seconds {
            // No repository begins with a `/`.
            part(&format!("/life/{seconds}"));
        }
        TokenKeyDigest(hash.finalize().into())
    }
}

/// The SHA-256 of a [`TokenKey`].
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenKeyDigest([u8; 32]);

impl TokenKeyDigest {
    /// The 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads a row's bytes back; anything but 32 bytes is `None`.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }
}

impl fmt::Display for TokenKeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for TokenKeyDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TokenKeyDigest({self})")
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::TokenKey;
    use crate::{AppId, ForgeKind, Permissions, RepoPath, RepoSet};

    fn key(repos: &[&str], permissions: &str) -> TokenKey {
        let repos: Vec<_> = repos
            .iter()
            .map(|raw| RepoPath::parse(ForgeKind::GitHub, raw).unwrap())
            .collect();
        let permissions = Permissions::parse_list(permissions).unwrap();
        TokenKey::new(
            AppId::from_uuid(Uuid::nil()),
            &RepoSet::new(&repos).unwrap(),
            &permissions,
        )
    }

    #[test]
    fn spelling_and_order_make_no_difference() {
        let one = key(&["Acme/b", "acme/A"], "contents=read,metadata=read");
        let two = key(&["acme/a", "ACME/B", "acme/b"], "contents=read");
        assert_eq!(one, two);
        assert_eq!(one.digest(), two.digest());
    }

    #[test]
    fn what_changes_the_token_changes_the_key() {
        let base = key(&["acme/a"], "contents=read").digest();
        assert_ne!(base, key(&["acme/b"], "contents=read").digest());
        assert_ne!(base, key(&["acme/a", "acme/b"], "contents=read").digest());
        assert_ne!(base, key(&["acme/a"], "contents=write").digest());
        assert_ne!(base, key(&["acm/ea"], "contents=read").digest());
        let short = |seconds| {
            let life = jiff::SignedDuration::from_secs(seconds);
            key(&["acme/a"], "contents=read").with_longest_life(Some(life)).digest()
        };
        assert_ne!(base, short(900));
        assert_ne!(short(600), short(900));
    }
}
