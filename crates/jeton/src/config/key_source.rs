use std::{
    fs::{self, File},
    io::{self, Read as _, Write as _},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use jeton_domain::Secret;

use super::{ConfigIssue, Origin};

/// Where the sealing key or the operator's key comes from.
#[derive(Debug, Clone)]
pub(crate) enum KeySource {
    /// Written into the configuration or the environment.
    Inline(Secret, Origin),
    /// A file that was named: it must be there.
    File(PathBuf),
    /// A systemd credential: it must be there, and systemd minds its permissions.
    Credential(PathBuf),
    /// The file in the state directory, which the server makes when it is missing.
    DefaultFile(PathBuf),
}

/// Which of the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// Seals the vault.
    Seal,
    /// Sealed it before.
    PreviousSeal,
    /// Opens the API for the operator.
    Operator,
}

impl KeyUse {
    fn setting(self) -> &'static str {
        match self {
            Self::Seal => "seal.key_file",
            Self::PreviousSeal => "seal.previous_key_file",
            Self::Operator => "operator.key_file",
        }
    }
}

impl KeySource {
    /// Reads the key, without the white space around it. `Ok(None)` only for a default file that is not there yet.
    ///
    /// # Errors
    /// When a file is missing, is a directory, cannot be read, is empty, or can be read by others than its owner.
    pub(crate) fn read(&self, purpose: KeyUse) -> Result<Option<Secret>, ConfigIssue> {
        let setting = purpose.setting();
        match self {
            Self::Inline(secret, _) => Ok(Some(secret.clone())),
            Self::File(path) => read_key(path, setting, Some(purpose)).map(Some),
            Self::Credential(path) => read_key(path, "CREDENTIALS_DIRECTORY", None).map(Some),
            Self::DefaultFile(path) => match fs::symlink_metadata(path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
                _ => read_key(path, "the state directory", Some(purpose)).map(Some),
            },
        }
    }

    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::Inline(..) => None,
            Self::File(path) | Self::Credential(path) | Self::DefaultFile(path) => Some(path),
        }
    }

    /// Where it comes from, for people.
    pub(crate) fn describe(&self) -> String {
        match self {
            Self::Inline(_, origin) => origin.to_string(),
            Self::File(path) | Self::DefaultFile(path) => path.display().to_string(),
            Self::Credential(path) => Origin::Credential(path.clone()).to_string(),
        }
    }
}

fn read_key(path: &Path, named_by: &str, guarded: Option<KeyUse>) -> Result<Secret, ConfigIssue> {
    let bytes = read_file(path, named_by)?;
    if let Some(purpose) = guarded {
        check_mode(path, purpose)?;
    }
    as_secret(bytes, path, named_by)
}

/// Reads a secret's file.
///
/// # Errors
/// When it cannot be read, is no text, or is empty.
pub(super) fn read_text_secret(path: &Path, named_by: &str) -> Result<Secret, ConfigIssue> {
    as_secret(read_file(path, named_by)?, path, named_by)
}

fn as_secret(bytes: Vec<u8>, path: &Path, named_by: &str) -> Result<Secret, ConfigIssue> {
    let text = String::from_utf8(bytes).map_err(|_| file_issue(path, named_by, "is not text", "Name another file."))?;
    if text.trim().is_empty() {
        let remedy = "Put the secret into it, or remove it.";
        return Err(file_issue(path, named_by, "is empty", remedy));
    }
    Ok(Secret::new(text.trim()))
}

fn check_mode(path: &Path, purpose: KeyUse) -> Result<(), ConfigIssue> {
    let mode = fs::metadata(path).map_or(0, |found| found.mode()) & 0o7777;
    if mode & OTHERS != 0 {
        let seal = purpose != KeyUse::Operator;
        return Err(ConfigIssue::Exposed {
            path: path.to_owned(),
            mode,
            seal,
        });
    }
    Ok(())
}

/// The permission bits of everybody but the owner.
const OTHERS: u32 = 0o077;

/// The largest file that is read as configuration or key, in bytes.
const MAX_FILE: u64 = 1024 * 1024;

/// The mode of a directory that others than its owner may list, enter or write; `None` when it is the owner's alone, or
/// not there.
pub(crate) fn others_may_enter(directory: &Path) -> Option<u32> {
    let mode = fs::metadata(directory).ok()?.mode() & 0o7777;
    (mode & OTHERS != 0).then_some(mode)
}

/// Reads a small file; the error says what stands there in its place.
pub(crate) fn read_file(path: &Path, named_by: &str) -> Result<Vec<u8>, ConfigIssue> {
    let issue = |reason: &str, remedy: &str| file_issue(path, named_by, reason, remedy);
    let found = match fs::metadata(path) {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(issue("does not exist", &format!("Create it, or correct {named_by}.")));
        }
        Err(error) => return Err(unreadable(path, named_by, &error)),
    };
    if found.is_dir() {
        return Err(issue(
            "is a directory, not a file",
            "Name the file in it. A container runtime makes an empty directory when it mounts a file that is missing \
             on the host.",
        ));
    }
    // Devices and pipes have no length of their own: what counts is how much comes out of them.
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(path, named_by, &error))?;
    if bytes.len() as u64 > MAX_FILE {
        return Err(issue("is larger than 1 MiB", "Name the right file."));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, named_by: &str, error: &io::Error) -> ConfigIssue {
    let remedy = "Give the user that runs jeton the right to read it and to enter the directories above it.";
    file_issue(path, named_by, &format!("cannot be read: {}", error.kind()), remedy)
}

pub(super) fn file_issue(path: &Path, named_by: &str, reason: &str, remedy: &str) -> ConfigIssue {
    ConfigIssue::File {
        path: path.to_owned(),
        named_by: named_by.to_owned(),
        reason: reason.to_owned(),
        remedy: remedy.to_owned(),
    }
}

/// Writes a key into a new file that its owner alone can read, and makes sure that it is on the disk.
///
/// The file appears under its name whole or not at all, wherever the process is killed: an empty one would stop every
/// later start. It is written under another name (`.` before it, and six random characters behind it), which gets its
/// final name in one step. What a killed process leaves under the other name may be removed.
///
/// # Errors
/// [`io::ErrorKind::AlreadyExists`] when there is anything at the path: a key is never overwritten.
pub(crate) fn create_key_file(path: &Path, key: &Secret) -> io::Result<()> {
    let directory = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    // Opened first: whatever fails, fails before there is a key.
    let opened = File::open(directory)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let mut file = tempfile::Builder::new()
        .prefix(&format!(".{name}."))
        .permissions(fs::Permissions::from_mode(0o600))
        .tempfile_in(directory)?;
    let text = Secret::new(format!("{}\n", key.expose()));
    file.write_all(text.expose().as_bytes())?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|refused| refused.error)?;
    // The name is on the disk only when its directory is. Some file systems of containers cannot be told to see to it.
    match opened.sync_all() {
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => Ok(()),
        outcome => outcome,
    }
}
