//! Tokens of the server's environment: usable at once, and nowhere but in memory until somebody imports them.

use jeton_accounts::{EnvironmentAccount, read_environment};
use jeton_domain::Secret;
use jeton_forge_sim::PersonalTokenSpec;
use jeton_testkit::{DatabaseKind, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    account_world::{EMAIL, Forge, World, refused, text},
    raw_sql::sql,
    record_over_http::entries,
};

/// What an environment with these variables holds.
fn environment(variables: &[(&str, &str)]) -> Vec<EnvironmentAccount> {
    let get = |name: &str| {
        let found = variables.iter().find(|(variable, _)| *variable == name);
        found.map(|(_, value)| Secret::new(*value))
    };
    read_environment(&get).accounts
}

/// Starts the server again with tokens of ada's at GitHub and GitLab in its environment; the tokens.
async fn start(t: TestJeton) -> (World, [String; 2]) {
    let mut w = World::around(t).await;
    let tokens = [
        w.at_github(PersonalTokenSpec::classic(["repo"])).token,
        w.token(Forge::GitLab),
    ];
    w.t.options.environment = environment(&[
        ("GH_ENTERPRISE_TOKEN", &tokens[0]),
        ("GH_HOST", &w.web_url(Forge::GitHub)),
        ("GITLAB_TOKEN", &tokens[1]),
        ("GITLAB_HOST", &w.web_url(Forge::GitLab)),
    ]);
    assert_eq!(w.t.options.environment.len(), 2, "{:?}", w.t.options.environment);
    w.t = w.t.restart().await;
    (w, tokens)
}

/// All that the database holds, as far as it can be had.
fn everything(t: &TestJeton) -> Vec<u8> {
    match t.database.kind() {
        DatabaseKind::Sqlite => {
            let file = t.database.file();
            let mut bytes = std::fs::read(&file).unwrap();
            bytes.extend(std::fs::read(file.with_extension("db-wal")).unwrap_or_default());
            bytes
        }
        DatabaseKind::Postgres => sql(&t.database, "SELECT database_to_xml(true, false, '');")
            .unwrap_or_default()
            .into_bytes(),
    }
}

fn holds(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

both_databases! {
    async fn they_serve_with_no_import_and_stay_in_memory(t: TestJeton) {
        let (w, tokens) = Box::pin(start(t)).await;
        w.t.broker.accounts().watch().await.unwrap();
        let page = w.t.get("/v1/accounts").await;
        let page = page.json();
        let listed = page["accounts"].as_array().unwrap();
        assert_eq!(listed.len(), 2, "{page:#}");
        for account in listed {
            assert_eq!((text(&account["origin"]), text(&account["validity"])), ("environment", "valid"), "{account:#}");
            assert!(text(&account["source"]).starts_with("account:env/"), "{account:#}");
            assert_eq!(account["identity"]["name"], "ada");
        }
        for (forge, token) in [(Forge::GitHub, &tokens[0]), (Forge::GitLab, &tokens[1])] {
            let ask = json!({"repositories": ["acme/tools"], "forge": w.host(forge)});
            let handed = w.t.try_issue(ask).await;
            assert_eq!(handed.status, 201, "{}", handed.text);
            let handed = handed.json();
            assert_eq!(text(&handed["token"]), token);
            let asked = json!({"fingerprint": handed["fingerprint"]});
            assert_eq!(w.t.post("/v1/tokens/rejected", asked).await.json()["verdict"], "live");
        }
        // It can only be changed where it is.
        let label = text(&listed[0]["label"]);
        let answer = w.change(label, json!({"note": "x"})).await;
        refused(&answer, 409, "account.environment");
        assert!(answer.text.contains(text(&listed[0]["variable"])), "{}", answer.text);
        for answer in [w.t.delete(&format!("/v1/accounts/{label}")).await, w.t.post(&format!("/v1/accounts/{label}/rotate"), json!({})).await] {
            refused(&answer, 409, "account.environment");
        }
        assert_eq!(w.test(label).await["check"]["validity"], "valid");
        let record: String = entries(&w.t, "").await.iter().map(Value::to_string).collect();
        let database = everything(&w.t);
        for token in &tokens {
            assert!(!holds(&database, token), "it stands in the database");
            assert!(!record.contains(token.as_str()), "it stands in the record");
        }
        // A stored one comes before it.
        w.stored(Forge::GitLab, "stored").await;
        let handed = w.t.try_issue(json!({"repositories": ["acme/tools"], "forge": w.host(Forge::GitLab)})).await;
        assert_eq!(handed.json()["source"], "account:stored", "{}", handed.text);
    }

    async fn an_import_stores_them_sealed(t: TestJeton) {
        let (w, tokens) = Box::pin(start(t)).await;
        let imported = w.t.post("/v1/accounts/import-environment", json!({"variables": ["GITLAB_TOKEN", "NO_TOKEN"]})).await;
        assert_eq!(imported.status, 200, "{}", imported.text);
        let variables = imported.json()["variables"].as_array().unwrap().clone();
        assert_eq!(variables.len(), 2, "{variables:?}");
        let account = &variables[0]["account"];
        assert_eq!((text(&account["origin"]), text(&account["validity"])), ("stored", "valid"), "{account:#}");
        assert_eq!((text(&variables[1]["variable"]), variables[1]["problem"]["code"].clone()), ("NO_TOKEN", json!("account.invalid")));
        let again = w.t.post("/v1/accounts/import-environment", json!({})).await.json();
        let problems = again["variables"].as_array().unwrap().iter().filter(|one| one["problem"].is_object());
        assert_eq!(problems.count(), 1, "the one that is there already: {again:#}");
        // Without the variable it lives on.
        let mut w = w;
        w.t.options.environment = Vec::new();
        w.t = w.t.restart().await;
        let handed = w.t.try_issue(json!({"repositories": ["acme/tools"], "forge": w.host(Forge::GitLab)})).await;
        assert_eq!(handed.json()["token"], tokens[1], "{}", handed.text);
        let database = everything(&w.t);
        assert!(tokens.iter().all(|token| !holds(&database, token)), "sealed");
        let told = entries(&w.t, "").await;
        assert_eq!(told.iter().filter(|entry| entry["event"] == "account.imported").count(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dead_variable_is_told_and_not_handed_out() {
    let mut w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let token = w.at_gitlab(&["read_api"]);
    w.t.options.environment = environment(&[
        ("GITLAB_TOKEN", &token.token),
        ("GITLAB_HOST", &w.web_url(Forge::GitLab)),
    ]);
    w.t = w.t.restart().await;
    w.gitlab.revoke_token(token.id).unwrap();
    w.t.broker.accounts().watch().await.unwrap();
    let ask = json!({"repositories": ["acme/tools"], "account": "gitlab-token"});
    refused(&w.t.try_issue(ask.clone()).await, 422, "credential.revoked");
    assert_eq!(w.show("gitlab-token").await["validity"], "invalid");
    // The watch looks again a day later, whatever became of it meanwhile.
    w.t.clock.advance(SignedDuration::from_hours(25));
    w.t.broker.accounts().watch().await.unwrap();
    refused(&w.t.try_issue(ask).await, 422, "credential.revoked");
}

#[test]
fn the_usual_variables_are_understood() {
    let classic = {
        let body = "EXAMPLEsyntheticTokenNumber001";
        ["gh", "p_", body, &jeton_inspect::checksum::github_classic(body)].concat()
    };
    let found = environment(&[("GITHUB_TOKEN", &classic), ("BITBUCKET_EMAIL", EMAIL)]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (found[0].variable, found[0].source().as_str()),
        ("GITHUB_TOKEN", "account:env/github-token")
    );
    assert!(!format!("{found:?}").contains(&classic), "and not shown");
}
