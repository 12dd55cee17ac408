//! Ending a token with the token itself (<https://docs.gitlab.com/api/personal_access_tokens/#self-revoke>), for which any scope will do.

use http::Method;
use jeton_domain::{Credential, CredentialKind, Diagnosis, ForgeEndpoint};
use jeton_outbound::{Answer, Outbound};
use jiff::Timestamp;

use super::{advice, diagnose, place::Place, probes, refusal::Refusal, troubled};
use crate::TokenEnded;

/// Why GitLab ends no tokens of this kind by themselves.
pub(super) fn cannot_end(forge: &ForgeEndpoint, kind: CredentialKind) -> Option<Diagnosis> {
    let ends = matches!(
        kind,
        CredentialKind::GitLabPersonal | CredentialKind::GitLabProject | CredentialKind::GitLabGroup
    );
    (!ends).then(|| {
        let at = Place::new(forge, kind);
        advice::end_by_hand(
            &at,
            format!(
                "GitLab lets personal, project and group access tokens end themselves, and this is {}.",
                kind.words()
            ),
        )
    })
}

pub(super) async fn end_token(outbound: &Outbound, credential: &Credential, now: Timestamp) -> TokenEnded {
    if let Some(diagnosis) = cannot_end(&credential.forge, credential.kind) {
        return TokenEnded::Unsupported(diagnosis);
    }
    let at = Place::new(&credential.forge, credential.kind);
    let mut probes = match probes(outbound, credential, now) {
        Ok(probes) => probes,
        Err(diagnosis) => return TokenEnded::Refused(diagnosis),
    };
    let path = ["personal_access_tokens", "self"];
    match probes.send(Method::DELETE, &path, &[], None).await {
        Ok(answer) if answer.status == 204 => TokenEnded::Ended,
        // a page of something that stands before GitLab is a success too
        Ok(answer) if answer.is_success() => {
            let reason = format!("HTTP {} where 204 was promised", answer.status);
            TokenEnded::Later(probes.named().garbled(&reason))
        }
        Ok(answer) => refused(&answer, &at),
        Err(trouble) => TokenEnded::Later(troubled(trouble, &at)),
    }
}

fn refused(answer: &Answer, at: &Place<'_>) -> TokenEnded {
    match Refusal::of(answer) {
        Some(Refusal::Unknown | Refusal::Expired | Refusal::Revoked) => TokenEnded::WasDead,
        Some(Refusal::WrongKind) => TokenEnded::Unsupported(advice::wrong_kind(at)),
        Some(Refusal::NotFound(said) | Refusal::NotAllowed(said)) => TokenEnded::Unsupported(advice::end_by_hand(
            at,
            format!("This GitLab cannot let a token end itself: {}.", advice::words(&said)),
        )),
        // no word of GitLab's on the token, as from something that stands before it
        Some(Refusal::Other(401, said)) => TokenEnded::Later(advice::odd(at, &said)),
        Some(refusal) => TokenEnded::Refused(still_alive(diagnose(&refusal, at, "ending itself"), at)),
        None => TokenEnded::Later(advice::odd(at, "")),
    }
}

/// What a refusal means for somebody who wants the token gone: that it works on.
fn still_alive(found: Diagnosis, at: &Place<'_>) -> Diagnosis {
    Diagnosis {
        remedy: format!(
            "Until it is ended, the token works on. {} {}",
            advice::end_it(at),
            found.remedy
        ),
        ..found
    }
}
