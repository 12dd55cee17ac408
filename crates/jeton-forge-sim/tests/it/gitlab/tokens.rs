//! What a token says of itself, and of others of its owner.

use jeton_forge_sim::{AccessLevel, GitLabSimConfig, GitLabTokenForm, GitLabTokenSpec, Visibility};
use jiff::SignedDuration;
use serde_json::json;

use super::World;
use crate::common::send;

const SELF: &str = "/personal_access_tokens/self";

#[tokio::test]
async fn any_token_can_look_at_itself() {
    let w = World::new().await;
    let spec = GitLabTokenSpec::personal(w.ada).scopes(["self_rotate"]).name("mine");
    let token = w.sim.add_token(&spec).unwrap();
    let body = json!({
        "id": token.id,
        "name": "mine",
        "revoked": false,
        "created_at": "2026-06-01T12:00:00.000Z",
        "description": null,
        "scopes": ["self_rotate"],
        "user_id": w.ada,
        "last_used_at": "2026-06-01T12:00:00.000Z",
        "active": true,
        "expires_at": "2026-07-01",
    });
    w.get(&token.token, SELF).await.says(200, &body);
    let endless = w
        .sim
        .add_token(&GitLabTokenSpec::personal(w.ada).never_expires())
        .unwrap();
    assert_eq!(w.get(&endless.token, SELF).await.json()["expires_at"], json!(null));
}

#[tokio::test]
async fn its_last_use_is_noted_every_ten_minutes() {
    let w = World::new().await;
    let token = w.personal(&["api"]);
    assert_eq!(w.info(token.id).last_used_at, None);
    let used = async |minutes: i64| {
        w.sim.clock().advance(SignedDuration::from_mins(minutes));
        w.get(&token.token, SELF).await.json()["last_used_at"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    assert_eq!(used(0).await, "2026-06-01T12:00:00.000Z");
    assert_eq!(used(9).await, "2026-06-01T12:00:00.000Z");
    assert_eq!(used(1).await, "2026-06-01T12:10:00.000Z");
}

#[tokio::test]
async fn it_can_revoke_itself_with_any_scope() {
    let w = World::new().await;
    let token = w.personal(&["read_user"]).token;
    assert_eq!(w.call(&token, "DELETE", SELF).await.status, 204);
    assert!(!w.sim.is_live(&token));
    assert!(w.get(&token, SELF).await.text.contains("Token was revoked."));
}

#[tokio::test]
async fn one_sees_ones_own_tokens_and_an_administrator_all() {
    let w = World::new().await;
    let (mine, other) = (w.personal(&["api"]), w.personal(&["read_user"]));
    let of_eve = w.sim.add_token(&GitLabTokenSpec::personal(w.eve)).unwrap();
    let list = "/personal_access_tokens";
    let ids = async |token: &str, query: &str| -> Vec<u64> {
        let all = w.get(token, &format!("{list}{query}")).await.json();
        all.as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_u64().unwrap())
            .collect()
    };
    assert_eq!(ids(&mine.token, "").await, [mine.id, other.id]);
    w.sim.revoke_token(other.id).unwrap();
    assert_eq!(ids(&mine.token, "?state=active").await, [mine.id]);
    assert_eq!(ids(&mine.token, "?state=inactive").await, [other.id]);
    assert_eq!(ids(&mine.token, "?revoked=True").await, [other.id]);
    let path = |id: u64| format!("{list}/{id}");
    assert_eq!(w.get(&mine.token, &path(other.id)).await.json()["revoked"], true);
    w.get(&mine.token, &path(of_eve.id))
        .await
        .refuses(401, "401 Unauthorized");
    w.get(&mine.token, &path(1)).await.refuses(401, "401 Unauthorized");
    w.get(&mine.token, &format!("{list}?user_id={}", w.eve))
        .await
        .refuses(401, "401 Unauthorized");
    let root = w.sim.add_admin("root").unwrap();
    let root = w.sim.add_token(&GitLabTokenSpec::personal(root)).unwrap();
    assert_eq!(ids(&root.token, &format!("?user_id={}", w.eve)).await, [of_eve.id]);
    w.get(&root.token, &path(1)).await.refuses(404, "404 Not Found");
    assert_eq!(w.call(&root.token, "DELETE", &path(of_eve.id)).await.status, 204);
    assert!(w.info(of_eve.id).revoked);
}

#[tokio::test]
async fn it_tells_what_it_reaches() {
    let w = World::new().await;
    let token = w.personal(&["read_user"]).token;
    w.sim.add_project("other/secret", Visibility::Private).unwrap();
    let group = w.sim.add_group("wide", Visibility::Private).unwrap();
    w.sim.add_member(group, w.ada, AccessLevel::Developer).unwrap();
    w.sim.add_project("wide/inner", Visibility::Private).unwrap();
    let path = format!("{SELF}/associations");
    let all = w.get(&token, &path).await.json();
    assert_eq!(all["groups"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&all["groups"][0]["name"], &all["groups"][0]["access_levels"]),
        (&json!("wide"), &json!(30))
    );
    let projects = all["projects"].as_array().unwrap();
    let paths: Vec<_> = projects
        .iter()
        .map(|one| one["path_with_namespace"].as_str().unwrap())
        .collect();
    assert_eq!(paths, ["acme/tools", "wide/inner"]);
    assert_eq!(
        projects[0]["access_levels"],
        json!({ "project_access_level": 40, "group_access_level": null })
    );
    assert_eq!(
        projects[1]["access_levels"],
        json!({ "project_access_level": null, "group_access_level": 30 })
    );
    let maintained = w.get(&token, &format!("{path}?min_access_level=40")).await.json();
    assert_eq!(
        (
            maintained["groups"].as_array().unwrap().len(),
            &maintained["projects"][0]["name"]
        ),
        (0, &json!("tools"))
    );
    let oauth = w.sim.add_oauth_token(w.ada, &["api"]).unwrap();
    assert_eq!(send(w.request("GET", &path).bearer_auth(oauth)).await.status, 400);
}

#[tokio::test]
async fn a_server_can_have_another_prefix_and_older_tokens() {
    let config = GitLabSimConfig {
        token_prefix: "acme-".to_owned(),
        ..GitLabSimConfig::default()
    };
    let w = World::with(config).await;
    let routable = w.personal(&["api"]).token;
    let (body, check) = routable.split_at(routable.len() - 7);
    let mut crc = u64::from(crc32fast::hash(body.as_bytes()));
    for digit in check.bytes().rev() {
        let digit = char::from(digit).to_digit(36).unwrap();
        assert_eq!(crc % 36, u64::from(digit));
        crc /= 36;
    }
    assert!(crc == 0 && routable.starts_with("acme-") && body.contains(".01."));
    let spec = GitLabTokenSpec::personal(w.ada)
        .form(GitLabTokenForm::Legacy)
        .prefix("glpat-");
    let legacy = w.sim.add_token(&spec).unwrap().token;
    assert_eq!((legacy.len(), &legacy[..6]), (26, "glpat-"));
    for token in [routable, legacy] {
        assert_eq!(w.get(&token, SELF).await.status, 200);
        // What rotation makes looks the same.
        let new = w.post(&token, &format!("{SELF}/rotate"), &json!({})).await.json();
        let new = new["token"].as_str().unwrap();
        assert_eq!((new.len(), &new[..5]), (token.len(), &token[..5]));
        assert_ne!(new, token);
    }
}
