//! Against a server of a few lines that answers what no simulator would, and shows what it was asked.

use jeton_domain::{CiScope, Clock as _, Code, Credential, Fitness, ForgeKind, Secret};
use jeton_forge::{
    HttpOptions,
    ci::{CiAt, CiForges, Holder, KnownRunner, SecretOptions, SecretPush},
};

use super::{
    super::{credential, outbound, shows},
    name, runner, scope, tools,
};
use crate::{raw::answer_each, world::TestClock};

const PROJECT: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":7,\"path_with_namespace\":\"Acme/tools\",\"permissions\":{\"project_access\":{\"access_level\":50}}}";
const SELF: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":4,\"scopes\":[\"api\"],\"user_id\":3}";
const NO_VARIABLE: &str = "HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n{\"message\":\"404 Variable Not Found\"}";
const TAKEN: &str = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{\"message\":{\"key\":[\"(DEPLOY_TOKEN) has already been taken\"]}}";
const VARIABLE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"key\":\"DEPLOY_TOKEN\",\"value\":\"the-old-value\",\"hidden\":false,\"environment_scope\":\"*\"}";

fn forges() -> CiForges {
    CiForges::new(outbound(HttpOptions::default()))
}

fn lab(url: &str) -> Credential {
    credential(&url.replace("/api/v3", "/lab"), "s3cret")
}

fn at<'a>(credential: &'a Credential, scope: &'a CiScope) -> CiAt<'a> {
    CiAt {
        forge: &credential.forge,
        scope,
        credential,
        holder: Holder::Account("bot"),
        now: TestClock::new().now(),
    }
}

#[tokio::test]
async fn a_runners_token_goes_in_the_form_and_nothing_else_goes_along() {
    let scope = tools();
    for (path, answer) in [
        (
            "POST /lab/api/v4/runners/verify HTTP/1.1",
            "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":7}",
        ),
        (
            "POST /lab/api/v4/runners/reset_authentication_token HTTP/1.1",
            "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"token\":\"n3w\",\"token_expires_at\":null}",
        ),
        (
            "DELETE /lab/api/v4/runners HTTP/1.1",
            "HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n",
        ),
    ] {
        let (url, server) = answer_each(&[answer]).await;
        let (credential, token) = (lab(&url), Secret::new("runners own+token"));
        let runner = KnownRunner {
            forge_id: "7",
            token: &token,
        };
        let forges = forges();
        let runners = forges.runners(ForgeKind::GitLab);
        let (forge, now) = (&credential.forge, TestClock::new().now());
        match path.split('/').next_back() {
            _ if path.contains("verify") => assert!(runners.verify_runner(forge, runner, now).await.unwrap()),
            _ if path.contains("reset") => {
                let renewed = runners.renew_runner(forge, None, runner, now).await.unwrap();
                assert_eq!((renewed.token.expose(), renewed.expires_at), ("n3w", None));
            }
            _ => runners.remove_runner(&at(&credential, &scope), runner).await.unwrap(),
        }
        let request = server.await.unwrap().remove(0);
        assert!(request.starts_with(path), "{request}");
        assert!(request.ends_with("\r\n\r\ntoken=runners+own%2Btoken"), "{request}");
        let lower = request.to_ascii_lowercase();
        assert!(
            !lower.contains("private-token") && !lower.contains("authorization"),
            "{request}"
        );
    }
}

#[tokio::test]
async fn a_new_runner_is_asked_for_by_number_and_without_an_end_of_its_own() {
    let made = "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"id\":9171,\"token\":\"gl\\u0072t-x\",\"token_expires_at\":\"2026-12-01T10:00:00.000Z\"}";
    let (url, server) = answer_each(&[PROJECT, made]).await;
    let (credential, scope) = (lab(&url), tools());
    let forges = forges();
    let found = forges
        .runners(ForgeKind::GitLab)
        .make_runner(&at(&credential, &scope), &runner())
        .await
        .unwrap();
    assert_eq!((found.forge_id.as_str(), found.token.expose()), ("9171", "glrt-x"));
    assert_eq!(found.expires_at.unwrap().to_string(), "2026-12-01T10:00:00Z");
    let requests = server.await.unwrap();
    assert!(
        requests[0].starts_with("GET /lab/api/v4/projects/acme%2Ftools HTTP/1.1"),
        "{}",
        requests[0]
    );
    let body = requests[1].split("\r\n\r\n").nth(1).unwrap();
    let body: serde_json::Value = serde_json::from_str(body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "runner_type": "project_type", "project_id": 7, "description": "builder 1", "tag_list": ["linux", "big"],
            "run_untagged": true, "locked": false, "paused": false, "access_level": "not_protected",
        })
    );
}

#[tokio::test]
async fn a_success_without_a_token_leaves_it_open() {
    for body in [
        "{\"id\":1}",
        "{\"id\":1,\"token\":\"\"}",
        "{\"id\":1,\"token\":\"two words\"}",
        "{\"id\":\"x\",\"token\":\"glrt-lost\"}",
        "<html>Sign in</html>",
    ] {
        let response: &'static str = format!("HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{body}").leak();
        let (url, server) = answer_each(&[PROJECT, response]).await;
        let (credential, scope) = (lab(&url), tools());
        let forges = forges();
        let refused = forges
            .runners(ForgeKind::GitLab)
            .make_runner(&at(&credential, &scope), &runner())
            .await
            .unwrap_err();
        server.await.unwrap();
        assert!(refused.unclear, "{body}");
        assert_eq!(refused.diagnosis.code, Code::RunnerUnclear);
        assert!(!shows(&refused, "glrt-lost"));
    }
}

#[tokio::test]
async fn a_project_that_moved_is_not_followed() {
    let moved = "HTTP/1.1 301 Moved Permanently\r\nlocation: /lab/api/v4/projects/7\r\nconnection: close\r\n\r\n";
    let (url, server) = answer_each(&[moved]).await;
    let (credential, scope) = (lab(&url), tools());
    let forges = forges();
    let refused = forges
        .runners(ForgeKind::GitLab)
        .make_runner(&at(&credential, &scope), &runner())
        .await
        .unwrap_err();
    server.await.unwrap();
    assert_eq!(refused.diagnosis.code, Code::RunnerScopeNotFound);
    assert!(
        refused.diagnosis.cause.contains("another path"),
        "{}",
        refused.diagnosis.cause
    );
}

/// GitLab finds what was renamed by its old name; policies were asked about that one.
#[tokio::test]
async fn what_gitlab_finds_elsewhere_is_left_alone() {
    const RENAMED: &str =
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":7,\"path_with_namespace\":\"vault/tools\"}";
    const OTHER_GROUP: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":7,\"full_path\":\"vault/ops\"}";
    const NOWHERE: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":7}";
    let garbled = Code::ForgeGarbled;
    for (response, scope, code, word) in [
        (RENAMED, tools(), Code::RunnerScopeNotFound, "`vault/tools`"),
        (
            OTHER_GROUP,
            scope("owner", "ops"),
            Code::RunnerScopeNotFound,
            "`vault/ops`",
        ),
        (NOWHERE, tools(), garbled, "does not say where"),
        // a project's path where a group's belongs
        (RENAMED, scope("owner", "ops"), garbled, "does not say where"),
    ] {
        let (url, server) = answer_each(&[response]).await;
        let credential = lab(&url);
        let forges = forges();
        let refused = forges
            .runners(ForgeKind::GitLab)
            .make_runner(&at(&credential, &scope), &runner())
            .await
            .unwrap_err();
        assert_eq!(server.await.unwrap().len(), 1);
        let found = &refused.diagnosis;
        assert_eq!(found.code, code, "{found:#?}");
        assert!(format!("{}{}", found.cause, found.remedy).contains(word), "{found:#?}");
        assert!(!refused.unclear);
    }
    let (requests, found) = push_into(&[RENAMED]).await;
    assert_eq!(requests.len(), 1, "nothing was written");
    assert_eq!(found.unwrap_err().diagnosis.code, Code::RunnerScopeNotFound);
}

/// That the role is too small is said only when GitLab says so: a look that fails says nothing.
#[tokio::test]
async fn who_is_no_administrator_is_told_apart_from_who_is_not_known() {
    const FORBIDDEN: &str = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{\"message\":\"403 Forbidden\"}";
    const NO_ADMIN: &str =
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":3,\"username\":\"a\",\"is_admin\":false}";
    const UNTOLD: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":3,\"username\":\"a\"}";
    const SCOPE: &str = "HTTP/1.1 403 Forbidden\r\nconnection: close\r\n\r\n{\"error\":\"insufficient_scope\",\"scope\":\"api read_user\"}";
    const BROKEN: &str = "HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\n\r\n";
    for (user, certain) in [(NO_ADMIN, true), (UNTOLD, false), (SCOPE, false), (BROKEN, false)] {
        let (url, server) = answer_each(&[FORBIDDEN, user]).await;
        let (credential, scope) = (lab(&url), scope("instance", ""));
        let forges = forges();
        let refused = forges
            .runners(ForgeKind::GitLab)
            .make_runner(&at(&credential, &scope), &runner())
            .await
            .unwrap_err();
        server.await.unwrap();
        let cause = &refused.diagnosis.cause;
        assert_eq!(cause.contains("is no administrator"), certain, "{cause}");
        assert_eq!(cause.contains("did not tell whether"), !certain, "{cause}");
    }
}

/// GitLab tells administrators that they are some, and others nothing.
#[tokio::test]
async fn all_of_a_gitlab_wants_an_administrator() {
    for (user, fit) in [
        ("\"is_admin\":true", Fitness::Yes),
        ("\"is_admin\":false", Fitness::No),
        ("\"bot\":false", Fitness::Unknown),
    ] {
        let user: &'static str =
            format!("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{{\"id\":3,\"username\":\"a\",{user}}}").leak();
        let (url, server) = answer_each(&[SELF, user]).await;
        let (credential, scope) = (lab(&url), scope("instance", ""));
        let forges = forges();
        let exam = forges
            .runners(ForgeKind::GitLab)
            .examine(&at(&credential, &scope))
            .await;
        server.await.unwrap();
        assert_eq!(exam.fit, fit, "{exam:#?}");
        assert!(exam.needs.contains("administrator"));
    }
}

/// What no role or scope settles is left open.
#[tokio::test]
async fn an_administrators_small_role_and_a_fine_grained_token_settle_nothing() {
    const DEVELOPER: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":7,\"path_with_namespace\":\"acme/tools\",\"permissions\":{\"project_access\":{\"access_level\":30}}}";
    const ADMIN: &str = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":3,\"username\":\"a\",\"is_admin\":true}";
    const GRANULAR: &str =
        "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"id\":4,\"scopes\":[\"granular\"],\"user_id\":3}";
    for (responses, word) in [
        (&[SELF, DEVELOPER, ADMIN][..], "administrator"),
        (&[GRANULAR, PROJECT], "fine-grained"),
    ] {
        let (url, server) = answer_each(responses).await;
        let (credential, scope) = (lab(&url), tools());
        let forges = forges();
        let exam = forges
            .runners(ForgeKind::GitLab)
            .examine(&at(&credential, &scope))
            .await;
        server.await.unwrap();
        assert_eq!(exam.fit, Fitness::Unknown, "{exam:#?}");
        assert!(exam.why.contains(word), "{}", exam.why);
    }
}

/// The requests after the look for the project.
async fn push(responses: &[&'static str]) -> (Vec<String>, jeton_forge::ci::CiOutcome<jeton_forge::ci::SecretPushed>) {
    let (requests, found) = push_into(&[&[PROJECT], responses].concat()).await;
    (requests[1..].to_vec(), found)
}

async fn push_into(
    responses: &[&'static str],
) -> (Vec<String>, jeton_forge::ci::CiOutcome<jeton_forge::ci::SecretPushed>) {
    let (url, server) = answer_each(responses).await;
    let (credential, scope) = (lab(&url), tools());
    let (name, value, options) = (
        name("DEPLOY_TOKEN"),
        Secret::new("pa$$-new-value"),
        SecretOptions::default(),
    );
    let push = SecretPush {
        name: &name,
        value: &value,
        options: &options,
    };
    let forges = forges();
    let found = forges
        .secrets(ForgeKind::GitLab)
        .push(&at(&credential, &scope), &push)
        .await;
    (server.await.unwrap(), found)
}

#[tokio::test]
async fn a_variable_that_somebody_makes_in_between_is_written_over() {
    let (requests, found) = push(&[NO_VARIABLE, TAKEN, VARIABLE, VARIABLE]).await;
    let pushed = found.unwrap();
    assert!(!pushed.created && !shows(&pushed, "the-old-value"));
    let path = "/lab/api/v4/projects/7/variables";
    let query = "DEPLOY_TOKEN?filter%5Benvironment_scope%5D=*";
    for (request, want) in requests.iter().zip([
        format!("GET {path}/{query} "),
        format!("POST {path} "),
        format!("GET {path}/{query} "),
        format!("PUT {path}/{query} "),
    ]) {
        assert!(request.starts_with(&want), "{want}: {request}");
    }
    let body: serde_json::Value = serde_json::from_str(requests[1].split("\r\n\r\n").nth(1).unwrap()).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "key": "DEPLOY_TOKEN", "value": "pa$$-new-value", "masked": true, "raw": true, "environment_scope": "*",
        })
    );
}

#[tokio::test]
async fn two_that_write_at_once_do_not_go_on_for_ever() {
    let (_, found) = push(&[NO_VARIABLE, TAKEN, NO_VARIABLE, TAKEN, NO_VARIABLE, TAKEN]).await;
    let refused = found.unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::SecretUnclear);
    assert!(refused.diagnosis.remedy.contains("who else"));
}

#[tokio::test]
async fn another_environments_variable_is_left_alone() {
    let other = "HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{\"key\":\"DEPLOY_TOKEN\",\"value\":\"x\",\"environment_scope\":\"production\"}";
    let (_, found) = push(&[other]).await;
    assert_eq!(found.unwrap_err().diagnosis.code, Code::ForgeGarbled);
}

#[tokio::test]
async fn refusals_are_sorted_and_never_repeat_the_value() {
    for (body, code) in [
        ("{\"message\":{\"value\":[\"is invalid\"]}}", Code::SecretNotMaskable),
        (
            "{\"message\":{\"value\":[\"is too long (maximum is 10000 characters)\"]}}",
            Code::SecretTooLarge,
        ),
        (
            "{\"message\":{\"key\":[\"can contain only letters\"]}}",
            Code::SecretName,
        ),
        ("{\"message\":\"pa$$-new-value is no good\"}", Code::SecretInvalid),
    ] {
        let response: &'static str = format!("HTTP/1.1 400 Bad Request\r\nconnection: close\r\n\r\n{body}").leak();
        let (_, found) = push(&[NO_VARIABLE, response]).await;
        let refused = found.unwrap_err();
        assert_eq!(refused.diagnosis.code, code, "{body}");
        assert!(!refused.unclear && !shows(&refused, "new-value"), "{refused:?}");
    }
}
