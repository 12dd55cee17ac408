//! What a runner's own token does: testing and renewing itself. Nobody's credential goes along.

use http::{HeaderMap, HeaderValue, Method, header};
use jeton_domain::{CredentialKind, Evidence, ForgeEndpoint};
use jeton_outbound::{Answer, Outbound};
use jiff::Timestamp;
use serde::de::IgnoredAny;

use super::{
    super::{
        advice as of_token, diagnose,
        place::Place,
        refusal::{GitLabDialect, Refusal},
        troubled,
    },
    advice_runners as advice,
    call::{is_certain, odd_words, refusal},
    wire::{RenewedObject, end, token},
};
use crate::{
    ci::{CiOutcome, CiRefusal, KnownRunner, RenewedToken},
    probe::{Body, Probes, Trouble},
};

pub(super) const NO_TOKEN: &str = "it answered with success, and no new token could be read from the answer";

/// Questions with a runner's own token, which goes in the form and in no header; no other credential goes along.
pub(super) fn as_runner<'a>(outbound: &'a Outbound, forge: &'a ForgeEndpoint, now: Timestamp) -> Probes<'a> {
    let mut headers = HeaderMap::new();
    headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
    Probes::new(outbound, &GitLabDialect, forge, headers, now)
}

/// In a body, also with DELETE: a token in the query would stand in the logs of every proxy.
pub(super) fn token_form(runner: KnownRunner<'_>) -> Body {
    Body::form(&[("token", runner.token.expose())])
}

pub(super) fn runner_place(forge: &ForgeEndpoint) -> Place<'_> {
    Place::new(forge, CredentialKind::GitLabRunner)
}

pub(super) async fn verify(
    outbound: &Outbound,
    forge: &ForgeEndpoint,
    runner: KnownRunner<'_>,
    now: Timestamp,
) -> CiOutcome<bool> {
    let mut probes = as_runner(outbound, forge, now);
    let place = runner_place(forge);
    let fail = |trouble: Trouble, evidence: Vec<Evidence>| CiRefusal::clear(troubled(trouble, &place), evidence);
    let answer = match probes
        .send(Method::POST, &["runners", "verify"], &[], Some(token_form(runner)))
        .await
    {
        Ok(answer) => answer,
        Err(trouble) => return Err(fail(trouble, probes.into_evidence())),
    };
    if answer.is_success() {
        // any JSON: a sign-in page is a success too
        return match probes.parse::<IgnoredAny>(&answer) {
            Ok(_) => Ok(true),
            Err(trouble) => Err(fail(trouble, probes.into_evidence())),
        };
    }
    match refusal(&answer) {
        Refusal::Forbidden(_) => Ok(false),
        Refusal::NotFound(said) | Refusal::Other(_, said) | Refusal::NotAllowed(said) => {
            Err(CiRefusal::clear(of_token::odd(&place, &said), probes.into_evidence()))
        }
        other => Err(CiRefusal::clear(
            diagnose(&other, &place, "testing the runner"),
            probes.into_evidence(),
        )),
    }
}

/// With the runner's own token.
pub(super) async fn renew_by_itself(
    outbound: &Outbound,
    forge: &ForgeEndpoint,
    runner: KnownRunner<'_>,
    now: Timestamp,
) -> CiOutcome<RenewedToken> {
    let mut probes = as_runner(outbound, forge, now);
    let path = ["runners", "reset_authentication_token"];
    let sent = probes.send(Method::POST, &path, &[], Some(token_form(runner))).await;
    let (diagnosis, unclear) = match sent {
        Ok(answer) if answer.is_success() => match renewed(&answer, runner) {
            Some(renewed) => return Ok(renewed),
            None => (advice::renewal_unclear(forge, runner.forge_id, NO_TOKEN), true),
        },
        Ok(answer) => match refusal(&answer) {
            Refusal::Forbidden(said) => (advice::runner_dead(forge, runner.forge_id, &said), false),
            refusal if is_certain(&refusal) => {
                let place = runner_place(forge);
                (diagnose(&refusal, &place, "renewing the runner's token"), false)
            }
            refusal => (
                advice::renewal_unclear(forge, runner.forge_id, &odd_words(&refusal)),
                true,
            ),
        },
        Err(trouble) if trouble.nothing_happened => (troubled(trouble, &runner_place(forge)), false),
        Err(trouble) => (
            advice::renewal_unclear(forge, runner.forge_id, &trouble.diagnosis.cause),
            true,
        ),
    };
    Err(CiRefusal {
        unclear,
        ..CiRefusal::clear(diagnosis, probes.into_evidence())
    })
}

pub(super) fn renewed(answer: &Answer, runner: KnownRunner<'_>) -> Option<RenewedToken> {
    let found: RenewedObject<'_> = serde_json::from_slice(&answer.body).ok()?;
    if *found.token == *runner.token.expose() {
        return None;
    }
    Some(RenewedToken {
        expires_at: end(found.token_expires_at.as_deref()),
        token: token(found.token)?,
    })
}
