//! Against a server of a few lines that answers what no simulator would, and shows what it was asked.

use jeton_domain::{Clock as _, Code, Credential, CredentialKind, Fitness, ForgeEndpoint, Purpose, Secret, Validity};
use jeton_forge::{AccountForge as _, CheckAsk, HttpOptions};

use super::{World, finding, full, of, quick};
use crate::{raw::answer_each, world::TestClock};

async fn check(url: &str, ask: &CheckAsk) -> jeton_domain::CheckReport {
    let accounts = World::accounts(HttpOptions::default());
    let credential = Credential {
        kind: CredentialKind::BitbucketApiToken,
        forge: ForgeEndpoint::bitbucket(&url.replace("/api/v3", "")).unwrap(),
        token: Secret::new("s3cret"),
        username: Some("alice".to_owned()),
        email: Some(" alice@example.com ".to_owned()),
    };
    accounts.check(&credential, ask, TestClock::new().now()).await
}

const USER: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\nx-oauth-scopes: read:user:bitbucket, read:repository:bitbucket\r\n\r\n\
    {\"uuid\":\"{1}\",\"nickname\":\"alice\"}";

#[tokio::test]
async fn an_api_token_goes_with_the_email_and_a_header_hints_at_its_scopes() {
    let gone = "HTTP/1.1 410 Gone\r\nconnection: close\r\n\r\n\
        {\"type\":\"error\",\"error\":{\"message\":\"CHANGE-2770 - Functionality has been deprecated\"}}";
    let (url, server) = answer_each(&[USER, gone]).await;
    let report = check(&url, &full(&[Purpose::Push], None)).await;
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(report.scopes.as_ref().map(Vec::len), Some(2));
    let push = of(&report, Purpose::Push);
    assert_eq!(
        (push.fit, push.missing.as_slice()),
        (Fitness::Unknown, [].as_slice()),
        "what is not documented refuses nothing"
    );
    assert!(report.diagnoses.is_empty(), "{:#?}", report.diagnoses);
    assert!(
        push.why.contains("a header that Bitbucket does not document"),
        "{}",
        push.why
    );
    let requests = server.await.unwrap();
    // alice@example.com:s3cret
    assert!(
        requests[0].contains("authorization: Basic YWxpY2VAZXhhbXBsZS5jb206czNjcmV0\r\n"),
        "{}",
        requests[0]
    );
    assert!(requests[1].starts_with("GET /2.0/user/workspaces?"), "{}", requests[1]);
}

#[tokio::test]
async fn the_older_list_of_workspaces_stands_in_where_the_newer_is_not_known() {
    let missing = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n\
        {\"type\":\"error\",\"error\":{\"message\":\"Resource not found\"}}";
    let workspaces = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"values\":[{\"uuid\":\"{2}\",\"slug\":\"acme\"}]}";
    let empty = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"values\":[]}";
    let (url, server) = answer_each(&[USER, missing, workspaces, empty]).await;
    let report = check(&url, &full(&[], None)).await;
    let names: Vec<_> = report.reach.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["acme"]);
    let requests = server.await.unwrap();
    assert!(
        requests[3].starts_with("GET /2.0/repositories/acme?role=member"),
        "{}",
        requests[3]
    );
}

#[tokio::test]
async fn only_bitbuckets_own_401_condemns() {
    for (response, validity, code) in [
        (
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"Bitbucket.org HTTP\"\r\nconnection: close\r\n\r\n",
            Validity::Invalid,
            Code::CredentialInvalid,
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic realm=\"office\"\r\nconnection: close\r\n\r\n<html>no</html>",
            Validity::Unknown,
            Code::ForgeGarbled,
        ),
        (
            "HTTP/1.1 401 Unauthorized\r\nconnection: close\r\n\r\n{\"type\":\"error\",\"error\":{\"message\":\"Try the new sign-in\"}}",
            Validity::Unknown,
            Code::ForgeForbidden,
        ),
        (
            "HTTP/1.1 429 Too Many Requests\r\nconnection: close\r\n\r\nRate limit for this resource has been exceeded.",
            Validity::Unknown,
            Code::ForgeRateLimited,
        ),
    ] {
        let (url, server) = answer_each(&[response]).await;
        let report = check(&url, &quick(None)).await;
        server.await.unwrap();
        assert_eq!(report.validity, validity, "{response}");
        finding(&report, code);
    }
}
