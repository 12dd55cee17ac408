//! Fetching, keeping and renewing an issuer's keys.

use std::{sync::Arc, time::Duration};

use jeton_domain::{Clock as _, Coded as _, Secret};
use jeton_forge_sim::{OidcAlgorithm, OidcFault, OidcKey, OidcRoute, SignSpec};
use jeton_oidc::{Bearer, IssuerConfig, JwtError, JwtVerifier, KeySource, OidcHttpOptions};
use serde_json::json;

use crate::common::{AUDIENCE, TestClock, World, by_discovery, code, name, provider, verifier};

fn fetches(w: &World) -> (u64, u64) {
    (w.sim.calls(OidcRoute::Discovery), w.sim.calls(OidcRoute::Jwks))
}

/// Lets other tasks run until it is so.
async fn until(condition: impl Fn() -> bool) {
    let waiting = async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap();
}

#[tokio::test]
async fn keys_are_fetched_when_first_needed_and_once_for_all_who_wait() {
    let w = World::new().await;
    assert_eq!(fetches(&w), (0, 0));
    let before = w.jwt.status().pop().unwrap();
    assert_eq!((before.keys, before.fetched_at, before.last_error), (0, None, None));
    w.sim.set_fault(OidcRoute::Jwks, Some(OidcFault::Hold));
    let callers: Vec<_> = (0..50)
        .map(|index| {
            let (jwt, token) = (w.jwt.clone(), w.token(&index.to_string()));
            tokio::spawn(async move { jwt.verify(&token).await.is_ok() })
        })
        .collect();
    until(|| w.sim.calls(OidcRoute::Jwks) > 0).await;
    w.sim.set_fault(OidcRoute::Jwks, None);
    for caller in callers {
        assert!(caller.await.unwrap());
    }
    assert_eq!(fetches(&w), (1, 1));
    let after = w.jwt.status().pop().unwrap();
    assert_eq!((after.keys, after.skipped, after.last_error), (3, 0, None));
    assert_eq!(after.fetched_at, Some(w.clock.now()));
}

#[tokio::test]
async fn a_new_key_is_found_at_once_and_made_up_ones_cost_a_fetch_per_half_minute() {
    let w = World::new().await;
    assert_eq!(w.code(&w.token("ada")).await, "ok");
    let made_up = |index: usize| {
        let kid = format!("made-up-{index}");
        let spec = SignSpec::new(OidcKey::Newest(OidcAlgorithm::Rs256)).header(json!({ "kid": kid }));
        w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}))
    };
    w.sim.rotate();
    assert_eq!(w.code(&w.token("ada")).await, "ok", "the new key");
    assert_eq!(fetches(&w), (2, 2));
    for index in 0..100 {
        assert_eq!(w.code(&made_up(index)).await, "auth.jwt_unknown_key");
    }
    assert_eq!(fetches(&w), (2, 2));
    w.clock.advance(29);
    assert_eq!(w.code(&made_up(100)).await, "auth.jwt_unknown_key");
    assert_eq!(fetches(&w), (2, 2));
    w.clock.advance(1);
    for index in 101..200 {
        assert_eq!(w.code(&made_up(index)).await, "auth.jwt_unknown_key");
    }
    assert_eq!(fetches(&w), (3, 3));
    // many at once are no way around it
    w.clock.advance(30);
    let callers: Vec<_> = (200..250)
        .map(|index| {
            let (jwt, token) = (w.jwt.clone(), made_up(index));
            tokio::spawn(async move { code(&jwt.verify(&token).await) })
        })
        .collect();
    for caller in callers {
        assert_eq!(caller.await.unwrap(), "auth.jwt_unknown_key");
    }
    assert_eq!(fetches(&w), (4, 4));
}

#[tokio::test]
async fn a_caller_who_leaves_does_not_use_up_the_try() {
    let w = World::new().await;
    assert_eq!(w.code(&w.token("ada")).await, "ok");
    w.sim.rotate();
    w.sim.set_fault(OidcRoute::Jwks, Some(OidcFault::Hold));
    let leaver = {
        let (jwt, token) = (w.jwt.clone(), w.token("leaver"));
        tokio::spawn(async move { jwt.verify(&token).await.is_ok() })
    };
    until(|| w.sim.calls(OidcRoute::Jwks) == 2).await;
    leaver.abort();
    assert!(leaver.await.unwrap_err().is_cancelled());
    let stayer = {
        let (jwt, token) = (w.jwt.clone(), w.token("stayer"));
        tokio::spawn(async move { jwt.verify(&token).await.is_ok() })
    };
    w.sim.set_fault(OidcRoute::Jwks, None);
    assert!(stayer.await.unwrap());
    assert_eq!(w.sim.calls(OidcRoute::Jwks), 2);
}

#[tokio::test]
async fn strangers_cause_no_fetch() {
    let w = World::new().await;
    for token in [
        w.token_with(&json!({"iss": "https://stranger.example"})),
        w.token_with(&json!({"iss": format!("{}/", w.sim.issuer())})),
        "a.b.c".to_owned(),
        w.sim
            .sign_with(&SignSpec::new(OidcKey::Unsigned), &json!({"aud": AUDIENCE})),
    ] {
        assert!(w.jwt.verify(&token).await.is_err());
    }
    assert_eq!(fetches(&w), (0, 0));
}

#[tokio::test]
async fn the_last_good_keys_outlive_every_failure() {
    let w = World::new().await;
    assert_eq!(w.code(&w.token("first")).await, "ok");
    let good = w.jwt.status().pop().unwrap();
    for (index, (route, fault)) in [
        (OidcRoute::Jwks, OidcFault::Status(503)),
        (OidcRoute::Jwks, OidcFault::Status(404)),
        (OidcRoute::Jwks, OidcFault::Status(204)),
        (OidcRoute::Jwks, OidcFault::Cut),
        (OidcRoute::Jwks, OidcFault::garbage()),
        (OidcRoute::Jwks, OidcFault::empty_keys()),
        (OidcRoute::Jwks, OidcFault::Body("{}".to_owned())),
        (OidcRoute::Jwks, OidcFault::Body("[".repeat(100_000))),
        (OidcRoute::Jwks, OidcFault::Body(" ".repeat(1024 * 1024 + 1))),
        (
            OidcRoute::Jwks,
            OidcFault::Body(r#"{"keys":[{"kty":"oct","k":"AAAA"}]}"#.to_owned()),
        ),
        (
            OidcRoute::Jwks,
            OidcFault::Redirect(format!("{}/jwks?again", w.sim.issuer())),
        ),
        (OidcRoute::Discovery, OidcFault::Status(500)),
        (OidcRoute::Discovery, OidcFault::garbage()),
        (OidcRoute::Discovery, OidcFault::Body("{}".to_owned())),
    ]
    .into_iter()
    .enumerate()
    {
        w.sim.set_fault(route, Some(fault.clone()));
        w.clock.advance(15 * 60);
        w.jwt.refresh_due().await;
        let status = w.jwt.status().pop().unwrap();
        assert_eq!(
            (status.keys, status.fetched_at),
            (3, good.fetched_at),
            "{route:?} {fault:?}"
        );
        assert!(status.last_error.is_some(), "{route:?} {fault:?}");
        assert_eq!(w.code(&w.token(&index.to_string())).await, "ok", "{route:?} {fault:?}");
        w.sim.set_fault(route, None);
    }
    w.clock.advance(30);
    w.jwt.refresh_due().await;
    let healed = w.jwt.status().pop().unwrap();
    assert_eq!((healed.keys, healed.last_error), (3, None));
    assert_eq!(healed.fetched_at, Some(w.clock.now()));
}

#[tokio::test]
async fn an_unknown_key_is_unknown_even_while_the_issuer_is_down() {
    let w = World::new().await;
    assert_eq!(w.code(&w.token("ada")).await, "ok");
    w.sim.rotate();
    w.sim.set_fault(OidcRoute::Jwks, Some(OidcFault::Status(503)));
    assert_eq!(w.code(&w.token("ada")).await, "auth.jwt_unknown_key");
    w.sim.set_fault(OidcRoute::Jwks, None);
    assert_eq!(w.code(&w.token("ada")).await, "auth.jwt_unknown_key", "tried just now");
    w.clock.advance(30);
    assert_eq!(w.code(&w.token("ada")).await, "ok");
}

#[tokio::test]
async fn an_issuer_that_is_down_from_the_start_is_asked_again_soon() {
    let w = World::new().await;
    w.sim.set_fault(OidcRoute::Discovery, Some(OidcFault::Status(503)));
    for _ in 0..10 {
        let error = w.jwt.verify(&w.token("ada")).await.unwrap_err();
        assert_eq!(error.code().as_str(), "auth.issuer_unavailable");
        assert!(!error.to_string().contains("127.0.0.1"), "{error}");
        assert!(
            std::error::Error::source(&error)
                .unwrap()
                .to_string()
                .contains("HTTP 503")
        );
        assert!(error.remedy().unwrap().contains("`ci`"));
    }
    assert_eq!(fetches(&w), (1, 0));
    w.jwt.refresh_due().await;
    assert_eq!(fetches(&w), (1, 0), "what was never there is not renewed");
    assert_eq!(
        w.jwt.status()[0].last_error.as_deref(),
        Some("the issuer answered HTTP 503")
    );
    w.sim.set_fault(OidcRoute::Discovery, None);
    w.clock.advance(4);
    assert_eq!(w.code(&w.token("ada")).await, "auth.issuer_unavailable");
    w.clock.advance(1);
    assert_eq!(w.code(&w.token("ada")).await, "ok");
}

#[tokio::test]
async fn old_keys_are_renewed_in_the_background_and_not_before() {
    let w = World::new().await;
    assert_eq!(w.code(&w.token("ada")).await, "ok");
    for _ in 0..14 {
        w.clock.advance(60);
        w.jwt.refresh_due().await;
    }
    assert_eq!(fetches(&w), (1, 1));
    w.clock.advance(60);
    w.jwt.refresh_due().await;
    w.jwt.refresh_due().await;
    assert_eq!(fetches(&w), (2, 2));
    // a failed try is not repeated at every call
    w.clock.advance(15 * 60);
    w.sim.set_fault(OidcRoute::Discovery, Some(OidcFault::Cut));
    w.jwt.refresh_due().await;
    w.jwt.refresh_due().await;
    assert_eq!(w.sim.calls(OidcRoute::Discovery), 3);
    w.clock.advance(30);
    w.jwt.refresh_due().await;
    assert_eq!(w.sim.calls(OidcRoute::Discovery), 4);
}

#[tokio::test]
async fn a_slow_issuer_is_given_up() {
    let clock = TestClock::new();
    let sim = provider(&clock).await;
    let http = OidcHttpOptions {
        request_timeout: Duration::from_millis(200),
        ..OidcHttpOptions::default()
    };
    let jwt = JwtVerifier::new(vec![by_discovery(&sim)], Arc::new(clock.clone()), http).unwrap();
    sim.set_fault(OidcRoute::Jwks, Some(OidcFault::Hold));
    let error = jwt.verify(&sim.sign(&json!({"aud": AUDIENCE}))).await.unwrap_err();
    assert!(matches!(&error, JwtError::IssuerUnavailable { source, .. } if *source == jeton_oidc::FetchError::Timeout));
}

#[tokio::test]
async fn an_issuer_speaks_for_itself_only() {
    let clock = TestClock::new();
    let sim = provider(&clock).await;
    for members in [
        json!({"issuer": "https://accounts.example"}),
        json!({"issuer": format!("{}/", sim.issuer())}),
        json!({"issuer": null}),
        json!({"jwks_uri": null}),
        json!({"jwks_uri": "file:///etc/passwd"}),
        json!({"jwks_uri": "http://192.0.2.1/jwks"}),
        json!({"jwks_uri": "https://169.254.169.254/latest/meta-data"}),
        json!({"jwks_uri": "/jwks"}),
    ] {
        sim.set_discovery(members.clone());
        let jwt = verifier(vec![by_discovery(&sim)], &clock);
        let outcome = jwt.verify(&sim.sign(&json!({"aud": AUDIENCE}))).await;
        assert_eq!(code(&outcome), "auth.issuer_unavailable", "{members}");
        let status = jwt.status().pop().unwrap();
        assert!(status.last_error.unwrap().contains("discovery document"), "{members}");
    }
    assert_eq!(sim.calls(OidcRoute::Jwks), 0);
}

#[tokio::test]
async fn keys_that_moved_are_followed() {
    let w = World::new().await;
    let clock = TestClock::new();
    let other = provider(&clock).await;
    assert_eq!(w.code(&w.token("ada")).await, "ok");
    w.sim
        .set_discovery(json!({"jwks_uri": format!("{}/jwks", other.issuer())}));
    w.clock.advance(15 * 60);
    w.jwt.refresh_due().await;
    assert_eq!(other.calls(OidcRoute::Jwks), 1);
    let theirs = other.sign(
        &json!({"aud": AUDIENCE, "iss": w.sim.issuer(), "nbf": null, "iat": null,
        "exp": w.clock.second() + 60}),
    );
    assert_eq!(w.code(&theirs).await, "ok");
    assert_eq!(w.code(&w.token("eve")).await, "auth.jwt_bad_signature");
}

#[tokio::test]
async fn a_credential_for_the_keys_goes_to_the_issuer_and_nowhere_else() {
    let clock = TestClock::new();
    let (sim, other) = (provider(&clock).await, provider(&clock).await);
    sim.require_bearer(Some("planted"));
    let bare = by_discovery(&sim);
    let with = |text: &str| IssuerConfig {
        bearer: Some(Bearer::Token(Secret::new(text))),
        ..bare.clone()
    };
    let outcome = |config: IssuerConfig| {
        let jwt = verifier(vec![config], &clock);
        let token = sim.sign(&json!({"aud": AUDIENCE}));
        async move { (code(&jwt.verify(&token).await), jwt.status()[0].last_error.clone()) }
    };
    let refused = (
        "auth.issuer_unavailable",
        Some("the issuer answered HTTP 401".to_owned()),
    );
    assert_eq!(outcome(bare.clone()).await, refused);
    assert_eq!(outcome(with("wrong")).await, refused);
    assert_eq!(outcome(with("planted")).await, ("ok", None));
    // A file is read each time: what stands there is renewed.
    let file = std::env::temp_dir().join(format!("jeton-bearer-{}", std::process::id()));
    let from_file = IssuerConfig {
        bearer: Some(Bearer::File(file.clone())),
        ..bare.clone()
    };
    assert_eq!(outcome(from_file.clone()).await.0, "auth.issuer_unavailable");
    std::fs::write(&file, "planted\n").unwrap();
    assert_eq!(outcome(from_file).await, ("ok", None));
    std::fs::remove_file(&file).unwrap();
    let at = |base: String| KeySource::JwksUrl(format!("{base}/jwks").parse().unwrap());
    let by_url = IssuerConfig {
        keys: at(sim.issuer()),
        ..with("planted")
    };
    assert_eq!(outcome(by_url).await, ("ok", None));
    // keys at another origin: the other server wants the credential, and does not get it
    other.require_bearer(Some("planted"));
    sim.set_discovery(json!({"jwks_uri": format!("{}/jwks", other.issuer())}));
    assert_eq!(outcome(with("planted")).await, refused);
    assert_eq!(other.calls(OidcRoute::Jwks), 1);
    assert!(!format!("{:?}", with("planted")).contains("planted"));
    assert_eq!(name("ci"), bare.name);
}
