//! Tokens with which runners come and go, and runners for a single job.

use http::Method;
use jeton_domain::{CiScope, Code, Diagnosis, Secret};
use jeton_outbound::{Answer, Outbound};
use jiff::{SignedDuration, Timestamp};

use super::{
    calls::Calls,
    need::{Task, path, thing},
    wire::{WireErrors, WireJit, WireJitAsk, WireRunnerToken},
};
use crate::{
    ci::{CiAt, CiOutcome, CiRefusal, JitAsk, JitRunner, RunnerToken},
    clean::clean,
    diagnose::diagnosis,
    github::account::refusal_body,
    probe::Trouble,
};

/// The largest token that is believed, in bytes; today's have 29.
const MAX_TOKEN: usize = 8 * 1024;

/// The largest configuration that is believed, in bytes. It holds three files, one of them with a private key.
const MAX_CONFIG: usize = 256 * 1024;

/// The longest life of a token that is believed. GitHub's live for an hour; the rest is for clocks that disagree.
const MAX_LIFE: SignedDuration = SignedDuration::from_hours(24);

/// GitHub's limit of a runner's labels.
const MAX_LABELS: usize = 100;

/// The group that is always there.
const DEFAULT_GROUP: u64 = 1;

/// `registration-token` or `remove-token`. A lost answer is not unclear: a token that nobody has does no harm, and another may be
/// asked for.
pub(super) async fn token(outbound: &Outbound, at: &CiAt<'_>, which: &str) -> CiOutcome<RunnerToken> {
    let mut calls = Calls::open(outbound, *at, Task::Runners)?;
    let path = [&path(at.scope)[..], &["actions", "runners", which]].concat();
    match calls.probes.send(Method::POST, &path, &[], None).await {
        Ok(answer) if answer.is_success() => {
            let read = read_token(&mut calls, &answer, at.now);
            read.map_err(|trouble| calls.trouble(trouble, false))
        }
        Ok(answer) => Err(calls.refused(&answer)),
        Err(trouble) => Err(calls.trouble(trouble, false)),
    }
}

fn read_token(calls: &mut Calls<'_>, answer: &Answer, now: Timestamp) -> Result<RunnerToken, Trouble> {
    let wire: WireRunnerToken = calls.parse(answer)?;
    let token = Secret::new(wire.token);
    if !is_plain(&token, MAX_TOKEN) {
        return Err(calls.garbled(answer, "the token is empty, too long, or no plain ASCII"));
    }
    let expires_at: Timestamp = wire
        .expires_at
        .parse()
        .map_err(|_| calls.garbled(answer, "it does not say when the token ends"))?;
    if expires_at.duration_since(now) > MAX_LIFE {
        return Err(calls.garbled(answer, "the token would live for more than a day"));
    }
    Ok(RunnerToken { token, expires_at })
}

fn is_plain(text: &Secret, most: usize) -> bool {
    let text = text.expose();
    (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic())
}

/// A lost answer is unclear: the runner's name may be taken from then on.
pub(super) async fn jit_config(outbound: &Outbound, at: &CiAt<'_>, ask: &JitAsk) -> CiOutcome<JitRunner> {
    check(ask).map_err(|wrong| CiRefusal::clear(wrong, Vec::new()))?;
    let mut calls = Calls::open(outbound, *at, Task::Runners)?;
    let path = [&path(at.scope)[..], &["actions", "runners", "generate-jitconfig"]].concat();
    let body = WireJitAsk {
        name: &ask.name,
        runner_group_id: ask.runner_group_id,
        labels: &ask.labels,
        work_folder: ask.work_folder.as_deref(),
    };
    match calls.send(Method::POST, &path, &body).await {
        Ok(answer) if answer.is_success() => {
            read_jit(&mut calls, &answer).map_err(|trouble| calls.trouble(trouble, true))
        }
        Ok(answer) => Err(jit_refused(calls, &answer, ask)),
        Err(trouble) => Err(calls.trouble(trouble, true)),
    }
}

fn read_jit(calls: &mut Calls<'_>, answer: &Answer) -> Result<JitRunner, Trouble> {
    let wire: WireJit = calls.parse(answer)?;
    let encoded_jit_config = Secret::new(wire.encoded_jit_config);
    if !is_plain(&encoded_jit_config, MAX_CONFIG) {
        return Err(calls.garbled(answer, "the configuration is empty, too long, or no plain ASCII"));
    }
    let labels = wire.runner.labels.iter().take(MAX_LABELS);
    Ok(JitRunner {
        encoded_jit_config,
        id: wire.runner.id,
        name: clean(&wire.runner.name),
        labels: labels.map(|label| clean(&label.name)).collect(),
    })
}

/// What GitHub would refuse in fewer words.
fn check(ask: &JitAsk) -> Result<(), Diagnosis> {
    let is_text = |text: &str| !text.trim().is_empty() && !text.chars().any(char::is_control);
    let wrong = if !is_text(&ask.name) {
        "The runner has no name, or one with control characters."
    } else if ask.labels.is_empty() {
        "The runner has no label, and no job would find it."
    } else if ask.labels.len() > MAX_LABELS {
        "The runner has more than 100 labels, which is GitHub's limit."
    } else if !ask.labels.iter().all(|label| is_text(label)) {
        "A label of the runner is empty or has control characters."
    } else if ask.work_folder.as_deref().is_some_and(|folder| !is_text(folder)) {
        "The work folder is empty or has control characters."
    } else {
        return Ok(());
    };
    Err(diagnosis(
        Code::RunnerInvalid,
        wrong,
        "Name the runner (`--name`), and give it 1 to 100 labels such as `self-hosted` (`--label`); leave the work folder (`--work-folder`) \
         away for `_work`.",
    ))
}

fn jit_refused(calls: Calls<'_>, answer: &Answer, ask: &JitAsk) -> CiRefusal {
    let case = calls.case(answer);
    let page = case.ci_pages().runners(calls.at.scope);
    let place = thing(calls.at.scope);
    let found = match answer.status {
        409 => diagnosis(
            Code::RunnerNameTaken,
            format!(
                "GitHub says {}: {place} has a runner named `{}` already.",
                case.quoted(),
                clean(&ask.name)
            ),
            format!(
                "Choose a name that is not taken, such as one with a random end, or remove the old runner at {page}."
            ),
        ),
        422 | 400 => diagnosis(
            Code::RunnerInvalid,
            format!(
                "GitHub does not take the runner for {place}: {}.",
                words(answer).trim_end_matches('.')
            ),
            "Change the name, the labels, the group or the work folder as GitHub's words say.",
        ),
        404 if ask.runner_group_id != DEFAULT_GROUP => {
            let group = ask.runner_group_id;
            let hidden = case.not_visible();
            let groups = match calls.at.scope {
                CiScope::Repository(_) => "a repository has no groups of its own but number 1".to_owned(),
                _ => format!("the groups and their numbers are at {page}"),
            };
            Diagnosis {
                cause: format!("{} Or there is no runner group number {group} there.", hidden.cause),
                remedy: format!("Check the number of the group first: {groups}. {}", hidden.remedy),
                ..hidden
            }
        }
        _ => return calls.refused(answer),
    };
    let url = found.url.clone().or(Some(page));
    calls.clear(Diagnosis { url, ..found })
}

/// GitHub's words with what its list of errors adds: objects on some endpoints, strings on others.
pub(super) fn words(answer: &Answer) -> String {
    let Some(body) = refusal_body(answer) else {
        return format!("HTTP {}", answer.status);
    };
    let listed: WireErrors = serde_json::from_slice(&answer.body).unwrap_or_default();
    let more = listed.errors.iter().take(5).filter_map(|error| match error {
        serde_json::Value::String(text) => Some(text.clone()),
        serde_json::Value::Object(fields) => {
            let part = |key: &str| fields.get(key).and_then(serde_json::Value::as_str);
            let texts: Vec<&str> = ["field", "code", "message"].into_iter().filter_map(part).collect();
            Some(texts.join(" ")).filter(|text| !text.is_empty())
        }
        _ => None,
    });
    let more: Vec<String> = more.collect();
    let said = if more.is_empty() {
        body.message
    } else {
        format!("{}: {}", body.message.trim_end_matches('.'), more.join("; "))
    };
    clean(&said)
}

#[cfg(test)]
#[path = "runners_tests.rs"]
mod tests;
