//! The configuration, and the files and directories that it names.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use jeton_domain::Code;
use rustix::fs::{Access, access};

use super::Finding;
use crate::config::{AppKeySource, Config, ConfigError, ConfigSources, KeySource, KeyUse, others_may_enter};

/// The configuration as a whole.
pub(super) fn configuration(loaded: &Result<Config, ConfigError>) -> Vec<Finding> {
    let config = match loaded {
        Ok(config) => config,
        Err(error) => {
            let finding = |issue: &crate::config::ConfigIssue| {
                Finding::fail("configuration", issue.code(), issue.to_string(), &issue.remedy())
            };
            return error.issues().iter().map(finding).collect();
        }
    };
    let from = match &config.read_from {
        Some(path) => path.display().to_string(),
        None => "no configuration file, so the environment and the defaults".to_owned(),
    };
    let warnings = config
        .warnings
        .iter()
        .map(|warning| Finding::warn("configuration", Code::ConfigBadValue, &warning.what, &warning.remedy));
    [Finding::ok("configuration", from)]
        .into_iter()
        .chain(warnings)
        .collect()
}

/// `.env` where it is looked for without being named.
pub(super) fn env_file(sources: &ConfigSources) -> Option<Finding> {
    let path = sources
        .default_env_file
        .as_deref()
        .filter(|_| sources.env_file.is_none())?;
    let found = fs::metadata(path).ok()?;
    if found.is_dir() {
        return Some(Finding::warn(
            "env file",
            Code::ConfigFile,
            format!(
                "{} is a directory, so that no variables are read from it",
                path.display()
            ),
            "Name a file with --env-file. A container runtime makes an empty directory when it mounts a file that is \
             missing on the host.",
        ));
    }
    Some(Finding::ok("env file", format!("{} is read", path.display())))
}

/// The state directory: there and writable, or can be made.
pub(super) fn state_dir(path: &Path) -> Finding {
    const CHECK: &str = "state";
    let remedy = "Give the user that runs jeton the right to write there, or choose another place with state.dir \
                  (JETON_STATE__DIR).";
    match fs::metadata(path) {
        Ok(found) if !found.is_dir() => Finding::fail(
            CHECK,
            Code::ConfigFile,
            format!("{} is no directory", path.display()),
            remedy,
        ),
        Ok(_) if access(path, Access::WRITE_OK | Access::EXEC_OK).is_err() => Finding::fail(
            CHECK,
            Code::ConfigFile,
            format!("{} cannot be written", path.display()),
            remedy,
        ),
        Ok(_) => match others_may_enter(path) {
            Some(mode) => Finding::warn(
                CHECK,
                Code::ConfigFile,
                format!("{} can be entered by other users (mode {mode:04o})", path.display()),
                &format!(
                    "Run `chmod 700 {}`: the keys and the database lie there. Under systemd, set StateDirectoryMode=0700.",
                    path.display()
                ),
            ),
            None => Finding::ok(CHECK, format!("{} can be written", path.display())),
        },
        Err(_) => {
            let parent = path
                .ancestors()
                .skip(1)
                .find(|parent| parent.is_dir())
                .unwrap_or(Path::new("."));
            if access(parent, Access::WRITE_OK | Access::EXEC_OK).is_ok() {
                Finding::ok(CHECK, format!("{} will be made by the server", path.display()))
            } else {
                let what = format!("{} is not there and cannot be made", path.display());
                Finding::fail(CHECK, Code::ConfigFile, what, remedy)
            }
        }
    }
}

/// Whether a key can be read by us, and by nobody else.
pub(super) fn key(check: &'static str, source: &KeySource, purpose: KeyUse) -> Finding {
    match source.read(purpose) {
        Ok(Some(_)) => Finding::ok(check, format!("can be read ({})", source.describe())),
        Ok(None) => Finding::ok(check, format!("{} will be made by the server", source.describe())),
        Err(issue) => Finding::fail(check, issue.code(), issue.to_string(), &issue.remedy()),
    }
}

/// Who else can read an App's key. Only a warning: many deployments mount such files for a group.
pub(super) fn app_key_mode(source: &AppKeySource) -> Option<Finding> {
    let AppKeySource::File(path, _) = source else {
        return None;
    };
    let mode = fs::metadata(path).ok()?.mode() & 0o7777;
    (mode & 0o077 != 0).then(|| exposed(path, mode))
}

fn exposed(path: &Path, mode: u32) -> Finding {
    let what = format!("{} can be read by other users (mode {mode:04o})", path.display());
    Finding::warn(
        "app",
        Code::ConfigFile,
        what,
        &format!("Run `chmod 600 {}`.", path.display()),
    )
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, fs, os::unix::fs::PermissionsExt as _, path::Path};

    use super::{app_key_mode, configuration, env_file, key, state_dir};
    use crate::{
        config::{AppKeySource, Config, ConfigSources, KeySource, KeyUse, Origin},
        doctor::Level,
    };

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_missing_env_file_is_named() {
        let sources = ConfigSources {
            env_file: Some("/nowhere/prod.env".into()),
            env: BTreeMap::from([("HOME".to_owned(), "/home/x".to_owned())]),
            ..ConfigSources::default()
        };
        let findings = configuration(&Config::load(sources));
        assert_eq!((findings.len(), findings[0].level), (1, Level::Fail));
        assert!(findings[0].what.contains("/nowhere/prod.env"), "{}", findings[0].what);
    }

    #[test]
    fn a_directory_in_place_of_the_env_file_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let sources = ConfigSources {
            default_env_file: Some(dir.path().to_owned()),
            ..ConfigSources::default()
        };
        assert_eq!(env_file(&sources).unwrap().level, Level::Warn);
        let none = ConfigSources {
            default_env_file: Some(dir.path().join("x")),
            ..ConfigSources::default()
        };
        assert_eq!(env_file(&none), None);
    }

    #[test]
    fn the_state_directory_is_there_or_can_be_made() {
        let dir = tempfile::tempdir().unwrap();
        mode(dir.path(), 0o700);
        assert_eq!(state_dir(dir.path()).level, Level::Ok);
        assert!(state_dir(&dir.path().join("a/b")).what.contains("will be made"));
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(state_dir(&file).level, Level::Fail);
    }

    #[test]
    fn a_state_directory_that_others_can_enter_is_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        for open in [0o755, 0o710, 0o702] {
            mode(dir.path(), open);
            let finding = state_dir(dir.path());
            assert_eq!(
                (finding.level, finding.code.as_deref()),
                (Level::Warn, Some("config.file"))
            );
            assert!(finding.what.contains(&format!("mode {open:04o}")), "{}", finding.what);
            assert!(finding.remedy.unwrap().contains("chmod 700"));
        }
    }

    #[test]
    fn a_margin_that_was_raised_is_a_warning() {
        let env = [("HOME", "/home/x"), ("TOKEN_RENEW_AT", "10")];
        let sources = ConfigSources {
            env: env.map(|(name, value)| (name.to_owned(), value.to_owned())).into(),
            ..ConfigSources::default()
        };
        let findings = configuration(&Config::load(sources));
        assert_eq!((findings.len(), findings[1].level), (2, Level::Warn));
        assert!(
            findings[1].what.contains("TOKEN_RENEW_AT is 10"),
            "{}",
            findings[1].what
        );
    }

    #[test]
    fn a_key_that_others_can_read_fails_with_its_cure() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seal.key");
        fs::write(&path, "x\n").unwrap();
        mode(&path, 0o640);
        let source = KeySource::DefaultFile(path.clone());
        let finding = key("sealing key", &source, KeyUse::Seal);
        assert_eq!(finding.code.as_deref(), Some("seal.key_exposed"));
        assert!(finding.remedy.unwrap().contains("chmod 600"));
        assert_eq!(
            key("operator", &source, KeyUse::Operator).code.as_deref(),
            Some("config.file")
        );
        mode(&path, 0o600);
        assert_eq!(key("sealing key", &source, KeyUse::Seal).level, Level::Ok);
        let missing = KeySource::DefaultFile(dir.path().join("none"));
        assert!(key("sealing key", &missing, KeyUse::Seal).what.contains("will be made"));
        let named = KeySource::File(dir.path().join("none"));
        assert_eq!(key("sealing key", &named, KeyUse::Seal).level, Level::Fail);
        let directory = KeySource::File(dir.path().to_owned());
        assert!(
            key("sealing key", &directory, KeyUse::Seal)
                .what
                .contains("is a directory")
        );
    }

    #[test]
    fn an_apps_key_that_others_can_read_is_a_warning() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("app.pem");
        fs::write(&path, "x").unwrap();
        mode(&path, 0o644);
        let source = AppKeySource::File(path.clone(), Origin::Default);
        assert_eq!(app_key_mode(&source).unwrap().level, Level::Warn);
        mode(&path, 0o400);
        assert_eq!(app_key_mode(&source), None);
    }
}
