//! What says nothing about the token: no failure of GitLab's or of the way to it makes a verdict.

use std::time::Duration;

use jeton_domain::{Clock as _, Code, Validity};
use jeton_forge::{AccountForge as _, AddressRules, CheckAsk, GitLabAccounts, HttpOptions, Outbound};
use jeton_forge_sim::{FaultKind, FaultRule};
use jiff::SignedDuration;

use super::{SELF, World, accounts_for, credential, finding};

#[tokio::test]
async fn no_trouble_condemns_a_token() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    let kinds = [
        (FaultKind::BadGateway, Code::ForgeUnavailable),
        (status(500), Code::ForgeUnavailable),
        (status(503), Code::ForgeUnavailable),
        (FaultKind::CutBeforeHandling, Code::ForgeUnavailable),
        (FaultKind::CutBeforeAnswer, Code::ForgeUnavailable),
        (FaultKind::CutInBody, Code::ForgeUnavailable),
        (FaultKind::NoAnswer, Code::ForgeTimeout),
        (
            FaultKind::SlowBody {
                chunk: 1,
                pause: Duration::from_secs(1),
            },
            Code::ForgeTimeout,
        ),
        (FaultKind::Garbage, Code::ForgeGarbled),
        (FaultKind::EmptyBody, Code::ForgeGarbled),
        (FaultKind::HugeBody(200_000), Code::ForgeGarbled),
        (
            FaultKind::Redirect {
                location: "https://sso.example/sign_in".to_owned(),
            },
            Code::ForgeGarbled,
        ),
        (
            FaultKind::PrimaryLimit {
                reset_in: SignedDuration::from_secs(30),
            },
            Code::ForgeRateLimited,
        ),
        (FaultKind::SecondaryLimit { retry_after: 45 }, Code::ForgeRateLimited),
    ];
    for (kind, code) in kinds {
        let fault = t.sim.faults().add(FaultRule::new(kind.clone()).on(SELF));
        let report = accounts_for(&kind)
            .check(&t.credential(&token.token), &CheckAsk::default(), t.clock.now())
            .await;
        t.sim.faults().remove(fault);
        assert_eq!(report.validity, Validity::Unknown, "{kind:?}: {:#?}", report.diagnoses);
        let found = finding(&report, code);
        assert!(!found.remedy.is_empty(), "{kind:?}");
        assert_eq!(report.evidence.len(), 1, "{kind:?}: not asked twice");
    }
    assert_eq!(t.quick(&token.token).await.validity, Validity::Valid);
}

fn status(status: u16) -> FaultKind {
    FaultKind::Status {
        status,
        message: "no".to_owned(),
    }
}

#[tokio::test]
async fn both_throttles_say_until_when() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    let now = t.clock.now();
    for (kind, wait) in [
        (
            FaultKind::PrimaryLimit {
                reset_in: SignedDuration::from_secs(30),
            },
            30,
        ),
        (FaultKind::SecondaryLimit { retry_after: 45 }, 45),
    ] {
        let fault = t.sim.faults().add(FaultRule::new(kind).on(SELF));
        let report = t.quick(&token.token).await;
        t.sim.faults().remove(fault);
        let until = now.checked_add(SignedDuration::from_secs(wait)).unwrap();
        assert_eq!(report.retry_at, Some(until));
        assert_eq!(finding(&report, Code::ForgeRateLimited).retry_at, Some(until));
    }
}

#[tokio::test]
async fn trouble_in_a_later_call_leaves_the_verdict_and_ends_the_look() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    t.sim
        .faults()
        .add(FaultRule::new(FaultKind::BadGateway).on("GET /api/v4/user"));
    let report = t.full(&token.token, &[jeton_domain::Purpose::Push]).await;
    assert_eq!(report.validity, Validity::Valid);
    finding(&report, Code::ForgeUnavailable);
    assert_eq!(report.purposes[0].fit, jeton_domain::Fitness::Unknown);
    assert_eq!(t.sim.calls().total(), 2);
}

#[tokio::test]
async fn a_wrong_base_url_is_told_and_is_no_verdict() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    // GitLab is not below this path, and its 404 there is no word on the token
    let wrong = credential(&format!("{}/lab", t.sim.web_url()), &token.token);
    let report = t.accounts.check(&wrong, &CheckAsk::default(), t.clock.now()).await;
    assert_eq!(report.validity, Validity::Unknown);
    assert!(
        report.diagnoses[0].remedy.contains("base URL"),
        "{:#?}",
        report.diagnoses
    );
}

#[tokio::test]
async fn an_address_that_is_not_allowed_is_not_called() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    let outbound = Outbound::new(HttpOptions::default(), AddressRules::default()).unwrap();
    let guarded = GitLabAccounts::new(outbound);
    let report = guarded
        .check(&t.credential(&token.token), &CheckAsk::default(), t.clock.now())
        .await;
    assert_eq!(report.validity, Validity::Unknown);
    finding(&report, Code::ForgeAddress);
    assert_eq!(t.sim.calls().total(), 0);
}

#[tokio::test]
async fn a_token_with_a_line_break_is_not_sent() {
    let t = World::new().await;
    let report = t.quick("glp\nat").await;
    assert_eq!(report.validity, Validity::Unknown);
    finding(&report, Code::CredentialDecorated);
    assert_eq!(t.sim.calls().total(), 0);
}
