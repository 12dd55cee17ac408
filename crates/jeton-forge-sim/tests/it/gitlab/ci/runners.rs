//! Runners are made, listed, shown and taken away by people.

use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabRunnerKind, GitLabTokenSpec};
use serde_json::{Value, json};

use super::super::World;
use super::{CREATE, form, token_of};
use crate::common::send;

#[tokio::test]
async fn a_runner_is_made_for_a_project_a_group_and_the_server() {
    let w = World::new().await;
    let ada = w.owner(&["create_runner"]);
    let made = w
        .runner(&ada, &json!({ "description": "builder", "tag_list": ["x", "y"] }))
        .await;
    assert_eq!(made["token_expires_at"], Value::Null);
    assert!(token_of(&made).starts_with("glrt-t3_") && token_of(&made).matches('.').count() == 2);
    let group = json!({ "runner_type": "group_type", "group_id": w.group() });
    let of_group = w.post(&ada, CREATE, &group).await;
    assert_eq!(of_group.status, 201);
    assert!(token_of(&of_group.json()).starts_with("glrt-t2_"));
    let instance = json!({ "runner_type": "instance_type" });
    let words = "403 Forbidden - Insufficient permissions to create runner";
    w.post(&ada, CREATE, &instance).await.refuses(403, words);
    let root = w.sim.add_admin("root").unwrap();
    let root = w.sim.add_token(&GitLabTokenSpec::personal(root)).unwrap().token;
    let of_server = w.post(&root, CREATE, &instance).await;
    assert!(token_of(&of_server.json()).starts_with("glrt-t1_"));
    let kinds: Vec<GitLabRunnerKind> = w.sim.runners().iter().map(|runner| runner.kind).collect();
    let group = GitLabRunnerKind::Group(w.group());
    assert_eq!(
        kinds,
        [GitLabRunnerKind::Project(w.tools), group, GitLabRunnerKind::Instance]
    );
    assert_eq!(w.sim.runners()[0].tags, ["x", "y"]);
    assert_eq!(w.sim.runner_of_token(token_of(&made)), made["id"].as_u64());
}

#[tokio::test]
async fn a_form_makes_one_too() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let project = w.tools.to_string();
    let pairs = [
        ("runner_type", "project_type"),
        ("project_id", &project),
        ("run_untagged", "false"),
        ("tag_list[]", "x"),
        ("tag_list[]", "y"),
    ];
    let request = form(w.request("POST", CREATE), &pairs).header("PRIVATE-TOKEN", &ada);
    assert_eq!(send(request).await.status, 201);
    let pairs = [
        ("runner_type", "project_type"),
        ("project_id", &project),
        ("tag_list", "a, b"),
    ];
    let request = form(w.request("POST", CREATE), &pairs).header("PRIVATE-TOKEN", &ada);
    assert_eq!(send(request).await.status, 201);
    let tags: Vec<Vec<String>> = w.sim.runners().into_iter().map(|runner| runner.tags).collect();
    assert_eq!(tags, [["x", "y"], ["a", "b"]]);
}

#[tokio::test]
async fn what_is_missing_or_wrong_is_named() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    for (body, error) in [
        (
            json!({}),
            "runner_type is missing, runner_type does not have a valid value",
        ),
        (
            json!({ "runner_type": "odd" }),
            "runner_type does not have a valid value",
        ),
        (json!({ "runner_type": "project_type" }), "project_id is missing"),
        (json!({ "runner_type": "group_type" }), "group_id is missing"),
        (
            json!({ "runner_type": "project_type", "project_id": "acme/tools" }),
            "project_id is invalid",
        ),
        (
            json!({ "runner_type": "project_type", "project_id": -1 }),
            "project_id is invalid",
        ),
    ] {
        w.post(&ada, CREATE, &body).await.says(400, &json!({ "error": error }));
    }
    for (key, value, error) in [
        ("access_level", json!("odd"), "access_level does not have a valid value"),
        ("paused", json!("perhaps"), "paused is invalid"),
        ("maximum_timeout", json!("long"), "maximum_timeout is invalid"),
        ("tag_list", json!([1]), "tag_list is invalid"),
    ] {
        let mut body = w.wanted();
        body[key] = value;
        w.post(&ada, CREATE, &body).await.says(400, &json!({ "error": error }));
    }
    let mut body = w.wanted();
    body["run_untagged"] = false.into();
    let answer = w.post(&ada, CREATE, &body).await;
    assert!(answer.status == 400 && answer.message().contains("Tags list can not be empty"));
    assert_eq!(w.sim.runners(), []);
}

#[tokio::test]
async fn scopes_and_roles_decide_who_makes_one() {
    let w = World::new().await;
    let read = w.personal(&["read_api", "manage_runner"]).token;
    let answer = w.post(&read, CREATE, &w.wanted()).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.json()["error"], &answer.json()["scope"]),
        (403, &json!("insufficient_scope"), &json!("api create_runner"))
    );
    let nobody = send(w.request("POST", CREATE).json(&w.wanted())).await;
    nobody.refuses(401, "401 Unauthorized");
    let words = "403 Forbidden - Insufficient permissions to create runner";
    let stranger = w.sim.add_token(&GitLabTokenSpec::personal(w.eve)).unwrap().token;
    w.post(&stranger, CREATE, &w.wanted()).await.refuses(403, words);
    let developer = w.member(AccessLevel::Developer);
    w.post(&developer, CREATE, &w.wanted()).await.refuses(403, words);
    let ada = w.personal(&["create_runner"]).token;
    let group = json!({ "runner_type": "group_type", "group_id": w.group() });
    w.post(&ada, CREATE, &group).await.refuses(403, words);
    let nowhere = json!({ "runner_type": "project_type", "project_id": w.group() });
    w.post(&ada, CREATE, &nowhere).await.refuses(403, words);
    w.sim.let_maintainers_create_runners(false);
    w.post(&ada, CREATE, &w.wanted()).await.refuses(403, words);
    w.sim.add_member(w.tools, w.ada, AccessLevel::Owner).unwrap();
    w.runner(&ada, &json!({})).await;
    let switched_off = "403 Forbidden - Runner registration is disabled";
    let kind = GitLabRunnerKind::Project(w.tools);
    w.sim.refuse_runners(kind, Some(switched_off));
    w.post(&ada, CREATE, &w.wanted()).await.refuses(403, switched_off);
    w.sim.refuse_runners(kind, None);
    w.runner(&ada, &json!({})).await;
    assert_eq!(w.sim.runners().len(), 2);
}

#[tokio::test]
async fn a_list_has_the_runners_of_the_groups_around_and_of_the_server() {
    let w = World::new().await;
    let ada = w.owner(&["read_api"]);
    let other = w.sim.add_group("other", jeton_forge_sim::Visibility::Private).unwrap();
    for kind in [
        GitLabRunnerKind::Instance,
        GitLabRunnerKind::Group(w.group()),
        GitLabRunnerKind::Group(other),
        GitLabRunnerKind::Project(w.tools),
    ] {
        w.sim.add_runner_of(kind, kind.name_for_test()).unwrap();
    }
    let seen = async |path: &str| -> Vec<Value> {
        let list = w.get(&ada, path).await.json();
        list.as_array()
            .unwrap()
            .iter()
            .map(|one| one["description"].clone())
            .collect()
    };
    assert_eq!(
        seen("/projects/acme%2Ftools/runners").await,
        ["server", "group", "project"]
    );
    assert_eq!(seen("/groups/acme/runners").await, ["server", "group"]);
    assert_eq!(
        seen("/projects/acme%2Ftools/runners?type=project_type").await,
        ["project"]
    );
    assert_eq!(
        seen("/projects/acme%2Ftools/runners?per_page=1&page=2").await,
        ["group"]
    );
    w.get(&ada, "/groups/acme/runners?type=odd")
        .await
        .says(400, &json!({ "error": "type does not have a valid value" }));
    let eve = w.member(AccessLevel::Maintainer);
    assert_eq!(w.get(&eve, "/projects/acme%2Ftools/runners").await.status, 200);
    w.get(&eve, "/groups/acme/runners").await.refuses(403, "403 Forbidden");
}

trait NameForTest {
    fn name_for_test(self) -> &'static str;
}

impl NameForTest for GitLabRunnerKind {
    fn name_for_test(self) -> &'static str {
        match self {
            Self::Instance => "server",
            Self::Group(_) => "group",
            Self::Project(_) => "project",
        }
    }
}

#[tokio::test]
async fn a_runner_is_shown_and_deleted_by_those_who_manage_it() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let made = w
        .runner(
            &ada,
            &json!({ "access_level": "ref_protected", "maximum_timeout": 600 }),
        )
        .await;
    let path = format!("/runners/{}", made["id"]);
    let shown = w.get(&ada, &path).await;
    assert!(!shown.text.contains("glrt-"));
    let shown = shown.json();
    assert_eq!(
        (&shown["status"], &shown["runner_type"]),
        (&json!("never_contacted"), &json!("project_type"))
    );
    assert_eq!(
        (&shown["access_level"], &shown["maximum_timeout"]),
        (&json!("ref_protected"), &json!(600))
    );
    assert_eq!(shown["projects"][0]["path_with_namespace"], "acme/tools");
    assert_eq!(w.verify(token_of(&made)).await, 200);
    assert_eq!(w.get(&ada, &path).await.json()["status"], "online");
    let eve = w.member(AccessLevel::Developer);
    w.get(&eve, &path)
        .await
        .refuses(403, "403 Forbidden - No access granted");
    w.call(&eve, "DELETE", &path)
        .await
        .refuses(403, "403 Forbidden - No access granted");
    let create = w.personal(&["create_runner"]).token;
    assert_eq!(
        w.call(&create, "DELETE", &path).await.json()["error"],
        "insufficient_scope"
    );
    let manage = w.personal(&["manage_runner"]).token;
    assert_eq!(w.call(&manage, "DELETE", &path).await.status, 204);
    w.get(&ada, &path).await.refuses(404, "404 Runner Not Found");
    assert_eq!(w.verify(token_of(&made)).await, 403);
}

#[tokio::test]
async fn the_answer_with_the_token_can_get_lost() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let name = "POST /api/v4/user/runners";
    let lost = FaultRule::new(FaultKind::CutBeforeAnswer).on(name).times(1);
    w.sim.faults().add(lost);
    let request = w
        .request("POST", CREATE)
        .header("PRIVATE-TOKEN", &ada)
        .json(&w.wanted());
    assert!(request.send().await.is_err());
    assert_eq!((w.sim.runners().len(), w.sim.calls().count(name)), (1, 1));
    let id = w.sim.runners()[0].id;
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).owner("acme"));
    assert_eq!(w.get(&ada, &format!("/runners/{id}")).await.status, 502);
    assert_eq!(w.get(&ada, "/groups/acme/variables").await.status, 502);
}
