//! The tokens of well-known issuers.

use jeton_forge_sim::{GitHubActionsJob, gitlab_claims, kubernetes_claims};
use jeton_oidc::IssuerConfig;
use serde_json::json;

use crate::common::{AUDIENCE, World, by_discovery};

#[tokio::test]
async fn github_actions_comes_with_both_forms_of_subject() {
    let w = World::with(|sim| IssuerConfig {
        audiences: vec!["https://github.com/acme".to_owned()],
        ..by_discovery(sim)
    })
    .await;
    let job = GitHubActionsJob::new("acme", "tools", "refs/heads/main");
    let classic = w.jwt.verify(&w.sim.sign(&job.claims())).await.unwrap();
    let immutable = w.jwt.verify(&w.sim.sign(&job.immutable().claims())).await.unwrap();
    assert_eq!(classic.identity.subject, "repo:acme/tools:ref:refs/heads/main");
    assert_eq!(
        immutable.identity.subject,
        "repo:acme@123/tools@456:ref:refs/heads/main"
    );
    for token in [&classic, &immutable] {
        assert_eq!(token.identity.claims["repository_id"], "456");
        assert_eq!(token.identity.claims["repository_owner_id"], "123");
    }
    let release = GitHubActionsJob {
        environment: Some("release".to_owned()),
        ..GitHubActionsJob::new("acme", "tools", "refs/tags/v1")
    };
    let release = w.jwt.verify(&w.sim.sign(&release.claims())).await.unwrap();
    assert_eq!(release.identity.subject, "repo:acme/tools:environment:release");
    let other = GitHubActionsJob::new("acme-evil", "tools", "refs/heads/main");
    assert_eq!(w.code(&w.sim.sign(&other.claims())).await, "auth.jwt_wrong_audience");
}

#[tokio::test]
async fn gitlab_and_kubernetes_are_read_with_their_own_shapes() {
    let w = World::new().await;
    let gitlab = w.token_with(&gitlab_claims("acme/infra/tools", 77, "main"));
    let gitlab = w.jwt.verify(&gitlab).await.unwrap();
    assert_eq!(
        gitlab.identity.subject,
        "project_path:acme/infra/tools:ref_type:branch:ref:main"
    );
    assert_eq!(gitlab.identity.claims["project_id"], "77");
    assert_eq!(gitlab.identity.claims["runner_id"], json!(1));
    let pod = w.sim.sign(&kubernetes_claims("ci", "worker", AUDIENCE));
    let pod = w.jwt.verify(&pod).await.unwrap();
    assert_eq!(pod.identity.subject, "system:serviceaccount:ci:worker");
    assert_eq!(pod.identity.claims["kubernetes.io"]["serviceaccount"]["name"], "worker");
}
