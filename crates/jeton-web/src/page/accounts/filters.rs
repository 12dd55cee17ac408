use jeton_accounts::AccountFilter;
use jeton_domain::{ForgeKind, Validity};
use jiff::{SignedDuration, Timestamp};

use super::{LIST, view::SOON};
use crate::{
    extract::shown,
    page::{
        add_account::FORGES,
        fields::{Cleared, clear_tokens},
        link::link,
    },
};

/// Characters of a search that are looked for.
const LONGEST_SEARCH: usize = 200;

/// How accounts may stand, as the list is narrowed by it: the word of the address, and words for people. Off, then ended, then what
/// the last look said, as each row has it and as the overview counts them.
const STATES: [(&str, &str); 6] = [
    ("works", "Works"),
    ("refused", "Refused"),
    ("unknown", "Not known"),
    ("ending", "Ends within 30 days"),
    ("ended", "Has ended"),
    ("off", "Switched off"),
];

/// What the list is narrowed by. A word that nobody knows narrows nothing: addresses are typed by hand, too.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filters {
    /// What is searched for.
    pub(super) q: String,
    forge: Option<ForgeKind>,
    /// One of [`STATES`].
    state: &'static str,
    /// `shared` or `private`.
    whose: &'static str,
    /// From a link: there is no field for it.
    pub(super) host: String,
    pub(super) cleared: Cleared,
}

/// A line of a field to choose from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Choice {
    pub(super) value: &'static str,
    pub(super) words: String,
    pub(super) is_chosen: bool,
}

impl Filters {
    pub(super) fn read(parameter: impl Fn(&str) -> String) -> Self {
        let (state, whose) = (parameter("state"), parameter("whose"));
        let (mut q, mut host) = (parameter("q"), parameter("host"));
        let cleared = clear_tokens([("Search", &mut q), ("Host", &mut host)]);
        let states = STATES.iter().map(|(value, _)| *value);
        Self {
            q: shown(&q, LONGEST_SEARCH).trim_end_matches('…').to_owned(),
            forge: ForgeKind::parse(&parameter("forge")),
            state: states.into_iter().find(|value| *value == state).unwrap_or_default(),
            whose: ["shared", "private"]
                .into_iter()
                .find(|value| *value == whose)
                .unwrap_or_default(),
            host: shown(&host, LONGEST_SEARCH).to_ascii_lowercase(),
            cleared,
        }
    }

    /// Whether anything is left out of the list.
    pub(super) fn narrows(&self) -> bool {
        *self != Self::default()
    }

    pub(super) fn at(&self, now: Timestamp) -> AccountFilter {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        let validity = match self.state {
            "works" => Some(Validity::Valid),
            "refused" => Some(Validity::Invalid),
            "unknown" => Some(Validity::Unknown),
            _ => None,
        };
        AccountFilter {
            forge_kind: self.forge,
            host: some(&self.host),
            validity,
            active: (!self.state.is_empty()).then_some(self.state != "off"),
            label_prefix: None,
            text: some(&self.q),
            ends_before: match self.state {
                "ending" => Some(now + SOON),
                // What ends now has ended.
                "ended" => Some(now + SignedDuration::from_millis(1)),
                _ => None,
            },
            not_ended_at: match self.state {
                "works" | "refused" | "unknown" | "ending" => Some(now),
                _ => None,
            },
            private: match self.whose {
                "shared" => Some(false),
                "private" => Some(true),
                _ => None,
            },
        }
    }

    pub(super) fn forges(&self) -> Vec<Choice> {
        let forges = FORGES.into_iter().map(|kind| Choice {
            value: kind.as_str(),
            words: kind.to_string(),
            is_chosen: self.forge == Some(kind),
        });
        forges.collect()
    }

    pub(super) fn states(&self) -> Vec<Choice> {
        choices(&STATES, self.state)
    }

    /// `private`: what private ones are called for whoever looks.
    pub(super) fn whose(&self, private: &'static str) -> Vec<Choice> {
        choices(&[("shared", "Shared"), ("private", private)], self.whose)
    }

    /// The address of this list from a place on.
    pub(super) fn link(&self, after: &str) -> String {
        let forge = self.forge.map_or("", ForgeKind::as_str);
        let parameters = [
            ("q", self.q.as_str()),
            ("forge", forge),
            ("state", self.state),
            ("whose", self.whose),
            ("host", &self.host),
            ("after", after),
        ];
        link(LIST, &parameters)
    }
}

fn choices(all: &[(&'static str, &str)], chosen: &str) -> Vec<Choice> {
    all.iter()
        .map(|(value, words)| Choice {
            value,
            words: (*words).to_owned(),
            is_chosen: *value == chosen,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use jeton_domain::{ForgeKind, Validity};
    use jiff::Timestamp;

    use super::{Filters, STATES};

    fn read(query: &str) -> Filters {
        Filters::read(|name| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let found = pairs.find(|(key, _)| key == name);
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        })
    }

    #[test]
    fn unknown_words_narrow_nothing() {
        for query in ["", "state=gone", "forge=svn&whose=hers", "q=+", "after=x"] {
            let filters = read(query);
            assert!(!filters.narrows(), "{query}");
            assert_eq!(
                filters.at(Timestamp::UNIX_EPOCH),
                jeton_accounts::AccountFilter::default()
            );
        }
    }

    #[test]
    fn every_state_narrows_and_stays_in_links() {
        for (state, _) in STATES {
            let filters = read(&format!("state={state}&forge=gitlab&q=a+b%26&host=Git.Example"));
            let filter = filters.at(Timestamp::UNIX_EPOCH);
            assert_eq!(filter.active, Some(state != "off"), "{state}");
            assert_eq!(filter.forge_kind, Some(ForgeKind::GitLab));
            assert_eq!(filter.host.as_deref(), Some("git.example"));
            let link = filters.link("work/1");
            assert!(
                link.contains(&format!("state={state}"))
                    && link.contains("q=a+b%26")
                    && link.ends_with("after=work%2F1"),
                "{link}"
            );
            assert_eq!(read(link.split_once('?').unwrap().1), filters);
        }
        // As the overview counts: what has ended is neither working nor refused, and ends no more.
        let now = Timestamp::UNIX_EPOCH;
        for (state, past, to_come) in [
            ("works", false, false),
            ("refused", false, false),
            ("unknown", false, false),
            ("ending", false, true),
            ("ended", true, false),
            ("off", false, false),
        ] {
            let filter = read(&format!("state={state}")).at(now);
            assert_eq!(filter.ends_before.is_some(), past || to_come, "{state}");
            assert_eq!(filter.not_ended_at.is_none(), past || state == "off", "{state}");
        }
        assert_eq!(
            read("state=works").at(Timestamp::UNIX_EPOCH).validity,
            Some(Validity::Valid)
        );
        assert_eq!(read(&format!("q={}", "x".repeat(10_000))).q.len(), 200);
    }
}
