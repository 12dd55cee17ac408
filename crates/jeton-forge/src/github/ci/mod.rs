//! Runners and secrets of GitHub's CI (<https://docs.github.com/rest/actions/self-hosted-runners>,
//! <https://docs.github.com/rest/actions/secrets>).
//!
//! Each call is refused by GitHub in a handful of words that are the same for many causes. [`explain`] and its kin say which cause it is
//! for this holder, this kind of token and this place.

mod calls;
mod exam;
mod explain;
mod explain_app;
mod explain_person;
mod need;
mod pages;
mod push;
mod push_refused;
mod runners;
mod sealed_box;
mod secret_check;
mod wire;

use std::sync::Arc;

use async_trait::async_trait;
use jeton_domain::{CiScope, Diagnosis, Entropy, ForgeEndpoint};
use jeton_outbound::Outbound;
use jiff::Timestamp;

use self::pages::CiPages;
use crate::ci::{
    CiAt, CiOutcome, JitAsk, JitRunner, KnownRunner, MadeRunner, NewRunner, RenewedToken, RunnerExam, RunnerForge,
    RunnerToken, SecretForge, SecretPush, SecretPushed, unsupported,
};

/// Runners and secrets.
#[derive(Debug, Clone)]
pub(crate) struct GitHubCi {
    outbound: Outbound,
    entropy: Arc<dyn Entropy>,
}

impl GitHubCi {
    /// Sealed boxes get their randomness from the system.
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self::with_entropy(outbound, Arc::new(sealed_box::SystemEntropy))
    }

    pub(crate) fn with_entropy(outbound: Outbound, entropy: Arc<dyn Entropy>) -> Self {
        Self { outbound, entropy }
    }
}

#[async_trait]
impl RunnerForge for GitHubCi {
    fn makes_runners(&self) -> bool {
        false
    }

    fn register_url(&self, forge: &ForgeEndpoint, scope: &CiScope) -> String {
        CiPages(forge).of(scope)
    }

    async fn registration_token(&self, at: &CiAt<'_>) -> CiOutcome<RunnerToken> {
        runners::token(&self.outbound, at, "registration-token").await
    }

    async fn removal_token(&self, at: &CiAt<'_>) -> CiOutcome<RunnerToken> {
        runners::token(&self.outbound, at, "remove-token").await
    }

    async fn jit_config(&self, at: &CiAt<'_>, ask: &JitAsk) -> CiOutcome<JitRunner> {
        runners::jit_config(&self.outbound, at, ask).await
    }

    async fn make_runner(&self, _: &CiAt<'_>, _: &NewRunner) -> CiOutcome<MadeRunner> {
        Err(unsupported(
            "GitHub makes no runners beforehand: a runner registers itself.",
            "Ask for a registration token (`jeton runner token`), or for the configuration of a runner for a single job (`jeton runner \
             jit-config`).",
        ))
    }

    async fn verify_runner(&self, _: &ForgeEndpoint, _: KnownRunner<'_>, _: Timestamp) -> CiOutcome<bool> {
        Err(unsupported(
            "A runner of GitHub has no token that somebody else could show: its key stays where it registered itself.",
            "See in the runner settings of the repository, organization or enterprise whether the runner is online.",
        ))
    }

    async fn renew_runner(
        &self,
        _: &ForgeEndpoint,
        _: Option<&CiAt<'_>>,
        _: KnownRunner<'_>,
        _: Timestamp,
    ) -> CiOutcome<RenewedToken> {
        Err(unsupported(
            "A runner of GitHub has no token that could be renewed: it renews its own key.",
            "Nothing needs to be done; to register it anew, ask for a registration token (`jeton runner token`).",
        ))
    }

    async fn remove_runner(&self, _: &CiAt<'_>, _: KnownRunner<'_>) -> CiOutcome<()> {
        Err(unsupported(
            "jeton keeps no runners of GitHub, and removes none.",
            "Ask for a removal token (`jeton runner remove-token`), and run `./config.sh remove --token TOKEN` where the runner is; a runner for a single job \
             goes by itself.",
        ))
    }

    async fn examine(&self, at: &CiAt<'_>) -> RunnerExam {
        exam::examine(&self.outbound, at).await
    }
}

#[async_trait]
impl SecretForge for GitHubCi {
    fn check(&self, scope: &CiScope, push: &SecretPush<'_>) -> Result<(), Box<Diagnosis>> {
        secret_check::check(scope, push)
    }

    async fn push(&self, at: &CiAt<'_>, push: &SecretPush<'_>) -> CiOutcome<SecretPushed> {
        push::push(&self.outbound, self.entropy.as_ref(), at, push).await
    }
}
