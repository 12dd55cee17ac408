//! Nothing that anybody sends makes the verifier panic, and nothing but a good token is good.

use std::sync::LazyLock;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jeton_forge_sim::{OidcAlgorithm, OidcKey, OidcSim};
use jeton_oidc::JwtVerifier;
use proptest::prelude::*;
use serde_json::json;
use tokio::runtime::Runtime;

use crate::common::{AUDIENCE, TestClock, by_discovery, code, provider, verifier};

struct Fixed {
    runtime: Runtime,
    sim: OidcSim,
    jwt: JwtVerifier,
    good: String,
}

/// One provider for all cases: making keys takes longer than trying thousands of tokens.
static FIXED: LazyLock<Fixed> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let clock = TestClock::new();
    let sim = runtime.block_on(provider(&clock));
    let jwt = verifier(vec![by_discovery(&sim)], &clock);
    let good = sim.sign(&json!({"sub": "ada", "aud": AUDIENCE}));
    assert_eq!(runtime.block_on(async { code(&jwt.verify(&good).await) }), "ok");
    Fixed {
        runtime,
        sim,
        jwt,
        good,
    }
});

fn refused(token: &str) -> &'static str {
    let fixed = &*FIXED;
    let _ = JwtVerifier::looks_like_jwt(token);
    let _ = fixed.jwt.remembered(token);
    fixed.runtime.block_on(async { code(&fixed.jwt.verify(token).await) })
}

fn json_text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"alg\"",
        "\"RS256\"",
        "\"kid\"",
        "\"rs256-1\"",
        "\"iss\"",
        "\"aud\"",
        "\"exp\"",
        "null",
        "1e999",
        "-0",
        "99999999999999999999",
        "\"\\u0000\"",
        "\"\\ud800\"",
        "true",
        " ",
    ]);
    prop::collection::vec(words, 0..40).prop_map(|words| words.concat())
}

fn claim() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(json!(null)),
        any::<bool>().prop_map(|value| json!(value)),
        any::<i64>().prop_map(|value| json!(value)),
        any::<f64>().prop_map(|value| json!(value)),
        ".{0,20}".prop_map(|value| json!(value)),
        prop::collection::vec(any::<i32>(), 0..4).prop_map(|value| json!(value)),
        Just(json!({"a": {"b": []}})),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_refused(text in ".{0,300}") {
        prop_assert_ne!(refused(&text), "ok");
    }

    #[test]
    fn any_three_parts_are_refused(header in json_text(), payload in json_text(), signature in prop::collection::vec(any::<u8>(), 0..300)) {
        let token = [header.as_bytes(), payload.as_bytes(), &signature].map(|part| URL_SAFE_NO_PAD.encode(part)).join(".");
        prop_assert_ne!(refused(&token), "ok");
    }

    #[test]
    fn a_changed_byte_makes_a_good_token_bad(at in any::<prop::sample::Index>(), byte in 0_u8..128) {
        let mut token = FIXED.good.clone().into_bytes();
        let at = at.index(token.len());
        prop_assume!(token[at] != byte);
        token[at] = byte;
        let token = String::from_utf8(token).unwrap();
        prop_assert_ne!(refused(&token), "ok");
    }

    #[test]
    fn a_cut_token_is_bad(at in any::<prop::sample::Index>()) {
        let at = at.index(FIXED.good.len());
        prop_assert_ne!(refused(&FIXED.good[..at]), "ok");
        prop_assert_ne!(refused(&FIXED.good[at + 1..]), "ok");
    }

    #[test]
    fn odd_claims_under_a_good_signature_do_no_harm(exp in claim(), nbf in claim(), aud in claim(), sub in claim(), kid in claim()) {
        let fixed = &*FIXED;
        let key = OidcKey::Newest(OidcAlgorithm::EdDsa);
        let header = json!({"alg": "EdDSA", "kid": fixed.sim.kid(OidcAlgorithm::EdDsa)}).to_string();
        let payload = json!({"iss": fixed.sim.issuer(), "exp": exp, "nbf": nbf, "aud": aud, "sub": sub}).to_string();
        prop_assert_ne!(refused(&fixed.sim.sign_raw(&header, &payload, &key)), "ok");
        let odd = json!({"alg": "EdDSA", "kid": kid}).to_string();
        refused(&fixed.sim.sign_raw(&odd, &payload, &key));
    }
}
