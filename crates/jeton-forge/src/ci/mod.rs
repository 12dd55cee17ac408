//! Runners and secrets of CI, on any forge, behind two traits.

mod forges;
mod refusal;
mod types;

use std::fmt;

use async_trait::async_trait;
use jeton_domain::{CiScope, Diagnosis, ForgeEndpoint};

pub use forges::CiForges;
pub(crate) use refusal::unsupported;
pub use types::{
    CiAt, CiOutcome, CiRefusal, Holder, JitAsk, JitRunner, KnownRunner, MadeRunner, NewRunner, RenewedToken,
    RunnerExam, RunnerToken, SecretFamily, SecretOptions, SecretPush, SecretPushed, SecretVisibility,
};

/// A kind of forge, as whoever registers runners sees it. A forge has one of two ways: short-lived tokens with which any number of
/// runners register themselves (GitHub), or runners that are made one by one and have a token of their own (GitLab, Bitbucket). What a
/// forge has not is refused with [`jeton_domain::Code::RunnerUnsupported`], without a call.
///
/// Nothing waits for a limit or is tried again here, but a read whose connection was cut.
#[async_trait]
pub trait RunnerForge: Send + Sync + fmt::Debug {
    /// Whether runners are made one by one here.
    fn makes_runners(&self) -> bool;

    /// Where a runner registers itself: what `config.sh --url` or `gitlab-runner register --url` wants.
    fn register_url(&self, forge: &ForgeEndpoint, scope: &CiScope) -> String;

    /// A token with which runners register themselves for about an hour.
    async fn registration_token(&self, at: &CiAt<'_>) -> CiOutcome<RunnerToken>;

    /// A token with which runners remove themselves for about an hour.
    async fn removal_token(&self, at: &CiAt<'_>) -> CiOutcome<RunnerToken>;

    /// A runner for a single job.
    async fn jit_config(&self, at: &CiAt<'_>, ask: &JitAsk) -> CiOutcome<JitRunner>;

    /// Makes a runner. Sent once: whether an answer that was lost means a runner is not known ([`CiRefusal::unclear`]).
    async fn make_runner(&self, at: &CiAt<'_>, runner: &NewRunner) -> CiOutcome<MadeRunner>;

    /// Whether the forge takes the runner's own token.
    async fn verify_runner(
        &self,
        forge: &ForgeEndpoint,
        runner: KnownRunner<'_>,
        now: jiff::Timestamp,
    ) -> CiOutcome<bool>;

    /// Renews a runner's token: with the token itself, or (`at`) as somebody who may, for a token that is lost. Sent once.
    async fn renew_runner(
        &self,
        forge: &ForgeEndpoint,
        at: Option<&CiAt<'_>>,
        runner: KnownRunner<'_>,
        now: jiff::Timestamp,
    ) -> CiOutcome<RenewedToken>;

    /// Removes a runner at the forge: with its own token where that will do, otherwise as `at`. That it is gone already is as good.
    async fn remove_runner(&self, at: &CiAt<'_>, runner: KnownRunner<'_>) -> CiOutcome<()>;

    /// Whether the credential could register runners, found out by reading alone.
    async fn examine(&self, at: &CiAt<'_>) -> RunnerExam;
}

/// A kind of forge, as whoever pushes secrets to its CI sees it.
#[async_trait]
pub trait SecretForge: Send + Sync + fmt::Debug {
    /// What can be said against a secret without asking the forge: its size, its place, its options, whether its value can be masked.
    ///
    /// # Errors
    /// The diagnosis of the first thing that is wrong.
    fn check(&self, scope: &CiScope, push: &SecretPush<'_>) -> Result<(), Box<Diagnosis>>;

    /// Puts a secret in its place, whether there is one already or not. To push the same again does no harm. [`SecretForge::check`] is
    /// part of it.
    async fn push(&self, at: &CiAt<'_>, push: &SecretPush<'_>) -> CiOutcome<SecretPushed>;
}
