//! Tokens end, keys change and issuers fail while the server runs.

use jeton_domain::Clock as _;
use jeton_forge_sim::{OidcAlgorithm, OidcFault, OidcKey, OidcRoute, SignSpec};
use jeton_testkit::DatabaseKind;
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    jwt_callers::{World, for_us, job},
    jwt_tricks::assert_refused,
};

async fn a_token_that_is_remembered_still_ends(kind: DatabaseKind) {
    let world = World::start(kind).await;
    world.policy("everything", json!({"repository": "*/*"})).await;
    let token = world.token(&job());
    for _ in 0..3 {
        assert_eq!(world.ask(&token, "acme/tools").await.status, 201);
        assert_eq!(world.t.get_as(&token, "/api/acme/tools").await.status, 200);
    }
    world
        .t
        .clock
        .advance(SignedDuration::from_mins(10) + SignedDuration::from_secs(31));
    world.t.sim.calls().reset();
    assert_refused(&world.t, "replayed after its end", &token, "auth.jwt_expired").await;
    let again = world.token(&job());
    assert_eq!(world.ask(&again, "acme/tools").await.status, 201);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_remembered_still_ends_on_sqlite() {
    a_token_that_is_remembered_still_ends(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_that_is_remembered_still_ends_on_postgres() {
    a_token_that_is_remembered_still_ends(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_change_while_the_server_runs() {
    let world = World::start(DatabaseKind::Sqlite).await;
    let whoami = async |token: &str| world.t.get_as(token, "/v1/whoami").await;
    let (old_kid, old) = (world.oidc.kid(OidcAlgorithm::Rs256), world.token(&job()));
    assert_eq!(whoami(&old).await.status, 200);
    let asked = world.oidc.calls(OidcRoute::Jwks);
    world.t.clock.advance(SignedDuration::from_secs(31));
    world.oidc.rotate();
    let new = world.token(&job());
    assert_eq!(whoami(&new).await.status, 200, "a new key is looked for at once");
    assert_eq!(world.oidc.calls(OidcRoute::Jwks), asked + 1);
    assert_eq!(whoami(&old).await.status, 200, "the old one is still published");
    // Names that nobody knows make jeton look once, not each time.
    for number in 0..20 {
        let spec = SignSpec::new(OidcKey::Newest(OidcAlgorithm::Rs256)).header(json!({"kid": format!("no-{number}")}));
        assert_eq!(
            whoami(&world.oidc.sign_with(&spec, &for_us(job().claims())))
                .await
                .code(),
            "auth.jwt_unknown_key"
        );
    }
    assert!(
        world.oidc.calls(OidcRoute::Jwks) <= asked + 2,
        "{}",
        world.oidc.calls(OidcRoute::Jwks)
    );
    // A key that is published no longer ends its tokens, also those that are remembered.
    assert!(world.oidc.remove_key(&old_kid));
    let long = |key: OidcKey| {
        let mut claims = for_us(job().claims());
        claims["exp"] = json!(world.t.clock.now().as_second() + 7_200);
        world.oidc.sign_with(&SignSpec::new(key), &claims)
    };
    let (removed, live) = (long(OidcKey::Kid(old_kid)), long(OidcKey::Newest(OidcAlgorithm::Rs256)));
    assert_eq!(whoami(&removed).await.status, 200, "not looked at yet");
    assert_eq!(whoami(&live).await.status, 200);
    world.t.clock.advance(SignedDuration::from_mins(16));
    world.t.broker.access().verifier().refresh_due().await;
    assert_eq!(whoami(&removed).await.code(), "auth.jwt_unknown_key");
    assert_eq!(whoami(&live).await.status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_is_down_takes_nobody_along_who_was_known() {
    let world = World::start(DatabaseKind::Sqlite).await;
    let whoami = async |token: &str| world.t.get_as(token, "/v1/whoami").await;
    assert_eq!(whoami(&world.token(&job())).await.status, 200);
    for fault in [
        OidcFault::Status(503),
        OidcFault::garbage(),
        OidcFault::empty_keys(),
        OidcFault::Cut,
    ] {
        world.oidc.set_fault(OidcRoute::Jwks, Some(fault.clone()));
        world.t.clock.advance(SignedDuration::from_mins(16));
        world.t.broker.access().verifier().refresh_due().await;
        assert_eq!(
            whoami(&world.token(&job())).await.status,
            200,
            "{fault:?}: the last good keys go on"
        );
        let spec = SignSpec::new(OidcKey::Newest(OidcAlgorithm::Rs256)).header(json!({"kid": "unheard-of"}));
        let unknown = whoami(&world.oidc.sign_with(&spec, &for_us(job().claims()))).await;
        assert_eq!(
            (unknown.status, unknown.code().as_str()),
            (401, "auth.jwt_unknown_key"),
            "{fault:?}: {}",
            unknown.text
        );
        assert_eq!(
            world.t.get_anonymously("/readyz").await.status,
            200,
            "{fault:?}: the server itself is well"
        );
    }
    world.oidc.set_fault(OidcRoute::Jwks, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_issuer_that_was_never_there_is_our_trouble_and_not_the_callers() {
    let world = World::start(DatabaseKind::Sqlite).await;
    world.oidc.set_fault(OidcRoute::Discovery, Some(OidcFault::Status(500)));
    let token = world.token(&job());
    let answer = world.ask(&token, "acme/tools").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (503, "auth.issuer_unavailable"),
        "{}",
        answer.text
    );
    assert!(!answer.header("retry-after").is_empty());
    assert!(
        !answer.text.contains("127.0.0.1"),
        "where the issuer is, is not the caller's: {}",
        answer.text
    );
    world.oidc.set_fault(OidcRoute::Discovery, None);
    world.t.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(world.ask(&token, "acme/tools").await.code(), "policy.denied");
}
