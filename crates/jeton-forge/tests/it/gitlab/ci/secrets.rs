//! Variables: made, written over, refused.

use jeton_domain::Code;
use jeton_forge::ci::SecretOptions;
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabVariable};

use super::{super::shows, CiWorld, scope, tools};

const CREATE: &str = "POST /api/v4/projects/{id}/variables";
const UPDATE: &str = "PUT /api/v4/projects/{id}/variables/{key}";
const VALUE: &str = "pa$$w0rd-of-the-deployment";

fn plain() -> SecretOptions {
    SecretOptions::default()
}

fn only(w: &CiWorld, space: u64) -> GitLabVariable {
    let all = w.t.sim.variables(space);
    assert_eq!(all.len(), 1, "{all:?}");
    all.into_iter().next().unwrap()
}

#[tokio::test]
async fn a_variable_is_made_masked_and_raw_and_then_written_over() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    for (space, scope) in [(w.t.project, tools()), (w.group, scope("owner", "ops"))] {
        let pushed = w.push(&owner, &scope, VALUE, &plain()).await.unwrap();
        assert!(pushed.created && !pushed.evidence.is_empty());
        let found = only(&w, space);
        assert_eq!((found.value.as_str(), found.environment_scope.as_str()), (VALUE, "*"));
        assert!(found.masked && found.raw && !found.hidden && !found.protected && !found.file);
        let pushed = w.push(&owner, &scope, "another-value", &plain()).await.unwrap();
        assert!(!pushed.created);
        assert_eq!(only(&w, space).value, "another-value");
        assert!(!shows(&pushed, VALUE) && !shows(&pushed, "another-value"));
    }
}

#[tokio::test]
async fn options_reach_gitlab_and_what_is_not_asked_for_stays() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    let options = SecretOptions {
        environment: Some("review/*".to_owned()),
        masked: Some(false),
        protected: Some(true),
        raw: Some(false),
        file: Some(true),
        description: Some("for people".to_owned()),
        ..plain()
    };
    w.push(&owner, &tools(), "two\nlines", &options).await.unwrap();
    let found = only(&w, w.t.project);
    assert!(!found.masked && found.protected && !found.raw && found.file);
    assert_eq!(found.environment_scope, "review/*");
    assert_eq!(found.description.as_deref(), Some("for people"));
    let fewer = SecretOptions {
        environment: options.environment.clone(),
        ..plain()
    };
    w.push(&owner, &tools(), "one-line-of-it", &fewer).await.unwrap();
    let found = only(&w, w.t.project);
    assert!(found.masked && found.protected && found.raw && found.file);
    // another environment is another variable
    w.push(&owner, &tools(), "everywhere-else", &plain()).await.unwrap();
    let sim = &w.t.sim;
    assert_eq!(
        sim.variable_value(w.t.project, "DEPLOY_TOKEN", "review/*").as_deref(),
        Some("one-line-of-it")
    );
    assert_eq!(
        sim.variable_value(w.t.project, "DEPLOY_TOKEN", "*").as_deref(),
        Some("everywhere-else")
    );
}

#[tokio::test]
async fn a_variable_is_hidden_only_when_it_is_made() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    let hidden = SecretOptions {
        hidden: Some(true),
        ..plain()
    };
    assert!(w.push(&owner, &tools(), VALUE, &hidden).await.unwrap().created);
    let found = only(&w, w.t.project);
    assert!(found.hidden && found.masked && found.raw);
    // the same again, and without a word on hiding
    for options in [&hidden, &plain()] {
        assert!(
            !w.push(&owner, &tools(), "another-value", options)
                .await
                .unwrap()
                .created
        );
    }
    assert_eq!(only(&w, w.t.project).value, "another-value");
    for options in [
        SecretOptions {
            hidden: Some(false),
            ..plain()
        },
        SecretOptions {
            masked: Some(false),
            ..plain()
        },
    ] {
        let refused = w.push(&owner, &tools(), VALUE, &options).await.unwrap_err();
        assert_eq!(refused.diagnosis.code, Code::SecretDiffers);
    }
    w.t.sim.set_variable(w.group, "DEPLOY_TOKEN", "old").unwrap();
    let refused = w
        .push(&owner, &scope("owner", "ops"), VALUE, &hidden)
        .await
        .unwrap_err();
    assert_eq!(refused.diagnosis.code, Code::SecretDiffers);
    assert!(refused.diagnosis.remedy.contains("Remove `DEPLOY_TOKEN`"));
    assert_eq!(only(&w, w.group).value, "old");
}

#[tokio::test]
async fn who_may_not_is_told_what_it_takes() {
    let w = CiWorld::new().await;
    w.t.sim.add_member(w.group, w.t.alice, AccessLevel::Maintainer).unwrap();
    let eve = w.t.sim.add_user("eve").unwrap();
    for (credential, scope, code, word) in [
        (
            w.token(w.olga, &["read_api"]),
            tools(),
            Code::CredentialScope,
            "has `read_api`",
        ),
        (
            w.token(w.t.alice, &["api"]),
            tools(),
            Code::CredentialRole,
            "role Maintainer in the project `acme/tools`",
        ),
        (
            w.token(w.t.alice, &["api"]),
            scope("owner", "ops"),
            Code::CredentialRole,
            "role Owner in the group `ops`",
        ),
        (w.token(eve, &["api"]), tools(), Code::RunnerScopeNotFound, "acme/tools"),
        (
            w.t.credential("glpat-nobody"),
            tools(),
            Code::CredentialInvalid,
            "does not know this token",
        ),
    ] {
        let refused = w.push(&credential, &scope, VALUE, &plain()).await.unwrap_err();
        assert_eq!(refused.diagnosis.code, code, "{:#?}", refused.diagnosis);
        assert!(refused.diagnosis.cause.contains(word), "{}", refused.diagnosis.cause);
        assert!(!refused.unclear && refused.diagnosis.url.is_some());
        assert!(!shows(&refused, VALUE));
    }
    assert!(w.t.sim.variables(w.t.project).is_empty());
}

#[tokio::test]
async fn what_is_wrong_with_it_is_said_before_gitlab_is_asked() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    for (value, scope, code) in [
        ("", tools(), Code::SecretEmpty),
        ("short", tools(), Code::SecretNotMaskable),
        (VALUE, scope("instance", ""), Code::SecretInvalid),
    ] {
        let refused = w.push(&owner, &scope, value, &plain()).await.unwrap_err();
        assert_eq!(refused.diagnosis.code, code);
    }
    assert_eq!(w.t.sim.calls().total(), 0);
}

/// What GitLab refuses for itself is sorted by its words.
#[tokio::test]
async fn gitlabs_own_rules_have_their_codes() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    for (message, code) in [
        (
            "Maximum number of project ci variables (8000) exceeded",
            Code::SecretLimit,
        ),
        ("something new", Code::SecretInvalid),
    ] {
        let fault = FaultKind::Status {
            status: 400,
            message: message.to_owned(),
        };
        let fault = w.t.sim.faults().add(FaultRule::new(fault).on(CREATE));
        let refused = w.push(&owner, &tools(), VALUE, &plain()).await.unwrap_err();
        w.t.sim.faults().remove(fault);
        assert_eq!(refused.diagnosis.code, code);
        assert!(refused.diagnosis.cause.contains(message) && !refused.unclear);
    }
}

#[tokio::test]
async fn a_lost_answer_is_not_known_and_pushing_again_does_no_harm() {
    let w = CiWorld::new().await;
    let owner = w.token(w.olga, &["api"]);
    for (route, kind) in [
        (CREATE, FaultKind::CutBeforeHandling),
        (CREATE, FaultKind::CutBeforeAnswer),
        (UPDATE, FaultKind::CutBeforeAnswer),
        (UPDATE, FaultKind::BadGateway),
    ] {
        let fault = w.t.sim.faults().add(FaultRule::new(kind.clone()).on(route));
        let refused = w.push(&owner, &tools(), VALUE, &plain()).await.unwrap_err();
        w.t.sim.faults().remove(fault);
        assert!(refused.unclear, "{kind:?}");
        assert_eq!(refused.diagnosis.code, Code::SecretUnclear);
        assert!(refused.diagnosis.remedy.contains("again") && !shows(&refused, VALUE));
    }
    w.push(&owner, &tools(), VALUE, &plain()).await.unwrap();
    assert_eq!(only(&w, w.t.project).value, VALUE);
}
