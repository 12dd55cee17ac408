use askama::Template;
use axum::{extract::State, response::Response};
use http::StatusCode;
use jeton_access::AccessError;
use jeton_domain::{Action, Role};
use jeton_ledger::LedgerFilter;
use jeton_policy::{Ask, Considered, Decision, Explanation};

use super::{
    EXPLAIN, LIST,
    ask::{Asked, Meant},
    origin, path,
};
use crate::{
    auth::rights::PolicyRead,
    failure::Failure,
    page::{
        badge::{Badge, Tone},
        fields::Cleared,
        html::prose,
        problem::{Problem, sentence},
        respond,
        shell::{Here, Shell},
        time::Time,
        viewer::{May, SentBy, Viewer},
        when,
    },
    state::{Shared, WebState},
};

#[derive(Template)]
#[template(path = "policies/explain.html")]
struct Page {
    shell: Shell,
    list: &'static str,
    action: &'static str,
    problem: Option<Problem>,
    wrong: &'static str,
    kinds: Vec<Choice>,
    roles: Vec<Choice>,
    actions: Vec<Choice>,
    cleared: Cleared,
    asked: Asked,
    repositories: String,
    time: String,
    answer: Option<Answer>,
}

struct Choice {
    name: &'static str,
    words: &'static str,
    is_chosen: bool,
}

/// How the decision comes about. `words` and the reasons are HTML.
struct Answer {
    asker: String,
    what: &'static str,
    decision: Badge,
    words: String,
    /// The moment that was asked about; none for now.
    at: Option<Time>,
    ceiling: Option<String>,
    permissions: Option<String>,
    longest: Option<String>,
    considered: Vec<Rule>,
}

struct Rule {
    name: String,
    path: String,
    origin: &'static str,
    state: Badge,
    reasons: Vec<String>,
}

/// The form; filled in by the address, or by an entry of the record, and answered when that says all that is needed.
pub(super) async fn form(viewer: May<PolicyRead>, State(state): State<Shared>) -> Result<Response, Failure> {
    let entry = viewer.parameter("entry");
    let asked = match entry.parse::<u64>() {
        Ok(seq) => of_record(&viewer, &state, seq).await?,
        Err(_) => Asked::of_address(&viewer),
    };
    Ok(show(&viewer, &state, asked))
}

/// The answer. Sent as a form and not as an address: claims are nobody else's business.
pub(super) async fn explain(State(state): State<Shared>, sent: SentBy<PolicyRead>) -> Response {
    let mut asked = Asked::of_form(&sent.fields);
    if !asked.is_whole() {
        // Not left out: it is told that it is missing.
        "?".clone_into(&mut asked.action);
    }
    show(&sent.viewer, &state, asked)
}

async fn of_record(viewer: &Viewer, state: &WebState, seq: u64) -> Result<Asked, Failure> {
    state
        .access
        .permit(viewer.caller(), Action::RecordRead, viewer.request_id())?;
    let before = seq.saturating_add(1).min(i64::MAX.unsigned_abs());
    let ledger = state.access.settled_ledger().await;
    let page = ledger
        .list(&LedgerFilter::default(), Some(before), 1)
        .await
        .map_err(AccessError::from)?;
    let entry = page.entries.first().filter(|entry| entry.seq == seq);
    Ok(entry.map(Asked::of_entry).unwrap_or_default())
}

fn show(viewer: &Viewer, state: &WebState, mut asked: Asked) -> Response {
    let cleared = asked.clear_tokens();
    // Without what was cleared it is another request.
    let outcome = if asked.is_whole() && cleared.is_empty() {
        asked
            .meant(viewer)
            .map(|meant| Some(answer(state, viewer, &asked, &meant)))
    } else {
        Ok(None)
    };
    let (answer, problem, wrong) = match outcome {
        Ok(answer) => (answer, None, ""),
        Err((wrong, failure)) => (None, Some(Problem::from(&failure)), wrong),
    };
    let status = if problem.is_some() || !cleared.is_empty() {
        StatusCode::BAD_REQUEST
    } else {
        StatusCode::OK
    };
    let page = Page {
        shell: viewer.shell(Here::Policies),
        list: LIST,
        action: EXPLAIN,
        problem,
        wrong,
        kinds: kinds(&asked.kind),
        roles: roles(&asked.role),
        actions: actions(&asked.action),
        repositories: asked.repositories.join("\n"),
        time: when::typed(&asked.time),
        cleared,
        asked,
        answer,
    };
    respond::render(status, &page)
}

fn answer(state: &WebState, viewer: &Viewer, asked: &Asked, meant: &Meant) -> Answer {
    let some = |text: &'_ str| Some(text.to_owned()).filter(|text| !text.is_empty());
    let (forge, source) = (some(&asked.forge), some(&asked.source));
    let ask = Ask {
        action: meant.action,
        forge: forge.as_deref(),
        repositories: &asked.repositories,
        permissions: meant.permissions.as_ref(),
        source: source.as_deref(),
        lifetime_seconds: meant.lifetime_seconds,
        now: meant.time.unwrap_or(viewer.now),
    };
    let Explanation {
        decision,
        ceiling,
        considered,
    } = state.access.explain(&meant.caller, &ask);
    let rule = |name: &str| name.replace('`', "\"");
    let (badge, words) = match &decision {
        Decision::Allowed(allowed) => {
            let words = format!("The policy `{}` allows it.", rule(&allowed.rule));
            (Badge::new(Tone::Good, "allowed"), words)
        }
        Decision::Denied(denied) => {
            let words = match &denied.rule {
                Some(name) => format!(
                    "The policy `{}` would allow it, but the ceiling forbids it.",
                    rule(name)
                ),
                None if denied.by_ceiling => "The ceiling forbids it.".to_owned(),
                None => "No policy allows it.".to_owned(),
            };
            (Badge::new(Tone::Bad, "refused"), words)
        }
    };
    let allowed = decision.allowed();
    let permissions = allowed
        .and_then(|allowed| allowed.permissions.as_ref())
        .map(|permissions| {
            let pairs: Vec<String> = permissions
                .iter()
                .map(|(name, access)| format!("{name}: {}", access.as_str()))
                .collect();
            pairs.join(", ")
        });
    Answer {
        asker: meant.caller.identity.to_string(),
        what: meant.action.as_str(),
        decision: badge,
        words: prose(&words),
        at: meant.time.map(|at| viewer.time(at)),
        ceiling: ceiling.map(|words| prose(&words)),
        permissions,
        longest: allowed
            .and_then(|allowed| allowed.longest_lifetime)
            .map(|life| format!("{} seconds", life.as_secs())),
        considered: considered.iter().map(considered_rule).collect(),
    }
}

fn considered_rule(one: &Considered) -> Rule {
    let state = if one.matched {
        Badge::new(Tone::Good, "covers it")
    } else {
        Badge::new(Tone::Dim, "does not cover it")
    };
    Rule {
        name: one.rule.to_string(),
        path: path(&one.rule),
        origin: origin(one.origin),
        state,
        reasons: one.why_not.iter().map(|words| prose(&sentence(words))).collect(),
    }
}

fn kinds(chosen: &str) -> Vec<Choice> {
    let all = [
        ("me", "Me"),
        ("client", "A client"),
        ("user", "A user"),
        ("token", "A token of an issuer"),
        ("unix", "A user of this machine"),
        ("operator", "The operator's key"),
        ("anonymous", "Nobody who says who it is"),
    ];
    let is_known = all.iter().any(|(name, _)| *name == chosen);
    let choices = all.into_iter().map(|(name, words)| Choice {
        name,
        words,
        is_chosen: name == chosen || (!is_known && name == "me"),
    });
    choices.collect()
}

fn roles(chosen: &str) -> Vec<Choice> {
    let chosen = if chosen.is_empty() {
        Role::Member.as_str()
    } else {
        chosen
    };
    let all = Role::ALL.iter().map(|role| Choice {
        name: role.as_str(),
        words: role.as_str(),
        is_chosen: role.as_str() == chosen,
    });
    all.collect()
}

fn actions(chosen: &str) -> Vec<Choice> {
    let all = Action::ALL.iter().map(|action| Choice {
        name: action.as_str(),
        words: action.as_str(),
        is_chosen: action.as_str() == chosen,
    });
    all.collect()
}
