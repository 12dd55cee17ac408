use std::{
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use async_trait::async_trait;
use jeton_vault::{
    AccountRepo, AppRepo, ClientRepo, DataKeyRepo, GrantRepo, InstallationRepo, JobRepo, LedgerRepo, OldTokenRepo,
    PolicyRepo, RotationRepo, RunnerRepo, SealedRowRepo, SettingRepo, TargetRepo, TokenRepo, UserRepo, VaultError,
    VaultTx, WebSessionRepo,
};
use sqlx::{PgConnection, Postgres, Transaction};

use crate::watch::{Watch, Watched as _};

/// What a transaction may do. A row lock is a write to PostgreSQL, which refuses it in a transaction that only reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    Read,
    Write,
}

/// A transaction on one connection of a pool; `sqlx` rolls it back when it is dropped.
pub(crate) struct PostgresTx {
    pub(crate) inner: Transaction<'static, Postgres>,
    pub(crate) access: Access,
    pub(crate) place: Arc<str>,
    /// For one statement.
    pub(crate) limit: Duration,
    /// See [`Watch::silent`].
    pub(crate) silent: AtomicBool,
}

/// Every repository: the connection that the transaction has, under the name of one trait at a time.
pub(crate) struct Repo<'t> {
    pub(crate) conn: &'t mut PgConnection,
    pub(crate) access: Access,
    pub(crate) watch: Watch<'t>,
}

impl PostgresTx {
    pub(crate) fn repo(&mut self) -> Repo<'_> {
        Repo {
            conn: &mut self.inner,
            access: self.access,
            watch: Watch {
                place: &self.place,
                limit: self.limit,
                silent: &self.silent,
            },
        }
    }

    /// Makes it so. Without an answer it may have become so or not, as with a connection that breaks just then.
    pub(crate) async fn finish(self) -> Result<(), VaultError> {
        let watch = Watch {
            place: &self.place,
            limit: self.limit,
            silent: &self.silent,
        };
        self.inner.commit().watched(watch).await
    }
}

#[async_trait]
impl VaultTx for PostgresTx {
    fn data_keys(&mut self) -> Box<dyn DataKeyRepo + '_> {
        Box::new(self.repo())
    }

    fn sealed_rows(&mut self) -> Box<dyn SealedRowRepo + '_> {
        Box::new(self.repo())
    }

    fn apps(&mut self) -> Box<dyn AppRepo + '_> {
        Box::new(self.repo())
    }

    fn accounts(&mut self) -> Box<dyn AccountRepo + '_> {
        Box::new(self.repo())
    }

    fn rotations(&mut self) -> Box<dyn RotationRepo + '_> {
        Box::new(self.repo())
    }

    fn runners(&mut self) -> Box<dyn RunnerRepo + '_> {
        Box::new(self.repo())
    }

    fn targets(&mut self) -> Box<dyn TargetRepo + '_> {
        Box::new(self.repo())
    }

    fn old_tokens(&mut self) -> Box<dyn OldTokenRepo + '_> {
        Box::new(self.repo())
    }

    fn installations(&mut self) -> Box<dyn InstallationRepo + '_> {
        Box::new(self.repo())
    }

    fn tokens(&mut self) -> Box<dyn TokenRepo + '_> {
        Box::new(self.repo())
    }

    fn grants(&mut self) -> Box<dyn GrantRepo + '_> {
        Box::new(self.repo())
    }

    fn jobs(&mut self) -> Box<dyn JobRepo + '_> {
        Box::new(self.repo())
    }

    fn settings(&mut self) -> Box<dyn SettingRepo + '_> {
        Box::new(self.repo())
    }

    fn clients(&mut self) -> Box<dyn ClientRepo + '_> {
        Box::new(self.repo())
    }

    fn users(&mut self) -> Box<dyn UserRepo + '_> {
        Box::new(self.repo())
    }

    fn web_sessions(&mut self) -> Box<dyn WebSessionRepo + '_> {
        Box::new(self.repo())
    }

    fn policies(&mut self) -> Box<dyn PolicyRepo + '_> {
        Box::new(self.repo())
    }

    fn ledger(&mut self) -> Box<dyn LedgerRepo + '_> {
        Box::new(self.repo())
    }

    async fn commit(self: Box<Self>) -> Result<(), VaultError> {
        (*self).finish().await
    }
}
