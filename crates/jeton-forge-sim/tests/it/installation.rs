//! Finding, listing, suspending and removing installations.

use jeton_forge_sim::{AppSpec, InstallSpec, OwnerKind};
use serde_json::json;

use crate::common::{World, send};

#[tokio::test]
async fn an_installation_is_found_by_repository_organization_user_and_id() {
    let w = World::new().await;
    let by_id = format!("/app/installations/{}", w.installation);
    for path in [
        "/repos/acme/tools/installation",
        "/repos/ACME/Tools/installation",
        "/orgs/acme/installation",
        "/users/acme/installation",
        &by_id,
    ] {
        let answer = w.as_app("GET", path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        let found = answer.json();
        assert_eq!(found["id"], w.installation);
        assert_eq!(found["account"]["login"], "acme");
        assert_eq!(found["app_id"], w.app.id);
        assert_eq!(found["repository_selection"], "all");
        assert_eq!(found["suspended_at"], json!(null));
    }
    assert_eq!(w.sim.calls().installation_lookups(), 4);
}

#[tokio::test]
async fn what_is_not_covered_is_not_found() {
    let w = World::new().await;
    let github = w.sim.github();
    github.install(w.app.id, "picky", InstallSpec::selected(["one"]));
    github.add_repository("picky", "one", true).unwrap();
    github.add_repository("picky", "two", true).unwrap();
    github.add_owner("person", OwnerKind::User);
    github.install(w.app.id, "person", InstallSpec::all());
    let one = w.as_app("GET", "/repos/picky/one/installation").await;
    assert_eq!(one.json()["repository_selection"], "selected");
    let person = w.as_app("GET", "/users/person/installation").await;
    assert_eq!(person.json()["account"]["type"], "User");
    for path in [
        "/repos/picky/two/installation",
        "/repos/acme/absent/installation",
        "/repos/other/secret/installation",
        "/orgs/other/installation",
        "/orgs/person/installation",
        "/app/installations/1",
        "/nowhere",
        "/repos/acme/to%2Fols/installation",
        "/repos/acme/to%00ols/installation",
    ] {
        w.as_app("GET", path).await.is(404, "Not Found");
    }
}

#[tokio::test]
async fn another_apps_installation_is_not_found() {
    let mut w = World::new().await;
    w.app = w.sim.github().add_app(AppSpec::new("other"));
    let path = format!("/app/installations/{}", w.installation);
    w.as_app("GET", &path).await.is(404, "Not Found");
    w.mint(&json!({})).await.is(404, "Not Found");
    w.as_app("DELETE", &path).await.is(404, "Not Found");
    let listed = w.as_app("GET", "/app/installations").await;
    assert_eq!(listed.json(), json!([]));
}

#[tokio::test]
async fn a_renamed_repository_redirects_to_its_number() {
    let w = World::new().await;
    w.sim.github().rename_repository("acme", "tools", "gear").unwrap();
    let moved = w.as_app("GET", "/repos/acme/tools/installation").await;
    assert_eq!(moved.status, 301);
    let target = moved.header("location").to_owned();
    assert!(target.contains("/repositories/") && target.ends_with("/installation"));
    let path = target.strip_prefix(&w.sim.web_url()).unwrap();
    assert_eq!(w.as_app("GET", path).await.json()["id"], w.installation);
    let now = w.as_app("GET", "/repos/acme/gear/installation").await;
    assert_eq!(now.status, 200);
    // Once somebody takes the old name, it means the new repository.
    w.sim.github().add_repository("acme", "tools", true).unwrap();
    assert_eq!(w.as_app("GET", "/repos/acme/tools/installation").await.status, 200);
}

#[tokio::test]
async fn installations_come_in_pages() {
    let w = World::new().await;
    for owner in ["b", "c", "d"] {
        w.sim.github().install(w.app.id, owner, InstallSpec::all());
    }
    let first = w.as_app("GET", "/app/installations?per_page=3").await;
    assert_eq!(first.json().as_array().unwrap().len(), 3);
    assert!(first.header("link").contains("page=2>; rel=\"next\""));
    let second = w.as_app("GET", "/app/installations?per_page=3&page=2").await;
    assert_eq!(second.json().as_array().unwrap().len(), 1);
    assert!(second.header("link").contains("rel=\"prev\""));
    assert!(!second.header("link").contains("rel=\"next\""));
}

#[tokio::test]
async fn a_suspended_installation_makes_no_tokens_and_its_old_ones_open_nothing() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    let path = format!("/app/installations/{}/suspended", w.installation);
    assert_eq!(w.as_app("PUT", &path).await.status, 204);
    let suspended = "This installation has been suspended";
    w.mint(&json!({})).await.is(403, suspended);
    let repositories = "/installation/repositories";
    w.as_token(&token, "GET", repositories).await.is(403, suspended);
    assert!(!w.sim.github().is_live(&token));
    let found = w.as_app("GET", "/repos/acme/tools/installation").await;
    assert_eq!(found.json()["suspended_at"], "2026-06-01T12:00:00Z");
    assert_eq!(w.as_app("DELETE", &path).await.status, 204);
    assert_eq!(w.as_token(&token, "GET", repositories).await.status, 200);
}

#[tokio::test]
async fn uninstalling_kills_the_tokens_and_reinstalling_gives_a_new_id() {
    let w = World::new().await;
    let token = w.token(&json!({})).await;
    let path = format!("/app/installations/{}", w.installation);
    assert_eq!(w.as_app("DELETE", &path).await.status, 204);
    w.mint(&json!({})).await.is(404, "Not Found");
    let answer = w.as_token(&token, "GET", "/installation/repositories").await;
    answer.is(401, "Bad credentials");
    let id = w.sim.github().reinstall(w.installation);
    assert_ne!(id, w.installation);
    let found = w.as_app("GET", "/repos/acme/tools/installation").await;
    assert_eq!(found.json()["id"], id);
    w.mint(&json!({})).await.is(404, "Not Found");
    let path = format!("/app/installations/{id}");
    let request = w.request("DELETE", &path).bearer_auth(w.assertion());
    let answer = send(request.header("x-github-api-version", "2026-03-10")).await;
    assert_eq!(answer.status, 202);
}
