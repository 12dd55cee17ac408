//! Real git against the simulated Bitbucket.

use jeton_forge_sim::{BitbucketRole, BitbucketTokenSpec};
use tempfile::TempDir;

use super::{EMAIL, World};
use crate::git::{commit, git, good, words};

impl World {
    fn remote(&self, user: &str, password: &str) -> String {
        let user = user.replace('@', "%40");
        format!("http://{user}:{password}@{}/acme/tools.git", self.sim.address())
    }

    async fn fetches(&self, user: &str, password: &str) -> Result<(), String> {
        let directory = TempDir::new().unwrap();
        let output = git(directory.path(), &["ls-remote", &self.remote(user, password)]).await;
        if output.status.success() {
            Ok(())
        } else {
            Err(words(&output))
        }
    }
}

#[tokio::test]
async fn each_kind_of_token_has_its_user_name() {
    let w = World::new().await;
    let api = w.api(&["read:repository:bitbucket"]);
    let access = w.access(&["repository"]);
    let oauth = w.token(&BitbucketTokenSpec::oauth(w.ada)).replace('=', "%3D");
    let app_password = w.token(&BitbucketTokenSpec::app_password(w.ada).scopes(["repository"]));
    for (user, password, works) in [
        ("ada", &api, true),
        ("x-bitbucket-api-token-auth", &api, true),
        (EMAIL, &api, false),
        ("x-token-auth", &api, false),
        ("x-token-auth", &access, true),
        ("ada", &access, false),
        ("x-token-auth", &oauth, true),
        ("ada", &app_password, false),
    ] {
        let fetched = w.fetches(user, password).await;
        assert_eq!(fetched.is_ok(), works, "{user} with {}: {fetched:?}", &password[..5]);
    }
}

#[tokio::test]
async fn pushing_needs_the_scope_and_the_role() {
    let w = World::new().await;
    let both = w.api(&["read:repository:bitbucket", "write:repository:bitbucket"]);
    let directory = TempDir::new().unwrap();
    good(
        directory.path(),
        &["clone", "--quiet", &w.remote("ada", &both), "tools"],
    )
    .await;
    let clone = directory.path().join("tools");
    commit(&clone, "new.txt", b"new\n").await;
    let refused = git(
        &clone,
        &["push", &w.remote("ada", &w.api(&["read:repository:bitbucket"])), "main"],
    )
    .await;
    assert!(words(&refused).contains("403"), "{}", words(&refused));
    let writes_only = w.api(&["write:repository:bitbucket"]);
    assert!(
        w.fetches("ada", &writes_only).await.unwrap_err().contains("403"),
        "writing implies no reading"
    );
    good(&clone, &["push", "--quiet", "origin", "main"]).await;
    let scopes = ["read:repository:bitbucket", "write:repository:bitbucket"];
    let eve = w.token(&BitbucketTokenSpec::api_token(w.eve).scopes(scopes));
    assert!(w.fetches("eve", &eve).await.unwrap_err().contains("not found"));
    w.sim.set_role(w.tools, w.eve, Some(BitbucketRole::Read)).unwrap();
    w.fetches("eve", &eve).await.unwrap();
    commit(&clone, "more.txt", b"more\n").await;
    let refused = git(&clone, &["push", &w.remote("eve", &eve), "main"]).await;
    assert!(words(&refused).contains("403"), "{}", words(&refused));
    w.sim.set_role(w.tools, w.eve, Some(BitbucketRole::Write)).unwrap();
    good(&clone, &["push", "--quiet", &w.remote("eve", &eve), "main"]).await;
}

#[tokio::test]
async fn strangers_see_public_repositories_only() {
    let w = World::new().await;
    w.sim.add_repository("acme", "open", false).unwrap();
    let directory = TempDir::new().unwrap();
    let base = w.sim.web_url();
    good(directory.path(), &["ls-remote", &format!("{base}/acme/open.git")]).await;
    for path in ["acme/tools.git", "acme/nothing.git", "acme/..%2fopen.git"] {
        let output = git(directory.path(), &["ls-remote", &format!("{base}/{path}")]).await;
        assert!(!output.status.success(), "{path}");
    }
}
