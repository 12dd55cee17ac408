//! From what was given to typed values, noting everything that is wrong on the way.

use std::{
    collections::BTreeMap,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use jeton_domain::{Permissions, Secret};
use url::Url;

use super::{ConfigIssue, ConfigWarning, Origin, key_source::read_text_secret, keys, sources::Given, tree::Value};

/// The settings that were given, and what is wrong with them.
pub(super) struct Settings {
    given: BTreeMap<&'static str, Given>,
    pub(super) issues: Vec<ConfigIssue>,
    pub(super) warnings: Vec<ConfigWarning>,
}

/// A secret, or the file that holds it.
#[derive(Debug, Clone)]
pub(crate) enum SecretOrFile {
    /// Written into the configuration or the environment.
    Inline(Secret, Origin),
    /// A file, and who named it.
    File(PathBuf, Origin),
}

impl SecretOrFile {
    /// The secret, without the white space around it.
    ///
    /// # Errors
    /// When the file cannot be read, is no text, or is empty.
    pub(crate) fn read(&self) -> Result<Secret, ConfigIssue> {
        match self {
            Self::Inline(secret, _) => Ok(secret.clone()),
            Self::File(path, origin) => read_text_secret(path, &origin.to_string()),
        }
    }
}

impl Settings {
    pub(super) fn new(given: BTreeMap<&'static str, Given>, issues: Vec<ConfigIssue>) -> Self {
        Self {
            given,
            issues,
            warnings: Vec::new(),
        }
    }

    /// Reads a value with `read`, whose error says what was expected.
    pub(super) fn parsed<T>(&mut self, key: &'static str, read: impl FnOnce(&Value) -> Result<T, String>) -> Option<T> {
        let given = self.given.get(key)?;
        match read(&given.value) {
            Ok(value) => Some(value),
            Err(expected) => {
                let hidden = keys::find(key).is_none_or(|spec| spec.secret);
                let issue = ConfigIssue::BadValue {
                    key: key.to_owned(),
                    origin: given.origin.clone(),
                    // even where no secret belongs, one may have been pasted
                    shown: (!hidden).then(|| jeton_domain::redact(&given.value.shown()).into_owned()),
                    expected,
                };
                self.issues.push(issue);
                None
            }
        }
    }

    /// A whole number.
    pub(super) fn number(&mut self, key: &'static str, range: RangeInclusive<u32>, default: u32) -> u32 {
        let read = |value: &Value| {
            let number = match value {
                Value::Integer(number) => u32::try_from(*number).ok(),
                Value::Text(text) => text.trim().parse().ok(),
                _ => None,
            };
            let expected = || format!("a whole number from {} to {}", range.start(), range.end());
            number.filter(|number| range.contains(number)).ok_or_else(expected)
        };
        self.parsed(key, read).unwrap_or(default)
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, key: &'static str, default: bool) -> bool {
        let read = |value: &Value| match value {
            Value::Flag(flag) => Ok(*flag),
            Value::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
                "true" | "yes" | "on" | "1" => Ok(true),
                "false" | "no" | "off" | "0" => Ok(false),
                _ => Err("true or false".to_owned()),
            },
            _ => Err("true or false".to_owned()),
        };
        self.parsed(key, read).unwrap_or(default)
    }

    /// A path; one in the file counts from the file's directory.
    pub(super) fn path(&mut self, key: &'static str) -> Option<PathBuf> {
        let origin = self.origin(key);
        self.parsed(key, |value| path_in(value, &origin))
    }

    /// Text.
    pub(super) fn text(&mut self, key: &'static str) -> Option<String> {
        self.parsed(key, text_of)
    }

    /// Texts, as a list or separated by commas; none when nothing was given.
    pub(super) fn texts(&mut self, key: &'static str) -> Vec<String> {
        self.parsed(key, texts_of).unwrap_or_default()
    }

    /// A URL of http or https, without a password.
    pub(super) fn url(&mut self, key: &'static str) -> Option<Url> {
        self.parsed(key, |value| {
            let url = text_of(value).ok().and_then(|text| Url::parse(&text).ok());
            let fine = |url: &Url| {
                matches!(url.scheme(), "http" | "https") && url.username().is_empty() && url.password().is_none()
            };
            let expected = "a URL such as https://jeton.example.com, without user name and password";
            url.filter(fine).ok_or_else(|| expected.to_owned())
        })
    }

    /// Whether anything was given for a setting.
    pub(super) fn has(&self, key: &str) -> bool {
        self.given.contains_key(key)
    }

    /// Notes that something must be there.
    pub(super) fn missing(&mut self, what: String, remedy: &str) {
        let remedy = remedy.to_owned();
        self.issues.push(ConfigIssue::Contradiction { what, remedy });
    }

    /// Permissions, as a table or as `name=level,…`.
    pub(super) fn permissions(&mut self, key: &'static str) -> Option<Permissions> {
        self.parsed(key, |value| {
            let permissions = match value {
                Value::Text(text) => Permissions::parse_list(text),
                Value::Table(entries) => {
                    let pairs = entries.iter().map(|entry| match &entry.value {
                        Value::Text(level) => (entry.key.clone(), level.clone()),
                        other => (entry.key.clone(), other.shown()),
                    });
                    Permissions::new(pairs)
                }
                _ => return Err("permissions such as { contents = \"read\" }".to_owned()),
            };
            permissions.map_err(|error| format!("permissions such as contents=read,issues=write: {error}"))
        })
    }

    /// A secret by itself or in a file: whichever was given in the place that counts more.
    pub(super) fn secret_or_file(&mut self, key: &'static str, file_key: &'static str) -> Option<SecretOrFile> {
        let rank = |settings: &Self, key: &str| settings.given.get(key).map(|given| given.rank);
        match (rank(self, key), rank(self, file_key)) {
            (None, None) => None,
            (Some(inline), Some(file)) if inline == file => {
                let what = format!("{key} and {file_key} are both given ({})", self.origin(key));
                self.issues.push(ConfigIssue::Contradiction {
                    what,
                    remedy: "Keep one of them.".to_owned(),
                });
                None
            }
            (inline, file) if inline > file => {
                let origin = self.origin(key);
                let text = self.parsed(key, |value| text_of(value).map(Secret::new))?;
                Some(SecretOrFile::Inline(text, origin))
            }
            _ => {
                let origin = self.origin(file_key);
                self.path(file_key).map(|path| SecretOrFile::File(path, origin))
            }
        }
    }

    /// Where a setting was given.
    pub(super) fn origin(&self, key: &str) -> Origin {
        self.given
            .get(key)
            .map_or(Origin::Default, |given| given.origin.clone())
    }
}

/// The text of a value.
pub(super) fn text_of(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Value::Text(_) => Err("some text, or nothing at all".to_owned()),
        _ => Err("text in quotes".to_owned()),
    }
}

/// The texts of a value: a list, or one text with commas.
pub(super) fn texts_of(value: &Value) -> Result<Vec<String>, String> {
    let expected = || "a list of texts, as [\"a\", \"b\"] in the file or a,b in the environment".to_owned();
    let texts: Vec<_> = match value {
        Value::Text(text) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        Value::List(values) => {
            let texts: Result<_, _> = values.iter().map(text_of).collect();
            texts.map_err(|_| expected())?
        }
        _ => return Err(expected()),
    };
    if texts.iter().any(String::is_empty) {
        return Err(expected());
    }
    Ok(texts)
}

/// The path of a value, counted from the file in which it stands.
pub(super) fn path_in(value: &Value, origin: &Origin) -> Result<PathBuf, String> {
    let text = text_of(value).map_err(|_| "a path".to_owned())?;
    if text.starts_with("~/") {
        return Err("a path without `~`, which only a shell replaces".to_owned());
    }
    let base = match origin {
        Origin::File { path, .. } => path.parent().unwrap_or(Path::new("")),
        _ => Path::new(""),
    };
    Ok(base.join(text))
}
