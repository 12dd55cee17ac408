//! Accounts' tokens, in every way that they come in, and looked for in every place where none may be.

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{Answer, Database, DatabaseKind, NodeOptions, TestJeton};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    account_world::{ALL, Forge, World, text, with},
    raw_sql::sql,
    record_over_http::entries,
    webhook::Receiver,
};

/// Everything that is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What stands before a secret, where there is one.
fn before(bytes: &[u8], secret: &str) -> Option<String> {
    let at = bytes
        .windows(secret.len())
        .position(|window| window == secret.as_bytes())?;
    Some(String::from_utf8_lossy(&bytes[at.saturating_sub(200)..at]).into_owned())
}

/// What was sent, and what came back.
#[derive(Default)]
struct Planted {
    secrets: Vec<String>,
    answers: Vec<Answer>,
}

/// Tokens of one forge, in every field and under every failure.
async fn plant(w: &World, forge: Forge, found: &mut Planted) {
    let label = forge.word();
    let (token, next, unused) = (w.token(forge), w.token(forge), w.token(forge));
    let given = |token: &str| w.given(forge, token);
    found
        .answers
        .push(w.t.post("/v1/inspect", json!({"token": token})).await);
    found.answers.push(
        w.t.post(
            "/v1/accounts/test",
            with(
                given(&token),
                &json!({"purposes": ["push"], "repository": "acme/tools"}),
            ),
        )
        .await,
    );
    found.answers.push(
        w.t.post("/v1/accounts", with(given(&token), &json!({"label": label})))
            .await,
    );
    // In fields where no token belongs, and in paths.
    for field in ["label", "note", "username", "email", "forge", "base_url", "repository"] {
        let mut body = with(given(&unused), &json!({"label": "odd", "untested": true}));
        body[field] = json!(unused);
        let answer = w.t.post("/v1/accounts", body.clone()).await;
        assert!((400..500).contains(&answer.status), "{field}: {}", answer.text);
        found.answers.push(answer);
        let mut body = given(&token);
        body["lable"] = json!(token);
        found.answers.push(w.t.post("/v1/accounts", body).await);
    }
    for path in [
        format!("/v1/accounts/{token}"),
        format!("/v1/token-guide?forge={token}"),
        format!("/v1/accounts?label={token}"),
    ] {
        found.answers.push(w.t.get(&path).await);
    }
    // Under each failure that quotes what was sent.
    for fault in [
        FaultKind::Garbage,
        FaultKind::EmptyBody,
        FaultKind::BadGateway,
        FaultKind::CutInBody,
        FaultKind::Status {
            status: 500,
            message: format!("cannot read {token}"),
        },
        FaultKind::Status {
            status: 401,
            message: format!("bad {token}"),
        },
        FaultKind::Status {
            status: 403,
            message: format!("forbidden for {token}"),
        },
        FaultKind::Redirect {
            location: format!("https://example.com/?token={token}"),
        },
    ] {
        let fault = w.faults(forge).add(FaultRule::new(fault));
        found
            .answers
            .push(w.t.post(&format!("/v1/accounts/{label}/test"), json!({})).await);
        found.answers.push(w.t.post("/v1/accounts", given(&unused)).await);
        found
            .answers
            .push(w.t.get(&format!("/v1/accounts/{label}/repositories")).await);
        w.faults(forge).remove(fault);
    }
    found
        .answers
        .push(w.t.post(&format!("/v1/accounts/{label}/test"), json!({})).await);
    let handed =
        w.t.try_issue(json!({"account": label, "repositories": ["acme/tools"]}))
            .await;
    assert_eq!(text(&handed.json()["token"]), token, "{}", handed.text);
    found.answers.push(
        w.t.post(
            "/v1/tokens/rejected",
            json!({"fingerprint": handed.json()["fingerprint"]}),
        )
        .await,
    );
    found
        .answers
        .push(w.t.post("/v1/tokens/rejected", json!({"fingerprint": token})).await);
    found.answers.push(
        w.t.post(&format!("/v1/accounts/{label}/rotate"), json!({"token": next}))
            .await,
    );
    assert_eq!(
        found.answers.last().unwrap().status,
        200,
        "{}",
        found.answers.last().unwrap().text
    );
    found.answers.push(w.change(label, json!({"note": "fine"})).await);
    found.secrets.extend([token, next, unused]);
}

/// Tokens that GitLab makes anew.
async fn plant_renewals(w: &World, found: &mut Planted) {
    // One that renews itself, and one whose new token gets lost.
    for (label, is_lost) in [("renews", false), ("loses", true)] {
        let token = w.at_gitlab(&["api"]).token;
        w.t.account(label, w.given(Forge::GitLab, &token)).await;
        found.secrets.push(token);
        if is_lost {
            w.faults(Forge::GitLab)
                .add(FaultRule::new(FaultKind::CutInBody).on("POST /api/v4/personal_access_tokens/self/rotate"));
        }
        found
            .answers
            .push(w.t.post(&format!("/v1/accounts/{label}/rotate"), json!({})).await);
    }
    let handed =
        w.t.try_issue(json!({"account": "renews", "repositories": ["acme/tools"]}))
            .await
            .json();
    found.secrets.push(text(&handed["token"]).to_owned());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_is_in_an_answer_the_log_the_record_the_database_or_a_message() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .try_init()
        .expect("this test has the log to itself: run it with nextest, or alone");
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let receiver = Receiver::start().await;
        let options = NodeOptions {
            webhooks: vec![receiver.hook(&[])],
            ..NodeOptions::default()
        };
        let w = World::around(TestJeton::start_with(Database::new(kind), options).await).await;
        let mut found = Planted::default();
        for forge in ALL {
            plant(&w, forge, &mut found).await;
        }
        plant_renewals(&w, &mut found).await;
        for _ in 0..3 {
            w.t.clock.advance(SignedDuration::from_hours(24 * 12));
            w.t.broker.accounts().watch().await.unwrap();
            w.t.worker.run_due().await.unwrap();
        }
        for path in [
            "/v1/accounts?limit=100",
            "/v1/accounts/renews",
            "/v1/grants",
            "/v1/keys",
            "/readyz",
            "/openapi.json",
        ] {
            found.answers.push(w.t.get(path).await);
        }
        assert!(!receiver.got().is_empty());
        let record: String = entries(&w.t, "").await.iter().map(Value::to_string).collect();
        assert!(
            record.contains("account.added") && record.contains("account.rotated"),
            "{record}"
        );
        let mut places = vec![
            ("record", record.into_bytes()),
            ("log", log.0.lock().unwrap().clone()),
            ("messages", format!("{:?}", receiver.got()).into_bytes()),
            (
                "debug",
                format!("{:?} {:?}", w.t.broker, w.t.broker.accounts()).into_bytes(),
            ),
            (
                "answers",
                found
                    .answers
                    .iter()
                    .flat_map(|answer| answer.text.clone().into_bytes())
                    .collect(),
            ),
        ];
        if kind == DatabaseKind::Sqlite {
            let file = w.t.database.file();
            places.push(("database", std::fs::read(&file).unwrap()));
            places.push((
                "write-ahead log",
                std::fs::read(file.with_extension("db-wal")).unwrap_or_default(),
            ));
        } else if let Some(dump) = sql(&w.t.database, "SELECT database_to_xml(true, false, '');") {
            assert!(dump.contains("renews"));
            places.push(("database", dump.into_bytes()));
        }
        for (place, bytes) in &places {
            for (number, secret) in found.secrets.iter().enumerate() {
                assert_eq!(
                    before(bytes, secret),
                    None,
                    "{kind:?}: token {number} is in the {place}"
                );
            }
        }
        assert!(places[1].1.len() > 1_000, "there is a log");
    }
}
