//! Tokens that end themselves.

use jeton_domain::{Code, Credential, CredentialKind, ForgeEndpoint, Secret, Validity};
use jeton_forge::{AccountForge as _, TokenEnded};
use jeton_forge_sim::{FaultKind, FaultRule, PersonalTokenSpec};

use super::{People, quick};
use crate::raw::answer_each;

const END: &str = "POST /credentials/revoke";

#[tokio::test]
async fn a_token_is_ended_for_good() {
    let p = People::new().await;
    for spec in [
        PersonalTokenSpec::classic(["repo"]),
        PersonalTokenSpec::oauth(["repo"]),
        PersonalTokenSpec::fine_grained("acme", [("contents", "read")]),
    ] {
        let token = p.token(spec).token;
        let credential = p.credential(&token);
        assert_eq!(p.accounts.end_token(&credential, p.now()).await, TokenEnded::Ended);
        assert_eq!(p.check(&token, &quick()).await.validity, Validity::Invalid);
        // GitHub does not tell that it was dead
        assert_eq!(p.accounts.end_token(&credential, p.now()).await, TokenEnded::Ended);
    }
}

#[tokio::test]
async fn nobody_says_who_asks_for_it() {
    let (url, server) = answer_each(&["HTTP/1.1 202 Accepted\r\nconnection: close\r\n\r\n{}"]).await;
    let p = People::new().await;
    let token = ["gh", "p_", &"x1".repeat(18)].concat();
    let credential = Credential {
        forge: ForgeEndpoint::github(&url).unwrap(),
        ..p.credential(&token)
    };
    assert_eq!(p.accounts.end_token(&credential, p.now()).await, TokenEnded::Ended);
    let request = server.await.unwrap().remove(0);
    assert!(!request.to_lowercase().contains("authorization:"), "{request}");
    assert!(
        request.ends_with(&format!("{{\"credentials\":[\"{token}\"]}}")),
        "{request}"
    );
}

#[tokio::test]
async fn what_came_of_it_is_told_apart() {
    let p = People::new().await;
    let credential = p.credential(&p.token(PersonalTokenSpec::classic(["repo"])).token);
    let status = |status, message: &str| FaultKind::Status {
        status,
        message: message.to_owned(),
    };
    for (fault, want) in [
        (status(403, "Request forbidden."), "refused"),
        (status(404, "Not Found"), "unsupported"),
        (FaultKind::BadGateway, "later"),
        (FaultKind::SecondaryLimit { retry_after: 60 }, "later"),
        (FaultKind::CutBeforeHandling, "later"),
    ] {
        p.sim.faults().add(FaultRule::new(fault.clone()).on(END).times(1));
        let ended = p.accounts.end_token(&credential, p.now()).await;
        let got = match &ended {
            TokenEnded::Refused(found) => {
                assert!(found.cause.contains("Request forbidden."), "{found:?}");
                assert_eq!(found.code, Code::ForgeForbidden);
                "refused"
            }
            TokenEnded::Unsupported(found) => {
                assert_eq!(found.code, Code::OldTokenUnsupported);
                "unsupported"
            }
            TokenEnded::Later(_) => "later",
            TokenEnded::Ended | TokenEnded::WasDead => "ended",
        };
        assert_eq!(got, want, "{fault:?}");
        assert!(!format!("{ended:?}").contains(credential.token.expose()));
    }
}

#[tokio::test]
async fn where_it_cannot_be_done_the_page_is_named() {
    let p = People::new().await;
    let server = ForgeEndpoint::github("https://ghe.example.com/api/v3").unwrap();
    let tenant = ForgeEndpoint::github("https://api.acme.ghe.com").unwrap();
    let page = |kind| p.accounts.cannot_end(&server, kind).and_then(|found| found.url);
    let host = "https://ghe.example.com/settings";
    assert_eq!(page(CredentialKind::GitHubClassic), Some(format!("{host}/tokens")));
    assert_eq!(
        page(CredentialKind::GitHubFineGrained),
        Some(format!("{host}/personal-access-tokens"))
    );
    assert_eq!(page(CredentialKind::GitHubOAuth), Some(format!("{host}/applications")));
    for forge in [&tenant, &ForgeEndpoint::github_com()] {
        assert_eq!(p.accounts.cannot_end(forge, CredentialKind::GitHubClassic), None);
        let installation = p
            .accounts
            .cannot_end(forge, CredentialKind::GitHubInstallation)
            .unwrap();
        assert_eq!(installation.code, Code::OldTokenUnsupported);
    }
    let credential = Credential {
        forge: server.clone(),
        token: Secret::new("planted"),
        ..p.credential("x")
    };
    let ended = p.accounts.end_token(&credential, p.now()).await;
    assert!(matches!(ended, TokenEnded::Unsupported(_)), "{ended:?}");
    assert_eq!(p.sim.calls().total(), 0);
}
