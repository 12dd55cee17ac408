//! The watch: looks once a day within limits, warns ahead of each end, and tells of each change once.

use jeton_accounts::AccountSettings;
use jeton_forge_sim::{FaultKind, FaultRule, GitLabTokenSpec, PersonalTokenSpec};
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    account_world::{Forge, World, text},
    record_over_http::entries,
    webhook::Receiver,
};

const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// The events of accounts, but for what people did, in order.
async fn told(w: &World) -> Vec<Value> {
    let all = entries(&w.t, "").await;
    let mine = |entry: &Value| {
        let event = text(&entry["event"]);
        event.starts_with("account.") && event != "account.added" && event != "account.tested"
    };
    all.into_iter().filter(mine).collect()
}

fn names(entries: &[Value]) -> Vec<&str> {
    entries.iter().map(|entry| text(&entry["event"])).collect()
}

async fn round(w: &World) -> u32 {
    let round = w.t.broker.accounts().watch().await.unwrap();
    w.t.worker.run_due().await.unwrap();
    round.looked_at
}

async fn start_with(kind: DatabaseKind, receiver: &Receiver, accounts: AccountSettings) -> World {
    let options = NodeOptions {
        webhooks: vec![receiver.hook(&[])],
        accounts,
        ..NodeOptions::default()
    };
    World::around(TestJeton::start_with(Database::new(kind), options).await).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_warning_comes_once_and_the_end_within_the_hour() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let receiver = Receiver::start().await;
        let w = start_with(kind, &receiver, AccountSettings::default()).await;
        let spec = PersonalTokenSpec::classic(["repo"]).expires_in(HOUR * (24 * 40));
        w.t.account("work", w.given(Forge::GitHub, &w.at_github(spec).token))
            .await;
        // Every hour of 41 days, but for one that would be a long test: eight hours at a time, and twice each.
        for _ in 0..40 * 3 {
            round(&w).await;
            round(&w).await;
            w.t.clock.advance(HOUR * 8);
        }
        // The end itself has just come.
        w.t.clock.advance(HOUR);
        round(&w).await;
        let told = told(&w).await;
        let expected = ["account.expiring"; 4].into_iter().chain(["account.expired"]);
        assert_eq!(names(&told), expected.collect::<Vec<_>>(), "{told:#?}");
        let days: Vec<_> = told[..4]
            .iter()
            .map(|entry| detail(entry, "days_left").clone())
            .collect();
        assert_eq!(days, [30, 14, 7, 1]);
        assert_eq!(receiver.kinds(), names(&told));
        assert_eq!(w.show("work").await["finding"]["code"], "credential.expired");
        // A dead token stays dead without a word more.
        for _ in 0..3 {
            w.t.clock.advance(HOUR * 37);
            round(&w).await;
        }
        assert_eq!(receiver.kinds().len(), 5);
    }
}

/// A field of an entry of the record, wherever it stands.
fn detail<'a>(entry: &'a Value, name: &str) -> &'a Value {
    let direct = &entry[name];
    if direct.is_null() {
        &entry["details"][name]
    } else {
        direct
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_start_gives_one_warning_and_not_four() {
    let receiver = Receiver::start().await;
    let w = start_with(DatabaseKind::Sqlite, &receiver, AccountSettings::default()).await;
    let spec = PersonalTokenSpec::classic(["repo"]).expires_in(HOUR * 60);
    w.t.account("work", w.given(Forge::GitHub, &w.at_github(spec).token))
        .await;
    round(&w).await;
    let first = told(&w).await;
    assert_eq!(
        (names(&first), detail(&first[0], "days_left")),
        (vec!["account.expiring"], &json!(3))
    );
    // The server was down over the next one.
    w.t.clock.advance(HOUR * 50);
    round(&w).await;
    assert_eq!(names(&told(&w).await), ["account.expiring"; 2]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_invalid_token_is_told_once_and_so_is_its_return() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let receiver = Receiver::start().await;
        let w = start_with(kind, &receiver, AccountSettings::default()).await;
        let token = w
            .gitlab
            .add_token(&GitLabTokenSpec::impersonation(w.at_gitlab).never_expires())
            .unwrap();
        w.t.account("work", w.given(Forge::GitLab, &token.token)).await;
        let days = async |count| {
            for _ in 0..count {
                w.t.clock.advance(HOUR * 37);
                round(&w).await;
            }
        };
        days(2).await;
        assert_eq!(receiver.kinds(), Vec::<String>::new());
        w.gitlab.allow_impersonation(false);
        days(3).await;
        assert_eq!(receiver.kinds(), ["account.invalid"]);
        assert_eq!(w.show("work").await["validity"], "invalid");
        w.gitlab.allow_impersonation(true);
        days(3).await;
        assert_eq!(receiver.kinds(), ["account.invalid", "account.valid_again"]);
        assert_eq!(names(&told(&w).await), ["account.invalid", "account.valid_again"]);
        assert_eq!(w.show("work").await["validity"], "valid");
    }
}

async fn with_forty(per_minute: u32) -> World {
    let settings = AccountSettings {
        checks_per_minute: per_minute,
        ..AccountSettings::default()
    };
    let receiver = Receiver::start().await;
    let w = start_with(DatabaseKind::Sqlite, &receiver, settings).await;
    for number in 0..40 {
        let token = w
            .gitlab
            .add_token(&GitLabTokenSpec::personal(w.at_gitlab).never_expires())
            .unwrap();
        w.t.account(&format!("a{number}"), w.given(Forge::GitLab, &token.token))
            .await;
    }
    w.calls(Forge::GitLab).reset();
    w
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watch_keeps_to_its_limit() {
    let w = with_forty(120).await;
    w.t.clock.advance(HOUR * 37);
    let mut looks = Vec::new();
    for seconds in [0, 0, 6, 30, 60, 600] {
        w.t.clock.advance(SignedDuration::from_secs(seconds));
        looks.push(round(&w).await);
    }
    // A tenth of a minute's at once, and the rest as time goes by.
    assert_eq!(looks, [12, 0, 10, 12, 6, 0]);
    assert_eq!(w.calls(Forge::GitLab).count(Forge::GitLab.probe()), 40);
    // Another forge is not held up by it.
    w.stored(Forge::Bitbucket, "other").await;
    w.t.clock.advance(HOUR * 37);
    w.calls(Forge::Bitbucket).reset();
    assert_eq!(round(&w).await, 13);
    assert!(w.calls(Forge::Bitbucket).count(Forge::Bitbucket.probe()) >= 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_of_the_forges_makes_the_watch_pause() {
    let w = with_forty(1_000).await;
    w.t.clock.advance(HOUR * 37);
    let limit = FaultRule::new(FaultKind::PrimaryLimit429 {
        reset_in: SignedDuration::from_secs(30),
    });
    let limit = w.faults(Forge::GitLab).add(limit);
    round(&w).await;
    let asked = w.calls(Forge::GitLab).total();
    assert!(
        asked <= 4,
        "what was under way when the word came, and no more: {asked}"
    );
    round(&w).await;
    assert_eq!(w.calls(Forge::GitLab).total(), asked, "in peace for a while");
    w.faults(Forge::GitLab).remove(limit);
    // All are looked at in the end, and nothing flipped.
    for _ in 0..8 {
        w.t.clock.advance(SignedDuration::from_mins(15));
        round(&w).await;
    }
    assert!(w.calls(Forge::GitLab).total() >= 40);
    let valid = w.t.get("/v1/accounts?validity=valid&limit=100").await.json();
    assert_eq!(valid["accounts"].as_array().unwrap().len(), 40);
}
