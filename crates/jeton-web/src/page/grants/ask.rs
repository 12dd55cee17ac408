use jeton_broker::GrantAsk;
use jeton_domain::{Fingerprint, GrantId};

use super::{LIST, link::link, viewer::Viewer};
use crate::{
    extract::shown,
    page::fields::{Cleared, clear_tokens},
};

/// Grants on a page.
const PAGE: u32 = 40;

/// Characters of a filter that are looked at: names of forges, callers and repositories are shorter.
const LONGEST: usize = 500;

/// What the list is narrowed by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Filters {
    /// Those that are over, too.
    pub(super) all: bool,
    /// A caller's name, or its key.
    pub(super) holder: String,
    pub(super) source: String,
    pub(super) repository: String,
    /// Of a token; empty also when what was typed is none.
    pub(super) fingerprint: String,
    /// What was typed for the fingerprint is none. It is not shown again: people paste tokens there.
    pub(super) is_wrong: bool,
    pub(super) cleared: Cleared,
    pub(super) before: Option<GrantId>,
}

impl Filters {
    pub(super) fn of(viewer: &Viewer) -> Self {
        Self::read(|name| viewer.parameter(name))
    }

    fn read(parameter: impl Fn(&str) -> String) -> Self {
        let typed = parameter("q").to_ascii_lowercase();
        let fingerprint = Fingerprint::parse(&typed);
        let (mut holder, mut source, mut repository) =
            (parameter("holder"), parameter("source"), parameter("repository"));
        let cleared = clear_tokens([
            ("Holder", &mut holder),
            ("Source", &mut source),
            ("Repository", &mut repository),
        ]);
        let text = |text: &str| shown(text, LONGEST).trim_end_matches('…').to_owned();
        Self {
            all: parameter("show") == "all",
            holder: text(&holder),
            source: text(&source),
            repository: text(&repository),
            cleared,
            is_wrong: fingerprint.is_none() && !typed.is_empty(),
            fingerprint: fingerprint.map(|found| found.to_string()).unwrap_or_default(),
            // What is no place is the first page.
            before: parameter("before").parse().ok(),
        }
    }

    /// Whether something was typed that can be asked for of no grant.
    pub(super) fn is_refused(&self) -> bool {
        self.is_wrong || !self.cleared.is_empty()
    }

    /// Whether more is left out than what is over.
    pub(super) fn narrows(&self) -> bool {
        let texts = [&self.holder, &self.source, &self.repository, &self.fingerprint];
        self.is_refused() || texts.iter().any(|text| !text.is_empty())
    }

    pub(super) fn ask(&self) -> GrantAsk {
        let some = |text: &String| Some(text.clone()).filter(|text| !text.is_empty());
        GrantAsk {
            before: self.before,
            only_live: !self.all,
            holder: some(&self.holder),
            source: some(&self.source),
            repository: some(&self.repository),
            fingerprint: some(&self.fingerprint),
            limit: PAGE,
            ..GrantAsk::default()
        }
    }

    /// The list from which somebody came, by its address: of any other address this is the list of all.
    pub(super) fn back(address: &str) -> Self {
        let query = match address.strip_prefix(LIST) {
            Some(rest) => rest.strip_prefix('?').unwrap_or_default(),
            None => "",
        };
        Self::read(|name| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let found = pairs.find(|(key, _)| key == name);
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        })
    }

    /// Where the list is, as [`Filters::back`] reads it; empty for the list of all.
    pub(super) fn place(&self) -> String {
        let link = self.here();
        if link == LIST { String::new() } else { link }
    }

    /// The address of this page of the list.
    pub(super) fn here(&self) -> String {
        self.link(&self.before.map(|id| id.to_string()).unwrap_or_default())
    }

    /// The same, with what was done.
    pub(super) fn done(&self, word: &str) -> String {
        let link = self.here();
        let joint = if link.contains('?') { '&' } else { '?' };
        format!("{link}{joint}done={word}")
    }

    /// The address of this list from a place on.
    pub(super) fn link(&self, before: &str) -> String {
        let parameters = [
            ("show", if self.all { "all" } else { "" }),
            ("holder", self.holder.as_str()),
            ("source", &self.source),
            ("repository", &self.repository),
            ("q", &self.fingerprint),
            ("before", before),
        ];
        link(LIST, &parameters)
    }

    /// The same with those that are over.
    pub(super) fn with_ended(&self) -> String {
        let all = Self {
            all: true,
            ..self.clone()
        };
        all.link("")
    }
}

#[cfg(test)]
mod tests {
    use super::Filters;

    fn read(query: &str) -> Filters {
        Filters::read(|name| {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let found = pairs.find(|(key, _)| key == name);
            found.map(|(_, value)| value.trim().to_owned()).unwrap_or_default()
        })
    }

    #[test]
    fn a_link_leads_to_the_same_list() {
        for query in [
            "",
            "show=all",
            "holder=client%3Aa+b&repository=acme%2F",
            "source=account%3Awork&q=ba7816bf8f01&show=all",
        ] {
            let filters = read(query);
            let link = filters.link("");
            let (_, again) = link.split_once('?').unwrap_or_default();
            assert_eq!(read(again), filters, "{query}");
        }
        let id = "0197b2c0-5a4e-7c11-8f00-0123456789ab";
        assert_eq!(read(&format!("before={id}")).before.unwrap().to_string(), id);
        assert!(read("holder=x").with_ended().ends_with("?show=all&holder=x"));
    }

    #[test]
    fn one_comes_back_to_the_list_and_nowhere_else() {
        let address = "/grants?show=all&holder=client%3Aci&before=0197b2c0-5a4e-7c11-8f00-0123456789ab";
        assert_eq!(Filters::back(address).place(), address);
        assert_eq!(Filters::back(address).done("over"), format!("{address}&done=over"));
        for other in [
            "",
            "/grants",
            "//evil.example",
            "/grants//evil.example",
            "/grantsx?y=z",
            "https://evil.example/grants",
            "/grants?x=y&before=%0d%0a",
        ] {
            let filters = Filters::back(other);
            assert_eq!(
                (filters.place().as_str(), filters.done("all").as_str()),
                ("", "/grants?done=all"),
                "{other}"
            );
        }
    }

    #[test]
    fn what_makes_no_sense_is_not_kept() {
        let filters = read("q=ghx_not-a-fingerprint&before=x&show=y");
        assert!(filters.is_wrong && filters.narrows() && filters.fingerprint.is_empty() && !filters.all);
        assert_eq!(filters.before, None);
        assert_eq!(filters.link(""), "/grants", "what may be a token goes nowhere");
        let token = ["ghp_", &"a1B2".repeat(9)].concat();
        let filters = read(&format!("holder={token}&repository=acme%2F&source=x"));
        assert!(
            filters.is_refused() && filters.cleared == ["Holder"],
            "{:?}",
            filters.cleared
        );
        assert_eq!(filters.link(""), "/grants?source=x&repository=acme%2F");
        assert_eq!(read("q=BA7816BF8F01").fingerprint, "ba7816bf8f01");
        assert!(read(&format!("holder={}", "x".repeat(10_000))).holder.len() <= 500);
    }
}
