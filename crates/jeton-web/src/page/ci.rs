//! What the pages about runners and about targets share: places and sources that people type, and what came of several sources.

use jeton_ci::{ScopeName, SourceAsk};
use jeton_domain::Code;

use super::{
    problem::{is_web, sentence},
    told::in_page_words,
};
use crate::{extract::shown, failure::Failure};

/// A repository or an owner, as a form asks for it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PlaceTyped {
    /// The forge's host; whatever the page says when it is empty.
    pub(super) forge: String,
    /// Whether it is all repositories of an owner.
    pub(super) is_owner: bool,
    /// `acme/tools`, or `acme`.
    pub(super) path: String,
    /// `app:ci`, `account:work`, or nothing.
    pub(super) source: String,
}

/// What is wrong, and in which field.
pub(super) type Wrong = (&'static str, Failure);

impl PlaceTyped {
    /// For what.
    pub(super) fn scope(&self) -> Result<ScopeName, Wrong> {
        if self.path.is_empty() {
            let missing = Failure::new(Code::RequestInvalid, "there is no repository and no owner");
            return Err(("path", missing.with_remedy("Write `owner/name`, or an owner alone.")));
        }
        if self.is_owner {
            return Ok(ScopeName::Owner(self.path.clone()));
        }
        if !self.path.contains('/') {
            let detail = format!("\"{}\" is no repository: its owner is missing", shown(&self.path, 100));
            let failure = Failure::new(Code::RequestInvalid, detail);
            return Err((
                "path",
                failure.with_remedy("Write `owner/name`; or choose that it is for all repositories of an owner."),
            ));
        }
        Ok(ScopeName::Repository(self.path.clone()))
    }

    /// On which forge.
    pub(super) fn forge(&self) -> Option<String> {
        Some(self.forge.clone()).filter(|forge| !forge.is_empty())
    }

    /// As whom.
    pub(super) fn source(&self) -> Result<SourceAsk, Wrong> {
        let named = |name: &str| Some(name.to_owned()).filter(|name| !name.is_empty());
        match self.source.split_once(':') {
            _ if self.source.is_empty() => Ok(SourceAsk::default()),
            Some(("app", name)) if !name.is_empty() => Ok(SourceAsk {
                app: named(name),
                account: None,
            }),
            Some(("account", label)) if !label.is_empty() => Ok(SourceAsk {
                app: None,
                account: named(label),
            }),
            _ => {
                let detail = format!("\"{}\" names neither an App nor an account", shown(&self.source, 100));
                let failure = Failure::new(Code::RequestInvalid, detail);
                Err((
                    "source",
                    failure.with_remedy(
                        "Write `app:` and the App's name, or `account:` and the account's label; or leave it empty.",
                    ),
                ))
            }
        }
    }
}

/// What came of one source, where several were tried; `cause` and `remedy` are HTML.
#[derive(Debug, Clone)]
pub(super) struct TriedView {
    pub(super) source: String,
    pub(super) cause: String,
    pub(super) remedy: String,
    /// Fit to stand in a link.
    pub(super) url: Option<String>,
}

impl TriedView {
    pub(super) fn all(failure: &Failure) -> Vec<Self> {
        let view = |one: &jeton_api::TriedSource| Self {
            source: one.source.clone(),
            cause: in_page_words(&sentence(&one.diagnosis.cause)),
            remedy: in_page_words(&sentence(&one.diagnosis.remedy)),
            url: one.diagnosis.url.clone().filter(|url| is_web(url)),
        };
        failure.tried().iter().map(view).collect()
    }
}

#[cfg(test)]
mod tests {
    use jeton_ci::ScopeName;

    use super::PlaceTyped;

    fn typed(is_owner: bool, path: &str, source: &str) -> PlaceTyped {
        PlaceTyped {
            forge: String::new(),
            is_owner,
            path: path.to_owned(),
            source: source.to_owned(),
        }
    }

    #[test]
    fn a_place_is_read_and_what_is_wrong_names_its_field() {
        assert_eq!(
            typed(false, "acme/tools", "").scope().unwrap(),
            ScopeName::Repository("acme/tools".to_owned())
        );
        assert_eq!(
            typed(true, "acme", "").scope().unwrap(),
            ScopeName::Owner("acme".to_owned())
        );
        for bad in ["", "acme"] {
            assert_eq!(typed(false, bad, "").scope().unwrap_err().0, "path");
        }
    }

    #[test]
    fn a_source_is_named_as_policies_name_it() {
        let source = |text: &str| typed(false, "a/b", text).source();
        assert_eq!(source("").unwrap(), jeton_ci::SourceAsk::default());
        assert_eq!(source("app:ci").unwrap().app.as_deref(), Some("ci"));
        assert_eq!(
            source("account:env/github-token").unwrap().account.as_deref(),
            Some("env/github-token")
        );
        for bad in ["ci", "app:", "account:", "user:a", ":"] {
            assert_eq!(source(bad).unwrap_err().0, "source", "{bad}");
        }
    }
}
