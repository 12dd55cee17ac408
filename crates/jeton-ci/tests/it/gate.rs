//! A database that is away when a test says so.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use async_trait::async_trait;
use jeton_vault::{LeaseRepo, Vault, VaultError, VaultTx};

type IsAway = Box<dyn FnMut() -> bool + Send>;

/// Fails what begins to write while it is away.
pub(crate) struct Gate {
    inner: Arc<dyn Vault>,
    is_away: Mutex<IsAway>,
}

impl Gate {
    pub(crate) fn new(inner: Arc<dyn Vault>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            is_away: Mutex::new(Box::new(|| false)),
        })
    }

    /// Asked before each transaction that writes.
    pub(crate) fn away_while(&self, is_away: impl FnMut() -> bool + Send + 'static) {
        *self.is_away.lock().unwrap_or_else(PoisonError::into_inner) = Box::new(is_away);
    }

    fn is_away(&self) -> bool {
        (self.is_away.lock().unwrap_or_else(PoisonError::into_inner))()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}

#[async_trait]
impl Vault for Gate {
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        if self.is_away() {
            let reason = "as the test asked for".to_owned();
            return Err(VaultError::Unavailable { reason });
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

    fn shared(&self) -> bool {
        self.inner.shared()
    }

    fn place(&self) -> &str {
        self.inner.place()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
