//! Variables of Pipelines and deployment environments.

use jeton_forge_sim::{BitbucketCiScope, FaultKind, FaultRule};
use serde_json::{Value, json};

use super::super::World;
use super::escaped;
use crate::common::{client, send};

const VARIABLES: &str = "/repositories/acme/tools/pipelines_config/variables";
const OF_WORKSPACE: &str = "/workspaces/acme/pipelines-config/variables";
const SCOPES: &[&str] = &["admin:pipeline:bitbucket", "read:pipeline:bitbucket"];

impl World {
    /// Each path, its scope, and whether one variable can be asked for.
    fn places(&self) -> [(String, BitbucketCiScope, bool); 3] {
        let repository = self.tools;
        let uuid = self
            .sim
            .add_environment(repository, "Production", "Production")
            .unwrap();
        let environment = format!(
            "/repositories/acme/tools/deployments_config/environments/{}/variables",
            escaped(&json!(uuid))
        );
        let of_environment = BitbucketCiScope::Environment { repository, uuid };
        [
            (VARIABLES.to_owned(), BitbucketCiScope::Repository(repository), true),
            (
                OF_WORKSPACE.to_owned(),
                BitbucketCiScope::Workspace("acme".to_owned()),
                true,
            ),
            (environment, of_environment, false),
        ]
    }
}

#[tokio::test]
async fn a_variable_lives_through_all_its_verbs_in_all_three_places() {
    let w = World::new().await;
    let ada = w.api(SCOPES);
    for (path, scope, shown) in w.places() {
        let body = json!({ "key": "DEPLOY", "value": "plain", "secured": false });
        let answer = w.ask(&ada, "POST", &path, &body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let made = answer.json();
        assert_eq!((&made["value"], &made["secured"]), (&json!("plain"), &json!(false)));
        let one = format!("{path}/{}", escaped(&made["uuid"]));
        assert_eq!(answer.header("location"), format!("{}{one}", w.sim.api_url()));
        let found = w.get(&ada, &one).await;
        assert_eq!(found.status, if shown { 200 } else { 404 });
        let secured = json!({ "key": "DEPLOY", "value": "seen-nowhere", "secured": true });
        let changed = w.ask(&ada, "PUT", &one, &secured).await;
        assert_eq!((changed.status.as_u16(), &changed.json()["uuid"]), (200, &made["uuid"]));
        let listed = w.get(&ada, &path).await;
        assert_eq!(listed.values("key"), ["DEPLOY"]);
        for answer in [&changed, &listed, &w.get(&ada, &one).await] {
            assert!(!answer.text.contains("seen-nowhere"));
        }
        assert_eq!(w.sim.variable_value(&scope, "DEPLOY").as_deref(), Some("seen-nowhere"));
        assert!(!format!("{:?}", w.sim.variables(&scope)).contains("seen-nowhere"));
        assert_eq!(w.ask(&ada, "DELETE", &one, &Value::Null).await.status, 204);
        w.ask(&ada, "DELETE", &one, &Value::Null)
            .await
            .errs(404, "Variable not found");
        w.ask(&ada, "PUT", &one, &secured).await.errs(404, "Variable not found");
        assert_eq!(w.sim.variables(&scope), []);
    }
}

#[tokio::test]
async fn a_key_is_used_once_in_each_place() {
    let w = World::new().await;
    let ada = w.api(SCOPES);
    let taken = "A variable with this key already exists";
    for (path, ..) in w.places() {
        let body = |key: &str| json!({ "key": key, "value": "v" });
        for key in ["K", "k", "_1"] {
            assert_eq!(w.ask(&ada, "POST", &path, &body(key)).await.status, 201);
        }
        w.ask(&ada, "POST", &path, &body("K")).await.errs(409, taken);
        let last = w.get(&ada, &path).await.values("uuid").remove(2);
        let last = format!("{path}/{}", escaped(&last));
        w.ask(&ada, "PUT", &last, &body("K")).await.errs(409, taken);
        for key in ["", "1K", "A-B", "A B", "A.B", "ключ"] {
            w.ask(&ada, "POST", &path, &body(key)).await.errs(400, "Invalid key");
            w.ask(&ada, "PUT", &last, &body(key)).await.errs(400, "Invalid key");
        }
        for (body, words) in [
            (json!({ "value": "v" }), "key is required"),
            (json!({ "key": "N" }), "value is required"),
            (json!({ "key": "N", "value": 1 }), "Invalid value"),
            (json!({ "key": "N", "value": "v", "secured": "yes" }), "Invalid secured"),
            (json!("N"), "The request body is not a JSON object"),
        ] {
            w.ask(&ada, "POST", &path, &body).await.errs(400, words);
        }
        assert_eq!(w.get(&ada, &path).await.values("key"), ["K", "k", "_1"]);
    }
}

#[tokio::test]
async fn a_secured_value_cannot_be_unsecured() {
    let w = World::new().await;
    let ada = w.api(SCOPES);
    let scope = BitbucketCiScope::Repository(w.tools);
    let uuid = w.sim.put_variable(&scope, "K", "seen-nowhere", true).unwrap();
    let one = format!("{VARIABLES}/{}", escaped(&json!(uuid)));
    let answer = w.ask(&ada, "PUT", &one, &json!({ "secured": false })).await;
    assert_eq!(answer.status, 400);
    let renamed = w.ask(&ada, "PUT", &one, &json!({ "key": "L" })).await.json();
    assert_eq!((&renamed["secured"], renamed.get("value")), (&json!(true), None));
    assert_eq!(w.sim.variable_value(&scope, "L").as_deref(), Some("seen-nowhere"));
    let opened = json!({ "secured": false, "value": "for-all" });
    assert_eq!(w.ask(&ada, "PUT", &one, &opened).await.json()["value"], "for-all");
}

#[tokio::test]
async fn scopes_and_places_are_told_apart() {
    let w = World::new().await;
    let body = json!({ "key": "K", "value": "v" });
    let read = w.api(&["read:pipeline:bitbucket"]);
    let answer = w.ask(&read, "POST", VARIABLES, &body).await;
    answer.lacks(&["admin:pipeline:bitbucket"], &["read:pipeline:bitbucket"]);
    let admin = w.api(&["admin:pipeline:bitbucket"]);
    let answer = w.get(&admin, VARIABLES).await;
    answer.lacks(&["read:pipeline:bitbucket"], &["admin:pipeline:bitbucket"]);
    let post = async |token: &str, path: &str| {
        let request = w.request("POST", path).bearer_auth(token).json(&body);
        send(request).await
    };
    let pipeline = w.access(&["pipeline"]);
    post(&pipeline, VARIABLES)
        .await
        .lacks(&["pipeline:variable"], &["pipeline"]);
    let variable = w.access(&["pipeline:variable"]);
    assert_eq!(post(&variable, VARIABLES).await.status, 201);
    assert_eq!(post(&variable, OF_WORKSPACE).await.status, 403);
    for odd in [
        "/repositories/acme/tools/pipelines-config/variables",
        "/workspaces/acme/pipelines_config/variables",
        "/repositories/acme/tools/deployments-config/environments/%7Bx%7D/variables",
    ] {
        assert_eq!(post(&variable, odd).await.status, 404, "{odd}");
    }
    let nowhere = "/repositories/acme/tools/deployments_config/environments/%7Bx%7D/variables";
    post(&variable, nowhere).await.errs(404, "Environment not found");
}

#[tokio::test]
async fn environments_are_listed_in_pages() {
    let w = World::new().await;
    let ada = w.api(&["read:pipeline:bitbucket"]);
    let other = w.sim.add_repository("acme", "other", true).unwrap();
    let uuid = w.sim.add_environment(w.tools, "Live Site", "Production").unwrap();
    w.sim.add_environment(w.tools, "Test", "Test").unwrap();
    w.sim.add_environment(other, "Test", "Test").unwrap();
    assert!(w.sim.add_environment(w.tools, "Test", "Staging").is_err());
    assert!(w.sim.add_environment(w.tools, "Odd", "Odd").is_err());
    assert!(w.sim.add_environment(7, "Test", "Test").is_err());
    let path = "/repositories/acme/tools/environments?pagelen=1";
    let first = w.get(&ada, path).await.json();
    let environment = &first["values"][0];
    assert_eq!(
        (&environment["uuid"], &environment["slug"]),
        (&json!(uuid), &json!("live-site"))
    );
    assert_eq!(environment["environment_type"]["name"], "Production");
    let next = client().get(first["next"].as_str().unwrap());
    let second = send(next.basic_auth(super::EMAIL, Some(&ada))).await;
    assert_eq!(
        (second.values("name"), second.json().get("next")),
        (vec![json!("Test")], None)
    );
}

#[tokio::test]
async fn the_answer_to_a_new_variable_can_get_lost() {
    let w = World::new().await;
    let ada = w.api(SCOPES);
    let name = "POST /2.0/workspaces/{workspace}/pipelines-config/variables";
    let lost = FaultRule::new(FaultKind::CutBeforeAnswer).on(name).times(1);
    w.sim.faults().add(lost);
    let body = json!({ "key": "K", "value": "v" });
    assert!(w.asked(&ada, "POST", OF_WORKSPACE, &body).send().await.is_err());
    assert_eq!(w.get(&ada, OF_WORKSPACE).await.values("key"), ["K"]);
    assert_eq!(w.sim.calls().count(name), 1);
}
