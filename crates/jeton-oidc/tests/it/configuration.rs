//! What cannot be an issuer.

use std::sync::Arc;

use jeton_domain::{Coded as _, Secret};
use jeton_oidc::{Algorithm, IssuerConfig, IssuerConfigError, JwtVerifier, KeySource, OidcHttpOptions};
use jiff::SignedDuration;

use crate::common::{TestClock, name};

fn good() -> IssuerConfig {
    IssuerConfig::new(
        name("ci"),
        "https://issuer.example",
        KeySource::Discovery,
        vec!["jeton".to_owned()],
    )
}

fn refused(issuers: Vec<IssuerConfig>) -> Option<IssuerConfigError> {
    JwtVerifier::new(issuers, Arc::new(TestClock::new()), OidcHttpOptions::default()).err()
}

fn url(text: &str) -> KeySource {
    KeySource::JwksUrl(text.parse().unwrap())
}

fn secret(bytes: usize) -> KeySource {
    KeySource::SharedSecret(Secret::new("s".repeat(bytes)))
}

/// A change, and the field in which it is a mistake.
type Mistake = (&'static str, fn(&mut IssuerConfig));

const MISTAKES: &[Mistake] = &[
    ("issuer", |c| c.issuer.clear()),
    ("issuer", |c| c.issuer.replace_range(.., "http://issuer.example")),
    ("issuer", |c| c.issuer.replace_range(.., "kubernetes/serviceaccount")),
    ("issuer", |c| c.issuer.replace_range(.., "https://169.254.169.254")),
    ("issuer", |c| c.issuer.replace_range(.., "https://x.example?y=z")),
    ("audiences", |c| c.audiences.clear()),
    ("audiences", |c| c.audiences.push(String::new())),
    ("leeway", |c| c.leeway = SignedDuration::from_secs(301)),
    ("leeway", |c| c.leeway = SignedDuration::from_secs(-1)),
    ("longest_life", |c| c.longest_life = Some(SignedDuration::ZERO)),
    ("ca_file", |c| c.ca_file = Some(vec![])),
    ("ca_file", |c| c.ca_file = Some(b"not PEM".to_vec())),
    ("keys", |c| c.keys = url("http://issuer.example/keys")),
    ("keys", |c| c.keys = url("https://[fd00:ec2::254]/")),
    ("keys", |c| c.keys = KeySource::Jwks("{}".to_owned())),
    ("keys", |c| c.keys = KeySource::Jwks(r#"{"keys":[]}"#.to_owned())),
    ("keys", |c| c.keys = secret(31)),
    ("algorithms", |c| c.algorithms = vec![Algorithm::Hs256]),
    ("algorithms", |c| {
        c.algorithms.extend([Algorithm::Rs256, Algorithm::Hs256]);
    }),
    ("algorithms", |c| {
        c.algorithms = vec![Algorithm::Rs256];
        c.keys = secret(32);
    }),
];

#[test]
fn each_mistake_names_its_field() {
    for (field, change) in MISTAKES {
        let mut config = good();
        change(&mut config);
        let shown = format!("{config:?}");
        match refused(vec![config]) {
            Some(IssuerConfigError::Field {
                issuer, field: found, ..
            }) => {
                assert_eq!((issuer, found), (name("ci"), *field), "{shown}");
            }
            other => panic!("{shown}: {other:?}"),
        }
    }
    // what reads like a certificate and is none
    let label = "CERTIFICATE";
    let garbage = format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n").into_bytes();
    assert!(
        refused(vec![IssuerConfig {
            ca_file: Some(garbage),
            ..good()
        }])
        .is_some()
    );
    assert_eq!(refused(vec![good()]), None);
    assert_eq!(
        refused(vec![IssuerConfig {
            keys: secret(32),
            ..good()
        }]),
        None
    );
    assert_eq!(refused(vec![]), None);
}

#[test]
fn two_issuers_differ_in_name_and_in_iss() {
    let named = |text: &str, iss: &str| IssuerConfig {
        name: name(text),
        issuer: iss.to_owned(),
        ..good()
    };
    let same_name = refused(vec![
        named("a", "https://one.example"),
        named("a", "https://two.example"),
    ]);
    assert_eq!(same_name, Some(IssuerConfigError::DuplicateName(name("a"))));
    let same_iss = refused(vec![
        named("a", "https://one.example"),
        named("b", "https://one.example"),
    ])
    .unwrap();
    assert_eq!(same_iss, IssuerConfigError::DuplicateIssuer(name("a"), name("b")));
    assert_eq!(same_iss.code().as_str(), "config.bad_value");
    assert!(same_iss.remedy().unwrap().contains("`a` and `b`"));
    assert_eq!(
        refused(vec![
            named("a", "https://one.example"),
            named("b", "https://one.example/")
        ]),
        None
    );
}
