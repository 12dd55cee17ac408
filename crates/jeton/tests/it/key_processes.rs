//! Keys that change, with the program itself: killed in the middle, restarted with other keys, and by its commands.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output, Stdio},
};

use jeton_broker::open_key_ring;
use jeton_domain::{ApiKey, Clock as _, LeaseHolder, Secret};
use jeton_seal::{SealingKey, SealingKeys};
use jeton_testkit::{TestClock, TestEntropy};
use jeton_vault::Vault as _;
use jeton_vault_sqlite::SqliteVault;
use jiff::Timestamp;
use serde_json::Value;

use crate::{
    key_world::{add_tokens, data_keys, ring_of},
    processes::{Server, keys, refusal},
};

/// Enough for a kill to come in the middle, and sealed anew in a second.
const TOKENS: u32 = 4_000;

fn sealing_keys(env: &BTreeMap<&str, String>) -> SealingKeys {
    let text = Secret::new(env["JETON_SEAL__KEY"].clone());
    SealingKeys::new(SealingKey::parse(&text).unwrap(), "the test")
}

async fn vault(state: &Path) -> SqliteVault {
    SqliteVault::open(&state.join("jeton.db")).await.unwrap()
}

async fn fill(state: &Path, env: &BTreeMap<&str, String>, tokens: u32) {
    let (vault, clock) = (vault(state).await, TestClock::default());
    let ring = open_key_ring(&vault, &sealing_keys(env), &clock, &TestEntropy::default())
        .await
        .unwrap();
    // They must not have ended by the clock of the server, which would sweep them away.
    let later = clock.now() + jiff::SignedDuration::from_hours(24 * 365 * 20);
    add_tokens(&vault, &ring, later, tokens).await;
    vault.close().await;
}

/// The killed worker's hold on the job ends after a minute, for which this test does not wait.
async fn end_lease(vault: &SqliteVault) {
    let clock = TestClock::default();
    let later = clock.now() + jiff::SignedDuration::from_hours(24 * 365 * 20);
    let holder = LeaseHolder::generate(later, &TestEntropy::default());
    let mut tx = vault.begin().await.unwrap();
    let held = tx
        .jobs()
        .claim(&["reseal_vault"], holder, later, later, 1)
        .await
        .unwrap();
    for job in held {
        let due = Timestamp::UNIX_EPOCH;
        assert!(
            tx.jobs()
                .retry(job.id, holder, due, "its lease has ended")
                .await
                .unwrap()
        );
    }
    tx.commit().await.unwrap();
}

async fn call(server: &Server, key: &ApiKey, method: &str, path: &str) -> Value {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = http.request(method.parse().unwrap(), format!("{}{path}", server.url));
    let answer = request.bearer_auth(key.secret().expose()).send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.status());
    answer.json().await.unwrap()
}

/// Asks how the keys are until something is so.
async fn until(server: &Server, key: &ApiKey, is_so: impl Fn(&Value) -> bool) -> Value {
    loop {
        let status = call(server, key, "GET", "/v1/keys").await;
        if is_so(&status) {
            return status;
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_while_sealing_anew_and_finished_after_a_restart() {
    let (key, env) = keys();
    let state = tempfile::tempdir().unwrap();
    fill(state.path(), &env, TOKENS).await;
    let server = Server::start(state.path(), &env);
    let new = call(&server, &key, "POST", "/v1/keys/rotate").await["data_key"].clone();
    // As soon as the first values are sealed anew.
    let moved = |status: &Value| {
        status["reseal"]["left"]
            .as_u64()
            .is_none_or(|left| left < u64::from(TOKENS))
    };
    let seen = until(&server, &key, moved).await;
    server.kill();
    // The first token, and the record's key.
    let all = u64::from(TOKENS) + 1;
    {
        let vault = vault(state.path()).await;
        let (_, found) = ring_of(&vault, &sealing_keys(&env)).await;
        assert_eq!(found.iter().map(|(_, _, values)| values).sum::<u64>(), all, "{seen}");
        end_lease(&vault).await;
        vault.close().await;
    }
    let server = Server::start(state.path(), &env);
    let over = until(&server, &key, |status| status["reseal"].is_null()).await;
    assert_eq!(data_keys(&over), [new.as_str().unwrap()]);
    server.kill();
    let vault = vault(state.path()).await;
    let (_, found) = ring_of(&vault, &sealing_keys(&env)).await;
    assert_eq!(found.iter().map(|(_, _, values)| values).sum::<u64>(), all);
    assert!(found.iter().all(|(_, id, _)| id.as_str() == new.as_str().unwrap()));
    vault.close().await;
}

fn jeton(server: &Server, key: &ApiKey, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_jeton"))
        .args(arguments)
        .env_clear()
        .env("HOME", "/nowhere")
        .env("JETON_URL", &server.url)
        .env("JETON_TOKEN", key.secret().expose())
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sealing_key_is_changed_with_two_files_and_two_commands() {
    let (key, mut env) = keys();
    let state = tempfile::tempdir().unwrap();
    fill(state.path(), &env, 50).await;
    let old = env["JETON_SEAL__KEY"].clone();
    let ids = |env: &BTreeMap<&str, String>| sealing_keys(env).current().key.id().to_string();
    let old_id = ids(&env);
    let new = SealingKey::generate(&TestEntropy::default());
    env.insert("JETON_SEAL__KEY", new.to_text().expose().to_owned());
    let new_id = ids(&env);

    let refused = refusal(state.path(), &env);
    for part in [
        "seal.wrong_key",
        &old_id,
        &new_id,
        "seal.previous_key",
        "jeton key rotate",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    env.insert("JETON_SEAL__PREVIOUS_KEY", old.clone());
    let server = Server::start(state.path(), &env);
    let refused = jeton(&server, &key, &["key", "retire", &old_id]);
    let words = String::from_utf8_lossy(&refused.stderr);
    assert!(
        refused.status.code() == Some(1) && words.contains("seal.key_in_use"),
        "{words}"
    );
    let rotated = jeton(&server, &key, &["key", "rotate", "--wait", "--format", "json"]);
    assert!(rotated.status.success(), "{}", String::from_utf8_lossy(&rotated.stderr));
    let rotation: Value = serde_json::from_slice(&rotated.stdout).unwrap();
    let shown = jeton(&server, &key, &["key", "status"]);
    let table = String::from_utf8(shown.stdout).unwrap();
    for part in [
        rotation["data_key"].as_str().unwrap(),
        &format!("{new_id}  current"),
        &format!("{old_id}  previous, may be destroyed"),
        "tokens 50",
    ] {
        assert!(table.contains(part), "{part}: {table}");
    }
    assert!(!table.contains(&old), "no key is shown");
    let retired = jeton(&server, &key, &["key", "retire", &old_id]);
    assert!(retired.status.success(), "{}", String::from_utf8_lossy(&retired.stderr));
    server.kill();
    env.remove("JETON_SEAL__PREVIOUS_KEY");
    Server::start(state.path(), &env).kill();
}
