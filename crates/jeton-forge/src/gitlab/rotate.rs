//! Renewing a token. GitLab ends a whole family of tokens when one that was already replaced is renewed again
//! (<https://docs.gitlab.com/api/personal_access_tokens/#automatic-reuse-detection>), so that here one request is sent and no other, and every
//! answer is put into one of four classes by what it says about the old token.

use jeton_domain::{Credential, CredentialKind, Diagnosis, Secret};
use jeton_outbound::{Answer, Outbound};
use jiff::{Timestamp, civil::Date};

use super::{
    advice,
    bot::Bot,
    diagnose,
    place::Place,
    probes,
    refusal::Refusal,
    troubled,
    wire::{RenewedObject, end},
};
use crate::{Rotated, probe::Trouble};

/// The scopes of which one lets a token renew itself.
const SCOPES: [&str; 2] = ["api", "self_rotate"];

/// The statuses that GitLab documents for a renewal that did not happen.
const REFUSALS: [u16; 5] = [400, 401, 403, 404, 405];

pub(super) fn lacks_scope(credential: &Credential, scopes: &[String]) -> Option<Diagnosis> {
    let at = Place::new(&credential.forge, credential.kind);
    if !credential.kind.renews_itself() {
        return Some(unsupported(&at));
    }
    // a fine-grained token may hold the right without a word that shows it
    let may = scopes
        .iter()
        .any(|scope| SCOPES.contains(&scope.as_str()) || scope == "granular");
    (!may).then(|| {
        advice::cannot_rotate(
            &at,
            "The token has neither the scope `api` nor `self_rotate`, without which GitLab lets no token renew itself."
                .to_owned(),
        )
    })
}

pub(super) async fn rotate(
    outbound: &Outbound,
    credential: &Credential,
    expires_on: Option<Date>,
    now: Timestamp,
) -> Rotated {
    let at = Place::new(&credential.forge, credential.kind);
    if !credential.kind.renews_itself() {
        return Rotated::Refused(unsupported(&at));
    }
    let mut probes = match probes(outbound, credential, now) {
        Ok(probes) => probes,
        Err(diagnosis) => return Rotated::NotAsked(diagnosis),
    };
    let expires_on = expires_on.map(|day| day.to_string());
    let query: Vec<_> = expires_on.iter().map(|day| ("expires_at", day.as_str())).collect();
    let (holder, id) = match bot(credential) {
        Some(Bot::Project(id)) => ("projects", id.to_string()),
        Some(Bot::Group(id)) => ("groups", id.to_string()),
        None => ("personal_access_tokens", String::new()),
    };
    let path: &[&str] = if id.is_empty() {
        &[holder, "self", "rotate"]
    } else {
        &[holder, &id, "access_tokens", "self", "rotate"]
    };
    match probes.post(path, &query).await {
        Ok(answer) if answer.is_success() => renewed(&answer, credential, &at),
        Ok(answer) => refused(&answer, &at),
        Err(trouble) => no_word(trouble, &at),
    }
}

/// Whose a bot's token is, when the account has the bot's name. Without it the way of personal tokens is taken, which GitLab opens to every
/// access token.
fn bot(credential: &Credential) -> Option<Bot> {
    let bot = credential.username.as_deref().and_then(Bot::of_username)?;
    (bot.kind() == credential.kind).then_some(bot)
}

/// A success counts when it brings a token that can be one.
fn renewed(answer: &Answer, credential: &Credential, at: &Place<'_>) -> Rotated {
    let Ok(found) = serde_json::from_slice::<RenewedObject<'_>>(&answer.body) else {
        // serde's own words may quote the new token
        return unclear(
            at,
            "it answered with success, and no new token could be read from the answer",
        );
    };
    let whole = !found.token.is_empty() && found.token.bytes().all(|b| b.is_ascii_graphic());
    if !whole || *found.token == *credential.token.expose() {
        return unclear(
            at,
            "it answered with success, and what stands for the new token in the answer is none",
        );
    }
    Rotated::Renewed {
        end: end(found.expires_at.as_deref()),
        token: Secret::new(found.token.into_owned()),
    }
}

/// GitLab's own word that it did nothing; any other status is not known to mean that.
fn refused(answer: &Answer, at: &Place<'_>) -> Rotated {
    let status = answer.status;
    let refusal = match Refusal::of(answer) {
        // the look just before said that it lives: the request may have come twice, and this be the answer to the second
        Some(Refusal::Revoked) => {
            return unclear(
                at,
                "it answered that the token was revoked, as it does once a renewal is done",
            );
        }
        Some(Refusal::Other(401, said)) => {
            return unclear(
                at,
                &format!(
                    "it answered with HTTP 401 in words that are not GitLab's ({})",
                    advice::words(&said)
                ),
            );
        }
        Some(refusal) if REFUSALS.contains(&status) => refusal,
        _ => {
            return unclear(
                at,
                &format!("it answered with HTTP {status}, which its documentation does not know"),
            );
        }
    };
    Rotated::Refused(match refusal {
        Refusal::Scope(accepted) => advice::cannot_rotate(
            at,
            format!(
                "GitLab lets no token renew itself that lacks the scope {}.",
                advice::any_of(&accepted)
            ),
        ),
        Refusal::Forbidden(said) => {
            let said = advice::words(&said);
            advice::cannot_rotate(at, format!("GitLab does not let this token renew itself: {said}."))
        }
        Refusal::NotFound(said) => advice::replace_by_hand(
            at,
            format!(
                "This GitLab cannot let a token renew itself, which began with GitLab 16.10: {}.",
                advice::words(&said)
            ),
        ),
        Refusal::NotAllowed(said) => advice::replace_by_hand(
            at,
            format!(
                "GitLab does not take this token for {}: {}.",
                at.kind.words(),
                advice::words(&said)
            ),
        ),
        Refusal::Other(_, said) => advice::rotation_refused(at, &said),
        other => diagnose(&other, at, "renewing itself"),
    })
}

/// No answer, or none in GitLab's own words: what stands before GitLab may have sent the request on all the same.
fn no_word(trouble: Trouble, at: &Place<'_>) -> Rotated {
    if trouble.nothing_happened {
        return Rotated::NotAsked(troubled(trouble, at));
    }
    unclear(at, trouble.diagnosis.cause.trim_end_matches('.'))
}

fn unclear(at: &Place<'_>, why: &str) -> Rotated {
    Rotated::Unclear(advice::rotation_unclear(at, why))
}

fn unsupported(at: &Place<'_>) -> Diagnosis {
    let cause = format!(
        "GitLab lets personal, project and group access tokens renew themselves, and this is {}.",
        at.kind.words()
    );
    Diagnosis {
        remedy: Place::new(at.forge, CredentialKind::GitLabPersonal)
            .replace("the scopes that are needed and `self_rotate`"),
        ..advice::cannot_rotate(at, cause)
    }
}
