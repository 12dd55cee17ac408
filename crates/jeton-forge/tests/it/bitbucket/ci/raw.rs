//! Against a server of a few lines that answers what no simulator would, and shows what it was asked.

use jeton_domain::{Clock as _, Code, Credential, CredentialKind, ForgeEndpoint, ForgeKind, Secret};
use jeton_forge::{
    HttpOptions,
    ci::{CiAt, CiOutcome, Holder, MadeRunner, SecretOptions, SecretPush, SecretPushed},
};

use super::{forges, name, runner, shows, tools};
use crate::{raw::answer_each, world::TestClock};

fn credential(url: &str) -> Credential {
    Credential {
        kind: CredentialKind::BitbucketRepository,
        forge: ForgeEndpoint::bitbucket(&url.replace("/api/v3", "")).unwrap(),
        token: Secret::new("s3cret"),
        username: None,
        email: None,
    }
}

async fn push(responses: &[&'static str], environment: Option<&str>) -> (Vec<String>, CiOutcome<SecretPushed>) {
    let (url, server) = answer_each(responses).await;
    let (credential, scope) = (credential(&url), tools());
    let (name, value) = (name("DEPLOY_TOKEN"), Secret::new("pa$$-new-value"));
    let options = SecretOptions {
        environment: environment.map(str::to_owned),
        ..SecretOptions::default()
    };
    let at = CiAt {
        forge: &credential.forge,
        scope: &scope,
        credential: &credential,
        holder: Holder::Account("bot"),
        now: TestClock::new().now(),
    };
    let push = SecretPush {
        name: &name,
        value: &value,
        options: &options,
    };
    let forges = forges(HttpOptions::default());
    let found = forges.secrets(ForgeKind::Bitbucket).push(&at, &push).await;
    (server.await.unwrap(), found)
}

async fn make(response: &'static str) -> CiOutcome<MadeRunner> {
    let (url, server) = answer_each(&[response]).await;
    let (credential, scope) = (credential(&url), tools());
    let at = CiAt {
        forge: &credential.forge,
        scope: &scope,
        credential: &credential,
        holder: Holder::Account("bot"),
        now: TestClock::new().now(),
    };
    let forges = forges(HttpOptions::default());
    let found = forges.runners(ForgeKind::Bitbucket).make_runner(&at, &runner()).await;
    let request = server.await.unwrap().remove(0);
    assert!(
        request.starts_with("POST /2.0/repositories/acme/tools/pipelines-config/runners HTTP/1.1"),
        "{request}"
    );
    assert!(
        request.ends_with(r#"{"name":"builder 1","labels":["self.hosted","linux"]}"#),
        "{request}"
    );
    found
}

const EMPTY: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"values\":[]}";
const FOUND: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"values\":[{\"uuid\":\"{0b1c-9}\",\"key\":\"DEPLOY_TOKEN\",\"value\":\"the-old-value\"}]}";
const TAKEN: &str =
    "HTTP/1.1 409 Conflict\r\nconnection: close\r\n\r\n{\"type\":\"error\",\"error\":{\"message\":\"exists\"}}";
const WRITTEN: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{}";

#[tokio::test]
async fn a_variable_that_somebody_makes_in_between_is_written_over() {
    let (requests, found) = push(&[EMPTY, TAKEN, FOUND, WRITTEN], None).await;
    let pushed = found.unwrap();
    assert!(!pushed.created && !shows(&pushed, "the-old-value"));
    let path = "/2.0/repositories/acme/tools/pipelines_config/variables";
    for (request, want) in requests.iter().zip([
        format!("GET {path}?pagelen=100 "),
        format!("POST {path} "),
        format!("GET {path}?pagelen=100 "),
        format!("PUT {path}/%7B0b1c-9%7D "),
    ]) {
        assert!(request.starts_with(&want), "{want}: {request}");
    }
    assert!(
        requests[1].ends_with(r#"{"key":"DEPLOY_TOKEN","value":"pa$$-new-value","secured":true}"#),
        "{}",
        requests[1]
    );
    let (_, found) = push(&[EMPTY, TAKEN, EMPTY, TAKEN, EMPTY, TAKEN], None).await;
    assert_eq!(found.unwrap_err().diagnosis.code, Code::SecretUnclear);
}

/// The next page is asked for at the same place of the same Bitbucket, whatever address stands there.
#[tokio::test]
async fn a_link_to_another_page_is_not_followed_elsewhere() {
    let first = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"values\":[{\"uuid\":\"{1}\",\"name\":\"Staging\"}],\
        \"next\":\"https://evil.example/steal?page=2&access_token=x\"}";
    let second = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"values\":[{\"uuid\":\"{2-a}\",\"name\":\"Production\",\"slug\":\"production\"}]}";
    let made = "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{}";
    let (requests, found) = push(&[first, second, EMPTY, made], Some("production")).await;
    assert!(found.unwrap().created);
    assert!(
        requests[1].starts_with("GET /2.0/repositories/acme/tools/environments?pagelen=100&page=2 "),
        "{}",
        requests[1]
    );
    assert!(
        requests[3]
            .starts_with("POST /2.0/repositories/acme/tools/deployments_config/environments/%7B2-a%7D/variables "),
        "{}",
        requests[3]
    );
    // a page that leads to itself
    let same = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"values\":[],\"next\":\"https://x.example/?page=2\"}";
    let (_, found) = push(&[same, same], None).await;
    assert_eq!(found.unwrap_err().diagnosis.code, Code::ForgeGarbled);
}

#[tokio::test]
async fn an_id_that_is_none_goes_into_no_path() {
    for uuid in ["..", "{a/b}", "{}", "x"] {
        let response: &'static str = format!(
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{{\"values\":[{{\"uuid\":\"{uuid}\",\"key\":\"DEPLOY_TOKEN\"}}]}}"
        )
        .leak();
        let (_, found) = push(&[response], None).await;
        assert_eq!(found.unwrap_err().diagnosis.code, Code::ForgeGarbled, "{uuid}");
    }
}

#[tokio::test]
async fn refusals_are_sorted_and_never_repeat_the_value() {
    for (message, code) in [
        ("Invalid key", Code::SecretName),
        ("The value is too long", Code::SecretTooLarge),
        ("The limit of variables is reached", Code::SecretLimit),
        ("pa$$-new-value is no good", Code::SecretInvalid),
    ] {
        let response: &'static str = format!(
            "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{{\"type\":\"error\",\"error\":{{\"message\":\"{message}\"}}}}"
        )
        .leak();
        let (_, found) = push(&[EMPTY, response], None).await;
        let refused = found.unwrap_err();
        assert_eq!(refused.diagnosis.code, code, "{message}");
        assert!(!refused.unclear && !shows(&refused, "new-value"), "{refused:?}");
    }
}

#[tokio::test]
async fn a_success_without_a_secret_leaves_it_open() {
    for body in [
        "{}",
        "{\"uuid\":\"{1}\",\"oauth_client\":{\"id\":\"c\"}}",
        "{\"uuid\":\"..\",\"oauth_client\":{\"id\":\"c\",\"secret\":\"lost-secret\"}}",
        "{\"uuid\":\"{1}\",\"oauth_client\":{\"id\":\"a b\",\"secret\":\"lost-secret\"}}",
        "{\"uuid\":\"{1}\",\"oauth_client\":{\"id\":\"c\",\"secret\":\"\"}}",
        "<html>Sign in</html>",
    ] {
        let response: &'static str = format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{body}").leak();
        let refused = make(response).await.unwrap_err();
        assert!(refused.unclear, "{body}");
        assert_eq!(refused.diagnosis.code, Code::RunnerUnclear);
        assert!(!shows(&refused, "lost-secret"));
    }
    let whole = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n\
        {\"uuid\":\"{1}\",\"oauth_client\":{\"id\":\"c\",\"secret\":\"s\\u0033cret\"}}";
    let made = make(whole).await.unwrap();
    assert_eq!((made.forge_id.as_str(), made.token.expose()), ("{1}", "s3cret"));
}
