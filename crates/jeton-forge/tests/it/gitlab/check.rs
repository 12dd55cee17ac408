use jeton_domain::{Clock as _, Code, Credential, CredentialKind, TokenEnd, Validity};
use jeton_forge::{AccountForge as _, CheckAsk};
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabTokenForm, GitLabTokenSpec};
use jiff::{SignedDuration, civil::date};

use super::{SELF, World, finding, shows};

#[tokio::test]
async fn a_personal_token_is_known_with_its_owner_scopes_and_end() {
    let t = World::new().await;
    let spec = GitLabTokenSpec::personal(t.alice)
        .scopes(["read_api", "read_repository"])
        .expires_at(date(2027, 3, 1));
    let token = t.sim.add_token(&spec).unwrap();
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Valid, "{:#?}", report.diagnoses);
    assert_eq!(report.kind, CredentialKind::GitLabPersonal);
    let identity = report.identity.as_ref().unwrap();
    assert_eq!(
        (identity.id.as_str(), identity.name.as_str()),
        (t.alice.to_string().as_str(), "alice")
    );
    assert_eq!(
        report.scopes.as_deref(),
        Some(["read_api".to_owned(), "read_repository".to_owned()].as_slice())
    );
    assert_eq!(report.end, TokenEnd::At("2027-03-01T00:00:00Z".parse().unwrap()));
    assert_eq!(report.evidence.len(), 2, "{:?}", report.evidence);
    assert!(
        report
            .evidence
            .iter()
            .all(|one| one.status == Some(200) && one.request_id.is_some())
    );
    let quota = report.quota.unwrap();
    assert!(quota.limit == 2_000 && quota.remaining < 2_000 && quota.resets_at.is_some());
    assert!(report.diagnoses.is_empty() && !shows(&report, &token.token));
}

#[tokio::test]
async fn a_token_that_may_not_ask_for_its_user_is_known_by_the_users_number() {
    let t = World::new().await;
    let token = t.personal(&["read_repository"]);
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(report.identity.unwrap().id, t.alice.to_string());
    assert_eq!(t.sim.calls().count("GET /api/v4/user"), 0);
    assert!(report.diagnoses.is_empty());
}

#[tokio::test]
async fn a_bots_token_is_known_by_the_bots_name_and_one_without_end_never_ends() {
    let t = World::new().await;
    let project = t
        .sim
        .add_token(&GitLabTokenSpec::project(t.project, AccessLevel::Maintainer))
        .unwrap();
    let report = t.quick(&project.token).await;
    assert_eq!(
        (report.validity, report.kind),
        (Validity::Valid, CredentialKind::GitLabProject)
    );
    assert!(
        report
            .identity
            .unwrap()
            .name
            .starts_with(&format!("project_{}_bot", t.project))
    );

    let group = t.sim.add_group("ops", jeton_forge_sim::Visibility::Private).unwrap();
    let spec = GitLabTokenSpec::group(group, AccessLevel::Owner)
        .never_expires()
        .form(GitLabTokenForm::Legacy);
    let token = t.sim.add_token(&spec).unwrap();
    let report = t.quick(&token.token).await;
    assert_eq!(
        (report.kind, report.end),
        (CredentialKind::GitLabGroup, TokenEnd::Never)
    );
}

#[tokio::test]
async fn a_full_look_names_what_the_token_reaches() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    let report = t.full_at(&token.token, &[], None).await;
    let reached: Vec<_> = report
        .reach
        .iter()
        .map(|one| (one.name.as_str(), one.what.as_str(), one.access.as_deref()))
        .collect();
    assert_eq!(reached, [("acme/tools", "repository", Some("write"))]);
    assert!(!report.reaches_more);

    // a GitLab before 17.4 lists projects alone
    let fault = FaultKind::Status {
        status: 404,
        message: "404 Not Found".to_owned(),
    };
    t.sim
        .faults()
        .add(FaultRule::new(fault).on("GET /api/v4/personal_access_tokens/self/associations"));
    let report = t.full_at(&token.token, &[], None).await;
    assert_eq!(report.validity, Validity::Valid);
    let reached: Vec<_> = report
        .reach
        .iter()
        .map(|one| (one.name.as_str(), one.access.as_deref()))
        .collect();
    assert_eq!(reached, [("acme/tools", Some("write"))]);
}

/// The rows of GitLab's 401s: each is told apart, and tells what to do.
#[tokio::test]
async fn unknown_expired_and_revoked_are_told_apart() {
    let t = World::new().await;
    let unknown = format!("{}-{}", "glpat", "x".repeat(20));
    let expired = t.personal(&["api"]);
    t.sim.expire_token(expired.id).unwrap();
    let revoked = t.personal(&["api"]);
    t.sim.revoke_token(revoked.id).unwrap();
    for (token, code, words) in [
        (&unknown, Code::CredentialInvalid, "copied whole"),
        (&expired.token, Code::CredentialExpired, "cannot be brought back"),
        (
            &revoked.token,
            Code::CredentialRevoked,
            "somebody else keeps and rotates",
        ),
    ] {
        let report = t.quick(token).await;
        assert_eq!(report.validity, Validity::Invalid, "{code}");
        let found = finding(&report, code);
        assert!(found.remedy.contains(words), "{}", found.remedy);
        let page = format!("{}/-/user_settings/personal_access_tokens", t.sim.web_url());
        assert_eq!(found.url.as_deref(), Some(page.as_str()));
        assert!(
            found.remedy.contains(&page) && found.remedy.contains("Add new token"),
            "{}",
            found.remedy
        );
        assert_eq!(t.sim.calls().count("GET /api/v4/user"), 0, "one call is enough");
        assert!(!shows(&report, token));
    }
}

#[tokio::test]
async fn a_token_that_gitlab_forgot_after_its_end_is_called_expired() {
    let t = World::new().await;
    let ask = CheckAsk {
        quick: true,
        known_end: Some("2026-05-01T00:00:00Z".parse().unwrap()),
        ..CheckAsk::default()
    };
    let token = format!("{}-{}", "glpat", "x".repeat(20));
    let report = t.accounts.check(&t.credential(&token), &ask, t.clock.now()).await;
    assert_eq!(report.validity, Validity::Invalid);
    finding(&report, Code::CredentialExpired);
}

#[tokio::test]
async fn impersonation_and_proof_of_possession_are_told() {
    let t = World::new().await;
    let token = t.sim.add_token(&GitLabTokenSpec::impersonation(t.alice)).unwrap();
    t.sim.allow_impersonation(false);
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Invalid);
    assert!(finding(&report, Code::ForgeForbidden).cause.contains("impersonation"));
    t.sim.allow_impersonation(true);

    let token = t.personal(&["api"]);
    t.sim.require_dpop(true);
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Invalid);
    let found = finding(&report, Code::CredentialProof);
    assert!(
        found.remedy.contains("Demonstrating Proof of Possession")
            && found.remedy.contains("project or group access token")
    );
}

#[tokio::test]
async fn a_blocked_user_and_an_oauth_token_are_no_bad_tokens() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    t.sim.set_blocked(t.alice, true).unwrap();
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Unknown);
    assert!(finding(&report, Code::ForgeForbidden).cause.contains("blocked"));
    t.sim.set_blocked(t.alice, false).unwrap();

    let oauth = t.sim.add_oauth_token(t.alice, &["api"]).unwrap();
    let credential = Credential {
        kind: CredentialKind::GitLabOAuth,
        ..t.credential(&oauth)
    };
    let report = t.accounts.check(&credential, &CheckAsk::default(), t.clock.now()).await;
    assert_eq!(
        (report.validity, report.kind),
        (Validity::Valid, CredentialKind::GitLabOAuth)
    );
    assert_eq!(report.identity.as_ref().unwrap().name, "alice");
    assert!(finding(&report, Code::CredentialWrongKind).cause.contains("OAuth"));
}

#[tokio::test]
async fn a_token_for_one_special_purpose_goes_nowhere() {
    let t = World::new().await;
    for kind in [
        CredentialKind::GitLabDeploy,
        CredentialKind::GitLabRunner,
        CredentialKind::GitLabJob,
    ] {
        let credential = Credential {
            kind,
            ..t.credential("x")
        };
        let report = t.accounts.check(&credential, &CheckAsk::default(), t.clock.now()).await;
        assert_eq!(report.validity, Validity::Unknown);
        assert!(finding(&report, Code::CredentialWrongKind).cause.contains(kind.words()));
    }
    assert_eq!(t.sim.calls().total(), 0);
}

#[tokio::test]
async fn a_gitlab_too_old_to_describe_tokens_is_said_to_be_old() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    let fault = FaultKind::Status {
        status: 404,
        message: "404 Not Found".to_owned(),
    };
    t.sim.faults().add(FaultRule::new(fault).on(SELF));
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(report.identity.as_ref().unwrap().name, "alice");
    assert_eq!((report.end, report.scopes.clone()), (TokenEnd::Unknown, None));
    assert!(finding(&report, Code::ForgeGarbled).cause.contains("15.5"));
    t.sim.revoke_token(token.id).unwrap();
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Invalid);
    finding(&report, Code::CredentialRevoked);
}

#[tokio::test]
async fn a_date_in_the_past_of_a_token_that_works_is_not_believed() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    // our clock runs ahead of GitLab's by months
    let ahead = t.clock.now().checked_add(SignedDuration::from_hours(24 * 90)).unwrap();
    let ask = CheckAsk {
        quick: true,
        ..CheckAsk::default()
    };
    let report = t.accounts.check(&t.credential(&token.token), &ask, ahead).await;
    assert_eq!((report.validity, report.end), (Validity::Valid, TokenEnd::Unknown));
    assert!(
        report
            .evidence
            .iter()
            .any(|one| one.said.as_deref().is_some_and(|said| said.contains("not believed")))
    );
}
