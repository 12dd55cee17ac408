//! Good tokens, and those that are wrong in one thing.

use std::sync::Arc;

use jeton_domain::{Coded as _, Fingerprint, Secret};
use jeton_forge_sim::{OidcAlgorithm, OidcKey, OidcRoute, SignSpec};
use jeton_oidc::{Algorithm, IssuerConfig, JwtError, JwtVerifier, KeySource};
use jiff::SignedDuration;
use serde_json::json;

use crate::common::{AUDIENCE, TestClock, World, by_discovery, code, name, provider, verifier};

#[tokio::test]
async fn each_algorithm_is_verified() {
    let w = World::new().await;
    for algorithm in OidcAlgorithm::ALL {
        let spec = SignSpec::new(OidcKey::Newest(algorithm));
        let token = w
            .sim
            .sign_with(&spec, &json!({"sub": algorithm.name(), "aud": AUDIENCE}));
        let verified = w.jwt.verify(&token).await.unwrap();
        assert_eq!(verified.identity.subject, algorithm.name());
        assert_eq!(verified.identity.issuer, name("ci"));
        assert_eq!(verified.identity.claims["iss"], w.sim.issuer());
        assert_eq!(verified.expires_at.as_second(), w.clock.second() + 600);
        assert_eq!(verified.fingerprint, Fingerprint::of_bytes(token.as_bytes()));
    }
    assert_eq!(w.sim.calls(OidcRoute::Jwks), 1);
}

#[tokio::test]
async fn the_newer_name_of_ed25519_is_understood() {
    let w = World::new().await;
    let spec = SignSpec::new(OidcKey::Newest(OidcAlgorithm::EdDsa)).header(json!({"alg": "Ed25519"}));
    assert_eq!(w.code(&w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}))).await, "ok");
}

#[tokio::test]
async fn a_shared_secret_verifies_hs256_and_nothing_else() {
    let clock = TestClock::new();
    let sim = provider(&clock).await;
    let secret = "a shared secret of at least 32 bytes";
    let keys = KeySource::SharedSecret(Secret::new(secret));
    let jwt = verifier(
        vec![IssuerConfig::new(
            name("shared"),
            sim.issuer(),
            keys,
            vec![AUDIENCE.to_owned()],
        )],
        &clock,
    );
    let sign = |key: OidcKey, header| sim.sign_with(&SignSpec::new(key).header(header), &json!({"aud": AUDIENCE}));
    let right = OidcKey::Shared(secret.as_bytes().to_vec());
    for (token, expected) in [
        (sign(right.clone(), json!({})), "ok"),
        (sign(right.clone(), json!({"kid": "any"})), "ok"),
        (sign(OidcKey::Shared(vec![7; 40]), json!({})), "auth.jwt_bad_signature"),
        (
            sign(OidcKey::Newest(OidcAlgorithm::Rs256), json!({})),
            "auth.jwt_algorithm",
        ),
        (sign(right.clone(), json!({"alg": "HS512"})), "auth.jwt_algorithm"),
        (sign(right, json!({"alg": "hs256"})), "auth.jwt_algorithm"),
        (sign(OidcKey::Unsigned, json!({})), "auth.jwt_algorithm"),
    ] {
        assert_eq!(code(&jwt.verify(&token).await), expected, "{token}");
    }
    assert_eq!(sim.calls(OidcRoute::Discovery) + sim.calls(OidcRoute::Jwks), 0);
    assert!(!format!("{:?} {jwt:?}", jwt.issuers().collect::<Vec<_>>()).contains("a shared secret"));
}

#[tokio::test]
async fn keys_can_be_given_or_come_from_an_address() {
    let clock = TestClock::new();
    let sim = provider(&clock).await;
    let audience = || vec![AUDIENCE.to_owned()];
    let fixed = KeySource::Jwks(sim.jwks().to_string());
    let jwt = verifier(
        vec![IssuerConfig::new(name("fixed"), sim.issuer(), fixed, audience())],
        &clock,
    );
    let token = sim.sign(&json!({"aud": AUDIENCE}));
    assert!(jwt.verify(&token).await.is_ok());
    sim.rotate();
    let newer = sim.sign(&json!({"aud": AUDIENCE}));
    assert_eq!(code(&jwt.verify(&newer).await), "auth.jwt_unknown_key");
    assert_eq!(jwt.status()[0].keys, 3);
    assert_eq!(sim.calls(OidcRoute::Jwks), 0);

    let url = KeySource::JwksUrl(format!("{}/jwks", sim.issuer()).parse().unwrap());
    // `iss` need not be an address then
    let jwt = verifier(
        vec![IssuerConfig::new(
            name("url"),
            "kubernetes/serviceaccount",
            url,
            audience(),
        )],
        &clock,
    );
    let token = sim.sign(&json!({"aud": AUDIENCE, "iss": "kubernetes/serviceaccount"}));
    assert!(jwt.verify(&token).await.is_ok());
    assert_eq!((sim.calls(OidcRoute::Discovery), sim.calls(OidcRoute::Jwks)), (0, 1));
}

#[tokio::test]
async fn each_refusal_has_its_own_code() {
    let w = World::new().await;
    let now = w.clock.second();
    let good = w.token("ada");
    let broken = {
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let flipped = if signature.starts_with('A') { "B" } else { "A" };
        format!("{signed}.{flipped}{}", &signature[1..])
    };
    let other_payload = {
        let parts: Vec<&str> = good.split('.').collect();
        let eve = w.token("eve");
        format!("{}.{}.{}", parts[0], eve.split('.').nth(1).unwrap(), parts[2])
    };
    let with_header = |header| {
        let spec = SignSpec::new(OidcKey::Newest(OidcAlgorithm::Rs256)).header(header);
        w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}))
    };
    let slash = format!("{}/", w.sim.issuer());
    for (token, expected) in [
        (good.clone(), "ok"),
        (String::new(), "auth.jwt_malformed"),
        ("a.b".to_owned(), "auth.jwt_malformed"),
        (format!("{good}.x.y"), "auth.jwt_malformed"),
        (format!("{good}="), "auth.jwt_malformed"),
        (format!("{good}\n"), "auth.jwt_malformed"),
        (format!("Bearer {good}"), "auth.jwt_malformed"),
        (
            w.token_with(&json!({"iss": "https://elsewhere.example"})),
            "auth.jwt_unknown_issuer",
        ),
        (w.token_with(&json!({"iss": slash})), "auth.jwt_unknown_issuer"),
        (
            w.token_with(&json!({"iss": w.sim.issuer().to_uppercase()})),
            "auth.jwt_unknown_issuer",
        ),
        (w.token_with(&json!({"iss": null})), "auth.jwt_bad_claim"),
        (w.token_with(&json!({"iss": [w.sim.issuer()]})), "auth.jwt_bad_claim"),
        (with_header(json!({"alg": "RS512"})), "auth.jwt_algorithm"),
        (with_header(json!({"alg": null})), "auth.jwt_malformed"),
        (with_header(json!({"alg": 7})), "auth.jwt_malformed"),
        (with_header(json!({"kid": "elsewhere"})), "auth.jwt_unknown_key"),
        (with_header(json!({"kid": 7})), "auth.jwt_malformed"),
        (with_header(json!({"kid": "k".repeat(201)})), "auth.jwt_malformed"),
        (broken, "auth.jwt_bad_signature"),
        (other_payload, "auth.jwt_bad_signature"),
        (w.token_with(&json!({"exp": now - 30})), "auth.jwt_expired"),
        (w.token_with(&json!({"exp": null})), "auth.jwt_bad_claim"),
        (w.token_with(&json!({"nbf": now + 31})), "auth.jwt_not_yet_valid"),
        (w.token_with(&json!({"iat": now + 31})), "auth.jwt_not_yet_valid"),
        (
            w.token_with(&json!({"aud": "sts.amazonaws.com"})),
            "auth.jwt_wrong_audience",
        ),
        (w.token_with(&json!({"aud": null})), "auth.jwt_bad_claim"),
        (w.token_with(&json!({"sub": 7})), "auth.jwt_bad_claim"),
    ] {
        assert_eq!(w.code(&token).await, expected, "{token}");
    }
    let nobody = w.token_with(&json!({"sub": null}));
    assert_eq!(w.jwt.verify(&nobody).await.unwrap().identity.subject, "");
}

#[tokio::test]
async fn leeway_and_life_are_as_configured() {
    let w = World::with(|sim| IssuerConfig {
        leeway: SignedDuration::from_mins(5),
        longest_life: Some(SignedDuration::from_mins(15)),
        ..by_discovery(sim)
    })
    .await;
    let now = w.clock.second();
    let lives = |from: i64, to: i64| w.token_with(&json!({"iat": now + from, "nbf": now + from, "exp": now + to}));
    assert_eq!(w.code(&lives(-600, -299)).await, "ok");
    assert_eq!(w.code(&lives(-600, -300)).await, "auth.jwt_expired");
    assert_eq!(w.code(&lives(300, 900)).await, "ok");
    assert_eq!(w.code(&lives(301, 900)).await, "auth.jwt_not_yet_valid");
    assert_eq!(w.code(&lives(0, 900)).await, "ok");
    assert_eq!(w.code(&lives(0, 901)).await, "auth.jwt_bad_claim");
}

#[tokio::test]
async fn a_key_must_be_named_when_several_fit() {
    let w = World::new().await;
    let spec = SignSpec::new(OidcKey::Newest(OidcAlgorithm::Es256)).header(json!({"kid": null}));
    let sign = || w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}));
    assert_eq!(w.code(&sign()).await, "ok", "there is one key for ES256");
    w.sim.rotate();
    w.clock.advance(15 * 60);
    w.jwt.refresh_due().await;
    let error = w.jwt.verify(&sign()).await.unwrap_err();
    assert!(
        matches!(error, JwtError::UnknownKey { ambiguous: true, .. }),
        "{error:?}"
    );
    assert!(error.remedy().unwrap().contains("`kid`"));
}

#[tokio::test]
async fn algorithms_can_be_narrowed() {
    let w = World::with(|sim| IssuerConfig {
        algorithms: vec![Algorithm::Es256],
        ..by_discovery(sim)
    })
    .await;
    assert_eq!(w.code(&w.token("ada")).await, "auth.jwt_algorithm");
    let spec = SignSpec::new(OidcKey::Newest(OidcAlgorithm::Es256));
    assert_eq!(w.code(&w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}))).await, "ok");
    let refused = w.jwt.verify(&w.token("eve")).await.unwrap_err();
    assert_eq!(refused.remedy().as_deref(), Some("Have the token signed with `ES256`."));
}

#[tokio::test]
async fn several_issuers_are_kept_apart() {
    let clock = TestClock::new();
    let (one, two) = (provider(&clock).await, provider(&clock).await);
    let config = |sim, text| IssuerConfig {
        name: name(text),
        ..by_discovery(sim)
    };
    let jwt = verifier(vec![config(&one, "one"), config(&two, "two")], &clock);
    let verified = jwt.verify(&two.sign(&json!({"aud": AUDIENCE}))).await.unwrap();
    assert_eq!(verified.identity.issuer, name("two"));
    assert_eq!(one.calls(OidcRoute::Discovery), 0, "only who is named is asked");
    // both have keys of the same ids; the wrong one's signature opens nothing
    let forged = one.sign(&json!({"aud": AUDIENCE, "iss": two.issuer()}));
    assert_eq!(code(&jwt.verify(&forged).await), "auth.jwt_bad_signature");
    assert_eq!(jwt.issuers().count(), 2);
    assert!(!jwt.is_empty());
    let nobody = verifier(vec![], &clock);
    assert!(nobody.is_empty());
    assert_eq!(code(&nobody.verify(&one.sign(&json!({}))).await), "auth.jwt_algorithm");
    assert!(Arc::new(nobody).status().is_empty());
}

#[test]
fn a_jwt_is_told_from_other_credentials_by_its_shape() {
    for (text, expected) in [
        ("eyJh.eyJp.c2ln", true),
        ("eyJh.eyJp.", true),
        ("eyJh..c2ln", false),
        ("eyJh.eyJp", false),
        ("a.b.c.d.e", false),
        ("a.b.c=", false),
        ("a.b.c d", false),
        ("..", false),
        ("jtn_0123456789", false),
        ("", false),
    ] {
        assert_eq!(JwtVerifier::looks_like_jwt(text), expected, "{text}");
    }
}

#[tokio::test]
async fn what_one_issuer_may_is_nothing_to_another() {
    let clock = TestClock::new();
    let sim = provider(&clock).await;
    let secret = "a shared secret of at least 32 bytes";
    let audience = || vec![AUDIENCE.to_owned()];
    let shared = KeySource::SharedSecret(Secret::new(secret));
    let keys = || KeySource::JwksUrl(format!("{}/jwks", sim.issuer()).parse().unwrap());
    let narrow = IssuerConfig {
        algorithms: vec![Algorithm::EdDsa],
        ..IssuerConfig::new(name("narrow"), "narrow", keys(), audience())
    };
    let issuers = vec![
        IssuerConfig::new(name("shared"), "shared", shared, audience()),
        IssuerConfig::new(name("wide"), "wide", keys(), audience()),
        narrow,
    ];
    let jwt = verifier(issuers, &clock);
    let kid = sim.kid(OidcAlgorithm::Rs256);
    let known = || OidcKey::Shared(secret.as_bytes().to_vec());
    let pem = OidcKey::Shared(sim.public_pem(&kid).into_bytes());
    let (rsa, ed) = (OidcAlgorithm::Rs256, OidcAlgorithm::EdDsa);
    for (key, iss, expected) in [
        (known(), "shared", "ok"),
        (known(), "wide", "auth.jwt_algorithm"),
        (pem, "wide", "auth.jwt_algorithm"),
        (OidcKey::Newest(rsa), "shared", "auth.jwt_algorithm"),
        (OidcKey::Newest(rsa), "wide", "ok"),
        (OidcKey::Newest(rsa), "narrow", "auth.jwt_algorithm"),
        (OidcKey::Newest(ed), "narrow", "ok"),
    ] {
        let mut spec = SignSpec::new(key.clone());
        if matches!(key, OidcKey::Shared(_)) {
            spec = spec.header(json!({ "kid": kid }));
        }
        let token = sim.sign_with(&spec, &json!({"iss": iss, "aud": AUDIENCE}));
        assert_eq!(code(&jwt.verify(&token).await), expected, "{key:?} for {iss}");
    }
}
