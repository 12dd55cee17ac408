//! Tokens for runners, from the call to the runner.

use jeton_forge_sim::RunnerTokenPurpose;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{ENTERPRISE_RUNNERS, NO_ADMIN, ORG_RUNNERS, REPO_RUNNERS, token_in};
use crate::common::{World, send, start_time};
use crate::personal::OCTOCAT;

const REGISTER: &str = "POST /actions/runner-registration";

impl World {
    /// `octocat` owns the organization and administers the enterprise.
    async fn with_enterprise() -> Self {
        let w = Self::with_owner().await;
        w.sim.github().add_enterprise("acme-corp", [OCTOCAT]);
        w
    }
}

#[tokio::test]
async fn a_registration_token_is_told_as_github_tells_it() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    w.sim.clock().advance(SignedDuration::from_millis(123));
    let path = format!("{REPO_RUNNERS}/registration-token");
    let made = w.call(&token, "POST", &path).await;
    let text = token_in(&made);
    assert_eq!(text.len(), 29);
    assert!(text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit()));
    assert_eq!(made.json()["expires_at"], "2026-06-01T05:00:00.123-08:00");
    assert_eq!(made.json().as_object().unwrap().len(), 2);
    w.sim
        .github()
        .change_ci_rules(|rules| rules.runner_token_offset_hours = 2);
    let again = w.call(&token, "POST", &path).await;
    assert_eq!(again.json()["expires_at"], "2026-06-01T15:00:00.123+02:00");
    assert_ne!(token_in(&again), text);
}

#[tokio::test]
async fn a_token_adds_runners_for_an_hour_in_its_own_place_only() {
    let w = World::with_enterprise().await;
    let token = w.classic(["repo", "admin:org", "manage_runners:enterprise"]);
    for (path, at) in [
        (REPO_RUNNERS, "acme/tools"),
        (ORG_RUNNERS, "acme"),
        (ENTERPRISE_RUNNERS, "enterprises/acme-corp"),
    ] {
        let made = w.call(&token, "POST", &format!("{path}/registration-token")).await;
        let registration = token_in(&made);
        assert_eq!(w.get(&token, path).await.json()["total_count"], 0);
        for elsewhere in ["acme/docs", "other", "enterprises/none", "acme/tools/x"] {
            w.register(&registration, "register", elsewhere)
                .await
                .is(404, "Not Found");
        }
        w.register(&registration, "remove", at).await.is(404, "Not Found");
        for _ in 0..2 {
            let registered = w.register(&registration, "register", at).await;
            assert_eq!(registered.status, 200, "{}", registered.text);
        }
        let listed = w.get(&token, path).await.json();
        assert_eq!(listed["total_count"], 1);
        assert_eq!(listed["runners"][0]["name"], "builder");
        let removal = token_in(&w.call(&token, "POST", &format!("{path}/remove-token")).await);
        w.register(&removal, "register", at).await.is(404, "Not Found");
        assert_eq!(w.register(&removal, "remove", at).await.status, 200);
        assert_eq!(w.get(&token, path).await.json()["total_count"], 0);
        w.sim.clock().advance(SignedDuration::from_secs(3599));
        assert_eq!(w.register(&registration, "register", at).await.status, 200);
        w.sim.clock().advance(SignedDuration::from_secs(1));
        w.register(&registration, "register", at).await.is(404, "Not Found");
        w.register(&removal, "remove", at).await.is(404, "Not Found");
    }
    assert_eq!(w.sim.calls().count(REGISTER), 3 * 12);
}

#[tokio::test]
async fn the_forge_remembers_what_it_gave_out_without_the_token() {
    let w = World::with_owner().await;
    let token = w.classic(["repo", "admin:org"]);
    let github = w.sim.github();
    github.change_ci_rules(|rules| rules.runner_token_lifetime = SignedDuration::from_secs(3));
    let path = format!("{REPO_RUNNERS}/registration-token");
    let registration = token_in(&w.call(&token, "POST", &path).await);
    w.call(&token, "POST", &format!("{ORG_RUNNERS}/remove-token")).await;
    assert_eq!(w.register(&registration, "register", "acme/tools").await.status, 200);
    let all = github.runner_tokens();
    let told: Vec<_> = all
        .iter()
        .map(|t| (t.purpose, t.scope.as_str(), t.uses, t.live))
        .collect();
    assert_eq!(
        told,
        [
            (RunnerTokenPurpose::Registration, "repos/acme/tools", 1, true),
            (RunnerTokenPurpose::Removal, "orgs/acme", 0, true),
        ]
    );
    assert_eq!(all[0].expires_at, start_time() + SignedDuration::from_secs(3));
    assert!(!format!("{all:?}").contains(&registration));
    assert_eq!(github.runners(), ["repos/acme/tools/builder"]);
    w.sim.clock().advance(SignedDuration::from_secs(3));
    assert!(github.runner_tokens().iter().all(|token| !token.live));
    w.register(&registration, "register", "acme/tools")
        .await
        .is(404, "Not Found");
}

#[tokio::test]
async fn nonsense_registers_nothing() {
    let w = World::with_owner().await;
    w.register("nothing", "register", "acme/tools")
        .await
        .is(404, "Not Found");
    let body = json!({ "url": "https://github.com/acme/tools", "runner_event": "register" });
    let nobody = send(w.request("POST", "/actions/runner-registration").json(&body)).await;
    nobody.is(404, "Not Found");
    let empty = send(w.request("POST", "/actions/runner-registration").json(&json!({}))).await;
    empty.is(422, "Invalid request.\n\n\"url\", \"runner_event\" weren't supplied.");
    assert!(w.sim.github().runners().is_empty());
}

#[tokio::test]
async fn tokens_for_runners_have_a_limit_of_their_own() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    w.sim.github().change_ci_rules(|rules| rules.runner_tokens_per_hour = 2);
    let path = format!("{REPO_RUNNERS}/registration-token");
    let first = w.call(&token, "POST", &path).await;
    assert_eq!(first.header("x-ratelimit-resource"), "actions_runner_registration");
    assert_eq!(first.header("x-ratelimit-limit"), "2");
    assert_eq!(first.header("x-ratelimit-remaining"), "1");
    let reads = w.get(&token, REPO_RUNNERS).await;
    assert_eq!(reads.header("x-ratelimit-resource"), "core");
    assert_eq!(reads.header("x-ratelimit-used"), "1");
    w.call(&token, "POST", &format!("{REPO_RUNNERS}/remove-token")).await;
    let refused = w.call(&token, "POST", &path).await;
    assert_eq!(refused.status, 403);
    assert!(refused.message().starts_with("API rate limit exceeded for user ID"));
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let reset: i64 = refused.header("x-ratelimit-reset").parse().unwrap();
    assert_eq!(
        Timestamp::from_second(reset).unwrap(),
        start_time() + SignedDuration::from_hours(1)
    );
    let limits = w.get(&token, "/rate_limit").await.json();
    assert_eq!(limits["resources"]["actions_runner_registration"]["remaining"], 0);
    assert_eq!(limits["resources"]["core"]["used"], 1);
    w.sim.clock().advance(SignedDuration::from_hours(1));
    assert_eq!(w.call(&token, "POST", &path).await.status, 201);
}

#[tokio::test]
async fn a_renamed_repository_leads_its_caller_on_with_the_same_method() {
    let w = World::with_owner().await;
    let token = w.classic(["repo"]);
    w.sim.github().rename_repository("acme", "tools", "kit").unwrap();
    let path = format!("{REPO_RUNNERS}/registration-token");
    let moved = w.call(&token, "POST", &path).await;
    assert_eq!(moved.status, 307);
    let target = moved.header("location").strip_prefix(&w.sim.web_url()).unwrap();
    token_in(&w.call(&token, "POST", target).await);
    assert_eq!(w.get(&token, REPO_RUNNERS).await.status, 301);
    let route = "POST /repos/{owner}/{repo}/actions/runners/registration-token";
    assert_eq!(w.sim.calls().count(route), 2);
    assert_eq!(w.sim.github().runner_tokens()[0].scope, "repos/acme/kit");
    let stranger = w
        .sim
        .github()
        .add_personal_token("stranger", jeton_forge_sim::PersonalTokenSpec::classic(["repo"]));
    w.call(&stranger, "POST", &path).await.is(404, "Not Found");
    w.call(&token, "POST", "/repos/other/open/actions/runners/remove-token")
        .await
        .is(403, NO_ADMIN);
}
