//! Who gets tokens for runners, and what everybody else hears.

use jeton_forge_sim::{OrgRole, PersonalTokenSpec, RepoRole};
use serde_json::json;

use super::{BY_APP, BY_TOKEN, ENTERPRISE_RUNNERS, NO_ADMIN, ORG_RUNNERS, REPO_RUNNERS};
use crate::common::{Answer, World, send};
use crate::personal::OCTOCAT;

const CALLS: [&str; 3] = ["registration-token", "remove-token", "generate-jitconfig"];

impl World {
    /// Makes all three calls below a path; each must be refused in the same way.
    async fn refuses(&self, token: &str, path: &str, status: u16, message: &str) -> Vec<Answer> {
        let mut answers = Vec::new();
        for call in CALLS {
            let body = json!({ "name": "one", "runner_group_id": 1, "labels": ["x"] });
            let answer = self.post(token, &format!("{path}/{call}"), &body).await;
            answer.is(status, message);
            answers.push(answer);
        }
        answers
    }

    /// Makes all three calls; each must be answered.
    async fn allows(&self, token: &str, path: &str) {
        for call in CALLS {
            let name = format!("runner-{}", self.sim.github().runners().len());
            let body = json!({ "name": name, "runner_group_id": 1, "labels": ["x"] });
            let answer = self.post(token, &format!("{path}/{call}"), &body).await;
            assert_eq!(answer.status, 201, "{path}/{call}: {}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_repository_wants_scope_and_role_of_a_classic_token() {
    let w = World::with_octocat().await;
    let repo = w.classic(["repo"]).token;
    let narrow = w.classic(["public_repo", "admin:org", "workflow"]).token;
    w.refuses(&repo, REPO_RUNNERS, 403, NO_ADMIN).await;
    w.refuses(&narrow, REPO_RUNNERS, 404, "Not Found").await;
    w.refuses(&narrow, "/repos/acme/site/actions/runners", 403, NO_ADMIN)
        .await;
    w.refuses(&repo, "/repos/other/secret/actions/runners", 404, "Not Found")
        .await;
    let github = w.sim.github();
    for (role, enough) in [(RepoRole::Maintain, false), (RepoRole::Admin, true)] {
        github.add_collaborator("acme", "tools", OCTOCAT, role).unwrap();
        if enough {
            w.allows(&repo, REPO_RUNNERS).await;
        } else {
            w.refuses(&repo, REPO_RUNNERS, 403, NO_ADMIN).await;
        }
    }
    let nobody = send(w.request("POST", &format!("{REPO_RUNNERS}/remove-token"))).await;
    nobody.is(404, "Not Found");
    let open = "/repos/acme/site/actions/runners/remove-token";
    send(w.request("POST", open)).await.is(401, "Requires authentication");
    w.as_token("ghp_nothing", "POST", open).await.is(401, "Bad credentials");
}

#[tokio::test]
async fn a_fine_grained_token_and_an_app_want_to_write_administration() {
    let w = World::with_owner().await;
    for (permissions, enough) in [
        ([("administration", "read"), ("secrets", "write")], false),
        ([("administration", "write"), ("metadata", "read")], true),
    ] {
        let (fine, app) = (w.fine(permissions).token, w.app_token(permissions).await);
        if enough {
            w.allows(&fine, REPO_RUNNERS).await;
            w.allows(&app, REPO_RUNNERS).await;
        } else {
            let mut refused = w.refuses(&fine, REPO_RUNNERS, 403, BY_TOKEN).await;
            refused.extend(w.refuses(&app, REPO_RUNNERS, 403, BY_APP).await);
            for answer in refused {
                let header = answer.header("x-accepted-github-permissions");
                assert_eq!(header, "administration=write");
            }
        }
        for token in [fine, app] {
            let listed = w.as_token(&token, "GET", REPO_RUNNERS).await;
            assert_eq!(listed.status, 200);
        }
    }
    let selected = PersonalTokenSpec::fine_grained("acme", [("administration", "write")]).selected(["docs"]);
    let selected = w.make(selected).token;
    w.refuses(&selected, REPO_RUNNERS, 404, "Not Found").await;
    w.refuses(&selected, "/repos/acme/site/actions/runners", 403, BY_TOKEN)
        .await;
}

#[tokio::test]
async fn an_organization_wants_its_owners() {
    let w = World::with_octocat().await;
    let admin = w.classic(["admin:org"]).token;
    let repo = w.classic(["repo", "read:org"]).token;
    let permission = [("organization_self_hosted_runners", "write")];
    let (fine, app) = (w.fine(permission).token, w.app_token(permission).await);
    w.refuses(&admin, ORG_RUNNERS, 403, NO_ADMIN).await;
    w.refuses(&fine, ORG_RUNNERS, 403, BY_TOKEN).await;
    w.allows(&app, ORG_RUNNERS).await;
    w.sim.github().add_member("acme", OCTOCAT, OrgRole::Admin).unwrap();
    w.allows(&admin, ORG_RUNNERS).await;
    w.allows(&fine, ORG_RUNNERS).await;
    w.refuses(&repo, ORG_RUNNERS, 403, NO_ADMIN).await;
    let less = [
        ("organization_self_hosted_runners", "read"),
        ("administration", "write"),
    ];
    let mut refused = w.refuses(&w.fine(less).token, ORG_RUNNERS, 403, BY_TOKEN).await;
    refused.extend(w.refuses(&w.app_token(less).await, ORG_RUNNERS, 403, BY_APP).await);
    for answer in refused {
        let header = answer.header("x-accepted-github-permissions");
        assert_eq!(header, "organization_self_hosted_runners=write");
    }
    for token in [w.fine(less).token, w.app_token(less).await] {
        assert_eq!(w.as_token(&token, "GET", ORG_RUNNERS).await.status, 200);
    }
    // Whoever does not belong to an organization hears that there is none.
    w.refuses(&admin, "/orgs/other/actions/runners", 404, "Not Found").await;
    w.refuses(&admin, "/orgs/nowhere/actions/runners", 404, "Not Found")
        .await;
    w.refuses(&app, "/orgs/other/actions/runners", 403, BY_APP).await;
}

#[tokio::test]
async fn an_enterprise_wants_a_classic_token_of_an_administrator() {
    let w = World::with_owner().await;
    let manage = w.classic(["manage_runners:enterprise"]).token;
    let wide = w.classic(["admin:enterprise"]).token;
    w.refuses(&manage, ENTERPRISE_RUNNERS, 404, "Not Found").await;
    w.sim.github().add_enterprise("Acme-Corp", ["somebody"]);
    w.refuses(&manage, ENTERPRISE_RUNNERS, 404, "Not Found").await;
    w.sim.github().add_enterprise("acme-corp", [OCTOCAT]);
    w.allows(&manage, ENTERPRISE_RUNNERS).await;
    w.allows(&wide, ENTERPRISE_RUNNERS).await;
    w.refuses(
        &w.classic(["repo", "admin:org"]).token,
        ENTERPRISE_RUNNERS,
        403,
        NO_ADMIN,
    )
    .await;
    let permissions = [
        ("administration", "write"),
        ("organization_self_hosted_runners", "write"),
    ];
    w.refuses(&w.fine(permissions).token, ENTERPRISE_RUNNERS, 403, BY_TOKEN)
        .await;
    w.refuses(&w.app_token(permissions).await, ENTERPRISE_RUNNERS, 403, BY_APP)
        .await;
}

#[tokio::test]
async fn a_workflows_own_token_never_registers_a_runner() {
    let w = World::with_owner().await;
    let github = w.sim.github();
    let token = github.add_workflow_token("acme", "tools", [("contents", "write"), ("actions", "write")]);
    assert!(token.starts_with("ghs_") && github.is_live(&token));
    let refused = w.refuses(&token, REPO_RUNNERS, 403, BY_APP).await;
    let header = refused[0].header("x-accepted-github-permissions");
    assert_eq!(header, "administration=write");
    assert_eq!(refused[0].header("x-ratelimit-limit"), "10000");
    w.refuses(&token, ORG_RUNNERS, 403, BY_APP).await;
    w.refuses(&token, ENTERPRISE_RUNNERS, 403, BY_APP).await;
    let read = w.as_token(&token, "GET", "/repos/acme/tools/contents/README.md").await;
    assert_eq!((read.status.as_u16(), read.header("x-ratelimit-limit")), (200, "1000"));
    w.as_token(&token, "GET", "/repos/acme/docs").await.is(404, "Not Found");
    // It belongs to no app that a test made.
    assert_eq!(github.installations().len(), 1);
    assert!(github.live_tokens().is_empty());
    w.sim.clock().advance(jiff::SignedDuration::from_hours(24));
    w.refuses(&token, REPO_RUNNERS, 401, "Bad credentials").await;
}

#[tokio::test]
#[should_panic(expected = "administration")]
async fn a_workflow_cannot_be_given_administration() {
    let w = World::new().await;
    let _ = w
        .sim
        .github()
        .add_workflow_token("acme", "tools", [("administration", "write")]);
}

#[tokio::test]
async fn an_app_user_token_wants_the_right_of_both() {
    let w = World::with_octocat().await;
    let token = w.make(PersonalTokenSpec::app_user(w.app.id)).token;
    w.refuses(&token, REPO_RUNNERS, 403, BY_APP).await;
    w.refuses(&token, ORG_RUNNERS, 403, BY_APP).await;
    w.sim.github().add_member("acme", OCTOCAT, OrgRole::Admin).unwrap();
    w.allows(&token, REPO_RUNNERS).await;
    w.refuses(&token, ORG_RUNNERS, 403, BY_APP).await;
}
