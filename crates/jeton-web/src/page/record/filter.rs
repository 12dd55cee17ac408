//! Which entries are meant, as the form above the list has it.

use jeton_domain::{Code, Fingerprint};
use jeton_ledger::{LedgerFilter, events};
use jiff::Timestamp;

use crate::{
    failure::Failure,
    page::{
        fields::{Cleared, clear_tokens},
        link::link,
        viewer::Viewer,
        when,
    },
};

/// What the form calls all that was refused, of whatever family.
const REFUSALS: &str = "refusals";

/// As it was typed.
#[derive(Debug, Clone, Default)]
pub(super) struct Typed {
    pub(super) event: String,
    pub(super) actor: String,
    pub(super) fingerprint: String,
    pub(super) request_id: String,
    pub(super) since: String,
    pub(super) until: String,
}

/// Events of one family to choose from.
pub(super) struct Family {
    pub(super) title: String,
    pub(super) choices: Vec<Choice>,
}

pub(super) struct Choice {
    pub(super) value: String,
    pub(super) words: String,
    pub(super) is_chosen: bool,
}

impl Typed {
    pub(super) fn of_address(viewer: &Viewer) -> Self {
        Self {
            event: viewer.parameter("event"),
            actor: viewer.parameter("actor"),
            fingerprint: viewer.parameter("fingerprint"),
            request_id: viewer.parameter("request_id"),
            since: viewer.parameter("since"),
            until: viewer.parameter("until"),
        }
    }

    /// What is no fingerprint is not shown again either: people paste tokens there.
    pub(super) fn clear_tokens(&mut self) -> Cleared {
        let cleared = clear_tokens([
            ("What happened", &mut self.event),
            ("By whom", &mut self.actor),
            ("Request", &mut self.request_id),
            ("Fingerprint", &mut self.fingerprint),
            ("Since", &mut self.since),
            ("Before", &mut self.until),
        ]);
        if Fingerprint::parse(&self.fingerprint).is_none() {
            self.fingerprint.clear();
        }
        cleared
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pairs().iter().all(|(_, value)| value.is_empty())
    }

    fn pairs(&self) -> [(&'static str, &str); 6] {
        [
            ("event", &self.event),
            ("actor", &self.actor),
            ("fingerprint", &self.fingerprint),
            ("request_id", &self.request_id),
            ("since", &self.since),
            ("until", &self.until),
        ]
    }

    /// A page for the same entries; `before` is left out when it is empty.
    pub(super) fn link(&self, path: &str, before: &str) -> String {
        let mut pairs = self.pairs().to_vec();
        pairs.push(("before", before));
        link(path, &pairs)
    }

    /// # Errors
    /// What is wrong, and in which field.
    pub(super) fn read(&self) -> Result<LedgerFilter, (&'static str, Failure)> {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let fingerprint = some(&self.fingerprint).map(|text| {
            Fingerprint::parse(&text).ok_or_else(|| {
                let failure = Failure::new(Code::RequestInvalid, "this is no fingerprint");
                let remedy = "A fingerprint is 12 hex digits, as the record and the lists show it.";
                ("fingerprint", failure.with_remedy(remedy))
            })
        });
        let events = match self.event.as_str() {
            "" => Vec::new(),
            REFUSALS => events::REFUSALS.map(str::to_owned).to_vec(),
            one => some(one).into_iter().collect(),
        };
        Ok(LedgerFilter {
            events,
            actor: some(&self.actor),
            fingerprint: fingerprint.transpose()?.map(|fingerprint| fingerprint.to_string()),
            request_id: some(&self.request_id),
            since: moment("Since", &self.since).map_err(|failure| ("since", failure))?,
            until: moment("Before", &self.until).map_err(|failure| ("until", failure))?,
        })
    }

    /// All events by their families.
    pub(super) fn families(&self) -> Vec<Family> {
        let mut families: Vec<(&str, Family)> = Vec::new();
        for (name, words) in events::EVENTS {
            let family = name.split('.').next().unwrap_or_default();
            if !families.iter().any(|(known, _)| *known == family) {
                let title = title(family);
                let all = self.choice(format!("{family}."), format!("{title}: all"));
                families.push((
                    family,
                    Family {
                        title,
                        choices: vec![all],
                    },
                ));
            }
            let choice = self.choice((*name).to_owned(), words.trim_end_matches('.').to_owned());
            if let Some((_, family)) = families.iter_mut().find(|(known, _)| *known == family) {
                family.choices.push(choice);
            }
        }
        families.into_iter().map(|(_, family)| family).collect()
    }

    pub(super) fn refusals(&self) -> Choice {
        self.choice(REFUSALS.to_owned(), "All that was refused".to_owned())
    }

    fn choice(&self, value: String, words: String) -> Choice {
        Choice {
            is_chosen: value == self.event,
            value,
            words,
        }
    }
}

/// As the form asks for it: its fields are in UTC.
fn moment(label: &str, text: &str) -> Result<Option<Timestamp>, Failure> {
    when::maybe(label, text).map_err(|failure| failure.with_remedy("Write it as 2026-12-31T10:30. It is read as UTC."))
}

/// A family for people.
fn title(family: &str) -> String {
    let known = match family {
        "token" => "Tokens",
        "content" => "Repository content",
        "auth" => "Being let in",
        "access" => "Rights",
        "user" => "Users and signing in",
        "client" => "Clients",
        "policy" => "Policies",
        "app" => "Apps",
        "account" => "Provider accounts",
        "runner" => "Runners",
        "secret" => "Secrets of CI",
        "target" => "Targets of accounts",
        "key" => "Sealing keys",
        "server" => "Servers",
        "record" => "The record itself",
        other => other,
    };
    known.to_owned()
}

#[cfg(test)]
mod tests {
    use super::Typed;

    #[test]
    fn every_event_can_be_chosen_under_a_name_for_people() {
        let families = Typed::default().families();
        let count: usize = families.iter().map(|family| family.choices.len() - 1).sum();
        assert_eq!(count, jeton_ledger::events::EVENTS.len());
        for family in families {
            assert!(
                family.title.starts_with(char::is_uppercase),
                "{} has no title",
                family.title
            );
        }
    }

    #[test]
    fn what_is_typed_limits_and_what_is_wrong_names_its_field() {
        let typed = |event: &str, fingerprint: &str, since: &str| Typed {
            event: event.to_owned(),
            fingerprint: fingerprint.to_owned(),
            since: since.to_owned(),
            ..Typed::default()
        };
        assert_eq!(typed("", "", "").read().unwrap(), jeton_ledger::LedgerFilter::default());
        assert_eq!(
            typed("refusals", "", "").read().unwrap().events.len(),
            jeton_ledger::events::REFUSALS.len()
        );
        assert_eq!(typed("token.", "", "").read().unwrap().events, ["token."]);
        assert!(typed("", "", "2026-11-22T10:00").read().unwrap().since.is_some());
        assert_eq!(typed("", "xyz", "").read().unwrap_err().0, "fingerprint");
        assert_eq!(typed("", "", "soon").read().unwrap_err().0, "since");
    }
}
