//! Accounts that are somebody's own: theirs alone to see, to use and to change.

use jeton_testkit::{Answer, DatabaseKind, TestJeton, both_databases};
use serde_json::{Value, json};

use crate::account_world::{Forge, World, refused, text, with};

/// A client that may use accounts, its own too.
async fn user(t: &TestJeton, name: &str) -> String {
    let key = t.client(name).await;
    t.policy(json!({
        "name": format!("{name}-uses"), "callers": {"client": name}, "actions": ["account.use"],
        "repositories": ["acme/*"], "sources": ["account:own/*"],
    }))
    .await;
    key
}

fn told(answer: &Answer, name: &str) -> String {
    let text = answer.text.replace(answer.header("x-request-id"), "");
    format!("{} {}", answer.status, text.replace(name, "(asked)"))
}

async fn patch(t: &TestJeton, key: &str, path: &str, body: Value) -> Answer {
    t.send(|http, url| http.patch(format!("{url}{path}")).bearer_auth(key).json(&body))
        .await
}

both_databases! {
    async fn who_may_use_accounts_may_keep_their_own(t: TestJeton) {
        let w = World::around(t).await;
        let (ada, eve) = (user(&w.t, "ada").await, user(&w.t, "eve").await);
        let given = with(w.given(Forge::GitHub, &w.token(Forge::GitHub)), &json!({"label": "mine"}));
        assert_eq!(w.t.post_as(&ada, "/v1/accounts/test", given_without_label(&given)).await.status, 200);
        refused(&w.t.post_as(&ada, "/v1/accounts", with(given.clone(), &json!({"shared": true}))).await, 403, "policy.denied");
        let added = w.t.post_as(&ada, "/v1/accounts", given).await;
        assert_eq!((added.status, added.json()["account"]["shared"].clone()), (201, json!(false)), "{}", added.text);
        let id = text(&added.json()["account"]["id"]).to_owned();

        let page = w.t.get_as(&ada, "/v1/accounts").await.json();
        assert_eq!(page["accounts"].as_array().unwrap().len(), 1, "{page}");
        assert_eq!(w.t.get_as(&ada, "/v1/accounts/mine").await.status, 200);
        assert_eq!(w.t.post_as(&ada, "/v1/accounts/mine/test", json!({})).await.status, 200);
        assert_eq!(patch(&w.t, &ada, "/v1/accounts/mine", json!({"note": "my own"})).await.status, 200);
        let handed = w.t.post_as(&ada, "/v1/tokens", json!({"account": "mine", "repositories": ["acme/tools"]})).await;
        assert_eq!(handed.status, 201, "{}", handed.text);

        // To others it is as if it were not there: by label, by id, in lists, and as what stands in the way of a label.
        let page = w.t.get_as(&eve, "/v1/accounts").await.json();
        assert_eq!(page["accounts"], json!([]));
        let absent = "0197b2c0-5a4e-7c11-8f00-0123456789ab";
        for (there, absent) in [("mine", "none"), (id.as_str(), absent)] {
            for action in ["", "/test", "/default", "/rotate", "/repositories"] {
                let ask = async |name: &str| {
                    let path = format!("/v1/accounts/{name}{action}");
                    match action {
                        "" | "/repositories" => w.t.get_as(&eve, &path).await,
                        _ => w.t.post_as(&eve, &path, json!({})).await,
                    }
                };
                let (one, other) = (ask(there).await, ask(absent).await);
                assert_eq!(told(&one, there), told(&other, absent), "{action}");
                refused(&one, 404, "account.not_found");
            }
            let delete = async |name: &str| w.t.delete_as(&eve, &format!("/v1/accounts/{name}")).await;
            assert_eq!(told(&delete(there).await, there), told(&delete(absent).await, absent));
            let use_of = async |name: &str| {
                w.t.post_as(&eve, "/v1/tokens", json!({"account": name, "repositories": ["acme/tools"]})).await
            };
            assert_eq!(told(&use_of(there).await, there), told(&use_of(absent).await, absent));
        }
        let hers = with(w.given(Forge::GitHub, &w.token(Forge::GitHub)), &json!({"label": "mine"}));
        assert_eq!(w.t.post_as(&eve, "/v1/accounts", hers).await.status, 201, "each has labels of their own");

        // An operator sees it, may switch it off and remove it, and may not use, test or change it.
        assert_eq!(w.t.get(&format!("/v1/accounts/{id}")).await.json()["note"], "my own");
        refused(&w.t.post(&format!("/v1/accounts/{id}/test"), json!({})).await, 403, "policy.denied");
        refused(&w.change(&id, json!({"label": "ours"})).await, 403, "policy.denied");
        let used = w.t.try_issue(json!({"account": id, "repositories": ["acme/tools"]})).await;
        assert_ne!(used.status, 201, "{}", used.text);
        assert_eq!(w.change(&id, json!({"active": false})).await.status, 200);
        assert_eq!(w.t.delete(&format!("/v1/accounts/{id}?force=true")).await.status, 200);
    }

    async fn whoever_lost_every_right_can_still_end_what_is_theirs(t: TestJeton) {
        let w = World::around(t).await;
        let key = user(&w.t, "ada").await;
        w.stored(Forge::GitLab, "shared").await;
        let given = with(w.given(Forge::GitHub, &w.token(Forge::GitHub)), &json!({"label": "mine"}));
        assert_eq!(w.t.post_as(&key, "/v1/accounts", given).await.status, 201);
        assert_eq!(w.t.delete("/v1/policies/ada-uses").await.status, 200);
        refused(&w.t.get_as(&key, "/v1/accounts").await, 403, "policy.denied");
        refused(&w.t.delete_as(&key, "/v1/accounts/shared").await, 404, "account.not_found");
        assert_eq!(w.t.delete_as(&key, "/v1/accounts/mine").await.status, 200);
    }
}

fn given_without_label(given: &Value) -> Value {
    let mut given = given.clone();
    given.as_object_mut().unwrap().remove("label");
    given
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shared_account_is_changed_by_those_who_manage_accounts() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    w.stored(Forge::GitLab, "shared").await;
    let owner = user(&w.t, "owner").await;
    let user = w.t.client("user").await;
    w.t.policy(json!({
        "name": "uses", "callers": {"client": "user"}, "actions": ["account.use"],
        "repositories": ["acme/*"], "sources": ["account:*"],
    }))
    .await;
    let manager = w.t.client("manager").await;
    w.t.policy(json!({"name": "manages", "callers": {"client": "manager"}, "actions": ["account.manage"]}))
        .await;
    for (path, body) in [
        ("/v1/accounts/shared/test", json!({})),
        ("/v1/accounts/shared/default", json!({})),
        ("/v1/accounts/import-environment", json!({})),
    ] {
        refused(&w.t.post_as(&user, path, body.clone()).await, 403, "policy.denied");
        assert_eq!(w.t.post_as(&manager, path, body).await.status, 200, "{path}");
    }
    refused(
        &patch(&w.t, &user, "/v1/accounts/shared", json!({"note": "x"})).await,
        403,
        "policy.denied",
    );
    let answer = patch(&w.t, &manager, "/v1/accounts/shared", json!({"note": "x"})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // To whoever could not use it, it is not there.
    refused(
        &patch(&w.t, &owner, "/v1/accounts/shared", json!({"note": "x"})).await,
        404,
        "account.not_found",
    );
    // To manage is not to use.
    let ask = json!({"account": "shared", "repositories": ["acme/tools"]});
    refused(&w.t.post_as(&manager, "/v1/tokens", ask).await, 403, "policy.denied");
}
