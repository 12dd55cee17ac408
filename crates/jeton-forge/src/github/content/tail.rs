//! The URLs of what is in a repository.

use std::fmt::Write as _;

use jeton_outbound::OutboundError;
use url::Url;

use crate::content::Place;

/// What is asked of a repository: the rest of the URL after `repos/{owner}/{repo}`. Whatever comes from outside is
/// percent-encoded down to letters, digits and `-._~`: a `#` in a file's name would end the URL, a `?` the path, and a `%20`
/// would become a space.
#[derive(Debug, Clone)]
pub(super) struct Tail {
    path: String,
    query: String,
}

impl Tail {
    /// A route, as GitHub's documentation writes it: `git/trees`.
    pub(super) fn new(route: &'static str) -> Self {
        Self {
            path: route.to_owned(),
            query: String::new(),
        }
    }

    /// Goes further down; slashes part segments.
    #[must_use]
    pub(super) fn below(mut self, path: &str) -> Self {
        for segment in path.split('/') {
            self.path.push('/');
            encode(segment, &mut self.path);
        }
        self
    }

    /// Adds a parameter.
    #[must_use]
    pub(super) fn with(mut self, name: &'static str, value: &str) -> Self {
        self.query.push(if self.query.is_empty() { '?' } else { '&' });
        self.query.push_str(name);
        self.query.push('=');
        encode(value, &mut self.query);
        self
    }

    /// The whole URL.
    pub(super) fn url(&self, at: &Place<'_>) -> Result<Url, OutboundError> {
        let repository = Self::new("repos")
            .below(at.repository.owner())
            .below(at.repository.name().as_str());
        let text = format!("{}/{}/{}{}", at.forge.api_url(), repository.path, self.path, self.query);
        let url = Url::parse(&text).map_err(|_| OutboundError::Request("the URL does not parse".to_owned()))?;
        // the URL type drops dots, and the call would go to another route
        if text.ends_with(&format!("{}{}", url.path(), self.query)) {
            Ok(url)
        } else {
            Err(OutboundError::Request(
                "`.` and `..` cannot be parts of a path".to_owned(),
            ))
        }
    }
}

fn encode(text: &str, to: &mut String) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            to.push(char::from(byte));
        } else {
            // writing to a String does not fail
            let _ = write!(to, "%{byte:02X}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tail;
    use crate::github::content::test_place::Spot;

    #[test]
    fn whatever_means_something_in_a_url_is_encoded() {
        let spot = Spot::new();
        let url = |path: &str| {
            Tail::new("contents")
                .below(path)
                .with("ref", path)
                .url(&spot.place())
                .unwrap()
        };
        for (path, encoded) in [
            ("src/lib.rs", "src/lib.rs"),
            ("a b/c#d", "a%20b/c%23d"),
            ("what?.md", "what%3F.md"),
            ("100%/%20", "100%25/%2520"),
            ("\"it's\".txt", "%22it%27s%22.txt"),
            ("grün/C++", "gr%C3%BCn/C%2B%2B"),
            ("a\\b/...", "a%5Cb/..."),
            ("a&b=c;d", "a%26b%3Dc%3Bd"),
        ] {
            let url = url(path);
            assert_eq!(url.path(), format!("/api/v3/repos/acme/tools/contents/{encoded}"));
            let (name, value) = url.query_pairs().next().unwrap();
            assert_eq!((name.as_ref(), value.as_ref()), ("ref", path));
        }
    }

    #[test]
    fn dots_do_not_lead_to_another_route() {
        let spot = Spot::new();
        for path in ["..", "../../user", "a/./b", "."] {
            assert!(Tail::new("contents").below(path).url(&spot.place()).is_err(), "{path}");
        }
    }
}
