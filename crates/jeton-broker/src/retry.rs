use std::time::Duration;

use jeton_domain::{Clock, Entropy};
use jeton_forge::ForgeError;
use jeton_jobs::backoff;
use jiff::SignedDuration;

const FIRST: Duration = Duration::from_millis(150);
const LONGEST: Duration = Duration::from_secs(3);

/// Tries an outside call again while `again` says so of its failure (the first try is number 0), and while the next try still begins before the
/// deadline. A `Retry-After` is obeyed: when it reaches past the deadline, the failure is given back at once.
pub(crate) async fn retrying<T, F>(
    clock: &dyn Clock,
    entropy: &dyn Entropy,
    deadline: Duration,
    again: impl Fn(&ForgeError, u32) -> bool,
    mut call: impl FnMut() -> F,
) -> Result<T, ForgeError>
where
    F: Future<Output = Result<T, ForgeError>>,
{
    let started = clock.now();
    let deadline = SignedDuration::try_from(deadline).unwrap_or(SignedDuration::MAX);
    let mut attempt = 0;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) if again(&error, attempt) => error,
            Err(error) => return Err(error),
        };
        let mut random = [0_u8; 1];
        entropy.fill(&mut random);
        let pause = error
            .retry_after()
            .unwrap_or_else(|| backoff(attempt, FIRST, LONGEST, random[0]));
        let wait = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
        if clock.now().duration_since(started).saturating_add(wait) > deadline {
            return Err(error);
        }
        tracing::info!(%error, attempt, pause_ms = pause.as_millis(), "the forge failed; trying again");
        clock.sleep(pause).await;
        attempt += 1;
    }
}
