//! Two servers on one database watch the same accounts.

use jeton_forge_sim::GitLabTokenSpec;
use jeton_testkit::{DatabaseKind, TestJeton};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    account_world::{Forge, World, text},
    record_over_http::entries,
};

async fn count(w: &World, event: &str) -> usize {
    let all: Vec<Value> = entries(&w.t, "").await;
    all.iter().filter(|entry| entry["event"] == event).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_account_is_looked_at_once_a_round() {
    let w = World::around(TestJeton::start(DatabaseKind::Postgres).await).await;
    let other = w.t.replica().await;
    for number in 0..50 {
        let token = w
            .gitlab
            .add_token(&GitLabTokenSpec::personal(w.at_gitlab).never_expires())
            .unwrap();
        w.t.account(&format!("a{number}"), w.given(Forge::GitLab, &token.token))
            .await;
    }
    for round in 1..=3 {
        w.calls(Forge::GitLab).reset();
        w.t.clock.advance(SignedDuration::from_hours(37));
        let mut looked_at = 0;
        // A tenth of a minute's at once from each server.
        for _ in 0..6 {
            let (one, two) = tokio::join!(w.t.broker.accounts().watch(), other.broker.accounts().watch());
            looked_at += one.unwrap().looked_at + two.unwrap().looked_at;
            w.t.clock.advance(SignedDuration::from_secs(5));
        }
        assert_eq!(looked_at, 50, "round {round}");
        assert_eq!(w.calls(Forge::GitLab).count(Forge::GitLab.probe()), 50, "round {round}");
    }
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_is_renewed_once_and_warned_of_once() {
    let w = World::around(TestJeton::start(DatabaseKind::Postgres).await).await;
    let other = w.t.replica().await;
    let token = w.at_gitlab(&["api"]);
    w.t.account("work", w.given(Forge::GitLab, &token.token)).await;
    for _ in 0..26 {
        let (one, two) = tokio::join!(w.t.broker.accounts().watch(), other.broker.accounts().watch());
        one.unwrap();
        two.unwrap();
        let (one, two) = tokio::join!(w.t.worker.run_due(), other.worker.run_due());
        one.unwrap();
        two.unwrap();
        w.t.clock.advance(SignedDuration::from_hours(24));
    }
    let tokens = w.gitlab.tokens();
    let family: Vec<_> = tokens.iter().filter(|one| one.family == token.id).collect();
    assert_eq!(
        (family.len(), family.iter().filter(|one| one.active).count()),
        (2, 1),
        "{family:#?}"
    );
    assert_eq!(
        w.calls(Forge::GitLab)
            .count("POST /api/v4/personal_access_tokens/self/rotate"),
        1
    );
    assert_eq!(
        (
            count(&w, "account.rotation_started").await,
            count(&w, "account.rotated").await
        ),
        (1, 1)
    );
    // The token of 30 days when it came, at 14 and at 7 days, when it was renewed; and the new one when it came.
    assert_eq!(count(&w, "account.expiring").await, 4);
    // Both hand out the new one.
    for node in [&w.t.node, &other] {
        let handed = node
            .post("/v1/tokens", json!({"account": "work", "repositories": ["acme/tools"]}))
            .await;
        assert!(w.gitlab.is_live(text(&handed.json()["token"])), "{}", handed.text);
    }
    other.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_ask_for_a_renewal_at_once_get_one() {
    let w = World::around(TestJeton::start(DatabaseKind::Postgres).await).await;
    let other = w.t.replica().await;
    let token = w.at_gitlab(&["api"]);
    w.t.account("work", w.given(Forge::GitLab, &token.token)).await;
    let (one, two) = tokio::join!(
        w.t.post("/v1/accounts/work/rotate", json!({})),
        other.post("/v1/accounts/work/rotate", json!({}))
    );
    let done = [&one, &two].iter().filter(|answer| answer.status == 200).count();
    assert!(done >= 1, "{} {}", one.text, two.text);
    for answer in [&one, &two].iter().filter(|answer| answer.status != 200) {
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (409, "account.rotation_under_way"),
            "{}",
            answer.text
        );
    }
    let tokens = w.gitlab.tokens();
    let family: Vec<_> = tokens.iter().filter(|one| one.family == token.id).collect();
    assert_eq!(
        family.iter().filter(|one| one.active).count(),
        1,
        "no reuse was detected: {family:#?}"
    );
    assert_eq!(w.show("work").await["validity"], "valid");
    other.stop().await;
}
