//! GitLab's and Bitbucket's refusals.

use jeton_domain::Code;
use jeton_forge_sim::{AccessLevel, BitbucketTokenSpec, GitLabTokenSpec, Visibility};
use serde_json::json;

use crate::{
    account_diagnoses::{Table, fresh, on_tools},
    account_world::{EMAIL, Forge, text, with},
};

pub(super) async fn gitlab(table: &mut Table) {
    let w = fresh().await;
    let given = |token: &str| w.given(Forge::GitLab, token);
    let spec = || GitLabTokenSpec::personal(w.at_gitlab);
    let add = |spec: GitLabTokenSpec| w.gitlab.add_token(&spec).unwrap();

    // Well-formed, and of no world of this GitLab's.
    let elsewhere = fresh().await;
    elsewhere.gitlab.add_user("somebody").unwrap();
    elsewhere.token(Forge::GitLab);
    let unknown = elsewhere.at_gitlab(&["api"]).token;
    let answer = on_tools(&w, given(&unknown)).await;
    table.check(
        "GitLab: unknown",
        "credential.invalid",
        &[&w.host(Forge::GitLab)],
        &answer,
    );
    let expired = add(spec());
    w.gitlab.expire_token(expired.id).unwrap();
    table.check(
        "GitLab: expired",
        "credential.expired",
        &[],
        &on_tools(&w, given(&expired.token)).await,
    );
    let revoked = add(spec());
    w.gitlab.revoke_token(revoked.id).unwrap();
    table.check(
        "GitLab: revoked",
        "credential.revoked",
        &[],
        &on_tools(&w, given(&revoked.token)).await,
    );
    let impersonation = add(GitLabTokenSpec::impersonation(w.at_gitlab));
    w.gitlab.allow_impersonation(false);
    let answer = on_tools(&w, given(&impersonation.token)).await;
    table.check(
        "GitLab: impersonation is off",
        "forge.forbidden",
        &["impersonation"],
        &answer,
    );
    w.gitlab.require_dpop(true);
    let personal = add(spec());
    let answer = on_tools(&w, given(&personal.token)).await;
    table.check(
        "GitLab: proof of possession demanded",
        "credential.proof_required",
        &["DPoP"],
        &answer,
    );
    w.gitlab.require_dpop(false);
    let reads = add(spec().scopes(["read_repository"]));
    let answer = on_tools(&w, given(&reads.token)).await;
    table.check(
        "GitLab: scope too small",
        "credential.insufficient_scope",
        &["write_repository"],
        &answer,
    );
    let bob = w.gitlab.add_user("bob").unwrap();
    w.gitlab.add_member(w.project, bob, AccessLevel::Reporter).unwrap();
    let small = add(GitLabTokenSpec::personal(bob));
    let answer = on_tools(&w, given(&small.token)).await;
    table.check(
        "GitLab: role too small",
        "credential.insufficient_role",
        &["Developer", "acme/tools"],
        &answer,
    );
    let eve = w.gitlab.add_user("eve").unwrap();
    w.gitlab.add_project("secret/plan", Visibility::Private).unwrap();
    let outside = add(GitLabTokenSpec::personal(eve));
    let answer = on_tools(&w, given(&outside.token)).await;
    table.check(
        "GitLab: project not visible",
        "credential.not_visible",
        &["acme/tools"],
        &answer,
    );
    let blocked = add(GitLabTokenSpec::personal(bob));
    w.gitlab.set_blocked(bob, true).unwrap();
    let answer = on_tools(&w, given(&blocked.token)).await;
    let code = text(&answer.json()["check"]["diagnoses"][0]["code"]).to_owned();
    let code = Code::parse(&code).unwrap().as_str();
    table.check("GitLab: its user is blocked", code, &[], &answer);
    let project = add(GitLabTokenSpec::project(w.project, AccessLevel::Developer).scopes(["read_api"]));
    let answer = on_tools(&w, given(&project.token)).await;
    table.check(
        "GitLab: project access token, scope too small",
        "credential.insufficient_scope",
        &["write_repository", "/-/settings/access_tokens"],
        &answer,
    );
    w.gitlab.revoke_token(project.id).unwrap();
    let mut stored = given(&project.token);
    stored["untested"] = json!(true);
    let refused = w.t.post("/v1/accounts", stored).await;
    assert_eq!(refused.code(), "credential.revoked", "{}", refused.text);
}

pub(super) async fn bitbucket(table: &mut Table) {
    let w = fresh().await;
    let given = |token: &str| w.given(Forge::Bitbucket, token);
    let revoked = w.at_bitbucket(&["read:user", "read:repository"]);
    w.bitbucket.revoke_token(revoked.id).unwrap();
    let answer = on_tools(&w, given(&revoked.token)).await;
    table.check(
        "Bitbucket: API token that is not accepted",
        "credential.invalid",
        &[],
        &answer,
    );
    let good = w.token(Forge::Bitbucket);
    let wrong = with(given(&good), &json!({"email": "eve@example.com"}));
    let answer = on_tools(&w, wrong).await;
    let code = text(&answer.json()["check"]["diagnoses"][0]["code"]).to_owned();
    let code = Code::parse(&code).unwrap().as_str();
    table.check(
        "Bitbucket: API token with another e-mail address",
        code,
        &["e-mail"],
        &answer,
    );
    let mut named = given(&good);
    named.as_object_mut().unwrap().remove("email");
    named["username"] = json!("ada");
    let answer = on_tools(&w, named).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let problem = answer.json();
    let told = json!({"code": problem["code"], "cause": problem["detail"], "remedy": problem["remedy"], "url": problem["url"]});
    table.row(
        "Bitbucket: API token with a user name and no e-mail address",
        "credential.wrong_username",
        &["e-mail", "`ada`"],
        told,
    );
    let unscoped = w.at_bitbucket(&[]);
    let answer = on_tools(&w, given(&unscoped.token)).await;
    let code = text(&answer.json()["check"]["diagnoses"][0]["code"]).to_owned();
    let code = Code::parse(&code).unwrap().as_str();
    table.check("Bitbucket: API token without scopes", code, &["scopes"], &answer);
    let user_only = w.at_bitbucket(&["read:user"]);
    let answer = on_tools(&w, given(&user_only.token)).await;
    table.check(
        "Bitbucket: scope missing",
        "credential.insufficient_scope",
        &["read:repository:bitbucket"],
        &answer,
    );
    let repository = w
        .bitbucket
        .add_token(&BitbucketTokenSpec::repository_token(w.repository))
        .unwrap();
    let mut access = given(&repository.token);
    access.as_object_mut().unwrap().remove("email");
    w.bitbucket.revoke_token(repository.id).unwrap();
    let answer = on_tools(&w, access).await;
    table.check(
        "Bitbucket: access token that is not accepted",
        "credential.invalid",
        &[],
        &answer,
    );
    let other = w.bitbucket.add_account("bob", "bob@example.com").unwrap();
    let scopes = ["read:user:bitbucket", "read:repository:bitbucket"];
    let outside = w
        .bitbucket
        .add_token(&BitbucketTokenSpec::api_token(other).scopes(scopes))
        .unwrap();
    let answer = on_tools(&w, with(given(&outside.token), &json!({"email": "bob@example.com"}))).await;
    table.check(
        "Bitbucket: repository not visible",
        "credential.not_visible",
        &["acme/tools"],
        &answer,
    );
    let password = w
        .bitbucket
        .add_token(&BitbucketTokenSpec::app_password(w.at_bitbucket))
        .unwrap();
    let answer = on_tools(
        &w,
        with(given(&password.token), &json!({"username": "ada", "email": EMAIL})),
    )
    .await;
    table.check(
        "Bitbucket: app password",
        "credential.app_password_ended",
        &["2026-07-28"],
        &answer,
    );
}
