//! Whom a token stands for, and whether it works.

use jeton_forge_sim::{PersonalTokenSpec, SimPersonalToken};
use jiff::SignedDuration;
use serde_json::json;

use super::OCTOCAT;
use crate::common::{World, send};

fn every_kind(w: &World) -> [SimPersonalToken; 4] {
    [
        w.classic(["repo"]),
        w.make(PersonalTokenSpec::oauth(["repo"])),
        w.fine([("contents", "read")]),
        w.make(PersonalTokenSpec::app_user(w.app.id)),
    ]
}

#[tokio::test]
async fn every_kind_of_token_is_its_person() {
    let w = World::with_octocat().await;
    let id = w.sim.github().add_user(OCTOCAT);
    for (made, prefix) in every_kind(&w).iter().zip(["ghp_", "gho_", "github_pat_", "ghu_"]) {
        assert!(made.token.starts_with(prefix));
        for path in ["/user", "/api/v3/user"] {
            let user = w.get(made, path).await;
            assert_eq!((user.status.as_u16(), &user.json()["id"]), (200, &json!(id)));
            assert_eq!(user.json()["login"], OCTOCAT);
            assert_eq!(user.json()["type"], "User");
        }
        assert!(!format!("{made:?}").contains(&made.token));
    }
}

#[tokio::test]
async fn a_token_is_taken_as_bearer_token_and_password() {
    let w = World::with_octocat().await;
    let token = w.classic([]).token;
    let get = || w.request("GET", "/user");
    for request in [
        get().bearer_auth(&token),
        get().header("authorization", format!("token {token}")),
        get().basic_auth(OCTOCAT, Some(&token)),
        get().basic_auth("anybody", Some(&token)),
    ] {
        assert_eq!(send(request).await.status, 200);
    }
    send(get()).await.is(401, "Requires authentication");
    let cut = get().bearer_auth(&token[..39]);
    send(cut).await.is(401, "Bad credentials");
}

#[tokio::test]
async fn an_unknown_an_expired_and_a_revoked_token_sound_the_same() {
    let w = World::with_octocat().await;
    let hour = SignedDuration::from_hours(1);
    let expiring = w.make(PersonalTokenSpec::classic(["repo"]).expires_in(hour));
    let (expired, revoked) = (w.classic([]), w.classic([]));
    assert_eq!(w.get(&expiring, "/user").await.status, 200);
    w.sim.clock().advance(hour);
    assert!(w.sim.github().expire_personal_token(expired.id));
    assert!(w.sim.github().revoke_personal_token(revoked.id));
    let unknown = SimPersonalToken {
        token: ["ghp_", "unknown"].concat(),
        ..revoked.clone()
    };
    for token in [expiring, expired, revoked, unknown] {
        let answer = w.get(&token, "/user").await;
        answer.is(401, "Bad credentials");
        assert!(!answer.has("x-oauth-scopes"));
    }
    assert!(!w.sim.github().revoke_personal_token(1));
    assert!(w.sim.github().personal_tokens().iter().all(|token| !token.live));
    let live = w.classic([]);
    assert!(w.sim.github().is_live(&live.token));
}

#[tokio::test]
async fn an_app_user_token_lives_eight_hours() {
    let w = World::with_octocat().await;
    let token = w.make(PersonalTokenSpec::app_user(w.app.id));
    w.sim.clock().advance(SignedDuration::from_mins(8 * 60 - 1));
    assert_eq!(w.get(&token, "/user").await.status, 200);
    w.sim.clock().advance(SignedDuration::from_mins(1));
    w.get(&token, "/user").await.is(401, "Bad credentials");
}

#[tokio::test]
async fn an_address_and_private_counts_need_their_scopes() {
    let w = World::with_octocat().await;
    w.sim.github().add_repository(OCTOCAT, "diary", true).unwrap();
    let bare = w.get(&w.classic(["repo"]), "/user").await.json();
    assert!(bare["email"].is_null() && bare.get("total_private_repos").is_none());
    let full = w.get(&w.classic(["user"]), "/user").await.json();
    assert_eq!(full["email"], "octocat@example.invalid");
    assert_eq!(full["total_private_repos"], 1);
}

#[tokio::test]
async fn a_renamed_person_keeps_the_id_the_tokens_and_the_repositories() {
    let w = World::with_octocat().await;
    w.sim.github().add_repository(OCTOCAT, "diary", true).unwrap();
    let token = w.classic(["repo"]);
    let fine = w.make(PersonalTokenSpec::fine_grained(OCTOCAT, [("contents", "read")]));
    let before = w.get(&token, "/user").await.json();
    w.sim.github().rename_user(OCTOCAT, "hubot").unwrap();
    let after = w.get(&token, "/user").await.json();
    assert_eq!((&after["id"], &after["login"]), (&before["id"], &json!("hubot")));
    for token in [&token, &fine] {
        assert_eq!(w.get(token, "/repos/hubot/diary").await.status, 200);
    }
    assert!(w.sim.github().rename_user("hubot", "acme").is_err());
}

#[tokio::test]
async fn a_persons_token_is_no_installation_and_no_app() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    let listed = w.get(&token, "/installation/repositories").await;
    assert_eq!(listed.status, 403);
    assert!(listed.message().contains("installation access token"));
    let app = w.get(&token, "/app").await;
    app.is(401, "A JSON web token could not be decoded");
    let installation = w.token(&json!({})).await;
    for path in ["/user", "/user/repos", "/user/orgs"] {
        let answer = w.as_token(&installation, "GET", path).await;
        answer.is(403, "Resource not accessible by integration");
    }
}
