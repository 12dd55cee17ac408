//! Tokens that will not do, limits, and forges that fail.

use std::time::Duration;

use jeton_domain::{
    Code, Credential, CredentialKind, FilePath, InstallationId, ObjectId, Permissions, RefName, Secret,
};
use jeton_forge::{
    HttpOptions,
    content::{CommitsAsk, ListAsk, ReadError},
};
use jeton_forge_sim::{AppSpec, FaultKind, FaultRule, InstallSpec, PersonalTokenSpec, SamlSso};
use jiff::SignedDuration;

use super::{Reader, kind, path, read};
use crate::world::{client, names};

/// Asks everything that there is to ask, and gives the kinds of failure, with the sentences that people read.
async fn all(r: &Reader) -> Vec<(&'static str, ReadError)> {
    let (at, forge) = (r.at(), r.forge());
    let name = RefName::parse("main").unwrap();
    let commit: ObjectId = "ab".repeat(20).parse().unwrap();
    let (readme, root) = (path("README.md"), FilePath::root());
    let list = ListAsk {
        commit: &commit,
        directory: &root,
        tree: None,
        deep: true,
        page: None,
    };
    let commits = CommitsAsk {
        from: &commit,
        path: &root,
        since: None,
        until: None,
        page: None,
    };
    let full = RefName::parse("heads/main").unwrap();
    let errors = [
        forge.resolve(&at, None, None).await.answer.unwrap_err(),
        forge.resolve(&at, Some(&name), None).await.answer.unwrap_err(),
        forge.resolve(&at, Some(&full), None).await.answer.unwrap_err(),
        forge.name_kind(&at, &name).await.answer.unwrap_err(),
        forge.open(&at, &commit, &readme).await.answer.unwrap_err(),
        forge.list(&at, &list).await.answer.unwrap_err(),
        forge.commits(&at, &commits).await.answer.unwrap_err(),
        forge
            .blob(&at, &commit, &readme, Some(&commit))
            .await
            .answer
            .unwrap_err(),
    ];
    errors.map(|error| (kind(Err::<(), _>(error.clone())), error)).into()
}

#[tokio::test]
async fn each_failure_of_the_forge_is_the_same_for_each_question() {
    let r = Reader::new().await;
    let reset_in = SignedDuration::from_secs(90);
    let status = |status, message: &str| FaultKind::Status {
        status,
        message: message.to_owned(),
    };
    let elsewhere = "https://evil.example/repositories/1".to_owned();
    for (fault, expected) in [
        (FaultKind::PrimaryLimit { reset_in }, "limited"),
        (FaultKind::PrimaryLimit429 { reset_in }, "limited"),
        (FaultKind::SecondaryLimit { retry_after: 90 }, "limited"),
        (FaultKind::SecondaryLimit429 { retry_after: 90 }, "limited"),
        (status(500, "Server Error"), "down"),
        (status(503, "Service Unavailable"), "down"),
        (FaultKind::BadGateway, "down"),
        (FaultKind::CutBeforeHandling, "down"),
        (FaultKind::CutBeforeAnswer, "down"),
        (FaultKind::Redirect { location: elsewhere }, "garbled"),
    ] {
        let id = r.people.sim.faults().add(FaultRule::new(fault.clone()));
        for (found, error) in all(&r).await {
            assert_eq!(found, expected, "{fault:?}: {error:?}");
            if let ReadError::Limited { until, diagnosis, .. } = error {
                assert_eq!(until.duration_since(r.people.now()).as_secs(), 90, "{fault:?}");
                assert_eq!(diagnosis.code, Code::ForgeRateLimited);
            }
        }
        // a cut may be of a connection that was kept too long; of all else, once is enough
        let is_cut = matches!(fault, FaultKind::CutBeforeHandling | FaultKind::CutBeforeAnswer);
        let times = if is_cut { 2 } else { 1 };
        assert_eq!(r.people.sim.faults().fired(id), 8 * times, "{fault:?}");
        r.people.sim.faults().clear();
    }
}

#[tokio::test]
async fn nonsense_in_a_success_is_garbled() {
    let r = Reader::new().await;
    let head = r.head().await;
    let readme = path("README.md");
    for fault in [FaultKind::Garbage, FaultKind::EmptyBody, FaultKind::HugeBody(20 << 20)] {
        r.people.sim.faults().add(FaultRule::new(fault.clone()));
        assert_eq!(kind(r.resolve("main").await), "garbled", "{fault:?}");
        assert_eq!(kind(r.resolve("heads/main").await), "garbled", "{fault:?}");
        let opened = r.forge().open(&r.at(), &head, &readme).await;
        assert_eq!(kind(opened.answer), "garbled", "{fault:?}");
        r.people.sim.faults().clear();
    }
}

#[tokio::test]
async fn a_file_that_is_cut_or_stalls_never_ends_quietly() {
    let r = Reader::new().await;
    r.github()
        .commit_file("acme", "tools", "large", vec![7; 2_000_000])
        .unwrap();
    let head = r.head().await;
    let large = r.open("large").await.unwrap().entry;
    let r = r.impatient(Duration::from_secs(2));
    let stalls = FaultKind::SlowBody {
        chunk: 1_000_000,
        pause: Duration::from_secs(30),
    };
    for (fault, words) in [(FaultKind::CutInBody, "cut"), (stalls, "in time")] {
        r.people.sim.faults().add(FaultRule::new(fault.clone()));
        let stream = r.forge().blob(&r.at(), &head, &large.path, large.id.as_ref()).await;
        let broke = read(stream.answer.unwrap()).await.unwrap_err();
        assert!(broke.contains(words), "{fault:?}: {broke}");
        r.people.sim.faults().clear();
    }
    r.people.sim.faults().add(FaultRule::new(FaultKind::CutInBody));
    assert_eq!(kind(r.open_at(&head, "large").await), "down");
}

#[tokio::test]
async fn a_silent_forge_is_down() {
    let r = Reader::new().await;
    let head = r.head().await;
    let r = r.impatient(Duration::from_secs(1));
    r.people.sim.faults().add(FaultRule::new(FaultKind::NoAnswer));
    for name in ["main", "heads/main"] {
        let ReadError::Down(found) = r.resolve(name).await.unwrap_err() else {
            panic!("not down")
        };
        assert_eq!(found.code, Code::ForgeTimeout);
    }
    let told = r.forge().blob(&r.at(), &head, &path("README.md"), Some(&head)).await;
    assert_eq!(kind(told.answer), "down");
}

#[tokio::test]
async fn a_dead_token_is_dead_for_public_repositories_too_and_nobody_reads_them() {
    let r = Reader::new().await;
    let dead = r.people.credential(&["ghp_", &"A1b2".repeat(9)].concat());
    let r = r.of("acme/site").holding(Some(dead));
    for (found, error) in all(&r).await {
        assert_eq!(found, "unauthorized", "{error:?}");
        let ReadError::Unauthorized(found) = error else {
            panic!()
        };
        assert_eq!(found.code, Code::CredentialInvalid);
    }
    let r = r.holding(None);
    let readme = r.open("README.md").await.unwrap();
    assert!(r.bytes(&readme).await.starts_with(b"# site"));
    let told = r.forge().resolve(&r.at(), None, None).await;
    assert_eq!(told.quota.unwrap().limit, 60);
    // what is private is not there, for nobody and for strangers
    let r = r.of("acme/tools");
    for (found, error) in all(&r).await {
        assert_eq!(found, "not found", "{error:?}");
    }
    let ReadError::NotFound(found) = r.resolve("main").await.unwrap_err() else {
        panic!("found")
    };
    assert_eq!(found.code, Code::ContentRepositoryNotFound);
}

#[tokio::test]
async fn the_sixty_requests_of_an_address_end_and_the_words_say_so() {
    let r = Reader::new().await.of("acme/site").holding(None);
    let mut told = r.forge().resolve(&r.at(), None, None).await;
    let mut calls = 1;
    while told.answer.is_ok() && calls < 100 {
        told = r.forge().resolve(&r.at(), None, None).await;
        calls += 1;
    }
    assert_eq!((calls, told.quota.unwrap().remaining), (61, 0));
    let Err(ReadError::Limited { until, diagnosis, .. }) = told.answer else {
        panic!("{told:?}")
    };
    assert!(
        until > r.people.now() && diagnosis.cause.contains("without a token"),
        "{diagnosis:?}"
    );
}

#[tokio::test]
async fn a_policy_of_the_organisation_is_told_as_one() {
    let r = Reader::new().await;
    r.github()
        .change_org_policy("acme", |policy| policy.saml_sso = SamlSso::Required);
    for (found, error) in all(&r).await {
        assert_eq!(found, "forbidden", "{error:?}");
        let ReadError::Forbidden(found) = error else { panic!() };
        assert_eq!(found.code, Code::CredentialSso);
    }
    let lacking = r.people.token(PersonalTokenSpec::classic(["read:user"]));
    let lacking = r.people.credential(&lacking.token);
    let r = r.of("octocat/notes").holding(Some(lacking));
    assert_eq!(kind(r.resolve("main").await), "not found");
}

/// What a token of an App's installation gets from each question.
async fn as_app(r: Reader, token: &Secret) -> (Reader, Vec<(&'static str, ReadError)>) {
    let credential = Credential {
        kind: CredentialKind::GitHubInstallation,
        token: token.clone(),
        ..r.people.credential("any")
    };
    let r = r.holding(Some(credential));
    let found = all(&r).await;
    (r, found)
}

#[tokio::test]
async fn an_apps_token_reads_what_it_covers_and_the_words_are_about_apps() {
    let r = Reader::new().await;
    let app = r.github().add_app(AppSpec::new("reader"));
    let id = r.github().install(app.id, "acme", InstallSpec::selected(["tools"]));
    let (pem, options) = (&app.private_key_pkcs1_pem, HttpOptions::default());
    let github = client(
        &r.people.sim.api_url(),
        &app.id.to_string(),
        pem,
        options,
        &r.people.clock,
    );
    let mint = async |permissions: &str| {
        let permissions = Permissions::parse_list(permissions).unwrap();
        let minted = github.mint(InstallationId(id), &names(&["tools"]), &permissions).await;
        minted.unwrap().token
    };
    let (reads, sees) = (mint("contents=read").await, mint("metadata=read").await);

    let (r, lacking) = as_app(r, &sees).await;
    for (kind, error) in lacking {
        let ReadError::Forbidden(found) = error else {
            panic!("{kind}: {error:?}")
        };
        assert_eq!(found.code, Code::CredentialScope);
        assert!(found.remedy.contains("owns the App"), "{found:?}");
    }
    let r = r.of("octocat/notes");
    let (r, hidden) = as_app(r, &reads).await;
    for (kind, error) in hidden {
        assert_eq!(kind, "not found", "{error:?}");
    }
    let r = r.of("acme/tools");
    assert!(
        r.bytes(&r.open("README.md").await.unwrap())
            .await
            .starts_with(b"# tools")
    );
    r.github().uninstall(id);
    let (_, dead) = as_app(r, &reads).await;
    for (kind, error) in dead {
        let ReadError::Unauthorized(found) = error else {
            panic!("{kind}: {error:?}")
        };
        assert!(found.remedy.contains("installed on `acme`"), "{found:?}");
    }
}

impl Reader {
    async fn open_at(&self, commit: &ObjectId, name: &str) -> Result<jeton_forge::content::Opened, ReadError> {
        self.forge().open(&self.at(), commit, &path(name)).await.answer
    }
}
