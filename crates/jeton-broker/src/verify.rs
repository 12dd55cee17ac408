use std::{sync::Arc, time::Duration};

use jeton_domain::Secret;
use jeton_forge::{ForgeError, Probe};

use crate::{BrokerError, app_entry::AppEntry, broker::Inner};

/// Pauses between probes of a fresh token, in milliseconds; the last one repeats.
const PAUSES: [u64; 6] = [50, 150, 300, 700, 1_500, 3_000];

impl Inner {
    /// Verified release: asks the forge with the fresh token until it is accepted. GitHub's replicas need up to some
    /// seconds to know a token; a caller who gets it earlier sees 401 or "repository not found". A window of zero switches
    /// it off.
    ///
    /// A forge that does not say (5xx, limits, time-outs) is no evidence against the token: it is released. So is one
    /// that goes on to forbid the probe itself: a policy, such as a list of allowed addresses, may stop this machine
    /// and not the caller's.
    pub(crate) async fn wait_until_live(&self, app: &AppEntry, owner: &str, token: &Secret) -> Result<(), BrokerError> {
        let window = self.settings.probe_window;
        if window.is_zero() {
            return Ok(());
        }
        let client = app.client()?;
        let mut waited = Duration::ZERO;
        let mut pauses = PAUSES
            .iter()
            .copied()
            .chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]));
        loop {
            let refused = match client.probe(token).await {
                Probe::Live(quota) => {
                    self.note_quota(app, owner, quota);
                    return Ok(());
                }
                Probe::Unknown(error) => {
                    tracing::info!(%error, "a fresh token could not be probed; it is released unproven");
                    return Ok(());
                }
                Probe::Refused(source @ ForgeError::Suspended { .. }) => {
                    return Err(BrokerError::Forge {
                        forge: Arc::clone(&app.host),
                        source,
                    });
                }
                Probe::Refused(error) => error,
            };
            let pause = Duration::from_millis(pauses.next().unwrap_or_default());
            if waited + pause > window || is_policy(&refused) {
                if matches!(refused, ForgeError::BadCredentials { .. }) {
                    let seconds = waited.as_secs();
                    return Err(BrokerError::TokenNotLive {
                        forge: Arc::clone(&app.host),
                        seconds,
                    });
                }
                tracing::warn!(error = %refused, "the forge forbids the probe of a fresh token; it is released unproven");
                return Ok(());
            }
            tracing::debug!(error = %refused, waited_ms = waited.as_millis(), "a fresh token is not accepted yet");
            self.clock.sleep(pause).await;
            waited += pause;
        }
    }
}

/// A refusal that waiting will not change.
fn is_policy(error: &ForgeError) -> bool {
    let message = error
        .said()
        .and_then(|said| said.message.as_deref())
        .unwrap_or_default();
    matches!(error, ForgeError::Forbidden { .. }) && message.contains("IP allow list")
}
