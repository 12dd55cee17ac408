//! The GitHub Apps that the configuration names.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jeton_domain::{AppIssuer, AppName, Code, Coded, ForgeEndpoint, Secret};
use jeton_forge::{AppKeyError, read_key_bytes};

use super::{
    ConfigIssue, Origin,
    key_source::{file_issue, read_file},
    keys::{self, APP_FIELDS},
    settings::{path_in, text_of},
    sources::{Sources, Variable},
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
    if let Some(app) = from_environment(sources, credential, issues) {
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
    let (name, issuer) = (text("name", None), text("app_id", None));
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
        issuer,
        api_url,
        key,
        issues,
    );
    app.filter(|_| issues.len() == before)
}

fn from_environment(sources: &Sources, credential: Option<&Path>, issues: &mut Vec<ConfigIssue>) -> Option<AppConfig> {
    let find = |name: &str| sources.variables.get(name);
    let given = |variable: &Variable| (variable.value.trim().to_owned(), variable.origin.clone());
    let (id_name, id) = ["JETON_APP_ID", "GITHUB_APP_ID"]
        .into_iter()
        .find_map(|name| Some((name, find(name)?)))
        .or_else(|| {
            let name = "JETON_APP_PRIVATE_KEY";
            let stray = [
                name,
                "JETON_APP_PRIVATE_KEY_FILE",
                "JETON_APP_API_URL",
                "JETON_APP_NAME",
            ];
            if let Some(variable) = stray.into_iter().find_map(find) {
                let what = format!("there is no JETON_APP_ID beside {}", variable.origin);
                let remedy = "Set JETON_APP_ID to the App id or client id of the App's settings page.";
                issues.push(ConfigIssue::Contradiction {
                    what,
                    remedy: remedy.to_owned(),
                });
            }
            None
        })?;
    let key = environment_key(sources, id_name, credential)
        .map_err(|issue| issues.push(issue))
        .ok();
    let name = find("JETON_APP_NAME").map_or_else(|| ("default".to_owned(), Origin::Default), given);
    let api_url = find("JETON_APP_API_URL").map_or_else(
        || (ForgeEndpoint::github_com().api_url().to_owned(), Origin::Default),
        given,
    );
    let names = ["JETON_APP_NAME", id_name, "JETON_APP_API_URL"];
    assemble(names, Some(name), Some(given(id)), Some(api_url), key, issues)
}

/// The private key of the App in the environment, under today's names and under those of older token services.
fn environment_key(sources: &Sources, id_name: &str, credential: Option<&Path>) -> Result<AppKeySource, ConfigIssue> {
    let find = |name: &str| sources.variables.get(name);
    match (find("JETON_APP_PRIVATE_KEY"), find("JETON_APP_PRIVATE_KEY_FILE")) {
        (Some(inline), None) => {
            return Ok(AppKeySource::Inline(
                Secret::new(inline.value.clone()),
                inline.origin.clone(),
            ));
        }
        (None, Some(file)) => return Ok(AppKeySource::File(file.value.trim().into(), file.origin.clone())),
        (Some(inline), Some(_)) => {
            return Err(both(
                "JETON_APP_PRIVATE_KEY and JETON_APP_PRIVATE_KEY_FILE",
                &inline.origin,
            ));
        }
        (None, None) => {}
    }
    let directory = find("SECRETS_DIR");
    match (find("GITHUB_APP_PRIVATE_KEY"), directory) {
        (Some(key), Some(directory)) if is_file_name(&key.value) => {
            let path = Path::new(directory.value.trim()).join(key.value.trim());
            return Ok(AppKeySource::File(path, key.origin.clone()));
        }
        (Some(key), _) => return Ok(AppKeySource::Inline(Secret::new(key.value.clone()), key.origin.clone())),
        (None, Some(directory)) => return only_pem(directory),
        (None, None) => {}
    }
    if let Some(path) = credential {
        return Ok(AppKeySource::File(path.to_owned(), Origin::Credential(path.to_owned())));
    }
    Err(ConfigIssue::Contradiction {
        what: format!("{id_name} names a GitHub App, but its private key is nowhere"),
        remedy: "Set JETON_APP_PRIVATE_KEY_FILE to the .pem file that GitHub let you download.".to_owned(),
    })
}

fn is_file_name(text: &str) -> bool {
    let text = text.trim();
    text.len() < 256 && !text.contains(['/', '\n', '\\']) && !text.contains("-----")
}

/// The one `*.pem` of a directory.
fn only_pem(directory: &Variable) -> Result<AppKeySource, ConfigIssue> {
    let path = Path::new(directory.value.trim());
    let named_by = directory.origin.to_string();
    let entries = fs::read_dir(path).map_err(|error| {
        let reason = format!("cannot be listed: {}", error.kind());
        file_issue(
            path,
            &named_by,
            &reason,
            "Name the directory in which the App's .pem file lies.",
        )
    })?;
    let mut found: Vec<_> = entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "pem"))
        .collect();
    found.sort();
    match found.as_slice() {
        [one] => Ok(AppKeySource::File(one.clone(), directory.origin.clone())),
        [] => {
            let remedy = "Put the App's private key there, or name its file with JETON_APP_PRIVATE_KEY_FILE.";
            Err(file_issue(path, &named_by, "has no *.pem file in it", remedy))
        }
        several => {
            let names: Vec<_> = several.iter().filter_map(|path| path.file_name()?.to_str()).collect();
            let reason = format!("has several *.pem files in it: {}", names.join(", "));
            let remedy = "Name the right one with GITHUB_APP_PRIVATE_KEY or JETON_APP_PRIVATE_KEY_FILE.";
            Err(file_issue(path, &named_by, &reason, remedy))
        }
    }
}

type Text = Option<(String, Origin)>;

/// In bytes. The shortest tokens of any forge have 20 characters after their prefixes.
const LONGEST_SHOWN: usize = 20;

fn assemble(
    names: [&str; 3],
    name: Text,
    issuer: Text,
    api_url: Text,
    key: Option<AppKeySource>,
    issues: &mut Vec<ConfigIssue>,
) -> Option<AppConfig> {
    let name = checked(names[0], name, AppName::parse, issues);
    let issuer = checked(names[1], issuer, AppIssuer::parse, issues);
    let forge = checked(names[2], api_url, ForgeEndpoint::github, issues);
    Some(AppConfig {
        name: name?,
        forge: forge?,
        issuer: issuer?,
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

fn both(names: &str, origin: &Origin) -> ConfigIssue {
    let what = format!("{names} are both given ({origin})");
    ConfigIssue::Contradiction {
        what,
        remedy: "Keep one of them.".to_owned(),
    }
}
