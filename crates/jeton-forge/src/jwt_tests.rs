use std::{
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use aws_lc_rs::{
    encoding::{AsDer as _, Pkcs8V1Der},
    rsa::KeySize,
    signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey},
};
use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use jeton_domain::{AppIssuer, Clock, Pause, Secret};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::JwtSigner;
use crate::AppKey;

#[derive(Debug)]
struct TestClock(Mutex<Timestamp>);

impl TestClock {
    fn advance(&self, seconds: i64) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn sleep(&self, _: Duration) -> Pause<'_> {
        Box::pin(std::future::ready(()))
    }
}

static PAIR: LazyLock<RsaKeyPair> = LazyLock::new(|| RsaKeyPair::generate(KeySize::Rsa2048).unwrap());

const START: i64 = 1_790_000_000;

fn signer(issuer: &str) -> (JwtSigner, Arc<TestClock>) {
    let der: Pkcs8V1Der<'_> = PAIR.as_der().unwrap();
    let label = ["PRIVATE", "KEY"].join(" ");
    let pem = format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        STANDARD.encode(der.as_ref())
    );
    let key = AppKey::parse(&Secret::new(pem)).unwrap();
    let clock = Arc::new(TestClock(Mutex::new(Timestamp::from_second(START).unwrap())));
    (
        JwtSigner::new(key, AppIssuer::parse(issuer).unwrap(), clock.clone()),
        clock,
    )
}

fn part(jwt: &Secret, index: usize) -> Value {
    let text = jwt.expose().split('.').nth(index).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn issued(signer: &JwtSigner) -> i64 {
    part(&signer.jwt().unwrap(), 1)["iat"].as_i64().unwrap() + 60
}

#[test]
fn has_the_claims_and_the_signature_that_github_wants() {
    for issuer in ["123456", "Iv23liABCDEFGHIJKLMN"] {
        let (signer, _) = signer(issuer);
        let jwt = signer.jwt().unwrap();
        assert_eq!(part(&jwt, 0), serde_json::json!({"alg": "RS256", "typ": "JWT"}));
        assert_eq!(
            part(&jwt, 1),
            serde_json::json!({"iat": START - 60, "exp": START + 540, "iss": issuer})
        );
        let (content, signature) = jwt.expose().rsplit_once('.').unwrap();
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
        UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, PAIR.public_key().as_ref())
            .verify(content.as_bytes(), &signature)
            .unwrap();
    }
}

#[test]
fn is_reused_until_two_minutes_before_its_end() {
    let (signer, clock) = signer("1");
    assert_eq!(issued(&signer), START);
    clock.advance(419);
    assert_eq!(issued(&signer), START);
    clock.advance(1);
    assert_eq!(issued(&signer), START + 420);
}

#[test]
fn is_signed_anew_when_the_clock_was_set_back() {
    let (signer, clock) = signer("1");
    assert_eq!(issued(&signer), START);
    clock.advance(-3600);
    assert_eq!(issued(&signer), START - 3600);
}

#[test]
fn follows_the_clock_of_the_forge() {
    let (signer, clock) = signer("1");
    assert_eq!(issued(&signer), START);
    signer.set_offset_seconds(-1800);
    assert_eq!(issued(&signer), START - 1800);
    assert_eq!(signer.forge_now().as_second(), START - 1800);
    clock.advance(100);
    assert_eq!(issued(&signer), START - 1800);
}

#[test]
fn debug_shows_no_jwt() {
    let (signer, _) = signer("1");
    let jwt = signer.jwt().unwrap();
    let shown = format!("{signer:?} {jwt:?}");
    assert!(!shown.contains("eyJ"), "{shown}");
}
