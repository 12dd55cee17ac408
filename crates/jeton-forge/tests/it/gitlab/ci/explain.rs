//! Every way in which GitLab says no to a new runner: the code, what is named, what would do, and where.

use jeton_domain::{CiScope, Code, Credential, CredentialKind, Diagnosis, Fitness};
use jeton_forge::ci::SecretOptions;
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabRunnerKind, GitLabTokenSpec};

use super::{CiWorld, MAKE, scope, tools};

async fn refused(w: &CiWorld, credential: &Credential, scope: &CiScope) -> Diagnosis {
    let before = w.t.sim.runners().len();
    let refused = w.make(credential, scope).await.unwrap_err();
    assert!(!refused.unclear, "{refused:?}");
    assert_eq!(w.t.sim.runners().len(), before);
    assert!(!refused.evidence.is_empty() || w.t.sim.calls().count(MAKE) == 0);
    assert!(refused.diagnosis.cause.ends_with('.') && refused.diagnosis.remedy.ends_with('.'));
    *refused.diagnosis
}

fn has(diagnosis: &Diagnosis, code: Code, words: &[&str], page: &str) {
    assert_eq!(diagnosis.code, code, "{diagnosis:#?}");
    let text = format!("{} {}", diagnosis.cause, diagnosis.remedy);
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    let url = diagnosis.url.as_deref().unwrap_or_default();
    assert!(url.contains(page), "{url}");
}

#[tokio::test]
async fn scopes_that_are_missing_are_named_with_those_that_are_there() {
    let w = CiWorld::new().await;
    let found = refused(&w, &w.token(w.olga, &["read_api"]), &tools()).await;
    has(
        &found,
        Code::CredentialScope,
        &["has `read_api`", "`create_runner`", "cannot be changed afterwards"],
        "/-/user_settings/personal_access_tokens",
    );
    // makes a runner, and cannot look up the project's number
    let found = refused(&w, &w.token(w.olga, &["create_runner"]), &tools()).await;
    has(
        &found,
        Code::CredentialScope,
        &["has `create_runner`", "`read_api`"],
        "/-/user_settings/personal_access_tokens",
    );
}

#[tokio::test]
async fn a_role_that_is_too_small_is_named() {
    let w = CiWorld::new().await;
    let found = refused(&w, &w.token(w.t.alice, &["api"]), &tools()).await;
    has(
        &found,
        Code::CredentialRole,
        &["Developer", "Owner", "Maintainer", "`acme/tools`"],
        "/acme/tools/-/project_members",
    );
    w.t.sim.add_member(w.group, w.t.alice, AccessLevel::Maintainer).unwrap();
    let found = refused(&w, &w.token(w.t.alice, &["api"]), &scope("owner", "ops")).await;
    has(
        &found,
        Code::CredentialRole,
        &["role Maintainer there", "role Owner in the group `ops`"],
        "/groups/ops/-/group_members",
    );
    let found = refused(&w, &w.token(w.olga, &["api"]), &scope("instance", "")).await;
    has(&found, Code::CredentialRole, &["administrator"], "/admin/users");
    // a bot's role is chosen when its token is made
    let spec = GitLabTokenSpec::project(w.t.project, AccessLevel::Developer).scopes(["api"]);
    let bot = Credential {
        kind: CredentialKind::GitLabProject,
        ..w.t.credential(&w.t.sim.add_token(&spec).unwrap().token)
    };
    let found = refused(&w, &bot, &tools()).await;
    has(
        &found,
        Code::CredentialRole,
        &["chosen when it is made"],
        "/acme/tools/-/settings/access_tokens",
    );
}

#[tokio::test]
async fn where_a_maintainer_will_not_do_both_causes_are_told() {
    let w = CiWorld::new().await;
    let max = w.t.sim.add_user("max").unwrap();
    w.t.sim.add_member(w.t.project, max, AccessLevel::Maintainer).unwrap();
    let credential = w.token(max, &["api"]);
    w.make(&credential, &tools()).await.unwrap();
    w.t.sim.let_maintainers_create_runners(false);
    let found = refused(&w, &credential, &tools()).await;
    has(
        &found,
        Code::CredentialRole,
        &["Maintainer", "Owner", "Runner registration"],
        "/acme/tools/-/project_members",
    );
}

#[tokio::test]
async fn what_an_administrator_switched_off_is_told_apart_from_a_small_role() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    let words = Some("403 Forbidden - Insufficient permissions to create runner");
    w.t.sim.refuse_runners(GitLabRunnerKind::Project(w.t.project), words);
    let found = refused(&w, &owner, &tools()).await;
    has(
        &found,
        Code::RunnerRepositoryLevel,
        &[
            "Insufficient permissions",
            "switched off",
            "Runner registration",
            "runner of the group",
        ],
        "/admin/application_settings/ci_cd",
    );
    w.t.sim.refuse_runners(GitLabRunnerKind::Group(w.group), words);
    let found = refused(&w, &owner, &scope("owner", "ops")).await;
    has(&found, Code::ForgeForbidden, &["switched off"], "/groups/ops/-/runners");
}

#[tokio::test]
async fn what_is_not_there_or_not_seen_is_named_as_either() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    for (kind, path, page) in [
        ("repository", "acme/nowhere", "/acme/nowhere"),
        ("owner", "nobody", "/nobody"),
    ] {
        let found = refused(&w, &owner, &scope(kind, path)).await;
        has(&found, Code::RunnerScopeNotFound, &["answers both alike", path], page);
    }
    let stranger = w.t.sim.add_user("eve").unwrap();
    let found = refused(&w, &w.token(stranger, &["api"]), &tools()).await;
    assert_eq!(found.code, Code::RunnerScopeNotFound);
    // `simulated` GitLabs are nobody's gitlab.com; an enterprise is no place of GitLab's
    let found = refused(&w, &owner, &scope("enterprise", "acme")).await;
    assert_eq!(found.code, Code::RunnerUnsupported);
}

/// `GET /groups/2024` is the group with that id, whatever it is called.
#[tokio::test]
async fn a_groups_number_is_no_name_for_it() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    let number = scope("owner", &w.group.to_string());
    let found = refused(&w, &owner, &number).await;
    has(&found, Code::RunnerInvalid, &["digits alone", "letter"], "");
    let refused = w.push(&owner, &number, "s3cret-value", &SecretOptions::default()).await;
    assert_eq!(refused.unwrap_err().diagnosis.code, Code::SecretInvalid);
    let exam = w.runners().examine(&w.at(&owner, &number)).await;
    assert_eq!((exam.fit, exam.diagnoses[0].code), (Fitness::No, Code::RunnerInvalid));
    assert_eq!(w.t.sim.calls().total(), 0);
}

#[tokio::test]
async fn a_dead_token_is_told_how() {
    let w = CiWorld::new().await;
    for (code, kill) in [(Code::CredentialExpired, true), (Code::CredentialRevoked, false)] {
        let spec = GitLabTokenSpec::personal(w.olga).scopes(["api"]);
        let token = w.t.sim.add_token(&spec).unwrap();
        if kill {
            w.t.sim.expire_token(token.id).unwrap();
        } else {
            w.t.sim.revoke_token(token.id).unwrap();
        }
        let found = refused(&w, &w.t.credential(&token.token), &tools()).await;
        assert_eq!(found.code, code);
        assert!(found.url.is_some());
    }
    let owner = w.token(w.olga, &["api"]);
    w.t.sim.require_dpop(true);
    let found = refused(&w, &owner, &tools()).await;
    has(&found, Code::CredentialProof, &["DPoP"], "personal_access_tokens");
}

#[tokio::test]
async fn tokens_for_one_special_purpose_are_not_sent() {
    let w = CiWorld::new().await;
    for (kind, code) in [
        (CredentialKind::GitLabJob, Code::RunnerWorkflowToken),
        (CredentialKind::GitLabDeploy, Code::CredentialWrongKind),
        (CredentialKind::GitLabRunner, Code::CredentialWrongKind),
    ] {
        let credential = Credential {
            kind,
            ..w.t.credential("x")
        };
        assert_eq!(refused(&w, &credential, &tools()).await.code, code);
    }
    assert_eq!(w.t.sim.calls().total(), 0);
}

#[tokio::test]
async fn gitlabs_words_on_the_runner_itself_are_passed_on() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    for (message, code) in [
        (
            "Maximum number of ci registered project runners (50) exceeded",
            Code::RunnerLimit,
        ),
        ("Tags list can not be empty", Code::RunnerInvalid),
    ] {
        let fault = FaultKind::Status {
            status: 400,
            message: message.to_owned(),
        };
        let fault = w.t.sim.faults().add(FaultRule::new(fault).on(MAKE));
        let found = refused(&w, &owner, &tools()).await;
        w.t.sim.faults().remove(fault);
        has(&found, code, &[message], "/acme/tools/-/settings/ci_cd");
    }
}
