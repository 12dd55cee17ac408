use std::{fmt, path::PathBuf};

use jeton_domain::{Code, Coded};

/// Where a setting was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// The configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// A variable of the environment.
    Environment(String),
    /// A variable in the file of `--env-file`, or in `.env`.
    EnvFile {
        /// The file.
        path: PathBuf,
        /// The variable.
        name: String,
    },
    /// A flag of the command line, with its dashes.
    Flag(&'static str),
    /// A systemd credential.
    Credential(PathBuf),
    /// Nowhere: it is the default.
    Default,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line } => write!(f, "{}, line {line}", path.display()),
            Self::Environment(name) => write!(f, "environment variable {name}"),
            Self::EnvFile { path, name } => write!(f, "{name} in {}", path.display()),
            Self::Flag(flag) => f.write_str(flag),
            Self::Credential(path) => write!(f, "systemd credential {}", path.display()),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// One thing that is wrong with the configuration. None of the texts shows a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigIssue {
    /// A key or variable that does not exist.
    #[error("`{name}` is no setting of jeton's ({place})")]
    UnknownKey {
        /// As it was written.
        name: String,
        /// The file and line, or the environment.
        place: String,
        /// The most similar one there is.
        nearest: Option<String>,
    },
    /// A value that cannot be.
    #[error("{key} {} ({origin}): expected {expected}", .shown.as_ref().map_or("cannot be used".to_owned(), |shown| format!("cannot be `{shown}`")))]
    BadValue {
        /// The setting.
        key: String,
        /// Where it was given.
        origin: Origin,
        /// What was given, unless it may be a secret.
        shown: Option<String>,
        /// What it should be.
        expected: String,
    },
    /// Settings that are fine each by itself.
    #[error("{what}")]
    Contradiction {
        /// Which, and where they are.
        what: String,
        /// How to resolve it.
        remedy: String,
    },
    /// The configuration file, or the file with variables, is not in its format.
    #[error("{}, line {line}: {reason}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// Without any of the file's text, which may hold a secret.
        reason: String,
    },
    /// A file that was named cannot be used.
    #[error("{} (named by {named_by}) {reason}", .path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Who named it.
        named_by: String,
        /// What is wrong with it.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// Others than its owner can read a file that opens everything.
    #[error("{} can be read by other users (mode {mode:04o})", .path.display())]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// Whether it is the sealing key.
        seal: bool,
    },
}

impl ConfigIssue {
    /// The stable name.
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::UnknownKey { .. } => Code::ConfigUnknownKey,
            Self::BadValue { .. } | Self::Contradiction { .. } | Self::Syntax { .. } => Code::ConfigBadValue,
            Self::File { .. } | Self::Exposed { seal: false, .. } => Code::ConfigFile,
            Self::Exposed { seal: true, .. } => Code::SealKeyExposed,
        }
    }

    /// What to do about it.
    pub(crate) fn remedy(&self) -> String {
        match self {
            Self::UnknownKey {
                nearest: Some(nearest), ..
            } => format!("Did you mean `{nearest}`?"),
            Self::UnknownKey { nearest: None, .. } => {
                "Remove it; docs/configuration.md lists every setting.".to_owned()
            }
            Self::BadValue { key, origin, .. } => format!("Correct {key} at its place: {origin}."),
            Self::Syntax { path, line, .. } => format!("Correct line {line} of {}.", path.display()),
            Self::Contradiction { remedy, .. } | Self::File { remedy, .. } => remedy.clone(),
            Self::Exposed { path, .. } => format!("Run `chmod 600 {}`.", path.display()),
        }
    }
}

/// Something in the configuration that is not taken as it was written. Neither text shows a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigWarning {
    /// What, where it was given, and what is done in its place.
    pub(crate) what: String,
    /// How to be rid of it, as the rest of a sentence.
    pub(crate) remedy: String,
}

/// What is wrong with the configuration: at least one thing, and as many as could be found at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigError(Vec<ConfigIssue>);

impl ConfigError {
    /// Everything that was found, in the order of the settings.
    pub(crate) fn issues(&self) -> &[ConfigIssue] {
        &self.0
    }

    /// The issues as an error, if there are any.
    pub(crate) fn unless_empty(issues: Vec<ConfigIssue>) -> Result<(), Self> {
        if issues.is_empty() { Ok(()) } else { Err(Self(issues)) }
    }
}

impl From<ConfigIssue> for ConfigError {
    fn from(issue: ConfigIssue) -> Self {
        Self(vec![issue])
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, issue) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "; " };
            write!(f, "{separator}{issue}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

impl Coded for ConfigError {
    fn code(&self) -> Code {
        self.0.first().map_or(Code::ConfigBadValue, ConfigIssue::code)
    }

    fn remedy(&self) -> Option<String> {
        let remedies: Vec<_> = self.0.iter().map(ConfigIssue::remedy).collect();
        Some(remedies.join(" "))
    }
}
