use jeton_domain::{Clock as _, Code, Credential, CredentialKind, Fitness, Purpose, TokenEnd, Validity};
use jeton_forge::{AccountForge as _, CheckAsk, Rotated};
use jeton_forge_sim::{BitbucketRole, BitbucketTokenSpec};

use super::{EMAIL, USER, World, finding, full, of, quick};

const KIND: CredentialKind = CredentialKind::BitbucketApiToken;

#[tokio::test]
async fn an_api_token_is_known_with_its_owner_and_its_end_is_not() {
    let t = World::new().await;
    let token = t.api_token(&["read:user", "read:repository"]);
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Valid, "{:#?}", report.diagnoses);
    let identity = report.identity.as_ref().unwrap();
    assert!(identity.name == "alice" && identity.id.starts_with('{'), "{identity:?}");
    assert_eq!(
        (report.kind, report.end, report.scopes.clone()),
        (KIND, TokenEnd::Unknown, None)
    );
    assert_eq!(t.sim.calls().total(), 1);
    assert!(!format!("{report:?}").contains(&token.token));
}

#[tokio::test]
async fn a_refusal_for_want_of_a_scope_tells_all_scopes_and_that_the_token_lives() {
    let t = World::new().await;
    let token = t.api_token(&["read:repository", "write:repository"]);
    let report = t.quick(&token.token).await;
    assert_eq!(report.validity, Validity::Valid);
    let want = ["read:repository:bitbucket", "write:repository:bitbucket"].map(str::to_owned);
    assert_eq!(report.scopes.as_deref(), Some(want.as_slice()));
    assert_eq!(report.identity, None);
    let found = finding(&report, Code::CredentialScope);
    assert!(found.cause.contains("`read:user:bitbucket`"), "{}", found.cause);
    assert!(
        found
            .remedy
            .contains("https://id.atlassian.com/manage-profile/security/api-tokens")
    );
}

#[tokio::test]
async fn a_user_name_in_place_of_the_email_is_told_before_anything_is_sent() {
    let t = World::new().await;
    let token = t.api_token(&["read:user"]);
    let with = |email: Option<&str>, username: Option<&str>| Credential {
        email: email.map(str::to_owned),
        username: username.map(str::to_owned),
        ..t.credential(KIND, &token.token)
    };
    for (credential, words) in [
        (with(Some("alice"), None), "`alice` is no e-mail address"),
        (with(None, None), "none is given"),
        (with(None, Some("alice")), "the user name `alice` is for git alone"),
        (with(None, Some(EMAIL)), "belongs in the account's e-mail"),
        (with(Some("a:b@example.com"), None), "is no e-mail address"),
    ] {
        let report = t.check(&credential, &quick(None)).await;
        assert_eq!(report.validity, Validity::Unknown, "{words}");
        let found = finding(&report, Code::CredentialUsername);
        assert!(found.cause.contains(words), "{}", found.cause);
        assert!(
            found.remedy.contains("https://id.atlassian.com/manage-profile/email"),
            "{}",
            found.remedy
        );
        assert!(report.evidence.is_empty());
    }
    assert_eq!(t.sim.calls().total(), 0);
}

#[tokio::test]
async fn a_pair_that_does_not_fit_is_invalid_and_both_halves_are_named() {
    let t = World::new().await;
    let token = t.api_token(&["read:user"]);
    let stranger = Credential {
        email: Some("bob@example.com".to_owned()),
        ..t.credential(KIND, &token.token)
    };
    let report = t.check(&stranger, &quick(None)).await;
    assert_eq!(report.validity, Validity::Invalid);
    let found = finding(&report, Code::CredentialInvalid);
    assert!(
        found.cause.contains("`bob@example.com`") && found.remedy.contains("compare the e-mail address"),
        "{found:?}"
    );

    t.sim.expire_token(token.id).unwrap();
    let expired = t.credential(KIND, &token.token);
    let report = t.check(&expired, &quick(None)).await;
    assert_eq!(report.validity, Validity::Invalid);
    finding(&report, Code::CredentialInvalid);
    // whoever noted the end hears the cause
    let ask = CheckAsk {
        known_end: Some(t.clock.now()),
        ..quick(None)
    };
    finding(&t.check(&expired, &ask).await, Code::CredentialExpired);

    let unscoped = t
        .sim
        .add_token(&BitbucketTokenSpec::api_token(t.alice).scopes([""; 0]))
        .unwrap();
    let report = t.quick(&unscoped.token).await;
    assert_eq!(report.validity, Validity::Invalid);
    assert!(
        finding(&report, Code::CredentialInvalid)
            .remedy
            .contains("with scopes for Bitbucket")
    );
}

#[tokio::test]
async fn an_app_password_is_dead_and_goes_nowhere() {
    let t = World::new().await;
    let token = t.sim.add_token(&BitbucketTokenSpec::app_password(t.alice)).unwrap();
    // whatever kind somebody says that it is
    for kind in [
        CredentialKind::BitbucketAppPassword,
        KIND,
        CredentialKind::BitbucketAccess,
    ] {
        let report = t
            .check(&t.credential(kind, &token.token), &full(&[Purpose::Push], None))
            .await;
        assert_eq!(report.validity, Validity::Invalid);
        let found = finding(&report, Code::CredentialAppPassword);
        assert!(
            found.cause.contains("2026-07-28") && found.remedy.contains("API token"),
            "{found:?}"
        );
        assert_eq!(report.purposes[0].fit, Fitness::No);
    }
    assert_eq!(t.sim.calls().total(), 0);
}

#[tokio::test]
async fn scopes_and_the_owners_role_decide_together() {
    let t = World::new().await;
    let token = t.api_token(&[
        "read:user",
        "read:repository",
        "write:repository",
        "write:pullrequest",
        "read:pipeline",
        "admin:pipeline",
    ]);
    let credential = t.credential(KIND, &token.token);
    let report = t.check(&credential, &full(Purpose::ALL, Some("acme/tools"))).await;
    let fits: Vec<_> = report.purposes.iter().map(|found| (found.purpose, found.fit)).collect();
    assert_eq!(
        fits,
        [
            (Purpose::ReadContent, Fitness::Yes),
            // writing does not hold reading
            (Purpose::ManagePullRequests, Fitness::No),
            (Purpose::Push, Fitness::Yes),
            (Purpose::RegisterRunners, Fitness::No),
            (Purpose::ManageSecrets, Fitness::No),
        ],
        "{:#?}",
        report.purposes
    );
    assert_eq!(
        of(&report, Purpose::ManagePullRequests).missing,
        ["read:pullrequest:bitbucket"]
    );
    assert_eq!(of(&report, Purpose::ManageSecrets).missing, ["admin access"]);
    assert!(
        finding(&report, Code::CredentialRole)
            .remedy
            .contains("Repository permissions")
    );
    assert!(report.evidence.len() <= 10, "{}", report.evidence.len());

    t.sim.set_role(t.tools, t.alice, Some(BitbucketRole::Admin)).unwrap();
    let report = t
        .check(&credential, &full(&[Purpose::ManageSecrets], Some("acme/tools")))
        .await;
    assert_eq!(
        of(&report, Purpose::ManageSecrets).fit,
        Fitness::Yes,
        "{:#?}",
        report.purposes
    );
}

#[tokio::test]
async fn scopes_that_were_never_told_stay_unknown() {
    let t = World::new().await;
    // it has every scope that is tried, so that no refusal lists them
    let token = t.api_token(&[
        "read:user",
        "read:workspace",
        "read:repository",
        "read:pullrequest",
        "read:runner",
        "read:pipeline",
    ]);
    t.sim.set_role(t.tools, t.alice, Some(BitbucketRole::Admin)).unwrap();
    let credential = t.credential(KIND, &token.token);
    let report = t
        .check(
            &credential,
            &full(&[Purpose::ReadContent, Purpose::Push], Some("acme/tools")),
        )
        .await;
    assert_eq!(of(&report, Purpose::ReadContent).fit, Fitness::Yes);
    let push = of(&report, Purpose::Push);
    assert_eq!(push.fit, Fitness::Unknown);
    assert!(push.why.contains("write:repository:bitbucket"), "{}", push.why);
    assert_eq!(report.scopes, None);
    let names: Vec<_> = report
        .reach
        .iter()
        .map(|one| (one.what.as_str(), one.name.as_str()))
        .collect();
    assert_eq!(names, [("owner", "acme"), ("repository", "acme/tools")]);
}

#[tokio::test]
async fn a_repository_that_is_not_seen_is_not_visible() {
    let t = World::new().await;
    t.sim.add_workspace("secret").unwrap();
    t.sim.add_repository("secret", "vault", true).unwrap();
    let token = t.api_token(&["read:user", "read:repository"]);
    let credential = t.credential(KIND, &token.token);
    for path in ["secret/vault", "no/such"] {
        let report = t.check(&credential, &full(&[Purpose::ReadContent], Some(path))).await;
        assert_eq!(report.validity, Validity::Valid);
        assert_eq!(of(&report, Purpose::ReadContent).fit, Fitness::No);
        assert!(finding(&report, Code::CredentialNotVisible).cause.contains(path));
    }
}

#[tokio::test]
async fn nothing_renews_itself_there() {
    let t = World::new().await;
    let token = t.api_token(&["read:user"]);
    let found = t
        .accounts
        .rotate(&t.credential(KIND, &token.token), None, t.clock.now())
        .await;
    let Rotated::Refused(found) = found else {
        panic!("{found:?}");
    };
    assert_eq!(found.code, Code::RotationUnsupported);
    assert!(
        found
            .remedy
            .contains("https://id.atlassian.com/manage-profile/security/api-tokens"),
        "{}",
        found.remedy
    );
    assert_eq!(t.sim.calls().total(), 0);
}

#[tokio::test]
async fn a_quick_look_at_an_api_token_never_needs_a_repository() {
    let t = World::new().await;
    let token = t.api_token(&["read:user"]);
    let report = t
        .check(&t.credential(KIND, &token.token), &quick(Some("acme/tools")))
        .await;
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(t.sim.calls().count(USER), 1);
    assert_eq!(t.sim.calls().total(), 1);
}
