//! Runners and secrets of CI over HTTP: what a caller sends, what comes back, and what never does.

use jeton_forge_sim::{PersonalTokenSpec, SecretScope};
use jeton_testkit::{Answer, both_databases};
use serde_json::{Value, json};

use crate::{
    account_world::{Forge, World, refused, text, with},
    record_over_http::by_operator,
};

const TOKENS: &str = "/v1/runners/registration-token";

async fn put(w: &World, body: Value) -> Answer {
    by_operator(&w.t, "PUT", "/v1/forge-secrets", Some(body)).await
}

fn secret(w: &World, more: &Value) -> Value {
    let body = json!({"forge": w.host(Forge::GitHub), "repository": "acme/tools", "name": "DEPLOY_TOKEN"});
    with(body, more)
}

/// Stores an account whose token can do nothing with runners.
async fn weak(w: &World, label: &str) {
    let token = w.at_github(PersonalTokenSpec::classic(["read:user"])).token;
    w.t.account(label, w.given(Forge::GitHub, &token)).await;
}

both_databases! {
    async fn a_token_for_runners_is_given_and_kept_by_no_cache(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        let place = json!({"forge": w.host(Forge::GitHub), "repository": "acme/tools"});
        let first = w.t.post(TOKENS, place.clone()).await;
        assert_eq!(first.status, 201, "{}", first.text);
        assert_eq!(first.header("cache-control"), "no-store");
        let body = first.json();
        assert_eq!((text(&body["token_kind"]), text(&body["source"])), ("registration", "account:work"), "{}", first.text);
        assert_eq!((text(&body["scope"]), text(&body["path"])), ("repository", "acme/tools"));
        assert!(text(&body["url"]).ends_with("/acme/tools") && body["runner"].is_null(), "{}", first.text);
        let again = w.t.post(TOKENS, json!({"forge": w.host(Forge::GitHub), "owner": "acme", "repository": "tools"})).await;
        assert_eq!(again.json()["token"], body["token"], "others have the same while it lives long enough");
        let removal = w.t.post("/v1/runners/remove-token", place.clone()).await;
        assert_eq!((removal.status, removal.json()["token_kind"].take()), (201, json!("removal")), "{}", removal.text);
        let job = with(place, &json!({"name": "job-1", "labels": ["linux"]}));
        let job = w.t.post("/v1/runners/jit-config", job).await;
        assert_eq!((job.status, job.header("cache-control")), (201, "no-store"), "{}", job.text);
        assert!(!text(&job.json()["encoded_jit_config"]).is_empty() && job.json()["runner_id"].is_u64(), "{}", job.text);
    }

    async fn what_is_no_place_is_refused_before_anybody_is_asked(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        w.calls(Forge::GitHub).reset();
        for (body, words) in [
            (json!({}), "nothing says for what"),
            (json!({"repository": "a/b", "organization": "a"}), "several things"),
            (json!({"forge": "github", "group": "a"}), "a word of GitLab"),
            (json!({"repo": "a/b"}), "unknown field \"repo\", expected one of"),
            (json!({"repository": 7}), "repository: invalid type"),
            (json!({"repository": "a/b", "fresh": "yes"}), "fresh: invalid type"),
        ] {
            let answer = w.t.post(TOKENS, body.clone()).await;
            refused(&answer, 400, "request.invalid");
            assert!(text(&answer.json()["detail"]).contains(words), "{body}: {}", answer.text);
        }
        for bad in ["acme/..", "acme", "acme/a/b", "../x", "acme/a\u{0}b"] {
            let answer = w.t.post(TOKENS, json!({"forge": w.host(Forge::GitHub), "repository": bad})).await;
            assert_eq!(answer.status, 400, "{bad:?}: {}", answer.text);
        }
        assert_eq!(w.calls(Forge::GitHub).total(), 0);
        refused(&by_operator(&w.t, "DELETE", "/v1/runners/no-id", None).await, 404, "runner.not_found");
        assert_eq!(w.t.get("/v1/runners").await.json(), json!({"runners": []}));
        assert_eq!(w.t.get("/v1/runners?cursor=x").await.status, 400);
    }

    async fn a_refusal_names_every_source_that_was_tried(t: TestJeton) {
        let w = World::around(t).await;
        weak(&w, "one").await;
        weak(&w, "two").await;
        let place = json!({"forge": w.host(Forge::GitHub), "repository": "acme/tools"});
        let answer = w.t.post(TOKENS, place.clone()).await;
        assert!((400..500).contains(&answer.status), "{}", answer.text);
        let problem = answer.json();
        let tried: Vec<&str> = problem["tried"].as_array().unwrap().iter().map(|one| text(&one["source"])).collect();
        assert!(tried.contains(&"account:one") && tried.contains(&"account:two"), "{}", answer.text);
        let weak = problem["tried"].as_array().unwrap().iter().find(|one| one["source"] == "account:one").unwrap();
        assert!(text(&weak["diagnosis"]["remedy"]).contains("`repo`"), "the least scope that would do: {}", answer.text);
        assert_eq!(weak["evidence"][0]["status"], 404, "{}", answer.text);
        let alone = w.t.post(TOKENS, with(place.clone(), &json!({"account": "one"}))).await;
        assert!(alone.json()["tried"].is_null(), "{}", alone.text);
        assert!(alone.json()["forge_message"].is_string(), "{}", alone.text);

        w.calls(Forge::GitHub).reset();
        let found = w.t.post("/v1/runners/examine", place).await;
        assert_eq!((found.status, found.json()["fit"].take()), (200, json!("no")), "{}", found.text);
        let routes = w.calls(Forge::GitHub).all();
        assert!(routes.keys().all(|route| route.starts_with("GET ")), "{routes:?}");
    }

    async fn a_secret_is_pushed_and_in_no_answer(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        let value = ["hush-", "4711"].concat();
        let first = put(&w, secret(&w, &json!({"value": value}))).await;
        assert_eq!(first.status, 201, "{}", first.text);
        let again = put(&w, secret(&w, &json!({"value": value}))).await;
        assert_eq!(again.status, 200, "{}", again.text);
        for answer in [&first, &again] {
            assert_eq!(answer.header("cache-control"), "no-store");
            assert!(!answer.text.contains(&value) && answer.json()["fingerprint"].is_null(), "{}", answer.text);
        }
        let at = SecretScope::repository("acme", "tools");
        assert_eq!(w.t.sim.github().secret_value(&at, "DEPLOY_TOKEN").unwrap(), value.as_bytes());

        let of_account = put(&w, secret(&w, &json!({"account_token": "work"}))).await;
        assert_eq!(of_account.json()["fingerprint"], w.show("work").await["fingerprint"], "{}", of_account.text);
    }

    async fn what_is_no_secret_is_refused_without_repeating_it(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        for (more, code) in [
            (json!({"value": 471_147_114_711_u64}), "request.invalid"),
            (json!({"value": ["471147114711"]}), "request.invalid"),
            (json!({"value": "471147114711", "account_token": "work"}), "request.invalid"),
            (json!({}), "request.invalid"),
            (json!({"value": "471147114711", "name": "MY-TOKEN"}), "secret.invalid_name"),
            (json!({"value": ""}), "secret.empty"),
            (json!({"value": "471147114711", "family": "agents"}), "secret.invalid"),
            (json!({"value": "471147114711", "visibility": "selected"}), "secret.invalid"),
        ] {
            let answer = put(&w, secret(&w, &more)).await;
            refused(&answer, 400, code);
            assert!(!answer.text.contains("471147114711"), "{}", answer.text);
        }
        // As Python writes it: six characters for each of two bytes.
        let large = put(&w, secret(&w, &json!({"value": "\u{1}".repeat(49 * 1024)}))).await;
        refused(&large, 413, "secret.too_large");
        let huge = put(&w, secret(&w, &json!({"value": "x".repeat(400 * 1024)}))).await;
        refused(&huge, 413, "request.too_large");
        let nowhere = put(&w, secret(&w, &json!({"value": "x-4711-x", "environment": "nowhere", "account": "work"}))).await;
        refused(&nowhere, 404, "secret.environment_not_found");
    }

    async fn targets_are_added_listed_and_removed(t: TestJeton) {
        let w = World::around(t).await;
        let token = w.stored(Forge::GitHub, "work").await;
        let path = "/v1/accounts/work/targets";
        let added = w.t.post(path, json!({"repository": "acme/tools", "name": "WORK_TOKEN"})).await;
        assert_eq!(added.status, 201, "{}", added.text);
        let target = added.json();
        assert_eq!((text(&target["state"]), target["is_current"].as_bool()), ("current", Some(true)), "{}", added.text);
        let at = SecretScope::repository("acme", "tools");
        assert_eq!(w.t.sim.github().secret_value(&at, "WORK_TOKEN").unwrap(), token.as_bytes());
        let twice = w.t.post(path, json!({"repository": "acme/tools", "name": "work_token"})).await;
        refused(&twice, 409, "target.exists");
        let list = w.t.get(path).await;
        assert_eq!((list.status, list.json()["targets"].as_array().unwrap().len()), (200, 1), "{}", list.text);
        assert!(!list.text.contains(&token), "{}", list.text);
        assert_eq!(w.t.post(&format!("{path}/push"), json!({})).await.status, 202);
        let one = format!("{path}/{}", text(&target["id"]));
        assert_eq!(by_operator(&w.t, "DELETE", &one, None).await.status, 200);
        refused(&by_operator(&w.t, "DELETE", &one, None).await, 404, "target.not_found");
        refused(&by_operator(&w.t, "DELETE", &format!("{path}/no-id"), None).await, 404, "target.not_found");
    }

    async fn the_end_of_an_old_token_goes_with_a_new_one(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitHub, "work").await;
        let rotate = "/v1/accounts/work/rotate";
        let token = w.token(Forge::GitHub);
        refused(&w.t.post(rotate, json!({"end_old": true})).await, 400, "request.invalid");
        refused(&w.t.post(rotate, json!({"token": token, "end_old_after_seconds": 60})).await, 400, "request.invalid");
        let far = json!({"token": token, "end_old": true, "end_old_after_seconds": 2_592_001});
        refused(&w.t.post(rotate, far).await, 400, "account.invalid");
        let replaced = w.t.post(rotate, json!({"token": token, "end_old": true})).await;
        assert_eq!(replaced.status, 200, "{}", replaced.text);
        let list = w.t.get("/v1/accounts/work/targets").await.json();
        assert_eq!(list["old_tokens"].as_array().unwrap().len(), 1, "{list}");
    }
}
