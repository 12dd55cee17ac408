//! Registration and removal tokens of GitHub.

use jeton_ci::{CiError, RunnerWish, ScopeName, SecretAsk, SecretOptions, SecretValue, SourceAsk};
use jeton_domain::{Blame, Code, Coded as _, Secret};
use jeton_forge_sim::{FaultKind, FaultRule, InstallSpec, OrgRole, PersonalTokenSpec};
use jiff::SignedDuration;

use crate::{
    both_databases,
    world::{World, acme, ask, client, operator, tools},
};

const REGISTER: &str = "POST /repos/{owner}/{repo}/actions/runners/registration-token";
const REGISTER_ORG: &str = "POST /orgs/{org}/actions/runners/registration-token";

/// A repository of an organization with an App that may administer it.
async fn with_app(w: &World) {
    w.repository("tools");
    w.add_app("ci", &[("administration", "write"), ("metadata", "read")])
        .await;
}

both_databases! {
    async fn a_token_is_on_record_before_it_leaves(w: World) {
        with_app(&w).await;
        let who = w.let_client("fleet", &["runner.register"], &["acme/tools"]).await;
        let grant = w.ci.registration_token(&who, ask("", tools())).await.unwrap();
        assert_eq!((grant.source.as_str(), grant.shared), ("app:ci", false));
        assert!(grant.url.ends_with("/acme/tools"), "{}", grant.url);
        let entry = w.newest("runner.token_given").await;
        assert_eq!(entry["source"], "app:ci");
        assert_eq!(entry["rule"], "for-fleet");
        assert_eq!(entry["scope"], "the repository acme/tools");
        assert_eq!(entry["repositories"], serde_json::json!(["acme/tools"]));
        assert_eq!(entry["expires_at"], grant.expires_at.unwrap().to_string());
        let entries = w.record().await;
        let entry = entries.iter().find(|entry| entry.event == "runner.token_given").unwrap();
        assert_eq!(entry.fingerprint.as_deref(), Some(grant.fingerprint.as_str()));
        let token = grant.token.expose();
        assert!(entries.iter().all(|entry| !entry.body.contains(token)));
        assert!(!w.database.holds(token) && !format!("{grant:?} {:?}", w.ci).contains(token));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_callers_share_one_mint() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let ci = w.ci.clone();
        callers.spawn(async move { ci.registration_token(&operator(), ask("", tools())).await.unwrap() });
    }
    let grants = callers.join_all().await;
    assert_eq!(w.sim.calls().count(REGISTER), 1);
    assert!(grants.iter().all(|one| one.fingerprint == grants[0].fingerprint));
    assert_eq!(grants.iter().filter(|one| !one.shared).count(), 1);
    assert_eq!(w.count("runner.token_given").await, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_is_shared_by_those_who_waited_for_it() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.ci.registration_token(&operator(), ask("", tools())).await.unwrap();
    w.clock.advance(SignedDuration::from_mins(55));
    w.sim.calls().reset();
    w.sim
        .faults()
        .add(FaultRule::new(FaultKind::Latency(std::time::Duration::from_millis(800))).on(REGISTER));
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(REGISTER));
    let mut callers = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let ci = w.ci.clone();
        callers.spawn(async move { ci.registration_token(&operator(), ask("", tools())).await.unwrap_err() });
    }
    let errors = callers.join_all().await;
    assert!(w.sim.calls().count(REGISTER) <= 3, "{}", w.sim.calls().count(REGISTER));
    assert!(
        errors
            .iter()
            .all(|error| error.code().blame() == Blame::Forge && error.is_transient())
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_shared_while_it_lives_long_enough() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let get = async |seconds: Option<i64>, fresh: bool| {
        let mut ask = ask("", tools());
        (ask.min_validity_seconds, ask.fresh) = (seconds, fresh);
        w.ci.registration_token(&operator(), ask)
            .await
            .map(|grant| grant.fingerprint)
    };
    let first = get(None, false).await.unwrap();
    w.clock.advance(SignedDuration::from_mins(20));
    assert_eq!(get(Some(2_000), false).await.unwrap(), first);
    let second = get(Some(3_000), false).await.unwrap();
    assert_ne!(second, first);
    // The usual ten minutes.
    w.clock.advance(SignedDuration::from_mins(49));
    assert_eq!(get(None, false).await.unwrap(), second);
    w.clock.advance(SignedDuration::from_mins(2));
    assert_eq!(get(Some(0), false).await.unwrap(), second);
    let third = get(None, false).await.unwrap();
    assert_ne!(third, second);
    let fresh = get(None, true).await.unwrap();
    assert_ne!(fresh, third);
    assert_eq!(w.sim.calls().count(REGISTER), 4);
    for seconds in [-1, 3_301, i64::MAX, i64::MIN] {
        let error = get(Some(seconds), false).await.unwrap_err();
        assert_eq!(error.code(), Code::RequestInvalid, "{seconds}");
        assert!(error.remedy().unwrap().contains("JIT"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn registration_removal_and_scopes_are_not_mixed_up() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.repository("other");
    let first = w.ci.registration_token(&operator(), ask("", tools())).await.unwrap();
    let upper = ScopeName::Repository("ACME/Tools".to_owned());
    let same = w.ci.registration_token(&operator(), ask("", upper)).await.unwrap();
    assert_eq!(same.fingerprint, first.fingerprint);
    let other = ScopeName::Repository("acme/other".to_owned());
    let other = w.ci.registration_token(&operator(), ask("", other)).await.unwrap();
    let removal = w.ci.removal_token(&operator(), ask("", tools())).await.unwrap();
    assert_ne!(other.fingerprint, first.fingerprint);
    assert_ne!(removal.fingerprint, first.fingerprint);
    assert_eq!(removal.kind.as_str(), "removal");
    assert_eq!(w.count("runner.removal_token_given").await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_expires_in_three_seconds_is_handed_to_nobody() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.sim
        .github()
        .change_ci_rules(|rules| rules.runner_token_lifetime = SignedDuration::from_secs(3));
    let mut wants_nothing = ask("", tools());
    wants_nothing.min_validity_seconds = Some(0);
    let error =
        w.ci.registration_token(&operator(), wants_nothing.clone())
            .await
            .unwrap_err();
    assert_eq!(
        (error.code(), error.code().blame()),
        (Code::RunnerTokenShort, Blame::Forge)
    );
    assert!(error.to_string().contains("ends in 3 seconds"), "{error}");
    assert_eq!(w.sim.calls().count(REGISTER), 2);
    assert_eq!(w.count("runner.token_given").await, 0);
    // It is not what the next one gets.
    w.sim
        .github()
        .change_ci_rules(|rules| rules.runner_token_lifetime = SignedDuration::from_secs(61));
    let grant = w.ci.registration_token(&operator(), wants_nothing).await.unwrap();
    assert!(grant.expires_at.unwrap().duration_since(w.now()) >= SignedDuration::from_secs(60));
}

both_databases! {
    async fn an_organization_is_for_policies_that_cover_all_of_it(w: World) {
        w.repository("tools");
        w.add_app("ci", &[("organization_self_hosted_runners", "write"), ("metadata", "read")]).await;
        let narrow = w.let_client("narrow", &["runner.register"], &["acme/tools"]).await;
        let wide = w.let_client("wide", &["runner.register"], &["acme/*"]).await;
        let error = w.ci.registration_token(&narrow, ask("", acme())).await.unwrap_err();
        assert!(matches!(error, CiError::Access(_)), "{error:?}");
        assert_eq!(w.sim.calls().count(REGISTER_ORG), 0);
        let refusal = w.newest("runner.refused").await;
        assert_eq!(refusal["repositories"], serde_json::json!(["acme/*"]));
        let grant = w.ci.registration_token(&wide, ask("", acme())).await.unwrap();
        assert_eq!(grant.scope.path(), "acme");
        let enterprise = ScopeName::Enterprise("acme-corp".to_owned());
        let error = w.ci.registration_token(&wide, ask("", enterprise)).await.unwrap_err();
        assert!(matches!(error, CiError::Access(_)), "{error:?}");
        let stranger = client("stranger");
        let error = w.ci.registration_token(&stranger, ask("", acme())).await.unwrap_err();
        assert!(matches!(error, CiError::Access(_)), "{error:?}");
    }

    async fn the_account_does_what_the_app_may_not(w: World) {
        w.repository("tools");
        w.add_app("ci", &[("contents", "read"), ("metadata", "read")]).await;
        w.sim.github().add_user("mona");
        w.sim.github().add_member("acme", "mona", OrgRole::Admin).unwrap();
        w.github_account("mona", "mona", PersonalTokenSpec::classic(["repo"])).await;
        let grant = w.ci.registration_token(&operator(), ask("", tools())).await.unwrap();
        assert_eq!(grant.source, "account:mona");
        // A policy decides which it may be.
        let only_app = |spec: &mut jeton_policy::PolicySpec| spec.sources = vec!["app:*".to_owned()];
        let who = w.let_client_with("fleet", &["runner.register"], &["acme/tools"], only_app).await;
        let error = w.ci.registration_token(&who, ask("", tools())).await.unwrap_err();
        assert_eq!(error.tried().len(), 1);
        assert_eq!(error.code().blame(), Blame::Access, "{error:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_that_refused_are_named_with_what_would_do() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    w.repository("tools");
    w.add_app("ci", &[("contents", "read"), ("metadata", "read")]).await;
    w.sim.github().add_user("mona");
    w.sim.github().add_member("acme", "mona", OrgRole::Member).unwrap();
    w.github_account("mona", "mona", PersonalTokenSpec::classic(["read:org"]))
        .await;
    let error =
        w.ci.registration_token(&operator(), ask("", tools()))
            .await
            .unwrap_err();
    let sources: Vec<&str> = error.tried().iter().map(|one| one.source.as_str()).collect();
    assert_eq!(sources, ["app:ci", "account:mona"]);
    assert!(error.tried().iter().all(|one| !one.diagnosis.remedy.is_empty()));
    assert!(error.to_string().ends_with("(one other source was tried)"), "{error}");
    assert_eq!(error.code().blame(), Blame::Access);
    // While the forge is in trouble nobody is told to change anything.
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(REGISTER));
    let error =
        w.ci.registration_token(&operator(), ask("", tools()))
            .await
            .unwrap_err();
    assert_eq!(error.code().blame(), Blame::Forge);
    assert_eq!(error.tried()[0].source, "account:mona");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_before_anybody_is_asked() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let code = async |change: &dyn Fn(&mut jeton_ci::RunnerAsk)| {
        let mut ask = ask("", tools());
        change(&mut ask);
        w.ci.registration_token(&operator(), ask).await.unwrap_err().code()
    };
    let named = |wish: SourceAsk| move |ask: &mut jeton_ci::RunnerAsk| ask.source = wish.clone();
    let both = SourceAsk {
        app: Some("ci".to_owned()),
        account: Some("mona".to_owned()),
    };
    assert_eq!(code(&named(both)).await, Code::RequestInvalid);
    for bad in ["acme", "acme/..", "acme/%2e%2e/x", "a/b/c", "acme/to\nols", ""] {
        let scope = |ask: &mut jeton_ci::RunnerAsk| ask.scope = ScopeName::Repository(bad.to_owned());
        assert_eq!(code(&scope).await, Code::RequestInvalid, "{bad:?}");
    }
    let instance = |ask: &mut jeton_ci::RunnerAsk| ask.scope = ScopeName::Instance;
    assert_eq!(code(&instance).await, Code::RunnerUnsupported);
    let wish = |ask: &mut jeton_ci::RunnerAsk| {
        ask.runner = RunnerWish {
            name: Some("mine".to_owned()),
            ..RunnerWish::default()
        };
    };
    assert_eq!(code(&wish).await, Code::RunnerInvalid);
    let nowhere = |ask: &mut jeton_ci::RunnerAsk| ask.forge = Some("git.example.com".to_owned());
    assert_eq!(code(&nowhere).await, Code::RunnerNoSource);
    let odd = |ask: &mut jeton_ci::RunnerAsk| ask.forge = Some("git.example.com/..".to_owned());
    assert_eq!(code(&odd).await, Code::RunnerNoSource);
    assert_eq!(w.sim.calls().count(REGISTER), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_app_that_is_installed_nowhere_says_so() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    w.repository("tools");
    w.app("ci", &[("administration", "write"), ("metadata", "read")]).await;
    let error =
        w.ci.registration_token(&operator(), ask("", tools()))
            .await
            .unwrap_err();
    assert_eq!(error.code().blame(), Blame::Access, "{error:?}");
    assert!(error.url().is_some());
    let again = w
        .app("second", &[("administration", "write"), ("metadata", "read")])
        .await;
    w.sim.github().install(again.id, "acme", InstallSpec::all());
    let grant = w.ci.registration_token(&operator(), ask("", tools())).await.unwrap();
    assert_eq!(grant.source, "app:second");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_of_a_token_is_in_the_log() {
    let log = crate::world::capture_log();
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    let g = w.gitlab().await;
    let registration = w.ci.registration_token(&operator(), ask("", tools())).await.unwrap();
    let kept =
        w.ci.registration_token(&operator(), ask(&g.host, tools()))
            .await
            .unwrap();
    w.sim.faults().add(FaultRule::new(FaultKind::Garbage).on(REGISTER));
    let mut fresh = ask("", tools());
    fresh.fresh = true;
    let error = w.ci.registration_token(&operator(), fresh).await.unwrap_err();
    let all = format!("{}{error:?}", log.text());
    assert!(all.contains("a runner was made"), "{all}");
    for token in [&registration.token, &kept.token] {
        assert!(!all.contains(token.expose()));
        // Nor its beginning.
        assert!(!all.contains(&token.expose()[..12]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_put_on_record_does_not_leave() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    with_app(&w).await;
    w.ci.registration_token(&operator(), ask("", tools())).await.unwrap();
    w.access.ledger().close().await;
    let error =
        w.ci.registration_token(&operator(), ask("", tools()))
            .await
            .unwrap_err();
    assert!(matches!(error, CiError::Access(_)), "{error:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_enterprise_is_for_a_classic_token() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    w.add_app("ci", &[("administration", "write"), ("metadata", "read")])
        .await;
    w.sim.github().add_user("root");
    w.sim.github().add_enterprise("acme-corp", ["root"]);
    let scope = ScopeName::Enterprise("acme-corp".to_owned());
    let error =
        w.ci.registration_token(&operator(), ask("", scope.clone()))
            .await
            .unwrap_err();
    assert_eq!(error.code(), Code::RunnerUnsupported);
    assert!(error.remedy().unwrap().contains("manage_runners:enterprise"));
    let spec = PersonalTokenSpec::classic(["manage_runners:enterprise"]);
    w.github_account("root", "root", spec).await;
    let grant = w.ci.registration_token(&operator(), ask("", scope)).await.unwrap();
    assert_eq!(grant.source, "account:root");
    assert_eq!(
        w.newest("runner.token_given").await["repositories"],
        serde_json::json!(["*/*"])
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_apps_token_that_died_before_its_time_is_replaced() {
    let w = World::start(crate::world::DatabaseKind::Sqlite).await;
    w.repository("tools");
    let permissions = [("administration", "write"), ("secrets", "write"), ("metadata", "read")];
    w.add_app("ci", &permissions).await;
    let get = async || {
        let mut ask = ask("", tools());
        ask.fresh = true;
        w.ci.registration_token(&operator(), ask).await
    };
    let push = async || {
        let ask = SecretAsk {
            forge: None,
            scope: tools(),
            source: SourceAsk::default(),
            name: "TOKEN".to_owned(),
            value: SecretValue::Text(Secret::new("a value of ours")),
            options: SecretOptions::default(),
        };
        w.ci.push_secret(&operator(), ask).await
    };
    get().await.unwrap();
    push().await.unwrap();
    w.sim.github().expire_all_tokens();
    get().await.unwrap();
    push().await.unwrap();
    assert_eq!(w.sim.calls().mints(), 4);
    assert_eq!(w.count("token.rejected").await, 2);
}
