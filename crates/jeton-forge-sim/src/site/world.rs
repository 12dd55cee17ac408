//! Mistakes in setting a world up.

use std::error::Error;
use std::fmt;
use std::io;

use http::StatusCode;

use crate::control::Refusal;

/// Why something could not be set up on a simulated forge.
#[derive(Debug)]
pub enum WorldError {
    /// There is no such thing there.
    Absent(String),
    /// A name that the forge would not take.
    BadName(String),
    /// The name is taken.
    Taken(String),
    /// git, or the disk.
    Io(io::Error),
}

impl WorldError {
    pub(crate) fn absent(what: &str, name: impl fmt::Display) -> Self {
        Self::Absent(format!("{what} {name}"))
    }
}

impl fmt::Display for WorldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent(what) => write!(f, "there is no {what}"),
            Self::BadName(name) => write!(f, "{name:?} is not a name here"),
            Self::Taken(name) => write!(f, "{name} exists already"),
            Self::Io(_) => f.write_str("git could not do it"),
        }
    }
}

impl Error for WorldError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Absent(_) | Self::BadName(_) | Self::Taken(_) => None,
        }
    }
}

impl From<io::Error> for WorldError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<WorldError> for io::Error {
    fn from(error: WorldError) -> Self {
        match error {
            WorldError::Io(error) => error,
            other => Self::new(io::ErrorKind::InvalidInput, other.to_string()),
        }
    }
}

impl From<WorldError> for Refusal {
    fn from(error: WorldError) -> Self {
        let status = match &error {
            WorldError::Absent(_) => StatusCode::NOT_FOUND,
            WorldError::BadName(_) => StatusCode::BAD_REQUEST,
            WorldError::Taken(_) => StatusCode::CONFLICT,
            WorldError::Io(_) => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let cause = error.source().map(|cause| format!(": {cause}"));
        Self(status, format!("{error}{}", cause.unwrap_or_default()))
    }
}

/// Checks one name: it will be part of paths.
pub(crate) fn check_name(name: &str) -> Result<(), WorldError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let fits = !name.is_empty()
        && name.chars().all(plain)
        && !name.starts_with(['-', '.'])
        && !name.ends_with('.')
        && !name.to_ascii_lowercase().ends_with(".git");
    if fits {
        Ok(())
    } else {
        Err(WorldError::BadName(name.to_owned()))
    }
}
