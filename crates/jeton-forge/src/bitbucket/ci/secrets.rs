//! Writing a variable: a look whether it is there, and then the call that fits. Several may do it at once.

use http::Method;
use jeton_domain::Diagnosis;
use jeton_outbound::Outbound;

use super::{
    super::refusal::Refusal,
    call::{Call, Failure, is_certain, odd_words, refusal},
    check::check,
    runners::{unasked, unwritable},
    target::{Target, Task},
    wire::{EnvironmentObject, VariableBody, VariableObject, is_uuid},
};
use crate::{
    ci::{CiAt, CiOutcome, SecretPush, SecretPushed},
    gitlab::hide_echo,
    probe::Body,
};

/// How often somebody else may make or remove the variable between our look and our call.
const ROUNDS: usize = 3;

pub(super) async fn push(outbound: &Outbound, at: &CiAt<'_>, push: &SecretPush<'_>) -> CiOutcome<SecretPushed> {
    check(at.scope, push).map_err(|found| unasked(*found))?;
    let target = Target::of(at.scope).map_err(unasked)?;
    let call = Call::new(outbound, *at, &target, Task::Variable).map_err(|found| unasked(*found))?;
    match write(call, &target, push).await {
        Ok(mut pushed) => {
            hide_echo(push.value, None, &mut pushed.evidence);
            Ok(pushed)
        }
        Err(mut refused) => {
            hide_echo(push.value, Some(&mut refused.diagnosis), &mut refused.evidence);
            Err(refused)
        }
    }
}

/// What became of a round.
enum Round {
    Done,
    /// Somebody was there in between.
    Again,
    /// A clear no.
    No(Diagnosis),
    /// No clear word.
    Unclear(Diagnosis),
}

async fn write(mut call: Call<'_>, target: &Target, push: &SecretPush<'_>) -> CiOutcome<SecretPushed> {
    let environment = match &push.options.environment {
        Some(name) => match find_environment(&mut call, target, name).await {
            Ok(uuid) => Some(uuid),
            Err(failure) => return Err(call.fail(failure)),
        },
        None => None,
    };
    let path = target.variables(environment.as_deref());
    for _ in 0..ROUNDS {
        let found = match find_variable(&mut call, &path, push.name.as_str()).await {
            Ok(found) => found,
            Err(failure) => return Err(call.fail(failure)),
        };
        match put(&mut call, &path, found.as_deref(), push).await {
            Round::Done => {
                return Ok(SecretPushed {
                    created: found.is_none(),
                    evidence: call.probes.into_evidence(),
                });
            }
            Round::Again => {}
            Round::No(diagnosis) => return Err(call.end(diagnosis)),
            Round::Unclear(diagnosis) => return Err(call.unclear(diagnosis)),
        }
    }
    let diagnosis = call.about.variable_restless(push.name.as_str());
    Err(call.end(diagnosis))
}

/// The UUID of an environment, by its name or else by its slug.
async fn find_environment(call: &mut Call<'_>, target: &Target, wanted: &str) -> Result<String, Failure> {
    let mut present = Vec::new();
    let mut by_slug = None;
    let named = call
        .find(&target.environments(), |one: &EnvironmentObject| {
            if one.slug.as_deref() == Some(wanted) {
                by_slug = Some(one.uuid.clone());
            }
            present.push(one.name.clone());
            one.name == wanted
        })
        .await?;
    match named.map(|one| one.uuid).or(by_slug) {
        Some(uuid) if is_uuid(&uuid) => Ok(uuid),
        Some(_) => Err(odd_id(call)),
        None => {
            let diagnosis = call.about.environment_not_found(wanted, &present);
            Err(Failure::Known(diagnosis))
        }
    }
}

/// The UUID of a variable; `None` when there is none of that name.
async fn find_variable(call: &mut Call<'_>, path: &[&str], key: &str) -> Result<Option<String>, Failure> {
    let found = call.find(path, |one: &VariableObject| one.key == key).await?;
    match found.map(|one| one.uuid) {
        Some(uuid) if !is_uuid(&uuid) => Err(odd_id(call)),
        found => Ok(found),
    }
}

fn odd_id(call: &Call<'_>) -> Failure {
    Failure::Known(call.probes.named().garbled("an id is no UUID in braces"))
}

/// Makes the variable, or writes over the one with this UUID; secured in any case.
async fn put(call: &mut Call<'_>, path: &[&str], uuid: Option<&str>, push: &SecretPush<'_>) -> Round {
    let key = push.name.as_str();
    let body = VariableBody {
        key,
        value: push.value.expose(),
        secured: true,
    };
    let Ok(body) = Body::json(&body) else {
        return Round::No(unwritable());
    };
    let (method, promised) = match uuid {
        Some(_) => (Method::PUT, 200),
        None => (Method::POST, 201),
    };
    let path: Vec<&str> = path.iter().copied().chain(uuid).collect();
    match call.probes.send(method, &path, &[], Some(body)).await {
        Ok(answer) if answer.status == promised => Round::Done,
        Ok(answer) if answer.is_success() => {
            let why = format!("it answered with HTTP {} where {promised} was promised", answer.status);
            Round::Unclear(call.about.variable_unclear(key, &why))
        }
        // made by somebody, or removed
        Ok(answer) if answer.status == 409 || (answer.status == 404 && uuid.is_some()) => Round::Again,
        Ok(answer) => {
            let refusal = refusal(&answer);
            if !is_certain(answer.status, &refusal) {
                let words = odd_words(answer.status, &refusal);
                return Round::Unclear(call.about.variable_unclear(key, &words));
            }
            Round::No(match &refusal {
                Refusal::Other(said) => call.about.variable_refused(said),
                other => call.explain(other),
            })
        }
        Err(trouble) if trouble.nothing_happened => Round::No(trouble.diagnosis),
        Err(trouble) => Round::Unclear(call.about.variable_unclear(key, &trouble.diagnosis.cause)),
    }
}
