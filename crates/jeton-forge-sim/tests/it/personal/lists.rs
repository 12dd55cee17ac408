//! `/user/repos`, `/user/orgs` and `/orgs/{org}`.

use jeton_forge_sim::{OrgRole, PersonalTokenSpec, RepoRole, SamlSso};

use super::OCTOCAT;
use crate::common::{Answer, World, send};

fn names(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let list = json.as_array().unwrap().iter();
    list.map(|repository| repository["full_name"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn the_list_has_what_the_person_has_to_do_with_and_the_token_sees() {
    let w = World::with_octocat().await;
    let github = w.sim.github();
    github.add_repository(OCTOCAT, "diary", true).unwrap();
    github
        .add_collaborator("other", "secret", OCTOCAT, RepoRole::Read)
        .unwrap();
    let repo = w.classic(["repo"]);
    let all = ["acme/docs", "acme/site", "acme/tools", "octocat/diary", "other/secret"];
    assert_eq!(names(&w.get(&repo, "/user/repos").await), all);
    assert_eq!(names(&w.get(&w.classic([]), "/user/repos").await), ["acme/site"]);
    let fine = w.make(PersonalTokenSpec::fine_grained("acme", [("contents", "read")]).selected(["tools"]));
    assert_eq!(names(&w.get(&fine, "/user/repos").await), ["acme/site", "acme/tools"]);
    let private = w
        .get(&repo, "/user/repos?visibility=private&affiliation=owner,collaborator")
        .await;
    assert_eq!(names(&private), ["octocat/diary", "other/secret"]);
    let first = w.get(&repo, "/user/repos").await.json()[0].clone();
    assert_eq!(first["permissions"]["pull"], true);
}

#[tokio::test]
async fn pages_are_linked_with_the_rest_of_the_query() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    let mut path = "/user/repos?visibility=all&per_page=2".to_owned();
    let mut found = Vec::new();
    loop {
        let answer = w.get(&token, &path).await;
        found.extend(names(&answer));
        let Some(link) = answer.headers.get("link") else {
            panic!("no link")
        };
        let mut links = link.to_str().unwrap().split(", ");
        let Some(next) = links.find(|link| link.ends_with("rel=\"next\"")) else {
            break;
        };
        assert!(next.contains("visibility=all"));
        let target = next.trim_start_matches('<').split('>').next().unwrap();
        target.strip_prefix(&w.sim.web_url()).unwrap().clone_into(&mut path);
    }
    assert_eq!(found, ["acme/docs", "acme/site", "acme/tools"]);
}

#[tokio::test]
async fn lists_leave_out_organizations_that_want_single_sign_on_and_say_so() {
    let w = World::with_octocat().await;
    let github = w.sim.github();
    let (acme, other) = (github.add_owner("acme", org()), github.add_owner("other", org()));
    github.add_repository(OCTOCAT, "diary", true).unwrap();
    github.add_member("other", OCTOCAT, OrgRole::Member).unwrap();
    let token = w.classic(["repo", "read:org"]);
    for name in ["acme", "other"] {
        github.change_org_policy(name, |policy| policy.saml_sso = SamlSso::Required);
    }
    let repositories = w.get(&token, "/user/repos").await;
    assert_eq!(names(&repositories), ["octocat/diary"]);
    let mut ids = [acme, other];
    ids.sort_unstable();
    let partial = format!("partial-results; organizations={},{}", ids[0], ids[1]);
    assert_eq!(repositories.header("x-github-sso"), partial);
    let orgs = w.get(&token, "/user/orgs").await;
    assert_eq!(
        (orgs.text.as_str(), orgs.header("x-github-sso")),
        ("[]", partial.as_str())
    );
    github.authorize_sso(token.id, "other", true).unwrap();
    let rest = w.get(&token, "/user/repos").await;
    assert_eq!(names(&rest), ["octocat/diary", "other/open", "other/secret"]);
    assert_eq!(
        rest.header("x-github-sso"),
        format!("partial-results; organizations={acme}")
    );
    github.authorize_sso(token.id, "acme", true).unwrap();
    assert!(!w.get(&token, "/user/repos").await.has("x-github-sso"));
}

fn org() -> jeton_forge_sim::OwnerKind {
    jeton_forge_sim::OwnerKind::Organization
}

#[tokio::test]
async fn organizations_are_listed_to_tokens_that_may_ask() {
    let w = World::with_octocat().await;
    let orgs = w.get(&w.classic(["read:org"]), "/user/orgs").await.json();
    assert_eq!(orgs[0]["login"], "acme");
    assert_eq!(orgs.as_array().unwrap().len(), 1);
    let refused = w.get(&w.classic(["gist"]), "/user/orgs").await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().contains("read:org"));
    assert_eq!(
        refused.header("x-accepted-oauth-scopes"),
        "admin:org, read:org, repo, user, write:org"
    );
    let own = w.make(PersonalTokenSpec::fine_grained(OCTOCAT, [("contents", "read")]));
    assert_eq!(w.get(&own, "/user/orgs").await.text, "[]");
    let acme = w.get(&w.fine([]), "/user/orgs").await.json();
    assert_eq!(acme[0]["login"], "acme");
}

#[tokio::test]
async fn an_organization_shows_more_to_its_own() {
    let w = World::with_octocat().await;
    let stranger = send(w.request("GET", "/orgs/acme")).await;
    assert_eq!(stranger.json()["public_repos"], 1);
    assert!(stranger.json().get("total_private_repos").is_none());
    let member = w.get(&w.classic(["read:org"]), "/orgs/acme").await;
    assert_eq!(member.json()["total_private_repos"], 2);
    let without_scope = w.get(&w.classic(["repo"]), "/orgs/acme").await;
    assert!(without_scope.json().get("total_private_repos").is_none());
    w.sim.github().add_member("acme", OCTOCAT, OrgRole::Admin).unwrap();
    let owner = w.get(&w.classic(["admin:org"]), "/orgs/acme").await;
    assert_eq!(owner.json()["default_repository_permission"], "read");
    send(w.request("GET", "/orgs/octocat")).await.is(404, "Not Found");
}
