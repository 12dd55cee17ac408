//! Runners, on behalf of somebody: making, renewing, removing.

use http::Method;
use jeton_domain::{Code, Diagnosis, ForgeEndpoint};
use jeton_outbound::{Answer, Outbound};
use jiff::{SignedDuration, Timestamp};

use super::{
    super::{refusal::Refusal, troubled},
    advice::About,
    call::{Call, Failure, is_certain, odd_words, refusal},
    own::{NO_TOKEN, as_runner, renewed, runner_place, token_form},
    target::{Target, Task},
    wire::{MadeObject, RunnerBody, end, token},
};
use crate::{
    ci::{CiAt, CiOutcome, CiRefusal, KnownRunner, MadeRunner, NewRunner, RenewedToken},
    diagnose::diagnosis,
    probe::Body,
};

/// How near and how far the end of a token may be that is asked for
/// (<https://docs.gitlab.com/api/users/#create-a-runner-linked-to-a-user>).
const NEAREST_END: SignedDuration = SignedDuration::from_mins(5);
const FARTHEST_END: SignedDuration = SignedDuration::from_hours(15 * 24);

/// A refusal before anything was asked.
pub(super) fn unasked(diagnosis: Diagnosis) -> CiRefusal {
    CiRefusal::clear(diagnosis, Vec::new())
}

pub(super) async fn make(outbound: &Outbound, at: &CiAt<'_>, runner: &NewRunner) -> CiOutcome<MadeRunner> {
    let target = Target::of(at.forge, at.scope).map_err(unasked)?;
    check(&target, runner, at.now).map_err(unasked)?;
    let mut call = Call::new(outbound, *at, &target, Task::Runner).map_err(|found| unasked(*found))?;
    let id = match call.find_space().await {
        Ok(id) => id,
        Err(failure) => return Err(call.fail(failure).await),
    };
    let Ok(body) = Body::json(&body(&target, id, runner)) else {
        return Err(call.end(unwritable()));
    };
    match call
        .probes
        .send(Method::POST, &["user", "runners"], &[], Some(body))
        .await
    {
        Ok(answer) if answer.is_success() => made(&answer).ok_or_else(|| {
            let why = "it answered with success, and no runner and token could be read from the answer";
            let diagnosis = call.about.making_unclear(&runner.name, why);
            call.unclear(diagnosis)
        }),
        Ok(answer) => {
            let refusal = refusal(&answer);
            if !is_certain(&refusal) {
                let diagnosis = call.about.making_unclear(&runner.name, &odd_words(&refusal));
                return Err(call.unclear(diagnosis));
            }
            let diagnosis = match refusal {
                Refusal::Other(_, said) => call.about.runner_refused(&said),
                // the number is that of a project or group that was seen a moment ago
                Refusal::NotFound(_) if id.is_some() => old_gitlab(call.about.place.forge),
                other => call.explain(other).await,
            };
            Err(call.end(diagnosis))
        }
        Err(trouble) if trouble.nothing_happened => Err(call.not_sent(trouble)),
        Err(trouble) => {
            let diagnosis = call.about.making_unclear(&runner.name, &trouble.diagnosis.cause);
            Err(call.unclear(diagnosis))
        }
    }
}

/// What can be said against a runner without asking.
fn check(target: &Target, runner: &NewRunner, now: Timestamp) -> Result<(), Diagnosis> {
    if runner.locked && !matches!(target, Target::Project(_)) {
        return Err(diagnosis(
            Code::RunnerInvalid,
            "Only the runner of a project can be locked to it. GitLab was not asked.",
            "Leave the lock (`--locked`) out, or name a project (GROUP/PROJECT).",
        ));
    }
    let Some(end) = runner.token_expires_at else {
        return Ok(());
    };
    let ahead = end.duration_since(now);
    if (NEAREST_END..=FARTHEST_END).contains(&ahead) {
        return Ok(());
    }
    Err(diagnosis(
        Code::RunnerInvalid,
        "GitLab lets the token of a runner end between 5 minutes and 15 days from now, and the end that is asked for lies outside of that. \
         GitLab was not asked.",
        "Ask for an end between 5 minutes and 15 days from now (`--token-lifetime`); or for none, and GitLab's own settings decide.",
    ))
}

fn body<'a>(target: &Target, id: Option<u64>, runner: &'a NewRunner) -> RunnerBody<'a> {
    RunnerBody {
        runner_type: target.runner_type(),
        project_id: id.filter(|_| matches!(target, Target::Project(_))),
        group_id: id.filter(|_| matches!(target, Target::Group(_))),
        description: &runner.name,
        tag_list: &runner.labels,
        run_untagged: runner.run_untagged,
        locked: matches!(target, Target::Project(_)).then_some(runner.locked),
        paused: runner.paused,
        access_level: if runner.protected_only {
            "ref_protected"
        } else {
            "not_protected"
        },
        maximum_timeout: runner.maximum_timeout_seconds,
        // older versions do not know the field, and some editions refuse it
        token_expires_at: runner.token_expires_at.map(|end| end.to_string()),
    }
}

fn made(answer: &Answer) -> Option<MadeRunner> {
    // serde's own words may quote the token
    let found: MadeObject<'_> = serde_json::from_slice(&answer.body).ok()?;
    Some(MadeRunner {
        forge_id: found.id.to_string(),
        expires_at: end(found.token_expires_at.as_deref()),
        token: token(found.token)?,
        client_id: None,
    })
}

pub(super) fn unwritable() -> Diagnosis {
    diagnosis(
        Code::Internal,
        "The request could not be written as JSON.",
        "Report this as a mistake in jeton.",
    )
}

fn old_gitlab(forge: &ForgeEndpoint) -> Diagnosis {
    diagnosis(
        Code::RunnerUnsupported,
        format!(
            "{} has no call by which a user makes a runner, which began with GitLab 16.0.",
            forge.host()
        ),
        "An administrator updates that GitLab. Until then make the runner on its page, \"Settings\", \"CI/CD\", \"Runners\".",
    )
}

/// As somebody who may, for a token that is lost or dead.
pub(super) async fn renew_as(outbound: &Outbound, at: &CiAt<'_>, runner: KnownRunner<'_>) -> CiOutcome<RenewedToken> {
    let target = Target::of(at.forge, at.scope).map_err(unasked)?;
    let mut call = Call::new(outbound, *at, &target, Task::OldRunner).map_err(|found| unasked(*found))?;
    let path = ["runners", runner.forge_id, "reset_authentication_token"];
    match call.probes.send(Method::POST, &path, &[], None).await {
        Ok(answer) if answer.is_success() => renewed(&answer, runner).ok_or_else(|| {
            let diagnosis = call.about.renewal_unclear(runner.forge_id, NO_TOKEN);
            call.unclear(diagnosis)
        }),
        Ok(answer) => {
            let refusal = refusal(&answer);
            if !is_certain(&refusal) {
                let diagnosis = call.about.renewal_unclear(runner.forge_id, &odd_words(&refusal));
                return Err(call.unclear(diagnosis));
            }
            let diagnosis = explain_old(&mut call, refusal, runner.forge_id).await;
            Err(call.end(diagnosis))
        }
        Err(trouble) if trouble.nothing_happened => Err(call.not_sent(trouble)),
        Err(trouble) => {
            let diagnosis = call.about.renewal_unclear(runner.forge_id, &trouble.diagnosis.cause);
            Err(call.unclear(diagnosis))
        }
    }
}

/// A refusal of a call on a runner that is there; its project or group is not in the path.
async fn explain_old(call: &mut Call<'_>, refusal: Refusal, id: &str) -> Diagnosis {
    match refusal {
        Refusal::NotFound(_) => call.about.runner_gone(id),
        Refusal::Forbidden(said) => {
            let about: About<'_> = call.about;
            match call.find_space().await {
                Ok(_) => call.explain(Refusal::Forbidden(said)).await,
                Err(_) => about.may_not(None, &said),
            }
        }
        other => call.explain(other).await,
    }
}

/// With its own token, which needs nobody's right; as somebody who may where that token is dead. To ask twice does no harm.
pub(super) async fn remove(outbound: &Outbound, at: &CiAt<'_>, runner: KnownRunner<'_>) -> CiOutcome<()> {
    let mut probes = as_runner(outbound, at.forge, at.now);
    let sent = probes
        .send(Method::DELETE, &["runners"], &[], Some(token_form(runner)))
        .await;
    let mut evidence = probes.into_evidence();
    match sent {
        Ok(answer) if answer.status == 204 => return Ok(()),
        Err(trouble) if trouble.nothing_happened || trouble.diagnosis.code == Code::ForgeTimeout => {
            let place = runner_place(at.forge);
            return Err(CiRefusal::clear(troubled(trouble, &place), evidence));
        }
        // dead, a version that wants it otherwise, or no clear word: the account may still do it
        Ok(_) | Err(_) => {}
    }
    remove_as(outbound, at, runner).await.map_err(|refused| {
        evidence.extend(refused.evidence);
        CiRefusal { evidence, ..refused }
    })
}

async fn remove_as(outbound: &Outbound, at: &CiAt<'_>, runner: KnownRunner<'_>) -> CiOutcome<()> {
    let target = Target::of(at.forge, at.scope).map_err(unasked)?;
    let mut call = Call::new(outbound, *at, &target, Task::OldRunner).map_err(|found| unasked(*found))?;
    let sent = call
        .probes
        .send(Method::DELETE, &["runners", runner.forge_id], &[], None)
        .await;
    match sent {
        Ok(answer) if answer.status == 204 => Ok(()),
        Ok(answer) if answer.is_success() => {
            let reason = format!("HTTP {} where 204 was promised", answer.status);
            let diagnosis = call.probes.named().garbled(&reason);
            Err(call.end(diagnosis))
        }
        Ok(answer) => match refusal(&answer) {
            Refusal::NotFound(_) => Ok(()),
            refusal => {
                let diagnosis = explain_old(&mut call, refusal, runner.forge_id).await;
                Err(call.end(diagnosis))
            }
        },
        Err(trouble) => Err(call.fail(Failure::Trouble(trouble)).await),
    }
}
