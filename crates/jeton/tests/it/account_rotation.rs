//! GitLab's tokens renew themselves ahead of their end. Whatever happens on the way, a token that was renewed is never renewed again:
//! that would end its whole family.

use std::time::Duration;

use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabTokenInfo, GitLabTokenSpec};
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    account_world::{Forge, World, refused, text},
    record_over_http::entries,
};

const ROTATE: &str = "POST /api/v4/personal_access_tokens/self/rotate";

/// An account that may renew itself, and the number of its token's family.
async fn renewable(w: &World) -> u64 {
    let token = w.at_gitlab(&["api", "self_rotate"]);
    w.t.account("work", w.given(Forge::GitLab, &token.token)).await;
    token.id
}

async fn told(w: &World) -> Vec<String> {
    let all = entries(&w.t, "").await;
    let events = all.iter().map(|entry| text(&entry["event"]).to_owned());
    events.filter(|event| event.starts_with("account.rotat")).collect()
}

fn family(w: &World, family: u64) -> Vec<GitLabTokenInfo> {
    w.gitlab
        .tokens()
        .into_iter()
        .filter(|token| token.family == family)
        .collect()
}

fn alive(w: &World, of: u64) -> usize {
    family(w, of).iter().filter(|token| token.active).count()
}

/// To the day on which it is due, and as long as it takes then.
async fn until_it_is_over(w: &World) {
    w.t.clock.advance(SignedDuration::from_hours(24 * 24));
    for _ in 0..12 {
        w.t.broker.accounts().watch().await.unwrap();
        w.t.worker.run_due().await.unwrap();
        w.t.clock.advance(SignedDuration::from_secs(310));
    }
}

both_databases! {
    async fn a_token_is_renewed_ahead_of_its_end(t: TestJeton) {
        let w = World::around(t).await;
        let id = renewable(&w).await;
        let before = w.show("work").await;
        assert!(before["rotate_at"].is_string() && before["auto_rotate"] == true, "{before:#}");
        let held = w.t.try_issue(json!({"account": "work", "repositories": ["acme/tools"]})).await.json();
        until_it_is_over(&w).await;
        let after = w.show("work").await;
        assert_ne!(after["fingerprint"], before["fingerprint"]);
        assert!(text(&after["expires_at"]) > text(&before["expires_at"]), "{after:#}");
        assert_eq!((&after["validity"], &after["rotation"]["state"]), (&json!("valid"), &json!("done")), "{after:#}");
        assert_eq!((text(&after["rotation"]["asked_by"]), &after["rotation"]["attempts"]), ("the watch", &json!(1)));
        assert_eq!((family(&w, id).len(), alive(&w, id)), (2, 1));
        assert_eq!(told(&w).await, ["account.rotation_started", "account.rotated"]);
        assert!(!w.gitlab.is_live(text(&held["token"])));
        let handed = w.t.try_issue(json!({"account": "work", "repositories": ["acme/tools"]})).await.json();
        assert!(w.gitlab.is_live(text(&handed["token"])), "whoever asks again gets the new one");
        // The life of the new one is as long as that of the old one was.
        until_it_is_over(&w).await;
        assert_eq!((family(&w, id).len(), alive(&w, id)), (3, 1));
    }

    async fn somebody_may_ask_for_it(t: TestJeton) {
        let w = World::around(t).await;
        let id = renewable(&w).await;
        let renewed = w.t.post("/v1/accounts/work/rotate", json!({})).await;
        assert_eq!(renewed.status, 200, "{}", renewed.text);
        assert_eq!(renewed.json()["account"]["rotation"]["state"], "done", "{}", renewed.text);
        assert_eq!((family(&w, id).len(), alive(&w, id)), (2, 1));
        w.t.clock.advance(SignedDuration::from_mins(5));
        w.t.worker.run_due().await.unwrap();
        assert_eq!(family(&w, id).len(), 2, "the queue's rescue does it no second time");
    }
}

/// Renews under a fault; the account and the events afterwards.
async fn under(fault: FaultRule) -> (World, u64, Value, Vec<String>) {
    let mut options = NodeOptions::default();
    options.forge.request_timeout = Duration::from_secs(2);
    let w = World::around(TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await).await;
    let id = renewable(&w).await;
    w.faults(Forge::GitLab).add(fault.on(ROTATE));
    until_it_is_over(&w).await;
    assert!(alive(&w, id) == 1, "no reuse was ever detected: {:#?}", family(&w, id));
    let account = w.show("work").await;
    let told = told(&w).await;
    (w, id, account, told)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_lost_loses_the_token_and_not_its_family() {
    for kind in [FaultKind::CutBeforeAnswer, FaultKind::CutInBody, FaultKind::EmptyBody] {
        let (w, id, account, told) = under(FaultRule::new(kind.clone())).await;
        assert_eq!(w.calls(Forge::GitLab).count(ROTATE), 1, "{kind:?}");
        assert_eq!(family(&w, id).len(), 2, "{kind:?}");
        assert_eq!(
            told,
            [
                "account.rotation_started",
                "account.rotation_unclear",
                "account.rotation_lost"
            ],
            "{kind:?}"
        );
        assert_eq!(
            (&account["validity"], &account["rotation"]["state"]),
            (&json!("invalid"), &json!("lost"))
        );
        assert_eq!(account["finding"]["code"], "account.rotation_lost", "{account:#}");
        assert!(
            text(&account["finding"]["remedy"]).contains("jeton account replace work"),
            "{account:#}"
        );
        // By hand it goes on.
        let replaced =
            w.t.post(
                "/v1/accounts/work/rotate",
                json!({"token": w.at_gitlab(&["api"]).token}),
            )
            .await;
        assert_eq!(replaced.status, 200, "{}", replaced.text);
        assert_eq!(w.show("work").await["validity"], "valid");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_before_anything_happened_is_got_over() {
    let down = FaultKind::Status {
        status: 500,
        message: "500 Internal Server Error".to_owned(),
    };
    for kind in [down, FaultKind::BadGateway, FaultKind::CutBeforeHandling] {
        let (w, id, account, told) = under(FaultRule::new(kind.clone()).times(1)).await;
        assert_eq!((family(&w, id).len(), alive(&w, id)), (2, 1), "{kind:?}");
        assert_eq!(
            (&account["validity"], &account["rotation"]["state"]),
            (&json!("valid"), &json!("done")),
            "{kind:?}"
        );
        assert_eq!(
            told.first().map(String::as_str),
            Some("account.rotation_started"),
            "{kind:?}"
        );
        assert_eq!(
            told.last().map(String::as_str),
            Some("account.rotated"),
            "{kind:?}: {told:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forge_that_never_answers_leaves_the_old_token_as_it_is() {
    let (w, id, account, told) = under(FaultRule::new(FaultKind::BadGateway)).await;
    assert_eq!(family(&w, id).len(), 1);
    assert_eq!(account["validity"], "valid", "{account:#}");
    assert_eq!(
        told.last().map(String::as_str),
        Some("account.rotation_failed"),
        "{told:?}"
    );
    assert!(w.calls(Forge::GitLab).count(ROTATE) <= 5);
    let handed =
        w.t.try_issue(json!({"account": "work", "repositories": ["acme/tools"]}))
            .await;
    assert_eq!(handed.status, 201, "{}", handed.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_comes_too_late_is_not_asked_for_again() {
    for kind in [
        FaultKind::NoAnswer,
        FaultKind::SlowBody {
            chunk: 1,
            pause: Duration::from_millis(500),
        },
    ] {
        let (w, id, account, told) = under(FaultRule::new(kind.clone()).times(1)).await;
        assert!(
            told.contains(&"account.rotation_unclear".to_owned()),
            "{kind:?}: {told:?}"
        );
        let state = text(&account["rotation"]["state"]).to_owned();
        match family(&w, id).len() {
            // The forge had done nothing: it was asked again after a look.
            2 if state == "done" => assert_eq!(account["validity"], "valid", "{kind:?}"),
            2 => assert_eq!(state, "lost", "{kind:?}"),
            other => panic!("{kind:?}: {other} tokens, {state}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_alarms_while_the_old_token_lives() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let id = renewable(&w).await;
    w.gitlab.set_max_lifetime_days(5);
    until_it_is_over(&w).await;
    let account = w.show("work").await;
    assert_eq!((family(&w, id).len(), alive(&w, id)), (1, 1));
    assert_eq!(
        (&account["validity"], &account["rotation"]["state"]),
        (&json!("valid"), &json!("failed")),
        "{account:#}"
    );
    assert!(account["rotation"]["error"].is_string(), "{account:#}");
    assert_eq!(told(&w).await, ["account.rotation_started", "account.rotation_failed"]);
    w.gitlab.set_max_lifetime_days(365);
    w.t.clock.advance(SignedDuration::from_hours(25));
    w.t.broker.accounts().watch().await.unwrap();
    w.t.worker.run_due().await.unwrap();
    assert_eq!(
        w.show("work").await["rotation"]["state"],
        "done",
        "and it is tried again a day later"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_cannot_renew_itself_is_told_what_to_do() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    for forge in [Forge::GitHub, Forge::Bitbucket] {
        w.stored(forge, forge.word()).await;
        let answer =
            w.t.post(&format!("/v1/accounts/{}/rotate", forge.word()), json!({}))
                .await;
        refused(&answer, 422, "account.rotation_unsupported");
        assert!(answer.text.contains("account replace"), "{}", answer.text);
        let given = w.given(forge, &w.token(forge));
        let wanted = crate::account_world::with(given, &json!({"auto_rotate": true}));
        refused(
            &w.t.post("/v1/accounts", wanted).await,
            422,
            "account.rotation_unsupported",
        );
    }
    w.stored(Forge::GitLab, "reader").await;
    let answer = w.t.post("/v1/accounts/reader/rotate", json!({})).await;
    refused(&answer, 422, "account.rotation_unsupported");
    assert!(answer.text.contains("self_rotate"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_of_projects_renew_themselves_too() {
    let w = World::around(TestJeton::start(DatabaseKind::Sqlite).await).await;
    let spec = GitLabTokenSpec::project(w.project, AccessLevel::Maintainer).scopes(["api", "self_rotate"]);
    let token = w.gitlab.add_token(&spec).unwrap();
    let account = w.t.account("bot", w.given(Forge::GitLab, &token.token)).await;
    assert_eq!(account["kind"], "gitlab_project", "{account:#}");
    let renewed = w.t.post("/v1/accounts/bot/rotate", json!({})).await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    assert_eq!((family(&w, token.id).len(), alive(&w, token.id)), (2, 1));
    assert_eq!(w.show("bot").await["validity"], "valid");
}
