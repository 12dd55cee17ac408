//! A vault that lets several begin to write at the same moment, so that races happen when they can.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jeton_vault::{LeaseRepo, Vault, VaultError, VaultTx};
use tokio::sync::Barrier;

#[derive(Debug)]
pub(crate) struct Gate {
    inner: Arc<dyn Vault>,
    /// For whom to wait, and how many are still to come.
    armed: Mutex<Option<(Arc<Barrier>, usize)>>,
}

impl Gate {
    pub(crate) fn new(inner: Arc<dyn Vault>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            armed: Mutex::new(None),
        })
    }

    /// The next `count` who begin to write wait for each other.
    pub(crate) fn arm(&self, count: usize) {
        let barrier = Arc::new(Barrier::new(count));
        *self.armed.lock().unwrap_or_else(PoisonError::into_inner) = Some((barrier, count));
    }

    fn pass(&self) -> Option<Arc<Barrier>> {
        let mut armed = self.armed.lock().unwrap_or_else(PoisonError::into_inner);
        let (barrier, left) = armed.take()?;
        if left > 1 {
            *armed = Some((Arc::clone(&barrier), left - 1));
        }
        Some(barrier)
    }
}

#[async_trait]
impl Vault for Gate {
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        if let Some(barrier) = self.pass() {
            barrier.wait().await;
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
