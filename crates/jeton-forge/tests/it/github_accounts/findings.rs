//! Each row of GitHub's refusals, as a person reads it.

use jeton_domain::{Code, Fitness, Validity};
use jeton_forge::CheckAsk;
use jeton_forge_sim::{LoginLockout, PersonalTokenSpec, RepoRole, SamlSso};
use jiff::SignedDuration;

use super::{People, codes, quick, the};

const DAYS: SignedDuration = SignedDuration::from_hours(24);

fn classic() -> PersonalTokenSpec {
    PersonalTokenSpec::classic(["repo", "read:org"])
}

fn fine() -> PersonalTokenSpec {
    PersonalTokenSpec::fine_grained("acme", [("contents", "read")])
}

#[tokio::test]
async fn a_token_that_github_does_not_know_is_invalid() {
    let p = People::new().await;
    let unknown = ["gh", "p_", &"x1".repeat(18)].concat();
    let report = p.check(&unknown, &CheckAsk::default()).await;
    assert_eq!(report.validity, Validity::Invalid);
    let found = the(&report, Code::CredentialInvalid);
    assert!(found.cause.contains("does not say whether"), "{}", found.cause);
    assert_eq!(report.evidence.len(), 1);
    assert_eq!(report.evidence[0].said.as_deref(), Some("Bad credentials"));
}

#[tokio::test]
async fn revoked_and_expired_look_alike_unless_the_end_was_known() {
    let p = People::new().await;
    let revoked = p.token(classic());
    assert!(p.sim.github().revoke_personal_token(revoked.id));
    let report = p.check(&revoked.token, &quick()).await;
    assert_eq!(
        (report.validity, codes(&report)),
        (Validity::Invalid, vec![Code::CredentialInvalid])
    );

    let end = p.now() + 2 * DAYS;
    let expired = p.token(fine().expires_in(2 * DAYS));
    p.clock.advance(3 * DAYS);
    let report = p.check(&expired.token, &quick()).await;
    assert_eq!(codes(&report), [Code::CredentialInvalid]);
    let ask = CheckAsk {
        known_end: Some(end),
        ..quick()
    };
    let report = p.check(&expired.token, &ask).await;
    assert_eq!(
        (report.validity, codes(&report)),
        (Validity::Invalid, vec![Code::CredentialExpired])
    );
}

#[tokio::test]
async fn single_sign_on_is_named_with_its_link() {
    let p = People::new().await;
    p.sim
        .github()
        .change_org_policy("acme", |policy| policy.saml_sso = SamlSso::Required);
    let token = p.token(classic());
    let report = p.check_on(&token.token, "acme/tools").await;
    assert_eq!(report.validity, Validity::Valid);
    let found = report
        .diagnoses
        .iter()
        .find(|found| found.cause.contains("`acme`"))
        .unwrap_or_else(|| panic!("{:#?}", report.diagnoses));
    assert_eq!(found.code, Code::CredentialSso);
    let link = found.url.as_deref().unwrap();
    assert!(
        link.starts_with("https://github.com/orgs/acme/sso?authorization_request="),
        "{link}"
    );
    assert!(found.remedy.contains(link));
    assert!(report.purposes.iter().all(|found| found.fit == Fitness::No));

    p.sim.github().authorize_sso(token.id, "acme", true).unwrap();
    let report = p.check_on(&token.token, "acme/tools").await;
    assert!(!codes(&report).contains(&Code::CredentialSso), "{:?}", report.diagnoses);
}

#[tokio::test]
async fn lists_that_leave_organisations_out_are_no_full_lists() {
    let p = People::new().await;
    p.sim
        .github()
        .change_org_policy("acme", |policy| policy.saml_sso = SamlSso::RequiredAndHidden);
    let token = p.token(classic());
    let report = p.check(&token.token, &CheckAsk::default()).await;
    let found = the(&report, Code::CredentialSso);
    assert!(found.cause.contains("leaves out"), "{}", found.cause);
    assert!(found.remedy.contains("Configure SSO"), "{}", found.remedy);
    // and the hidden repository is one that is not visible, with single sign-on as a reason to look at
    let report = p.check_on(&token.token, "acme/tools").await;
    let hidden = the(&report, Code::CredentialNotVisible);
    assert!(hidden.remedy.contains("single sign-on"), "{}", hidden.remedy);
}

#[tokio::test]
async fn an_address_that_is_not_on_the_list_is_told_so() {
    let p = People::new().await;
    p.sim
        .github()
        .change_org_policy("acme", |policy| policy.ip_allow_list = Some(Vec::new()));
    for token in [p.token(classic()), p.token(fine())] {
        let report = p.check_on(&token.token, "acme/tools").await;
        assert_eq!(report.validity, Validity::Valid);
        let found = the(&report, Code::CredentialIp);
        assert!(found.cause.contains("`acme`"), "{}", found.cause);
        assert!(
            found
                .url
                .as_deref()
                .unwrap()
                .ends_with("/organizations/acme/settings/security")
        );
    }
}

#[tokio::test]
async fn classic_tokens_that_are_not_welcome_are_told_so() {
    let p = People::new().await;
    p.sim
        .github()
        .change_org_policy("acme", |policy| policy.forbid_classic = true);
    let report = p.check_on(&p.token(classic()).token, "acme/tools").await;
    let found = the(&report, Code::CredentialClassicForbidden);
    assert!(
        found.remedy.contains("fine-grained") && found.remedy.contains("`acme`"),
        "{}",
        found.remedy
    );
    let report = p.check_on(&p.token(fine()).token, "acme/tools").await;
    assert!(!codes(&report).contains(&Code::CredentialClassicForbidden));
}

#[tokio::test]
async fn a_life_that_is_too_long_names_the_limit_and_the_page() {
    let p = People::new().await;
    p.sim
        .github()
        .change_org_policy("acme", |policy| policy.max_fine_grained_days = Some(30));
    let token = p.token(fine().expires_in(60 * DAYS));
    let report = p.check_on(&token.token, "acme/tools").await;
    let found = the(&report, Code::CredentialLifetime);
    assert!(found.cause.contains("the 30 days"), "{}", found.cause);
    let page = format!("https://github.com/settings/personal-access-tokens/{}", token.id);
    assert_eq!(found.url.as_deref(), Some(page.as_str()));
    assert!(
        found.remedy.contains(&page) && found.remedy.contains("within 30 days"),
        "{}",
        found.remedy
    );
}

#[tokio::test]
async fn a_token_that_waits_for_approval_is_suspected_of_it() {
    let p = People::new().await;
    p.sim
        .github()
        .change_org_policy("acme", |policy| policy.approve_fine_grained = true);
    let token = p.token(fine());
    let report = p.check_on(&token.token, "acme/tools").await;
    assert_eq!(report.validity, Validity::Valid);
    let found = the(&report, Code::CredentialNotApproved);
    assert!(
        found
            .remedy
            .contains("/organizations/acme/settings/personal-access-token-requests"),
        "{}",
        found.remedy
    );
    assert!(p.sim.github().approve_personal_token(token.id, true));
    let report = p.check_on(&token.token, "acme/tools").await;
    assert!(
        !codes(&report).contains(&Code::CredentialNotApproved),
        "{:?}",
        report.diagnoses
    );
}

#[tokio::test]
async fn a_repository_outside_of_the_selection_is_not_visible() {
    let p = People::new().await;
    p.sim.github().add_repository("acme", "other", true).unwrap();
    let token = p.token(fine().selected(["other"]));
    let report = p.check_on(&token.token, "acme/tools").await;
    let found = the(&report, Code::CredentialNotVisible);
    assert!(
        found.remedy.contains("selected") && found.remedy.contains("`acme`"),
        "{}",
        found.remedy
    );
}

#[tokio::test]
async fn a_private_repository_without_the_scope_names_the_scope() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::classic(["public_repo"]));
    let report = p.check_on(&token.token, "acme/tools").await;
    let found = the(&report, Code::CredentialNotVisible);
    assert!(found.remedy.contains("the scope `repo`"), "{}", found.remedy);
    assert!(report.purposes.iter().all(|found| found.missing == ["repo"]));
    let report = p.check_on(&p.token(classic()).token, "acme/nothing").await;
    assert!(
        report
            .purposes
            .iter()
            .all(|found| found.missing.is_empty() && found.fit == Fitness::No)
    );
    the(&report, Code::CredentialNotVisible);
}

#[tokio::test]
async fn a_small_role_is_the_persons_and_not_the_tokens() {
    let p = People::new().await;
    p.sim
        .github()
        .add_collaborator("acme", "tools", "octocat", RepoRole::Read)
        .unwrap();
    let all = [
        ("contents", "write"),
        ("pull_requests", "write"),
        ("administration", "write"),
        ("secrets", "write"),
    ];
    for token in [
        p.token(classic()),
        p.token(PersonalTokenSpec::fine_grained("acme", all)),
    ] {
        let report = p.check_on(&token.token, "acme/tools").await;
        let found = the(&report, Code::CredentialRole);
        assert!(found.cause.contains("theirs is read"), "{}", found.cause);
        assert!(found.remedy.contains("would not help"), "{}", found.remedy);
        assert!(
            !codes(&report).contains(&Code::CredentialScope),
            "{:?}",
            report.diagnoses
        );
    }
}

#[tokio::test]
async fn a_lockout_is_no_verdict() {
    let p = People::new().await;
    let good = p.token(classic());
    p.sim.github().set_login_lockout(Some(LoginLockout {
        after: 1,
        lasts: SignedDuration::from_mins(15),
    }));
    let bad = ["gh", "p_", &"x1".repeat(18)].concat();
    assert_eq!(p.check(&bad, &quick()).await.validity, Validity::Invalid);
    let report = p.check(&good.token, &quick()).await;
    assert_eq!(
        (report.validity, codes(&report)),
        (Validity::Unknown, vec![Code::CredentialLocked])
    );
    assert!(report.retry_at.is_some_and(|at| at > p.now()));
}
