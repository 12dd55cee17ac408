//! A vault under which the process dies at a chosen commit: before it, or after it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU32, Ordering},
};

use async_trait::async_trait;
use jeton_vault::{
    AccountRepo, AppRepo, ClientRepo, DataKeyRepo, GrantRepo, InstallationRepo, JobRepo, LeaseRepo, LedgerRepo,
    OldTokenRepo, PolicyRepo, RotationRepo, RunnerRepo, SealedRowRepo, SettingRepo, TargetRepo, TokenRepo, UserRepo,
    Vault, VaultError, VaultTx, WebSessionRepo,
};
use tokio::sync::Notify;

/// Where the process dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Death {
    /// At which commit, counted from 0; never at `u32::MAX`.
    pub(crate) at: u32,
    /// Whether that commit is still made.
    pub(crate) after: bool,
}

impl Death {
    pub(crate) const NEVER: Self = Self {
        at: u32::MAX,
        after: false,
    };
}

/// What is left of a life.
#[derive(Debug)]
pub(crate) struct Life {
    death: Death,
    commits: AtomicU32,
    ended: AtomicBool,
    /// Told when the process is to die: whatever was going on never goes on.
    pub(crate) died: Notify,
}

impl Life {
    pub(crate) fn until(death: Death) -> Arc<Self> {
        Arc::new(Self {
            death,
            commits: AtomicU32::new(0),
            ended: AtomicBool::new(false),
            died: Notify::new(),
        })
    }

    /// Whether death came.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Relaxed)
    }

    pub(crate) async fn die(&self) {
        self.ended.store(true, Ordering::Relaxed);
        self.died.notify_one();
        std::future::pending::<()>().await;
    }
}

#[derive(Debug)]
pub(crate) struct MortalVault {
    pub(crate) vault: Arc<dyn Vault>,
    pub(crate) life: Arc<Life>,
}

struct MortalTx {
    tx: Box<dyn VaultTx>,
    life: Arc<Life>,
}

#[async_trait]
impl Vault for MortalVault {
    async fn begin(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        Ok(Box::new(MortalTx {
            tx: self.vault.begin().await?,
            life: Arc::clone(&self.life),
        }))
    }

    async fn read(&self) -> Result<Box<dyn VaultTx>, VaultError> {
        self.vault.read().await
    }

    fn leases(&self) -> &dyn LeaseRepo {
        self.vault.leases()
    }

    async fn check(&self) -> Result<(), VaultError> {
        self.vault.check().await
    }

    fn shared(&self) -> bool {
        self.vault.shared()
    }

    fn place(&self) -> &str {
        self.vault.place()
    }

    async fn close(&self) {
        self.vault.close().await;
    }
}

macro_rules! repos {
    ($($name:ident: $repo:ident),* $(,)?) => {
        #[async_trait]
        impl VaultTx for MortalTx {
            $(fn $name(&mut self) -> Box<dyn $repo + '_> {
                self.tx.$name()
            })*

            async fn commit(self: Box<Self>) -> Result<(), VaultError> {
                let number = self.life.commits.fetch_add(1, Ordering::Relaxed);
                let dies = number == self.life.death.at;
                if dies && !self.life.death.after {
                    drop(self.tx);
                    self.life.die().await;
                    unreachable!("nobody comes back");
                }
                self.tx.commit().await?;
                if dies {
                    self.life.die().await;
                }
                Ok(())
            }
        }
    };
}

repos! {
    data_keys: DataKeyRepo,
    sealed_rows: SealedRowRepo,
    apps: AppRepo,
    accounts: AccountRepo,
    rotations: RotationRepo,
    installations: InstallationRepo,
    tokens: TokenRepo,
    grants: GrantRepo,
    jobs: JobRepo,
    settings: SettingRepo,
    clients: ClientRepo,
    users: UserRepo,
    web_sessions: WebSessionRepo,
    policies: PolicyRepo,
    ledger: LedgerRepo,
    runners: RunnerRepo,
    targets: TargetRepo,
    old_tokens: OldTokenRepo,
}
