//! The known tricks.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_forge_sim::{OidcAlgorithm, OidcKey, OidcRoute, SignSpec};
use serde_json::{Value, json};

use crate::common::{AUDIENCE, TestClock, World, provider};

fn newest(algorithm: OidcAlgorithm) -> OidcKey {
    OidcKey::Newest(algorithm)
}

#[tokio::test]
async fn unsigned_tokens_open_nothing() {
    let w = World::new().await;
    for spelling in ["none", "None", "NONE", "nOnE", "", " none"] {
        for key in [OidcKey::Unsigned, newest(OidcAlgorithm::Rs256)] {
            let spec = SignSpec::new(key).header(json!({"alg": spelling}));
            let token = w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}));
            assert_eq!(w.code(&token).await, "auth.jwt_algorithm", "{spelling:?}");
        }
    }
    // a good header with the signature cut off
    let token = w.token("ada");
    let (signed, _) = token.rsplit_once('.').unwrap();
    assert_eq!(w.code(&format!("{signed}.")).await, "auth.jwt_bad_signature");
    assert_eq!(w.code(signed).await, "auth.jwt_malformed");
}

#[tokio::test]
async fn a_public_key_is_no_shared_secret() {
    let w = World::new().await;
    let kid = w.sim.kid(OidcAlgorithm::Rs256);
    let pem = w.sim.public_pem(&kid);
    let jwk = w.sim.jwks()["keys"][0].to_string();
    let secrets = [
        pem.clone().into_bytes(),
        pem.trim_end().as_bytes().to_vec(),
        jwk.into_bytes(),
        vec![],
    ];
    for secret in secrets {
        let spec = SignSpec::new(OidcKey::Shared(secret)).header(json!({"kid": kid}));
        let token = w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}));
        assert_eq!(w.code(&token).await, "auth.jwt_algorithm");
    }
    assert_eq!(w.sim.calls(OidcRoute::Discovery), 0, "nothing is fetched for it");
}

#[tokio::test]
async fn a_key_verifies_its_own_algorithm_only() {
    let w = World::new().await;
    for (key, claimed) in [
        (OidcAlgorithm::Es256, "RS256"),
        (OidcAlgorithm::Rs256, "ES256"),
        (OidcAlgorithm::EdDsa, "ES256"),
        (OidcAlgorithm::Rs256, "EdDSA"),
        (OidcAlgorithm::Es256, "Ed25519"),
    ] {
        let spec = SignSpec::new(newest(key)).header(json!({"alg": claimed}));
        let token = w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}));
        assert_eq!(
            w.code(&token).await,
            "auth.jwt_algorithm",
            "{} as {claimed}",
            key.name()
        );
    }
    for claimed in [
        "RS384", "RS512", "PS256", "ES384", "ES256K", "HS256", "HS384", "rs256", "RS256 ",
    ] {
        let spec = SignSpec::new(newest(OidcAlgorithm::Rs256)).header(json!({"alg": claimed}));
        let token = w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}));
        assert_eq!(w.code(&token).await, "auth.jwt_algorithm", "{claimed}");
    }
}

#[tokio::test]
async fn keys_that_a_token_brings_along_are_not_used() {
    let w = World::new().await;
    let clock = TestClock::new();
    let eve = provider(&clock).await;
    let own_key = eve.jwks()["keys"][0].clone();
    let claims = json!({"aud": AUDIENCE, "iss": w.sim.issuer()});
    let kid = w.sim.kid(OidcAlgorithm::Rs256);
    for header in [
        json!({"jwk": own_key}),
        json!({"jku": format!("{}/jwks", eve.issuer())}),
        json!({"x5u": format!("{}/jwks", eve.issuer())}),
        json!({"x5c": ["MIIB"]}),
        json!({"jwk": own_key, "jku": format!("{}/jwks", eve.issuer()), "kid": kid}),
    ] {
        let spec = SignSpec::new(newest(OidcAlgorithm::Rs256)).header(header.clone());
        assert_eq!(
            w.code(&eve.sign_with(&spec, &claims)).await,
            "auth.jwt_bad_signature",
            "{header}"
        );
        // nor do they hurt in a good token
        assert_eq!(
            w.code(&w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}))).await,
            "ok",
            "{header}"
        );
    }
    assert_eq!(eve.calls(OidcRoute::Jwks) + eve.calls(OidcRoute::Unknown), 0);
}

#[tokio::test]
async fn a_key_id_is_a_name_and_no_path() {
    let w = World::new().await;
    w.jwt.verify(&w.token("ada")).await.unwrap();
    for kid in [
        "../../dev/null",
        "' or '1'='1",
        "rs256-1\u{0}",
        "RS256-1",
        "",
        "https://eve.example/jwks",
    ] {
        let spec = SignSpec::new(newest(OidcAlgorithm::Rs256)).header(json!({"kid": kid}));
        let token = w.sim.sign_with(&spec, &json!({"aud": AUDIENCE}));
        assert_eq!(w.code(&token).await, "auth.jwt_unknown_key", "{kid:?}");
    }
}

#[tokio::test]
async fn what_must_be_understood_and_is_not_is_refused() {
    let w = World::new().await;
    for crit in [json!(["b64"]), json!(["exp"]), json!([]), json!(null)] {
        let header = json!({"alg": "RS256", "kid": w.sim.kid(OidcAlgorithm::Rs256), "crit": crit, "b64": false});
        let payload = json!({"iss": w.sim.issuer(), "aud": AUDIENCE, "exp": w.clock.second() + 60});
        let token = w
            .sim
            .sign_raw(&header.to_string(), &payload.to_string(), &newest(OidcAlgorithm::Rs256));
        assert_eq!(w.code(&token).await, "auth.jwt_malformed", "{crit}");
    }
}

#[tokio::test]
async fn nothing_can_be_read_in_two_ways() {
    let w = World::new().await;
    let kid = w.sim.kid(OidcAlgorithm::Rs256);
    let header = json!({"alg": "RS256", "kid": kid}).to_string();
    let payload = json!({"iss": w.sim.issuer(), "aud": AUDIENCE, "exp": w.clock.second() + 60}).to_string();
    let twice = |json: &str, more: &str| format!("{{{more},{}", &json[1..]);
    let deep = format!("\"x\":{}1{}", "[".repeat(2_000), "]".repeat(2_000));
    let key = newest(OidcAlgorithm::Rs256);
    assert_eq!(w.code(&w.sim.sign_raw(&header, &payload, &key)).await, "ok");
    for (header, payload) in [
        (twice(&header, r#""alg":"none""#), payload.clone()),
        (twice(&header, r#""alg":"RS256""#), payload.clone()),
        (twice(&header, r#""\u0061lg":"none""#), payload.clone()),
        (header.clone(), twice(&payload, r#""aud":"x""#)),
        (header.clone(), twice(&payload, r#""y":{"z":1,"z":2}"#)),
        (header.clone(), twice(&payload, &deep)),
        (twice(&header, &deep), payload.clone()),
        (header.clone(), format!("{payload}{payload}")),
        (header.clone(), format!("[{payload}]")),
        (header.clone(), "null".to_owned()),
        (header.clone(), String::new()),
        ("\"RS256\"".to_owned(), payload.clone()),
    ] {
        let token = w.sim.sign_raw(&header, &payload, &key);
        assert_eq!(w.code(&token).await, "auth.jwt_malformed", "{header} {payload}");
    }
}

#[tokio::test]
async fn a_token_has_one_spelling() {
    let w = World::new().await;
    let good = w.token("ada");
    assert_eq!(w.code(&good).await, "ok");
    // 256 bytes of signature leave four bits over in the last character: any other value of them is another spelling
    let last = good.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let index = alphabet.find(last).unwrap();
    assert_eq!(index % 16, 0);
    let respelt = format!("{}{}", &good[..good.len() - 1], &alphabet[index + 1..index + 2]);
    for bad in [
        respelt,
        format!("{good}=="),
        good.replace('.', "=."),
        good.replacen('.', " .", 1),
        format!(" {good}"),
        good.replacen('e', "+", 1),
    ] {
        assert_eq!(w.code(&bad).await, "auth.jwt_malformed", "{bad}");
    }
}

#[tokio::test]
async fn encrypted_and_huge_tokens_are_not_looked_at() {
    let w = World::new().await;
    let header = URL_SAFE_NO_PAD.encode(json!({"alg": "RSA-OAEP", "enc": "A256GCM"}).to_string());
    assert_eq!(w.code(&format!("{header}.a.b.c.d")).await, "auth.jwt_malformed");
    let fits = w.token_with(&json!({"x": "y".repeat(11_000)}));
    assert!(fits.len() < 16 * 1024, "{}", fits.len());
    assert_eq!(w.code(&fits).await, "ok");
    for size in [12_000, 100_000, 2_000_000] {
        let huge = w.token_with(&json!({"x": "y".repeat(size)}));
        assert!(huge.len() > 16 * 1024);
        assert_eq!(w.code(&huge).await, "auth.jwt_malformed");
    }
}

#[tokio::test]
async fn whoever_cannot_sign_learns_nothing_of_what_is_accepted() {
    let w = World::new().await;
    let clock = TestClock::new();
    let eve = provider(&clock).await;
    let right_kid = w.sim.kid(OidcAlgorithm::Rs256);
    for claims in [
        json!({"aud": "wrong"}),
        json!({"exp": 1}),
        json!({"exp": "text"}),
        json!({"nbf": i64::from(u32::MAX)}),
        json!({}),
    ] {
        let mut all = json!({"iss": w.sim.issuer(), "aud": AUDIENCE});
        let Value::Object(claims) = claims else {
            panic!("an object")
        };
        all.as_object_mut().unwrap().extend(claims);
        let spec = SignSpec::new(newest(OidcAlgorithm::Rs256)).header(json!({"kid": right_kid}));
        assert_eq!(
            w.code(&eve.sign_with(&spec, &all)).await,
            "auth.jwt_bad_signature",
            "{all}"
        );
    }
}

#[tokio::test]
async fn no_error_shows_the_token() {
    let w = World::new().await;
    let planted = "planted-claim-text";
    let now = w.clock.second();
    let tokens = [
        w.token_with(&json!({"iss": planted})),
        w.token_with(&json!({"aud": planted})),
        w.token_with(&json!({"exp": now - 100, "x": planted})),
        w.sim.sign_with(
            &SignSpec::new(newest(OidcAlgorithm::Rs256)).header(json!({"kid": planted})),
            &json!({"aud": AUDIENCE}),
        ),
        w.sim.sign_with(
            &SignSpec::new(newest(OidcAlgorithm::Rs256)).header(json!({"alg": planted})),
            &json!({"aud": AUDIENCE}),
        ),
        format!("{planted}.{planted}.{planted}"),
    ];
    for token in tokens {
        let error = w.jwt.verify(&token).await.unwrap_err();
        let remedy = jeton_domain::Coded::remedy(&error).unwrap();
        let shown = format!("{error} {error:?} {remedy}");
        assert!(!shown.contains(planted) && !shown.contains(&token[..20]), "{shown}");
    }
}
