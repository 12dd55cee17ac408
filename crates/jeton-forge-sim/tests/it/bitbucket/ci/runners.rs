//! Runners of repositories and workspaces.

use jeton_forge_sim::{BitbucketCiScope, BitbucketRole, BitbucketTokenSpec, FaultKind, FaultRule};
use serde_json::{Value, json};

use super::super::World;
use super::escaped;
use crate::common::send;

const RUNNERS: &str = "/repositories/acme/tools/pipelines-config/runners";
const OF_WORKSPACE: &str = "/workspaces/acme/pipelines-config/runners";
const SCOPES: &[&str] = &["write:runner:bitbucket", "read:runner:bitbucket"];

fn wanted(name: &str) -> Value {
    json!({ "name": name, "labels": ["self.hosted", "linux"] })
}

#[tokio::test]
async fn a_runner_lives_through_all_its_verbs() {
    let w = World::new().await;
    let ada = w.api(SCOPES);
    for path in [RUNNERS, OF_WORKSPACE] {
        let answer = w.ask(&ada, "POST", path, &wanted("builder")).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let made = answer.json();
        assert_eq!(
            (&made["name"], &made["labels"]),
            (&json!("builder"), &wanted("")["labels"])
        );
        assert_eq!(made["state"]["status"], "UNREGISTERED");
        let secret = made["oauth_client"]["secret"].as_str().unwrap();
        assert_eq!(w.sim.runner_of_secret(secret).as_deref(), made["uuid"].as_str());
        for member in ["id", "token_endpoint", "audience"] {
            assert!(made["oauth_client"][member].is_string(), "{member}");
        }
        let one = format!("{path}/{}", escaped(&made["uuid"]));
        let changed = json!({ "name": "other", "labels": ["self.hosted", "windows"] });
        let changed = w.ask(&ada, "PUT", &one, &changed).await;
        let (shown, listed) = (w.get(&ada, &one).await, w.get(&ada, path).await);
        assert_eq!(
            (&changed.json(), &listed.json()["values"][0]),
            (&shown.json(), &shown.json())
        );
        assert_eq!(
            (&shown.json()["name"], &shown.json()["labels"][1]),
            (&json!("other"), &json!("windows"))
        );
        assert_eq!(shown.json()["oauth_client"]["id"], made["oauth_client"]["id"]);
        assert!(
            [&changed, &shown, &listed]
                .iter()
                .all(|answer| !answer.text.contains("secret"))
        );
        assert_eq!(w.ask(&ada, "DELETE", &one, &Value::Null).await.status, 204);
        w.get(&ada, &one).await.errs(404, "Runner not found");
        assert_eq!(w.sim.runner_of_secret(secret), None);
    }
}

#[tokio::test]
async fn bodies_names_and_the_number_of_runners_have_rules() {
    let w = World::new().await;
    let ada = w.api(SCOPES);
    for (body, words) in [
        (json!([]), "The request body is not a JSON object"),
        (json!({ "labels": ["self.hosted"] }), "name is required"),
        (json!({ "name": "a" }), "labels is required"),
        (json!({ "name": 1, "labels": ["self.hosted"] }), "Invalid name"),
        (json!({ "name": " ", "labels": ["self.hosted"] }), "Invalid name"),
        (json!({ "name": "a", "labels": "self.hosted" }), "Invalid labels"),
        (json!({ "name": "a", "labels": [1] }), "Invalid labels"),
        (
            json!({ "name": "a", "labels": ["linux"] }),
            "labels must contain self.hosted",
        ),
    ] {
        w.ask(&ada, "POST", RUNNERS, &body).await.errs(400, words);
    }
    w.sim.set_runner_limit(2);
    for name in ["a", "b"] {
        assert_eq!(w.ask(&ada, "POST", RUNNERS, &wanted(name)).await.status, 200);
    }
    let taken = "A runner with this name already exists";
    w.ask(&ada, "POST", RUNNERS, &wanted("a")).await.errs(409, taken);
    let full = "The maximum number of runners has been reached";
    w.ask(&ada, "POST", RUNNERS, &wanted("c")).await.errs(400, full);
    assert_eq!(w.ask(&ada, "POST", OF_WORKSPACE, &wanted("a")).await.status, 200);
    let second = w.get(&ada, RUNNERS).await.values("uuid").remove(1);
    let second = format!("{RUNNERS}/{}", escaped(&second));
    w.ask(&ada, "PUT", &second, &wanted("a")).await.errs(409, taken);
    assert_eq!(w.ask(&ada, "PUT", &second, &wanted("b")).await.status, 200);
    let page = w.get(&ada, &format!("{RUNNERS}?pagelen=1")).await.json();
    assert!(page["next"].as_str().unwrap().contains("page=2"));
}

#[tokio::test]
async fn scopes_and_roles_decide() {
    let w = World::new().await;
    let write = w.api(&["write:runner:bitbucket"]);
    w.ask(&write, "POST", RUNNERS, &wanted("a"))
        .await
        .lacks(SCOPES, &["write:runner:bitbucket"]);
    let classic = async |spec: BitbucketTokenSpec, path: &str| {
        let token = w.token(&spec);
        let request = w.request("POST", path).bearer_auth(token).json(&wanted("x"));
        send(request).await
    };
    let of_repository = || BitbucketTokenSpec::repository_token(w.tools);
    classic(of_repository().scopes(["runner"]), RUNNERS)
        .await
        .lacks(&["runner:write"], &["runner"]);
    let made = classic(of_repository().scopes(["runner:write"]), RUNNERS).await;
    assert_eq!(made.status, 200, "{}", made.text);
    let may_not = "Your access level does not allow this.";
    classic(of_repository().scopes(["runner:write"]), OF_WORKSPACE)
        .await
        .errs(403, may_not);
    let of_workspace = BitbucketTokenSpec::workspace_token("acme").scopes(["runner:write"]);
    assert_eq!(classic(of_workspace, OF_WORKSPACE).await.status, 200);
    let oauth = || BitbucketTokenSpec::oauth(w.eve).scopes(["runner:write"]);
    classic(oauth(), OF_WORKSPACE).await.errs(404, "Workspace not found");
    assert_eq!(classic(oauth(), RUNNERS).await.status, 404);
    w.sim.add_member("acme", w.eve, false).unwrap();
    w.sim.set_role(w.tools, w.eve, Some(BitbucketRole::Write)).unwrap();
    classic(oauth(), OF_WORKSPACE).await.errs(403, may_not);
    classic(oauth(), RUNNERS).await.errs(403, may_not);
    send(w.request("POST", OF_WORKSPACE).json(&wanted("x")))
        .await
        .errs(401, "Authentication required.");
    assert_eq!(w.sim.runners().len(), 2);
    assert_eq!(w.sim.runners()[0].scope, BitbucketCiScope::Workspace("acme".to_owned()));
}

#[tokio::test]
async fn the_answer_with_the_secret_can_get_lost() {
    let w = World::new().await;
    let ada = w.api(SCOPES);
    let name = "POST /2.0/repositories/{workspace}/{repo_slug}/pipelines-config/runners";
    let lost = FaultRule::new(FaultKind::CutBeforeAnswer).on(name).times(1);
    w.sim.faults().add(lost);
    assert!(w.asked(&ada, "POST", RUNNERS, &wanted("a")).send().await.is_err());
    assert_eq!((w.sim.runners().len(), w.sim.calls().count(name)), (1, 1));
    let again = w.ask(&ada, "POST", RUNNERS, &wanted("a")).await;
    again.errs(409, "A runner with this name already exists");
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).owner("acme"));
    assert_eq!(w.ask(&ada, "POST", OF_WORKSPACE, &wanted("a")).await.status, 502);
}
