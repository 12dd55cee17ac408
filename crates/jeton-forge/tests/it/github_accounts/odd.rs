//! Answers that no simulator would give.

use jeton_domain::{
    CheckReport, Code, Credential, CredentialKind, Fitness, ForgeEndpoint, ForgeKind, Purpose, RepoPath, Secret,
    TokenEnd, Validity,
};
use jeton_forge::{AccountForge as _, AddressRules, CheckAsk, GitHubAccounts, HttpOptions, Outbound};
use jiff::Timestamp;

use super::{codes, quick};
use crate::raw::answer_each;

fn accounts(rules: AddressRules) -> GitHubAccounts {
    GitHubAccounts::new(Outbound::new(HttpOptions::default(), rules).unwrap())
}

fn credential(api_url: &str) -> Credential {
    Credential {
        kind: CredentialKind::GitHubFineGrained,
        forge: ForgeEndpoint::github(api_url).unwrap(),
        token: Secret::new(["github_pat_", &"p1anted".repeat(12)].concat()),
        username: None,
        email: None,
    }
}

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

async fn look(response: &'static str) -> (CheckReport, String) {
    let (url, server) = answer_each(&[response]).await;
    let local = AddressRules {
        allow_loopback: true,
        ..AddressRules::default()
    };
    let report = accounts(local).check(&credential(&url), &quick(), now()).await;
    (report, server.await.unwrap().remove(0))
}

#[tokio::test]
async fn a_request_carries_the_token_as_bearer_and_names_the_version() {
    let (report, request) =
        look("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\": 7, \"login\": \"octocat\"}").await;
    assert_eq!(report.validity, Validity::Valid);
    assert!(request.starts_with("GET /api/v3/user HTTP/1.1\r\n"), "{request}");
    for line in [
        "authorization: Bearer github_pat_p1anted",
        "accept: application/vnd.github+json",
        "x-github-api-version: 2022-11-28",
        "user-agent: jeton/",
    ] {
        assert!(request.contains(line), "{line} in {request}");
    }
}

#[tokio::test]
async fn an_end_in_the_past_of_a_token_that_works_is_not_believed() {
    let (report, _) = look(
        "HTTP/1.1 200 OK\r\nconnection: close\r\ndate: Mon, 01 Jun 2026 12:00:00 GMT\r\n\
        github-authentication-token-expiration: 2021-09-03 02:34:04 UTC\r\n\r\n{\"id\": 7, \"login\": \"octocat\"}",
    )
    .await;
    assert_eq!((report.validity, report.end), (Validity::Valid, TokenEnd::Unknown));
    assert!(
        report.evidence[0].said.as_deref().unwrap().contains("cannot be"),
        "{:?}",
        report.evidence
    );
}

#[tokio::test]
async fn a_refusal_that_is_not_githubs_is_no_verdict() {
    for response in [
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n<html>proxy says no</html>",
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n<html>not here</html>",
        "HTTP/1.1 407 Proxy Authentication Required\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n<html>please sign in</html>",
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"login\": 7}",
        "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"error\":\"invalid_token\"}",
    ] {
        let (report, _) = look(response).await;
        assert_eq!(
            (report.validity, codes(&report)),
            (Validity::Unknown, vec![Code::ForgeGarbled]),
            "{response}"
        );
    }
    // another product at the address of a GitHub, and a GitHub at another path
    for response in [
        "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"message\":\"401 Unauthorized\"}",
        "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{\"message\":\"Not Found\"}",
    ] {
        let (report, _) = look(response).await;
        assert_eq!(
            (report.validity, codes(&report)),
            (Validity::Unknown, vec![Code::ForgeGarbled])
        );
        assert!(
            report.diagnoses[0].cause.contains("/api/v3"),
            "{}",
            report.diagnoses[0].cause
        );
    }
}

#[tokio::test]
async fn a_forge_that_repeats_the_token_is_not_quoted() {
    let (report, request) = look(
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\nx-github-request-id: {AUTH}\r\n\r\n\
        {\"message\":\"no {AUTH} here, try {AUTH}\"}",
    )
    .await;
    assert!(request.contains("p1anted"));
    let shown = format!("{report:?}");
    assert!(!shown.contains("p1anted"), "{shown}");
    assert!(shown.contains("[redacted]"), "{shown}");
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_called() {
    for (url, setting) in [
        ("https://10.1.2.3/api/v3", "forges.allowed_networks"),
        ("http://127.0.0.1:1/api/v3", "forges.allow_loopback"),
    ] {
        let report = accounts(AddressRules::default())
            .check(&credential(url), &CheckAsk::default(), now())
            .await;
        assert_eq!(
            (report.validity, codes(&report)),
            (Validity::Unknown, vec![Code::ForgeAddress])
        );
        assert!(report.diagnoses[0].remedy.contains(setting), "{:?}", report.diagnoses);
    }
}

const USER: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\": 7, \"login\": \"octocat\"}";
const NO_REPOSITORIES: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n[]";

/// What it says for reading and for pushing, on a repository with these fields.
async fn on_repository(fields: &str, rest: &[&'static str]) -> CheckReport {
    let repository: &'static str = format!(
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{{\"full_name\":\"acme/tools\",\"private\":true,{fields}\
         \"owner\":{{\"id\":9,\"login\":\"acme\"}},\"permissions\":{{\"push\":true}}}}"
    )
    .leak();
    let (url, server) = answer_each(&[&[USER, NO_REPOSITORIES, repository], rest].concat()).await;
    let local = AddressRules {
        allow_loopback: true,
        ..AddressRules::default()
    };
    let ask = CheckAsk {
        purposes: vec![Purpose::ReadContent, Purpose::Push],
        repository: Some(RepoPath::parse(ForgeKind::GitHub, "acme/tools").unwrap()),
        ..CheckAsk::default()
    };
    let report = accounts(local).check(&credential(&url), &ask, now()).await;
    server.await.unwrap();
    report
}

fn fits(report: &CheckReport) -> Vec<Fitness> {
    report.purposes.iter().map(|found| found.fit).collect()
}

#[tokio::test]
async fn what_is_not_about_the_token_leaves_a_purpose_unknown_and_files_are_tried_once() {
    for response in [
        "HTTP/1.1 451 Unavailable For Legal Reasons\r\nconnection: close\r\n\r\n{\"message\":\"Repository access blocked\"}",
        "HTTP/1.1 409 Conflict\r\nconnection: close\r\n\r\n{\"message\":\"Git Repository is empty.\"}",
        "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{\"message\":\"Maximum number of login attempts exceeded.\"}",
    ] {
        let report = on_repository("", &[response]).await;
        assert_eq!(fits(&report), [Fitness::Unknown, Fitness::Unknown], "{response}");
        assert_eq!(report.evidence.len(), 4, "{:?}", report.evidence);
    }
}

#[tokio::test]
async fn nobody_writes_to_an_archived_repository() {
    let files = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n[]";
    let report = on_repository("\"archived\":true,", &[files]).await;
    assert_eq!(fits(&report), [Fitness::Yes, Fitness::No]);
    assert!(report.purposes[1].why.contains("archived"), "{:?}", report.purposes);
}
