//! What says nothing about the token: no failure of Bitbucket's or of the way to it makes a verdict.

use std::time::Duration;

use jeton_domain::{Clock as _, Code, CredentialKind, Validity};
use jeton_forge::{AccountForge as _, CheckAsk, HttpOptions};
use jeton_forge_sim::{FaultKind, FaultRule};
use jiff::SignedDuration;

use super::{USER, World, finding};

#[tokio::test]
async fn no_trouble_condemns_a_token() {
    let t = World::new().await;
    let hasty = World::accounts(HttpOptions {
        request_timeout: Duration::from_millis(700),
        ..HttpOptions::default()
    });
    let token = t.api_token(&["read:user"]);
    let status = |status: u16| FaultKind::Status {
        status,
        message: "no".to_owned(),
    };
    let kinds = [
        (FaultKind::BadGateway, Code::ForgeUnavailable),
        (status(500), Code::ForgeUnavailable),
        (status(555), Code::ForgeUnavailable),
        (FaultKind::CutBeforeHandling, Code::ForgeUnavailable),
        (FaultKind::CutInBody, Code::ForgeUnavailable),
        (FaultKind::NoAnswer, Code::ForgeTimeout),
        (FaultKind::Garbage, Code::ForgeGarbled),
        (FaultKind::EmptyBody, Code::ForgeGarbled),
        (
            FaultKind::Redirect {
                location: "https://id.atlassian.com/login".to_owned(),
            },
            Code::ForgeGarbled,
        ),
        (FaultKind::SecondaryLimit { retry_after: 45 }, Code::ForgeRateLimited),
    ];
    for (kind, code) in kinds {
        let fault = t.sim.faults().add(FaultRule::new(kind.clone()).on(USER));
        let accounts = if kind == FaultKind::NoAnswer {
            &hasty
        } else {
            &t.accounts
        };
        let credential = t.credential(CredentialKind::BitbucketApiToken, &token.token);
        let report = accounts.check(&credential, &CheckAsk::default(), t.clock.now()).await;
        t.sim.faults().remove(fault);
        assert_eq!(report.validity, Validity::Unknown, "{kind:?}: {:#?}", report.diagnoses);
        assert!(!finding(&report, code).remedy.is_empty(), "{kind:?}");
        assert_eq!(report.evidence.len(), 1, "{kind:?}: not asked twice");
    }
    assert_eq!(t.quick(&token.token).await.validity, Validity::Valid);
}

#[tokio::test]
async fn a_limit_says_until_when_even_if_bitbucket_does_not() {
    let t = World::new().await;
    let token = t.api_token(&["read:user"]);
    let in_seconds = |seconds: i64| t.clock.now().checked_add(SignedDuration::from_secs(seconds)).ok();
    for (kind, wait) in [
        (FaultKind::SecondaryLimit { retry_after: 45 }, 45),
        (
            FaultKind::PrimaryLimit {
                reset_in: SignedDuration::from_hours(1),
            },
            300,
        ),
    ] {
        let fault = t.sim.faults().add(FaultRule::new(kind).on(USER));
        let report = t.quick(&token.token).await;
        t.sim.faults().remove(fault);
        assert_eq!(report.retry_at, in_seconds(wait));
        finding(&report, Code::ForgeRateLimited);
    }
}

/// A 403 that counts, and one with words that are not known: neither is a verdict.
#[tokio::test]
async fn a_403_of_another_kind_is_no_verdict() {
    let t = World::new().await;
    let token = t.api_token(&["read:user"]);
    for (words, code) in [
        (
            "Rate limit for this resource has been exceeded.",
            Code::ForgeRateLimited,
        ),
        ("Your IP address is not allowed.", Code::ForgeForbidden),
    ] {
        let fault = FaultKind::Status {
            status: 403,
            message: words.to_owned(),
        };
        let fault = t.sim.faults().add(FaultRule::new(fault).on(USER));
        let report = t.quick(&token.token).await;
        t.sim.faults().remove(fault);
        assert_eq!(report.validity, Validity::Unknown, "{words}");
        finding(&report, code);
    }
}
