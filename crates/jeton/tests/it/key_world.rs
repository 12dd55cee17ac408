//! What the tests of keys share: a look at every sealed value of a vault, and values to look at.

use std::collections::BTreeMap;

use jeton_domain::{
    AppId, Entropy as _, Fingerprint, InstallationId, KeyId, Permissions, Secret, TokenId, TokenKeyDigest,
};
use jeton_seal::{KeyRing, SealingKeys};
use jeton_testkit::{TestEntropy, TestJeton};
use jeton_vault::{SealedPlace, TokenRecord, TokenState, Vault};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// How long the servers that share a vault have to get to know a key.
pub(super) const GRACE: SignedDuration = SignedDuration::from_secs(31);

/// A ring of what the vault holds just now, as a server that starts now would have it.
pub(super) async fn ring_of(vault: &dyn Vault, keys: &SealingKeys) -> (KeyRing, Vec<(SealedPlace, KeyId, u64)>) {
    let mut tx = vault.read().await.unwrap();
    check_all(&mut *tx, keys).await
}

/// Opens every sealed value that one transaction sees with the data keys that it sees; how many of each key there are.
async fn check_all(tx: &mut dyn jeton_vault::VaultTx, keys: &SealingKeys) -> (KeyRing, Vec<(SealedPlace, KeyId, u64)>) {
    let records = tx.data_keys().list().await.unwrap();
    let mut opened: Vec<_> = records
        .iter()
        .map(|record| keys.unwrap(&record.id, &record.wrapped, &record.wrapped_by).unwrap())
        .collect();
    let last = opened.pop().unwrap();
    let ring = KeyRing::new(opened, &last);
    let mut seen = Vec::new();
    for place in SealedPlace::ALL {
        for record in &records {
            let rows = tx.sealed_rows().list(*place, &record.id, None, 100_000).await.unwrap();
            for row in &rows {
                ring.open(&row.value, place.of(&row.row)).unwrap();
            }
            if !rows.is_empty() {
                seen.push((*place, record.id.clone(), rows.len() as u64));
            }
        }
    }
    // Nothing names a key that is not there.
    let counted: u64 = tx
        .sealed_rows()
        .count()
        .await
        .unwrap()
        .iter()
        .map(|count| count.values)
        .sum();
    assert_eq!(counted, seen.iter().map(|(_, _, values)| values).sum::<u64>());
    (ring, seen)
}

/// Adds minted tokens that nobody holds, sealed as the server's ring seals.
pub(super) async fn add_tokens(vault: &dyn Vault, ring: &KeyRing, now: Timestamp, count: u32) {
    let entropy = TestEntropy::default();
    let mut tx = vault.begin().await.unwrap();
    for number in 0..count {
        let id = TokenId::generate(now, &entropy);
        let mut digest = [0; 32];
        entropy.fill(&mut digest);
        let token = Secret::new(format!("{}{number}", ["gh", "s_planted"].concat()));
        let record = TokenRecord {
            id,
            key: TokenKeyDigest::from_bytes(&digest).unwrap(),
            app: AppId::generate(now, &entropy),
            installation: InstallationId(1),
            owner: "acme".to_owned(),
            repositories: vec!["tools".to_owned()],
            permissions: Permissions::default(),
            fingerprint: Fingerprint::of(&token),
            token: Some(ring.seal(&token, SealedPlace::Token.of(&id.to_string()), &entropy)),
            minted_at: now,
            expires_at: now + SignedDuration::from_hours(1),
            forge_expires_at: now + SignedDuration::from_hours(1),
            state: TokenState::Live,
        };
        tx.tokens().add(&record).await.unwrap();
    }
    tx.commit().await.unwrap();
}

/// `GET /v1/keys`
pub(super) async fn status(t: &TestJeton) -> Value {
    let answer = t.get("/v1/keys").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

/// The ids of the data keys, oldest first.
pub(super) fn data_keys(status: &Value) -> Vec<String> {
    let keys = status["data_keys"].as_array().unwrap();
    keys.iter().map(|key| key["id"].as_str().unwrap().to_owned()).collect()
}

/// Values by table, of one data key.
pub(super) fn sealed(status: &Value, key: &str) -> BTreeMap<String, u64> {
    let keys = status["data_keys"].as_array().unwrap();
    let key = keys.iter().find(|one| one["id"] == key).unwrap();
    let counts = key["sealed"].as_array().unwrap().iter();
    counts
        .map(|count| {
            (
                count["table"].as_str().unwrap().to_owned(),
                count["values"].as_u64().unwrap(),
            )
        })
        .collect()
}

/// `POST /v1/keys/rotate`; the new data key.
pub(super) async fn rotate(t: &TestJeton) -> String {
    // Keys are listed by their age.
    t.clock.advance(SignedDuration::from_secs(1));
    let answer = t.post("/v1/keys/rotate", json!({})).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    answer.json()["data_key"].as_str().unwrap().to_owned()
}

/// Lets the job run to its end, past both times of grace.
pub(super) async fn finish(t: &TestJeton) {
    for _ in 0..3 {
        t.worker.run_due().await.unwrap();
        t.clock.advance(GRACE);
    }
    assert_eq!(status(t).await["reseal"], Value::Null);
}
