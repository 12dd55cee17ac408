//! A bad minute of a forge's says nothing about a token: what was valid stays so, what is new is not stored, and the finding names the
//! forge and when to come back.

use std::time::Duration;

use jeton_domain::Clock as _;
use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::account_world::{Forge, World, refused, text, with};

/// A fault, the codes that it may be told as, and after how many seconds to come back where the forge says it.
type Case = (FaultKind, &'static [&'static str], Option<i64>);

fn cases(forge: Forge) -> Vec<Case> {
    let limit: &[&str] = &["forge.rate_limited"];
    let failing: &[&str] = &["forge.unavailable"];
    let garbled: &[&str] = &["forge.garbled"];
    let ten = SignedDuration::from_mins(10);
    let failure = |status| FaultKind::Status {
        status,
        message: "an error of the forge".to_owned(),
    };
    // Bitbucket does not say when its limit ends.
    let primary = (forge != Forge::Bitbucket).then_some(600);
    let mut cases = vec![
        (FaultKind::PrimaryLimit429 { reset_in: ten }, limit, primary),
        (FaultKind::SecondaryLimit429 { retry_after: 90 }, limit, Some(90)),
        (failure(500), failing, None),
        (failure(503), failing, None),
        (FaultKind::BadGateway, failing, None),
        (FaultKind::NoAnswer, &["forge.timeout"], None),
        (FaultKind::CutBeforeHandling, failing, None),
        (FaultKind::CutBeforeAnswer, failing, None),
        (FaultKind::CutInBody, failing, None),
        (FaultKind::Garbage, garbled, None),
        (FaultKind::EmptyBody, garbled, None),
        (
            FaultKind::SlowBody {
                chunk: 1,
                pause: Duration::from_millis(700),
            },
            &["forge.timeout", "forge.unavailable"],
            None,
        ),
    ];
    if forge == Forge::GitHub {
        // Only there a limit may come as 403, as refusals do.
        cases.push((FaultKind::PrimaryLimit { reset_in: ten }, limit, Some(600)));
        cases.push((FaultKind::SecondaryLimit { retry_after: 90 }, limit, Some(90)));
    }
    cases
}

async fn start() -> World {
    let mut options = NodeOptions::default();
    // Enough for a busy machine, and for the faults that never end not too much.
    options.forge.request_timeout = Duration::from_secs(2);
    World::around(TestJeton::start_with(Database::new(DatabaseKind::Sqlite), options).await).await
}

async fn nothing_flips(forge: Forge) {
    let w = start().await;
    w.stored(forge, "work").await;
    let before = w.show("work").await;
    let fresh = with(w.given(forge, &w.token(forge)), &json!({"label": "new"}));
    for (kind, codes, seconds) in cases(forge) {
        let now = w.t.clock.now();
        let fault = w.faults(forge).add(FaultRule::new(kind.clone()));
        let tested = w.test("work").await;
        assert_eq!(tested["validity"], "valid", "{kind:?}: {tested:#}");
        let check = &tested["check"];
        assert_eq!(check["validity"], "unknown", "{kind:?}: {check:#}");
        assert!(!check["evidence"].as_array().unwrap().is_empty(), "{kind:?}: {check:#}");
        let found = &check["diagnoses"][0];
        assert!(codes.contains(&text(&found["code"])), "{kind:?}: {found:#}");
        assert!(text(&found["cause"]).contains(forge.name()), "{kind:?}: {found:#}");
        assert!(
            text(&found["remedy"]).contains("says nothing about the token"),
            "{kind:?}: {found:#}"
        );
        if codes == ["forge.rate_limited"] {
            let until: Timestamp = text(&found["retry_at"]).parse().unwrap();
            let wait = until.duration_since(now).as_secs();
            assert!(wait > 0, "{kind:?}: {found:#}");
            if let Some(seconds) = seconds {
                assert!(
                    (seconds - 1..=seconds + 60).contains(&wait),
                    "{kind:?}: {wait} of {seconds}"
                );
            }
            let shown = until.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
            assert!(text(&found["cause"]).contains(&shown), "{kind:?}: {found:#}");
        }

        let stored = w.t.post("/v1/accounts", fresh.clone()).await;
        assert!((502..=504).contains(&stored.status), "{kind:?}: {}", stored.text);
        refused(&stored, stored.status, text(&found["code"]));
        assert!(stored.text.contains("untested"), "{kind:?}: {}", stored.text);
        assert!(!stored.header("retry-after").is_empty(), "{kind:?}");
        assert_eq!(w.labels().await, ["work"], "{kind:?}: nothing is stored");
        w.faults(forge).remove(fault);
    }
    let after = w.show("work").await;
    for field in [
        "validity",
        "identity",
        "scopes",
        "expires_at",
        "expiry",
        "kind",
        "verdict_at",
        "fingerprint",
    ] {
        assert_eq!(after[field], before[field], "{field}");
    }
    let handed =
        w.t.try_issue(json!({"account": "work", "repositories": ["acme/tools"]}))
            .await;
    assert_eq!(handed.status, 201, "{}", handed.text);

    // Whoever wants it stored without a word of the forge's may have it, and the first look makes good for it.
    let down = w.faults(forge).add(FaultRule::new(FaultKind::BadGateway));
    let untested = w.t.post("/v1/accounts", with(fresh, &json!({"untested": true}))).await;
    assert_eq!(
        (untested.status, untested.json()["account"]["validity"].clone()),
        (201, json!("unknown")),
        "{}",
        untested.text
    );
    w.faults(forge).remove(down);
    w.t.clock.advance(SignedDuration::from_mins(11));
    w.t.broker.accounts().watch().await.unwrap();
    assert_eq!(w.show("new").await["validity"], "valid");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_minute_of_github_flips_nothing() {
    nothing_flips(Forge::GitHub).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_minute_of_gitlab_flips_nothing() {
    nothing_flips(Forge::GitLab).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_minute_of_bitbucket_flips_nothing() {
    nothing_flips(Forge::Bitbucket).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_watch_and_the_reports_of_callers_flip_nothing_either() {
    let w = start().await;
    for forge in crate::account_world::ALL {
        let label = forge.word();
        w.stored(forge, label).await;
        let handed =
            w.t.try_issue(json!({"account": label, "repositories": ["acme/tools"]}))
                .await
                .json();
        w.faults(forge).add(FaultRule::new(FaultKind::PrimaryLimit429 {
            reset_in: SignedDuration::from_mins(10),
        }));
        let asked = json!({"fingerprint": handed["fingerprint"]});
        let verdict = w.t.post("/v1/tokens/rejected", asked).await;
        assert_eq!(verdict.json()["verdict"], "unknown", "{}", verdict.text);
    }
    w.t.clock.advance(SignedDuration::from_hours(37));
    assert_eq!(w.t.broker.accounts().watch().await.unwrap().looked_at, 3);
    for forge in crate::account_world::ALL {
        let account = w.show(forge.word()).await;
        assert_eq!(account["validity"], "valid", "{account:#}");
        assert_eq!(account["finding"]["code"], "forge.rate_limited", "{account:#}");
    }
}

/// A dead token that is found dead in a good minute is one for good, whatever the forge says in a bad one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_invalid_stays_so_as_well() {
    let w = start().await;
    let token = w.at_gitlab(&["read_api"]);
    w.t.account("work", w.given(Forge::GitLab, &token.token)).await;
    w.gitlab.revoke_token(token.id).unwrap();
    assert_eq!(w.test("work").await["validity"], "invalid");
    w.faults(Forge::GitLab).add(FaultRule::new(FaultKind::BadGateway));
    assert_eq!(w.test("work").await["validity"], "invalid");
    let handed =
        w.t.try_issue(json!({"account": "work", "repositories": ["acme/tools"]}))
            .await;
    assert_eq!(handed.status, 422, "{}", handed.text);
    assert!(
        handed.code().starts_with("credential."),
        "not the forge's failure: {}",
        handed.text
    );
}
