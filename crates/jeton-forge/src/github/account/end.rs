//! How a token of a person is ended at GitHub: `POST /credentials/revoke`
//! (<https://docs.github.com/rest/credentials/revoke>), which Enterprise Servers up to 3.19 do not describe.

use http::Method;
use jeton_domain::{Code, Credential, CredentialKind, Diagnosis, ForgeEndpoint};
use jeton_outbound::Outbound;
use jiff::Timestamp;
use serde::Serialize;

use super::{GitHubDialect, dialect::refusal, pages::Pages, stands_for_a_person};
use crate::{
    TokenEnded,
    clean::clean,
    diagnose::diagnosis,
    http_client::github_headers,
    probe::{Body, Probes},
};

#[derive(Serialize)]
struct WireCredentials<'a> {
    credentials: [&'a str; 1],
}

/// Sent without any credential of ours: whoever holds a token may end it, and GitHub refuses the call to everybody who says who
/// they are. Its answer (202) comes before the deed, and is the same for a token that is dead already.
pub(super) async fn end(outbound: &Outbound, credential: &Credential, now: Timestamp) -> TokenEnded {
    let (forge, kind) = (&credential.forge, credential.kind);
    if let Some(cannot) = cannot_end(forge, kind) {
        return TokenEnded::Unsupported(cannot);
    }
    let Ok(body) = Body::json(&WireCredentials {
        credentials: [credential.token.expose()],
    }) else {
        return TokenEnded::Refused(by_hand(forge, kind, "The token cannot be written as JSON"));
    };
    let mut probes = Probes::new(outbound, &GitHubDialect, forge, github_headers(), now);
    match probes
        .send(Method::POST, &["credentials", "revoke"], &[], Some(body))
        .await
    {
        Ok(answer) if answer.is_success() => TokenEnded::Ended,
        Ok(answer) if answer.status == 404 => {
            let cause = format!("{} does not know the call by which tokens are ended", forge.host());
            TokenEnded::Unsupported(by_hand(forge, kind, &cause))
        }
        Ok(answer) => {
            let said = refusal(&answer).map_or_else(String::new, |body| clean(&body.message));
            let cause = format!(
                "GitHub ({}) does not end the token (HTTP {}: \"{said}\")",
                forge.host(),
                answer.status
            );
            TokenEnded::Refused(Diagnosis {
                code: Code::ForgeForbidden,
                ..by_hand(forge, kind, &cause)
            })
        }
        Err(trouble) => TokenEnded::Later(trouble.diagnosis),
    }
}

/// Why no token of this kind can be ended there.
pub(super) fn cannot_end(forge: &ForgeEndpoint, kind: CredentialKind) -> Option<Diagnosis> {
    if !stands_for_a_person(kind) {
        let cause = format!("GitHub's call by which tokens are ended does not take {}", kind.words());
        return Some(diagnosis(
            Code::OldTokenUnsupported,
            format!("{cause}."),
            "Nothing needs to be done: such a token ends by itself, an installation token within an hour.",
        ));
    }
    is_enterprise_server(forge).then(|| {
        let cause = format!(
            "{} is a GitHub Enterprise Server, which has no call by which tokens are ended",
            forge.host()
        );
        by_hand(forge, kind, &cause)
    })
}

/// Their API lies below the web address, and never at an `api.` of its own. What listens on this machine itself only plays a GitHub.
fn is_enterprise_server(forge: &ForgeEndpoint) -> bool {
    forge.api_url().ends_with("/api/v3") && !forge.is_loopback()
}

fn by_hand(forge: &ForgeEndpoint, kind: CredentialKind, cause: &str) -> Diagnosis {
    let page = Pages(forge).tokens(kind);
    let click = match kind {
        CredentialKind::GitHubOAuth | CredentialKind::GitHubAppUser => "click \"Revoke\" beside the application",
        _ => "click \"Delete\" beside the token",
    };
    Diagnosis {
        url: Some(page.clone()),
        ..diagnosis(
            Code::OldTokenUnsupported,
            format!("{cause}."),
            format!("Sign in as the token's owner, open {page} and {click}. Until then the old token goes on working."),
        )
    }
}
