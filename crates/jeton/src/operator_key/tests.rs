use std::{
    fmt, fs,
    path::PathBuf,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use jeton_domain::{ApiKey, ApiKeyDigest};
use jeton_vault::{LeaseRepo, Vault, VaultError, VaultTx};
use jeton_vault_sqlite::SqliteVault;
use tempfile::TempDir;

use super::{KeyFile, NAME, fingerprint, note, stored};
use crate::{
    config::{KeySource, create_key_file},
    system::SystemEntropy,
};

type Meanwhile = Box<dyn FnOnce() -> ApiKeyDigest + Send>;

/// A database that several servers share, and what another of them stores between our first look and our first write.
struct SharedVault {
    inner: SqliteVault,
    meanwhile: Mutex<Option<Meanwhile>>,
}

impl fmt::Debug for SharedVault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedVault").finish_non_exhaustive()
    }
}

#[async_trait]
impl Vault for SharedVault {
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        let meanwhile = self.meanwhile.lock().unwrap().take();
        if let Some(other) = meanwhile {
            let mut tx = self.inner.begin().await?;
            assert!(tx.settings().add(NAME, other().as_bytes()).await?);
            tx.commit().await?;
        }
        self.inner.begin().await
    }

    async fn read(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        self.inner.read().await
    }

    fn leases(&self) -> &dyn LeaseRepo {
        self.inner.leases()
    }

    async fn check(&self) -> Result<(), VaultError> {
        self.inner.check().await
    }

    fn place(&self) -> &str {
        self.inner.place()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

/// A server's state directory.
struct State {
    dir: TempDir,
    source: KeySource,
    path: PathBuf,
}

impl State {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("operator.key");
        let source = KeySource::DefaultFile(path.clone());
        Self { dir, source, path }
    }

    async fn vault(&self) -> SharedVault {
        SharedVault {
            inner: SqliteVault::open(&self.dir.path().join("jeton.db")).await.unwrap(),
            meanwhile: Mutex::new(None),
        }
    }

    /// What a server with this directory takes on this database.
    async fn digest(&self, vault: &dyn Vault) -> [u8; 32] {
        let file = KeyFile {
            source: &self.source,
            path: &self.path,
            shared: vault.shared(),
        };
        let digest = file.digest(vault, &SystemEntropy::default()).await.unwrap();
        *digest.as_bytes()
    }

    fn key(&self) -> ApiKey {
        ApiKey::parse(fs::read_to_string(&self.path).unwrap().trim()).unwrap()
    }
}

fn new_key() -> ApiKey {
    ApiKey::generate(&SystemEntropy::default())
}

#[test]
fn the_fingerprint_of_a_digest_is_that_of_its_key() {
    let key = new_key();
    assert_eq!(fingerprint(&key.digest()), key.fingerprint().as_str());
}

#[tokio::test]
async fn a_server_by_itself_makes_a_new_key_when_its_file_is_gone() {
    let state = State::new();
    let vault = SqliteVault::open(&state.dir.path().join("jeton.db")).await.unwrap();
    let first = state.digest(&vault).await;
    assert_eq!(&first, state.key().digest().as_bytes());
    assert_eq!(state.digest(&vault).await, first, "the file is read again");
    fs::remove_file(&state.path).unwrap();
    let second = state.digest(&vault).await;
    assert_eq!(&second, state.key().digest().as_bytes());
    assert_ne!(first, second, "the lost key opens nothing");
    assert!(stored(&vault).await.unwrap().is_none(), "the file alone decides");
}

#[tokio::test]
async fn a_server_without_a_file_takes_the_shared_key_and_makes_none() {
    let (first, second) = (State::new(), State::new());
    let vault = first.vault().await;
    let shared = first.digest(&vault).await;
    assert_eq!(second.digest(&vault).await, shared);
    assert!(!second.path.exists());
    fs::remove_file(&first.path).unwrap();
    assert_eq!(first.digest(&vault).await, shared, "it is still shared");
    assert!(!first.path.exists());
}

#[tokio::test]
async fn a_server_with_another_key_in_its_file_takes_that_one_alone() {
    let (first, second) = (State::new(), State::new());
    let vault = first.vault().await;
    let shared = first.digest(&vault).await;
    create_key_file(&second.path, new_key().secret()).unwrap();
    let own = second.digest(&vault).await;
    assert_eq!(&own, second.key().digest().as_bytes());
    assert_ne!(own, shared);
    assert_eq!(
        stored(&vault).await.unwrap().unwrap().as_bytes(),
        &shared,
        "the shared key stays"
    );
}

#[tokio::test]
async fn of_two_that_start_at_once_the_later_takes_the_key_of_the_first() {
    let state = State::new();
    let vault = state.vault().await;
    let winner = Arc::new(new_key());
    let others = Arc::clone(&winner);
    *vault.meanwhile.lock().unwrap() = Some(Box::new(move || others.digest()));
    assert_eq!(&state.digest(&vault).await, winner.digest().as_bytes());
    assert!(!state.path.exists(), "a key that opens nothing is not left lying about");
    assert_eq!(
        fs::read_dir(state.dir.path())
            .unwrap()
            .filter(|entry| {
                entry
                    .as_ref()
                    .unwrap()
                    .file_name()
                    .to_string_lossy()
                    .contains("operator")
            })
            .count(),
        0
    );
}

#[tokio::test]
async fn two_with_one_state_directory_keep_its_file() {
    let state = State::new();
    let vault = state.vault().await;
    let path = state.path.clone();
    // the other one found our file, and stored its digest before we did
    *vault.meanwhile.lock().unwrap() = Some(Box::new(move || {
        ApiKey::parse(fs::read_to_string(path).unwrap().trim())
            .unwrap()
            .digest()
    }));
    let digest = state.digest(&vault).await;
    assert_eq!(&digest, state.key().digest().as_bytes());
}

#[tokio::test]
async fn a_key_is_noted_once() {
    let state = State::new();
    let vault = state.vault().await;
    let (one, two) = (new_key(), new_key());
    assert!(note(&vault, &one).await.unwrap().is_none());
    assert!(note(&vault, &one).await.unwrap().is_none(), "it is the same");
    assert_eq!(
        note(&vault, &two).await.unwrap().unwrap().as_bytes(),
        one.digest().as_bytes()
    );
}
