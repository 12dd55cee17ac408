//! git with people's tokens.

use std::path::Path;

use jeton_forge_sim::{PersonalTokenSpec, RepoRole, SamlSso, SimPersonalToken};
use tempfile::TempDir;

use super::OCTOCAT;
use crate::common::{Answer, World, send};
use crate::git::{commit, git, good, words};

impl World {
    async fn refs(&self, user: &str, token: &SimPersonalToken, repository: &str, service: &str) -> Answer {
        let path = format!("/{repository}.git/info/refs?service={service}");
        send(self.request("GET", &path).basic_auth(user, Some(&token.token))).await
    }

    async fn fetch(&self, token: &SimPersonalToken, repository: &str) -> u16 {
        self.refs(OCTOCAT, token, repository, "git-upload-pack")
            .await
            .status
            .as_u16()
    }

    async fn push(&self, token: &SimPersonalToken, repository: &str) -> Answer {
        self.refs(OCTOCAT, token, repository, "git-receive-pack").await
    }
}

#[tokio::test]
async fn a_token_clones_and_pushes_under_any_name() {
    let w = World::with_owner().await;
    let token = w.fine([("contents", "write")]).token;
    let directory = TempDir::new().unwrap();
    let address = w.sim.address();
    let url = format!("http://whoever:{token}@{address}/acme/tools.git");
    good(directory.path(), &["clone", "--quiet", &url, "tools"]).await;
    let clone = directory.path().join("tools");
    commit(&clone, "x", b"x").await;
    good(&clone, &["push", "--quiet", "origin", "main"]).await;
    let read = w.fine([("contents", "read")]).token;
    let url = format!("http://whoever:{read}@{address}/acme/tools.git");
    let refused = git(Path::new(&clone), &["push", &url, "main"]).await;
    assert!(words(&refused).contains("Permission to acme/tools.git denied to octocat."));
    assert!(words(&refused).contains("403"));
}

#[tokio::test]
async fn the_user_name_only_has_to_be_there() {
    let w = World::with_octocat().await;
    let token = w.classic(["repo"]);
    for user in [OCTOCAT, "x-access-token", "somebody@example.invalid"] {
        let answer = w.refs(user, &token, "acme/tools", "git-upload-pack").await;
        assert_eq!(answer.status, 200, "{user}");
    }
    let nobody = w.refs("", &token, "acme/tools", "git-upload-pack").await;
    assert_eq!(nobody.status, 401);
    assert_eq!(nobody.header("www-authenticate"), "Basic realm=\"GitHub\"");
}

#[tokio::test]
async fn scope_role_and_selection_decide() {
    let w = World::with_octocat().await;
    let (repo, public) = (w.classic(["repo"]), w.classic(["public_repo"]));
    assert_eq!(w.fetch(&repo, "acme/tools").await, 200);
    assert_eq!(w.fetch(&public, "acme/tools").await, 404);
    assert_eq!(w.fetch(&public, "acme/site").await, 200);
    assert_eq!(w.fetch(&repo, "other/secret").await, 404);
    assert_eq!(w.push(&repo, "acme/tools").await.status, 403);
    let github = w.sim.github();
    for name in ["tools", "site"] {
        github.add_collaborator("acme", name, OCTOCAT, RepoRole::Write).unwrap();
    }
    assert_eq!(w.push(&repo, "acme/tools").await.status, 200);
    assert_eq!(w.push(&public, "acme/site").await.status, 200);
    assert_eq!(w.push(&w.classic([]), "acme/site").await.status, 403);
    let one = w.make(PersonalTokenSpec::fine_grained("acme", [("contents", "read")]).selected(["docs"]));
    assert_eq!(w.fetch(&one, "acme/docs").await, 200);
    assert_eq!(w.fetch(&one, "acme/tools").await, 404);
    assert_eq!(w.fetch(&w.fine([]), "acme/docs").await, 403);
}

#[tokio::test]
async fn a_dead_token_is_challenged_and_an_organizations_refusal_is_told() {
    let w = World::with_octocat().await;
    let (token, github) = (w.classic(["repo"]), w.sim.github());
    let asked = async || w.refs(OCTOCAT, &token, "acme/tools", "git-upload-pack").await;
    github.change_org_policy("acme", |policy| policy.saml_sso = SamlSso::Required);
    let sso = asked().await;
    assert_eq!(sso.status, 403);
    assert!(
        sso.text
            .contains("https://github.com/orgs/acme/sso?authorization_request=")
    );
    github.change_org_policy("acme", |policy| policy.forbid_classic = true);
    let classic = asked().await;
    assert_eq!(
        (classic.status.as_u16(), classic.text.contains("(classic)")),
        (403, true)
    );
    github.change_org_policy("acme", |policy| policy.ip_allow_list = Some(Vec::new()));
    let address = asked().await;
    assert_eq!(
        (address.status.as_u16(), address.text.contains("IP allow list")),
        (403, true)
    );
    github.revoke_personal_token(token.id);
    assert_eq!(asked().await.status, 401);
}
