use jeton_domain::{Clock as _, Code, CredentialKind, Fitness, Purpose, Validity};
use jeton_forge::CheckAsk;
use jeton_forge_sim::BitbucketTokenSpec;

use super::{USER, World, finding, full, of, quick};

const KIND: CredentialKind = CredentialKind::BitbucketAccess;
const REPOSITORY: &str = "GET /2.0/repositories/{workspace}/{repo_slug}";

#[tokio::test]
async fn a_repository_that_is_named_tells_whether_the_token_lives_and_whose_it_is() {
    let t = World::new().await;
    let token = t.sim.add_token(&BitbucketTokenSpec::repository_token(t.tools)).unwrap();
    let report = t
        .check(&t.credential(KIND, &token.token), &quick(Some("acme/tools")))
        .await;
    assert_eq!(report.validity, Validity::Valid, "{:#?}", report.diagnoses);
    assert_eq!(report.identity.unwrap().name, "acme");
    assert_eq!((t.sim.calls().count(REPOSITORY), t.sim.calls().total()), (1, 1));

    let declared = t.credential(CredentialKind::BitbucketRepository, &token.token);
    let report = t.check(&declared, &quick(Some("acme/tools"))).await;
    assert_eq!(report.identity.unwrap().name, "acme/tools");
    let declared = t.credential(CredentialKind::BitbucketProject, &token.token);
    let report = t.check(&declared, &quick(Some("acme/tools"))).await;
    assert_eq!(report.identity.unwrap().name, "acme/PROJ");

    for end in [true, false] {
        let dead = t.sim.add_token(&BitbucketTokenSpec::repository_token(t.tools)).unwrap();
        if end {
            t.sim.expire_token(dead.id).unwrap();
        } else {
            t.sim.revoke_token(dead.id).unwrap();
        }
        let report = t
            .check(&t.credential(KIND, &dead.token), &quick(Some("acme/tools")))
            .await;
        assert_eq!(report.validity, Validity::Invalid);
        finding(&report, Code::CredentialInvalid);
    }
}

#[tokio::test]
async fn without_a_repository_a_live_token_shows_by_the_refusal_and_a_dead_one_stays_unknown() {
    let t = World::new().await;
    let token = t.sim.add_token(&BitbucketTokenSpec::workspace_token("acme")).unwrap();
    let report = t.check(&t.credential(KIND, &token.token), &quick(None)).await;
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(report.scopes, Some(vec!["repository".to_owned()]));
    assert!(
        report.identity.is_none() && report.diagnoses.is_empty(),
        "{:#?}",
        report.diagnoses
    );

    t.sim.revoke_token(token.id).unwrap();
    let report = t.check(&t.credential(KIND, &token.token), &quick(None)).await;
    // Bitbucket's words for it are those for a route that takes no such token
    assert_eq!(report.validity, Validity::Unknown);
    let found = finding(&report, Code::CredentialNotVisible);
    assert!(
        found
            .remedy
            .contains("jeton account update LABEL --serves WORKSPACE/REPOSITORY"),
        "{}",
        found.remedy
    );
    assert_eq!(t.sim.calls().count(USER), 2);

    // its end, which a person noted, has come
    let over = CheckAsk {
        known_end: Some(t.clock.now()),
        ..quick(None)
    };
    let report = t.check(&t.credential(KIND, &token.token), &over).await;
    assert_eq!(report.validity, Validity::Invalid);
    finding(&report, Code::CredentialExpired);
}

#[tokio::test]
async fn one_that_reaches_several_projects_is_a_workspaces() {
    let t = World::new().await;
    t.sim.add_repository_in("acme", "site", "WEB", true).unwrap();
    let wide = t.sim.add_token(&BitbucketTokenSpec::workspace_token("acme")).unwrap();
    let report = t
        .check(&t.credential(KIND, &wide.token), &full(&[], Some("acme/tools")))
        .await;
    assert_eq!(report.kind, CredentialKind::BitbucketWorkspace, "{:#?}", report.reach);
    let narrow = t
        .sim
        .add_token(&BitbucketTokenSpec::project_token("acme", "WEB"))
        .unwrap();
    let report = t
        .check(&t.credential(KIND, &narrow.token), &full(&[], Some("acme/site")))
        .await;
    assert_eq!((report.validity, report.kind), (Validity::Valid, KIND));
    let names: Vec<_> = report.reach.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["acme/site"]);
}

#[tokio::test]
async fn its_scopes_alone_decide_what_it_will_do_for() {
    let t = World::new().await;
    let spec = BitbucketTokenSpec::repository_token(t.tools).scopes(["repository:write", "repository"]);
    let token = t.sim.add_token(&spec).unwrap();
    let credential = t.credential(KIND, &token.token);
    let asked = [Purpose::ReadContent, Purpose::Push, Purpose::ManageSecrets];
    let report = t.check(&credential, &full(&asked, Some("acme/tools"))).await;
    let fits: Vec<_> = report.purposes.iter().map(|found| found.fit).collect();
    assert_eq!(
        fits,
        [Fitness::Yes, Fitness::Yes, Fitness::No],
        "{:#?}",
        report.purposes
    );
    assert_eq!(of(&report, Purpose::ManageSecrets).missing, ["pipeline:variable"]);
    let found = finding(&report, Code::CredentialScope);
    assert!(
        found
            .url
            .as_deref()
            .is_some_and(|url| url.ends_with("/acme/tools/admin/access-tokens")),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_repository_that_it_does_not_reach_is_not_visible_and_it_is_not_dead() {
    let t = World::new().await;
    t.sim.add_repository("acme", "payroll", true).unwrap();
    let token = t.sim.add_token(&BitbucketTokenSpec::repository_token(t.tools)).unwrap();
    let report = t
        .check(&t.credential(KIND, &token.token), &quick(Some("acme/payroll")))
        .await;
    assert_eq!(report.validity, Validity::Valid, "{:#?}", report.evidence);
    assert!(
        finding(&report, Code::CredentialNotVisible)
            .remedy
            .contains("access token reaches what it belongs to")
    );
}

#[tokio::test]
async fn a_public_repository_tells_that_it_lives_and_not_whose_it_is() {
    let t = World::new().await;
    t.sim.add_workspace("open").unwrap();
    t.sim.add_repository("open", "site", false).unwrap();
    let token = t.sim.add_token(&BitbucketTokenSpec::repository_token(t.tools)).unwrap();
    let report = t
        .check(&t.credential(KIND, &token.token), &quick(Some("open/site")))
        .await;
    assert_eq!((report.validity, report.identity), (Validity::Valid, None));
}
