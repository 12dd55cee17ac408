//! Tokens of projects and groups.

use jeton_forge_sim::{AccessLevel, GitLabTokenKind, GitLabTokenSpec};
use serde_json::json;

use super::World;

const TOKENS: &str = "/projects/acme%2Ftools/access_tokens";

#[tokio::test]
async fn a_projects_token_acts_as_a_bot() {
    let w = World::new().await;
    let token = w.of_project(&["api"]);
    let user = w.get(&token.token, "/user").await.json();
    let name = user["username"].as_str().unwrap();
    assert!(name.starts_with(&format!("project_{}_bot_", w.tools)), "{name}");
    assert_eq!((&user["bot"], &user["id"]), (&json!(true), &json!(token.user_id)));
    let own = w.get(&token.token, "/personal_access_tokens/self").await.json();
    assert_eq!(
        (&own["user_id"], &own["resource_type"]),
        (&json!(token.user_id), &json!("project"))
    );
    assert_eq!(
        (&own["resource_id"], &own["access_level"]),
        (&json!(w.tools), &json!(40))
    );
    let projects = w.get(&token.token, "/projects?membership=true").await.json();
    assert_eq!(
        (projects.as_array().unwrap().len(), &projects[0]["id"]),
        (1, &json!(w.tools))
    );
}

#[tokio::test]
async fn a_projects_token_rotates_itself() {
    let w = World::new().await;
    let old = w.of_project(&["self_rotate"]);
    let answer = w
        .post(
            &old.token,
            &format!("{TOKENS}/self/rotate"),
            &json!({ "expires_at": "2026-09-01" }),
        )
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let body = answer.json();
    assert_eq!(
        (&body["expires_at"], &body["user_id"]),
        (&json!("2026-09-01"), &json!(old.user_id))
    );
    let new = body["token"].as_str().unwrap();
    assert!(w.sim.is_live(new) && !w.sim.is_live(&old.token));
    assert_eq!(
        w.post(&old.token, &format!("{TOKENS}/self/rotate"), &json!({}))
            .await
            .status,
        401
    );
    assert!(!w.sim.is_live(new), "rotated twice");
}

#[tokio::test]
async fn a_persons_token_is_no_projects_token() {
    let w = World::new().await;
    let personal = w.personal(&["api"]);
    let rotate = format!("{TOKENS}/self/rotate");
    w.post(&personal.token, &rotate, &json!({}))
        .await
        .refuses(405, "405 Method Not Allowed");
    let of_group = GitLabTokenSpec::group(w.group(), AccessLevel::Owner);
    let of_group = w.sim.add_token(&of_group).unwrap();
    w.post(&of_group.token, &rotate, &json!({}))
        .await
        .refuses(401, "401 Unauthorized");
    assert!(w.sim.is_live(&of_group.token));
    let answer = w
        .post(&of_group.token, "/groups/acme/access_tokens/self/rotate", &json!({}))
        .await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["resource_type"]),
        (200, &json!("group"))
    );
}

#[tokio::test]
async fn a_maintainer_manages_them() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let wanted = json!({ "name": "ci", "scopes": ["read_api"], "access_level": 30 });
    let answer = w.post(&ada, TOKENS, &wanted).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    let made = answer.json();
    assert_eq!(
        (&made["expires_at"], &made["access_level"]),
        (&json!("2027-06-01"), &json!(30))
    );
    let (id, first) = (made["id"].as_u64().unwrap(), made["token"].as_str().unwrap());
    assert_eq!(w.info(id).kind, GitLabTokenKind::Project(w.tools));
    let shown = w.get(&ada, &format!("{TOKENS}/{id}")).await.json();
    assert_eq!((&shown["name"], shown.get("token")), (&json!("ci"), None));
    let rotated = w.post(&ada, &format!("{TOKENS}/{id}/rotate"), &json!({})).await.json();
    assert!(w.sim.is_live(rotated["token"].as_str().unwrap()) && !w.sim.is_live(first));
    let active = w.get(&ada, &format!("{TOKENS}?state=active")).await.json();
    assert_eq!(
        (active.as_array().unwrap().len(), &active[0]["id"]),
        (1, &rotated["id"])
    );
    let path = format!("{TOKENS}/{}", rotated["id"]);
    assert_eq!(w.call(&ada, "DELETE", &path).await.status, 204);
    assert!(!w.sim.is_live(rotated["token"].as_str().unwrap()));
    w.get(&ada, &format!("{TOKENS}/1")).await.refuses(404, "404 Not Found");
}

#[tokio::test]
async fn nobody_else_does() {
    let w = World::new().await;
    let wanted = json!({ "name": "ci", "scopes": ["read_api"] });
    let bot = w.of_project(&["api"]).token;
    w.post(&bot, TOKENS, &wanted).await.refuses(
        400,
        "400 Bad request - User does not have permission to create project access token",
    );
    let eve = w.sim.add_token(&GitLabTokenSpec::personal(w.eve)).unwrap().token;
    w.post(&eve, TOKENS, &wanted)
        .await
        .refuses(404, "404 Project Not Found");
    w.sim.add_member(w.tools, w.eve, AccessLevel::Developer).unwrap();
    w.post(&eve, TOKENS, &wanted).await.refuses(401, "401 Unauthorized");
    let ada = w.personal(&["api"]).token;
    for (body, error) in [
        (json!({ "scopes": ["api"] }), "name is missing"),
        (json!({ "name": "ci" }), "scopes is missing"),
        (
            json!({ "name": "ci", "scopes": ["everything"] }),
            "scopes does not have a valid value",
        ),
        (
            json!({ "name": "ci", "scopes": ["api"], "access_level": 7 }),
            "access_level does not have a valid value",
        ),
    ] {
        w.post(&ada, TOKENS, &body).await.says(400, &json!({ "error": error }));
    }
}
