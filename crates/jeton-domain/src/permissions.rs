use std::{collections::BTreeMap, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// How far a permission reaches; each level includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Access {
    /// Look.
    Read,
    /// Look and change.
    Write,
    /// Everything, where a forge has such a level.
    Admin,
}

impl Access {
    /// The forge's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Access {
    type Err = PermissionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "read" => Ok(Self::Read),
            "write" => Ok(Self::Write),
            "admin" => Ok(Self::Admin),
            other => Err(PermissionError::Access(shorten(other))),
        }
    }
}

/// Named permissions with their levels, in a fixed order. Which names exist is the forge's to say: a new one must
/// not need a new jeton. Only their shape is checked here. Clones share their memory: thousands of keys have the same few.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Permissions(Arc<BTreeMap<String, Access>>);

/// Why a permission cannot be asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PermissionError {
    /// Not a permission's name.
    #[error("`{0}` is no permission's name: lower-case letters and `_`, as in `pull_requests`")]
    Name(String),
    /// Not a level.
    #[error("`{0}` is no access level: it is read, write or admin")]
    Access(String),
    /// Nothing was named, which forges take for everything.
    #[error("no permission is named; a forge would take that for all of them")]
    Empty,
    /// `name=level` was expected.
    #[error("`{0}` is not of the form name=level, as in contents=read")]
    Form(String),
}

impl Permissions {
    /// Checks every name and level.
    ///
    /// # Errors
    /// [`PermissionError`] for the first that is wrong, or when there is none at all.
    pub fn new<N: AsRef<str>, L: AsRef<str>>(pairs: impl IntoIterator<Item = (N, L)>) -> Result<Self, PermissionError> {
        let mut out = BTreeMap::new();
        for (name, level) in pairs {
            let name = name.as_ref();
            let fine = (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if !fine {
                return Err(PermissionError::Name(shorten(name)));
            }
            out.insert(name.to_owned(), level.as_ref().parse()?);
        }
        if out.is_empty() {
            Err(PermissionError::Empty)
        } else {
            Ok(Self(Arc::new(out)))
        }
    }

    /// Reads `contents=read,pull_requests=write`.
    ///
    /// # Errors
    /// As [`Permissions::new`], or when a part has no `=`.
    pub fn parse_list(text: &str) -> Result<Self, PermissionError> {
        let pairs = text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| {
                let pair = part.split_once('=').or_else(|| part.split_once(':'));
                pair.map(|(name, level)| (name.trim(), level.trim()))
                    .ok_or_else(|| PermissionError::Form(shorten(part)))
            })
            .collect::<Result<Vec<_>, _>>()?;
        Self::new(pairs)
    }

    /// What a forge answered. It may use levels and names that jeton would not ask for; unknown levels count as
    /// [`Access::Admin`], so that they are never taken for less than they are.
    pub fn from_forge(pairs: impl IntoIterator<Item = (String, String)>) -> Self {
        let read = |(name, level): (String, String)| (name, level.parse().unwrap_or(Access::Admin));
        Self(Arc::new(pairs.into_iter().map(read).collect()))
    }

    /// Names and levels in order of the names.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Access)> {
        self.0.iter().map(|(name, access)| (name.as_str(), *access))
    }

    /// The level of one permission.
    pub fn get(&self, name: &str) -> Option<Access> {
        self.0.get(name).copied()
    }

    /// Whether none is named.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What of these is not covered by `granted`: the names and levels that are missing there.
    #[must_use]
    pub fn missing_from(&self, granted: &Self) -> Self {
        let lacking = |(name, want): &(&String, &Access)| granted.0.get(*name).is_none_or(|have| have < *want);
        let missing = self.0.iter().filter(lacking).map(|(name, want)| (name.clone(), *want));
        Self(Arc::new(missing.collect()))
    }

    /// Adds `metadata: read`, which GitHub adds to every token by itself, so that two spellings of one request share
    /// one token.
    #[must_use]
    pub fn with_implied_metadata(mut self) -> Self {
        if !self.0.contains_key("metadata") {
            Arc::make_mut(&mut self.0).insert("metadata".to_owned(), Access::Read);
        }
        self
    }

    /// Without `metadata: read`, which every token has, so that no policy has to name it; alone it stays.
    #[must_use]
    pub fn without_implied_metadata(mut self) -> Self {
        if self.0.len() > 1 && self.0.get("metadata") == Some(&Access::Read) {
            Arc::make_mut(&mut self.0).remove("metadata");
        }
        self
    }
}

impl fmt::Display for Permissions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, access)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            write!(f, "{comma}{name}={}", access.as_str())?;
        }
        Ok(())
    }
}

/// Untrusted text that goes into a message is cut and loses its control characters.
fn shorten(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::{Access, PermissionError, Permissions};

    #[test]
    fn names_what_is_missing() {
        let want = Permissions::parse_list("contents=write, issues=read").unwrap();
        let have = Permissions::parse_list("contents=read,issues=write,metadata=read").unwrap();
        assert_eq!(want.missing_from(&have).to_string(), "contents=write");
        assert!(want.missing_from(&want).is_empty());
    }

    #[test]
    fn none_is_not_all() {
        assert_eq!(Permissions::parse_list(" , ").unwrap_err(), PermissionError::Empty);
        assert!(matches!(
            Permissions::parse_list("contents").unwrap_err(),
            PermissionError::Form(_)
        ));
        assert!(matches!(
            Permissions::parse_list("Contents=read").unwrap_err(),
            PermissionError::Name(_)
        ));
        assert!(matches!(
            Permissions::parse_list("contents=all").unwrap_err(),
            PermissionError::Access(_)
        ));
    }

    #[test]
    fn an_unknown_level_is_never_taken_for_less() {
        let odd = Permissions::from_forge([("contents".to_owned(), "superuser".to_owned())]);
        assert_eq!(odd.get("contents"), Some(Access::Admin));
    }
}
