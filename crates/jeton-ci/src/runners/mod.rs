//! Tokens for runners. A forge has one of two ways: short-lived tokens with which any number of runners register themselves (GitHub), or
//! runners that are made one by one and whose tokens jeton keeps and renews (GitLab, Bitbucket).

mod entries;
mod jit;
mod kept;
mod list;
mod looks;
mod remove;
mod shared;
mod short;
mod turn;
mod wish;

use std::sync::Arc;

use jeton_broker::Asker;
use jeton_domain::RunnerId;
use jeton_jobs::Handler;

use crate::{Ci, CiError, JitGrant, JitWish, KeptRunner, RunnerAsk, RunnerGrant, RunnerPage};

pub(crate) use jit::{check_jit, unclear_jit};
pub(crate) use kept::{grant_of_made, unclear_making};
pub(crate) use looks::Looks;
pub(crate) use shared::SharedTokens;
pub(crate) use short::{Purpose, mint, need_of_short};
pub(crate) use turn::{Turn, Turns};
pub(crate) use wish::{Wish, refuse_wish};

/// What the worker must be able to do for runners.
pub(crate) fn runner_handlers(ci: &Ci) -> Vec<Arc<dyn Handler>> {
    vec![Arc::new(kept::RenewRunner(Arc::clone(&ci.0)))]
}

impl Ci {
    /// A token with which runners register themselves; or, where runners are made one by one, the token of the runner of that name, made
    /// when there is none.
    ///
    /// # Errors
    /// [`CiError`] says whose fault it is and what to do.
    pub async fn registration_token(&self, asker: &Asker, ask: RunnerAsk) -> Result<RunnerGrant, CiError> {
        self.0.runner_token(asker, ask, Purpose::Registration).await
    }

    /// A token with which runners remove themselves (GitHub).
    ///
    /// # Errors
    /// As [`Ci::registration_token`].
    pub async fn removal_token(&self, asker: &Asker, ask: RunnerAsk) -> Result<RunnerGrant, CiError> {
        self.0.runner_token(asker, ask, Purpose::Removal).await
    }

    /// The configuration of a runner for a single job (GitHub).
    ///
    /// # Errors
    /// As [`Ci::registration_token`].
    pub async fn jit_config(&self, asker: &Asker, wish: JitWish) -> Result<JitGrant, CiError> {
        self.0.jit_config(asker, wish).await
    }

    /// A page of the runners that jeton keeps, those whose tokens the caller may have. One that is not full may still have a next one.
    ///
    /// # Errors
    /// That nobody may see any; or what the vault said.
    pub async fn list_runners(
        &self,
        asker: &Asker,
        forge: Option<&str>,
        after: Option<RunnerId>,
        limit: u32,
    ) -> Result<RunnerPage, CiError> {
        self.0.list_runners(asker, forge, after, limit).await
    }

    /// Removes a runner that jeton keeps, at its forge too.
    ///
    /// # Errors
    /// As [`Ci::registration_token`]; the runner is kept then.
    pub async fn remove_runner(&self, asker: &Asker, id: &str) -> Result<KeptRunner, CiError> {
        self.0.remove_runner(asker, id).await
    }
}
