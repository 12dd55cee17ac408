//! For how long a rule lets somebody have what comes of a source.

use jeton_broker::Asker;
use jeton_domain::{Action, CiScope, Code, Coded as _, Diagnosis, ForgeEndpoint};
use jeton_ledger::{Event, events};
use jeton_policy::Allowed;
use jeton_vault::RunnerRecord;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::Source;
use crate::{CiError, Tried, ci::Inner};

impl Source {
    /// Whether somebody may have what ends then, or never. Nothing that a forge gives runners can be ended early, so what lives for
    /// longer than the rule says is not given.
    ///
    /// # Errors
    /// As one source that was tried.
    pub(crate) fn within_life(&self, expires_at: Option<Timestamp>, now: Timestamp) -> Result<(), CiError> {
        within_life(&self.name, self.longest_life, expires_at, now)
    }
}

fn within_life(
    source: &str,
    longest: Option<SignedDuration>,
    expires_at: Option<Timestamp>,
    now: Timestamp,
) -> Result<(), CiError> {
    let Some(longest) = longest else { return Ok(()) };
    let life = expires_at.map(|end| end.duration_since(now));
    if life.is_some_and(|life| life <= longest) {
        return Ok(());
    }
    let lives = match life {
        Some(life) => format!("lives for {} seconds", life.as_secs()),
        None => "has no known end".to_owned(),
    };
    Err(CiError::Refused {
        tried: vec![Tried {
            source: source.to_owned(),
            diagnosis: Diagnosis {
                code: Code::PolicyDenied,
                cause: format!(
                    "you may hold what comes of {source} for {} seconds at most; this {lives}, and cannot be ended sooner",
                    longest.as_secs()
                ),
                remedy: "Have whoever runs this server raise `longest_lifetime_seconds` in the policy, or in the ceiling; GitHub's \
                         registration tokens live for an hour, and those of GitLab's runners for as long as `token_lifetime_seconds` of \
                         the request says."
                    .to_owned(),
                url: None,
                retry_at: None,
            },
            evidence: Vec::new(),
        }],
    })
}

impl Inner {
    /// [`Source::within_life`], with the refusal on record.
    pub(crate) fn check_life(
        &self,
        asker: &Asker,
        source: &Source,
        expires_at: Option<Timestamp>,
    ) -> Result<(), CiError> {
        let checked = source.within_life(expires_at, self.clock.now());
        checked.inspect_err(|error| self.note_too_long(asker, &source.forge, &source.scope, &source.name, error))
    }

    /// The same for a runner that is there.
    pub(crate) fn check_life_of_kept(
        &self,
        asker: &Asker,
        row: &RunnerRecord,
        allowed: &Allowed,
    ) -> Result<(), CiError> {
        let checked = within_life(&row.source, allowed.longest_lifetime, row.expires_at, self.clock.now());
        checked.inspect_err(|error| self.note_too_long(asker, &row.forge, &row.scope, &row.source, error))
    }

    fn note_too_long(&self, asker: &Asker, forge: &ForgeEndpoint, scope: &CiScope, source: &str, error: &CiError) {
        let event = Event::new(events::RUNNER_REFUSED, &asker.caller)
            .with("action", Action::RunnerRegister.as_str())
            .with("code", error.code().as_str())
            .with("forge", forge.host())
            .with("repositories", json!(scope.shown_names(forge.kind())))
            .with("source", source)
            .in_request(asker.request_id.as_deref());
        self.broker.access().ledger().note_repeated(event);
    }
}

#[cfg(test)]
mod tests {
    use jeton_domain::{Code, Coded as _};
    use jiff::{SignedDuration, Timestamp};

    use super::within_life;

    #[test]
    fn what_lives_for_longer_than_a_rule_says_is_not_given() {
        let now = Timestamp::UNIX_EPOCH;
        let in_seconds = |seconds| Some(now + SignedDuration::from_secs(seconds));
        let hour = Some(SignedDuration::from_hours(1));
        for (longest, end, is_fine) in [
            (None, None, true),
            (None, in_seconds(1_000_000), true),
            (hour, in_seconds(3_600), true),
            (hour, in_seconds(-1), true),
            (hour, in_seconds(3_601), false),
            (hour, None, false),
        ] {
            let checked = within_life("app:ci", longest, end, now);
            assert_eq!(checked.is_ok(), is_fine, "{longest:?} {end:?}");
            if let Err(error) = checked {
                assert_eq!(error.code(), Code::PolicyDenied);
                assert!(error.to_string().contains("3600 seconds at most"), "{error}");
            }
        }
    }
}
