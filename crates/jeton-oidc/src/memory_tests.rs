use std::sync::Arc;

use jeton_domain::{Fingerprint, IssuerName, JwtIdentity};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, json};

use super::{Entry, Memory, PER_SHARD, SHARDS, digest};
use crate::{IssuerConfig, KeySource, Verified, claims};

const NOW: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn entry(end: i64) -> Entry {
    let name = IssuerName::parse("ci").unwrap();
    let mut config = IssuerConfig::new(name.clone(), "i", KeySource::Discovery, vec!["a".to_owned()]);
    config.leeway = SignedDuration::ZERO;
    let claims = json!({"aud": "a", "exp": end, "nbf": NOW});
    let window = claims::check(claims.as_object().unwrap(), &config, at(NOW)).unwrap();
    let identity = JwtIdentity {
        issuer: name,
        subject: String::new(),
        claims: Map::new(),
    };
    let verified = Verified {
        identity: Arc::new(identity),
        expires_at: at(end),
        fingerprint: Fingerprint::of_bytes(b"x"),
    };
    Entry {
        verified: Arc::new(verified),
        window,
        issuer: 0,
        generation: 1,
    }
}

fn kept(memory: &Memory) -> usize {
    memory.shards.iter().map(|shard| shard.lock().unwrap().len()).sum()
}

#[test]
fn a_token_is_known_only_while_it_is_good() {
    let memory = Memory::new();
    let token = digest("token");
    memory.insert(token, at(NOW), entry(NOW + 10));
    let known = |second, generation| memory.get(&token, at(second), |_| generation).is_some();
    assert!(known(NOW, Some(1)) && known(NOW + 9, Some(1)));
    assert!(!known(NOW + 10, Some(1)), "at its end");
    assert!(
        !known(NOW - 1, Some(1)),
        "before its time, after the clock was set back"
    );
    assert!(known(NOW, Some(1)), "and at its time again");
    assert!(memory.get(&digest("other"), at(NOW), |_| Some(1)).is_none());
    assert!(!known(NOW, Some(2)), "its key may be gone");
    assert!(!known(NOW, Some(1)), "forgotten for good");
}

#[test]
fn the_number_of_tokens_is_bounded_and_the_next_to_end_goes_first() {
    let memory = Memory::new();
    let most = SHARDS * PER_SHARD;
    for index in 0..most + 2_000 {
        let end = NOW + 100 + i64::try_from(index).unwrap();
        memory.insert(digest(&index.to_string()), at(NOW), entry(end));
    }
    assert_eq!(kept(&memory), most);
    let last = digest(&(most + 1_999).to_string());
    assert!(memory.get(&last, at(NOW), |_| Some(1)).is_some());
    assert!(memory.get(&digest("0"), at(NOW), |_| Some(1)).is_none());
    memory.sweep(at(NOW + 1_000_000));
    assert_eq!(kept(&memory), 0);
}
