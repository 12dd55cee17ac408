//! What goes on record of reading.

use dashmap::DashMap;
use jeton_access::AccessError;
use jeton_broker::{Asker, Broker};
use jeton_domain::{Action, Caller, Coded as _, IdentityKey};
use jeton_ledger::{Event, events};
use jeton_policy::Denied;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::source::Source;
use crate::ContentError;

/// Who goes on reading is put on record again after this time.
const AGAIN: SignedDuration = SignedDuration::from_mins(10);
/// So many are told apart.
const MOST: usize = 50_000;

/// Who was seen to read what, as whom, lately.
#[derive(Debug, Default)]
pub(super) struct Notes(DashMap<(IdentityKey, String, String), Timestamp>);

impl Notes {
    /// Whether it is due to be put on record; then it is taken to have been.
    fn take(&self, who: IdentityKey, repository: &str, source: &str, now: Timestamp) -> bool {
        let is_recent = |at: &Timestamp| now.duration_since(*at).abs() < AGAIN;
        if self.0.len() >= MOST {
            self.0.retain(|_, at| is_recent(at));
            if self.0.len() >= MOST {
                // Rather once too often; the record counts what is the same within a minute as one.
                return true;
            }
        }
        let mut due = false;
        let key = (who, repository.to_owned(), source.to_owned());
        let mut at = self.0.entry(key).or_insert_with(|| {
            due = true;
            now
        });
        if !due && !is_recent(&at) {
            due = true;
            *at = now;
        }
        due
    }

    /// Puts on record that a caller reads a repository.
    pub(super) fn read(
        &self,
        broker: &Broker,
        caller: &Caller,
        (key, repository): (&str, &str),
        source: &Source,
        now: Timestamp,
    ) {
        if !self.take(caller.identity.key(), key, &source.name, now) {
            return;
        }
        let event = Event::new(events::CONTENT_READ, caller)
            .with("action", Action::ContentRead.as_str())
            .with("forge", source.forge.host())
            .with("repositories", json!([repository]))
            .with("source", &*source.name)
            .with("rule", json!(source.rule));
        broker.access().ledger().note_repeated(event);
    }
}

/// Puts a refusal on record, and words it for the caller: nothing that they did not say themselves.
pub(super) fn refuse(broker: &Broker, asker: &Asker, host: &str, repository: &str, denied: &Denied) -> ContentError {
    let error = AccessError::Denied {
        words: format!("{} may not read {repository} on {host}", asker.caller.identity),
        by_ceiling: denied.by_ceiling,
    };
    // Nobody waits for this and everybody can cause it.
    let event = Event::new(events::CONTENT_REFUSED, &asker.caller)
        .with("action", Action::ContentRead.as_str())
        .with("code", error.code().as_str())
        .with("forge", host)
        .with("repositories", json!([repository]))
        .in_request(asker.request_id.as_deref());
    broker.access().ledger().note_repeated(event);
    error.into()
}

#[cfg(test)]
mod tests {
    use jeton_domain::IdentityKey;
    use jiff::{SignedDuration, Timestamp};

    use super::Notes;

    #[test]
    fn who_goes_on_reading_is_noted_every_ten_minutes() {
        let (notes, now) = (Notes::default(), Timestamp::UNIX_EPOCH);
        let at = |minutes, source| {
            let now = now + SignedDuration::from_mins(minutes);
            notes.take(IdentityKey::Operator, "github.com/acme/app", source, now)
        };
        assert!(at(0, "app:ci"));
        assert!(!at(0, "app:ci") && !at(9, "app:ci"));
        assert!(at(9, "account:work"), "another source is another reading");
        assert!(at(10, "app:ci") && !at(11, "app:ci"));
        assert!(at(-60, "app:ci"), "a clock that was set back hides nothing");
    }
}
