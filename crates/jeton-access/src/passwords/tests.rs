use std::sync::Arc;

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher as _, phc::PasswordHash},
};
use aws_lc_rs::rand::{SecureRandom as _, SystemRandom};
use jeton_domain::{Entropy, Secret};

use super::{MEMORY_KIB, PASSES, Passwords, dummy};
use crate::AccessError;

#[derive(Debug)]
struct Random;
impl Entropy for Random {
    fn fill(&self, buffer: &mut [u8]) {
        SystemRandom::new().fill(buffer).unwrap();
    }
}

fn weak(password: &str, memory_kib: u32, passes: u32) -> Secret {
    let params = Params::new(memory_kib, passes, 1, None).unwrap();
    let hash = Argon2::from(params).hash_password_with_salt(password.as_bytes(), b"0123456789abcdef");
    Secret::new(hash.unwrap().to_string())
}

#[tokio::test]
async fn the_right_password_and_no_other() {
    let passwords = Passwords::new(Arc::new(Random));
    let right = Secret::new("correct horse battery staple");
    let stored = passwords.hash(right.clone()).await.unwrap();
    let text = stored.expose();
    assert!(text.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{text}");
    assert!(passwords.verify(&right, Some(&stored)).await.unwrap());
    assert!(
        !passwords
            .verify(&Secret::new("correct horse"), Some(&stored))
            .await
            .unwrap()
    );
    assert!(!Passwords::is_outdated(&stored));
}

#[tokio::test]
async fn whoever_is_missing_costs_a_hash_too() {
    let passwords = Passwords::new(Arc::new(Random));
    assert!(!passwords.verify(&Secret::new("anything at all"), None).await.unwrap());
    assert!(!passwords.verify(&Secret::new("x".repeat(100_000)), None).await.unwrap());
    assert!(
        !passwords
            .verify(&Secret::new("x"), Some(&Secret::new("no hash")))
            .await
            .unwrap()
    );
    assert_eq!(passwords.hashed(), 3);
}

#[test]
fn the_dummy_has_the_cost_of_a_real_one() {
    let text = dummy(&Random);
    let hash = PasswordHash::new(text.expose()).unwrap();
    let params = Params::try_from(&hash).unwrap();
    assert_eq!(
        (params.m_cost(), params.t_cost(), params.p_cost()),
        (MEMORY_KIB, PASSES, 1)
    );
    assert_eq!(hash.hash.unwrap().len(), 32);
    assert_ne!(dummy(&Random).expose(), text.expose());
}

#[tokio::test]
async fn older_hashes_open_and_ask_to_be_renewed() {
    let passwords = Passwords::new(Arc::new(Random));
    let stored = weak("from another time", 64, 1);
    assert!(
        passwords
            .verify(&Secret::new("from another time"), Some(&stored))
            .await
            .unwrap()
    );
    assert!(Passwords::is_outdated(&stored));
    assert!(Passwords::is_outdated(&weak("x", 64, PASSES)));
}

#[tokio::test]
async fn a_planted_hash_cannot_take_the_machine() {
    let passwords = Passwords::new(Arc::new(Random));
    let planted = weak("planted", 64, 1).expose().replace("m=64,t=1", "m=4194304,t=4000");
    assert!(
        !passwords
            .verify(&Secret::new("planted"), Some(&Secret::new(planted)))
            .await
            .unwrap()
    );
}

#[tokio::test]
async fn beyond_the_queue_the_answer_is_no_at_once() {
    let passwords = Passwords::with_limits(Arc::new(Random), 1, 1);
    let password = Secret::new("whatever it is");
    let (first, second, third) = tokio::join!(
        passwords.verify(&password, None),
        passwords.verify(&password, None),
        passwords.verify(&password, None),
    );
    assert!(!first.unwrap() && !second.unwrap());
    assert!(matches!(third, Err(AccessError::Overloaded)));
    assert!(!passwords.verify(&password, None).await.unwrap());
    assert_eq!(passwords.hashed(), 3);
}

#[tokio::test]
async fn nothing_of_it_is_printed() {
    let passwords = Passwords::new(Arc::new(Random));
    let printed = format!("{passwords:?}");
    assert!(
        !printed.contains("argon2id") && printed.starts_with("Passwords"),
        "{printed}"
    );
}

#[test]
fn one_try_of_a_name_and_place_at_a_time() {
    let passwords = Passwords::new(Arc::new(Random));
    let here = Some("192.0.2.1".parse().unwrap());
    let first = passwords.begin_try("ada", here);
    assert!(first.is_some());
    assert!(passwords.begin_try("ada", here).is_none());
    assert!(passwords.begin_try("ada", here).is_none(), "a refused one ends nothing");
    assert!(passwords.begin_try("ada", None).is_some() && passwords.begin_try("bob", here).is_some());
    drop(first);
    assert!(passwords.begin_try("ada", here).is_some());
}
