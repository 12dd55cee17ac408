//! What is put on record about runners.

use jeton_broker::Asker;
use jeton_domain::{Action, CiScope, Fingerprint, ForgeEndpoint};
use jeton_ledger::{Event, Write};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{CiError, ci::Inner};

/// What every entry about a runner's token says.
pub(crate) struct Given<'a> {
    pub(crate) forge: &'a ForgeEndpoint,
    pub(crate) scope: &'a CiScope,
    pub(crate) source: &'a str,
    /// The rule that allows it; `None` for what jeton does by itself.
    pub(crate) rule: Option<&'a str>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) fingerprint: Option<&'a Fingerprint>,
}

impl Given<'_> {
    /// The entry; `asker`: jeton itself when there is none.
    pub(crate) fn event(&self, name: &'static str, asker: Option<&Asker>) -> Event {
        let kind = self.forge.kind();
        let event = match asker {
            Some(asker) => Event::new(name, &asker.caller).in_request(asker.request_id.as_deref()),
            None => Event::by_system(name),
        };
        let mut event = event
            .with("action", Action::RunnerRegister.as_str())
            .with("forge", self.forge.host())
            .with("repositories", json!(self.scope.shown_names(kind)))
            .with("scope", self.scope.words(kind))
            .with("source", self.source);
        if let Some(rule) = self.rule {
            event = event.with("rule", rule);
        }
        if let Some(end) = self.expires_at {
            event = event.with("expires_at", end.to_string());
        }
        match self.fingerprint {
            Some(fingerprint) => event.with_fingerprint(fingerprint.clone()),
            None => event,
        }
    }
}

impl Inner {
    /// Writes an entry and waits until it is there: what is not on record does not leave.
    pub(crate) async fn record(&self, event: Event) -> Result<(), CiError> {
        let write = Write {
            events: vec![event],
            grant: None,
        };
        Ok(self.broker.access().ledger().record(write).await?)
    }
}

/// When something ends, for people.
pub(crate) fn expiry_word(left: SignedDuration) -> String {
    match left.as_secs() {
        seconds if seconds < 0 => format!("ended {} seconds ago", seconds.unsigned_abs()),
        seconds => format!("ends in {seconds} seconds"),
    }
}
