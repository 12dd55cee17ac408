use jeton_accounts::TestAsk;
use jeton_domain::{Code, Coded as _, CredentialKind, Purpose, Role, Secret, TokenEnd, Validity};
use jiff::SignedDuration;

use crate::{
    forges::{says_no, says_nothing, says_yes},
    world::{World, client, github, operator, user},
};

fn ask(token: Secret) -> TestAsk {
    TestAsk {
        forge: None,
        base_url: None,
        token,
        username: None,
        email: None,
        purposes: vec![Purpose::ReadContent],
        repository: Some("acme/tools".to_owned()),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_tried_before_it_is_kept_and_nothing_is_kept() {
    let w = World::start().await;
    let report = w.good(&github(1), CredentialKind::GitHubClassic, "octocat");
    let (inspection, found) = w.accounts.test(&operator(), None, ask(github(1))).await.unwrap();
    assert_eq!(inspection.kind, Some(CredentialKind::GitHubClassic));
    assert_eq!(found.unwrap().identity, report.identity);
    assert!(inspection.token.is_empty());
    // What is no token goes nowhere.
    let (inspection, found) = w
        .accounts
        .test(&operator(), None, ask(Secret::new("hunter2")))
        .await
        .unwrap();
    assert!(!inspection.usable() && found.is_none());
    assert_eq!(w.forges.asked(), 1);
    // Nobody sends requests through this server who may not keep accounts in it.
    let error = w.accounts.test(&client("ci"), None, ask(github(1))).await.unwrap_err();
    assert_eq!((error.code(), w.forges.asked()), (Code::PolicyDenied, 1));
    assert_eq!(w.events().await, ["access.refused"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clear_word_changes_how_an_account_stands_and_silence_does_not() {
    let w = World::start().await;
    let kind = CredentialKind::GitHubClassic;
    let mut good = says_yes(kind, "octocat");
    good.end = TokenEnd::At(w.now() + SignedDuration::from_hours(24 * 20));
    let before = w.add_shared("work", 1).await;
    let test = async || {
        w.clock.advance(SignedDuration::from_mins(1));
        w.accounts
            .test_stored(&operator(), None, "work", vec![Purpose::Push], Some("acme/tools"))
            .await
            .unwrap()
    };
    for code in [
        Code::ForgeRateLimited,
        Code::ForgeTimeout,
        Code::ForgeUnavailable,
        Code::ForgeGarbled,
    ] {
        w.forges.knows(&github(1), says_nothing(kind, code));
        let (account, report) = test().await;
        assert_eq!(
            (account.validity, report.validity),
            (Validity::Valid, Validity::Unknown)
        );
        assert_eq!(
            (account.identity, account.verdict_at),
            (before.identity.clone(), before.verdict_at)
        );
        assert_eq!(account.finding.unwrap().code, code, "it is told all the same");
        assert_eq!(account.checked_at, Some(w.now()));
    }
    w.forges.knows(&github(1), says_no(kind, Code::CredentialRevoked));
    let (account, _) = test().await;
    assert_eq!(
        (account.validity, account.verdict_at),
        (Validity::Invalid, Some(w.now()))
    );
    assert_eq!(account.identity, before.identity, "it is still known whose it was");
    w.forges.knows(&github(1), good.clone());
    let (account, _) = test().await;
    assert_eq!(
        (account.validity, account.end, &account.finding),
        (Validity::Valid, good.end, &None)
    );
    assert_eq!(w.accounts.get(&operator(), "work").await.unwrap(), account);
    let (_, asked) = w.forges.last();
    assert_eq!(
        (asked.purposes, asked.repository.unwrap().to_string()),
        (vec![Purpose::Push], "acme/tools".to_owned())
    );
    let tested = "account.tested";
    let turns = [
        "account.added",
        tested,
        tested,
        tested,
        tested,
        tested,
        "account.invalid",
        tested,
        "account.valid_again",
    ];
    assert_eq!(w.events().await, turns);
    assert_eq!(w.newest("account.invalid").await["code"], "credential.revoked");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_has_passed_is_told_without_asking() {
    let w = World::start().await;
    let mut report = says_yes(CredentialKind::GitHubClassic, "octocat");
    report.end = TokenEnd::At(w.now() + SignedDuration::from_hours(1));
    w.add_shared("work", 1).await;
    w.forges.knows(&github(1), report);
    w.accounts
        .test_stored(&operator(), None, "work", vec![], None)
        .await
        .unwrap();
    w.clock.advance(SignedDuration::from_hours(2));
    let account = w.accounts.get(&operator(), "work").await.unwrap();
    assert_eq!(account.finding.unwrap().code, Code::CredentialExpired);
    assert_eq!(account.validity, Validity::Valid, "the last clear word was yes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_may_not_change_an_account_may_not_have_it_tested() {
    let w = World::start().await;
    w.add_shared("work", 1).await;
    let asked = w.forges.asked();
    w.let_user("ada", &["account.use"]).await;
    for (somebody, code) in [
        (client("ci"), Code::AccountNotFound),
        (user("ada", Role::Member), Code::PolicyDenied),
        (user("eve", Role::Auditor), Code::PolicyDenied),
    ] {
        let error = w
            .accounts
            .test_stored(&somebody, None, "work", vec![], None)
            .await
            .unwrap_err();
        assert_eq!(error.code(), code);
    }
    assert_eq!(w.forges.asked(), asked);
}
