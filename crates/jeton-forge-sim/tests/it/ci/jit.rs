//! Runners that are configured before they start.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::REPO_RUNNERS;
use crate::common::World;

fn config() -> String {
    format!("{REPO_RUNNERS}/generate-jitconfig")
}

#[tokio::test]
async fn a_configuration_comes_with_its_runner() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    let body = json!({ "name": "one", "runner_group_id": 1, "labels": ["self-hosted", "gpu"] });
    let made = w.post(&token.token, &config(), &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let json = made.json();
    let runner = &json["runner"];
    assert_eq!(runner["name"], "one");
    assert_eq!(
        (&runner["os"], &runner["status"], &runner["busy"]),
        (&json!("unknown"), &json!("offline"), &json!(false))
    );
    let labels = runner["labels"].as_array().unwrap().iter();
    let labels: Vec<_> = labels
        .map(|label| (label["name"].clone(), label["type"].clone()))
        .collect();
    assert_eq!(
        labels,
        [
            (json!("self-hosted"), json!("read-only")),
            (json!("gpu"), json!("custom")),
        ]
    );
    let decoded = STANDARD.decode(json["encoded_jit_config"].as_str().unwrap()).unwrap();
    let files: Value = serde_json::from_slice(&decoded).unwrap();
    let file = STANDARD.decode(files[".runner"].as_str().unwrap()).unwrap();
    let file: Value = serde_json::from_slice(&file).unwrap();
    assert_eq!(
        (&file["AgentName"], &file["WorkFolder"]),
        (&json!("one"), &json!("_work"))
    );
    let listed = w.get(&token, REPO_RUNNERS).await.json();
    assert_eq!(listed["runners"][0], *runner);
    assert_eq!(made.header("x-ratelimit-resource"), "core");
}

#[tokio::test]
async fn a_name_is_given_once_in_each_place() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let body = json!({ "name": "one", "runner_group_id": 1, "labels": ["x"] });
    assert_eq!(w.post(&token, &config(), &body).await.status, 201);
    let again = json!({ "name": "ONE", "runner_group_id": 1, "labels": ["x"] });
    w.post(&token, &config(), &again)
        .await
        .is(409, "Already exists - A runner with the name *** already exists.");
    let elsewhere = "/repos/acme/docs/actions/runners/generate-jitconfig";
    assert_eq!(w.post(&token, elsewhere, &body).await.status, 201);
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]).token;
    let refused = async |body: Value, detail: &str| {
        let answer = w.post(&token, &config(), &body).await;
        answer.is(422, &format!("Invalid request.\n\n{detail}"));
    };
    refused(json!({}), "\"name\", \"runner_group_id\", \"labels\" weren't supplied.").await;
    refused(
        json!({ "name": "one", "runner_group_id": 1 }),
        "\"labels\" wasn't supplied.",
    )
    .await;
    let with = |labels: Value| json!({ "name": "one", "runner_group_id": 1, "labels": labels });
    for labels in [json!([]), json!(vec!["x"; 101]), json!("x"), json!([1]), json!([""])] {
        let answer = w.post(&token, &config(), &with(labels)).await;
        assert_eq!(answer.status, 422, "{}", answer.text);
        assert!(answer.message().contains("properties/labels"));
    }
    assert_eq!(
        w.post(&token, &config(), &with(json!(vec!["x"; 100]))).await.status,
        201
    );
    let other_group = json!({ "name": "two", "runner_group_id": 2, "labels": ["x"] });
    w.post(&token, &config(), &other_group).await.is(404, "Not Found");
    let no_json = w.request("POST", &config()).bearer_auth(&token).body("{");
    crate::common::send(no_json).await.is(400, "Problems parsing JSON");
    w.post(&token, &config(), &json!([1]))
        .await
        .is(400, "Body should be a JSON object");
    assert_eq!(w.sim.github().runners(), ["repos/acme/tools/one"]);
}
