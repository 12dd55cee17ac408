use jeton_domain::Purpose;

use super::typed::Typed;
use crate::{
    failure::Failure,
    page::{
        html::prose,
        problem::{Problem, is_web},
    },
    state::WebState,
};

/// How to make a token that will do.
#[derive(Debug, Clone)]
pub(super) enum GuideView {
    /// No forge is chosen, or it has no address yet: what is missing.
    Missing(&'static str),
    /// What was typed does not fit.
    Wrong(Problem),
    Steps(Steps),
}

/// The page of the forge, the least scopes, the steps; the latter are HTML.
#[derive(Debug, Clone)]
pub(super) struct Steps {
    pub(super) forge: String,
    pub(super) kind: &'static str,
    pub(super) scopes: Vec<String>,
    pub(super) url: Option<String>,
    /// Whether the forge fills its page in by the address.
    pub(super) fills_in: bool,
    pub(super) list: Vec<String>,
}

impl GuideView {
    pub(super) fn of(state: &WebState, typed: &Typed) -> Self {
        let Some(forge) = typed.forge else {
            return Self::Missing("Choose your forge above, and the steps stand here.");
        };
        let base_url = typed.base_url();
        if typed.self_hosted && base_url.is_none() {
            return Self::Missing("Type the address of your forge above, and the steps stand here.");
        }
        let reading = [Purpose::ReadContent];
        let purposes: &[Purpose] = if typed.purposes.is_empty() {
            &reading
        } else {
            &typed.purposes
        };
        let repository = Some(typed.repository.as_str()).filter(|text| !text.is_empty());
        let guide = state.broker.accounts().guide(
            Some(forge.as_str()),
            base_url.as_deref(),
            typed.kind(),
            purposes,
            repository,
        );
        match guide {
            Ok(guide) => Self::Steps(Steps {
                forge: forge.to_string(),
                kind: guide.kind.words(),
                fills_in: guide.url.contains("scopes=") || guide.url.contains("contents="),
                scopes: guide.scopes,
                url: Some(guide.url).filter(|url| is_web(url)),
                list: guide.steps.iter().map(|step| prose(step)).collect(),
            }),
            Err(error) => Self::Wrong(Problem::from(&Failure::from(error))),
        }
    }
}
