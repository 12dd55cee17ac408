//! The whole life of an account, on each forge.

use jeton_forge_sim::PersonalTokenSpec;
use jeton_testkit::{DatabaseKind, TestJeton, both_databases};
use serde_json::{Value, json};

use crate::{
    account_world::{ALL, EMAIL, Forge, World, refused, text, with},
    record_over_http::{by_operator, entries},
};

const PURPOSES: [&str; 5] = [
    "read_content",
    "manage_pull_requests",
    "push",
    "register_runners",
    "manage_secrets",
];

/// How often each of these is on record.
async fn on_record(w: &World, events: &[&str]) -> Vec<usize> {
    let all = entries(&w.t, "").await;
    let count = |event: &&str| all.iter().filter(|entry| entry["event"] == **event).count();
    events.iter().map(count).collect()
}

both_databases! {
    async fn an_account_is_tested_stored_shown_changed_and_removed(t: TestJeton) {
        let w = World::around(t).await;
        for forge in ALL {
            let label = forge.word();
            let token = w.token(forge);
            let given = w.given(forge, &token);
            let tested = w.t.post("/v1/accounts/test", given.clone()).await;
            assert_eq!(tested.status, 200, "{}", tested.text);
            assert_eq!(tested.json()["check"]["validity"], "valid", "{}", tested.text);
            assert_eq!(tested.json()["check"]["identity"]["name"], "ada", "{}", tested.text);
            assert!(w.labels().await.iter().all(|one| one != label), "a test stores nothing");

            let note = json!({"label": label, "note": "for the dashboards", "serves": ["acme"]});
            let added = w.t.post("/v1/accounts", with(given.clone(), &note)).await;
            assert_eq!(added.status, 201, "{}", added.text);
            let account = added.json()["account"].take();
            assert_eq!(account["source"], format!("account:{label}"));
            assert_eq!((&account["origin"], &account["shared"]), (&json!("stored"), &json!(true)));
            assert_eq!((&account["validity"], &account["host"]), (&json!("valid"), &json!(w.host(forge))));
            assert!(account["next_check_at"].is_string() && account["check"]["evidence"].is_array(), "{account}");
            assert_eq!(w.show(label).await["note"], "for the dashboards");
            assert_eq!(w.show(text(&account["id"])).await["label"], label, "by its id, too");

            refused(&w.t.post("/v1/accounts", with(given.clone(), &json!({"label": "twin"}))).await, 400, "account.invalid");
            let other = w.given(forge, &w.token(forge));
            refused(&w.t.post("/v1/accounts", with(other, &json!({"label": label}))).await, 409, "account.label_taken");

            let changed = w.change(label, json!({"note": "", "serves": ["acme/tools", "acme/app"], "active": false})).await;
            assert_eq!(changed.status, 200, "{}", changed.text);
            let now = w.show(label).await;
            assert!(now["note"].is_null() && now["active"] == false, "{now}");
            assert_eq!(now["serves"], json!(["acme/app", "acme/tools"]));
            assert_eq!(now["fingerprint"], account["fingerprint"]);
            refused(&w.t.try_issue(json!({"account": label, "repositories": ["acme/tools"]})).await, 409, "account.inactive");

            assert_eq!(w.change(label, json!({"label": format!("{label}-2")})).await.status, 200);
            refused(&w.t.get(&format!("/v1/accounts/{label}")).await, 404, "account.not_found");
            let removed = w.t.delete(&format!("/v1/accounts/{label}-2")).await;
            assert_eq!((removed.status, removed.json()["ended_grants"].clone()), (200, json!(0)), "{}", removed.text);
            refused(&w.t.get(&format!("/v1/accounts/{label}-2")).await, 404, "account.not_found");
            for place in [&tested, &added, &changed, &removed] {
                assert!(!place.text.contains(&token), "{}", place.text);
            }
        }
        let seen = on_record(&w, &["account.added", "account.changed", "account.removed"]).await;
        assert_eq!(seen, [3, 6, 3]);
        assert_eq!(w.labels().await, Vec::<String>::new());
    }

    async fn a_forge_has_one_default(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitLab, "one").await;
        w.stored(Forge::GitLab, "two").await;
        w.stored(Forge::GitHub, "three").await;
        for label in ["one", "three", "two"] {
            let answer = w.t.post(&format!("/v1/accounts/{label}/default"), json!({})).await;
            assert_eq!((answer.status, answer.json()["default"].clone()), (200, json!(true)), "{}", answer.text);
        }
        let defaults = [w.show("one").await, w.show("two").await, w.show("three").await].map(|one| one["default"].clone());
        assert_eq!(defaults, [json!(false), json!(true), json!(true)]);
        let off = w.t.post("/v1/accounts/two/default", json!({"default": false})).await;
        assert_eq!((off.status, off.json()["default"].clone()), (200, json!(false)));
    }

    async fn a_token_is_replaced_by_one_of_the_same_owner(t: TestJeton) {
        let w = World::around(t).await;
        for forge in ALL {
            let label = forge.word();
            let old = w.stored(forge, label).await;
            let before = w.show(label).await;
            let path = format!("/v1/accounts/{label}/rotate");
            refused(&w.t.post(&path, json!({"token": old})).await, 400, "account.invalid");
            let of_eve = of_eve(&w, forge);
            let other = w.t.post(&path, of_eve.clone()).await;
            refused(&other, 409, "account.other_identity");
            assert!(other.text.contains("ada") && other.text.contains("eve"), "{}", other.text);
            assert_eq!(w.show(label).await["fingerprint"], before["fingerprint"], "the old one stays");

            let replaced = w.t.post(&path, json!({"token": w.token(forge)})).await;
            assert_eq!(replaced.status, 200, "{}", replaced.text);
            let after = w.show(label).await;
            assert_ne!(after["fingerprint"], before["fingerprint"]);
            assert_eq!((&after["id"], &after["identity"]), (&before["id"], &before["identity"]));

            let asked = w.t.post(&path, with(of_eve, &json!({"other_identity": true}))).await;
            assert_eq!(asked.status, 200, "{}", asked.text);
            assert_eq!(w.show(label).await["identity"]["name"], "eve");
        }
        assert_eq!(on_record(&w, &["account.token_replaced"]).await, [6]);
    }

    async fn pages_of_accounts_follow_each_other(t: TestJeton) {
        let w = World::around(t).await;
        for number in 0..7 {
            let forge = ALL[number % 3];
            w.stored(forge, &format!("a{number}")).await;
        }
        let mut labels = Vec::new();
        let mut path = "/v1/accounts?limit=3".to_owned();
        loop {
            let page = w.t.get(&path).await.json();
            labels.extend(page["accounts"].as_array().unwrap().iter().map(|one| text(&one["label"]).to_owned()));
            match page["next"].as_str() {
                Some(next) => path = format!("/v1/accounts?limit=3&after={next}"),
                None => break,
            }
        }
        assert_eq!(labels, ["a0", "a1", "a2", "a3", "a4", "a5", "a6"]);
        for (query, count) in [("forge=github", 3), ("validity=invalid", 0), ("label=a6", 1), ("active=true", 7)] {
            let page = w.t.get(&format!("/v1/accounts?{query}")).await.json();
            assert_eq!(page["accounts"].as_array().unwrap().len(), count, "{query}");
        }
        refused(&w.t.get("/v1/accounts?forge=svn").await, 400, "request.invalid");
        refused(&w.t.get("/v1/accounts?after=x").await, 400, "request.invalid");
    }
}

/// A token of somebody else, as it is sent to be put in.
fn of_eve(w: &World, forge: Forge) -> Value {
    match forge {
        Forge::GitHub => {
            json!({"token": w.t.sim.github().add_personal_token("eve", PersonalTokenSpec::classic(["repo"])).token})
        }
        Forge::GitLab => {
            let eve = w.gitlab.add_user("eve").unwrap();
            let spec = jeton_forge_sim::GitLabTokenSpec::personal(eve);
            json!({"token": w.gitlab.add_token(&spec).unwrap().token})
        }
        Forge::Bitbucket => {
            let eve = w.bitbucket.add_account("eve", "eve@example.com").unwrap();
            let spec = jeton_forge_sim::BitbucketTokenSpec::api_token(eve);
            json!({"token": w.bitbucket.add_token(&spec).unwrap().token, "email": "eve@example.com"})
        }
    }
}

/// Whether a token will do for each purpose, and what it lacks.
async fn fits(w: &World, forge: Forge, token: &str, repository: Option<&str>) -> Vec<(String, Vec<String>)> {
    let mut body = w.given(forge, token);
    body["purposes"] = json!(PURPOSES);
    if let Some(repository) = repository {
        body["repository"] = json!(repository);
    }
    let answer = w.t.post("/v1/accounts/test", body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let check = answer.json()["check"].take();
    assert_eq!(check["validity"], "valid", "{check:#}");
    let purposes = check["purposes"].as_array().unwrap();
    assert_eq!(purposes.len(), PURPOSES.len());
    let read = |one: &Value| {
        let missing = one["missing"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| text(one).to_owned());
        assert!(!text(&one["why"]).is_empty(), "{one}");
        (text(&one["fit"]).to_owned(), missing.collect())
    };
    PURPOSES
        .iter()
        .map(|purpose| read(purposes.iter().find(|one| one["purpose"] == *purpose).unwrap()))
        .collect()
}

fn words(fits: &[(String, Vec<String>)]) -> Vec<&str> {
    fits.iter().map(|(fit, _)| fit.as_str()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_purpose_is_told_with_what_is_lacking() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let on = Some("acme/tools");
    let classic = w.at_github(PersonalTokenSpec::classic(["repo"])).token;
    assert_eq!(words(&fits(&w, Forge::GitHub, &classic, on).await), ["yes"; 5]);
    let public = w.at_github(PersonalTokenSpec::classic(["public_repo"])).token;
    for (fit, missing) in fits(&w, Forge::GitHub, &public, on).await {
        assert_eq!((fit.as_str(), missing), ("no", vec!["repo".to_owned()]));
    }
    // What a fine-grained token may write nobody can see without writing.
    let fine = PersonalTokenSpec::fine_grained("acme", [("contents", "read"), ("pull_requests", "read")]);
    let fine = w.at_github(fine).token;
    let found = fits(&w, Forge::GitHub, &fine, on).await;
    assert_eq!(words(&found), ["yes", "unknown", "unknown", "no", "no"]);
    assert!(found[3].1[0].contains("administration"), "{found:?}");

    let reads = w.at_gitlab(&["read_api", "read_repository"]).token;
    let found = fits(&w, Forge::GitLab, &reads, on).await;
    assert_eq!(words(&found), ["yes", "no", "no", "no", "no"]);
    let missing: Vec<_> = found.iter().map(|(_, missing)| missing.join(" ")).collect();
    assert_eq!(missing, ["", "api", "write_repository", "create_runner", "api"]);
    let all = w.at_gitlab(&["api"]).token;
    assert_eq!(words(&fits(&w, Forge::GitLab, &all, on).await), ["yes"; 5]);

    let reads = w.at_bitbucket(&["read:user", "read:repository"]).token;
    let found = fits(&w, Forge::Bitbucket, &reads, on).await;
    assert_eq!(found[0].0, "yes", "{found:?}");
    for (purpose, (fit, _)) in PURPOSES.iter().zip(&found).skip(1) {
        assert_ne!(fit, "yes", "{purpose}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_token_reaches_and_how_one_is_made() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    for forge in ALL {
        let label = forge.word();
        w.stored(forge, label).await;
        let reached = w.t.get(&format!("/v1/accounts/{label}/repositories")).await;
        if forge == Forge::Bitbucket && reached.status != 200 {
            // Bitbucket lists no repositories across workspaces to a token that does not read workspaces.
            refused(&reached, 422, "credential.insufficient_scope");
            assert!(reached.text.contains("read:workspace:bitbucket"), "{}", reached.text);
        } else {
            assert_eq!(reached.status, 200, "{}", reached.text);
            assert_eq!(
                reached.json()["repositories"][0]["path"],
                "acme/tools",
                "{}",
                reached.text
            );
        }
        let query = format!(
            "forge={label}&base_url={}&purposes=push,read_content&repository=acme/tools",
            w.web_url(forge)
        );
        let guide = w.t.get(&format!("/v1/token-guide?{query}")).await;
        assert_eq!(guide.status, 200, "{}", guide.text);
        let guide = guide.json();
        assert!(!guide["scopes"].as_array().unwrap().is_empty(), "{guide}");
        assert!(guide["steps"].as_array().unwrap().len() > 1, "{guide}");
        assert!(text(&guide["url"]).starts_with("http"), "{guide}");
    }
    // A token made as the guide says will do for what the guide was asked for.
    let guide =
        w.t.get("/v1/token-guide?forge=gitlab&purposes=push,manage_secrets")
            .await
            .json();
    let scopes: Vec<&str> = guide["scopes"].as_array().unwrap().iter().map(text).collect();
    let found = fits(&w, Forge::GitLab, &w.at_gitlab(&scopes).token, Some("acme/tools")).await;
    assert_eq!(
        (found[2].0.as_str(), found[4].0.as_str()),
        ("yes", "yes"),
        "{scopes:?} {found:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_forge_and_the_address_in_the_wrong_field_are_understood() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    // By the token alone, and with the e-mail address where a user name is asked for.
    let mut given = w.given(Forge::Bitbucket, &w.token(Forge::Bitbucket));
    let given = given.as_object_mut().unwrap();
    given.remove("forge");
    given.remove("email");
    given.insert("username".to_owned(), json!(EMAIL));
    let added = w.t.post("/v1/accounts", json!(given)).await;
    assert_eq!(added.status, 201, "{}", added.text);
    let account = added.json()["account"].take();
    assert_eq!(
        (&account["email"], &account["label"]),
        (&json!(EMAIL), &json!("bitbucket-ada"))
    );
    // Made labels stay apart.
    for expected in ["github-ada", "github-ada-2"] {
        let added =
            w.t.post("/v1/accounts", w.given(Forge::GitHub, &w.token(Forge::GitHub)))
                .await;
        assert_eq!(added.json()["account"]["label"], expected, "{}", added.text);
    }
    let answer = by_operator(&w.t, "PATCH", "/v1/accounts/bitbucket-ada", Some(json!({"email": ""}))).await;
    refused(&answer, 400, "account.invalid");
}
