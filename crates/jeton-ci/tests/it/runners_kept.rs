//! Runners that jeton makes and keeps: GitLab's and Bitbucket's.

use std::time::Duration;

use jeton_ci::{CiError, RunnerAsk, RunnerGrant, RunnerState, RunnerWish, ScopeName};
use jeton_domain::{Blame, Code, Coded as _};
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabTokenSpec};
use jeton_vault::RunnerRecord;
use jiff::SignedDuration;

use crate::{
    both_databases,
    world::{GitLab, World, acme, ask, operator, tools, user},
};

const MAKE: &str = "POST /api/v4/user/runners";
const VERIFY: &str = "POST /api/v4/runners/verify";
const RENEW: &str = "POST /api/v4/runners/reset_authentication_token";
const RENEW_AS: &str = "POST /api/v4/runners/{id}/reset_authentication_token";
const REMOVE: &str = "DELETE /api/v4/runners";

fn named(forge: &str, name: &str) -> RunnerAsk {
    RunnerAsk {
        runner: RunnerWish {
            name: Some(name.to_owned()),
            ..RunnerWish::default()
        },
        ..ask(forge, tools())
    }
}

async fn get(w: &World, g: &GitLab) -> Result<RunnerGrant, CiError> {
    w.ci.registration_token(&operator(), ask(&g.host, tools())).await
}

async fn rows(w: &World) -> Vec<RunnerRecord> {
    let mut tx = w.vault.read().await.unwrap();
    tx.runners().list(None, None, 100).await.unwrap()
}

both_databases! {
    async fn twenty_callers_of_two_servers_get_one_runner(w: World) {
        let g = w.gitlab().await;
        // SQLite is for one server.
        let other = if w.database.is_shared() { Some(w.replica().await) } else { None };
        let other = other.as_ref().map_or(&w.ci, |node| &node.ci).clone();
        let mut callers = tokio::task::JoinSet::new();
        for number in 0..20 {
            let ci = if number % 2 == 0 { w.ci.clone() } else { other.clone() };
            let ask = ask(&g.host, tools());
            callers.spawn(async move { ci.registration_token(&operator(), ask).await.unwrap() });
        }
        let grants = callers.join_all().await;
        assert_eq!(g.sim.calls().count(MAKE), 1);
        assert_eq!(g.sim.runners().len(), 1);
        assert!(grants.iter().all(|one| one.fingerprint == grants[0].fingerprint));
        assert_eq!(grants.iter().filter(|one| !one.shared).count(), 1);
        assert_eq!((w.count("runner.made").await, w.count("runner.token_given").await), (1, 19));
        let grant = &grants[0];
        assert_eq!(g.sim.runner_of_token(grant.token.expose()), Some(g.sim.runners()[0].id));
        assert_eq!(grant.kind.as_str(), "authentication");
        assert!(!w.database.holds(grant.token.expose()) && !format!("{grant:?}").contains(grant.token.expose()));
        for entry in w.record().await {
            assert!(!entry.body.contains(grant.token.expose()), "{}", entry.event);
        }
        let made = w.newest("runner.made").await;
        assert_eq!((&made["source"], &made["runner"]), (&"account:bot".into(), &"jeton".into()));
        assert_eq!(made["scope"], "the project acme/tools");
    }

    async fn a_token_is_renewed_ahead(w: World) {
        let g = w.gitlab().await;
        g.sim.set_runner_token_lifetime(None, Some(SignedDuration::from_hours(3))).unwrap();
        let first = get(&w, &g).await.unwrap();
        assert_eq!(first.expires_at, Some(w.now() + SignedDuration::from_hours(3)));
        w.clock.advance(SignedDuration::from_mins(161));
        assert_eq!(w.work().await, 0);
        w.clock.advance(SignedDuration::from_mins(2));
        assert_eq!(w.work().await, 1);
        assert_eq!(w.count("runner.renewed").await, 1);
        let second = get(&w, &g).await.unwrap();
        assert_ne!(second.fingerprint, first.fingerprint);
        assert!(g.sim.runner_of_token(second.token.expose()).is_some());
        assert_eq!(second.expires_at, Some(w.now() + SignedDuration::from_hours(3)));
        assert_eq!(second.runner.unwrap().id, first.runner.unwrap().id);
        // And again: each token has a job of its own.
        w.clock.advance(SignedDuration::from_mins(163));
        assert_eq!(w.work().await, 1);
        assert_eq!(g.sim.calls().count(RENEW), 2);
        assert_eq!(w.work().await, 0);
    }

    async fn a_renewal_whose_answer_is_lost_is_put_right_as_the_account(w: World) {
        let g = w.gitlab().await;
        g.sim.set_runner_token_lifetime(None, Some(SignedDuration::from_hours(3))).unwrap();
        let first = get(&w, &g).await.unwrap();
        g.sim.faults().add(FaultRule::new(FaultKind::CutBeforeAnswer).on(RENEW).times(1));
        w.clock.advance(SignedDuration::from_mins(163));
        w.work().await;
        assert_eq!(g.sim.runner_of_token(first.token.expose()), None);
        assert_eq!(rows(&w).await[0].state, RunnerState::Renewing);
        // A request may still be under way: nobody gets the old token, and no other one is made meanwhile.
        let error = get(&w, &g).await.unwrap_err();
        assert_eq!((error.code(), error.code().blame()), (Code::RunnerUnclear, Blame::Forge));
        assert!(error.retry_after(w.now()).unwrap() <= Duration::from_mins(10));
        w.clock.advance(SignedDuration::from_mins(9));
        w.work().await;
        assert_eq!((g.sim.calls().count(RENEW), g.sim.calls().count(RENEW_AS)), (1, 0));
        w.clock.advance(SignedDuration::from_mins(2));
        w.work().await;
        assert_eq!((g.sim.calls().count(RENEW), g.sim.calls().count(RENEW_AS)), (1, 1));
        let second = get(&w, &g).await.unwrap();
        assert!(g.sim.runner_of_token(second.token.expose()).is_some());
        assert_eq!(w.newest("runner.renewed").await["by"], "account:bot");
        assert_eq!(rows(&w).await[0].state, RunnerState::Live);
    }

    async fn a_token_that_nobody_can_replace_is_lost_and_another_runner_is_made(w: World) {
        let g = w.gitlab().await;
        g.sim.set_runner_token_lifetime(None, Some(SignedDuration::from_hours(3))).unwrap();
        let first = get(&w, &g).await.unwrap();
        let id = g.sim.runners()[0].id;
        g.sim.remove_runner(id);
        w.clock.advance(SignedDuration::from_mins(163));
        w.work().await;
        assert_eq!(rows(&w).await[0].state, RunnerState::Lost);
        assert_eq!(w.count("runner.lost").await, 1);
        let second = get(&w, &g).await.unwrap();
        assert!(g.sim.runner_of_token(second.token.expose()).is_some());
        assert_eq!(second.runner.unwrap().id, first.runner.unwrap().id);
        assert_eq!(w.count("runner.made").await, 2);
    }

    async fn a_runner_that_may_have_been_made_is_not_made_twice_at_once(w: World) {
        let g = w.gitlab().await;
        g.sim.faults().add(FaultRule::new(FaultKind::CutBeforeAnswer).on(MAKE).times(1));
        let error = get(&w, &g).await.unwrap_err();
        assert_eq!((error.code(), error.code().blame()), (Code::RunnerUnclear, Blame::Forge));
        assert_eq!(rows(&w).await[0].state, RunnerState::Making);
        let error = get(&w, &g).await.unwrap_err();
        assert_eq!(error.code(), Code::RunnerUnclear);
        assert!(error.retry_after(w.now()).unwrap() <= Duration::from_secs(601));
        assert_eq!(g.sim.calls().count(MAKE), 1);
        w.clock.advance(SignedDuration::from_mins(11));
        let grant = get(&w, &g).await.unwrap();
        assert!(g.sim.runner_of_token(grant.token.expose()).is_some());
        assert_eq!(g.sim.calls().count(MAKE), 2);
        // With `fresh` nobody waits.
        g.sim.faults().add(FaultRule::new(FaultKind::CutBeforeAnswer).on(MAKE).times(1));
        let other = named(&g.host, "other");
        assert_eq!(w.ci.registration_token(&operator(), other.clone()).await.unwrap_err().code(), Code::RunnerUnclear);
        let fresh = RunnerAsk { fresh: true, ..other };
        w.ci.registration_token(&operator(), fresh).await.unwrap();
    }

    async fn a_server_that_died_while_it_made_a_runner_is_waited_for(w: World) {
        let g = w.gitlab().await;
        // As the row stands while the forge is asked.
        get(&w, &g).await.unwrap();
        let row = rows(&w).await.remove(0);
        let making = RunnerRecord {
            state: RunnerState::Making,
            forge_id: None,
            token: None,
            fingerprint: None,
            changed_at: row.changed_at + SignedDuration::from_millis(1),
            ..row.clone()
        };
        let mut tx = w.vault.begin().await.unwrap();
        assert!(tx.runners().change(&making, row.changed_at).await.unwrap());
        tx.commit().await.unwrap();
        let error = get(&w, &g).await.unwrap_err();
        assert_eq!(error.code(), Code::RunnerUnclear);
        assert!(error.to_string().contains("the server ended while the forge was asked"), "{error}");
        w.clock.advance(SignedDuration::from_mins(11));
        let grant = get(&w, &g).await.unwrap();
        assert!(g.sim.runner_of_token(grant.token.expose()).is_some());
        // It can be removed while nobody knows, too.
        let mut tx = w.vault.begin().await.unwrap();
        let row = rows(&w).await.remove(0);
        let making = RunnerRecord { changed_at: row.changed_at + SignedDuration::from_millis(1), ..making };
        assert!(tx.runners().change(&making, row.changed_at).await.unwrap());
        tx.commit().await.unwrap();
        let removed = w.ci.remove_runner(&operator(), &row.id.to_string()).await.unwrap();
        assert!(removed.error.unwrap().contains("never known"));
    }

    async fn a_server_that_died_while_it_renewed_a_token_leaves_it_to_the_next(w: World) {
        let g = w.gitlab().await;
        g.sim.set_runner_token_lifetime(None, Some(SignedDuration::from_hours(3))).unwrap();
        for asked in [false, true] {
            let grant = get(&w, &g).await.unwrap();
            let row = rows(&w).await.remove(0);
            let renewing = RunnerRecord {
                state: RunnerState::Renewing,
                changed_at: row.changed_at + SignedDuration::from_millis(1),
                ..row.clone()
            };
            let mut tx = w.vault.begin().await.unwrap();
            assert!(tx.runners().change(&renewing, row.changed_at).await.unwrap());
            tx.commit().await.unwrap();
            if asked {
                let form = [("token", grant.token.expose())];
                let body = form.map(|(key, value)| format!("{key}={value}")).concat();
                crate::world::post_form(&g.sim.api_url(), "/runners/reset_authentication_token", &body).await;
            }
            // The process may still be there, with its request under way: what is alive is handed out, and nothing is changed.
            match get(&w, &g).await {
                Ok(meanwhile) => assert!(!asked && meanwhile.fingerprint == grant.fingerprint),
                Err(error) => assert!(asked && error.code() == Code::RunnerUnclear, "{error}"),
            }
            assert_eq!(rows(&w).await[0].state, RunnerState::Renewing);
            w.clock.advance(SignedDuration::from_mins(11));
            let next = get(&w, &g).await.unwrap();
            assert_eq!(next.fingerprint == grant.fingerprint, !asked);
            assert!(g.sim.runner_of_token(next.token.expose()).is_some());
        }
        // The job finds nothing to do before its time, and renews then.
        w.clock.advance(SignedDuration::from_mins(163));
        w.work().await;
        let last = get(&w, &g).await.unwrap();
        assert_eq!(last.expires_at, Some(w.now() + SignedDuration::from_hours(3)));
    }

    async fn a_renewal_is_tried_again_until_the_forge_is_back(w: World) {
        let g = w.gitlab().await;
        g.sim.set_runner_token_lifetime(None, Some(SignedDuration::from_hours(3))).unwrap();
        let first = get(&w, &g).await.unwrap();
        g.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        w.clock.advance(SignedDuration::from_mins(163));
        for _ in 0..4 {
            w.work().await;
            w.clock.advance(SignedDuration::from_mins(4));
        }
        let row = rows(&w).await.remove(0);
        assert!(row.error.is_some() && row.fingerprint.as_ref() == Some(&first.fingerprint));
        g.sim.faults().clear();
        w.work().await;
        let row = rows(&w).await.remove(0);
        assert_eq!((row.state, row.error), (RunnerState::Live, None));
        assert_ne!(row.fingerprint, Some(first.fingerprint));
        // A clock that is set back changes nothing; one that jumps ahead finds a dead token, and the next one who asks gets another runner.
        w.clock.advance(SignedDuration::from_hours(-5));
        assert_eq!(w.work().await, 0);
        w.clock.advance(SignedDuration::from_hours(24));
        w.work().await;
        assert_eq!(w.newest("runner.lost").await["reason"].as_str().unwrap().split(" at ").next(), Some("jeton's token of it ended"));
        let token = get(&w, &g).await.unwrap();
        assert!(g.sim.runner_of_token(token.token.expose()).is_some());
        assert_eq!(g.sim.calls().count(RENEW_AS), 0);
    }

    async fn a_removed_runner_is_gone_from_its_forge_too(w: World) {
        let g = w.gitlab().await;
        let grant = get(&w, &g).await.unwrap();
        let id = grant.runner.as_ref().unwrap().id;
        g.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        let error = w.ci.remove_runner(&operator(), &id.to_string()).await.unwrap_err();
        assert_eq!(error.code().blame(), Blame::Forge);
        assert_eq!(rows(&w).await.len(), 1);
        g.sim.faults().clear();
        let removed = w.ci.remove_runner(&operator(), &id.to_string()).await.unwrap();
        assert_eq!((removed.id, removed.error), (id, None));
        assert!(g.sim.runners().is_empty() && rows(&w).await.is_empty());
        assert_eq!(w.count("runner.removed").await, 1);
        let error = w.ci.remove_runner(&operator(), &id.to_string()).await.unwrap_err();
        assert_eq!(error.code(), Code::RunnerNotFound);
        for bad in ["", "..", "jeton", "%2F"] {
            let error = w.ci.remove_runner(&operator(), bad).await.unwrap_err();
            assert_eq!(error.code(), Code::RunnerNotFound, "{bad}");
        }
        // One that the forge has not any more.
        let grant = get(&w, &g).await.unwrap();
        g.sim.remove_runner(g.sim.runners()[0].id);
        w.ci.remove_runner(&operator(), &grant.runner.unwrap().id.to_string()).await.unwrap();
        assert!(rows(&w).await.is_empty());
        assert!(g.sim.calls().count(REMOVE) >= 2);
    }

    async fn a_list_shows_what_policies_let_one_have(w: World) {
        let g = w.gitlab().await;
        for name in ["one", "two", "three"] {
            w.ci.registration_token(&operator(), named(&g.host, name)).await.unwrap();
            w.clock.advance(SignedDuration::from_secs(1));
        }
        let group = w.ci.registration_token(&operator(), ask(&g.host, acme())).await.unwrap();
        let project = w.let_client("project", &["runner.register"], &["acme/tools"]).await;
        let elsewhere = w.let_client("elsewhere", &["runner.register"], &["globex/*"]).await;
        let nobody = w.let_client("nobody", &["account.use"], &["acme/*"]).await;
        let names = async |who: &jeton_broker::Asker, after, limit| {
            let page = w.ci.list_runners(who, None, after, limit).await.unwrap();
            let names: Vec<String> = page.runners.iter().map(|one| one.name.clone()).collect();
            (names, page.next)
        };
        assert_eq!(names(&operator(), None, 100).await, (vec!["one".into(), "two".into(), "three".into(), "jeton".into()], None));
        let (first, next) = names(&project, None, 2).await;
        assert_eq!(first, ["one", "two"]);
        assert_eq!(names(&project, next, 2).await, (vec!["three".to_owned()], None));
        assert_eq!(names(&elsewhere, None, 100).await, (vec![], None));
        assert!(matches!(w.ci.list_runners(&nobody, None, None, 10).await, Err(CiError::Access(_))));
        let here = w.ci.list_runners(&operator(), Some(&g.host), None, 10).await.unwrap();
        assert_eq!(here.runners.len(), 4);
        let there = w.ci.list_runners(&operator(), Some("gitlab.com"), None, 10).await.unwrap();
        assert!(there.runners.is_empty());
        // To a stranger it is as if it were not there.
        let id = group.runner.unwrap().id.to_string();
        let error = w.ci.remove_runner(&project, &id).await.unwrap_err();
        assert_eq!(error.code(), Code::RunnerNotFound);
        assert_eq!(g.sim.runners().len(), 4);
    }
}

async fn sqlite() -> World {
    World::start(crate::world::DatabaseKind::Sqlite).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_another_runner_of_the_same_name_is_told_what_differs() {
    let w = sqlite().await;
    let g = w.gitlab().await;
    let ask = |wish: RunnerWish| RunnerAsk {
        runner: wish,
        ..ask(&g.host, tools())
    };
    let labels = |labels: &[&str]| RunnerWish {
        labels: Some(labels.iter().map(|one| (*one).to_owned()).collect()),
        ..RunnerWish::default()
    };
    w.ci.registration_token(&operator(), ask(labels(&["linux", "x64"])))
        .await
        .unwrap();
    assert_eq!(g.sim.runners()[0].tags, ["linux", "x64"]);
    w.ci.registration_token(&operator(), ask(labels(&["x64", "linux"])))
        .await
        .unwrap();
    w.ci.registration_token(&operator(), ask(RunnerWish::default()))
        .await
        .unwrap();
    let wish = RunnerWish {
        paused: Some(true),
        run_untagged: Some(false),
        ..labels(&["arm"])
    };
    let error = w.ci.registration_token(&operator(), ask(wish)).await.unwrap_err();
    assert_eq!(error.code(), Code::RunnerDiffers);
    assert!(error.to_string().ends_with("with other labels, paused"), "{error}");
    assert!(error.remedy().unwrap().contains("jeton runner remove"));
    assert_eq!(g.sim.calls().count(MAKE), 1);
    for wish in [
        RunnerWish {
            name: Some("a\nb".to_owned()),
            ..RunnerWish::default()
        },
        RunnerWish {
            name: Some(" ".to_owned()),
            ..RunnerWish::default()
        },
        labels(&["a,b"]),
        labels(&[""]),
        RunnerWish {
            run_untagged: Some(false),
            ..RunnerWish::default()
        },
        RunnerWish {
            token_lifetime_seconds: Some(299),
            ..RunnerWish::default()
        },
        RunnerWish {
            token_lifetime_seconds: Some(i64::MAX),
            ..RunnerWish::default()
        },
    ] {
        let error = w.ci.registration_token(&operator(), ask(wish)).await.unwrap_err();
        assert_eq!(error.code(), Code::RunnerInvalid, "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_kept_token_is_looked_at_once_in_an_hour() {
    let w = sqlite().await;
    let g = w.gitlab().await;
    get(&w, &g).await.unwrap();
    get(&w, &g).await.unwrap();
    assert_eq!(g.sim.calls().count(VERIFY), 0);
    w.clock.advance(SignedDuration::from_mins(61));
    get(&w, &g).await.unwrap();
    get(&w, &g).await.unwrap();
    assert_eq!(g.sim.calls().count(VERIFY), 1);
    let fresh = RunnerAsk {
        fresh: true,
        ..ask(&g.host, tools())
    };
    w.ci.registration_token(&operator(), fresh.clone()).await.unwrap();
    assert_eq!(g.sim.calls().count(VERIFY), 2);
    // A forge that is down does not keep people from what they may have.
    w.clock.advance(SignedDuration::from_mins(61));
    g.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
    let grant = get(&w, &g).await.unwrap();
    let error = w.ci.registration_token(&operator(), fresh).await.unwrap_err();
    assert_eq!(error.code().blame(), Blame::Forge);
    g.sim.faults().clear();
    // Removed behind our back: nobody gets a dead token.
    g.sim.remove_runner(g.sim.runners()[0].id);
    let other = get(&w, &g).await.unwrap();
    assert_ne!(other.fingerprint, grant.fingerprint);
    assert!(g.sim.runner_of_token(other.token.expose()).is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_forge_refuses_leaves_nothing_behind() {
    let w = sqlite().await;
    let g = w.gitlab().await;
    g.sim.remove_member(g.group, g.user).unwrap();
    g.sim.add_member(g.project, g.user, AccessLevel::Developer).unwrap();
    let error = get(&w, &g).await.unwrap_err();
    assert_eq!(error.code().blame(), Blame::Access, "{error:?}");
    assert!(rows(&w).await.is_empty());
    g.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(MAKE));
    g.sim.add_member(g.project, g.user, AccessLevel::Maintainer).unwrap();
    let error = get(&w, &g).await.unwrap_err();
    assert_eq!(error.code().blame(), Blame::Forge, "{error:?}");
    let removal =
        w.ci.removal_token(&operator(), ask(&g.host, tools()))
            .await
            .unwrap_err();
    assert_eq!(removal.code(), Code::RunnerUnsupported);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runner_of_ones_own_account_is_nobody_elses() {
    let w = sqlite().await;
    let g = w.gitlab().await;
    for name in ["ada", "bob"] {
        let spec = jeton_policy::CallerSpec {
            user: Some(jeton_policy::OneOrMany::from(name.to_owned())),
            ..jeton_policy::CallerSpec::default()
        };
        w.let_client_with(name, &["runner.register", "account.use"], &["acme/*"], |policy| {
            policy.callers = spec;
            policy.sources = vec!["account:own/*".to_owned()];
        })
        .await;
        let token = g
            .sim
            .add_token(&GitLabTokenSpec::personal(g.user).scopes(["api"]))
            .unwrap();
        w.account(&user(name), "mine", "gitlab", &g.sim.web_url(), token.token, |new| {
            new.auto_rotate = Some(false);
        })
        .await;
    }
    let grant =
        w.ci.registration_token(&user("ada"), ask(&g.host, tools()))
            .await
            .unwrap();
    assert_eq!(grant.source, "account:own/mine");
    let error =
        w.ci.registration_token(&user("bob"), ask(&g.host, tools()))
            .await
            .unwrap_err();
    assert_eq!(error.code(), Code::RunnerNameTaken);
    let page = w.ci.list_runners(&user("bob"), None, None, 10).await.unwrap();
    assert!(page.runners.is_empty());
    let id = grant.runner.unwrap().id.to_string();
    assert_eq!(
        w.ci.remove_runner(&user("bob"), &id).await.unwrap_err().code(),
        Code::RunnerNotFound
    );
    assert_eq!(
        w.ci.list_runners(&user("ada"), None, None, 10)
            .await
            .unwrap()
            .runners
            .len(),
        1
    );
    w.ci.remove_runner(&user("ada"), &id).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn bitbuckets_runners_are_kept_too() {
    let w = sqlite().await;
    let b = w.bitbucket().await;
    let wish = RunnerAsk {
        runner: RunnerWish {
            labels: Some(vec!["self.hosted".to_owned(), "linux".to_owned()]),
            ..RunnerWish::default()
        },
        ..ask(&b.host, tools())
    };
    let first = w.ci.registration_token(&operator(), wish.clone()).await.unwrap();
    assert_eq!((first.kind.as_str(), first.expires_at), ("oauth_client", None));
    let runner = first.runner.clone().unwrap();
    assert_eq!(b.sim.runner_of_secret(first.token.expose()), runner.forge_id);
    assert_eq!(b.sim.runners()[0].client_id, runner.client_id.unwrap());
    let second =
        w.ci.registration_token(&operator(), ask(&b.host, tools()))
            .await
            .unwrap();
    assert_eq!(second.fingerprint, first.fingerprint);
    assert_eq!(b.sim.runners().len(), 1);
    let gitlabs = RunnerAsk {
        runner: RunnerWish {
            paused: Some(true),
            ..RunnerWish::default()
        },
        ..ask(&b.host, tools())
    };
    let error = w.ci.registration_token(&operator(), gitlabs).await.unwrap_err();
    assert_eq!(error.code(), Code::RunnerInvalid);
    let other = ScopeName::Owner("acme".to_owned());
    w.ci.registration_token(&operator(), ask(&b.host, other)).await.unwrap();
    assert_eq!(b.sim.runners().len(), 2);
    w.ci.remove_runner(&operator(), &runner.id.to_string()).await.unwrap();
    assert_eq!(b.sim.runners().len(), 1);
    assert!(b.repository > 0);
}
