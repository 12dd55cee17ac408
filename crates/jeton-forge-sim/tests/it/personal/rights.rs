//! What a token opens: its person's role, and what the token has of it.

use jeton_forge_sim::{OrgRole, PersonalTokenSpec, RepoRole};
use serde_json::{Value, json};

use super::OCTOCAT;
use crate::common::{World, send};

const BY_TOKEN: &str = "Resource not accessible by personal access token";
const NO_ADMIN: &str = "Must have admin rights to Repository.";
const RUNNERS: &str = "/repos/acme/tools/actions/runners";
const SECRETS: &str = "/repos/acme/tools/actions/secrets";

#[tokio::test]
async fn a_repository_tells_what_its_caller_may() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    let permissions = async |role: Option<RepoRole>| -> Value {
        w.sim
            .github()
            .change_org_policy("acme", |policy| policy.base_role = role);
        w.get(&token, "/repos/acme/tools").await.json()["permissions"].clone()
    };
    let of = |admin: bool, maintain: bool, push: bool, triage: bool| json!({"admin": admin, "maintain": maintain, "push": push, "triage": triage, "pull": true});
    assert_eq!(permissions(Some(RepoRole::Read)).await, of(false, false, false, false));
    assert_eq!(permissions(Some(RepoRole::Write)).await, of(false, false, true, true));
    assert_eq!(permissions(Some(RepoRole::Admin)).await, of(true, true, true, true));
    assert_eq!(permissions(None).await, Value::Null);
    let github = w.sim.github();
    github
        .add_collaborator("acme", "tools", OCTOCAT, RepoRole::Maintain)
        .unwrap();
    assert_eq!(permissions(None).await, of(false, true, true, true));
    assert!(github.remove_collaborator("acme", "tools", OCTOCAT));
    w.get(&token, "/repos/acme/tools").await.is(404, "Not Found");
}

#[tokio::test]
async fn a_private_repository_is_not_found_without_role_or_scope() {
    let w = World::with_octocat().await;
    let repo = w.classic(["repo"]);
    w.get(&repo, "/repos/other/secret").await.is(404, "Not Found");
    assert_eq!(w.get(&repo, "/repos/other/open").await.status, 200);
    for scopes in [["public_repo"], ["admin:org"]] {
        let token = w.classic(scopes);
        w.get(&token, "/repos/acme/tools").await.is(404, "Not Found");
        assert_eq!(w.get(&token, "/repos/acme/site").await.status, 200);
    }
    assert!(w.sim.github().remove_member("acme", OCTOCAT));
    w.get(&repo, "/repos/acme/tools").await.is(404, "Not Found");
}

#[tokio::test]
async fn a_fine_grained_token_opens_what_was_selected_of_its_owner() {
    let w = World::with_octocat().await;
    w.sim.github().add_repository(OCTOCAT, "diary", true).unwrap();
    let spec = || PersonalTokenSpec::fine_grained("acme", [("contents", "read")]);
    let (all, some) = (w.make(spec()), w.make(spec().selected(["Tools"])));
    let public = w.make(spec().public_only());
    for (token, tools, docs) in [(&all, 200, 200), (&some, 200, 404), (&public, 404, 404)] {
        assert_eq!(w.get(token, "/repos/acme/tools").await.status, tools);
        assert_eq!(w.get(token, "/repos/acme/docs").await.status, docs);
        assert_eq!(w.get(token, "/repos/octocat/diary").await.status, 404);
        assert_eq!(w.get(token, "/repos/other/open").await.status, 200);
    }
}

#[tokio::test]
async fn a_fine_grained_token_needs_the_permission_and_its_person_the_role() {
    let w = World::with_octocat().await;
    let metadata = w.fine([]);
    assert_eq!(w.get(&metadata, "/repos/acme/tools").await.status, 200);
    for tail in [
        "contents/README.md",
        "branches/main",
        "pulls",
        "actions/runners",
        "actions/secrets",
    ] {
        let answer = w.get(&metadata, &format!("/repos/acme/tools/{tail}")).await;
        answer.is(403, BY_TOKEN);
    }
    let open = w.get(&metadata, "/repos/acme/site/contents/README.md").await;
    assert_eq!(open.status, 200);
    let token = w.fine([("administration", "read"), ("secrets", "read")]);
    w.get(&token, RUNNERS).await.is(403, BY_TOKEN);
    let github = w.sim.github();
    github
        .add_collaborator("acme", "tools", OCTOCAT, RepoRole::Write)
        .unwrap();
    w.get(&token, RUNNERS).await.is(403, BY_TOKEN);
    assert_eq!(w.get(&token, SECRETS).await.status, 200);
    github
        .add_collaborator("acme", "tools", OCTOCAT, RepoRole::Admin)
        .unwrap();
    assert_eq!(w.get(&token, RUNNERS).await.json()["total_count"], 0);
    assert!(github.set_permissions(token.id, [("contents", "read")]));
    w.get(&token, RUNNERS).await.is(403, BY_TOKEN);
}

#[tokio::test]
async fn runners_and_secrets_want_scope_and_role_of_a_classic_token() {
    let w = World::with_octocat().await;
    let repo = w.classic(["repo"]);
    w.get(&repo, RUNNERS).await.is(403, NO_ADMIN);
    w.get(&repo, SECRETS).await.is(403, NO_ADMIN);
    w.sim.github().add_member("acme", OCTOCAT, OrgRole::Admin).unwrap();
    assert_eq!(
        w.get(&repo, RUNNERS).await.json(),
        json!({"total_count": 0, "runners": []})
    );
    let narrow = w.classic(["public_repo"]);
    w.get(&narrow, RUNNERS).await.is(404, "Not Found");
    let site = w.get(&narrow, "/repos/acme/site/actions/runners").await;
    site.is(403, NO_ADMIN);
    let nobody = send(w.request("GET", "/repos/acme/site/actions/secrets")).await;
    nobody.is(401, "Requires authentication");
    send(w.request("GET", SECRETS)).await.is(404, "Not Found");
}

#[tokio::test]
async fn secrets_are_named_and_their_key_stays_the_same() {
    let w = World::with_owner().await;
    let token = w.fine([("secrets", "read")]);
    for name in ["B", "A"] {
        w.sim.github().add_secret("acme", "tools", name).unwrap();
    }
    let secrets = w.get(&token, &format!("{SECRETS}?per_page=1")).await;
    assert_eq!(secrets.json()["total_count"], 2);
    assert_eq!(secrets.json()["secrets"][0]["name"], "A");
    assert!(secrets.header("link").contains("rel=\"next\""));
    let key = w.get(&token, &format!("{SECRETS}/public-key")).await.json();
    assert_eq!(key["key"].as_str().unwrap().len(), 44);
    assert_eq!(w.get(&token, &format!("{SECRETS}/public-key")).await.json(), key);
}

#[tokio::test]
async fn an_organizations_runners_are_for_its_owners() {
    let w = World::with_octocat().await;
    let path = "/orgs/acme/actions/runners";
    let (admin, read) = (w.classic(["admin:org"]), w.classic(["read:org", "repo"]));
    let fine = w.fine([("organization_self_hosted_runners", "read")]);
    w.get(&admin, path).await.is(403, NO_ADMIN);
    w.get(&fine, path).await.is(403, BY_TOKEN);
    w.sim.github().add_member("acme", OCTOCAT, OrgRole::Admin).unwrap();
    assert_eq!(w.get(&admin, path).await.status, 200);
    assert_eq!(w.get(&fine, path).await.status, 200);
    w.get(&read, path).await.is(403, NO_ADMIN);
    w.get(&w.fine([("administration", "read")]), path)
        .await
        .is(403, BY_TOKEN);
    send(w.request("GET", path)).await.is(401, "Requires authentication");
    let installation = w.token(&json!({})).await;
    let answer = w.as_token(&installation, "GET", path).await;
    answer.is(403, "Resource not accessible by integration");
}

#[tokio::test]
async fn an_app_user_token_does_what_the_app_and_the_user_both_may() {
    let w = World::with_owner().await;
    w.sim.github().add_repository(OCTOCAT, "diary", true).unwrap();
    let token = w.make(PersonalTokenSpec::app_user(w.app.id));
    assert_eq!(w.get(&token, RUNNERS).await.status, 200);
    w.get(&token, SECRETS)
        .await
        .is(403, "Resource not accessible by integration");
    w.get(&token, "/repos/octocat/diary").await.is(404, "Not Found");
    w.sim.github().uninstall(w.installation);
    w.get(&token, "/repos/acme/tools").await.is(404, "Not Found");
}

#[tokio::test]
async fn scopes_can_be_changed_without_a_new_token() {
    let w = World::with_octocat().await;
    let token = w.classic(["public_repo"]);
    assert_eq!(w.get(&token, "/repos/acme/tools").await.status, 404);
    assert!(w.sim.github().set_scopes(token.id, ["repo"]));
    assert_eq!(w.get(&token, "/repos/acme/tools").await.status, 200);
    assert!(!w.sim.github().set_permissions(token.id, [("contents", "read")]));
}

#[tokio::test]
async fn a_renamed_repository_leads_to_its_number() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    w.sim.github().rename_repository("acme", "tools", "gear").unwrap();
    for tail in ["", "/contents/README.md", "/branches/main", "/pulls"] {
        let moved = w.get(&token, &format!("/repos/acme/tools{tail}")).await;
        assert_eq!(moved.status, 301);
        let target = moved.header("location").strip_prefix(&w.sim.web_url()).unwrap();
        assert!(target.ends_with(tail));
        assert_eq!(w.get(&token, target).await.status, 200, "{target}");
    }
    let stranger = w
        .sim
        .github()
        .add_personal_token("stranger", PersonalTokenSpec::classic(["repo"]));
    w.get(&stranger, "/repos/acme/tools").await.is(404, "Not Found");
}
