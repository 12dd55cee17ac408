//! Who may read what is inside.

use std::net::{IpAddr, Ipv4Addr};

use reqwest::Client;
use serde_json::json;

use super::Desk;
use crate::common::{World, send};

const TAILS: [&str; 8] = [
    "contents/README.md",
    "git/trees/main",
    "commits",
    "commits/main",
    "git/ref/heads/main",
    "git/matching-refs/heads",
    "branches",
    "tags",
];

#[tokio::test]
async fn a_private_repository_needs_the_permission_and_a_public_one_does_not() {
    let w = World::with_octocat().await;
    let reads = w.token(&json!({ "permissions": { "contents": "read" } })).await;
    let lacks = w.token(&json!({ "permissions": { "metadata": "read" } })).await;
    let fine = w.fine([("contents", "read")]).token;
    let fine_lacks = w.fine([("issues", "read")]).token;
    let classic = w.classic(["repo"]).token;
    let classic_lacks = w.classic(["public_repo"]).token;
    let integration = Some((403, "Resource not accessible by integration"));
    let personal = Some((403, "Resource not accessible by personal access token"));
    let hidden = Some((404, "Not Found"));
    for tail in TAILS {
        for (token, refusal) in [
            (&reads, None),
            (&lacks, integration),
            (&fine, None),
            (&fine_lacks, personal),
            (&classic, None),
            (&classic_lacks, hidden),
        ] {
            let private = w.as_token(token, "GET", &format!("/repos/acme/tools/{tail}")).await;
            match refusal {
                None => assert_eq!(private.status, 200, "{tail}"),
                Some((status, words)) => private.is(status, words),
            }
            let public = w.as_token(token, "GET", &format!("/repos/acme/site/{tail}")).await;
            assert_eq!(public.status, 200, "{tail}");
        }
        let path = format!("/repos/acme/site/{tail}");
        assert_eq!(send(w.request("GET", &path)).await.status, 200);
        // No less public, but a bad token is worse than none.
        w.as_token("nothing", "GET", &path).await.is(401, "Bad credentials");
        let private = send(w.request("GET", &format!("/repos/acme/tools/{tail}"))).await;
        private.is(404, "Not Found");
    }
    let answer = w.as_token(&reads, "GET", "/repos/acme/tools/git/trees/main").await;
    assert_eq!(answer.header("x-accepted-github-permissions"), "contents=read");
}

#[tokio::test]
async fn the_anonymous_have_sixty_calls_an_hour_by_address() {
    let w = World::new().await;
    let path = "/repos/acme/site/contents/README.md";
    for used in 1..=60 {
        let answer = send(w.request("GET", path)).await;
        assert_eq!(answer.header("x-ratelimit-used"), used.to_string());
    }
    let refused = send(w.request("GET", path)).await;
    refused.is(403, "API rate limit exceeded for 127.0.0.1.");
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    // A caller from elsewhere, and one with a token, have quotas of their own.
    let elsewhere = Client::builder()
        .user_agent("sim-test")
        .no_proxy()
        .local_address(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2)))
        .build()
        .unwrap();
    let answer = send(elsewhere.get(format!("{}{path}", w.sim.web_url()))).await;
    assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-used")), (200, "1"));
    let token = w.token(&json!({})).await;
    assert_eq!(w.as_token(&token, "GET", path).await.status, 200);
}

#[tokio::test]
async fn a_renamed_repository_leads_to_the_same_place_in_itself() {
    let d = Desk::new().await;
    d.w.sim.github().commit_file("acme", "tools", "a b/#1", "x").unwrap();
    d.w.sim.github().rename_repository("acme", "tools", "kit").unwrap();
    for (tail, status) in [
        ("/contents/a%20b/%231?ref=main", 200),
        ("/git/trees/main?recursive=1", 200),
        ("/commits?path=a%20b&per_page=1", 200),
        ("/contents/none", 404),
    ] {
        let moved = d.get(tail).await;
        assert_eq!(moved.status, 301);
        let location = moved.header("location");
        assert!(
            location.contains("/repositories/") && location.ends_with(tail),
            "{location}"
        );
        let path = location.strip_prefix(&d.w.sim.web_url()).unwrap();
        assert_eq!(d.w.get(&d.token, path).await.status, status, "{tail}");
    }
    // To a stranger, it does not even exist.
    let stranger = d.w.classic(["read:org"]);
    let answer = d.w.get(&stranger, "/repos/acme/tools/contents").await;
    answer.is(404, "Not Found");
}
