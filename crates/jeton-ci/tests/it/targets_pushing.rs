//! Pushes after a change of the account's token.

use std::time::Duration;

use jeton_accounts::Replacement;
use jeton_ci::{AccountTargets, Target, TargetState};
use jeton_domain::{Code, Coded as _, Secret};
use jeton_forge_sim::{BitbucketCiScope, FaultKind, FaultRule, GitLabTokenSpec};
use jiff::SignedDuration;

use crate::{
    both_databases,
    targets::{at_github, by_account, monas_token, target, with_robot},
    world::{DatabaseKind, World, operator, tools},
};

const PUT: &str = "PUT /repos/{owner}/{repo}/actions/secrets/{name}";
const PUT_VARIABLE: &str = "PUT /api/v4/projects/{id}/variables/{key}";

pub(crate) fn replacement(token: &str) -> Replacement {
    Replacement {
        token: Secret::new(token),
        username: None,
        email: None,
        expires_at: None,
        other_identity: false,
        untested: false,
        end_old: None,
    }
}

pub(crate) async fn replace(w: &World, label: &str, token: &str) {
    let accounts = w.broker.accounts();
    let new = replacement(token);
    accounts
        .replace_token(&operator().caller, None, label, new)
        .await
        .unwrap();
}

pub(crate) async fn list(w: &World, label: &str) -> AccountTargets {
    w.ci.list_targets(&operator(), label).await.unwrap()
}

/// Waits for what happens by itself, elsewhere.
pub(crate) async fn until(mut is_so: impl FnMut() -> bool) {
    let waiting = async {
        while !is_so() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), waiting).await.unwrap();
}

async fn states(w: &World, label: &str) -> Vec<TargetState> {
    list(w, label).await.targets.iter().map(|one| one.state).collect()
}

both_databases! {
    async fn a_renewed_token_reaches_every_forge_in_order(w: World) {
        with_robot(&w).await;
        let gitlab = w.gitlab().await;
        let bitbucket = w.bitbucket().await;
        let spec = GitLabTokenSpec::personal(gitlab.user).scopes(["api"]);
        let token = gitlab.sim.add_token(&spec).unwrap().token;
        w.account(&operator(), "lab", "gitlab", &gitlab.sim.web_url(), token.clone(), |_| {}).await;
        let add = async |ask| w.ci.add_target(&operator(), "lab", ask).await.unwrap();
        let github = w.sim.web_url().split_once("://").unwrap().1.to_owned();
        add(target(&github, tools(), "LAB_ONE")).await;
        let own = add(by_account(target("", tools(), "LAB_TWO"), "lab")).await;
        assert_eq!((own.source.as_str(), own.forge.host()), ("itself", gitlab.host.as_str()));
        add(target(&bitbucket.host, tools(), "LAB_THREE")).await;
        let at_bitbucket = BitbucketCiScope::Repository(bitbucket.repository);
        let everywhere = || {
            [
                at_github(&w, "LAB_ONE"),
                gitlab.sim.variable_value(gitlab.project, "LAB_TWO", "*"),
                bitbucket.sim.variable_value(&at_bitbucket, "LAB_THREE"),
            ]
        };
        assert_eq!(everywhere(), [Some(token.clone()), Some(token.clone()), Some(token.clone())]);

        let account = w.broker.accounts().rotate(&operator().caller, None, "lab").await.unwrap();
        assert!(!gitlab.sim.is_live(&token), "GitLab ends the old one at once");
        w.work().await;
        let new = at_github(&w, "LAB_ONE").unwrap();
        assert_ne!(new, token);
        assert!(gitlab.sim.is_live(&new));
        assert_eq!(everywhere(), [Some(new.clone()), Some(new.clone()), Some(new.clone())]);
        let now = list(&w, "lab").await;
        assert!(now.targets.iter().all(|one| one.is_current && one.pushed.as_ref() == Some(&account.fingerprint)));
        assert!(now.old_tokens.is_empty(), "nothing is left to be ended");
        let entries = w.record().await;
        let pushed = entries.iter().rev().filter(|entry| entry.event == "secret.pushed").take(3);
        let names: Vec<_> = pushed.map(|entry| serde_json::from_str::<serde_json::Value>(&entry.body).unwrap()).collect();
        let in_order: Vec<_> = names.iter().rev().map(|body| (body["name"].as_str().unwrap(), body["asked_by"].as_str().unwrap())).collect();
        assert_eq!(in_order, [("LAB_ONE", "system"), ("LAB_TWO", "system"), ("LAB_THREE", "system")]);
        assert!(!entries.iter().any(|entry| entry.body.contains(&new)));
        assert!(!w.database.holds(&new));
    }

    async fn a_forge_that_is_down_holds_up_no_other(w: World) {
        with_robot(&w).await;
        let gitlab = w.gitlab().await;
        let add = async |ask| w.ci.add_target(&operator(), "robot", ask).await.unwrap();
        add(target("", tools(), "FIRST")).await;
        add(target(&gitlab.host, tools(), "ROBOT")).await;
        add(target("", tools(), "LAST")).await;
        gitlab.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        let new = monas_token(&w);
        replace(&w, "robot", &new).await;
        w.work().await;
        assert_eq!(at_github(&w, "FIRST"), Some(new.clone()));
        assert_eq!(at_github(&w, "LAST"), Some(new.clone()));
        let now = list(&w, "robot").await.targets;
        assert_eq!(now.iter().map(|one| one.state).collect::<Vec<_>>(), [TargetState::Current, TargetState::Pending, TargetState::Current]);
        let error = now[1].error.clone().unwrap();
        assert_eq!(error.code.blame(), jeton_domain::Blame::Forge, "{error:?}");
        assert_eq!((now[1].attempts, now[1].is_current), (1, false));
        // It is asked less and less often, and not at all before its time.
        gitlab.sim.calls().reset();
        assert_eq!(w.work().await, 0);
        assert_eq!(gitlab.sim.calls().total(), 0);
        w.clock.advance(SignedDuration::from_secs(20));
        w.work().await;
        assert_eq!(list(&w, "robot").await.targets[1].attempts, 2);
        // It is back.
        gitlab.sim.faults().clear();
        w.clock.advance(SignedDuration::from_mins(2));
        w.work().await;
        assert_eq!(gitlab.sim.variable_value(gitlab.project, "ROBOT", "*"), Some(new));
        let now = list(&w, "robot").await.targets;
        assert!(now.iter().all(|one: &Target| one.is_current && one.error.is_none()));
        w.clock.advance(SignedDuration::from_hours(1));
        assert_eq!(w.work().await, 0, "nothing is left to be done");
    }

}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_be_pushed_for_a_day_is_given_up_and_told() {
    let w = World::start(DatabaseKind::Sqlite).await;
    with_robot(&w).await;
    let added =
        w.ci.add_target(&operator(), "robot", target("", tools(), "ROBOT"))
            .await
            .unwrap();
    w.sim.faults().add(FaultRule::new(FaultKind::BadGateway).on(PUT));
    let new = monas_token(&w);
    replace(&w, "robot", &new).await;
    let mut tries = 0;
    while states(&w, "robot").await == [TargetState::Pending] {
        w.work().await;
        w.clock.advance(SignedDuration::from_mins(16));
        tries += 1;
        assert!(tries < 200, "it is tried for ever");
    }
    let now = list(&w, "robot").await.targets.remove(0);
    assert_eq!((now.id, now.state), (added.id, TargetState::Failed));
    assert!(now.error.is_some() && now.attempts > 50, "{now:?}");
    assert_eq!(w.newest("secret.push_failed").await["given_up"], true);
    w.clock.advance(SignedDuration::from_hours(24));
    assert_eq!(w.work().await, 0);
    // Somebody has put the forge right and says so.
    w.sim.faults().clear();
    let asked = w.ci.push_targets(&operator(), "robot").await.unwrap();
    assert_eq!(
        (asked.targets[0].state, asked.targets[0].attempts),
        (TargetState::Pending, 0)
    );
    w.work().await;
    assert_eq!(at_github(&w, "ROBOT"), Some(new));
    assert_eq!(states(&w, "robot").await, [TargetState::Current]);
    // Nothing lacks it: nothing is done.
    w.ci.push_targets(&operator(), "robot").await.unwrap();
    assert_eq!(w.work().await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_is_tried_again_because_people_put_rights_right() {
    let w = World::start(DatabaseKind::Sqlite).await;
    with_robot(&w).await;
    let gitlab = w.gitlab().await;
    w.ci.add_target(&operator(), "robot", target(&gitlab.host, tools(), "ROBOT"))
        .await
        .unwrap();
    gitlab.sim.remove_member(gitlab.group, gitlab.user).unwrap();
    let new = monas_token(&w);
    replace(&w, "robot", &new).await;
    w.work().await;
    let now = list(&w, "robot").await.targets.remove(0);
    let error = now.error.unwrap();
    assert_eq!(
        (now.state, error.code.blame()),
        (TargetState::Pending, jeton_domain::Blame::Access),
        "{error:?}"
    );
    let level = jeton_forge_sim::AccessLevel::Maintainer;
    gitlab.sim.add_member(gitlab.project, gitlab.user, level).unwrap();
    // By hand, before it is due.
    w.ci.push_targets(&operator(), "robot").await.unwrap();
    w.work().await;
    assert_eq!(gitlab.sim.variable_value(gitlab.project, "ROBOT", "*"), Some(new));
    assert_eq!(gitlab.sim.calls().count(PUT_VARIABLE), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_that_is_switched_off_or_gone_is_pushed_nowhere() {
    let w = World::start(DatabaseKind::Sqlite).await;
    let old = with_robot(&w).await;
    w.ci.add_target(&operator(), "robot", target("", tools(), "ROBOT"))
        .await
        .unwrap();
    replace(&w, "robot", &monas_token(&w)).await;
    let change = jeton_accounts::AccountChange {
        active: Some(false),
        ..jeton_accounts::AccountChange::default()
    };
    let accounts = w.broker.accounts();
    accounts
        .update(&operator().caller, None, "robot", change)
        .await
        .unwrap();
    w.work().await;
    let now = list(&w, "robot").await.targets.remove(0);
    assert_eq!(now.state, TargetState::Failed);
    assert_eq!(now.error.unwrap().code, Code::AccountInactive);
    assert_eq!(at_github(&w, "ROBOT"), Some(old.clone()));
    let removed = accounts.remove(&operator().caller, None, "robot", true).await.unwrap();
    assert_eq!(removed.copies, 1);
    w.clock.advance(SignedDuration::from_hours(1));
    w.work().await;
    assert_eq!(at_github(&w, "ROBOT"), Some(old));
    assert_eq!(
        w.ci.list_targets(&operator(), "robot").await.unwrap_err().code(),
        Code::AccountNotFound
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_that_is_gone_is_named() {
    let w = World::start(DatabaseKind::Sqlite).await;
    with_robot(&w).await;
    let gitlab = w.gitlab().await;
    w.ci.add_target(&operator(), "robot", target(&gitlab.host, tools(), "ROBOT"))
        .await
        .unwrap();
    let accounts = w.broker.accounts();
    accounts.remove(&operator().caller, None, "bot", true).await.unwrap();
    replace(&w, "robot", &monas_token(&w)).await;
    w.work().await;
    let now = list(&w, "robot").await.targets.remove(0);
    let error = now.error.unwrap();
    assert_eq!(error.code, Code::RunnerNoSource);
    assert!(
        error.cause.contains("account:bot") && !error.remedy.is_empty(),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_changes_the_newest_token_is_everywhere() {
    let w = World::start(DatabaseKind::Postgres).await;
    with_robot(&w).await;
    for name in ["ONE", "TWO"] {
        w.ci.add_target(&operator(), "robot", target("", tools(), name))
            .await
            .unwrap();
    }
    let (second, third) = (monas_token(&w), monas_token(&w));
    replace(&w, "robot", &second).await;
    replace(&w, "robot", &third).await;
    w.sim.calls().reset();
    // Two servers at once.
    let replica = w.replica().await;
    let (here, there) = tokio::join!(w.worker.run_due(), replica.worker.run_due());
    assert!(here.unwrap() + there.unwrap() >= 2);
    w.clock.advance(SignedDuration::from_secs(10));
    w.work().await;
    assert_eq!(
        (at_github(&w, "ONE"), at_github(&w, "TWO")),
        (Some(third.clone()), Some(third.clone()))
    );
    assert_eq!(w.sim.calls().count(PUT), 2, "each is pushed once");
    // And back to one that was there before: it is pushed again.
    replace(&w, "robot", &second).await;
    w.work().await;
    assert_eq!(
        (at_github(&w, "ONE"), at_github(&w, "TWO")),
        (Some(second.clone()), Some(second))
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_leaves_the_push_to_the_next() {
    let w = World::start(DatabaseKind::Postgres).await;
    with_robot(&w).await;
    for name in ["ONE", "TWO", "THREE"] {
        w.ci.add_target(&operator(), "robot", target("", tools(), name))
            .await
            .unwrap();
    }
    let new = monas_token(&w);
    replace(&w, "robot", &new).await;
    // It dies while the forge has the second one.
    w.sim
        .faults()
        .add(FaultRule::new(FaultKind::NoAnswer).on(PUT).after(1).times(1));
    let process = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let doomed = tokio::task::block_in_place(|| process.block_on(w.replica()));
    let working = process.spawn(async move { doomed.worker.run_due().await });
    until(|| w.sim.calls().count(PUT) >= 2 + 3).await;
    assert!(!working.is_finished(), "it was to hang");
    process.shutdown_background();
    assert_eq!(at_github(&w, "ONE"), Some(new.clone()));
    assert_ne!(at_github(&w, "TWO"), Some(new.clone()));
    // Its turn ends by itself, a few seconds later by the database's clock.
    let others = async {
        while at_github(&w, "THREE") != Some(new.clone()) {
            w.clock.advance(SignedDuration::from_secs(61));
            w.work().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(40), others).await.unwrap();
    for name in ["ONE", "TWO", "THREE"] {
        assert_eq!(at_github(&w, name), Some(new.clone()), "{name}");
    }
}
