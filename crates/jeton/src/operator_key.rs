//! The key with which the operator asks: the one that is given, the one in the state directory, the one that another
//! server on the same database generated, or a new one.

use std::{fs, io, path::PathBuf};

use jeton_access::OperatorKeys;
use jeton_domain::{ApiKey, ApiKeyDigest, Entropy, Secret};
use jeton_vault::Vault;

use crate::{
    config::{Config, KeySource, KeyUse, create_key_file},
    wiring::StartError,
};

/// Where a database that several servers share keeps the digest of a generated key, so that all of them take it.
const NAME: &str = "operator_key_sha256";

/// The digest of the one key that this server takes.
///
/// Where one server alone uses the database, the file in the state directory decides and nothing is stored: whoever
/// lost the key removes the file, and a new one is generated. Where several share it, the first generated key is
/// stored as its digest; a server without a file takes that one, and a server with a file takes its file's.
///
/// # Errors
/// When a key cannot be read, is none, or cannot be written, and when the vault fails.
pub(crate) async fn operator_keys(
    config: &Config,
    vault: &dyn Vault,
    entropy: &dyn Entropy,
) -> Result<OperatorKeys, StartError> {
    let digest = match &config.operator_key {
        KeySource::DefaultFile(path) => {
            let file = KeyFile {
                source: &config.operator_key,
                path,
                shared: vault.shared(),
            };
            file.digest(vault, entropy).await?
        }
        given => match given.read(KeyUse::Operator)? {
            Some(text) => parse(given, &text, "Give the whole key, as it was generated.")?.digest(),
            // Cannot be: a source that is named has a key or is an error.
            None => return Ok(OperatorKeys::default()),
        },
    };
    Ok(OperatorKeys::new([digest]))
}

fn parse(source: &KeySource, text: &Secret, remedy: &'static str) -> Result<ApiKey, StartError> {
    ApiKey::parse(text.expose().trim()).map_err(|error| StartError::OperatorKey {
        place: source.describe(),
        source: error,
        remedy,
    })
}

/// The key's file in the state directory.
struct KeyFile<'a> {
    source: &'a KeySource,
    path: &'a PathBuf,
    /// Whether other servers may use the database.
    shared: bool,
}

impl KeyFile<'_> {
    async fn digest(&self, vault: &dyn Vault, entropy: &dyn Entropy) -> Result<ApiKeyDigest, StartError> {
        if let Some(key) = self.read()? {
            return self.own(vault, &key).await;
        }
        if self.shared
            && let Some(stored) = stored(vault).await?
        {
            return Ok(stored);
        }
        let key = ApiKey::generate(entropy);
        match create_key_file(self.path, key.secret()) {
            Ok(()) => {}
            // Another server with this state directory was faster.
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                return match self.read()? {
                    Some(key) => self.own(vault, &key).await,
                    None => Err(self.not_written(error)),
                };
            }
            Err(error) => return Err(self.not_written(error)),
        }
        if self.shared
            && let Some(other) = note(vault, &key).await?
        {
            // Another server stored its key since we looked. Ours was never told to anybody.
            fs::remove_file(self.path).map_err(|error| self.not_written(error))?;
            return Ok(other);
        }
        tracing::warn!(
            key.fingerprint = %key.fingerprint(),
            "a new operator key was generated. It lies at {}; the command line finds it there",
            self.path.display()
        );
        Ok(key.digest())
    }

    fn read(&self) -> Result<Option<ApiKey>, StartError> {
        let remedy = if self.shared {
            "Put the whole key back into the file, or remove it: this server then takes the key that the servers on \
             this database share."
        } else {
            "Put the whole key back into the file, or remove it: a new key is then generated."
        };
        let text = self.source.read(KeyUse::Operator)?;
        text.map(|text| parse(self.source, &text, remedy)).transpose()
    }

    /// The file's key is what this server takes, whatever the others take.
    async fn own(&self, vault: &dyn Vault, key: &ApiKey) -> Result<ApiKeyDigest, StartError> {
        if self.shared
            && let Some(other) = note(vault, key).await?
        {
            tracing::warn!(
                key.fingerprint = %key.fingerprint(),
                shared_key.fingerprint = %fingerprint(&other),
                "the operator key in {} (key.fingerprint) is not the one that the servers on this database share \
                 (shared_key.fingerprint). This server takes the key of its file alone; remove the file to have it take \
                 the shared one",
                self.path.display()
            );
        }
        Ok(key.digest())
    }

    fn not_written(&self, reason: io::Error) -> StartError {
        StartError::KeyFile {
            path: self.path.clone(),
            reason,
        }
    }
}

async fn stored(vault: &dyn Vault) -> Result<Option<ApiKeyDigest>, StartError> {
    let bytes = vault.read().await?.settings().find(NAME).await?;
    Ok(bytes.and_then(|bytes| ApiKeyDigest::from_bytes(&bytes)))
}

/// Lets the other servers take this key, unless there is one already: then it is given back if it is another.
async fn note(vault: &dyn Vault, key: &ApiKey) -> Result<Option<ApiKeyDigest>, StartError> {
    let digest = key.digest();
    let mut tx = vault.begin().await?;
    let first = tx.settings().add(NAME, digest.as_bytes()).await?;
    tx.commit().await?;
    let other = if first { None } else { stored(vault).await? };
    Ok(other.filter(|other| other.as_bytes() != digest.as_bytes()))
}

/// The fingerprint of a key of which the digest is known: its first six bytes in hex.
fn fingerprint(digest: &ApiKeyDigest) -> String {
    use std::fmt::Write as _;
    digest.as_bytes()[..6].iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests;
