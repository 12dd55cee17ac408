//! A request for a runner's token.

use jeton_api::RunnerTokenRequest;
use jeton_ci::{RunnerAsk, RunnerWish};
use jeton_domain::ForgeKind;

use super::{Place, place};
use crate::failure::Failure;

pub(super) fn runner_ask(asked: RunnerTokenRequest) -> Result<RunnerAsk, Failure> {
    let Place { forge, scope, source } = place(asked.place, Some(ForgeKind::GitHub))?;
    Ok(RunnerAsk {
        forge,
        scope,
        source,
        min_validity_seconds: asked.min_validity_seconds.map(i64::from),
        fresh: asked.fresh.unwrap_or(false),
        runner: RunnerWish {
            name: asked.name,
            labels: asked.labels,
            run_untagged: asked.run_untagged,
            locked: asked.locked,
            paused: asked.paused,
            protected_only: asked.protected_only,
            maximum_timeout_seconds: asked.maximum_timeout_seconds,
            token_lifetime_seconds: asked.token_lifetime_seconds.map(i64::from),
        },
    })
}
