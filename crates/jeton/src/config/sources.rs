use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use super::{ConfigIssue, Origin, keys, tree};
use crate::config::{
    key_source::read_file,
    tree::{Entry, Value},
};

/// Everything from which the configuration is read. No `Debug`: the environment holds secrets.
#[derive(Clone, Default)]
pub(crate) struct ConfigSources {
    /// The file that was named; it must be there.
    pub(crate) config_file: Option<PathBuf>,
    /// The files that are read when none is named; the first one that is there.
    pub(crate) default_config_files: Vec<PathBuf>,
    /// The environment.
    pub(crate) env: BTreeMap<String, String>,
    /// The file with variables that was named; it must be there.
    pub(crate) env_file: Option<PathBuf>,
    /// The one that is read when none is named, if it is there.
    pub(crate) default_env_file: Option<PathBuf>,
    /// What the flags of the command line say.
    pub(crate) overrides: Vec<Override>,
    /// Whether the process runs as root, whose state has another default place.
    pub(crate) is_root: bool,
}

/// A setting that a flag gives.
#[derive(Debug, Clone)]
pub(crate) struct Override {
    /// `section.key`.
    pub(crate) key: &'static str,
    /// The flag, with its dashes.
    pub(crate) flag: &'static str,
    /// Its value.
    pub(crate) value: String,
}

impl ConfigSources {
    /// The usual places, as seen from the working directory.
    pub(crate) fn usual(env: BTreeMap<String, String>, is_root: bool) -> Self {
        Self {
            default_config_files: vec!["jeton.toml".into(), "/etc/jeton/jeton.toml".into()],
            default_env_file: Some(".env".into()),
            env,
            is_root,
            ..Self::default()
        }
    }

    /// A variable that is no setting: from the environment, or from the file with variables. Empty ones do not count.
    ///
    /// # Errors
    /// When the file with variables cannot be read.
    pub(crate) fn variable(&self, name: &str) -> Result<Option<String>, ConfigIssue> {
        if let Some(value) = self.env.get(name) {
            return Ok(Some(value.clone()).filter(|value| !value.trim().is_empty()));
        }
        let mut sources = Sources::default();
        sources.read_env_file(self.env_file.as_deref(), self.default_env_file.as_deref());
        if let Some(issue) = sources.issues.pop() {
            return Err(issue);
        }
        let value = sources.variables.remove(name).map(|variable| variable.value);
        Ok(value.filter(|value| !value.trim().is_empty()))
    }
}

/// What was given for a setting, in the last place that gave it.
#[derive(Clone)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) origin: Origin,
    /// Higher ranks win.
    pub(super) rank: u8,
}

pub(super) const RANK_FILE: u8 = 1;
const RANK_FLAG: u8 = 6;

/// A variable, whose value may be a secret.
pub(super) struct Variable {
    pub(super) value: String,
    pub(super) origin: Origin,
}

/// What the sources say, merged and still untyped.
#[derive(Default)]
pub(super) struct Sources {
    pub(super) given: BTreeMap<&'static str, Given>,
    /// The `[[apps]]` of the file, with the file.
    pub(super) apps: Option<(PathBuf, Entry)>,
    /// The `[[issuers]]` of the file, with the file.
    pub(super) issuers: Option<(PathBuf, Entry)>,
    /// The environment over the file with variables; empty values are left out.
    pub(super) variables: BTreeMap<String, Variable>,
    /// Which configuration file was read.
    pub(super) config_file: Option<PathBuf>,
    pub(super) issues: Vec<ConfigIssue>,
}

impl Sources {
    pub(super) fn read(sources: ConfigSources) -> Self {
        let mut out = Self::default();
        out.read_env_file(sources.env_file.as_deref(), sources.default_env_file.as_deref());
        for (name, value) in sources.env {
            // an empty variable in the environment still hides the one in the file
            let origin = Origin::Environment(name.clone());
            out.variables.insert(name, Variable { value, origin });
        }
        out.variables.retain(|_, variable| !variable.value.trim().is_empty());
        let named = match sources.config_file {
            Some(path) => Some((path, "--config")),
            None => out
                .variables
                .get("JETON_CONFIG")
                .map(|variable| (variable.value.clone().into(), "JETON_CONFIG")),
        };
        let usual = || {
            sources
                .default_config_files
                .into_iter()
                .find(|path| path.symlink_metadata().is_ok())
        };
        if let Some((path, named_by)) = named.or_else(|| usual().map(|path| (path, "its default place"))) {
            out.read_config_file(path, named_by);
        }
        out.take_variables();
        for given in sources.overrides {
            let value = Value::Text(given.value);
            out.give(
                given.key,
                Given {
                    value,
                    origin: Origin::Flag(given.flag),
                    rank: RANK_FLAG,
                },
            );
        }
        out
    }

    fn give(&mut self, key: &'static str, given: Given) {
        if self.given.get(key).is_none_or(|before| before.rank <= given.rank) {
            self.given.insert(key, given);
        }
    }

    fn read_env_file(&mut self, named: Option<&Path>, usual: Option<&Path>) {
        let (path, named_by) = match (named, usual) {
            (Some(path), _) => (path, "--env-file"),
            // a directory of this name is a Python environment, and none of ours
            (None, Some(path)) if path.symlink_metadata().is_ok() && !path.is_dir() => (path, "its default place"),
            _ => return,
        };
        match read_file(path, named_by).and_then(|bytes| parse_env_file(path, &bytes)) {
            Ok(pairs) => {
                for (name, value) in pairs {
                    let origin = Origin::EnvFile {
                        path: path.to_owned(),
                        name: name.clone(),
                    };
                    self.variables.insert(name, Variable { value, origin });
                }
            }
            Err(issue) => self.issues.push(issue),
        }
    }

    fn read_config_file(&mut self, path: PathBuf, named_by: &str) {
        let not_text = || ConfigIssue::Syntax {
            path: path.clone(),
            line: 1,
            reason: "this is not UTF-8".to_owned(),
        };
        let text = read_file(&path, named_by).and_then(|bytes| String::from_utf8(bytes).map_err(|_| not_text()));
        match text.and_then(|text| tree::parse(&path, &text)) {
            Ok(entries) => entries.into_iter().for_each(|entry| self.take_section(&path, entry)),
            Err(issue) => self.issues.push(issue),
        }
        self.config_file = Some(path);
    }

    fn take_section(&mut self, path: &Path, section: Entry) {
        let place = format!("{}, line {}", path.display(), section.line);
        let list = match section.key.as_str() {
            "apps" => Some(&mut self.apps),
            "issuers" => Some(&mut self.issuers),
            _ => None,
        };
        if let Some(list) = list {
            *list = Some((path.to_owned(), section));
            return;
        }
        let known = keys::sections();
        let entries = match section.value {
            Value::Table(entries) if known.contains(&section.key.as_str()) => entries,
            Value::Table(_) => {
                let nearest = keys::nearest(&section.key, &known).map(|name| format!("[{name}]"));
                let name = format!("[{}]", section.key);
                self.issues.push(ConfigIssue::UnknownKey { name, place, nearest });
                return;
            }
            _ => {
                let candidates: Vec<_> = keys::all().map(|spec| spec.key).collect();
                let nearest = keys::nearest(&section.key, &candidates);
                self.issues.push(ConfigIssue::UnknownKey {
                    name: section.key,
                    place,
                    nearest,
                });
                return;
            }
        };
        for entry in entries {
            let name = format!("{}.{}", section.key, entry.key);
            let origin = Origin::File {
                path: path.to_owned(),
                line: entry.line,
            };
            if let Some(spec) = keys::find(&name) {
                self.give(
                    spec.key,
                    Given {
                        value: entry.value,
                        origin,
                        rank: RANK_FILE,
                    },
                );
            } else {
                let candidates: Vec<_> = keys::all().map(|spec| spec.key).collect();
                let nearest = keys::nearest(&name, &candidates);
                self.issues.push(ConfigIssue::UnknownKey {
                    name,
                    place: origin.to_string(),
                    nearest,
                });
            }
        }
    }

    fn take_variables(&mut self) {
        let mut found = Vec::new();
        for spec in keys::all() {
            let own = spec.environment_name();
            // of several older names the first one wins, so that it is given last
            let names = spec
                .legacy
                .iter()
                .rev()
                .map(|name| ((*name).to_owned(), 0))
                .chain([(own, 1)]);
            for (name, own) in names {
                if let Some(variable) = self.variables.get(&name) {
                    // the real environment wins over the file with variables, whichever name either uses
                    let real = u8::from(matches!(variable.origin, Origin::Environment(_)));
                    let value = Value::Text(variable.value.clone());
                    let rank = RANK_FILE + 1 + 2 * real + own;
                    found.push((
                        spec.key,
                        Given {
                            value,
                            origin: variable.origin.clone(),
                            rank,
                        },
                    ));
                }
            }
        }
        for (key, given) in found {
            self.give(key, given);
        }
        let known = keys::environment_names();
        for (name, variable) in &self.variables {
            if !name.starts_with("JETON_") || known.contains(name) || is_service_link(name) {
                continue;
            }
            let place = match &variable.origin {
                Origin::EnvFile { path, .. } => path.display().to_string(),
                _ => "in the environment".to_owned(),
            };
            let nearest = keys::nearest(name, &known);
            self.issues.push(ConfigIssue::UnknownKey {
                name: name.clone(),
                place,
                nearest,
            });
        }
    }
}

/// Kubernetes tells every container about the services beside it: one that is called `jeton` or `jeton-web` becomes
/// `JETON_SERVICE_HOST`, `JETON_WEB_PORT_8080_TCP_ADDR` and so on (its page "Service", "Environment variables").
fn is_service_link(name: &str) -> bool {
    let after_port = name.split_once("_PORT").map(|(_, rest)| rest);
    name.contains("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || after_port.is_some_and(|rest| rest.is_empty() || rest.contains("_TCP") || rest.contains("_UDP"))
}

/// Reads `NAME=value` lines. The error has the line's number and nothing of its text.
fn parse_env_file(path: &Path, bytes: &[u8]) -> Result<Vec<(String, String)>, ConfigIssue> {
    let syntax = |line, reason: &str| ConfigIssue::Syntax {
        path: path.to_owned(),
        line,
        reason: reason.to_owned(),
    };
    let text = std::str::from_utf8(bytes).map_err(|_| syntax(1, "this is not UTF-8"))?;
    let mut pairs = Vec::new();
    for item in dotenvy::from_read_iter(text.as_bytes()) {
        match item {
            Ok(pair) => pairs.push(pair),
            Err(dotenvy::Error::LineParse(line, _)) => {
                let begin = line.lines().next().unwrap_or_default();
                let number = text
                    .lines()
                    .position(|candidate| candidate.trim() == begin.trim())
                    .map_or(1, |at| at + 1);
                return Err(syntax(
                    number,
                    "expected NAME=value; put a value with spaces, quotes or `#` in quotes",
                ));
            }
            Err(_) => return Err(syntax(1, "expected lines of the form NAME=value")),
        }
    }
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::is_service_link;

    #[test]
    fn kubernetes_service_links_are_no_settings() {
        for name in [
            "JETON_SERVICE_HOST",
            "JETON_PORT",
            "JETON_WEB_PORT_8080_TCP_ADDR",
            "JETON_SERVICE_PORT_HTTP",
        ] {
            assert!(is_service_link(name), "{name}");
        }
        assert!(!is_service_link("JETON_SERVER__LISTEN"));
        assert!(!is_service_link("JETON_SERVER__PORTS"));
    }
}
