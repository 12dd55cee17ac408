//! Unchanged answers, and what they cost.

use super::{Desk, REPO};
use crate::common::{World, send};

const ALL: [&str; 9] = [
    "/contents",
    "/contents/README.md",
    "/git/trees/main?recursive=1",
    "/commits",
    "/commits/main",
    "/git/ref/heads/main",
    "/git/matching-refs/heads",
    "/branches",
    "/tags",
];

#[tokio::test]
async fn an_unchanged_answer_counts_as_a_call_and_not_as_quota() {
    let d = Desk::new().await;
    let file = d.get("/contents/README.md").await.json();
    let blob = format!("/git/blobs/{}", file["sha"].as_str().unwrap());
    let all: Vec<&str> = ALL.into_iter().chain([blob.as_str()]).collect();
    for tail in all {
        let first = d.get(tail).await;
        let used = first.header("x-ratelimit-used").to_owned();
        let (calls, charged) = (d.w.sim.calls().total(), d.w.sim.github().quota_charged());
        let request = d.ask(tail).header("if-none-match", first.header("etag"));
        let same = send(request).await;
        assert_eq!((same.status.as_u16(), same.text.as_str()), (304, ""), "{tail}");
        assert_eq!(same.header("x-ratelimit-used"), used, "{tail}");
        assert_eq!(same.header("etag"), first.header("etag"));
        assert_eq!(d.w.sim.calls().total(), calls + 1);
        assert_eq!(d.w.sim.github().quota_charged(), charged);
        let other = send(d.ask(tail).header("if-none-match", "W/\"other\", \"one\"")).await;
        assert_eq!(other.status, 200);
        assert_eq!(d.w.sim.github().quota_charged(), charged + 1);
    }
}

#[tokio::test]
async fn a_tag_is_of_one_token_and_one_form() {
    let d = Desk::new().await;
    let tail = "/contents/README.md";
    let first = d.get(tail).await;
    let vary = first.header("vary").to_owned();
    assert!(vary.contains("Authorization") && vary.contains("Accept"), "{vary}");
    let form = d.ask(tail).header("accept", "application/vnd.github.object+json");
    let form = send(form.header("if-none-match", first.header("etag"))).await;
    assert_eq!(form.status, 200);
    let other = d.w.classic(["repo"]);
    let request = d.w.request("GET", &format!("{REPO}{tail}")).bearer_auth(&other.token);
    let other = send(request.header("if-none-match", first.header("etag"))).await;
    assert_eq!(other.status, 200);
    assert_ne!(other.header("etag"), first.header("etag"));
    assert!(first.header("cache-control").starts_with("private"));
}

#[tokio::test]
async fn an_unchanged_answer_is_charged_to_the_anonymous() {
    let w = World::new().await;
    let path = "/repos/acme/site/commits/main";
    let first = send(w.request("GET", path)).await;
    assert_eq!(first.header("x-ratelimit-used"), "1");
    let same = w.request("GET", path).header("if-none-match", first.header("etag"));
    let same = send(same).await;
    assert_eq!((same.status.as_u16(), same.header("x-ratelimit-used")), (304, "2"));
    assert_eq!(w.sim.github().quota_charged(), 2);
}
