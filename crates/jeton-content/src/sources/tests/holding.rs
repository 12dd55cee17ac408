//! What is made of sources that cannot be asked now.

use std::{sync::Arc, time::Duration};

use jeton_broker::BrokerError;
use jeton_domain::{Code, Coded as _, Fingerprint, Secret};

use super::world::{World, key_of, not_found, other, patient_world, way, world};
use crate::sources::{Failed, SourceKey, Way, gate::GateKey, source::Means};

/// A way whose first source is an App that can have no token now.
fn lacking(w: &World, tokens: &[&str], error: BrokerError) -> Way {
    let mut way = way(&w.shared, 0, tokens);
    let fingerprint = Fingerprint::of(&Secret::new("app"));
    let gate = GateKey::Token(Arc::clone(&way.endpoint), fingerprint.clone());
    way.add(
        "app:ci",
        SourceKey::Given(fingerprint),
        gate,
        Means::Failing(error),
        None,
    );
    way.sources.rotate_right(1);
    way
}

#[tokio::test]
async fn a_token_that_cannot_be_had_now_stops_nobody_who_has_one() {
    let w = world(&[]);
    let busy = lacking(&w, &["a"], BrokerError::Busy);
    let (_, source) = busy.resolve(None, None).await.unwrap();
    assert_eq!(source, key_of("a"));
    let busy = lacking(&w, &[], BrokerError::Busy);
    let (_, source) = busy.resolve(None, None).await.unwrap();
    assert_eq!(source, SourceKey::Anonymous);
    assert!(busy.notices().is_empty(), "nothing is wrong with the App");
}

#[tokio::test]
async fn that_no_token_could_be_had_is_told_when_nobody_else_answers() {
    let w = world(&[]);
    w.fake.say("-", not_found());
    let error = other(
        lacking(&w, &[], BrokerError::Busy)
            .resolve(None, None)
            .await
            .unwrap_err(),
    );
    assert_eq!(error.code(), Code::Overloaded, "{error}");
    let lost = BrokerError::NoApp { forge: None };
    let outcome = lacking(&w, &[], lost).resolve(None, None).await;
    assert!(
        matches!(outcome, Err(Failed::NotFound(_))),
        "what people have to see to is no reason to come back soon: {outcome:?}"
    );
}

#[tokio::test]
async fn whose_turn_does_not_come_hears_so() {
    let w = patient_world(&["a"], Duration::from_millis(5));
    w.fake.say("-", not_found());
    let commit = super::world::commit();
    let path = jeton_domain::FilePath::parse("a").unwrap();
    let _download = w.way.blob(&commit, &path, None).await.unwrap();
    let waited = tokio::time::timeout(Duration::from_secs(10), w.resolve()).await;
    let error = other(waited.expect("a wait ends").unwrap_err());
    assert_eq!(error.code(), Code::Overloaded);
}
