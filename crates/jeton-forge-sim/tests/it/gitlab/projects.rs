//! Projects, groups, members and what belongs to them.

use jeton_forge_sim::{AccessLevel, GitLabTokenSpec, Visibility};
use serde_json::{Value, json};

use super::World;
use crate::common::send;

fn paths(list: &Value) -> Vec<&str> {
    let all = list.as_array().unwrap().iter();
    all.map(|one| one["path_with_namespace"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_project_is_found_by_number_and_by_path() {
    let w = World::new().await;
    let token = w.personal(&["read_api"]).token;
    for name in [
        w.tools.to_string(),
        "acme%2Ftools".to_owned(),
        "ACME%2Ftools".to_owned(),
    ] {
        let project = w.get(&token, &format!("/projects/{name}")).await.json();
        assert_eq!(
            (&project["id"], &project["visibility"]),
            (&json!(w.tools), &json!("private"))
        );
        assert_eq!(project["permissions"]["project_access"]["access_level"], 40);
    }
    let group = w.get(&token, "/groups/acme").await.json();
    assert_eq!((&group["full_path"], &group["id"]), (&json!("acme"), &json!(w.group())));
}

#[tokio::test]
async fn what_one_may_not_see_is_not_found() {
    let w = World::new().await;
    let inside = w.sim.add_project("acme/inside", Visibility::Internal).unwrap();
    w.sim.add_project("acme/open", Visibility::Public).unwrap();
    let eve = w.sim.add_token(&GitLabTokenSpec::personal(w.eve)).unwrap().token;
    w.get(&eve, "/projects/acme%2Ftools")
        .await
        .refuses(404, "404 Project Not Found");
    w.get(&eve, "/projects/acme%2Fnothing")
        .await
        .refuses(404, "404 Project Not Found");
    w.get(&eve, "/groups/acme").await.refuses(404, "404 Group Not Found");
    assert_eq!(w.get(&eve, &format!("/projects/{inside}")).await.status, 200);
    let nobody = send(w.request("GET", "/projects")).await.json();
    assert_eq!(paths(&nobody), ["acme/open"]);
    send(w.request("GET", &format!("/projects/{inside}")))
        .await
        .refuses(404, "404 Project Not Found");
}

#[tokio::test]
async fn lists_come_in_pages_that_lead_to_each_other() {
    let w = World::new().await;
    let token = w.personal(&["read_api"]).token;
    for name in ["acme/b", "acme/c"] {
        let id = w.sim.add_project(name, Visibility::Private).unwrap();
        w.sim.add_member(id, w.ada, AccessLevel::Guest).unwrap();
    }
    let first = w.get(&token, "/projects?membership=true&per_page=2").await;
    assert_eq!(paths(&first.json()), ["acme/c", "acme/b"]);
    let numbers = [
        "x-total",
        "x-total-pages",
        "x-page",
        "x-per-page",
        "x-next-page",
        "x-prev-page",
    ];
    assert_eq!(numbers.map(|name| first.header(name)), ["3", "2", "1", "2", "2", ""]);
    let next = format!(
        "<{}/projects?membership=true&page=2&per_page=2>; rel=\"next\"",
        w.sim.api_url()
    );
    assert!(first.header("link").contains(&next), "{}", first.header("link"));
    let second = w.get(&token, "/projects?membership=true&per_page=2&page=2").await;
    assert_eq!(paths(&second.json()), ["acme/tools"]);
    let carried = send(w.request("GET", &format!("/projects?per_page=1&private_token={token}"))).await;
    assert!(!carried.header("link").contains(&token), "a token leaked into a link");
    let maintained = w.get(&token, "/projects?min_access_level=40").await.json();
    assert_eq!(paths(&maintained), ["acme/tools"]);
    w.get(&token, "/projects?per_page=x")
        .await
        .says(400, &json!({ "error": "per_page is invalid" }));
}

#[tokio::test]
async fn membership_comes_from_the_groups_around_too() {
    let w = World::new().await;
    let token = w.personal(&["read_api"]).token;
    let member = async |path: &str| w.get(&token, &format!("/{path}/members/all/{}", w.eve)).await;
    member("projects/acme%2Ftools").await.refuses(404, "404 Not Found");
    w.sim.add_member(w.group(), w.eve, AccessLevel::Developer).unwrap();
    let found = member("projects/acme%2Ftools").await.json();
    assert_eq!(
        (&found["username"], &found["access_level"]),
        (&json!("eve"), &json!(30))
    );
    assert_eq!(member("groups/acme").await.json()["access_level"], 30);
    assert!(w.sim.remove_member(w.group(), w.eve).unwrap());
    assert_eq!(member("groups/acme").await.status, 404);
}

#[tokio::test]
async fn runners_and_variables_are_for_maintainers() {
    let w = World::new().await;
    let ada = w.personal(&["read_api"]).token;
    let runner = w.sim.add_runner(w.tools, "builder").unwrap();
    w.sim.set_variable(w.tools, "PLACE", "here").unwrap();
    w.sim.add_merge_request(w.tools, "Better").unwrap();
    let list = |what: &str| format!("/projects/{}/{what}", w.tools);
    assert_eq!(w.get(&ada, &list("runners")).await.json()[0]["id"], runner);
    let variable = w.get(&ada, &list("variables")).await.json();
    assert_eq!(
        (&variable[0]["key"], &variable[0]["value"]),
        (&json!("PLACE"), &json!("here"))
    );
    assert_eq!(w.get(&ada, &list("merge_requests")).await.json()[0]["title"], "Better");
    w.sim.add_member(w.tools, w.eve, AccessLevel::Developer).unwrap();
    let eve = w.sim.add_token(&GitLabTokenSpec::personal(w.eve)).unwrap().token;
    for (what, status) in [("runners", 403), ("variables", 403), ("merge_requests", 200)] {
        assert_eq!(w.get(&eve, &list(what)).await.status, status, "{what}");
    }
    w.get(&eve, &list("runners")).await.refuses(403, "403 Forbidden");
    w.sim.add_member(w.tools, w.eve, AccessLevel::Guest).unwrap();
    w.get(&eve, &list("merge_requests")).await.refuses(403, "403 Forbidden");
}

#[tokio::test]
async fn the_version_is_for_those_who_are_known() {
    let w = World::new().await;
    let token = w.personal(&["read_user"]).token;
    let version = w.get(&token, "/version").await.json();
    assert!(version["version"].as_str().unwrap().ends_with("-ee"));
    assert_eq!(w.get(&token, "/metadata").await.json()["enterprise"], true);
    send(w.request("GET", "/version"))
        .await
        .refuses(401, "401 Unauthorized");
}
