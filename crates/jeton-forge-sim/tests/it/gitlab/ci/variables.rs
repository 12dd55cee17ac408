//! CI/CD variables of projects and groups.

use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabVariable};
use serde_json::{Value, json};

use super::super::World;
use crate::common::send;

const VARIABLES: &str = "/projects/acme%2Ftools/variables";

fn invalid(field: &str, reason: &str) -> Value {
    json!({ "message": { field: [reason] } })
}

#[tokio::test]
async fn a_variable_lives_through_all_its_verbs() {
    let w = World::new().await;
    let ada = w.owner(&["api"]);
    for (path, space) in [(VARIABLES, w.tools), ("/groups/acme/variables", w.group())] {
        let body = json!({
            "key": "DEPLOY", "value": "one two", "protected": true, "raw": true, "variable_type": "file",
            "environment_scope": "review/*", "description": "words",
        });
        let expected = json!({
            "key": "DEPLOY", "value": "one two", "protected": true, "raw": true, "variable_type": "file",
            "environment_scope": "review/*", "description": "words", "masked": false, "hidden": false,
        });
        w.post(&ada, path, &body).await.says(201, &expected);
        let one = format!("{path}/DEPLOY");
        w.get(&ada, &one).await.says(200, &expected);
        assert_eq!(w.get(&ada, path).await.json(), json!([expected]));
        let changed = w
            .put(&ada, &one, &json!({ "value": "", "protected": false }))
            .await
            .json();
        assert_eq!(
            (&changed["value"], &changed["protected"], &changed["variable_type"]),
            (&json!(""), &json!(false), &json!("file"))
        );
        assert_eq!(w.sim.variable_value(space, "DEPLOY", "review/*").as_deref(), Some(""));
        assert_eq!(w.call(&ada, "DELETE", &one).await.status, 204);
        for method in ["GET", "DELETE", "PUT"] {
            let answer = w.call(&ada, method, &one).await;
            answer.refuses(404, "404 Variable Not Found");
        }
        assert_eq!(w.sim.variables(space), []);
    }
}

#[tokio::test]
async fn keys_and_values_have_rules() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let (long, too_long) = ("k".repeat(255), "k".repeat(256));
    let (much, too_much) = ("é".repeat(10_000), "v".repeat(10_001));
    let letters = "can contain only letters, digits and '_'.";
    for (key, value, answer) in [
        ("a-b", "v", invalid("key", letters)),
        ("a b", "v", invalid("key", letters)),
        ("ключ", "v", invalid("key", letters)),
        ("", "v", invalid("key", "can't be blank")),
        (
            &too_long,
            "v",
            invalid("key", "is too long (maximum is 255 characters)"),
        ),
        (
            "K",
            &too_much,
            invalid("value", "is too long (maximum is 10000 characters)"),
        ),
    ] {
        let body = json!({ "key": key, "value": value });
        w.post(&ada, VARIABLES, &body).await.says(400, &answer);
    }
    for (body, error) in [
        (json!({ "value": "v" }), "key is missing"),
        (json!({ "key": "K" }), "value is missing"),
        (json!({ "key": "K", "value": null }), "value is missing"),
        (json!({ "key": "K", "value": ["v"] }), "value is invalid"),
        (
            json!({ "key": "K", "value": "v", "masked": "odd" }),
            "masked is invalid",
        ),
        (
            json!({ "key": "K", "value": "v", "variable_type": "odd" }),
            "variable_type does not have a valid value",
        ),
        (json!([]), "body is invalid"),
    ] {
        w.post(&ada, VARIABLES, &body)
            .await
            .says(400, &json!({ "error": error }));
    }
    for (key, value) in [(&long[..], "v"), ("1st", &much[..]), ("EMPTY", "")] {
        let body = json!({ "key": key, "value": value });
        assert_eq!(w.post(&ada, VARIABLES, &body).await.status, 201, "{key}");
    }
    assert_eq!(w.sim.variables(w.tools).len(), 3);
}

#[tokio::test]
async fn only_some_values_can_be_masked() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let post = async |value: &str, raw: bool, how: &str| {
        let body = json!({ "key": "K", "value": value, "raw": raw, how: true });
        let answer = w.post(&ada, VARIABLES, &body).await;
        if answer.status == 201 {
            w.call(&ada, "DELETE", &format!("{VARIABLES}/K")).await;
        } else {
            answer.says(400, &invalid("value", "is invalid"));
        }
        answer.status == 201
    };
    for (value, plain, raw) in [
        ("aZ09_+=/@:.~-", true, true),
        ("1234567", false, false),
        ("12345678", true, true),
        ("with space", false, false),
        ("two\nlines", false, false),
        ("$dollar-sign", false, true),
        ("quote'quote", false, true),
        ("", false, false),
    ] {
        for how in ["masked", "masked_and_hidden"] {
            let got = (post(value, false, how).await, post(value, true, how).await);
            assert_eq!(got, (plain, raw), "{value:?} {how}");
        }
    }
    let body = json!({ "key": "K", "value": "short" });
    assert_eq!(w.post(&ada, VARIABLES, &body).await.status, 201);
    let one = format!("{VARIABLES}/K");
    let masked = w.put(&ada, &one, &json!({ "masked": true })).await;
    masked.says(400, &invalid("value", "is invalid"));
    let masked = w
        .put(
            &ada,
            &one,
            &json!({ "masked": true, "value": "long enough".replace(' ', "-") }),
        )
        .await;
    assert_eq!((masked.status.as_u16(), &masked.json()["masked"]), (200, &json!(true)));
}

#[tokio::test]
async fn a_hidden_value_never_comes_back() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let body = json!({ "key": "K", "value": "first-value", "masked_and_hidden": true });
    let made = w.post(&ada, VARIABLES, &body).await;
    assert_eq!(made.status, 201);
    let one = format!("{VARIABLES}/K");
    for answer in [
        made,
        w.get(&ada, &one).await,
        w.put(&ada, &one, &json!({ "value": "second-value" })).await,
    ] {
        let shown = answer.json();
        assert_eq!(
            (&shown["value"], &shown["hidden"], &shown["masked"]),
            (&Value::Null, &json!(true), &json!(true))
        );
    }
    assert!(!w.get(&ada, VARIABLES).await.text.contains("second-value"));
    assert_eq!(w.sim.variable_value(w.tools, "K", "*").as_deref(), Some("second-value"));
    assert_eq!(w.put(&ada, &one, &json!({ "masked": false })).await.status, 400);
    // What is only said when a variable is made is passed over later.
    let plain = json!({ "key": "P", "value": "third-value" });
    w.post(&ada, VARIABLES, &plain).await;
    let changed = w
        .put(&ada, &format!("{VARIABLES}/P"), &json!({ "masked_and_hidden": true }))
        .await;
    assert_eq!(
        (&changed.json()["hidden"], &changed.json()["value"]),
        (&json!(false), &json!("third-value"))
    );
    assert!(!format!("{:?}", w.sim.variables(w.tools)).contains("third-value"));
}

#[tokio::test]
async fn one_key_has_a_value_for_each_environment_scope() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let body = |scope: &str| json!({ "key": "K", "value": scope, "environment_scope": scope });
    for scope in ["*", "production"] {
        assert_eq!(w.post(&ada, VARIABLES, &body(scope)).await.status, 201);
    }
    let taken = invalid("key", "(K) has already been taken");
    w.post(&ada, VARIABLES, &body("production")).await.says(400, &taken);
    let one = format!("{VARIABLES}/K");
    let words = "There are multiple variables with provided parameters. Please use 'filter[environment_scope]'";
    for method in ["GET", "PUT", "DELETE"] {
        w.call(&ada, method, &one).await.refuses(409, words);
    }
    let filtered = format!("{one}?filter%5Benvironment_scope%5D=production");
    assert_eq!(w.get(&ada, &filtered).await.json()["value"], "production");
    let nested = json!({ "value": "new", "filter": { "environment_scope": "*" } });
    assert_eq!(w.put(&ada, &one, &nested).await.json()["environment_scope"], "*");
    let clash = json!({ "environment_scope": "*" });
    w.put(&ada, &filtered, &clash).await.says(400, &taken);
    let other = format!("{one}?filter[environment_scope]=staging");
    w.get(&ada, &other).await.refuses(404, "404 Variable Not Found");
    assert_eq!(w.call(&ada, "DELETE", &filtered).await.status, 204);
    assert_eq!(w.sim.variable_value(w.tools, "K", "*").as_deref(), Some("new"));
    assert_eq!(w.sim.variable_value(w.tools, "K", "production"), None);
}

#[tokio::test]
async fn maintainers_have_a_projects_and_owners_a_groups() {
    let w = World::new().await;
    let body = json!({ "key": "K", "value": "v" });
    let read = w.personal(&["read_api"]).token;
    assert_eq!(w.get(&read, VARIABLES).await.status, 200);
    assert_eq!(w.post(&read, VARIABLES, &body).await.json()["scope"], "api");
    send(w.request("POST", VARIABLES).json(&body))
        .await
        .refuses(401, "401 Unauthorized");
    let ada = w.personal(&["api"]).token;
    w.post(&ada, "/groups/acme/variables", &body)
        .await
        .refuses(403, "403 Forbidden");
    let eve = w.member(AccessLevel::Developer);
    w.post(&eve, VARIABLES, &body).await.refuses(403, "403 Forbidden");
    w.sim.remove_member(w.tools, w.eve).unwrap();
    w.post(&eve, VARIABLES, &body)
        .await
        .refuses(404, "404 Project Not Found");
    w.post(&eve, "/groups/acme/variables", &body)
        .await
        .refuses(404, "404 Group Not Found");
    assert_eq!(
        w.post(&w.owner(&["api"]), "/groups/acme/variables", &body).await.status,
        201
    );
    let group = w.get(&ada, "/groups/acme").await.json();
    assert_eq!((&group["id"], &group["full_path"]), (&json!(w.group()), &json!("acme")));
}

#[tokio::test]
async fn the_answer_to_a_new_variable_can_get_lost() {
    let w = World::new().await;
    let ada = w.personal(&["api"]).token;
    let name = "POST /api/v4/projects/{id}/variables";
    let lost = FaultRule::new(FaultKind::CutBeforeAnswer).on(name).times(1);
    w.sim.faults().add(lost);
    let body = json!({ "key": "K", "value": "v" });
    let request = w.request("POST", VARIABLES).header("PRIVATE-TOKEN", &ada).json(&body);
    assert!(request.send().await.is_err());
    assert_eq!(w.sim.variables(w.tools), [GitLabVariable::new("K", "v")]);
    let taken = invalid("key", "(K) has already been taken");
    w.post(&ada, VARIABLES, &body).await.says(400, &taken);
    assert_eq!(w.sim.calls().count(name), 2);
}
