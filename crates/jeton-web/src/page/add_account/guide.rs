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
            Ok(guide) => {
                let list = steps(&guide.steps, &guide.url);
                Self::Steps(Steps {
                    forge: forge.to_string(),
                    kind: guide.kind.words(),
                    fills_in: guide.url.contains("scopes=") || guide.url.contains("contents="),
                    scopes: guide.scopes,
                    url: Some(guide.url).filter(|url| is_web(url)),
                    list,
                })
            }
            Err(error) => Self::Wrong(Problem::from(&Failure::from(error))),
        }
    }
}

/// The steps as HTML. Where they name the address that the button above them opens, they name the button.
pub(in crate::page) fn steps(steps: &[String], url: &str) -> Vec<String> {
    let by_button = [
        (format!("Open {url}"), "Press the button above"),
        (format!("open {url}"), "press the button above"),
        (format!("opens {url}"), "presses the button above"),
        (
            format!("open it from {url}"),
            "open it from the page of the button above",
        ),
    ];
    let say = |step: &String| {
        let mut step = step.clone();
        for (address, words) in by_button.iter().filter(|_| is_web(url)) {
            step = replaced(&step, address, words);
        }
        prose(&step)
    };
    steps.iter().map(say).collect()
}

/// With other words for an address, unless it goes on: then it is another one.
fn replaced(step: &str, address: &str, words: &str) -> String {
    match step.split_once(address) {
        Some((before, after)) if !after.starts_with(['/', '?']) => format!("{before}{words}{after}"),
        _ => step.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn steps_name_the_button_and_not_the_address_that_it_opens() {
        let url = "https://git.example.com/-/tokens?name=jeton&scopes=api";
        let told = [
            format!("Open {url}; by hand it is \"Edit profile\"."),
            format!("As an administrator, open {url} (\"Settings\")."),
            format!("An Owner of the group opens {url}. It needs a plan."),
            format!("Then open {url}/more."),
            "Tick `api`.".to_owned(),
        ];
        assert_eq!(
            steps(&told, url),
            [
                "Press the button above; by hand it is &quot;Edit profile&quot;.",
                "As an administrator, press the button above (&quot;Settings&quot;).",
                "An Owner of the group presses the button above. It needs a plan.",
                "Then open https://git.example.com/-/tokens?name=jeton&amp;scopes=api/more.",
                "Tick <code>api</code>.",
            ]
        );
    }
}
