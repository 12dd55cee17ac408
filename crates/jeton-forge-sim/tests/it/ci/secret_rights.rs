//! Who may see and change secrets.

use jeton_forge_sim::{OrgRole, RepoRole};
use serde_json::json;

use super::{BY_APP, BY_TOKEN, NO_ADMIN, SECRETS, seal};
use crate::common::{Answer, World, send};
use crate::personal::OCTOCAT;

const ENV: &str = "/repos/acme/tools/environments/production/secrets";
const ORG: &str = "/orgs/acme/actions/secrets";

impl World {
    async fn with_production() -> Self {
        let w = Self::with_owner().await;
        w.sim.github().add_environment("acme", "tools", "production").unwrap();
        w
    }

    /// A `PUT` whose body is good, with a key that was asked for as the owner.
    async fn put_good(&self, token: &str, secrets: &str) -> Answer {
        let owner = self.sim.github().add_personal_token(
            "boss",
            jeton_forge_sim::PersonalTokenSpec::classic(["repo", "admin:org"]),
        );
        self.sim.github().add_member("acme", "boss", OrgRole::Admin).unwrap();
        let key = self.get(&owner, &format!("{secrets}/public-key")).await.json();
        let mut body = json!({ "encrypted_value": seal(&key, b"v"), "key_id": key["key_id"] });
        if secrets == ORG {
            body["visibility"] = json!("all");
        }
        self.put(token, &format!("{secrets}/A"), &body).await
    }
}

#[tokio::test]
async fn reading_and_writing_are_two_levels_of_one_permission() {
    let w = World::with_production().await;
    for (secrets, permission) in [
        (SECRETS, "secrets"),
        (ENV, "environments"),
        (ORG, "organization_secrets"),
        ("/repos/acme/tools/dependabot/secrets", "dependabot_secrets"),
    ] {
        let (reads, writes) = ([(permission, "read")], [(permission, "write")]);
        let readers = [(w.fine(reads).token, BY_TOKEN), (w.app_token(reads).await, BY_APP)];
        for (reader, words) in readers {
            let key = w.as_token(&reader, "GET", &format!("{secrets}/public-key")).await;
            assert_eq!(key.status, 200, "{secrets}: {}", key.text);
            assert_eq!(w.as_token(&reader, "GET", secrets).await.status, 200, "{secrets}");
            let refused = w.put_good(&reader, secrets).await;
            refused.is(403, words);
            let header = refused.header("x-accepted-github-permissions");
            assert_eq!(header, format!("{permission}=write"));
            w.as_token(&reader, "DELETE", &format!("{secrets}/A"))
                .await
                .is(403, words);
        }
        for (writer, status) in [(w.fine(writes).token, 201), (w.app_token(writes).await, 204)] {
            let done = w.put_good(&writer, secrets).await;
            assert_eq!(done.status, status, "{secrets}: {}", done.text);
        }
        let other = [("administration", "write"), ("contents", "write")];
        for (stranger, words) in [(w.fine(other).token, BY_TOKEN), (w.app_token(other).await, BY_APP)] {
            let refused = w.as_token(&stranger, "GET", &format!("{secrets}/public-key")).await;
            refused.is(403, words);
            let header = refused.header("x-accepted-github-permissions");
            assert_eq!(header, format!("{permission}=read"));
        }
    }
}

#[tokio::test]
async fn a_classic_token_wants_its_scope_and_the_role_of_its_person() {
    let w = World::with_production().await;
    let github = w.sim.github();
    github.add_member("acme", OCTOCAT, OrgRole::Member).unwrap();
    let repo = w.classic(["repo"]).token;
    let org = w.classic(["admin:org"]).token;
    for secrets in [SECRETS, ENV] {
        w.put_good(&repo, secrets).await.is(403, NO_ADMIN);
        w.put_good(&org, secrets).await.is(404, "Not Found");
    }
    w.put_good(&org, ORG).await.is(403, NO_ADMIN);
    github
        .add_collaborator("acme", "tools", OCTOCAT, RepoRole::Write)
        .unwrap();
    for secrets in [SECRETS, ENV] {
        assert_eq!(w.put_good(&repo, secrets).await.status, 201);
    }
    github.add_member("acme", OCTOCAT, OrgRole::Admin).unwrap();
    assert_eq!(w.put_good(&org, ORG).await.status, 201);
    w.put_good(&repo, ORG).await.is(403, NO_ADMIN);
    assert!(github.remove_member("acme", OCTOCAT));
    w.put_good(&org, ORG).await.is(404, "Not Found");
    assert!(github.remove_collaborator("acme", "tools", OCTOCAT));
    w.put_good(&repo, SECRETS).await.is(404, "Not Found");
}

#[tokio::test]
async fn strangers_hear_no_more_than_that_nothing_is_there() {
    let w = World::with_production().await;
    for path in [SECRETS, ENV] {
        send(w.request("GET", path)).await.is(404, "Not Found");
    }
    send(w.request("GET", ORG)).await.is(401, "Requires authentication");
    let public = "/repos/acme/site/actions/secrets/public-key";
    send(w.request("GET", public)).await.is(401, "Requires authentication");
    let workflow = w
        .sim
        .github()
        .add_workflow_token("acme", "tools", [("contents", "write")]);
    for path in [SECRETS, ENV, ORG] {
        w.as_token(&workflow, "GET", path).await.is(403, BY_APP);
    }
}
