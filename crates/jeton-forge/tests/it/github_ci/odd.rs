//! Answers that no simulator would give.

use jeton_domain::{Code, Credential, CredentialKind, ForgeEndpoint, ForgeKind, Secret, SecretName};
use jeton_forge::{
    HttpOptions,
    ci::{CiAt, CiOutcome, RunnerToken, SecretOptions, SecretPush, SecretPushed},
};

use super::{BOT, REPO, forges, scope};
use crate::raw::answer_each;

fn credential(api_url: &str) -> Credential {
    Credential {
        kind: CredentialKind::GitHubFineGrained,
        forge: ForgeEndpoint::github(api_url).unwrap(),
        token: Secret::new(["github_pat_", &"p1anted".repeat(12)].concat()),
        username: None,
        email: None,
    }
}

fn at<'a>(credential: &'a Credential, scope: &'a jeton_domain::CiScope) -> CiAt<'a> {
    CiAt {
        forge: &credential.forge,
        scope,
        credential,
        holder: BOT,
        now: "2026-06-01T12:00:00Z".parse().unwrap(),
    }
}

async fn register(response: &'static str) -> (CiOutcome<RunnerToken>, String) {
    let (url, server) = answer_each(&[response]).await;
    let (credential, place) = (credential(&url), scope(REPO));
    let outcome = forges(HttpOptions::default())
        .runners(ForgeKind::GitHub)
        .registration_token(&at(&credential, &place))
        .await;
    (outcome, server.await.unwrap().remove(0))
}

#[tokio::test]
async fn the_request_has_no_body_and_the_end_is_read_with_its_offset() {
    let (outcome, request) = register(
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n\
         {\"token\": \"AAAAA\", \"expires_at\": \"2026-06-01T05:00:00.123-08:00\"}",
    )
    .await;
    let token = outcome.unwrap();
    assert_eq!(token.token.expose(), "AAAAA");
    assert_eq!(token.expires_at.to_string(), "2026-06-01T13:00:00.123Z");
    let first = "POST /api/v3/repos/acme/tools/actions/runners/registration-token HTTP/1.1\r\n";
    assert!(request.starts_with(first) && request.ends_with("\r\n\r\n"), "{request}");
}

#[tokio::test]
async fn a_token_that_cannot_be_is_not_handed_out() {
    for response in [
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\": \"\", \"expires_at\": \"2026-06-01T13:00:00Z\"}",
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\": \"p1anted\\nx\", \"expires_at\": \"2026-06-01T13:00:00Z\"}",
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\": \"p1antedä\", \"expires_at\": \"2026-06-01T13:00:00Z\"}",
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\": \"p1anted\", \"expires_at\": \"soon\"}",
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\": \"p1anted\", \"expires_at\": \"2126-06-01T13:00:00Z\"}",
        "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\": \"p1anted\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>p1anted</html>",
    ] {
        let refusal = register(response).await.0.unwrap_err();
        assert_eq!(refusal.diagnosis.code, Code::ForgeGarbled, "{response}");
        assert!(
            !refusal.unclear && !format!("{refusal:?}").contains("p1anted"),
            "{refusal:#?}"
        );
    }
}

#[tokio::test]
async fn a_repository_that_moved_is_not_followed() {
    let response = "HTTP/1.1 307 Temporary Redirect\r\nconnection: close\r\nlocation: https://api.github.com/repositories/7\r\n\r\n{}";
    let refusal = register(response).await.0.unwrap_err();
    assert_eq!(refusal.diagnosis.code, Code::RunnerScopeNotFound);
    assert!(refusal.diagnosis.cause.contains("renamed or moved"), "{refusal:#?}");
}

async fn push(responses: &[&'static str]) -> (CiOutcome<SecretPushed>, Vec<String>) {
    let (url, server) = answer_each(responses).await;
    let (credential, place) = (credential(&url), scope(REPO));
    let name = SecretName::parse(ForgeKind::GitHub, "DEPLOY").unwrap();
    let push = SecretPush {
        name: &name,
        value: &Secret::new("p1anted"),
        options: &SecretOptions::default(),
    };
    let outcome = forges(HttpOptions::default())
        .secrets(ForgeKind::GitHub)
        .push(&at(&credential, &place), &push)
        .await;
    (outcome, server.await.unwrap())
}

const KEY: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
    {\"key_id\": \"012\", \"key\": \"j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=\"}";

#[tokio::test]
async fn a_key_that_is_none_is_not_sealed_for() {
    for response in [
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"key_id\": \"1\", \"key\": \"AAAA\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"key_id\": \"1\", \"key\": \"j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"key_id\": \"1\", \"key\": \"j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF9=\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"key_id\": \"1\", \"key\": \"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"key_id\": \"\", \"key\": \"j0DFrbaPJWJK5bIU6nZ6bslNgp09e14a0bpvPiE4KF8=\"}",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"key_id\": 1}",
    ] {
        let refusal = push(&[response]).await.0.unwrap_err();
        assert_eq!(refusal.diagnosis.code, Code::ForgeGarbled, "{response}");
        assert!(!refusal.unclear);
    }
}

#[tokio::test]
async fn a_yes_that_is_none_of_githubs_is_unclear() {
    let (outcome, requests) = push(&[KEY, "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>Sign in</html>"]).await;
    let refusal = outcome.unwrap_err();
    assert_eq!(refusal.diagnosis.code, Code::ForgeGarbled);
    assert!(refusal.unclear);
    assert!(requests[1].starts_with("PUT /api/v3/repos/acme/tools/actions/secrets/DEPLOY HTTP/1.1\r\n"));
    let body: serde_json::Value = serde_json::from_str(requests[1].split_once("\r\n\r\n").unwrap().1).unwrap();
    assert_eq!(body["key_id"], "012");
    // 7 bytes and the 48 of a sealed box, in base64
    assert_eq!(body["encrypted_value"].as_str().unwrap().len(), 76);
    assert_eq!(body.as_object().unwrap().len(), 2);
}
