//! Nothing that goes wrong on the way turns a token over.

use std::time::Duration;

use jeton_domain::{Code, Fitness, Validity};
use jeton_forge::HttpOptions;
use jeton_forge_sim::{FaultKind, FaultRule, ForgeSim, PersonalTokenSpec, SimConfig};
use jiff::SignedDuration;

use super::{People, ask_on, codes, quick};

fn faults() -> Vec<(FaultKind, Code)> {
    let reset_in = SignedDuration::from_secs(90);
    let status = |status, message: &str| FaultKind::Status {
        status,
        message: message.to_owned(),
    };
    vec![
        (FaultKind::PrimaryLimit { reset_in }, Code::ForgeRateLimited),
        (FaultKind::PrimaryLimit429 { reset_in }, Code::ForgeRateLimited),
        (FaultKind::SecondaryLimit { retry_after: 90 }, Code::ForgeRateLimited),
        (FaultKind::SecondaryLimit429 { retry_after: 90 }, Code::ForgeRateLimited),
        (status(500, "Server Error"), Code::ForgeUnavailable),
        (status(503, "Service Unavailable"), Code::ForgeUnavailable),
        (FaultKind::BadGateway, Code::ForgeUnavailable),
        (FaultKind::CutBeforeHandling, Code::ForgeUnavailable),
        (FaultKind::CutBeforeAnswer, Code::ForgeUnavailable),
        (FaultKind::CutInBody, Code::ForgeUnavailable),
        (FaultKind::Garbage, Code::ForgeGarbled),
        (FaultKind::EmptyBody, Code::ForgeGarbled),
        (FaultKind::HugeBody(16 << 20), Code::ForgeGarbled),
        (
            FaultKind::Redirect {
                location: "https://evil.example/".to_owned(),
            },
            Code::ForgeGarbled,
        ),
    ]
}

#[tokio::test]
async fn trouble_at_the_first_question_leaves_the_token_unknown() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::classic(["repo"]));
    for (fault, code) in faults() {
        let id = p.sim.faults().add(FaultRule::new(fault.clone()));
        let report = p.check(&token.token, &ask_on("acme/tools")).await;
        assert_eq!(p.sim.faults().fired(id), 1, "{fault:?}: asked once");
        p.sim.faults().clear();
        assert_eq!(
            (report.validity, codes(&report)),
            (Validity::Unknown, vec![code]),
            "{fault:?}"
        );
        assert!(
            report.diagnoses[0].remedy.contains("says nothing about the token"),
            "{:?}",
            report.diagnoses
        );
        assert_eq!(report.evidence.len(), 1);
        let limited = code == Code::ForgeRateLimited;
        assert_eq!(
            report.retry_at.map(|at| at.duration_since(p.now()).as_secs()),
            limited.then_some(90),
            "{fault:?}"
        );
    }
}

#[tokio::test]
async fn silence_ends_in_time_and_is_no_verdict() {
    let p = People::with(HttpOptions {
        request_timeout: Duration::from_secs(1),
        ..HttpOptions::default()
    })
    .await;
    let token = p.token(PersonalTokenSpec::classic(["repo"]));
    p.sim.faults().add(FaultRule::new(FaultKind::NoAnswer));
    let report = p.check(&token.token, &quick()).await;
    assert_eq!(
        (report.validity, codes(&report)),
        (Validity::Unknown, vec![Code::ForgeTimeout])
    );
}

#[tokio::test]
async fn trouble_at_a_later_question_leaves_the_token_valid() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::fine_grained("acme", [("contents", "read")]));
    for route in [
        "GET /user/repos",
        "GET /repos/{owner}/{repo}",
        "GET /repos/{owner}/{repo}/contents/{path}",
        "GET /repos/{owner}/{repo}/pulls",
    ] {
        for (fault, code) in faults() {
            let id = p.sim.faults().add(FaultRule::new(fault.clone()).on(route).times(1));
            let report = p.check(&token.token, &ask_on("acme/tools")).await;
            assert_eq!(p.sim.faults().fired(id), 1, "{route} {fault:?}");
            p.sim.faults().clear();
            assert_eq!(report.validity, Validity::Valid, "{route} {fault:?}");
            assert!(
                codes(&report).contains(&code) || fault_moves(&fault),
                "{route} {fault:?}: {:?}",
                codes(&report)
            );
        }
    }
}

#[tokio::test]
async fn after_a_limit_nothing_more_is_asked() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::fine_grained("acme", [("contents", "read")]));
    let limit = FaultKind::SecondaryLimit { retry_after: 90 };
    let id = p.sim.faults().add(FaultRule::new(limit).after(1));
    let report = p.check(&token.token, &ask_on("acme/tools")).await;
    assert_eq!((p.sim.faults().fired(id), report.evidence.len()), (1, 2));
    assert_eq!(
        (report.validity, codes(&report)),
        (Validity::Valid, vec![Code::ForgeRateLimited])
    );
    assert!(report.purposes.iter().all(|found| found.fit == Fitness::Unknown));
}

/// A redirect of a repository is one that has moved.
fn fault_moves(fault: &FaultKind) -> bool {
    matches!(fault, FaultKind::Redirect { .. })
}

#[tokio::test]
async fn a_spent_budget_is_a_limit_and_no_refusal() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::classic(["repo"]));
    p.sim.github().set_rate_limit(1);
    assert_eq!(p.check(&token.token, &quick()).await.validity, Validity::Valid);
    let report = p.check(&token.token, &quick()).await;
    assert_eq!(
        (report.validity, codes(&report)),
        (Validity::Unknown, vec![Code::ForgeRateLimited])
    );
    assert!(report.retry_at.is_some());
}

#[tokio::test]
async fn a_redirect_carries_no_token_away() {
    let p = People::new().await;
    let elsewhere = ForgeSim::start(SimConfig::default()).await.unwrap();
    let location = format!("{}/user", elsewhere.api_url());
    p.sim.faults().add(FaultRule::new(FaultKind::Redirect {
        location: location.clone(),
    }));
    let report = p
        .check(&p.token(PersonalTokenSpec::classic(["repo"])).token, &quick())
        .await;
    assert_eq!(elsewhere.calls().total(), 0);
    assert!(
        report.diagnoses[0].cause.contains(&location),
        "{}",
        report.diagnoses[0].cause
    );
}

#[tokio::test]
async fn a_forge_that_is_gone_is_no_verdict() {
    let p = People::new().await;
    let token = p.token(PersonalTokenSpec::classic(["repo"]));
    p.sim.clone().shutdown().await;
    let report = p.check(&token.token, &quick()).await;
    assert_eq!(
        (report.validity, codes(&report)),
        (Validity::Unknown, vec![Code::ForgeUnavailable])
    );
    assert_eq!(report.evidence[0].status, None);
    assert!(report.evidence[0].said.is_some());
}
