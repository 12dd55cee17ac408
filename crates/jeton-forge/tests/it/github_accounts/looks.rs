use jeton_domain::{Code, Fitness, Purpose, TokenEnd, Validity};
use jeton_forge::CheckAsk;
use jeton_forge_sim::{ExpirationForm, PersonalTokenSpec, RepoRole};
use jiff::SignedDuration;

use super::{People, ask_on, codes, quick, the};

const DAYS: SignedDuration = SignedDuration::from_hours(24);

fn fits(report: &jeton_domain::CheckReport) -> Vec<(Purpose, Fitness, Vec<String>)> {
    report
        .purposes
        .iter()
        .map(|found| (found.purpose, found.fit, found.missing.clone()))
        .collect()
}

fn fit(report: &jeton_domain::CheckReport, purpose: Purpose) -> (Fitness, Vec<String>, String) {
    let found = report.purposes.iter().find(|found| found.purpose == purpose).unwrap();
    (found.fit, found.missing.clone(), found.why.clone())
}

#[tokio::test]
async fn a_classic_token_tells_whose_it_is_its_scopes_and_its_quota() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::classic(["repo", "read:org"]));
    let before = p.sim.calls().total();
    let report = p.check(&token.token, &quick()).await;
    assert_eq!(p.sim.calls().total(), before + 1);
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(report.identity.as_ref().unwrap().name, "octocat");
    assert!(report.identity.unwrap().id.parse::<u64>().is_ok());
    assert_eq!(report.scopes.unwrap(), ["read:org", "repo"]);
    assert_eq!(report.end, TokenEnd::Never);
    let quota = report.quota.unwrap();
    assert_eq!((quota.limit, quota.remaining), (5000, 4999));
    assert!(quota.resets_at.unwrap() > p.now());
    let evidence = &report.evidence[0];
    assert_eq!((evidence.probe.as_str(), evidence.status), ("GET /user", Some(200)));
    assert!(evidence.request_id.is_some());
    assert!(report.diagnoses.is_empty() && report.purposes.is_empty());
}

#[tokio::test]
async fn the_end_is_known_in_both_forms() {
    let p = People::new().await;
    for form in [
        ExpirationForm::Utc,
        ExpirationForm::Offset(2),
        ExpirationForm::Offset(-7),
    ] {
        for spec in [
            PersonalTokenSpec::classic(["repo"]),
            PersonalTokenSpec::fine_grained("acme", [("contents", "read")]),
        ] {
            let token = p.token(spec.expires_in(30 * DAYS).expiration_form(form));
            let report = p.check(&token.token, &quick()).await;
            assert_eq!(report.end, TokenEnd::At(p.now() + 30 * DAYS), "{form:?}");
        }
    }
}

#[tokio::test]
async fn a_token_reaches_what_its_scopes_and_its_owners_role_allow() {
    let p = People::new().await;
    let reach = |report: &jeton_domain::CheckReport| {
        let mut all: Vec<String> = report
            .reach
            .iter()
            .map(|one| format!("{} {} {}", one.name, one.what, one.access.as_deref().unwrap_or("-")))
            .collect();
        all.sort_unstable();
        all
    };
    let token = p.token(PersonalTokenSpec::classic(["repo", "read:org"]));
    let report = p.check(&token.token, &CheckAsk::default()).await;
    assert_eq!(
        reach(&report),
        [
            "acme owner -",
            "acme/site repository read",
            "acme/tools repository write",
            "octocat/notes repository admin"
        ]
    );
    assert!(!report.reaches_more);
    let public = p.token(PersonalTokenSpec::classic(["public_repo"]));
    let report = p.check(&public.token, &CheckAsk::default()).await;
    assert_eq!(reach(&report), ["acme owner -", "acme/site repository read"]);
    for n in 0..30 {
        p.sim
            .github()
            .add_repository("octocat", &format!("r{n}"), true)
            .unwrap();
    }
    let report = p.check(&token.token, &CheckAsk::default()).await;
    assert!(
        report.reaches_more && report.reach.len() <= 22,
        "{}",
        report.reach.len()
    );
}

#[tokio::test]
async fn scopes_answer_for_a_classic_token() {
    let p = People::new().await;
    let of = async |scopes: &[&str], repository: &str| {
        let token = p.token(PersonalTokenSpec::classic(scopes.iter().copied()));
        p.check_on(&token.token, repository).await
    };
    let all = of(&["repo"], "octocat/notes").await;
    assert!(
        all.purposes.iter().all(|found| found.fit == Fitness::Yes),
        "{:?}",
        all.purposes
    );
    assert!(fit(&all, Purpose::Push).2.contains("`workflow`"));
    assert!(all.diagnoses.is_empty(), "{:?}", all.diagnoses);

    // a role that is too small, whatever the scopes
    let writer = of(&["repo"], "acme/tools").await;
    assert_eq!(fit(&writer, Purpose::Push).0, Fitness::Yes);
    assert_eq!(fit(&writer, Purpose::RegisterRunners).0, Fitness::No);
    let role = the(&writer, Code::CredentialRole);
    assert!(
        role.cause.contains("admin") && role.cause.contains("registering runners"),
        "{}",
        role.cause
    );
    assert!(role.url.as_deref().unwrap().ends_with("/acme/tools/settings/access"));

    // a public repository with the scope for public ones: secrets and runners are not in it
    let public = of(&["public_repo"], "acme/site").await;
    assert_eq!(fit(&public, Purpose::ReadContent).0, Fitness::Yes);
    assert_eq!(fit(&public, Purpose::ManagePullRequests).0, Fitness::Yes);
    assert_eq!(fit(&public, Purpose::ManageSecrets).1, ["repo"]);
    let lacks = the(&public, Code::CredentialScope);
    assert!(
        lacks.cause.contains("`repo`") && lacks.remedy.contains("Update token"),
        "{lacks:?}"
    );
    assert!(lacks.url.as_deref().unwrap().ends_with("/settings/tokens"));

    let none = of(&["gist"], "acme/site").await;
    assert_eq!(fit(&none, Purpose::Push).1, ["public_repo"]);
    assert_eq!(fit(&none, Purpose::ReadContent).0, Fitness::Yes);
}

#[tokio::test]
async fn without_a_repository_scopes_answer_as_far_as_they_can() {
    let p = People::new().await;
    let of = async |scopes: &[&str]| {
        let token = p.token(PersonalTokenSpec::classic(scopes.iter().copied()));
        let ask = CheckAsk {
            purposes: Purpose::ALL.to_vec(),
            ..CheckAsk::default()
        };
        p.check(&token.token, &ask).await
    };
    let all = of(&["repo", "admin:org", "workflow"]).await;
    assert!(
        all.purposes.iter().all(|found| found.fit == Fitness::Yes),
        "{:?}",
        all.purposes
    );
    let public = of(&["public_repo"]).await;
    assert_eq!(fit(&public, Purpose::Push).0, Fitness::Unknown);
    assert_eq!(
        fit(&public, Purpose::RegisterRunners),
        (Fitness::No, vec!["repo".to_owned()], "That needs `repo`.".to_owned())
    );
    let org = of(&["admin:org"]).await;
    assert_eq!(fit(&org, Purpose::RegisterRunners).0, Fitness::Unknown);
    assert!(fit(&org, Purpose::RegisterRunners).2.contains("whole organisations"));
    let enterprise = of(&["manage_runners:enterprise"]).await;
    assert!(fit(&enterprise, Purpose::RegisterRunners).2.contains("enterprise"));
}

#[tokio::test]
async fn a_fine_grained_token_is_tried_on_the_repository() {
    let p = People::new().await;
    p.sim
        .github()
        .add_collaborator("acme", "tools", "octocat", RepoRole::Admin)
        .unwrap();
    let all = [
        ("contents", "write"),
        ("pull_requests", "write"),
        ("administration", "write"),
        ("secrets", "write"),
    ];
    let token = p.token(PersonalTokenSpec::fine_grained("acme", all));
    let report = p.check_on(&token.token, "acme/tools").await;
    assert_eq!((report.validity, report.scopes.clone()), (Validity::Valid, None));
    assert_eq!(fit(&report, Purpose::ReadContent).0, Fitness::Yes);
    for purpose in [
        Purpose::ManagePullRequests,
        Purpose::Push,
        Purpose::RegisterRunners,
        Purpose::ManageSecrets,
    ] {
        let (found, missing, why) = fit(&report, purpose);
        assert_eq!((found, missing), (Fitness::Unknown, vec![]), "{purpose}");
        assert!(why.contains("cannot be seen without writing"), "{why}");
    }
    assert!(report.diagnoses.is_empty(), "{:?}", report.diagnoses);

    let token = p.token(PersonalTokenSpec::fine_grained("acme", [("issues", "read")]));
    let report = p.check_on(&token.token, "acme/tools").await;
    let none: Vec<_> = [
        (Purpose::ReadContent, "contents=read"),
        (Purpose::ManagePullRequests, "pull_requests=write"),
        (Purpose::Push, "contents=write"),
        (Purpose::RegisterRunners, "administration=write"),
        (Purpose::ManageSecrets, "secrets=write"),
    ]
    .map(|(purpose, missing)| (purpose, Fitness::No, vec![missing.to_owned()]))
    .to_vec();
    let mut found = fits(&report);
    found.sort_by_key(|one| one.0);
    let mut want = none;
    want.sort_by_key(|one| one.0);
    assert_eq!(found, want);
    let lacks = the(&report, Code::CredentialScope);
    assert!(
        lacks
            .cause
            .contains("\"Contents\": \"Read and write\" (`contents=write`)"),
        "{}",
        lacks.cause
    );
    assert!(
        lacks
            .url
            .as_deref()
            .unwrap()
            .ends_with("/settings/personal-access-tokens")
    );
    assert_eq!(codes(&report), [Code::CredentialScope]);
}

#[tokio::test]
async fn on_a_public_repository_reading_shows_nothing_of_a_fine_grained_token() {
    let p = People::new().await;
    p.sim
        .github()
        .add_collaborator("acme", "site", "octocat", RepoRole::Write)
        .unwrap();
    let token = p.token(PersonalTokenSpec::fine_grained("acme", [("issues", "read")]));
    let report = p.check_on(&token.token, "acme/site").await;
    assert!(fit(&report, Purpose::ReadContent).2.contains("public"));
    let (found, _, why) = fit(&report, Purpose::ManagePullRequests);
    assert_eq!(found, Fitness::Unknown);
    assert!(why.contains("public"), "{why}");
}

#[tokio::test]
async fn without_a_repository_nothing_is_known_of_a_fine_grained_token() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::fine_grained("acme", [("contents", "read")]));
    let ask = CheckAsk {
        repository: None,
        ..ask_on("acme/tools")
    };
    let report = p.check(&token.token, &ask).await;
    assert!(
        report
            .purposes
            .iter()
            .all(|found| found.fit == Fitness::Unknown && found.why.contains("name a repository"))
    );
}

#[tokio::test]
async fn an_oauth_token_is_looked_at_like_a_classic_one() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::oauth(["repo", "gist", "read:org"]));
    let report = p.check_on(&token.token, "octocat/notes").await;
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(report.scopes.as_ref().unwrap(), &["gist", "read:org", "repo"]);
    assert_eq!(report.end, TokenEnd::Never);
    assert!(report.purposes.iter().all(|found| found.fit == Fitness::Yes));
}
