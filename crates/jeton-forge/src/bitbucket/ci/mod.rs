//! Runners and variables of Bitbucket Pipelines. A runner is made by somebody and shows an OAuth client's secret, which does not end.

mod advice;
mod call;
mod check;
mod runners;
mod secrets;
mod target;
mod wire;

use async_trait::async_trait;
use jeton_domain::{CiScope, Diagnosis, ForgeEndpoint};
use jeton_outbound::Outbound;
use jiff::Timestamp;

use crate::ci::{
    CiAt, CiOutcome, JitAsk, JitRunner, KnownRunner, MadeRunner, NewRunner, RenewedToken, RunnerExam, RunnerForge,
    RunnerToken, SecretForge, SecretPush, SecretPushed, unsupported,
};

/// CI of Bitbucket, on behalf of somebody.
#[derive(Debug, Clone)]
pub(crate) struct BitbucketCi {
    outbound: Outbound,
}

impl BitbucketCi {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }
}

#[async_trait]
impl RunnerForge for BitbucketCi {
    fn makes_runners(&self) -> bool {
        true
    }

    fn register_url(&self, forge: &ForgeEndpoint, scope: &CiScope) -> String {
        target::Target::of(scope).map_or_else(|_| forge.web_url().to_owned(), |target| target.page(forge))
    }

    async fn registration_token(&self, _: &CiAt<'_>) -> CiOutcome<RunnerToken> {
        Err(unsupported(
            "Bitbucket has no registration tokens: each runner is made at Bitbucket first and shows the secret of its own OAuth client.",
            "Let jeton make a runner (`jeton runner token --format env`), and start it with the ids and the secret that come back.",
        ))
    }

    async fn removal_token(&self, _: &CiAt<'_>) -> CiOutcome<RunnerToken> {
        Err(unsupported(
            "Bitbucket has no tokens for removing runners: somebody who administers the repository or workspace removes them.",
            "Use `jeton runner remove` for one that jeton made, or the page of the runners.",
        ))
    }

    async fn jit_config(&self, _: &CiAt<'_>, _: &JitAsk) -> CiOutcome<JitRunner> {
        Err(unsupported(
            "Bitbucket has no runners for a single job by configuration; only GitHub has.",
            "Let jeton make a runner (`jeton runner token --format env`), and remove it after the job (`jeton runner remove`).",
        ))
    }

    async fn make_runner(&self, at: &CiAt<'_>, runner: &NewRunner) -> CiOutcome<MadeRunner> {
        runners::make(&self.outbound, at, runner).await
    }

    /// Bitbucket documents no call that tests a runner's own secret, and reading the runner wants somebody's credential, which is not here. The
    /// secret does not end: so it is taken to work until the runner is removed. [`RunnerForge::examine`] and the runner's log tell more.
    async fn verify_runner(&self, _: &ForgeEndpoint, _: KnownRunner<'_>, _: Timestamp) -> CiOutcome<bool> {
        Ok(true)
    }

    async fn renew_runner(
        &self,
        _: &ForgeEndpoint,
        _: Option<&CiAt<'_>>,
        _: KnownRunner<'_>,
        _: Timestamp,
    ) -> CiOutcome<RenewedToken> {
        Err(unsupported(
            "The secret of a Bitbucket runner does not end, and Bitbucket has no call that gives it another.",
            "If it has leaked, remove the runner and make a new one.",
        ))
    }

    async fn remove_runner(&self, at: &CiAt<'_>, runner: KnownRunner<'_>) -> CiOutcome<()> {
        runners::remove(&self.outbound, at, runner).await
    }

    async fn examine(&self, at: &CiAt<'_>) -> RunnerExam {
        runners::examine(&self.outbound, at).await
    }
}

#[async_trait]
impl SecretForge for BitbucketCi {
    fn check(&self, scope: &CiScope, push: &SecretPush<'_>) -> Result<(), Box<Diagnosis>> {
        check::check(scope, push)
    }

    async fn push(&self, at: &CiAt<'_>, push: &SecretPush<'_>) -> CiOutcome<SecretPushed> {
        secrets::push(&self.outbound, at, push).await
    }
}
