//! Variables: made, written over, refused; of a repository, a workspace and an environment.

use jeton_domain::Code;
use jeton_forge_sim::{BitbucketCiScope, FaultKind, FaultRule};

use super::{CiWorld, VARIABLES, acme, scope, shows, tools};

const CREATE: &str = "POST /2.0/repositories/{workspace}/{repo_slug}/pipelines_config/variables";
const VALUE: &str = "pa$$w0rd-of-the-deployment";

#[tokio::test]
async fn a_variable_is_made_secured_and_then_written_over_in_all_three_places() {
    let w = CiWorld::new().await;
    let uuid =
        w.t.sim
            .add_environment(w.t.tools, "Production EU", "Production")
            .unwrap();
    w.t.sim.add_environment(w.t.tools, "Staging", "Staging").unwrap();
    let environment = BitbucketCiScope::Environment {
        repository: w.t.tools,
        uuid,
    };
    let repository = BitbucketCiScope::Repository(w.t.tools);
    let workspace = BitbucketCiScope::Workspace("acme".to_owned());
    for (credential, scope, name, place) in [
        (w.token(&VARIABLES), tools(), None, repository.clone()),
        (w.token(&VARIABLES), acme(), None, workspace),
        (w.token(&VARIABLES), tools(), Some("Production EU"), environment.clone()),
    ] {
        // more than a page of others
        for n in 0..130 {
            w.t.sim
                .put_variable(&place, &format!("OTHER_{n}"), "x", n % 2 == 0)
                .unwrap();
        }
        let pushed = w.push(&credential, &scope, VALUE, name).await.unwrap();
        assert!(pushed.created && !shows(&pushed, VALUE));
        let pushed = w.push(&credential, &scope, "another-value", name).await.unwrap();
        assert!(!pushed.created, "{place:?}");
        let all = w.t.sim.variables(&place);
        let found: Vec<_> = all.iter().filter(|one| one.key == "DEPLOY_TOKEN").collect();
        assert_eq!(
            (found.len(), found[0].value.as_str(), found[0].secured),
            (1, "another-value", true)
        );
        assert_eq!(all.len(), 131);
    }
    // by its slug as well, and as an access token
    let access = w.access_token(&["pipeline", "pipeline:variable"]);
    let pushed = w.push(&access, &tools(), VALUE, Some("production-eu")).await.unwrap();
    assert!(!pushed.created);
    assert_eq!(
        w.t.sim.variable_value(&environment, "DEPLOY_TOKEN").as_deref(),
        Some(VALUE)
    );
    assert_eq!(
        w.t.sim.variable_value(&repository, "DEPLOY_TOKEN").as_deref(),
        Some("another-value")
    );
}

#[tokio::test]
async fn a_variable_that_was_not_secured_becomes_so() {
    let w = CiWorld::new().await;
    w.t.sim
        .add_variable(w.t.tools, "DEPLOY_TOKEN", "for all to see", false)
        .unwrap();
    let pushed = w.push(&w.token(&VARIABLES), &tools(), VALUE, None).await.unwrap();
    let all = w.t.sim.variables(&BitbucketCiScope::Repository(w.t.tools));
    assert!(!pushed.created && all[0].secured && all[0].value == VALUE);
    assert!(!shows(&pushed, "for all to see"));
}

#[tokio::test]
async fn every_no_has_its_code_and_what_would_do() {
    let w = CiWorld::new().await;
    w.t.sim.add_environment(w.t.tools, "Staging", "Staging").unwrap();
    for (credential, scope, environment, code, words) in [
        (
            w.token(&["read:pipeline"]),
            tools(),
            None,
            Code::CredentialScope,
            "`admin:pipeline:bitbucket`",
        ),
        (
            w.access_token(&["repository"]),
            tools(),
            None,
            Code::CredentialScope,
            "`pipeline:variable`",
        ),
        (
            // what Bitbucket itself names is believed
            w.access_token(&["pipeline:variable"]),
            tools(),
            None,
            Code::CredentialScope,
            "lacks `pipeline`,",
        ),
        (w.writer(&VARIABLES), tools(), None, Code::CredentialRole, "administers"),
        (
            w.token(&VARIABLES),
            scope("repository", "acme/nowhere"),
            None,
            Code::RunnerScopeNotFound,
            "acme/nowhere",
        ),
        (
            w.token(&VARIABLES),
            tools(),
            Some("Produktion"),
            Code::SecretEnvironment,
            "There are `Staging`",
        ),
        (
            w.token(&VARIABLES),
            acme(),
            Some("Staging"),
            Code::SecretInvalid,
            "repositories",
        ),
    ] {
        let refused = w.push(&credential, &scope, VALUE, environment).await.unwrap_err();
        let found = &refused.diagnosis;
        assert_eq!(found.code, code, "{found:#?}");
        assert!(
            format!("{} {}", found.cause, found.remedy).contains(words),
            "{found:#?}"
        );
        assert!(!refused.unclear && found.url.is_some() && !shows(&refused, VALUE));
    }
    assert!(w.t.sim.variables(&BitbucketCiScope::Repository(w.t.tools)).is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_not_known_and_pushing_again_does_no_harm() {
    let w = CiWorld::new().await;
    let credential = w.token(&VARIABLES);
    for kind in [FaultKind::CutBeforeHandling, FaultKind::CutBeforeAnswer] {
        let fault = w.t.sim.faults().add(FaultRule::new(kind.clone()).on(CREATE));
        let refused = w.push(&credential, &tools(), VALUE, None).await.unwrap_err();
        w.t.sim.faults().remove(fault);
        assert!(refused.unclear, "{kind:?}");
        assert_eq!(refused.diagnosis.code, Code::SecretUnclear);
    }
    let pushed = w.push(&credential, &tools(), VALUE, None).await.unwrap();
    assert!(!pushed.created, "the second had arrived");
}

#[tokio::test]
async fn a_read_whose_connection_was_cut_is_asked_again() {
    let w = CiWorld::new().await;
    let list = "GET /2.0/repositories/{workspace}/{repo_slug}/pipelines_config/variables";
    w.t.sim
        .faults()
        .add(FaultRule::new(FaultKind::CutBeforeAnswer).on(list).times(1));
    w.push(&w.token(&VARIABLES), &tools(), VALUE, None).await.unwrap();
    assert_eq!(w.t.sim.calls().count(list), 2);
}
