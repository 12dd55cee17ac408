use std::fmt;

use crate::{ForgeKind, OwnerPath};

/// A repository's own name, without its owner. Always one clean path segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoName(String);

/// `acme/tools`; GitLab may nest groups. Always valid for its forge: each part is one clean path segment.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoPath {
    forge: ForgeKind,
    owner: String,
    name: RepoName,
}

/// Why a text is no repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RepoPathError {
    /// A part is empty, `.`, `..`, ends in `.git`, or holds a slash or a control character.
    #[error(
        "a part of the repository's name is empty, is `.` or `..`, ends in `.git`, or holds a slash or a control character"
    )]
    BadPart,
    /// A part is longer than any forge allows.
    #[error("a part of the repository's name is longer than {MAX_PART} bytes")]
    TooLong,
    /// The wrong number of parts.
    #[error("a {forge} repository is written owner/name; this has {found} part(s)")]
    Depth {
        /// The forge whose rule it is.
        forge: ForgeKind,
        /// How many parts were there.
        found: usize,
    },
}

/// The longest part of a path in bytes. GitHub allows 100 for a repository and 39 for an owner, GitLab 255.
const MAX_PART: usize = 255;

fn check_part(part: &str) -> Result<(), RepoPathError> {
    if part.len() > MAX_PART {
        return Err(RepoPathError::TooLong);
    }
    let ends_in_git = part.len() >= 4 && part.as_bytes()[part.len() - 4..].eq_ignore_ascii_case(b".git");
    if matches!(part, "" | "." | "..") || ends_in_git || part.chars().any(|c| c.is_control() || c == '/' || c == '\\') {
        return Err(RepoPathError::BadPart);
    }
    Ok(())
}

impl RepoName {
    /// Reads a name; one final `.git` is dropped.
    ///
    /// # Errors
    /// [`RepoPathError`] when it is no clean segment.
    pub fn parse(raw: &str) -> Result<Self, RepoPathError> {
        let name = raw.strip_suffix(".git").unwrap_or(raw);
        check_part(name)?;
        Ok(Self(name.to_owned()))
    }

    /// The name as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RepoName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl RepoPath {
    /// Reads `owner/name`, for GitLab with any number of groups; one final `.git` is dropped.
    ///
    /// # Errors
    /// [`RepoPathError`] says what is wrong with it.
    pub fn parse(forge: ForgeKind, raw: &str) -> Result<Self, RepoPathError> {
        let path = raw.strip_suffix(".git").unwrap_or(raw);
        let parts = path.split('/').count();
        let fits = match forge {
            ForgeKind::GitLab => parts >= 2,
            ForgeKind::GitHub | ForgeKind::Bitbucket => parts == 2,
        };
        if !fits {
            return Err(RepoPathError::Depth { forge, found: parts });
        }
        path.split('/').try_for_each(check_part)?;
        // Bitbucket takes `{uuid}` in place of a name: an alias that no policy knows.
        if forge == ForgeKind::Bitbucket && path.contains(['{', '}']) {
            return Err(RepoPathError::BadPart);
        }
        let (owner, name) = path
            .rsplit_once('/')
            .ok_or(RepoPathError::Depth { forge, found: parts })?;
        Ok(Self {
            forge,
            owner: owner.to_owned(),
            name: RepoName(name.to_owned()),
        })
    }

    /// Puts an owner and a name that came apart together.
    ///
    /// # Errors
    /// As [`RepoPath::parse`].
    pub fn from_parts(forge: ForgeKind, owner: &str, name: &str) -> Result<Self, RepoPathError> {
        if forge == ForgeKind::GitLab {
            owner.split('/').try_for_each(check_part)?;
        } else {
            check_part(owner)?;
        }
        Ok(Self {
            forge,
            owner: owner.to_owned(),
            name: RepoName::parse(name)?,
        })
    }

    /// The kind of forge that it lies on.
    pub fn forge(&self) -> ForgeKind {
        self.forge
    }

    /// The owner, with its groups on GitLab.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The name without the owner.
    pub fn name(&self) -> &RepoName {
        &self.name
    }
}

impl fmt::Display for RepoPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

/// One to 500 repositories of one owner, in a canonical order and without twins: names are compared without case,
/// as the forges do. None where a token is for the organisation itself ([`RepoSet::organization`]).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RepoSet {
    owner: String,
    names: Vec<RepoName>,
}

/// Why repositories cannot share one token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RepoSetError {
    /// No repository at all, which a forge takes for all of them.
    #[error("no repository is named; a forge would take that for all of them")]
    Empty,
    /// Two owners.
    #[error("one token covers the repositories of one owner; here are `{first}` and `{second}`")]
    Owners {
        /// The owner of the first repository.
        first: String,
        /// Another owner.
        second: String,
    },
    /// More than GitHub takes in one mint.
    #[error("one token covers at most 500 repositories; here are {0}")]
    TooMany(usize),
}

impl RepoSet {
    /// Sorts and folds.
    ///
    /// # Errors
    /// [`RepoSetError`] when they cannot share one token.
    pub fn new(repos: &[RepoPath]) -> Result<Self, RepoSetError> {
        let first = repos.first().ok_or(RepoSetError::Empty)?;
        if let Some(other) = repos.iter().find(|repo| !repo.owner.eq_ignore_ascii_case(&first.owner)) {
            return Err(RepoSetError::Owners {
                first: first.owner.clone(),
                second: other.owner.clone(),
            });
        }
        let mut names: Vec<RepoName> = repos.iter().map(|repo| repo.name.clone()).collect();
        names.sort_by_key(|name| name.0.to_ascii_lowercase());
        names.dedup_by(|a, b| a.0.eq_ignore_ascii_case(&b.0));
        if names.len() > 500 {
            return Err(RepoSetError::TooMany(names.len()));
        }
        Ok(Self {
            owner: first.owner.clone(),
            names,
        })
    }

    /// No repository at all, for a token that has permissions of an organisation's own alone.
    pub fn organization(owner: &OwnerPath) -> Self {
        Self {
            owner: owner.to_string(),
            names: Vec::new(),
        }
    }

    /// The same owner with other names, such as those that a forge answered; `None` when one of them is no repository's name.
    pub fn with_names(&self, names: &[String]) -> Option<Self> {
        let parsed = names
            .iter()
            .map(|name| RepoName::parse(name))
            .collect::<Result<Vec<_>, _>>();
        let mut names = parsed.ok()?;
        names.sort_by_key(|name| name.0.to_ascii_lowercase());
        Some(Self {
            owner: self.owner.clone(),
            names,
        })
    }

    /// The owner as first written.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// The names in canonical order.
    pub fn names(&self) -> &[RepoName] {
        &self.names
    }
}

impl From<&RepoPath> for RepoSet {
    fn from(repo: &RepoPath) -> Self {
        Self {
            owner: repo.owner.clone(),
            names: vec![repo.name.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{RepoPath, RepoSet, RepoSetError};
    use crate::ForgeKind;

    fn github(raw: &str) -> RepoPath {
        RepoPath::parse(ForgeKind::GitHub, raw).unwrap()
    }

    #[test]
    fn refuses_what_could_walk() {
        for bad in [
            "..",
            "a/..",
            "../a",
            "a/.",
            "a//b",
            "/a",
            "a/",
            "a/b/c",
            "a/b\n",
            "a/b\\c",
            "a/\u{0}",
            "a/.git",
            ".git/.git.git",
            "",
        ] {
            assert!(RepoPath::parse(ForgeKind::GitHub, bad).is_err(), "{bad:?}");
        }
        assert!(RepoPath::parse(ForgeKind::Bitbucket, "acme/{1b2c}").is_err());
        assert!(RepoPath::parse(ForgeKind::GitHub, &format!("a/{}", "b".repeat(1 << 20))).is_err());
        assert!(RepoPath::from_parts(ForgeKind::GitHub, "a/b", "c").is_err());
        assert!(RepoPath::from_parts(ForgeKind::GitLab, "a/b", "c").is_ok());
        assert_eq!(github("acme/tools.git").to_string(), "acme/tools");
        assert_eq!(github("acme/a b").name().as_str(), "a b");
    }

    #[test]
    fn a_set_has_one_owner_and_one_order() {
        let one = RepoSet::new(&[github("Acme/b"), github("acme/A"), github("acme/B")]).unwrap();
        assert_eq!(
            one.names().iter().map(super::RepoName::as_str).collect::<Vec<_>>(),
            ["A", "b"]
        );
        assert!(matches!(
            RepoSet::new(&[github("a/x"), github("b/x")]),
            Err(RepoSetError::Owners { .. })
        ));
        assert_eq!(RepoSet::new(&[]).unwrap_err(), RepoSetError::Empty);
        let many: Vec<_> = (0..501).map(|n| github(&format!("a/r{n}"))).collect();
        assert_eq!(RepoSet::new(&many).unwrap_err(), RepoSetError::TooMany(501));
    }

    proptest! {
        #[test]
        fn no_accepted_path_walks_or_nests(parts in prop::collection::vec(prop::sample::select(vec!["a", ".", ".git", "/", "..", "\n", "%2F"]), 0..8)) {
            let raw = parts.concat();
            if let Ok(path) = RepoPath::parse(ForgeKind::GitHub, &raw) {
                let text = path.to_string();
                prop_assert_eq!(text.split('/').count(), 2);
                prop_assert!(text.split('/').all(|part| !matches!(part, "" | "." | "..") && part.strip_suffix(".git").is_none()));
            }
        }
    }
}
