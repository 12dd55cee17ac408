//! The database, and whether the sealing key is the one that it was sealed with.

use std::path::Path;

use jeton_domain::{Code, Secret};
use jeton_seal::{SealError, SealingKey, SealingKeys};
use jeton_vault::{Vault, VaultError};

use super::Finding;
use crate::{
    config::{Config, DatabasePlace, KeyUse},
    wiring,
};

const DATABASE: &str = "database";
const SEAL: &str = "sealing key";

/// Opens the database, if there is one, and tries the sealing key on it.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    if let DatabasePlace::Sqlite(path) = &config.database.place
        && !path.exists()
    {
        return vec![missing(path)];
    }
    let vault = match wiring::open_vault(config).await {
        Ok(vault) => vault,
        Err(wiring::StartError::Vault(error)) => return vec![judge_open(&error)],
        Err(error) => return vec![Finding::of(DATABASE, &error)],
    };
    let findings = look(&*vault, config).await;
    vault.close().await;
    findings
}

/// A database that is open: whether it can be used, and whether the sealing key opens what is in it.
pub(super) async fn look(vault: &dyn Vault, config: &Config) -> Vec<Finding> {
    let mut findings = vec![match vault.check().await {
        Ok(()) => Finding::ok(DATABASE, format!("{} can be read and written", vault.place())),
        Err(error) => Finding::of(DATABASE, &error),
    }];
    if let Ok(Some(key)) = config.seal_key.read(KeyUse::Seal) {
        let previous = config.previous_seal_key.as_ref();
        let previous = previous.and_then(|source| source.read(KeyUse::PreviousSeal).ok().flatten());
        findings.push(seal(vault, &key, previous.as_ref()).await);
    }
    findings
}

/// A file that is not there yet.
fn missing(path: &Path) -> Finding {
    let parent = path
        .parent()
        .filter(|parent| !parent.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    if parent.exists() && !parent.is_dir() {
        let what = format!(
            "{} cannot be made: {} is no directory",
            path.display(),
            parent.display()
        );
        return Finding::fail(
            DATABASE,
            Code::VaultNotADatabase,
            what,
            "Choose another place with database.url.",
        );
    }
    Finding::ok(DATABASE, format!("{} will be made by the server", path.display()))
}

/// A running server holds the file alone, and that is as it should be.
fn judge_open(error: &VaultError) -> Finding {
    match error {
        VaultError::InUse { place, pid } => {
            let pid = pid.map(|pid| format!(" (process {pid})")).unwrap_or_default();
            Finding::ok(DATABASE, format!("a running server{pid} serves {place}"))
        }
        error => Finding::of(DATABASE, error),
    }
}

/// Tries the sealing keys on every data key.
async fn seal(vault: &dyn Vault, text: &Secret, previous: Option<&Secret>) -> Finding {
    let read = || -> Result<SealingKeys, SealError> {
        let mut keys = SealingKeys::new(SealingKey::parse(text)?, "");
        if let Some(text) = previous {
            keys = keys.with_previous(SealingKey::parse(text)?, "");
        }
        Ok(keys)
    };
    let sealing_keys = match read() {
        Ok(keys) => keys,
        Err(error) => return Finding::of(SEAL, &error),
    };
    let key = &sealing_keys.current().key;
    let keys = match vault.read().await {
        Ok(mut tx) => tx.data_keys().list().await,
        Err(error) => Err(error),
    };
    let keys = match keys {
        Ok(keys) => keys,
        Err(error) => return Finding::of(DATABASE, &error),
    };
    let opened: Result<Vec<_>, SealError> = keys
        .iter()
        .map(|row| sealing_keys.unwrap(&row.id, &row.wrapped, &row.wrapped_by))
        .collect();
    match opened {
        Ok(opened) if opened.is_empty() => Finding::ok(SEAL, format!("{} will seal this new vault", key.id())),
        Ok(_) if keys.iter().all(|row| row.wrapped_by == *key.id()) => {
            Finding::ok(SEAL, format!("{} opens the vault", key.id()))
        }
        Ok(_) => Finding::warn(
            SEAL,
            Code::SealWrongKey,
            format!("the vault is still sealed with the key before {}", key.id()),
            "Run `jeton key rotate` on the running server; then take seal.previous_key out of the configuration.",
        ),
        Err(error) => Finding::of(SEAL, &error),
    }
}

#[cfg(test)]
mod tests {
    use jeton_seal::{DataKey, SealingKey};
    use jeton_vault::{DataKeyRecord, Vault as _, VaultError};
    use jeton_vault_sqlite::SqliteVault;
    use jiff::Timestamp;

    use super::{judge_open, missing, seal};
    use crate::{doctor::Level, system::SystemEntropy};

    #[test]
    fn a_running_server_is_no_trouble() {
        let held = VaultError::InUse {
            place: "/x/jeton.db".to_owned(),
            pid: Some(812),
        };
        let finding = judge_open(&held);
        assert_eq!(finding.level, Level::Ok);
        assert!(finding.what.contains("process 812"));
        assert_eq!(judge_open(&VaultError::Full).code.as_deref(), Some("vault.full"));
    }

    #[test]
    fn a_database_that_is_not_there_yet_is_fine() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(missing(&dir.path().join("jeton.db")).level, Level::Ok);
        let file = dir.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(missing(&file.join("jeton.db")).level, Level::Fail);
    }

    #[tokio::test]
    async fn another_key_than_the_vaults_is_found_out() {
        let dir = tempfile::tempdir().unwrap();
        let vault = SqliteVault::open(&dir.path().join("jeton.db")).await.unwrap();
        let entropy = SystemEntropy::default();
        let (right, wrong) = (SealingKey::generate(&entropy), SealingKey::generate(&entropy));
        assert!(seal(&vault, &right.to_text(), None).await.what.contains("new vault"));
        let data = DataKey::generate(&entropy);
        let record = DataKeyRecord {
            id: data.id().clone(),
            wrapped: data.wrap(&right, &entropy),
            wrapped_by: right.id().clone(),
            created_at: Timestamp::UNIX_EPOCH,
            activated_at: Some(Timestamp::UNIX_EPOCH),
        };
        let mut tx = vault.begin().await.unwrap();
        tx.data_keys().add(&record, true).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(seal(&vault, &right.to_text(), None).await.level, Level::Ok);
        let finding = seal(&vault, &wrong.to_text(), Some(&right.to_text())).await;
        assert_eq!(finding.level, Level::Warn);
        assert!(finding.remedy.unwrap().contains("jeton key rotate"));
        let finding = seal(&vault, &wrong.to_text(), None).await;
        assert_eq!(
            (finding.level, finding.code.as_deref()),
            (Level::Fail, Some("seal.wrong_key"))
        );
        assert_eq!(
            seal(&vault, &"short".to_owned().into(), None).await.code.as_deref(),
            Some("seal.bad_key")
        );
    }
}
