use jeton_accounts::{AccountError, AccountFilter, AccountOrigin, NewAccount};
use jeton_domain::{
    AccountScope, Code, Coded as _, CredentialKind, Fingerprint, ForgeKind, Purpose, Role, Secret, TokenEnd, Validity,
};
use jiff::SignedDuration;

use crate::{
    forges::{says_no, says_nothing, says_yes},
    world::{World, client, github, gitlab, operator, user},
};

/// What somebody gets wrong.
type Change = fn(&mut NewAccount);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_its_forge_takes_is_kept_sealed_with_all_that_was_found() {
    let w = World::start().await;
    let token = github(1);
    let end = w.now() + SignedDuration::from_hours(24 * 10);
    let mut report = says_yes(CredentialKind::GitHubClassic, "octocat");
    report.end = TokenEnd::At(end);
    w.forges.knows(&token, report);
    let new = NewAccount {
        label: Some("work".to_owned()),
        note: Some(" for the fleet ".to_owned()),
        serves: vec!["Acme".to_owned(), "globex/tools".to_owned()],
        default: true,
        purposes: vec![Purpose::Push, Purpose::Push],
        repository: Some("acme/tools".to_owned()),
        // As it is pasted.
        token: Secret::new(format!("Bearer {}\n", token.expose())),
        ..NewAccount::of(Secret::new(""))
    };
    let added = w.accounts.add(&operator(), Some("request-7"), new).await.unwrap();
    let account = w.accounts.get(&operator(), "work").await.unwrap();
    assert_eq!(account, added.account);
    assert_eq!(account.fingerprint, Fingerprint::of(&token));
    assert_eq!(
        (account.forge.host(), account.source.as_str()),
        ("github.com", "account:work")
    );
    assert_eq!((account.validity, account.end), (Validity::Valid, TokenEnd::At(end)));
    assert_eq!(account.identity.unwrap().name, "octocat");
    assert_eq!(account.note.as_deref(), Some("for the fleet"));
    assert_eq!(account.scopes.unwrap(), ["api", "repo"]);
    let serves: Vec<_> = account.serves.iter().map(ToString::to_string).collect();
    assert_eq!(serves, ["acme", "globex/tools"]);
    assert!(account.is_default && account.active && !account.auto_rotate);
    assert_eq!(
        (account.scope, account.origin),
        (AccountScope::Shared, AccountOrigin::Stored)
    );
    assert!(account.next_check_at.unwrap() > w.now() && account.rotate_at.is_none());
    let (asked, ask) = w.forges.last();
    assert_eq!(asked.token.expose(), token.expose());
    assert_eq!((ask.purposes, ask.quick), (vec![Purpose::Push], false));
    assert!(added.inspection.token.is_empty() && !format!("{added:?}").contains(token.expose()));

    assert_eq!(w.events().await, ["account.added"]);
    let entry = w.record().await.pop().unwrap();
    assert_eq!(entry.request_id.as_deref(), Some("request-7"));
    assert_eq!(entry.fingerprint.as_deref(), Some(account.fingerprint.as_str()));
    let body = w.newest("account.added").await;
    assert_eq!(
        (&body["account"], &body["identity"]),
        (&"work".into(), &"octocat".into())
    );
    assert!(!entry.body.contains(token.expose()) && !w.is_in_the_database(token.expose()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_token_or_does_not_work_is_not_kept() {
    let w = World::start().await;
    let kind = CredentialKind::GitHubClassic;
    let refused = |new: NewAccount| async { w.accounts.add(&operator(), None, new).await.unwrap_err() };

    let error = refused(NewAccount::of(Secret::new("octocat@example.org"))).await;
    assert_eq!(error.code(), Code::CredentialNotAToken);
    assert_eq!(w.forges.asked(), 0, "nothing of it leaves");
    let mut damaged = github(1).expose().to_owned();
    damaged.pop();
    let error = refused(NewAccount::of(Secret::new(damaged))).await;
    assert!(
        matches!(error, AccountError::Pasted(_)) && error.remedy().is_some(),
        "{error}"
    );
    let error = refused(NewAccount {
        forge: Some("gitlab".to_owned()),
        ..NewAccount::of(github(1))
    })
    .await;
    assert_eq!(error.code(), Code::CredentialWrongForge);

    // The forge's clear no, whatever is wanted.
    w.forges.knows(&github(2), says_no(kind, Code::CredentialRevoked));
    let error = refused(NewAccount {
        untested: true,
        ..NewAccount::of(github(2))
    })
    .await;
    assert_eq!(
        (error.code(), error.remedy().as_deref()),
        (Code::CredentialRevoked, Some("Do something about it."))
    );

    // No clear word, unless somebody wants it so; an address that must not be asked, never.
    w.forges.knows(&github(3), says_nothing(kind, Code::ForgeTimeout));
    let error = refused(NewAccount::of(github(3))).await;
    assert!(matches!(error, AccountError::Untested { .. }) && error.code() == Code::ForgeTimeout);
    assert!(error.remedy().unwrap().contains("--untested"));
    w.forges.knows(&github(4), says_nothing(kind, Code::ForgeAddress));
    let error = refused(NewAccount {
        untested: true,
        ..NewAccount::of(github(4))
    })
    .await;
    assert!(matches!(error, AccountError::Refused { .. }) && error.code() == Code::ForgeAddress);
    assert!(
        w.accounts
            .list(&operator(), &AccountFilter::default(), None, 10)
            .await
            .unwrap()
            .accounts
            .is_empty()
    );
    assert!(w.events().await.is_empty());

    let new = NewAccount {
        untested: true,
        ..NewAccount::of(github(3))
    };
    let account = w.accounts.add(&operator(), None, new).await.unwrap().account;
    assert_eq!(
        (account.validity, account.label.as_str()),
        (Validity::Unknown, "github")
    );
    assert_eq!(account.finding.unwrap().code, Code::ForgeTimeout);
    assert!(
        account.next_check_at.unwrap() <= w.now() + SignedDuration::from_hours(1),
        "it is looked at soon"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn words_that_will_not_do_are_refused_before_the_forge_is_asked() {
    let w = World::start().await;
    let changes: [(&str, Change); 8] = [
        ("label", |new| new.label = Some("Not A Label".to_owned())),
        ("note", |new| new.note = Some("a\u{202e}b".to_owned())),
        ("serves", |new| new.serves = vec!["../x".to_owned()]),
        ("username", |new| new.username = Some("a:b".to_owned())),
        ("email", |new| new.email = Some("nobody".to_owned())),
        ("repository", |new| new.repository = Some("acme".to_owned())),
        ("base_url", |new| {
            new.base_url = Some("http://git.example.com".to_owned());
        }),
        ("auto_rotate", |new| new.auto_rotate = Some(true)),
    ];
    for (what, change) in changes {
        let mut new = NewAccount::of(github(1));
        change(&mut new);
        let error = w.accounts.add(&operator(), None, new).await.unwrap_err();
        let fits = matches!(
            error.code(),
            Code::AccountInvalid | Code::ForgeAddress | Code::RotationUnsupported
        );
        assert!(fits, "{what}: {error}");
    }
    assert_eq!(w.forges.asked(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bitbucket_token_needs_its_owners_address_wherever_it_was_written() {
    let w = World::start().await;
    let body = format!("{}{}", ["ATA", "TT3xFf"].concat(), "GF0jETON".repeat(20));
    let rest = format!("{body}=");
    let token = Secret::new(format!("{rest}{}", jeton_inspect::checksum::atlassian(&rest)));
    let error = w
        .accounts
        .add(&operator(), None, NewAccount::of(token.clone()))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::CredentialUsername, "{error}");
    w.good(&token, CredentialKind::BitbucketApiToken, "ada");
    let new = NewAccount {
        username: Some("ada@example.org".to_owned()),
        ..NewAccount::of(token)
    };
    let account = w.accounts.add(&operator(), None, new).await.unwrap().account;
    assert_eq!(account.email.as_deref(), Some("ada@example.org"));
    assert_eq!(
        (account.forge.kind(), account.label.as_str()),
        (ForgeKind::Bitbucket, "bitbucket-ada")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_label_is_made_when_none_is_given_and_one_that_is_taken_is_refused() {
    let w = World::start().await;
    for (seed, label) in [(1, "github-octocat"), (2, "github-octocat-2"), (3, "github-octocat-3")] {
        w.good(&github(seed), CredentialKind::GitHubClassic, "octocat");
        let added = w
            .accounts
            .add(&operator(), None, NewAccount::of(github(seed)))
            .await
            .unwrap();
        assert_eq!(added.account.label.as_str(), label);
    }
    w.good(&github(4), CredentialKind::GitHubClassic, "octocat");
    let again = NewAccount {
        label: Some("github-octocat".to_owned()),
        ..NewAccount::of(github(4))
    };
    let error = w.accounts.add(&operator(), None, again).await.unwrap_err();
    assert_eq!(error.code(), Code::AccountLabelTaken);
    // Nobody stores the same token twice: the renewal of one account would end the other.
    let twin = NewAccount {
        label: Some("twin".to_owned()),
        ..NewAccount::of(github(1))
    };
    let error = w.accounts.add(&operator(), None, twin).await.unwrap_err();
    assert!(error.to_string().contains("`github-octocat`"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_add_the_same_label_at_once_do_not_both() {
    let w = World::start().await;
    let add = |seed| {
        w.good(&github(seed), CredentialKind::GitHubClassic, "octocat");
        let new = NewAccount {
            label: Some("work".to_owned()),
            ..NewAccount::of(github(seed))
        };
        let accounts = w.accounts.clone();
        async move { accounts.add(&operator(), None, new).await }
    };
    let (one, other) = tokio::join!(add(1), add(2));
    let failed = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(
        failed.iter().map(AccountError::code).collect::<Vec<_>>(),
        [Code::AccountLabelTaken]
    );
    assert_eq!(w.events().await, ["account.added"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_default_takes_the_place_of_the_old_one_on_its_forge_only() {
    let w = World::start().await;
    w.add(&operator(), "first", github(1), |new| new.default = true).await;
    w.add(&operator(), "lab", gitlab(1), |new| new.default = true).await;
    w.add(&operator(), "second", github(2), |new| new.default = true).await;
    let page = w
        .accounts
        .list(&operator(), &AccountFilter::default(), None, 10)
        .await
        .unwrap();
    let defaults: Vec<_> = page
        .accounts
        .iter()
        .filter(|one| one.is_default)
        .map(|one| one.label.as_str())
        .collect();
    assert_eq!(defaults, ["lab", "second"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gitlab_token_that_ends_is_renewed_ahead_unless_somebody_says_otherwise() {
    let w = World::start().await;
    let end = w.now() + SignedDuration::from_hours(24 * 365);
    for (seed, auto) in [(1, None), (2, Some(false))] {
        let mut report = says_yes(CredentialKind::GitLabPersonal, "ada");
        report.end = TokenEnd::At(end);
        w.forges.knows(&gitlab(seed), report);
        let new = NewAccount {
            auto_rotate: auto,
            ..NewAccount::of(gitlab(seed))
        };
        let account = w.accounts.add(&operator(), None, new).await.unwrap().account;
        assert_eq!(
            (account.auto_rotate, account.rotate_at.is_some()),
            (auto.is_none(), auto.is_none())
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_adds_an_account_decides_whose_it_is() {
    let w = World::start().await;
    // Nobody keeps accounts to whom no policy gives the use of any.
    let stranger = client("ci");
    let error = w
        .accounts
        .add(&stranger, None, NewAccount::of(github(1)))
        .await
        .unwrap_err();
    assert_eq!((error.code(), w.forges.asked()), (Code::PolicyDenied, 0));
    let auditor = user("eve", Role::Auditor);
    let error = w
        .accounts
        .add(&auditor, None, NewAccount::of(github(1)))
        .await
        .unwrap_err();
    assert_eq!(error.code(), Code::PolicyDenied);

    w.let_user("ada", &["account.use"]).await;
    let ada = user("ada", Role::Member);
    let own = w.add(&ada, "mine", github(1), |_| {}).await;
    assert_eq!(
        (own.scope, own.source.as_str()),
        (AccountScope::private_to(&ada.identity), "account:own/mine")
    );
    assert_eq!(own.owner.as_deref(), Some("user:ada"));
    let shared = NewAccount {
        shared: Some(true),
        ..NewAccount::of(github(2))
    };
    let error = w.accounts.add(&ada, None, shared).await.unwrap_err();
    assert_eq!(
        error.code(),
        Code::PolicyDenied,
        "what is everybody's is for those who manage it"
    );
    // Labels of different owners do not meet.
    w.let_user("bob", &["account.use"]).await;
    w.add(&user("bob", Role::Member), "mine", github(3), |_| {}).await;
    w.add_shared("mine", 4).await;
    assert_eq!(
        w.events().await,
        [
            "access.refused",
            "access.refused",
            "account.added",
            "access.refused",
            "account.added",
            "account.added"
        ]
    );
}
