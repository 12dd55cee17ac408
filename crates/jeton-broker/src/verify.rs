use std::{sync::Arc, time::Duration};

use jeton_domain::Secret;
use jeton_forge::Probe;

use crate::{BrokerError, apps::AppEntry, broker::Inner};

/// Pauses between probes of a fresh token, in milliseconds; the last one repeats.
const PAUSES: [u64; 6] = [50, 150, 300, 700, 1_500, 3_000];

impl Inner {
    /// Verified release: asks the forge with the fresh token until it is accepted. GitHub's replicas need up to some
    /// seconds to know a token; a caller who gets it earlier sees 401 or "repository not found".
    ///
    /// A forge that does not say (5xx, limits, time-outs) is no evidence against the token: it is released.
    pub(crate) async fn wait_until_live(&self, app: &AppEntry, token: &Secret) -> Result<(), BrokerError> {
        let client = app.client()?;
        let mut waited = Duration::ZERO;
        let mut pauses = PAUSES
            .iter()
            .copied()
            .chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]));
        loop {
            match client.probe(token).await {
                Probe::Live => return Ok(()),
                Probe::Unknown(error) => {
                    tracing::info!(%error, "a fresh token could not be probed; it is released unproven");
                    return Ok(());
                }
                Probe::Refused { status } => {
                    let pause = Duration::from_millis(pauses.next().unwrap_or_default());
                    if waited + pause > self.settings.probe_window {
                        let seconds = waited.as_secs();
                        return Err(BrokerError::TokenNotLive {
                            forge: Arc::clone(&app.host),
                            seconds,
                        });
                    }
                    tracing::debug!(
                        status,
                        waited_ms = waited.as_millis(),
                        "a fresh token is not accepted yet"
                    );
                    self.clock.sleep(pause).await;
                    waited += pause;
                }
            }
        }
    }
}
