use jeton_domain::{CheckReport, Code, Fitness, Purpose, PurposeFinding, Validity};
use jeton_forge_sim::{AccessLevel, GitLabTokenSpec, Visibility};

use super::{World, finding};

fn of(report: &CheckReport, purpose: Purpose) -> &PurposeFinding {
    report.purposes.iter().find(|found| found.purpose == purpose).unwrap()
}

#[tokio::test]
async fn scope_and_role_decide_together() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    let report = t.full(&token.token, Purpose::ALL).await;
    assert_eq!(report.validity, Validity::Valid);
    let fits: Vec<_> = report.purposes.iter().map(|found| (found.purpose, found.fit)).collect();
    assert_eq!(
        fits,
        [
            (Purpose::ReadContent, Fitness::Yes),
            (Purpose::ManagePullRequests, Fitness::Yes),
            (Purpose::Push, Fitness::Yes),
            (Purpose::RegisterRunners, Fitness::No),
            (Purpose::ManageSecrets, Fitness::No),
        ]
    );
    assert_eq!(of(&report, Purpose::ManageSecrets).missing, ["role Maintainer"]);
    let found = finding(&report, Code::CredentialRole);
    assert!(
        found.remedy.contains("acme/tools") && found.remedy.contains("\"Members\""),
        "{}",
        found.remedy
    );
    assert!(report.evidence.len() <= 10);

    t.sim.add_member(t.project, t.alice, AccessLevel::Owner).unwrap();
    let report = t.full(&token.token, Purpose::ALL).await;
    assert!(
        report.purposes.iter().all(|found| found.fit == Fitness::Yes),
        "{:#?}",
        report.purposes
    );
    assert!(report.diagnoses.is_empty(), "{:#?}", report.diagnoses);
}

#[tokio::test]
async fn a_missing_scope_is_named_with_the_page_to_get_it() {
    let t = World::new().await;
    let token = t.personal(&["read_repository"]);
    let report = t.full(&token.token, &[Purpose::ReadContent, Purpose::Push]).await;
    assert_eq!(of(&report, Purpose::ReadContent).fit, Fitness::Yes);
    let push = of(&report, Purpose::Push);
    assert_eq!(
        (push.fit, push.missing.as_slice()),
        (Fitness::No, ["write_repository".to_owned()].as_slice())
    );
    let found = finding(&report, Code::CredentialScope);
    assert!(
        found.cause.contains("write_repository") && found.url.is_some(),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_projects_own_token_is_tried_on_its_project_without_naming_it() {
    let t = World::new().await;
    let spec = GitLabTokenSpec::project(t.project, AccessLevel::Reporter);
    let token = t.sim.add_token(&spec).unwrap();
    let report = t
        .full_at(&token.token, &[Purpose::ReadContent, Purpose::Push], None)
        .await;
    assert_eq!(of(&report, Purpose::ReadContent).fit, Fitness::Yes);
    assert_eq!(of(&report, Purpose::Push).fit, Fitness::No);
    let found = finding(&report, Code::CredentialRole);
    let page = format!("{}/acme/tools/-/settings/access_tokens", t.sim.web_url());
    assert!(found.remedy.contains(&page), "{}", found.remedy);

    // another project's page would be the wrong one
    t.sim.add_project("open/site", Visibility::Public).unwrap();
    let report = t.full_at(&token.token, &[Purpose::Push], Some("open/site")).await;
    assert!(
        !finding(&report, Code::CredentialRole)
            .remedy
            .contains("open/site/-/settings")
    );
}

#[tokio::test]
async fn a_project_that_is_not_seen_is_not_visible() {
    let t = World::new().await;
    t.sim.add_project("secret/vault", Visibility::Private).unwrap();
    let token = t.personal(&["api"]);
    for path in ["secret/vault", "no/such"] {
        let report = t.full_at(&token.token, &[Purpose::ReadContent], Some(path)).await;
        assert_eq!(report.validity, Validity::Valid);
        assert_eq!(of(&report, Purpose::ReadContent).fit, Fitness::No);
        let found = finding(&report, Code::CredentialNotVisible);
        assert!(
            found.cause.contains(path) && found.remedy.contains("single sign-on"),
            "{found:?}"
        );
    }
}

#[tokio::test]
async fn a_stranger_reads_a_public_project_and_does_no_more() {
    let t = World::new().await;
    t.sim.add_project("open/site", Visibility::Public).unwrap();
    let token = t.personal(&["api"]);
    let report = t
        .full_at(&token.token, &[Purpose::ReadContent, Purpose::Push], Some("open/site"))
        .await;
    assert_eq!(of(&report, Purpose::ReadContent).fit, Fitness::Yes);
    assert_eq!(of(&report, Purpose::Push).fit, Fitness::No);
}

#[tokio::test]
async fn a_guest_may_not_read_files() {
    let t = World::new().await;
    t.sim.add_member(t.project, t.alice, AccessLevel::Guest).unwrap();
    let token = t.personal(&["read_api"]);
    let report = t.full(&token.token, &[Purpose::ReadContent]).await;
    assert_eq!(of(&report, Purpose::ReadContent).fit, Fitness::No);
    finding(&report, Code::CredentialRole);
}

#[tokio::test]
async fn a_purpose_of_a_dead_token_is_not_tried() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    t.sim.revoke_token(token.id).unwrap();
    let report = t.full(&token.token, &[Purpose::Push]).await;
    assert_eq!(of(&report, Purpose::Push).fit, Fitness::No);
    assert_eq!(t.sim.calls().total(), 1);
}
