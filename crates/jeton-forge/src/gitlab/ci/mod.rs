//! Runners and CI/CD variables of GitLab. A runner is made by a user and has a token of its own; variables belong to projects and groups.

mod advice;
mod advice_runners;
mod advice_variables;
mod call;
mod check;
mod echo;
mod examine;
mod own;
mod runners;
mod secrets;
mod target;
mod wire;

use async_trait::async_trait;
use jeton_domain::{CiScope, Diagnosis, ForgeEndpoint};
use jeton_outbound::Outbound;
use jiff::Timestamp;

pub(crate) use self::echo::hide as hide_echo;
use crate::ci::{
    CiAt, CiOutcome, JitAsk, JitRunner, KnownRunner, MadeRunner, NewRunner, RenewedToken, RunnerExam, RunnerForge,
    RunnerToken, SecretForge, SecretPush, SecretPushed, unsupported,
};

/// CI of GitLab, on behalf of somebody.
#[derive(Debug, Clone)]
pub(crate) struct GitLabCi {
    outbound: Outbound,
}

impl GitLabCi {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self { outbound }
    }
}

#[async_trait]
impl RunnerForge for GitLabCi {
    fn makes_runners(&self) -> bool {
        true
    }

    /// One for all: the runner's token says where it belongs.
    fn register_url(&self, forge: &ForgeEndpoint, _: &CiScope) -> String {
        forge.web_url().to_owned()
    }

    async fn registration_token(&self, _: &CiAt<'_>) -> CiOutcome<RunnerToken> {
        Err(unsupported(
            "GitLab has no short-lived registration tokens: each runner is made at GitLab first and has a token of its own. The old \
             registration tokens of projects and groups never end, and GitLab is taking them away.",
            "Let jeton make a runner (`jeton runner token`), and give its token to `gitlab-runner register --token`.",
        ))
    }

    async fn removal_token(&self, _: &CiAt<'_>) -> CiOutcome<RunnerToken> {
        Err(unsupported(
            "GitLab has no tokens for removing runners: a runner is removed with its own token, or by somebody who may.",
            "Use `gitlab-runner unregister` on the runner's machine, or `jeton runner remove` for one that jeton made.",
        ))
    }

    async fn jit_config(&self, _: &CiAt<'_>, _: &JitAsk) -> CiOutcome<JitRunner> {
        Err(unsupported(
            "GitLab has no runners for a single job by configuration; only GitHub has.",
            "Let jeton make a runner (`jeton runner token`), start it with `gitlab-runner run-single --max-builds 1`, and remove it afterwards \
             (`jeton runner remove`).",
        ))
    }

    async fn make_runner(&self, at: &CiAt<'_>, runner: &NewRunner) -> CiOutcome<MadeRunner> {
        runners::make(&self.outbound, at, runner).await
    }

    async fn verify_runner(&self, forge: &ForgeEndpoint, runner: KnownRunner<'_>, now: Timestamp) -> CiOutcome<bool> {
        own::verify(&self.outbound, forge, runner, now).await
    }

    async fn renew_runner(
        &self,
        forge: &ForgeEndpoint,
        at: Option<&CiAt<'_>>,
        runner: KnownRunner<'_>,
        now: Timestamp,
    ) -> CiOutcome<RenewedToken> {
        match at {
            Some(at) => runners::renew_as(&self.outbound, at, runner).await,
            None => own::renew_by_itself(&self.outbound, forge, runner, now).await,
        }
    }

    async fn remove_runner(&self, at: &CiAt<'_>, runner: KnownRunner<'_>) -> CiOutcome<()> {
        runners::remove(&self.outbound, at, runner).await
    }

    async fn examine(&self, at: &CiAt<'_>) -> RunnerExam {
        examine::examine(&self.outbound, at).await
    }
}

#[async_trait]
impl SecretForge for GitLabCi {
    fn check(&self, scope: &CiScope, push: &SecretPush<'_>) -> Result<(), Box<Diagnosis>> {
        check::check(scope, push)
    }

    async fn push(&self, at: &CiAt<'_>, push: &SecretPush<'_>) -> CiOutcome<SecretPushed> {
        secrets::push(&self.outbound, at, push).await
    }
}
