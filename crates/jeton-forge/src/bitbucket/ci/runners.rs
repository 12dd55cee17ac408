//! Runners: making, removing, and whether they could be made.

use http::Method;
use jeton_domain::{Code, Diagnosis, Fitness};
use jeton_outbound::{Answer, Outbound};

use super::{
    super::{refusal::Refusal, scopes},
    call::{Call, Failure, is_certain, odd_words, refusal},
    target::{Target, Task},
    wire::{MadeObject, RunnerBody, SELF_HOSTED, is_uuid, secret},
};
use crate::{
    ci::{CiAt, CiOutcome, CiRefusal, KnownRunner, MadeRunner, NewRunner, RunnerExam},
    diagnose::diagnosis,
    probe::Body,
};

/// A refusal before anything was asked.
pub(super) fn unasked(diagnosis: Diagnosis) -> CiRefusal {
    CiRefusal::clear(diagnosis, Vec::new())
}

pub(super) fn unwritable() -> Diagnosis {
    diagnosis(
        Code::Internal,
        "The request could not be written as JSON.",
        "Report this as a mistake in jeton.",
    )
}

pub(super) async fn make(outbound: &Outbound, at: &CiAt<'_>, runner: &NewRunner) -> CiOutcome<MadeRunner> {
    check(runner).map_err(unasked)?;
    let target = Target::of(at.scope).map_err(unasked)?;
    let mut call = Call::new(outbound, *at, &target, Task::Runner).map_err(|found| unasked(*found))?;
    let Ok(body) = Body::json(&body(runner)) else {
        return Err(call.end(unwritable()));
    };
    let sent = call.probes.send(Method::POST, &target.runners(), &[], Some(body)).await;
    match sent {
        Ok(answer) if answer.is_success() => made(&answer).ok_or_else(|| {
            let why = "it answered with success, and no runner and secret could be read from the answer";
            let diagnosis = call.about.making_unclear(&runner.name, why);
            call.unclear(diagnosis)
        }),
        Ok(answer) => {
            let refusal = refusal(&answer);
            if !is_certain(answer.status, &refusal) {
                let words = odd_words(answer.status, &refusal);
                let diagnosis = call.about.making_unclear(&runner.name, &words);
                return Err(call.unclear(diagnosis));
            }
            let diagnosis = match (answer.status, &refusal) {
                (409, _) => call.about.name_taken(&runner.name),
                (_, Refusal::Other(said)) => call.about.runner_refused(said),
                (_, other) => call.explain(other),
            };
            Err(call.end(diagnosis))
        }
        Err(trouble) if trouble.nothing_happened => Err(call.end(trouble.diagnosis)),
        Err(trouble) => {
            let diagnosis = call.about.making_unclear(&runner.name, &trouble.diagnosis.cause);
            Err(call.unclear(diagnosis))
        }
    }
}

/// What GitLab's runners have and Bitbucket's have not. Whether a runner takes jobs without labels is no question here: a step names labels,
/// or runs in Atlassian's cloud.
fn check(runner: &NewRunner) -> Result<(), Diagnosis> {
    let has = [
        (runner.locked, "be locked to a project", "--locked"),
        (runner.paused, "be paused when it is made", "--paused"),
        (
            runner.protected_only,
            "be kept for protected branches",
            "--protected-only",
        ),
        (
            runner.maximum_timeout_seconds.is_some(),
            "have a longest time of a job",
            "--maximum-timeout",
        ),
        (
            runner.token_expires_at.is_some(),
            "have an end: its secret works until it is removed",
            "--token-lifetime",
        ),
    ];
    let Some((_, what, flag)) = has.into_iter().find(|(has, ..)| *has) else {
        return Ok(());
    };
    Err(diagnosis(
        Code::RunnerInvalid,
        format!("On Bitbucket a runner cannot {what}. Bitbucket was not asked."),
        format!("Leave that out (`{flag}`)."),
    ))
}

fn body(runner: &NewRunner) -> RunnerBody<'_> {
    let mut labels: Vec<&str> = runner.labels.iter().map(String::as_str).collect();
    if !labels.contains(&SELF_HOSTED) {
        labels.insert(0, SELF_HOSTED);
    }
    RunnerBody {
        name: &runner.name,
        labels,
    }
}

fn made(answer: &Answer) -> Option<MadeRunner> {
    // serde's own words may quote the secret
    let found: MadeObject<'_> = serde_json::from_slice(&answer.body).ok()?;
    let client = found.oauth_client;
    let plain = !client.id.is_empty() && client.id.len() <= 200 && client.id.bytes().all(|b| b.is_ascii_graphic());
    if !plain || !is_uuid(&found.uuid) {
        return None;
    }
    Some(MadeRunner {
        forge_id: found.uuid,
        token: secret(client.secret)?,
        client_id: Some(client.id),
        expires_at: None,
    })
}

/// To ask twice does no harm.
pub(super) async fn remove(outbound: &Outbound, at: &CiAt<'_>, runner: KnownRunner<'_>) -> CiOutcome<()> {
    let target = Target::of(at.scope).map_err(unasked)?;
    let mut call = Call::new(outbound, *at, &target, Task::Runner).map_err(|found| unasked(*found))?;
    let mut path = target.runners();
    path.push(runner.forge_id);
    match call.probes.send(Method::DELETE, &path, &[], None).await {
        Ok(answer) if answer.status == 204 => Ok(()),
        Ok(answer) if answer.is_success() => {
            let reason = format!("HTTP {} where 204 was promised", answer.status);
            let diagnosis = call.probes.named().garbled(&reason);
            Err(call.end(diagnosis))
        }
        Ok(answer) => match refusal(&answer) {
            Refusal::NotFound(_) => confirm_gone(call).await,
            refusal => Err(call.fail(Failure::Refused(refusal))),
        },
        Err(trouble) => Err(call.fail(Failure::Trouble(trouble))),
    }
}

/// A repository that may not be seen has the same answer as a runner that is gone, and the runner would work on.
async fn confirm_gone(mut call: Call<'_>) -> CiOutcome<()> {
    let path = call.about.target.runners();
    match call.get(&path, &[("pagelen", "1")]).await {
        Ok(answer) if answer.is_success() => Ok(()),
        Ok(answer) => match refusal(&answer) {
            // it may write and not read: what Bitbucket said is all there is
            Refusal::Scope { .. } => Ok(()),
            refusal => Err(call.fail(Failure::Refused(refusal))),
        },
        Err(trouble) => Err(call.fail(Failure::Trouble(trouble))),
    }
}

pub(super) async fn examine(outbound: &Outbound, at: &CiAt<'_>) -> RunnerExam {
    let exam = |fit, needs: &str, diagnosis: Diagnosis| RunnerExam {
        fit,
        needs: needs.to_owned(),
        why: diagnosis.cause.clone(),
        diagnoses: vec![diagnosis],
        evidence: vec![],
    };
    let target = match Target::of(at.scope) {
        Ok(target) => target,
        Err(diagnosis) => return exam(Fitness::No, "`runner:write`", diagnosis),
    };
    let mut call = match Call::new(outbound, *at, &target, Task::Runner) {
        Ok(call) => call,
        Err(diagnosis) => return exam(Fitness::No, "`runner:write`", *diagnosis),
    };
    let needs = format!("{}, and {}", call.about.needs(), call.about.who());
    match look(&mut call).await {
        Ok((fit, why, diagnosis)) => RunnerExam {
            fit,
            needs,
            why,
            diagnoses: diagnosis.into_iter().collect(),
            evidence: call.probes.into_evidence(),
        },
        Err(failure) => {
            let fit = match failure {
                Failure::Trouble(_)
                | Failure::Refused(Refusal::Unauthorized(_) | Refusal::Other(_) | Refusal::Gone(_)) => Fitness::Unknown,
                Failure::Refused(_) | Failure::Known(_) => Fitness::No,
            };
            let diagnosis = call.diagnose(failure);
            RunnerExam {
                evidence: call.probes.into_evidence(),
                ..exam(fit, &needs, diagnosis)
            }
        }
    }
}

/// Reading the runners shows the role and the scope that reads. The scope that writes shows only in a list of scopes, which Bitbucket gives
/// when it refuses something else for want of one.
async fn look(call: &mut Call<'_>) -> Result<(Fitness, String, Option<Diagnosis>), Failure> {
    let about = call.about;
    let place = about.target.words();
    let answer = call.get(&about.target.runners(), &[("pagelen", "1")]).await?;
    if !answer.is_success() {
        return Err(Failure::Refused(refusal(&answer)));
    }
    let mut others = vec![about.target.variables(None), vec!["user"]];
    if let Target::Repository { workspace, name } = about.target {
        others.push(vec!["repositories", workspace, name, "pullrequests"]);
    }
    for path in others {
        let answer = call.get(&path, &[("pagelen", "1")]).await?;
        let Some(Refusal::Scope {
            granted: Some(granted), ..
        }) = Refusal::of(&answer)
        else {
            continue;
        };
        if about.wanted().iter().all(|scope| scopes::holds(&granted, scope)) {
            let why = format!(
                "The runners of {place} were read with it, and it has {}.",
                about.needs()
            );
            return Ok((Fitness::Yes, why, None));
        }
        let diagnosis = about.scope(Some(&granted), &[]);
        return Ok((Fitness::No, diagnosis.cause.clone(), Some(diagnosis)));
    }
    let why = format!(
        "The runners of {place} were read with it; whether it may make one, Bitbucket tells only when it is tried. It needs {}.",
        about.needs()
    );
    Ok((Fitness::Unknown, why, None))
}
