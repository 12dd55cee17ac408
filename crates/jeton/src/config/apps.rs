//! The GitHub Apps that the configuration names.

use std::path::{Path, PathBuf};

use jeton_domain::{AppIssuer, AppName, Code, Coded, ForgeEndpoint, Secret};
use jeton_forge::{AppKeyError, read_key_bytes};

use super::{
    ConfigIssue, Origin, apps_environment,
    key_source::read_file,
    keys::{self, APP_FIELDS},
    settings::{path_in, text_of},
    sources::Sources,
    tree::{Entry, Value},
};

/// A GitHub App of the configuration. Its key is read when it is needed.
#[derive(Debug, Clone)]
pub(crate) struct AppConfig {
    /// The operator's name for it.
    pub(crate) name: AppName,
    /// Where it lives.
    pub(crate) forge: ForgeEndpoint,
    /// App id or client id.
    pub(crate) issuer: AppIssuer,
    /// Its private key.
    pub(crate) key: AppKeySource,
}

/// Where an App's private key comes from.
#[derive(Debug, Clone)]
pub(crate) enum AppKeySource {
    /// Written into the configuration or the environment.
    Inline(Secret, Origin),
    /// A file, and who named it.
    File(PathBuf, Origin),
}

/// Why an App's private key cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AppKeyReadError {
    /// The file cannot be read.
    #[error(transparent)]
    File(ConfigIssue),
    /// What is in it cannot be a key.
    #[error("{}: {source}", .path.display())]
    NotAKey {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: AppKeyError,
    },
}

impl Coded for AppKeyReadError {
    fn code(&self) -> Code {
        match self {
            Self::File(issue) => issue.code(),
            Self::NotAKey { source, .. } => source.code(),
        }
    }

    fn remedy(&self) -> Option<String> {
        match self {
            Self::File(issue) => Some(issue.remedy()),
            Self::NotAKey { source, .. } => source.remedy(),
        }
    }
}

impl AppKeySource {
    /// Where it comes from, for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Inline(_, origin) => origin.to_string(),
            Self::File(path, _) => path.display().to_string(),
        }
    }

    /// The key's text; whether it is a key, [`jeton_forge::AppKey::parse`] says.
    ///
    /// # Errors
    /// When the file cannot be read, or is no text.
    pub(crate) fn read(&self) -> Result<Secret, AppKeyReadError> {
        match self {
            Self::Inline(secret, _) => Ok(secret.clone()),
            Self::File(path, origin) => {
                let bytes = read_file(path, &origin.to_string()).map_err(AppKeyReadError::File)?;
                read_key_bytes(&bytes).map_err(|source| AppKeyReadError::NotAKey {
                    path: path.clone(),
                    source,
                })
            }
        }
    }
}

/// The Apps of the file, and over them the one of the environment.
pub(super) fn read(sources: &Sources, credential: Option<&Path>, issues: &mut Vec<ConfigIssue>) -> Vec<AppConfig> {
    let mut apps = match &sources.apps {
        Some((path, entry)) => from_file(path, entry, credential, issues),
        None => Vec::new(),
    };
    if let Some(app) = apps_environment::read(sources, credential, issues) {
        // the environment wins over the file, as with every setting
        apps.retain(|other| other.name != app.name);
        apps.push(app);
    }
    apps
}

fn from_file(path: &Path, entry: &Entry, credential: Option<&Path>, issues: &mut Vec<ConfigIssue>) -> Vec<AppConfig> {
    let origin = |line| Origin::File {
        path: path.to_owned(),
        line,
    };
    let Value::List(items) = &entry.value else {
        issues.push(bad("apps", &origin(entry.line), None, "one [[apps]] for each App"));
        return Vec::new();
    };
    let mut apps: Vec<AppConfig> = Vec::new();
    for item in items {
        let Value::Table(fields) = item else {
            issues.push(bad("apps", &origin(entry.line), None, "one [[apps]] for each App"));
            continue;
        };
        let Some(app) = from_table(path, entry.line, fields, credential, issues) else {
            continue;
        };
        if apps.iter().any(|other| other.name == app.name) {
            let what = format!("two [[apps]] in {} are named `{}`", path.display(), app.name);
            issues.push(ConfigIssue::Contradiction {
                what,
                remedy: "Give each a name of its own.".to_owned(),
            });
        } else {
            apps.push(app);
        }
    }
    apps
}

fn from_table(
    path: &Path,
    line: usize,
    fields: &[Entry],
    credential: Option<&Path>,
    issues: &mut Vec<ConfigIssue>,
) -> Option<AppConfig> {
    let before = issues.len();
    let at = |line| Origin::File {
        path: path.to_owned(),
        line,
    };
    let names: Vec<_> = APP_FIELDS.iter().map(|field| field.field).collect();
    for unknown in fields.iter().filter(|field| !names.contains(&field.key.as_str())) {
        issues.push(ConfigIssue::UnknownKey {
            name: format!("apps.{}", unknown.key),
            place: at(unknown.line).to_string(),
            nearest: keys::nearest(&unknown.key, &names).map(|name| format!("apps.{name}")),
        });
    }
    let find = |name: &str| fields.iter().find(|field| field.key == name);
    let here = at(fields.first().map_or(line, |field| field.line));
    let mut text = |name: &str, fallback: Option<&str>| match (find(name), fallback) {
        (Some(field), _) => match &field.value {
            Value::Integer(number) => Some((number.to_string(), at(field.line))),
            value => match text_of(value) {
                Ok(text) => Some((text, at(field.line))),
                Err(expected) => {
                    issues.push(bad(&format!("apps.{name}"), &at(field.line), None, &expected));
                    None
                }
            },
        },
        (None, Some(fallback)) => Some((fallback.to_owned(), Origin::Default)),
        (None, None) => {
            issues.push(bad(
                &format!("apps.{name}"),
                &here,
                None,
                "a value: every [[apps]] has one",
            ));
            None
        }
    };
    let (name, app_id) = (text("name", None), text("app_id", None));
    let api_url = text("api_url", Some(ForgeEndpoint::github_com().api_url()));
    let private_key = match (find("private_key"), find("private_key_file"), credential) {
        (Some(field), None, _) => text_of(&field.value)
            .map(|text| AppKeySource::Inline(Secret::new(text), at(field.line)))
            .map_err(|expected| bad("apps.private_key", &at(field.line), None, &expected)),
        (None, Some(field), _) => path_in(&field.value, &at(field.line))
            .map(|file| AppKeySource::File(file, at(field.line)))
            .map_err(|expected| bad("apps.private_key_file", &at(field.line), None, &expected)),
        (None, None, Some(path)) => Ok(AppKeySource::File(path.to_owned(), Origin::Credential(path.to_owned()))),
        (None, None, None) => Err(bad(
            "apps.private_key_file",
            &here,
            None,
            "the file that holds the App's key",
        )),
        (Some(field), Some(_), _) => Err(both("private_key and private_key_file", &at(field.line))),
    };
    let key = private_key.map_err(|issue| issues.push(issue)).ok();
    let app = assemble(
        ["apps.name", "apps.app_id", "apps.api_url"],
        name,
        app_id,
        api_url,
        key,
        issues,
    );
    app.filter(|_| issues.len() == before)
}

pub(super) type Text = Option<(String, Origin)>;

/// In bytes. The shortest tokens of any forge have 20 characters after their prefixes.
const LONGEST_SHOWN: usize = 20;

pub(super) fn assemble(
    names: [&str; 3],
    name: Text,
    app_id: Text,
    api_url: Text,
    key: Option<AppKeySource>,
    issues: &mut Vec<ConfigIssue>,
) -> Option<AppConfig> {
    let name = checked(names[0], name, AppName::parse, issues);
    let app_id = checked(names[1], app_id, AppIssuer::parse, issues);
    let forge = checked(names[2], api_url, ForgeEndpoint::github, issues);
    Some(AppConfig {
        name: name?,
        forge: forge?,
        issuer: app_id?,
        key: key?,
    })
}

fn checked<T, E: std::fmt::Display>(
    key: &str,
    given: Text,
    parse: impl FnOnce(&str) -> Result<T, E>,
    issues: &mut Vec<ConfigIssue>,
) -> Option<T> {
    let (text, origin) = given?;
    match parse(&text) {
        Ok(value) => Some(value),
        Err(error) => {
            // a token or key pasted into the wrong place must not be shown, and none is this short
            let is_url = key.to_ascii_lowercase().ends_with("api_url");
            let shown = (!is_url && text.len() <= LONGEST_SHOWN).then(|| Value::Text(text).shown());
            issues.push(bad(key, &origin, shown, &error.to_string()));
            None
        }
    }
}

fn bad(key: &str, origin: &Origin, shown: Option<String>, expected: &str) -> ConfigIssue {
    ConfigIssue::BadValue {
        key: key.to_owned(),
        origin: origin.clone(),
        shown,
        expected: expected.to_owned(),
    }
}

pub(super) fn both(names: &str, origin: &Origin) -> ConfigIssue {
    let what = format!("{names} are both given ({origin})");
    ConfigIssue::Contradiction {
        what,
        remedy: "Keep one of them.".to_owned(),
    }
}
