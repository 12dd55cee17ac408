//! Renewals: one request each, and what every kind of answer is taken for.

use std::time::Duration;

use jeton_domain::{Clock as _, Code, Credential, CredentialKind, TokenEnd};
use jeton_forge::{AccountForge as _, GitLabAccounts, Rotated};
use jeton_forge_sim::{AccessLevel, FaultKind, FaultRule, GitLabToken, GitLabTokenSpec};
use jiff::{SignedDuration, civil::date};

use super::{ROTATE, World, accounts_for, credential, hasty, outbound, shows};

async fn rotate(t: &World, credential: &Credential) -> Rotated {
    t.accounts
        .rotate(credential, Some(date(2026, 12, 1)), t.clock.now())
        .await
}

/// How many tokens of this one's family live.
fn living(t: &World, of: &GitLabToken) -> usize {
    let all = t.sim.tokens();
    let family = all.iter().find(|token| token.id == of.id).unwrap().family;
    all.iter()
        .filter(|token| token.family == family && token.active)
        .count()
}

#[tokio::test]
async fn a_token_renews_itself_until_the_day_that_was_asked_for() {
    let t = World::new().await;
    for scope in ["api", "self_rotate"] {
        let old = t.personal(&[scope]);
        let Rotated::Renewed { token, end } = rotate(&t, &t.credential(&old.token)).await else {
            panic!("{scope} is enough");
        };
        assert_eq!(end, TokenEnd::At("2026-12-01T00:00:00Z".parse().unwrap()));
        assert!(t.sim.is_live(token.expose()) && !t.sim.is_live(&old.token));
        assert_eq!(living(&t, &old), 1);
    }
    assert_eq!(t.sim.calls().total(), 2);
    let old = t.personal(&["api"]);
    let renewed = t.accounts.rotate(&t.credential(&old.token), None, t.clock.now()).await;
    let Rotated::Renewed { end, .. } = renewed else {
        panic!("without a day GitLab takes its own: {renewed:?}");
    };
    assert_eq!(end, TokenEnd::At("2026-06-08T00:00:00Z".parse().unwrap()));
}

#[tokio::test]
async fn a_bots_token_goes_the_way_of_its_project_or_group() {
    let t = World::new().await;
    let group = t.sim.add_group("ops", jeton_forge_sim::Visibility::Private).unwrap();
    for (spec, kind, route) in [
        (
            GitLabTokenSpec::project(t.project, AccessLevel::Maintainer),
            CredentialKind::GitLabProject,
            "POST /api/v4/projects/{id}/access_tokens/self/rotate",
        ),
        (
            GitLabTokenSpec::group(group, AccessLevel::Owner),
            CredentialKind::GitLabGroup,
            "POST /api/v4/groups/{id}/access_tokens/self/rotate",
        ),
    ] {
        let old = t.sim.add_token(&spec).unwrap();
        let username = t.quick(&old.token).await.identity.unwrap().name;
        let named = Credential {
            kind,
            username: Some(username),
            ..t.credential(&old.token)
        };
        let Rotated::Renewed { token, .. } = rotate(&t, &named).await else {
            panic!("{route}");
        };
        assert_eq!(t.sim.calls().count(route), 1);
        // a bot whose name is not known takes the way of all
        let unnamed = Credential {
            kind,
            ..t.credential(token.expose())
        };
        assert!(matches!(rotate(&t, &unnamed).await, Rotated::Renewed { .. }));
        assert_eq!(living(&t, &old), 1);
    }
    assert_eq!(t.sim.calls().count(ROTATE), 2);
}

#[tokio::test]
async fn a_clear_no_is_refused_and_the_old_token_lives() {
    let t = World::new().await;
    let narrow = t.personal(&["read_api"]);
    let Rotated::Refused(found) = rotate(&t, &t.credential(&narrow.token)).await else {
        panic!("without the scope GitLab says no");
    };
    assert_eq!(found.code, Code::RotationUnsupported);
    assert!(found.cause.contains("`api` or `self_rotate`"), "{}", found.cause);
    assert_eq!(living(&t, &narrow), 1);

    let wide = t.personal(&["api"]);
    let too_far = t
        .accounts
        .rotate(&t.credential(&wide.token), Some(date(2030, 1, 1)), t.clock.now())
        .await;
    let Rotated::Refused(found) = too_far else {
        panic!("{too_far:?}");
    };
    assert_eq!(found.code, Code::ForgeUnprocessable);
    assert!(found.remedy.contains("365 days"), "{}", found.remedy);
    assert_eq!(living(&t, &wide), 1);

    for status in [400, 403, 404, 405] {
        let fault = FaultKind::Status {
            status,
            message: format!("{status} no"),
        };
        let fault = t.sim.faults().add(FaultRule::new(fault).on(ROTATE));
        let found = rotate(&t, &t.credential(&wide.token)).await;
        t.sim.faults().remove(fault);
        assert!(matches!(found, Rotated::Refused(_)), "{status}: {found:?}");
    }
    assert_eq!(living(&t, &wide), 1);
}

#[tokio::test]
async fn a_dead_token_is_refused_by_name() {
    let t = World::new().await;
    let expired = t.personal(&["api"]);
    t.sim.expire_token(expired.id).unwrap();
    let unknown = format!("{}-{}", "glpat", "y".repeat(20));
    for (token, code) in [
        (&expired.token, Code::CredentialExpired),
        (&unknown, Code::CredentialInvalid),
    ] {
        let Rotated::Refused(found) = rotate(&t, &t.credential(token)).await else {
            panic!("{code}");
        };
        assert_eq!(found.code, code);
    }
}

#[tokio::test]
async fn what_is_known_to_lack_the_right_is_refused_before_asking() {
    let t = World::new().await;
    let credential = t.credential("x");
    let scopes = |names: &[&str]| -> Vec<String> { names.iter().map(|name| (*name).to_owned()).collect() };
    let found = GitLabAccounts::cannot_renew(&credential, &scopes(&["read_api"])).unwrap();
    assert_eq!(found.code, Code::RotationUnsupported);
    assert!(found.remedy.contains("self_rotate") && found.url.is_some());
    for enough in ["api", "self_rotate"] {
        assert_eq!(
            GitLabAccounts::cannot_renew(&credential, &scopes(&["read_api", enough])),
            None
        );
    }
    let oauth = Credential {
        kind: CredentialKind::GitLabOAuth,
        ..credential
    };
    assert!(GitLabAccounts::cannot_renew(&oauth, &scopes(&["api"])).is_some());
    assert!(matches!(rotate(&t, &oauth).await, Rotated::Refused(_)));
    assert_eq!(t.sim.calls().total(), 0);
}

#[tokio::test]
async fn what_was_not_done_for_certain_may_be_tried_again() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    for limit in [
        FaultKind::PrimaryLimit {
            reset_in: SignedDuration::from_secs(30),
        },
        FaultKind::SecondaryLimit { retry_after: 30 },
    ] {
        let fault = t.sim.faults().add(FaultRule::new(limit).on(ROTATE));
        let Rotated::NotAsked(found) = rotate(&t, &t.credential(&token.token)).await else {
            panic!("a limit is no refusal");
        };
        t.sim.faults().remove(fault);
        assert_eq!(found.code, Code::ForgeRateLimited);
        assert_eq!(
            found.retry_at,
            Some(t.clock.now().checked_add(SignedDuration::from_secs(30)).unwrap())
        );
    }
    // nobody listens; the port was somebody's a moment ago
    let url = t.sim.web_url();
    let old = credential(&url, &token.token);
    t.sim.clone().shutdown().await;
    let found = GitLabAccounts::new(outbound(hasty()))
        .rotate(&old, None, t.clock.now())
        .await;
    let Rotated::NotAsked(found) = found else {
        panic!("{found:?}");
    };
    assert_eq!(found.code, Code::ForgeUnavailable);
    // a name that does not exist, and an address that is not allowed
    for (base, code) in [
        ("https://gitlab.invalid", Code::ForgeUnavailable),
        ("https://10.0.0.1", Code::ForgeAddress),
    ] {
        let found = rotate(&t, &credential(base, &token.token)).await;
        let Rotated::NotAsked(found) = found else {
            panic!("{base}: {found:?}");
        };
        assert_eq!(found.code, code);
    }
    assert_eq!(living(&t, &token), 1);
}

/// Whatever goes wrong with the answer: one request, an honest "not known", and no family ended by our doing.
#[tokio::test]
async fn without_a_clear_answer_nothing_is_sent_again() {
    let t = World::new().await;
    let faults = [
        // the work was done
        (FaultKind::CutBeforeAnswer, true),
        (FaultKind::CutInBody, true),
        (
            FaultKind::SlowBody {
                chunk: 1,
                pause: Duration::from_secs(1),
            },
            true,
        ),
        (FaultKind::Garbage, true),
        (FaultKind::EmptyBody, true),
        (FaultKind::HugeBody(200_000), true),
        // it was not
        (FaultKind::CutBeforeHandling, false),
        (FaultKind::NoAnswer, false),
        (FaultKind::BadGateway, false),
        (status(500), false),
        (status(503), false),
        (status(409), false),
        (
            FaultKind::Redirect {
                location: "https://elsewhere.example/".to_owned(),
            },
            false,
        ),
    ];
    for (kind, done) in faults {
        let token = t.personal(&["api"]);
        t.sim.calls().reset();
        let fault = t.sim.faults().add(FaultRule::new(kind.clone()).on(ROTATE));
        let found = accounts_for(&kind)
            .rotate(&t.credential(&token.token), Some(date(2026, 12, 1)), t.clock.now())
            .await;
        t.sim.faults().remove(fault);
        let Rotated::Unclear(diagnosis) = &found else {
            panic!("{kind:?}: {found:?}");
        };
        assert_eq!(diagnosis.code, Code::RotationUnclear, "{kind:?}");
        assert!(
            diagnosis.remedy.contains("Test the account"),
            "{kind:?}: {}",
            diagnosis.remedy
        );
        assert_eq!(t.sim.calls().count(ROTATE), 1, "{kind:?}");
        assert_eq!(living(&t, &token), 1, "{kind:?}: the old one or the new one lives");
        assert_eq!(t.sim.is_live(&token.token), !done, "{kind:?}");
        assert!(!shows(&found, &token.token));
        // the look that must come before another try tells which of the two it was
        let report = t.quick(&token.token).await;
        if done {
            assert_eq!(
                super::finding(&report, Code::CredentialRevoked).code,
                Code::CredentialRevoked
            );
        } else {
            assert_eq!(report.validity, jeton_domain::Validity::Valid);
        }
        assert_eq!(living(&t, &token), 1, "{kind:?}: looking ends nothing");
    }
}

#[tokio::test]
async fn a_slow_answer_within_patience_is_waited_for() {
    let t = World::new().await;
    let token = t.personal(&["api"]);
    t.sim
        .faults()
        .add(FaultRule::new(FaultKind::Latency(Duration::from_millis(300))).on(ROTATE));
    assert!(matches!(
        rotate(&t, &t.credential(&token.token)).await,
        Rotated::Renewed { .. }
    ));
}

fn status(status: u16) -> FaultKind {
    FaultKind::Status {
        status,
        message: "no".to_owned(),
    }
}
