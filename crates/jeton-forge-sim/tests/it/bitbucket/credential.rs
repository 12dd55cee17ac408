//! How credentials come, and what is said of the bad ones.

use jeton_forge_sim::BitbucketTokenSpec;
use jiff::SignedDuration;
use serde_json::json;

use super::{EMAIL, World};
use crate::common::send;

const UNUSABLE: &str = "Token is invalid, expired, or not supported for this endpoint.";
const READ_USER: &str = "read:user:bitbucket";

#[tokio::test]
async fn an_api_token_wants_the_email_address() {
    let w = World::new().await;
    let token = w.api(&[READ_USER]);
    let user = w.basic("Ada@example.com", &token, "/user").await.json();
    assert_eq!((&user["username"], &user["type"]), (&json!("ada"), &json!("user")));
    assert!(user["uuid"].as_str().unwrap().starts_with('{'));
    for wrong in [
        "ada",
        "x-token-auth",
        "x-bitbucket-api-token-auth",
        "eve@example.com",
        "",
    ] {
        let answer = w.basic(wrong, &token, "/user").await;
        answer.errs(401, UNUSABLE);
        assert_eq!(answer.header("www-authenticate"), "Basic realm=\"Bitbucket.org HTTP\"");
    }
    let bearer = w.bearer(&token, "/user").await;
    bearer.errs(401, UNUSABLE);
    assert!(!bearer.headers.contains_key("www-authenticate"));
}

#[tokio::test]
async fn dead_tokens_of_all_kinds_are_alike() {
    let w = World::new().await;
    for end in ["revoked", "expired", "unscoped", "unknown"] {
        let spec = BitbucketTokenSpec::api_token(w.ada);
        let spec = if end == "unscoped" {
            spec.scopes::<&str>([])
        } else {
            spec
        };
        let made = w.sim.add_token(&spec).unwrap();
        match end {
            "revoked" => w.sim.revoke_token(made.id).unwrap(),
            "expired" => w.sim.expire_token(made.id).unwrap(),
            _ => {}
        }
        let token = if end == "unknown" {
            format!("{}x", made.token)
        } else {
            made.token
        };
        w.get(&token, "/user").await.errs(401, UNUSABLE);
    }
    w.bearer("nothing", "/user").await.errs(401, UNUSABLE);
    assert_eq!(send(w.request("GET", "/user")).await.status, 401);
    let odd = w.request("GET", "/user").header("authorization", "Basic !");
    send(odd).await.errs(401, UNUSABLE);
}

#[tokio::test]
async fn it_ends_when_its_time_has_come() {
    let w = World::new().await;
    let end = w.sim.clock().now() + SignedDuration::from_hours(1);
    let token = w.token(&BitbucketTokenSpec::api_token(w.ada).expires_at(end));
    w.sim.clock().advance(SignedDuration::from_secs(3_599));
    assert_eq!(w.get(&token, "/user").await.status, 200);
    w.sim.clock().advance(SignedDuration::from_secs(1));
    assert!(!w.sim.is_live(&token));
    w.get(&token, "/user").await.errs(401, UNUSABLE);
}

#[tokio::test]
async fn app_passwords_are_dead() {
    let w = World::new().await;
    let password = w.token(&BitbucketTokenSpec::app_password(w.ada).scopes(["account", "repository"]));
    assert_eq!((password.len(), &password[..4]), (36, "ATBB"));
    for user in ["ada", EMAIL] {
        let answer = w.basic(user, &password, "/user").await;
        assert_eq!(answer.status, 401);
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    assert_eq!(w.bearer(&password, "/user").await.status, 401);
    assert!(!w.sim.is_live(&password));
}

#[tokio::test]
async fn a_missing_scope_is_named_with_the_granted_ones() {
    let w = World::new().await;
    let writer = w.api(&["write:repository:bitbucket", "write:pullrequest:bitbucket"]);
    let granted = ["write:repository:bitbucket", "write:pullrequest:bitbucket"];
    w.get(&writer, "/user").await.lacks(&[READ_USER], &granted);
    // Writing implies no reading.
    w.get(&writer, "/repositories/acme/tools")
        .await
        .lacks(&["read:repository:bitbucket"], &granted);
    w.get(&writer, "/workspaces")
        .await
        .lacks(&[READ_USER, "read:workspace:bitbucket"], &granted);
    let reader = w.api(&["read:repository:bitbucket"]);
    assert_eq!(w.get(&reader, "/repositories/acme/tools").await.status, 200);
    let runners = "/repositories/acme/tools/pipelines-config/runners";
    w.get(&reader, runners)
        .await
        .lacks(&["read:runner:bitbucket"], &["read:repository:bitbucket"]);
}

#[tokio::test]
async fn an_access_token_is_a_bearer_and_stands_for_its_repository() {
    let w = World::new().await;
    w.sim.add_repository("acme", "docs", true).unwrap();
    let token = w.access(&["pullrequest:write"]);
    assert_eq!((token.len(), &token[..5]), (192, "ATCTT"));
    assert_eq!(
        w.bearer(&token, "/repositories/acme/tools").await.json()["slug"],
        "tools"
    );
    assert_eq!(
        w.bearer(&token, "/repositories/acme/tools/pullrequests").await.status,
        200
    );
    assert_eq!(w.bearer(&token, "/repositories/acme/docs").await.status, 404);
    w.bearer(&token, "/user")
        .await
        .lacks(&["account"], &["pullrequest:write"]);
    w.basic("x-token-auth", &token, "/repositories/acme/tools")
        .await
        .errs(401, UNUSABLE);
}

#[tokio::test]
async fn tokens_of_projects_and_workspaces_reach_further() {
    let w = World::new().await;
    w.sim.add_repository("acme", "docs", true).unwrap();
    w.sim.add_repository_in("acme", "site", "WEB", true).unwrap();
    w.sim.add_workspace("other").unwrap();
    w.sim.add_repository("other", "tools", true).unwrap();
    let of_project = w.token(&BitbucketTokenSpec::project_token("acme", "PROJ"));
    let of_workspace = w.token(&BitbucketTokenSpec::workspace_token("acme"));
    assert_eq!(
        w.bearer(&of_project, "/repositories/acme").await.values("slug"),
        ["tools", "docs"]
    );
    assert_eq!(
        w.bearer(&of_workspace, "/repositories/acme").await.values("slug"),
        ["tools", "docs", "site"]
    );
    for token in [of_project, of_workspace] {
        assert_eq!(w.bearer(&token, "/repositories/other/tools").await.status, 404);
        assert_eq!(w.bearer(&token, "/workspaces/acme").await.status, 200);
        assert_eq!(w.bearer(&token, "/workspaces/other").await.status, 404);
    }
}

#[tokio::test]
async fn oauth_tokens_are_bearers_of_two_hours() {
    let w = World::new().await;
    let token = w.token(&BitbucketTokenSpec::oauth(w.ada));
    assert_eq!(w.bearer(&token, "/user").await.json()["username"], "ada");
    w.bearer(&token, "/user/emails")
        .await
        .lacks(&["email"], &["account", "repository"]);
    w.get(&token, "/user").await.errs(401, UNUSABLE);
    w.sim.clock().advance(SignedDuration::from_hours(2));
    w.bearer(&token, "/user").await.errs(401, "Access token expired.");
}
