//! Secrets that were sent in every place where one can be sent, and looked for in every place where none may be.

use std::{
    collections::BTreeMap,
    io::Write,
    sync::{Arc, Mutex},
};

use jeton_domain::Clock as _;
use jeton_testkit::DatabaseKind;
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    browser::{Browser, person},
    jwt_callers::{World, for_us, job},
    raw_sql::sql,
    record_over_http::{by_operator, entries},
};

const PASSWORD: &str = "correct horse battery";

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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_in_the_record_the_database_or_the_log() {
    let log = Log::default();
    let writer = log.clone();
    tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(move || writer.clone())
        .with_ansi(false)
        .try_init()
        .expect("this test has the log to itself: run it with nextest, or alone");
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let World { t, oidc } = World::start(kind).await;
        t.policy(
            json!({"name": "jobs", "callers": {"issuer": "corp", "any_claims": true}, "actions": ["token.mint"],
            "repositories": ["acme/*"], "permissions": {"contents": "read"}}),
        )
        .await;
        let key = t.client_who_reads("ci", "acme/*").await;
        let rotated = t.post("/v1/clients/ci/rotate", json!({})).await.json()["key"]
            .as_str()
            .unwrap()
            .to_owned();
        let jwt = oidc.sign(&for_us(job().claims()));
        let mut expired = for_us(job().claims());
        expired["exp"] = json!(t.clock.now().as_second() - 600);
        let expired = oidc.sign(&expired);
        let mut secrets = BTreeMap::from([
            ("the operator's key", t.key.secret().expose().to_owned()),
            ("a key", key.clone()),
            ("a rotated key", rotated.clone()),
            ("a token of an issuer", jwt.clone()),
            ("an ended one", expired.clone()),
            ("its signature", jwt.rsplit('.').next().unwrap().to_owned()),
            (
                "the signature of an ended one",
                expired.rsplit('.').next().unwrap().to_owned(),
            ),
            (
                "the App's key",
                t.app.private_key_pkcs1_pem.lines().nth(3).unwrap().to_owned(),
            ),
            ("a password", PASSWORD.to_owned()),
            ("a wrong password", "wrong horse battery".to_owned()),
            ("a password in the wrong field", "my-other-password".to_owned()),
        ]);
        for holder in [&key, &rotated, &jwt] {
            let granted = t
                .post_as(holder, "/v1/tokens", json!({"repositories": ["acme/tools"]}))
                .await;
            secrets.insert("a token", granted.json()["token"].as_str().unwrap().to_owned());
            assert_eq!(t.get_as(holder, "/api/acme/tools").await.status, 200);
            // As a URL with the key in it, and in places where a key does not belong.
            t.send(|http, url| {
                http.get(format!("{url}/api/acme/tools"))
                    .basic_auth(holder, Some(holder))
            })
            .await;
            t.send(|http, url| http.get(format!("{url}/v1/grants?key={holder}")).bearer_auth(holder))
                .await;
            t.send(|http, url| http.get(format!("{url}/v1/clients/{holder}")).bearer_auth(holder))
                .await;
            t.send(|http, url| {
                http.get(format!("{url}/v1/whoami"))
                    .header("authorization", format!("Token {holder}"))
            })
            .await;
            t.send(|http, url| {
                http.get(format!("{url}/v1/whoami"))
                    .header("x-api-key", holder.as_str())
            })
            .await;
            t.post("/v1/clients", json!({"name": holder})).await;
            by_operator(&t, "DELETE", &format!("/v1/policies/{holder}"), None).await;
        }
        assert_eq!(t.get_as(&expired, "/v1/whoami").await.status, 401);
        let unknown = jeton_domain::ApiKey::generate(&jeton_testkit::TestEntropy::default())
            .secret()
            .expose()
            .to_owned();
        assert_eq!(t.get_as(&unknown, "/v1/whoami").await.status, 401);
        secrets.insert("an unknown key", unknown);
        let browser = person(&t, "ada", "operator", PASSWORD).await;
        secrets.insert("a session", browser.session().unwrap().to_owned());
        let link = t.post("/v1/users/ada/invite", json!({})).await.json()["link"]
            .as_str()
            .unwrap()
            .to_owned();
        let link = link.split_once("link=").unwrap().1.to_owned();
        let mut other = Browser::default();
        other.get(&t, &format!("/setup?link={link}")).await;
        secrets.insert("a one-time link", link);
        other.sign_in(&t, "ada", "wrong horse battery").await;
        other.sign_in(&t, "my-other-password", "x").await;
        assert_eq!(other.sign_in(&t, "ada", PASSWORD).await.status, 303);
        secrets.insert("another session", other.session().unwrap().to_owned());
        t.delete("/v1/clients/ci?grants=true").await;
        t.clock.advance(SignedDuration::from_mins(2));
        t.worker.run_due().await.unwrap();
        t.broker.access().sweep().await.unwrap();
        t.broker.access().ledger().tick().await.unwrap();
        let record: String = entries(&t, "").await.iter().map(ToString::to_string).collect();
        assert!(record.contains("token.granted") && record.contains("auth.refused"));
        let mut places = vec![("record", record.into_bytes()), ("log", log.0.lock().unwrap().clone())];
        if kind == DatabaseKind::Sqlite {
            let file = t.database.file();
            places.push(("database", std::fs::read(&file).unwrap()));
            places.push((
                "write-ahead log",
                std::fs::read(file.with_extension("db-wal")).unwrap_or_default(),
            ));
        } else if let Some(dump) = sql(&t.database, "SELECT database_to_xml(true, false, '');") {
            assert!(dump.contains("client:ci"));
            places.push(("database", dump.into_bytes()));
        }
        for (place, bytes) in &places {
            for (what, secret) in &secrets {
                let found = bytes
                    .windows(secret.len())
                    .position(|window| window == secret.as_bytes());
                let around = found.map(|at| String::from_utf8_lossy(&bytes[at.saturating_sub(200)..at]).into_owned());
                assert_eq!(around, None, "{kind:?}: {what} is in the {place}");
            }
        }
        assert!(places[1].1.len() > 1_000, "there is a log");
    }
}
