//! Real git against the simulated GitLab.

use jeton_forge_sim::{AccessLevel, GitLabTokenSpec, Visibility};
use tempfile::TempDir;

use super::World;
use crate::git::{commit, git, good, words};

impl World {
    fn remote(&self, user: &str, password: &str, path: &str) -> String {
        format!("http://{user}:{password}@{}/{path}", self.sim.address())
    }

    async fn fetches(&self, remote: &str) -> Result<(), String> {
        let directory = TempDir::new().unwrap();
        let output = git(directory.path(), &["ls-remote", remote]).await;
        if output.status.success() {
            Ok(())
        } else {
            Err(words(&output))
        }
    }
}

#[tokio::test]
async fn a_token_clones_and_pushes_with_any_user_name() {
    let w = World::new().await;
    let token = w.personal(&["write_repository"]).token;
    let directory = TempDir::new().unwrap();
    let url = w.remote("whoever", &token, "acme/tools.git");
    good(directory.path(), &["clone", "--quiet", &url, "tools"]).await;
    let clone = directory.path().join("tools");
    commit(&clone, "new.txt", b"new\n").await;
    good(&clone, &["push", "--quiet", "origin", "main"]).await;
    w.fetches(&w.remote("x", &w.of_project(&["read_repository"]).token, "acme/tools"))
        .await
        .unwrap();
    let blank = w.fetches(&w.remote("%20", &token, "acme/tools.git")).await.unwrap_err();
    assert!(blank.contains("Authentication failed"), "{blank}");
    assert_eq!(w.sim.calls().count("POST /{project+}/git-receive-pack"), 1);
}

#[tokio::test]
async fn scopes_and_roles_count() {
    let w = World::new().await;
    let reader = w.remote("x", &w.personal(&["read_repository"]).token, "acme/tools.git");
    let directory = TempDir::new().unwrap();
    good(directory.path(), &["clone", "--quiet", &reader, "tools"]).await;
    let clone = directory.path().join("tools");
    commit(&clone, "new.txt", b"new\n").await;
    let refused = git(&clone, &["push", "origin", "main"]).await;
    assert!(words(&refused).contains("403"), "{}", words(&refused));
    let none = w
        .fetches(&w.remote("x", &w.personal(&["read_user"]).token, "acme/tools.git"))
        .await;
    assert!(none.unwrap_err().contains("403"));
    let eve = w.sim.add_token(&GitLabTokenSpec::personal(w.eve)).unwrap().token;
    let eve = w.remote("x", &eve, "acme/tools.git");
    assert!(w.fetches(&eve).await.unwrap_err().contains("not found"));
    w.sim.add_member(w.tools, w.eve, AccessLevel::Reporter).unwrap();
    w.fetches(&eve).await.unwrap();
    let pushed = git(&clone, &["push", &eve, "main"]).await;
    assert!(words(&pushed).contains("403"), "{}", words(&pushed));
}

#[tokio::test]
async fn strangers_see_public_projects_only() {
    let w = World::new().await;
    w.sim.add_project("acme/deep/open", Visibility::Public).unwrap();
    let base = w.sim.web_url();
    w.fetches(&format!("{base}/acme/deep/open.git")).await.unwrap();
    for path in ["acme/tools.git", "acme/nothing.git", "acme/%2e%2e/tools.git"] {
        assert!(w.fetches(&format!("{base}/{path}")).await.is_err(), "{path}");
    }
    let dead = w.personal(&["api"]);
    w.sim.revoke_token(dead.id).unwrap();
    let refused = w
        .fetches(&w.remote("x", &dead.token, "acme/tools.git"))
        .await
        .unwrap_err();
    assert!(refused.contains("Authentication failed"), "{refused}");
}

#[tokio::test]
async fn oauth_and_jobs_have_user_names_of_their_own() {
    let w = World::new().await;
    let oauth = w.sim.add_oauth_token(w.ada, &["read_repository"]).unwrap();
    w.fetches(&w.remote("oauth2", &oauth, "acme/tools.git")).await.unwrap();
    assert!(w.fetches(&w.remote("ada", &oauth, "acme/tools.git")).await.is_err());
    let other = w.sim.add_project("acme/other", Visibility::Private).unwrap();
    w.sim.add_member(other, w.ada, AccessLevel::Owner).unwrap();
    let job = w.sim.add_job_token(w.ada, w.tools).unwrap();
    w.fetches(&w.remote("gitlab-ci-token", &job, "acme/tools.git"))
        .await
        .unwrap();
    assert!(
        w.fetches(&w.remote("gitlab-ci-token", &job, "acme/other.git"))
            .await
            .is_err()
    );
    assert!(w.fetches(&w.remote("ada", &job, "acme/tools.git")).await.is_err());
}
