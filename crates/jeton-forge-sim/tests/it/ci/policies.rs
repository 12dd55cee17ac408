//! What organizations demand, where runners and secrets are concerned.

use jeton_forge_sim::{OrgPolicy, PersonalTokenSpec, SamlSso};
use jiff::SignedDuration;
use serde_json::json;

use super::{ORG_RUNNERS, REPO_RUNNERS, SECRETS};
use crate::common::World;

const CALLS: [(&str, &str); 6] = [
    ("POST", "/repos/acme/tools/actions/runners/registration-token"),
    ("POST", "/orgs/acme/actions/runners/remove-token"),
    ("GET", "/orgs/acme/actions/runners"),
    ("GET", "/repos/acme/tools/actions/secrets/public-key"),
    ("GET", "/orgs/acme/actions/secrets/public-key"),
    ("GET", "/repos/acme/tools/environments/production/secrets"),
];

async fn world() -> World {
    let w = World::with_owner().await;
    w.sim.github().add_environment("acme", "tools", "production").unwrap();
    w
}

fn demand(w: &World, change: impl FnOnce(&mut OrgPolicy)) {
    w.sim.github().change_org_policy("acme", change);
}

#[tokio::test]
async fn single_sign_on_is_asked_for_everywhere() {
    let w = world().await;
    let token = w.classic(["repo", "admin:org"]);
    demand(&w, |policy| policy.saml_sso = SamlSso::Required);
    for (method, path) in CALLS {
        let answer = w.call(&token, method, path).await;
        assert_eq!(answer.status, 403, "{path}");
        assert!(
            answer
                .message()
                .starts_with("Resource protected by organization SAML enforcement.")
        );
        assert!(
            answer
                .header("x-github-sso")
                .starts_with("required; url=https://github.com/orgs/acme/sso")
        );
    }
    w.sim.github().authorize_sso(token.id, "acme", true).unwrap();
    for (method, path) in CALLS {
        assert!(w.call(&token, method, path).await.status.is_success(), "{path}");
    }
}

#[tokio::test]
async fn an_address_that_is_not_on_the_list_is_refused_everywhere() {
    let w = world().await;
    let classic = w.classic(["repo", "admin:org"]).token;
    let app = w.app_token([("administration", "write"), ("secrets", "write")]).await;
    demand(&w, |policy| policy.ip_allow_list = Some(Vec::new()));
    for token in [classic, app] {
        for (method, path) in CALLS {
            let answer = w.as_token(&token, method, path).await;
            assert_eq!(answer.status, 403, "{path}");
            assert!(answer.message().contains("IP allow list"), "{path}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn tokens_of_the_wrong_kind_or_age_are_refused_everywhere() {
    let w = world().await;
    let classic = w.classic(["repo", "admin:org"]);
    let permissions = [
        ("administration", "write"),
        ("secrets", "write"),
        ("environments", "write"),
        ("organization_self_hosted_runners", "write"),
        ("organization_secrets", "write"),
    ];
    let long = PersonalTokenSpec::fine_grained("acme", permissions).expires_in(SignedDuration::from_hours(24 * 400));
    let long = w.make(long);
    for (method, path) in CALLS {
        assert!(w.call(&long, method, path).await.status.is_success(), "{path}");
    }
    demand(&w, |policy| {
        policy.forbid_classic = true;
        policy.max_fine_grained_days = Some(366);
    });
    for (method, path) in CALLS {
        let refused = w.call(&classic, method, path).await;
        assert!(refused.message().contains("personal access token (classic)"), "{path}");
        let refused = w.call(&long, method, path).await;
        assert!(
            refused.message().contains("lifetime is greater than 366 days"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_suspended_installation_does_nothing_here_either() {
    let w = world().await;
    let token = w.token(&json!({})).await;
    let path = format!("{REPO_RUNNERS}/registration-token");
    assert_eq!(w.as_token(&token, "POST", &path).await.status, 201);
    w.sim.github().suspend(w.installation);
    let words = "This installation has been suspended";
    w.as_token(&token, "POST", &path).await.is(403, words);
    w.as_token(&token, "GET", SECRETS).await.is(403, words);
}

#[tokio::test]
async fn runners_of_repositories_can_be_switched_off() {
    let w = world().await;
    let token = w.classic(["repo", "admin:org"]);
    let github = w.sim.github();
    let words = "Repository level self-hosted runners are disabled on this repository.";
    let body = json!({ "name": "one", "runner_group_id": 1, "labels": ["x"] });
    let calls = ["registration-token", "remove-token", "generate-jitconfig"];
    let refused = async |repository: &str, words: &str| {
        for call in calls {
            let path = format!("/repos/acme/{repository}/actions/runners/{call}");
            w.post(&token.token, &path, &body).await.is(403, words);
        }
    };
    github.forbid_repository_runners("acme", "docs", true).unwrap();
    refused("docs", words).await;
    let tools = format!("{REPO_RUNNERS}/registration-token");
    assert_eq!(w.call(&token, "POST", &tools).await.status, 201);
    demand(&w, |policy| policy.forbid_repository_runners = true);
    refused("tools", words).await;
    github.change_ci_rules(|rules| rules.no_repository_runners = "No.".to_owned());
    refused("tools", "No.").await;
    let org = format!("{ORG_RUNNERS}/registration-token");
    assert_eq!(w.call(&token, "POST", &org).await.status, 201);
    assert_eq!(w.get(&token, REPO_RUNNERS).await.status, 200);
    // Who has not the right hears that first.
    w.call(&w.fine([]), "POST", &tools).await.is(403, super::BY_TOKEN);
    demand(&w, |policy| policy.forbid_repository_runners = false);
    assert_eq!(w.call(&token, "POST", &tools).await.status, 201);
    refused("docs", "No.").await;
    github.forbid_repository_runners("acme", "docs", false).unwrap();
    assert!(github.forbid_repository_runners("acme", "none", true).is_err());
    let docs = "/repos/acme/docs/actions/runners/remove-token";
    assert_eq!(w.call(&token, "POST", docs).await.status, 201);
}
