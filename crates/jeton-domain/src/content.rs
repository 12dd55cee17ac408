use std::{fmt, str::FromStr};

/// The name that git gives to a commit, a tree or a blob: its SHA-1 (40 digits) or SHA-256 (64 digits), in lower-case hex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectId {
    bytes: [u8; 32],
    sha256: bool,
}

/// A text that is no object id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an object id has 40 or 64 hex digits")]
pub struct ObjectIdError;

impl ObjectId {
    /// From a SHA-1.
    pub fn sha1(digest: [u8; 20]) -> Self {
        let mut bytes = [0; 32];
        bytes[..20].copy_from_slice(&digest);
        Self { bytes, sha256: false }
    }

    /// From a SHA-256.
    pub fn sha256(bytes: [u8; 32]) -> Self {
        Self { bytes, sha256: true }
    }

    /// Whether it is a SHA-256.
    pub fn is_sha256(&self) -> bool {
        self.sha256
    }

    /// The digest: 20 or 32 bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes[..if self.sha256 { 32 } else { 20 }]
    }

    /// The first 12 digits, for people.
    pub fn short(&self) -> String {
        self.to_string()[..12].to_owned()
    }
}

impl FromStr for ObjectId {
    type Err = ObjectIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut bytes = [0; 32];
        let length = match text.len() {
            40 => 20,
            64 => 32,
            _ => return Err(ObjectIdError),
        };
        for (byte, pair) in bytes[..length].iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digit = |at: usize| char::from(pair[at]).to_digit(16).ok_or(ObjectIdError);
            *byte = u8::try_from(digit(0)? * 16 + digit(1)?).map_err(|_| ObjectIdError)?;
        }
        Ok(Self {
            bytes,
            sha256: length == 32,
        })
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// A place in a repository, from its root: `src/lib.rs`; empty for the root itself. No part of it is empty, `.` or `..`, and
/// nothing in it ends a line or a string of C.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct FilePath(String);

/// Why a text is no path in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FilePathError {
    /// A part is empty, `.` or `..`.
    #[error("a part of the path is empty, `.` or `..`")]
    BadPart,
    /// A control character.
    #[error("the path holds a control character")]
    Control,
    /// Too long.
    #[error("the path is longer than {MAX_PATH} bytes")]
    TooLong,
}

/// The longest path in bytes, as Linux has it.
const MAX_PATH: usize = 4096;

impl FilePath {
    /// The root.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path as people copy it: slashes at its ends, and `./` before it, say nothing.
    ///
    /// # Errors
    /// [`FilePathError`] says what is wrong with it.
    pub fn parse(raw: &str) -> Result<Self, FilePathError> {
        if raw.len() > MAX_PATH {
            return Err(FilePathError::TooLong);
        }
        let mut path = raw;
        while let Some(rest) = path.strip_prefix("./").or_else(|| path.strip_prefix('/')) {
            path = rest;
        }
        let path = path.strip_suffix('/').unwrap_or(path);
        if path.chars().any(char::is_control) {
            return Err(FilePathError::Control);
        }
        if path.is_empty() || path == "." {
            return Ok(Self::root());
        }
        if path.split('/').any(|part| matches!(part, "" | "." | "..")) {
            return Err(FilePathError::BadPart);
        }
        Ok(Self(path.to_owned()))
    }

    /// The path; empty for the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Its parts; none for the root.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').filter(|part| !part.is_empty())
    }

    /// Its last part; empty for the root.
    pub fn name(&self) -> &str {
        self.0.rsplit('/').next().unwrap_or_default()
    }

    /// The directory that it lies in.
    #[must_use]
    pub fn parent(&self) -> Self {
        Self(
            self.0
                .rsplit_once('/')
                .map_or(String::new(), |(parent, _)| parent.to_owned()),
        )
    }

    /// Where a link in this place leads, as its target says; `None` when that is out of the repository.
    pub fn follow(&self, target: &str) -> Option<Self> {
        if target.starts_with('/') {
            return None;
        }
        let parent = self.parent();
        let mut parts: Vec<&str> = parent.parts().collect();
        for part in target.split('/') {
            match part {
                "" | "." => {}
                ".." => {
                    parts.pop()?;
                }
                part => parts.push(part),
            }
        }
        Self::parse(&parts.join("/")).ok()
    }
}

impl FromStr for FilePath {
    type Err = FilePathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl fmt::Display for FilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What somebody calls a commit: a branch, a tag, a commit's id or its beginning. Never git's language of revisions (`HEAD~2`,
/// `@{yesterday}`), which the forges take in different ways.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RefName(String);

/// Why a text names no commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefNameError {
    /// Empty, or too long.
    #[error("a branch, tag or commit has 1 to 255 bytes")]
    Length,
    /// What git allows in no name (`git help check-ref-format`).
    #[error(
        "it holds a space, a control character or one of ~ ^ : ? * [ \\ .. @{{, begins with - or /, ends with / or ., or has a part \
         that begins with . or ends in .lock"
    )]
    Character,
}

impl RefName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`RefNameError`] says what is wrong with it.
    pub fn parse(raw: &str) -> Result<Self, RefNameError> {
        if raw.is_empty() || raw.len() > 255 {
            return Err(RefNameError::Length);
        }
        let bad = |c: char| c.is_control() || matches!(c, ' ' | '~' | '^' | ':' | '?' | '*' | '[' | '\\');
        let ends = raw.starts_with(['-', '/']) || raw.ends_with(['/', '.']);
        let is_bad_part = |part: &str| part.starts_with('.') || part.strip_suffix(".lock").is_some();
        if ends
            || raw.split('/').any(is_bad_part)
            || raw.contains("..")
            || raw.contains("@{")
            || raw.contains("//")
            || raw.chars().any(bad)
        {
            return Err(RefNameError::Character);
        }
        Ok(Self(raw.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The commit that it names by its whole id: this never changes its meaning.
    pub fn as_commit(&self) -> Option<ObjectId> {
        self.0.parse().ok()
    }
}

impl fmt::Display for RefName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::{FilePath, FilePathError, ObjectId, RefName};

    #[test]
    fn an_id_reads_back() {
        for text in ["0123456789abcdef0123456789abcdef01234567".to_owned(), "ab".repeat(32)] {
            let id: ObjectId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(id.is_sha256(), text.len() == 64);
            assert_eq!(text.to_ascii_uppercase().parse(), Ok(id));
        }
        for bad in [
            "",
            "abc",
            "g123456789abcdef0123456789abcdef01234567",
            "é23456789abcdef0123456789abcdef01234567",
        ] {
            assert!(bad.parse::<ObjectId>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_path_is_read_as_people_copy_it() {
        let read = |raw| FilePath::parse(raw).map(|path| path.to_string());
        for raw in ["src/a b#?%.rs", "/src/a b#?%.rs", "./src/a b#?%.rs", "src/a b#?%.rs/"] {
            assert_eq!(read(raw).unwrap(), "src/a b#?%.rs");
        }
        for root in ["", "/", ".", "./", "//"] {
            assert!(FilePath::parse(root).unwrap().is_root(), "{root}");
        }
        for bad in ["a//b", "a/../b", "..", "a/./b", "../a"] {
            assert_eq!(read(bad).unwrap_err(), FilePathError::BadPart, "{bad}");
        }
        assert_eq!(read("a\nb").unwrap_err(), FilePathError::Control);
        assert_eq!(read(&"a".repeat(5000)).unwrap_err(), FilePathError::TooLong);
    }

    #[test]
    fn a_link_is_followed_inside_only() {
        let from = FilePath::parse("docs/guide/link").unwrap();
        let follow = |target| from.follow(target).map(|path| path.to_string());
        assert_eq!(follow("other.md").as_deref(), Some("docs/guide/other.md"));
        assert_eq!(follow("../../README.md").as_deref(), Some("README.md"));
        assert_eq!(follow("../../../etc/passwd"), None);
        assert_eq!(follow("/etc/passwd"), None);
    }

    #[test]
    fn names_of_git_are_names_and_its_language_is_not() {
        for good in [
            "main",
            "feature/x",
            "v1.0",
            "refs/heads/main",
            "0123abc",
            "ü-zweig",
            "a@b",
        ] {
            assert!(RefName::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "", "-x", "a b", "HEAD~1", "a..b", "a:b", "@{u}", "a\n", "x/", "/x", "a//b", "a*", "a\\b",
        ] {
            assert!(RefName::parse(bad).is_err(), "{bad}");
        }
        assert!(RefName::parse(&"a".repeat(40)).unwrap().as_commit().is_some());
    }
}
