//! Branches, tags and references.

use jeton_forge_sim::CommitSpec;
use serde_json::{Value, json};

use super::{Desk, REPO};

#[tokio::test]
async fn references_are_found_by_name_and_by_start() {
    let d = Desk::new().await;
    let github = d.w.sim.github();
    let first = d.get("/commits/main").await.json()["sha"].clone();
    github.tag("acme", "tools", "v1.0+x", "main", None).unwrap();
    github.tag("acme", "tools", "v2", "main", Some("Two")).unwrap();
    let second = d.commit(&CommitSpec::new("x").file("x", "x"));
    github.add_branch("acme", "tools", "feature/a").unwrap();
    github.add_branch_at("acme", "tools", "feature/b", "v2").unwrap();
    let found = d.get("/git/ref/heads/feature/a").await.json();
    assert_eq!(
        (&found["ref"], &found["object"]["sha"]),
        (&json!("refs/heads/feature/a"), &json!(second))
    );
    let tag = d.get("/git/ref/tags/v2").await.json();
    assert_eq!(tag["object"]["type"], "tag");
    assert_ne!(tag["object"]["sha"], first);
    for absent in ["heads/feature", "heads/none", "tags/main"] {
        d.get(&format!("/git/ref/{absent}")).await.is(404, "Not Found");
    }
    let names = async |prefix: &str| {
        let all = d.get(&format!("/git/matching-refs/{prefix}")).await.json();
        let names = all
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["ref"].as_str().unwrap().to_owned());
        names.collect::<Vec<_>>()
    };
    assert_eq!(
        names("heads/feat").await,
        ["refs/heads/feature/a", "refs/heads/feature/b"]
    );
    assert_eq!(names("heads/feature/").await.len(), 2);
    assert_eq!(names("tags/v").await, ["refs/tags/v1.0+x", "refs/tags/v2"]);
    assert!(names("heads/none").await.is_empty());
    // A commit is found by each of its names, and by a tag that is an object too.
    for (name, wanted) in [
        ("v2", &first),
        ("tags/v2", &first),
        ("v1.0%2Bx", &first),
        ("refs/tags/v1.0+x", &first),
        ("feature/b", &first),
        ("heads/feature%2Fa", &json!(second)),
    ] {
        assert_eq!(
            d.get(&format!("/commits/{name}")).await.json()["sha"],
            *wanted,
            "{name}"
        );
    }
    github.remove_branch("acme", "tools", "feature/a").unwrap();
    assert_eq!(d.get("/git/ref/heads/feature/a").await.status, 404);
}

#[tokio::test]
async fn branches_and_tags_are_listed_in_pages() {
    let d = Desk::new().await;
    let github = d.w.sim.github();
    for name in ["b", "c#1", "d/e"] {
        github.add_branch("acme", "tools", name).unwrap();
        github.tag("acme", "tools", name, "main", Some("Tagged")).unwrap();
    }
    let main = d.get("/commits/main").await.json()["sha"].clone();
    let names = |list: &Value| {
        let all = list.as_array().unwrap().iter();
        all.map(|one| one["name"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let page = d.get("/branches?per_page=3").await;
    assert_eq!(names(&page.json()), ["b", "c#1", "d/e"]);
    assert!(page.header("link").contains("page=2>; rel=\"next\""));
    assert_eq!(names(&d.get("/branches?per_page=3&page=2").await.json()), ["main"]);
    let tags = d.get("/tags").await.json();
    assert_eq!(names(&tags), ["b", "c#1", "d/e"]);
    assert_eq!(tags[0]["commit"]["sha"], main);
    let branch = d.get("/branches/c%231").await.json();
    assert_eq!((&branch["name"], &branch["commit"]["sha"]), (&json!("c#1"), &main));
    assert!(branch["commit"]["commit"]["tree"]["sha"].is_string());
}

#[tokio::test]
async fn the_default_branch_may_have_any_name() {
    let d = Desk::new().await;
    let github = d.w.sim.github();
    github.add_branch("acme", "tools", "master").unwrap();
    github.set_default_branch("acme", "tools", "master").unwrap();
    github.remove_branch("acme", "tools", "main").unwrap();
    let repository = d.w.get(&d.token, REPO).await.json();
    assert_eq!(repository["default_branch"], "master");
    assert_eq!(d.get("/contents/README.md").await.status, 200);
    assert_eq!(d.get("/commits").await.json().as_array().unwrap().len(), 1);
    assert_eq!(d.get("/git/trees/main").await.status, 404);
    let absent = d.get("/contents/README.md?ref=main").await;
    absent.is(404, "No commit found for the ref main");
}
