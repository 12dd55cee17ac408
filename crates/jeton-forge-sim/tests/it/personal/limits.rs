//! Limits, lockouts and faults, as a person's token meets them.

use std::time::Duration;

use jeton_forge_sim::{FaultKind, FaultRule, LoginLockout, ROUTES};
use jiff::SignedDuration;

use super::OCTOCAT;
use crate::common::{World, client, send};

#[tokio::test]
async fn all_tokens_of_a_person_share_one_limit() {
    let w = World::with_octocat().await;
    let id = w.sim.github().add_user(OCTOCAT);
    let (first, second) = (w.classic(["repo"]), w.fine([]));
    assert_eq!(w.get(&first, "/user").await.header("x-ratelimit-remaining"), "4999");
    assert_eq!(w.get(&second, "/user").await.header("x-ratelimit-remaining"), "4998");
    let asked = w.get(&second, "/rate_limit").await;
    assert_eq!(asked.json()["resources"]["core"]["used"], 2);
    assert_eq!(asked.json()["resources"]["graphql"]["limit"], 5_000);
    w.sim.github().set_rate_limit(2);
    let refused = w.get(&first, "/repos/acme/tools").await;
    refused.is(403, &format!("API rate limit exceeded for user ID {id}."));
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    assert_eq!(w.get(&first, "/rate_limit").await.status, 200);
    w.sim.clock().advance(SignedDuration::from_hours(1));
    assert_eq!(w.get(&first, "/user").await.status, 200);
}

#[tokio::test]
async fn both_limits_come_with_either_status() {
    let w = World::with_octocat().await;
    let token = w.classic([]);
    let reset_in = SignedDuration::from_mins(10);
    for (fault, status) in [
        (FaultKind::PrimaryLimit { reset_in }, 403),
        (FaultKind::PrimaryLimit429 { reset_in }, 429),
    ] {
        w.sim.faults().add(FaultRule::new(fault).on("GET /user").times(1));
        let answer = w.get(&token, "/user").await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-ratelimit-remaining"), "0");
        assert_eq!(answer.header("x-ratelimit-reset"), (w.now() + 600).to_string());
        assert!(!answer.has("retry-after"));
    }
    for (fault, status) in [
        (FaultKind::SecondaryLimit { retry_after: 30 }, 403),
        (FaultKind::SecondaryLimit429 { retry_after: 30 }, 429),
    ] {
        w.sim.faults().add(FaultRule::new(fault).owner(OCTOCAT).times(1));
        let answer = w.get(&token, "/user").await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (status, "30"));
        assert_ne!(answer.header("x-ratelimit-remaining"), "0");
        assert!(
            answer.json()["documentation_url"]
                .as_str()
                .unwrap()
                .ends_with("secondary-rate-limits")
        );
    }
    assert_eq!(w.get(&token, "/user").await.status, 200);
}

#[tokio::test]
async fn many_bad_credentials_shut_out_good_ones_for_a_while() {
    let w = World::with_octocat().await;
    let good = w.classic([]);
    let lasts = SignedDuration::from_mins(5);
    w.sim.github().set_login_lockout(Some(LoginLockout { after: 3, lasts }));
    for _ in 0..3 {
        let bad = w.request("GET", "/user").bearer_auth("ghp_wrong");
        send(bad).await.is(401, "Bad credentials");
    }
    let words = "Maximum number of login attempts exceeded. Please try again later.";
    w.get(&good, "/user").await.is(403, words);
    let installation = w.token(&serde_json::json!({})).await;
    let answer = w.as_token(&installation, "GET", "/installation/repositories").await;
    assert_eq!(answer.status, 200, "an app is not a person");
    w.sim.clock().advance(lasts);
    assert_eq!(w.get(&good, "/user").await.status, 200);
}

#[tokio::test]
async fn every_personal_route_is_counted_and_can_fail() {
    let w = World::with_owner().await;
    let token = w.classic(["repo", "admin:org"]);
    let paths = [
        ("GET /", "/"),
        ("GET /user", "/user"),
        ("GET /user/repos", "/user/repos"),
        ("GET /user/orgs", "/user/orgs"),
        ("GET /orgs/{org}", "/orgs/acme"),
        ("GET /orgs/{org}/actions/runners", "/orgs/acme/actions/runners"),
        ("GET /repos/{owner}/{repo}", "/repos/acme/tools"),
        (
            "GET /repos/{owner}/{repo}/contents/{path}",
            "/repos/acme/tools/contents/README.md",
        ),
        (
            "GET /repos/{owner}/{repo}/branches/{branch}",
            "/repos/acme/tools/branches/main",
        ),
        ("GET /repos/{owner}/{repo}/pulls", "/repos/acme/tools/pulls"),
        (
            "GET /repos/{owner}/{repo}/actions/runners",
            "/repos/acme/tools/actions/runners",
        ),
        (
            "GET /repos/{owner}/{repo}/actions/secrets",
            "/repos/acme/tools/actions/secrets",
        ),
        (
            "GET /repos/{owner}/{repo}/actions/secrets/public-key",
            "/repos/acme/tools/actions/secrets/public-key",
        ),
        ("GET /rate_limit", "/rate_limit"),
    ];
    for (route, path) in paths {
        assert!(ROUTES.contains(&route));
        for prefix in ["", "/api/v3"] {
            let answer = w.get(&token, &format!("{prefix}{path}")).await;
            assert_eq!(answer.status, 200, "{prefix}{path}: {}", answer.text);
        }
        assert_eq!(w.sim.calls().count(route), 2, "{route}");
        let down = FaultKind::Status {
            status: 503,
            message: "down".into(),
        };
        w.sim.faults().add(FaultRule::new(down).on(route).times(1));
        w.get(&token, path).await.is(503, "down");
        w.sim
            .faults()
            .add(FaultRule::new(FaultKind::Garbage).on(route).times(1));
        assert!(serde_json::from_str::<serde_json::Value>(&w.get(&token, path).await.text).is_err());
        w.sim
            .faults()
            .add(FaultRule::new(FaultKind::CutBeforeAnswer).on(route).times(1));
        let url = format!("{}{path}", w.sim.web_url());
        assert!(client().get(url).bearer_auth(&token.token).send().await.is_err());
    }
}

#[tokio::test]
async fn a_call_about_a_person_or_an_organization_can_be_aimed_at() {
    let w = World::with_octocat().await;
    let token = w.classic(["read:org"]);
    let pause = FaultRule::new(FaultKind::Latency(Duration::from_millis(1)));
    let (person, org) = (
        w.sim.faults().add(pause.clone().owner("OctoCat")),
        w.sim.faults().add(pause.owner("acme")),
    );
    w.get(&token, "/user").await;
    w.get(&token, "/orgs/acme").await;
    assert_eq!((w.sim.faults().fired(person), w.sim.faults().fired(org)), (1, 1));
}
