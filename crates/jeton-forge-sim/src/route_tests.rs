use super::*;

#[test]
fn the_api_answers_at_the_root_and_under_its_prefix() {
    for prefix in ["", "/api/v3"] {
        let path = format!("{prefix}/app/installations/7/access_tokens");
        assert_eq!(Route::parse(&Method::POST, &path), Route::Mint(7));
    }
}

#[test]
fn git_answers_with_and_without_the_suffix_but_not_under_the_api() {
    let repo = RepoRef::name("acme", "tools");
    for path in ["/acme/tools.git/info/refs", "/acme/tools/info/refs"] {
        assert_eq!(Route::parse(&Method::GET, path), Route::GitInfoRefs(repo.clone()));
    }
    let under_api = "/api/v3/acme/tools.git/info/refs";
    assert_eq!(Route::parse(&Method::GET, under_api), Route::Unknown);
}

#[test]
fn what_is_inside_of_a_repository_may_have_any_name() {
    let repo = || RepoRef::name("acme", "tools");
    let get = |tail: &str| Route::parse(&Method::GET, &format!("/repos/acme/tools/{tail}"));
    let inside = |inside| Route::Inside(repo(), inside);
    let contents = |path: &str| inside(Inside::Contents(path.to_owned()));
    assert_eq!(get("contents"), contents(""));
    assert_eq!(get("contents/"), contents(""));
    assert_eq!(get("contents/a%20b/%C3%BC.txt"), contents("a b/ü.txt"));
    assert_eq!(get("branches/feature%2Fx"), inside(Inside::Branch("feature/x".into())));
    assert_eq!(get("branches"), inside(Inside::Branches));
    assert_eq!(get("git/trees/feature/x"), inside(Inside::Tree("feature/x".into())));
    assert_eq!(
        get("git/matching-refs/heads/"),
        inside(Inside::MatchingRefs("heads/".into()))
    );
    assert_eq!(get("git/matching-refs"), inside(Inside::MatchingRefs(String::new())));
    assert_eq!(get("contents/a%0Ab"), contents("a\nb"));
    for tail in [
        "git/blobs/a/b",
        "git/trees/",
        "git/nothing",
        "commits/",
        "commits/%2e%2e",
        "git/matching-refs/../x",
        "contents/a/../b",
        "contents/%2e%2e/b",
        "contents/%00",
        "contents//a",
        "contents/%zz",
        "branches/",
    ] {
        assert_eq!(get(tail), Route::Unknown, "{tail}");
    }
    let outside = Route::parse(&Method::GET, "/repos/acme/..%2f/contents/a");
    assert_eq!(outside, Route::Unknown);
}

#[test]
fn names_that_would_need_decoding_are_unknown() {
    for path in [
        "/acme/..%2f..%2fetc/info/refs",
        "/acme/../info/refs",
        "/acme/./info/refs",
        "/repos/acme/a%2Fb",
        "/repos/acme/a%00b",
        "/repos/acme/a%20b",
        "/app/",
        "app",
        "*",
        "/app/installations/-1",
        "/app/installations/99999999999999999999999",
    ] {
        assert_eq!(Route::parse(&Method::GET, path), Route::Unknown, "{path}");
    }
}

#[test]
fn every_route_has_a_listed_name() {
    let repo = RepoRef::name("a", "b");
    let all = [
        Route::App,
        Route::Installations,
        Route::Installation(1),
        Route::Uninstall(1),
        Route::Mint(1),
        Route::Suspend(1),
        Route::Unsuspend(1),
        Route::Repo(repo.clone()),
        Route::RepoInstallation(repo.clone()),
        Route::Repo(RepoRef::Id(1)),
        Route::RepoInstallation(RepoRef::Id(1)),
        Route::OrgInstallation("a".into()),
        Route::UserInstallation("a".into()),
        Route::TokenRepositories,
        Route::RevokeToken,
        Route::Root,
        Route::User,
        Route::UserRepos,
        Route::UserOrgs,
        Route::Org("a".into()),
        Route::Inside(repo.clone(), Inside::Contents(String::new())),
        Route::Inside(repo.clone(), Inside::Branches),
        Route::Inside(repo.clone(), Inside::Branch("main".into())),
        Route::Inside(repo.clone(), Inside::Tags),
        Route::Inside(repo.clone(), Inside::Commits),
        Route::Inside(repo.clone(), Inside::Commit("main".into())),
        Route::Inside(repo.clone(), Inside::Tree("main".into())),
        Route::Inside(repo.clone(), Inside::Blob("1".into())),
        Route::Inside(repo.clone(), Inside::Ref("heads/main".into())),
        Route::Inside(repo.clone(), Inside::MatchingRefs("heads".into())),
        Route::Pulls(repo.clone()),
        Route::RevokeCredentials,
        Route::RateLimit,
        Route::GitInfoRefs(repo.clone()),
        Route::GitUploadPack(repo.clone()),
        Route::GitReceivePack(repo),
        Route::Unknown,
    ];
    assert_eq!(all.len(), COMMON.len());
    assert!(all.iter().all(|route| COMMON.contains(&route.key())));
    assert!(ROUTES.iter().all(|name| is_known(name)));
    let mut names = ROUTES.to_vec();
    names.sort_unstable();
    assert!(names.is_sorted_by(|a, b| a < b), "a name twice");
}
