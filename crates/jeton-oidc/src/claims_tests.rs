use jeton_domain::{Coded as _, IssuerName};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::check;
use crate::{IssuerConfig, JwtError, KeySource};

const NOW: i64 = 1_800_000_000;

fn config() -> IssuerConfig {
    let name = IssuerName::parse("ci").unwrap();
    IssuerConfig::new(
        name,
        "https://issuer.example",
        KeySource::Discovery,
        vec!["jeton".to_owned(), "other".to_owned()],
    )
}

fn claims(more: Value) -> Map<String, Value> {
    let mut claims = json!({"aud": "jeton", "exp": NOW + 600, "iat": NOW, "nbf": NOW});
    let (Some(all), Value::Object(more)) = (claims.as_object_mut(), more) else {
        panic!("claims are objects")
    };
    for (name, value) in more {
        if value.is_null() {
            all.remove(&name);
        } else {
            all.insert(name, value);
        }
    }
    all.clone()
}

fn outcome(config: &IssuerConfig, more: Value) -> Result<(), &'static str> {
    let now = Timestamp::from_second(NOW).unwrap();
    check(&claims(more), config, now)
        .map(|_| ())
        .map_err(|error| error.code().as_str())
}

#[test]
fn the_edges_of_time_are_where_the_leeway_puts_them() {
    let config = config();
    for (more, expected) in [
        (json!({"exp": NOW - 29}), Ok(())),
        (json!({"exp": NOW - 30}), Err("auth.jwt_expired")),
        (json!({"exp": 1_799_999_970.5}), Ok(())),
        (json!({"exp": 1_799_999_969.5}), Err("auth.jwt_expired")),
        (json!({"nbf": NOW + 30}), Ok(())),
        (json!({"nbf": NOW + 31}), Err("auth.jwt_not_yet_valid")),
        (json!({"nbf": 1_800_000_030.25}), Err("auth.jwt_not_yet_valid")),
        (json!({"iat": NOW + 30}), Ok(())),
        (json!({"iat": NOW + 31}), Err("auth.jwt_not_yet_valid")),
        (json!({"iat": null, "nbf": null}), Ok(())),
    ] {
        assert_eq!(outcome(&config, more.clone()), expected, "{more}");
    }
    let strict = IssuerConfig {
        leeway: SignedDuration::ZERO,
        ..config
    };
    assert_eq!(outcome(&strict, json!({"exp": NOW})), Err("auth.jwt_expired"));
    assert_eq!(outcome(&strict, json!({"exp": NOW + 1})), Ok(()));
    assert_eq!(outcome(&strict, json!({"nbf": NOW + 1})), Err("auth.jwt_not_yet_valid"));
}

#[test]
fn times_are_numbers_that_can_be() {
    for claim in ["exp", "nbf", "iat"] {
        for bad in [
            json!("1800000000"),
            json!(true),
            json!([NOW]),
            json!({}),
            json!(1e300),
            json!(-1e300),
            json!(u64::MAX),
            json!(i64::MIN),
            json!(i64::MAX),
        ] {
            assert_eq!(
                outcome(&config(), json!({claim: bad})),
                Err("auth.jwt_bad_claim"),
                "{claim} {bad}"
            );
        }
    }
    assert_eq!(outcome(&config(), json!({"exp": null})), Err("auth.jwt_bad_claim"));
    // null itself is no time either, and not the same as nothing
    let mut null = claims(json!({}));
    null.insert("exp".to_owned(), Value::Null);
    let now = Timestamp::from_second(NOW).unwrap();
    assert!(matches!(
        check(&null, &config(), now),
        Err(JwtError::BadClaim { claim: "exp", .. })
    ));
    assert_eq!(outcome(&config(), json!({"exp": 0})), Err("auth.jwt_expired"));
    assert_eq!(outcome(&config(), json!({"exp": -5})), Err("auth.jwt_expired"));
}

#[test]
fn one_of_the_audiences_must_be_ours() {
    for (aud, expected) in [
        (json!("jeton"), Ok(())),
        (json!("other"), Ok(())),
        (json!(["x", "jeton"]), Ok(())),
        (json!("Jeton"), Err("auth.jwt_wrong_audience")),
        (json!("jeton "), Err("auth.jwt_wrong_audience")),
        (json!("jeton,other"), Err("auth.jwt_wrong_audience")),
        (json!(""), Err("auth.jwt_wrong_audience")),
        (json!([]), Err("auth.jwt_wrong_audience")),
        (json!(["x"]), Err("auth.jwt_wrong_audience")),
        (json!(["jeton", 7]), Err("auth.jwt_bad_claim")),
        (json!({"jeton": true}), Err("auth.jwt_bad_claim")),
        (json!(7), Err("auth.jwt_bad_claim")),
        (json!(null), Err("auth.jwt_bad_claim")),
    ] {
        assert_eq!(outcome(&config(), json!({ "aud": aud })), expected, "{aud}");
    }
}

#[test]
fn a_token_may_not_live_longer_than_allowed() {
    let config = IssuerConfig {
        longest_life: Some(SignedDuration::from_mins(10)),
        ..config()
    };
    assert_eq!(outcome(&config, json!({})), Ok(()));
    assert_eq!(outcome(&config, json!({"exp": NOW + 601})), Err("auth.jwt_bad_claim"));
    assert_eq!(outcome(&config, json!({"iat": null})), Err("auth.jwt_bad_claim"));
}

#[test]
fn the_refusal_says_which_audience_would_do() {
    let now = Timestamp::from_second(NOW).unwrap();
    let error = check(&claims(json!({"aud": "planted"})), &config(), now).unwrap_err();
    assert!(
        error.to_string().ends_with("its audience is not `jeton` or `other`"),
        "{error}"
    );
    let remedy = error.remedy().unwrap();
    assert!(
        remedy.starts_with("Ask for the token with the audience `jeton` or `other`."),
        "{remedy}"
    );
    assert!(!format!("{error} {error:?} {remedy}").contains("planted"));
}
