//! The warm path.

use jeton_forge_sim::{OidcAlgorithm, OidcFault, OidcRoute};
use serde_json::json;

use crate::common::World;

#[tokio::test]
async fn a_verified_token_is_known_again_without_anything_being_fetched() {
    let w = World::new().await;
    let token = w.token("ada");
    assert!(w.jwt.remembered(&token).is_none());
    let verified = w.jwt.verify(&token).await.unwrap();
    w.sim.set_fault(OidcRoute::Jwks, Some(OidcFault::Cut));
    assert_eq!(w.jwt.remembered(&token), Some(verified));
    assert!(
        w.jwt.remembered(&w.token("ada")).is_none(),
        "another token of the same subject"
    );
    assert!(w.jwt.remembered(&token[1..]).is_none());
    assert!(w.jwt.remembered("").is_none());
    assert_eq!(w.sim.calls(OidcRoute::Jwks), 1);
}

#[tokio::test]
async fn a_very_long_token_is_good_and_not_kept() {
    let w = World::new().await;
    let long = w.token_with(&json!({"groups_direct": vec!["acme/group"; 400]}));
    assert!(long.len() > 4 * 1024);
    assert_eq!(w.code(&long).await, "ok");
    assert!(w.jwt.remembered(&long).is_none());
}

#[tokio::test]
async fn a_refused_token_is_not_known() {
    let w = World::new().await;
    for token in [
        w.token_with(&json!({"aud": "x"})),
        w.token_with(&json!({"exp": 1})),
        "a.b.c".to_owned(),
    ] {
        assert!(w.jwt.verify(&token).await.is_err());
        assert!(w.jwt.remembered(&token).is_none());
    }
}

#[tokio::test]
async fn a_remembered_token_ends_with_its_time() {
    let w = World::new().await;
    let token = w.token("ada");
    assert_eq!(w.code(&token).await, "ok");
    w.clock.advance(629);
    assert!(w.jwt.remembered(&token).is_some(), "within the leeway");
    w.clock.advance(1);
    assert!(w.jwt.remembered(&token).is_none());
    assert_eq!(w.code(&token).await, "auth.jwt_expired");
    w.jwt.refresh_due().await;
    assert_eq!(w.code(&token).await, "auth.jwt_expired");
}

#[tokio::test]
async fn a_remembered_token_is_not_good_before_its_time() {
    let w = World::new().await;
    let token = w.token("ada");
    assert_eq!(w.code(&token).await, "ok");
    w.clock.advance(-31);
    assert!(w.jwt.remembered(&token).is_none());
    assert_eq!(w.code(&token).await, "auth.jwt_not_yet_valid");
    w.clock.advance(1);
    assert_eq!(w.code(&token).await, "ok");
}

#[tokio::test]
async fn a_withdrawn_key_ends_its_tokens() {
    let w = World::new().await;
    let kid = w.sim.kid(OidcAlgorithm::Rs256);
    let life = json!({"exp": w.clock.second() + 7_200});
    let old = w.token_with(&life);
    assert_eq!(w.code(&old).await, "ok");
    // new keys beside the old ones: everything goes on, though it is verified once more
    w.sim.rotate();
    w.clock.advance(15 * 60);
    w.jwt.refresh_due().await;
    assert!(w.jwt.remembered(&old).is_none());
    assert_eq!(w.code(&old).await, "ok");
    assert!(w.jwt.remembered(&old).is_some());
    // nothing new: nothing is forgotten
    w.clock.advance(15 * 60);
    w.jwt.refresh_due().await;
    assert!(w.jwt.remembered(&old).is_some());
    // the old key is gone
    assert!(w.sim.remove_key(&kid));
    w.clock.advance(15 * 60);
    assert!(w.jwt.remembered(&old).is_some(), "as long as nobody knows");
    w.jwt.refresh_due().await;
    assert!(w.jwt.remembered(&old).is_none());
    assert_eq!(w.code(&old).await, "auth.jwt_unknown_key");
    assert_eq!(w.code(&w.token("ada")).await, "ok");
}
