//! Workspaces, repositories and what belongs to them; limits.

use jeton_forge_sim::{BitbucketRole, BitbucketTokenSpec};
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::World;
use crate::common::{client, send};

const TOOLS: &str = "/repositories/acme/tools";

#[tokio::test]
async fn ones_own_workspaces_and_addresses_are_listed() {
    let w = World::new().await;
    let token = w.token(&BitbucketTokenSpec::api_token(w.ada));
    assert_eq!(w.get(&token, "/workspaces").await.values("slug"), ["acme"]);
    let access = w.get(&token, "/user/workspaces").await.json();
    assert_eq!(
        (
            &access["values"][0]["administrator"],
            &access["values"][0]["workspace"]["slug"]
        ),
        (&json!(true), &json!("acme"))
    );
    let workspace = w.get(&token, "/workspaces/acme").await.json();
    let by_uuid = workspace["uuid"]
        .as_str()
        .unwrap()
        .replace('{', "%7B")
        .replace('}', "%7D");
    assert_eq!(w.get(&token, &format!("/workspaces/{by_uuid}")).await.json(), workspace);
    w.get(&token, "/workspaces/other")
        .await
        .errs(404, "Workspace not found");
    let mail = w.get(&token, "/user/emails").await.json();
    assert_eq!(
        (&mail["values"][0]["email"], &mail["values"][0]["is_primary"]),
        (&json!("ada@example.com"), &json!(true))
    );
}

#[tokio::test]
async fn a_list_leads_to_its_next_page() {
    let w = World::new().await;
    let token = w.token(&BitbucketTokenSpec::api_token(w.ada));
    for name in ["a", "b", "c", "d"] {
        w.sim.add_repository("acme", name, true).unwrap();
    }
    let first = w.get(&token, "/repositories/acme?pagelen=2&role=member").await.json();
    assert_eq!(
        (&first["size"], &first["page"], first.get("previous")),
        (&json!(5), &json!(1), None)
    );
    let mut seen = Vec::new();
    let mut next = Some(format!("{}/repositories/acme?pagelen=2", w.sim.api_url()));
    while let Some(url) = next.take() {
        let answer = send(client().get(url).basic_auth(super::EMAIL, Some(&token))).await;
        seen.extend(answer.values("slug"));
        next = answer.json()["next"].as_str().map(str::to_owned);
    }
    assert_eq!(seen, ["tools", "a", "b", "c", "d"]);
    assert_eq!(w.get(&token, "/repositories/acme").await.json()["pagelen"], 10);
    w.get(&token, "/repositories/acme?pagelen=101")
        .await
        .errs(400, "Invalid pagelen");
    // A slash too many at the end.
    assert_eq!(w.get(&token, "/repositories/acme/").await.status, 200);
}

#[tokio::test]
async fn roles_decide_what_is_seen() {
    let w = World::new().await;
    w.sim.add_repository("acme", "open", false).unwrap();
    let scopes = [
        "read:repository:bitbucket",
        "read:user:bitbucket",
        "read:runner:bitbucket",
        "read:pipeline:bitbucket",
    ];
    let eve = w.token(&BitbucketTokenSpec::api_token(w.eve).scopes(scopes));
    let get = async |path: &str| w.basic("eve@example.com", &eve, path).await;
    assert_eq!(get(TOOLS).await.status, 404);
    assert!(
        get(TOOLS).await.json()["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no longer exists")
    );
    assert_eq!(get("/repositories/acme/open").await.status, 200);
    assert_eq!(send(w.request("GET", "/repositories/acme/open")).await.status, 200);
    assert_eq!(send(w.request("GET", TOOLS)).await.status, 404);
    assert_eq!(get("/repositories/acme").await.values("slug"), ["open"]);
    assert_eq!(
        get("/repositories/acme?role=member").await.values("slug"),
        Vec::<Value>::new()
    );
    w.sim.set_role(w.tools, w.eve, Some(BitbucketRole::Write)).unwrap();
    assert_eq!(
        get("/repositories/acme?role=contributor").await.values("slug"),
        ["tools"]
    );
    assert_eq!(
        get("/repositories/acme?role=admin").await.values("slug"),
        Vec::<Value>::new()
    );
    let permissions = get("/user/permissions/repositories").await.json();
    assert_eq!(
        (&permissions["size"], &permissions["values"][0]["permission"]),
        (&json!(1), &json!("write"))
    );
    for list in ["pipelines-config/runners", "pipelines_config/variables"] {
        assert_eq!(get(&format!("{TOOLS}/{list}")).await.status, 403, "{list}");
    }
    w.sim.set_role(w.tools, w.eve, None).unwrap();
    assert_eq!(get(TOOLS).await.status, 404);
}

#[tokio::test]
async fn runners_variables_and_pull_requests_are_listed() {
    let w = World::new().await;
    w.sim.add_runner(w.tools, "builder").unwrap();
    w.sim.add_variable(w.tools, "PLACE", "here", false).unwrap();
    w.sim.add_variable(w.tools, "KEY", "hidden", true).unwrap();
    w.sim.add_pull_request(w.tools, "Better").unwrap();
    let token = w.api(&[
        "read:runner:bitbucket",
        "read:pipeline:bitbucket",
        "read:pullrequest:bitbucket",
    ]);
    let get = async |what: &str| w.get(&token, &format!("{TOOLS}/{what}")).await;
    assert_eq!(get("pipelines-config/runners").await.values("name"), ["builder"]);
    assert_eq!(
        get("pipelines_config/variables").await.values("value"),
        [json!("here"), json!(null)]
    );
    assert_eq!(get("pullrequests").await.values("title"), ["Better"]);
    assert_eq!(
        get("pipelines-config/variables").await.status,
        404,
        "mind the underscore"
    );
}

#[tokio::test]
async fn repository_data_is_limited_by_the_hour() {
    let w = World::new().await;
    let (one, other) = (w.access(&["repository"]), w.access(&["repository"]));
    w.sim.set_rate_limit(2);
    let first = w.bearer(&one, TOOLS).await;
    let stands = ["x-ratelimit-limit", "x-ratelimit-nearlimit"].map(|name| first.header(name));
    assert_eq!(stands, ["2", "false"]);
    assert_eq!(w.bearer(&one, TOOLS).await.header("x-ratelimit-nearlimit"), "true");
    let refused = w.bearer(&one, TOOLS).await;
    refused.errs(429, "Rate limit for this resource has been exceeded.");
    assert!(!refused.headers.contains_key("retry-after"));
    assert_eq!(
        w.bearer(&other, TOOLS).await.status,
        200,
        "each access token has its own"
    );
    let person = w.token(&BitbucketTokenSpec::api_token(w.ada));
    for status in [200, 200, 429] {
        let answer = w.get(&person, TOOLS).await;
        assert_eq!(answer.status, status);
        assert!(!answer.headers.contains_key("x-ratelimit-limit"), "people are not told");
    }
    assert_eq!(w.get(&person, "/user").await.status, 200, "it is no repository data");
    w.sim.clock().advance(SignedDuration::from_hours(1));
    assert_eq!(w.bearer(&one, TOOLS).await.status, 200);
    for _ in 0..60 {
        assert_eq!(send(w.request("GET", TOOLS)).await.status, 404);
    }
    assert_eq!(send(w.request("GET", TOOLS)).await.status, 429);
}
