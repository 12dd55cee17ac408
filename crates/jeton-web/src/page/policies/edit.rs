//! A policy is written as it would stand in the policy file, or as JSON. What is wrong with it is told with its line, and
//! what was typed stays.

use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::{AccessError, PolicyChange};
use jeton_domain::{Code, redact};
use jeton_policy::{Origin, PolicyError, PolicySet, PolicySpec, parse_document};

use super::{ADD, EXPLAIN, LIST, not_found, path, text};
use crate::{
    auth::rights::PolicyManage,
    extract::{Name, shown},
    failure::Failure,
    page::{
        fields::{Cleared, clear_tokens},
        html::prose,
        link::link,
        problem::{Problem, sentence},
        respond,
        shell::{Here, Shell},
        viewer::{May, SentBy, Viewer},
    },
    state::Shared,
};

/// What the form for a new policy begins with.
const EXAMPLE: &str = "[[policy]]\n\
                       name = \"ci-reads-tools\"\n\
                       description = \"\"\n\
                       callers.client = \"ci\"\n\
                       actions = [\"token.mint\"]\n\
                       repositories = [\"acme/tools\"]\n\
                       permissions.contents = \"read\"\n";

#[derive(Template)]
#[template(path = "policies/edit.html")]
struct Edit<'a> {
    shell: Shell,
    list: &'static str,
    explain: &'static str,
    /// Where it is sent to.
    action: &'a str,
    /// Of the policy that is changed.
    name: Option<&'a str>,
    text: &'a str,
    cleared: Cleared,
    wrong: Vec<Wrong>,
    back: &'a str,
}

/// One thing that is wrong with the text; the words are HTML.
struct Wrong {
    line: Option<usize>,
    detail: String,
    remedy: Option<String>,
}

impl Wrong {
    fn new(line: Option<usize>, detail: &str, remedy: Option<&str>) -> Self {
        Self {
            line,
            detail: prose(&redact(&sentence(detail))),
            remedy: remedy.map(prose),
        }
    }

    fn of(error: &PolicyError, text: &str) -> Self {
        let detail = format!("`{}`: {}", error.field.replace('`', "\""), error.message);
        Self {
            line: error.line_in(text),
            // Begins with the field's name, which has no capital.
            detail: prose(&redact(&detail)),
            remedy: error.remedy.as_deref().map(prose),
        }
    }
}

impl From<&Failure> for Wrong {
    fn from(failure: &Failure) -> Self {
        let problem = Problem::from(failure);
        Self {
            line: None,
            detail: problem.detail,
            remedy: problem.remedy,
        }
    }
}

/// The form for a new one.
pub(super) async fn new(viewer: May<PolicyManage>) -> Response {
    show(&viewer, StatusCode::OK, None, EXAMPLE, Vec::new())
}

/// The form of one that is there.
pub(super) async fn form(
    viewer: May<PolicyManage>,
    State(state): State<Shared>,
    Name(name): Name,
) -> Result<Response, Failure> {
    let views = state.access.list_policies().await.policies;
    let named = || views.iter().filter(|view| view.spec.name == name);
    let Some(view) = named().find(|view| view.origin == Origin::Stored) else {
        return Err(match named().next() {
            Some(_) => AccessError::PolicyConfigured(name).into(),
            None => not_found(&name).into(),
        });
    };
    let text = text::policy(&view.spec);
    Ok(show(&viewer, StatusCode::OK, Some(&name), &text, Vec::new()))
}

/// Adds one.
pub(super) async fn add(State(state): State<Shared>, sent: SentBy<PolicyManage>) -> Result<Response, Failure> {
    save(&state, &sent, None).await
}

/// Changes one.
pub(super) async fn change(
    State(state): State<Shared>,
    Name(name): Name,
    sent: SentBy<PolicyManage>,
) -> Result<Response, Failure> {
    save(&state, &sent, Some(&name)).await
}

async fn save(state: &Shared, sent: &SentBy<PolicyManage>, name: Option<&str>) -> Result<Response, Failure> {
    let SentBy { viewer, fields, .. } = sent;
    // As browsers end the lines of a form.
    let text = &*fields.text("policy").replace("\r\n", "\n");
    let again = |wrong: Vec<Wrong>, code: Code| show(viewer, respond::page_status(code), name, text, wrong);
    let spec = match read(text) {
        Ok(spec) => spec,
        Err(wrong) => return Ok(again(wrong, Code::PolicyInvalid)),
    };
    if let Some(name) = name.filter(|name| *name != spec.name) {
        let detail = format!(
            "this is the policy `{}`, and the text names it `{}`",
            plain(name),
            plain(&spec.name)
        );
        let remedy = "A policy is not renamed: add it under the new name, and remove the old one.";
        return Ok(again(
            vec![Wrong::new(None, &detail, Some(remedy))],
            Code::PolicyInvalid,
        ));
    }
    let (change, done) = match name {
        None => (PolicyChange::Add, "added"),
        Some(_) => (PolicyChange::Put, "changed"),
    };
    match state
        .access
        .put_policy(viewer.caller(), viewer.request_id(), spec, change)
        .await
    {
        Ok(_) => Ok(respond::see_other(&link(LIST, &[("done", done)]))),
        Err(
            error
            @ (AccessError::PolicyInvalid(_) | AccessError::PolicyNameTaken(_) | AccessError::PolicyConfigured(_)),
        ) => {
            let failure = Failure::from(error);
            Ok(again(vec![Wrong::from(&failure)], failure.code()))
        }
        Err(error) => Err(error.into()),
    }
}

fn plain(name: &str) -> String {
    shown(name, 100).replace('`', "\"")
}

fn show(viewer: &Viewer, status: StatusCode, name: Option<&str>, text: &str, wrong: Vec<Wrong>) -> Response {
    let back = name.map_or_else(|| LIST.to_owned(), path);
    let action = name.map_or_else(|| ADD.to_owned(), |name| format!("{}/edit", path(name)));
    let mut text = text.to_owned();
    let page = Edit {
        shell: viewer.shell(Here::Policies),
        list: LIST,
        explain: EXPLAIN,
        action: &action,
        name,
        cleared: clear_tokens([("The policy", &mut text)]),
        text: &text,
        wrong,
        back: &back,
    };
    respond::render(status, &page)
}

/// Exactly one policy, and all that is wrong with it.
fn read(text: &str) -> Result<PolicySpec, Vec<Wrong>> {
    if text.starts_with('{') {
        let spec: PolicySpec = serde_json::from_str(text).map_err(|error| {
            let words = shown(&error.to_string(), 300);
            vec![Wrong::new(Some(error.line()), &words, None)]
        })?;
        return compiled(spec, text);
    }
    let document = parse_document(text).map_err(|error| {
        let problems = error.problems.iter().take(20);
        problems
            .map(|problem| Wrong::new(Some(problem.line), &problem.message, problem.remedy.as_deref()))
            .collect::<Vec<_>>()
    })?;
    let one = |words: &str, remedy: &str| Err(vec![Wrong::new(None, words, Some(remedy))]);
    if document.ceiling.is_some() {
        return one("a ceiling stands in the policy file only", "Leave `[ceiling]` out.");
    }
    if !document.test.is_empty() {
        return one(
            "tests stand in the policy file only",
            "Leave `[[test]]` out, and explain a request instead.",
        );
    }
    let count = document.policy.len();
    let mut policies = document.policy.into_iter();
    match (policies.next(), count) {
        (Some(spec), 1) => compiled(spec, text),
        (None, _) => one(
            "the text has no policy",
            "Begin with `[[policy]]`, and write `name = \"…\"` below.",
        ),
        (Some(_), _) => one(
            &format!("the text has {count} policies"),
            "Write one here; add the others one by one, or put them into the policy file.",
        ),
    }
}

fn compiled(spec: PolicySpec, text: &str) -> Result<PolicySpec, Vec<Wrong>> {
    match PolicySet::compile(None, vec![(Origin::Stored, spec.clone())]) {
        Ok(_) => Ok(spec),
        Err(errors) => Err(errors.iter().take(20).map(|error| Wrong::of(error, text)).collect()),
    }
}

#[cfg(test)]
mod tests {
    use super::{EXAMPLE, read};

    fn lines(text: &str) -> Vec<(Option<usize>, String)> {
        let wrong = read(text).unwrap_err();
        wrong.into_iter().map(|one| (one.line, one.detail)).collect()
    }

    #[test]
    fn a_policy_is_read_as_the_file_or_the_api_has_it() {
        let spec = read(EXAMPLE).unwrap_or_else(|_| panic!("the example is no policy"));
        assert_eq!((spec.name.as_str(), spec.repositories.len()), ("ci-reads-tools", 1));
        let json = serde_json::to_string_pretty(&spec).unwrap();
        assert!(read(&json).is_ok_and(|same| same == spec));
    }

    #[test]
    fn what_is_wrong_has_its_line() {
        let misspelt = EXAMPLE
            .replace("repositories", "repositorys")
            .replace("callers.client", "callers.klient");
        let found = lines(&misspelt);
        assert_eq!(
            found.iter().map(|(line, _)| *line).collect::<Vec<_>>(),
            [Some(4), Some(6)],
            "{found:?}"
        );
        let found = lines(&EXAMPLE.replace("token.mint", "token.fly"));
        assert!(found[0].0 == Some(5) && found[0].1.contains("actions"), "{found:?}");
        assert_eq!(lines("{\n\"name\": 1}")[0].0, Some(2));
        for (bad, words) in [
            (String::new(), "no policy"),
            (format!("{EXAMPLE}{}", EXAMPLE.replace("tools", "web")), "2 policies"),
            (format!("[ceiling]\nforges = \"github.com\"\n{EXAMPLE}"), "ceiling"),
        ] {
            assert!(lines(&bad)[0].1.contains(words), "{bad}");
        }
    }
}
