use jeton_domain::Coded;
use jiff::SignedDuration;

use crate::{Broker, BrokerError};

/// How long a look at the database counts.
const FRESH: SignedDuration = SignedDuration::from_secs(1);

/// Whether requests can be served, and if not, why.
#[derive(Debug)]
pub struct Readiness {
    /// Each thing that must be there.
    pub checks: Vec<Check>,
}

/// One thing that must be there.
#[derive(Debug)]
pub struct Check {
    /// What it is.
    pub name: &'static str,
    /// What is wrong with it.
    pub failure: Option<BrokerError>,
}

impl Readiness {
    /// Whether all is there.
    pub fn is_ready(&self) -> bool {
        self.checks.iter().all(|check| check.failure.is_none())
    }
}

impl Broker {
    /// Looks at what requests need: the database, and the key that opens it. The database is looked at once in a second
    /// at most: anybody may ask, and each look writes to it.
    pub async fn readiness(&self) -> Readiness {
        let mut last = self.0.last_check.lock().await;
        let database = match &*last {
            Some((at, outcome)) if self.0.clock.now().duration_since(*at).abs() < FRESH => outcome.clone(),
            _ => {
                let outcome = self.0.vault.check().await.err().map(BrokerError::from);
                if let Some(error) = &outcome {
                    tracing::warn!(code = %error.code(), %error, "not ready");
                }
                *last = Some((self.0.clock.now(), outcome.clone()));
                outcome
            }
        };
        // The ring was opened at start and stays in memory; a broker without one does not exist.
        let key = Check {
            name: "sealing_key",
            failure: None,
        };
        Readiness {
            checks: vec![
                Check {
                    name: "database",
                    failure: database,
                },
                key,
            ],
        }
    }
}
