//! How credentials come, and what is said of the bad ones.

use jeton_forge_sim::{GitLabTokenSpec, Visibility};
use jiff::SignedDuration;
use jiff::civil::date;
use serde_json::json;

use super::{World, today};
use crate::common::send;

const USER: &str = "/user";

#[tokio::test]
async fn an_access_token_comes_in_three_ways() {
    let w = World::new().await;
    let token = w.personal(&["read_user"]).token;
    let ways = [
        w.request("GET", USER).header("PRIVATE-TOKEN", &token),
        w.request("GET", USER).bearer_auth(&token),
        w.request("GET", &format!("{USER}?private_token={token}")),
    ];
    for way in ways {
        let answer = send(way).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["username"]),
            (200, &json!("ada"))
        );
    }
    let basic = w.request("GET", USER).basic_auth("ada", Some(&token));
    send(basic).await.refuses(401, "401 Unauthorized");
}

#[tokio::test]
async fn nothing_and_nonsense_are_unauthorized() {
    let w = World::new().await;
    send(w.request("GET", USER)).await.refuses(401, "401 Unauthorized");
    w.get("glpat-nothing", USER).await.refuses(401, "401 Unauthorized");
    send(w.request("GET", USER).bearer_auth("glpat-nothing"))
        .await
        .refuses(401, "401 Unauthorized");
}

#[tokio::test]
async fn a_token_ends_at_midnight_utc_of_its_day() {
    let w = World::new().await;
    let spec = GitLabTokenSpec::personal(w.ada).expires_at(date(2026, 6, 2));
    let token = w.sim.add_token(&spec).unwrap().token;
    w.sim.clock().advance(SignedDuration::from_secs(12 * 3_600 - 1));
    assert_eq!(w.get(&token, USER).await.status, 200);
    w.sim.clock().advance(SignedDuration::from_secs(1));
    assert!(!w.sim.is_live(&token));
    let text = "Token is expired. You can either do re-authorization or token refresh.";
    w.get(&token, USER)
        .await
        .says(401, &json!({ "error": "invalid_token", "error_description": text }));
}

#[tokio::test]
async fn a_revoked_token_is_called_revoked_and_an_expired_one_expired_first() {
    let w = World::new().await;
    let token = w.personal(&["api"]);
    w.sim.revoke_token(token.id).unwrap();
    let text = "Token was revoked. You have to re-authorize from the user.";
    let revoked = json!({ "error": "invalid_token", "error_description": text });
    w.get(&token.token, USER).await.says(401, &revoked);
    w.sim.expire_token(token.id).unwrap();
    assert!(w.get(&token.token, USER).await.text.contains("Token is expired."));
    w.sim.set_token_expiry(token.id, None).unwrap();
    w.get(&token.token, USER).await.says(401, &revoked);
    assert_eq!(w.info(token.id).expires_at, None);
}

#[tokio::test]
async fn a_scope_too_small_is_named_with_those_that_would_do() {
    let w = World::new().await;
    let token = w.personal(&["read_user"]).token;
    let text = "The request requires higher privileges than provided by the access token.";
    let body = json!({ "error": "insufficient_scope", "error_description": text, "scope": "api read_api" });
    w.get(&token, "/projects").await.says(403, &body);
    let answer = w.post(&token, "/personal_access_tokens/self/rotate", &json!({})).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["scope"]),
        (403, &json!("api self_rotate"))
    );
    let repository = w.personal(&["read_repository"]).token;
    assert_eq!(
        w.get(&repository, "/projects/acme%2Ftools/repository/tree")
            .await
            .status,
        200
    );
    assert_eq!(w.get(&repository, "/projects/acme%2Ftools").await.status, 403);
}

#[tokio::test]
async fn impersonation_can_be_turned_off_and_a_proof_of_possession_asked_for() {
    let w = World::new().await;
    let stand_in = w.sim.add_token(&GitLabTokenSpec::impersonation(w.ada)).unwrap().token;
    assert_eq!(w.get(&stand_in, USER).await.status, 200);
    w.sim.allow_impersonation(false);
    let text = "Token is an impersonation token but impersonation was disabled.";
    w.get(&stand_in, USER)
        .await
        .says(401, &json!({ "error": "invalid_token", "error_description": text }));
    let (own, bot) = (w.personal(&["api"]).token, w.of_project(&["api"]).token);
    assert_eq!(w.get(&own, USER).await.status, 200);
    w.sim.require_dpop(true);
    let answer = w.get(&own, USER).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"]),
        (401, &json!("dpop_error"))
    );
    assert_eq!(w.get(&bot, USER).await.status, 200);
}

#[tokio::test]
async fn a_blocked_person_is_kept_out() {
    let w = World::new().await;
    let token = w.personal(&["api"]).token;
    w.sim.set_blocked(w.ada, true).unwrap();
    let answer = w.get(&token, USER).await;
    assert_eq!(answer.status, 403);
    assert!(answer.message().starts_with("403 Forbidden"));
    w.sim.set_blocked(w.ada, false).unwrap();
    assert_eq!(w.get(&token, USER).await.status, 200);
}

#[tokio::test]
async fn oauth_tokens_come_as_bearer_and_last_two_hours() {
    let w = World::new().await;
    let token = w.sim.add_oauth_token(w.ada, &["read_user"]).unwrap();
    assert_eq!(send(w.request("GET", USER).bearer_auth(&token)).await.status, 200);
    let query = format!("{USER}?access_token={token}");
    assert_eq!(send(w.request("GET", &query)).await.status, 200);
    w.get(&token, USER).await.refuses(401, "401 Unauthorized");
    let own = send(w.request("GET", "/personal_access_tokens/self").bearer_auth(&token)).await;
    assert_eq!(own.status, 400);
    assert!(
        own.message()
            .ends_with("This endpoint requires token type to be a personal access token")
    );
    let info = format!("{}/oauth/token/info", w.sim.web_url());
    let info = send(crate::common::client().get(info).bearer_auth(&token)).await.json();
    assert_eq!(
        (&info["scope"], &info["expires_in"]),
        (&json!(["read_user"]), &json!(7_200))
    );
    w.sim.clock().advance(SignedDuration::from_hours(2));
    assert!(
        send(w.request("GET", USER).bearer_auth(&token))
            .await
            .text
            .contains("Token is expired.")
    );
}

#[tokio::test]
async fn a_job_token_opens_only_what_is_made_for_jobs() {
    let w = World::new().await;
    w.sim.add_project("acme/open", Visibility::Public).unwrap();
    let token = w.sim.add_job_token(w.ada, w.tools).unwrap();
    let get = |path: &str| w.request("GET", path).header("JOB-TOKEN", &token);
    assert_eq!(send(get("/job")).await.status, 200);
    send(get(USER)).await.refuses(401, "401 Unauthorized");
    send(get("/projects/acme%2Ftools"))
        .await
        .refuses(404, "404 Project Not Found");
    assert_eq!(send(get("/projects/acme%2Fopen")).await.status, 200);
    w.get(&token, USER).await.refuses(401, "401 Unauthorized");
    w.sim.end_jobs();
    send(get("/job")).await.refuses(401, "401 Unauthorized");
}

#[tokio::test]
async fn every_answer_has_a_request_id_and_the_date_of_the_forge() {
    let w = World::new().await;
    let first = w.get("nothing", USER).await;
    let second = w.get("nothing", "/nowhere").await;
    second.refuses(404, "404 Not Found");
    assert_eq!(first.header("date"), "Mon, 01 Jun 2026 12:00:00 GMT");
    assert_ne!(first.header("x-request-id"), second.header("x-request-id"));
    assert_eq!(today().to_string(), "2026-06-01");
}
