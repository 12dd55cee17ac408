//! Whoever may change the database can change the record, and it shows.

use jeton_domain::Clock as _;
use jeton_testkit::{Database, DatabaseKind, NodeOptions, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    raw_sql::{raw_sql, sql, without_guards},
    record_over_http::{entries, verdict},
};

both_databases! {
    async fn an_edit_by_hand_is_found(t: TestJeton) {
        for name in ["one", "two", "three", "four", "five", "six"] {
            t.client(name).await;
        }
        let all = entries(&t, "event=client.added").await;
        let seq = |number: usize| all[number]["seq"].as_u64().unwrap();
        let guarded = raw_sql(&t.database, &format!("UPDATE ledger SET actor_name = 'eve' WHERE seq = {};", seq(1)));
        let Some(guarded) = guarded else { return };
        assert!(!guarded.status.success(), "the database itself refuses an honest mistake");
        assert!(without_guards(&t.database));
        assert_eq!(verdict(&t).await["ok"], true);
        for column in ["actor_name = 'eve'", "actor = 'client:eve'", "event = 'client.revoked'", "at = at - 1", "body = '{}'", "request_id = 'x'", "fingerprint = '000000000000'", "request_id = NULL"] {
            let (here, name) = (seq(2), column.split(' ').next().unwrap());
            sql(&t.database, &format!("CREATE TABLE kept AS SELECT * FROM ledger WHERE seq = {here}; UPDATE ledger SET {column} WHERE seq = {here};")).unwrap();
            let found = verdict(&t).await;
            assert_eq!(found["ok"], false, "{column}");
            let findings = found["findings"].as_array().unwrap();
            assert_eq!(findings.len(), 1, "{column}: one edit is one finding: {findings:?}");
            assert_eq!((&findings[0]["seq"], &findings[0]["kind"]), (&json!(here), &json!("changed")), "{column}");
            assert_eq!(t.get("/v1/record").await.status, 200, "it can still be read");
            sql(&t.database, &format!("UPDATE ledger SET {name} = (SELECT {name} FROM kept) WHERE seq = {here}; DROP TABLE kept;")).unwrap();
            assert_eq!(verdict(&t).await["ok"], true, "{column}: as it was");
        }
        // Two whole entries change places.
        let (a, b) = (seq(1), seq(3));
        sql(&t.database, &format!("UPDATE ledger SET seq = 999999 WHERE seq = {a}; UPDATE ledger SET seq = {a} WHERE seq = {b}; UPDATE ledger SET seq = {b} WHERE seq = 999999;")).unwrap();
        let found = verdict(&t).await;
        let seqs: Vec<_> = found["findings"].as_array().unwrap().iter().map(|finding| finding["seq"].as_u64().unwrap()).collect();
        assert!(found["ok"] == false && seqs.contains(&a) && seqs.contains(&b), "{found}");
        sql(&t.database, &format!("UPDATE ledger SET seq = 999999 WHERE seq = {a}; UPDATE ledger SET seq = {a} WHERE seq = {b}; UPDATE ledger SET seq = {b} WHERE seq = 999999;")).unwrap();
        assert_eq!(verdict(&t).await["ok"], true);
        // One from the middle, then the last.
        sql(&t.database, &format!("DELETE FROM ledger WHERE seq = {a};")).unwrap();
        let kinds = |found: &Value| -> Vec<String> {
            found["findings"].as_array().unwrap().iter().map(|finding| finding["kind"].as_str().unwrap().to_owned()).collect()
        };
        let found = verdict(&t).await;
        assert!(kinds(&found).contains(&"missing".to_owned()), "{found}");
        sql(&t.database, "DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger);").unwrap();
        let found = verdict(&t).await;
        assert!(kinds(&found).contains(&"tail_missing".to_owned()), "{found}");
    }
}

/// What is in no hash must not decide what is shown: an entry that a search passes over is as good as removed.
async fn an_entry_cannot_be_hidden_from_a_search(kind: DatabaseKind) {
    let t = TestJeton::start(kind).await;
    let mut times = Vec::new();
    for name in ["one", "two", "three", "four"] {
        t.clock.advance(SignedDuration::from_mins(1));
        times.push(t.clock.now());
        t.client(name).await;
    }
    let all = entries(&t, "event=client.added").await;
    for edit in [
        "latest = latest + 600000000",
        "latest = at",
        "event = event || ' '",
        "actor = actor || ' '",
    ] {
        let seq = &all[1]["seq"];
        let edited = sql(
            &t.database,
            &format!("CREATE TABLE kept AS SELECT * FROM ledger WHERE seq = {seq};"),
        );
        if edited.is_none() || !without_guards(&t.database) {
            return;
        }
        sql(&t.database, &format!("UPDATE ledger SET {edit} WHERE seq = {seq};")).unwrap();
        let query = format!("since={}&until={}", times[1], times[2] + SignedDuration::from_secs(1));
        let exported = entries(&t, &query).await;
        let listed = t.get(&format!("/v1/record?{query}")).await.json()["entries"].clone();
        let found = verdict(&t).await["ok"] == false;
        for shown in [&exported, listed.as_array().unwrap()] {
            let shown: Vec<_> = shown.iter().map(|entry| &entry["seq"]).collect();
            assert!(
                found || shown.contains(&seq),
                "{kind:?} {edit}: neither shown nor found: {shown:?}"
            );
        }
        sql(
            &t.database,
            "UPDATE ledger SET latest = kept.latest, event = kept.event, actor = kept.actor FROM kept WHERE ledger.seq = kept.seq; DROP TABLE kept;",
        )
        .unwrap();
        assert_eq!(verdict(&t).await["ok"], true, "{edit}: as it was");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_cannot_be_hidden_from_a_search_on_sqlite() {
    an_entry_cannot_be_hidden_from_a_search(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_entry_cannot_be_hidden_from_a_search_on_postgres() {
    an_entry_cannot_be_hidden_from_a_search(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_record_that_was_turned_back_shows_by_what_lies_outside() {
    for kind in [DatabaseKind::Sqlite, DatabaseKind::Postgres] {
        let outside = tempfile::tempdir().unwrap();
        let options = NodeOptions {
            anchor_file: Some(outside.path().join("anchor")),
            ..NodeOptions::default()
        };
        let t = TestJeton::start_with(Database::new(kind), options).await;
        t.client("one").await;
        if sql(&t.database, "CREATE TABLE kept AS SELECT * FROM ledger_marks;").is_none() {
            return;
        }
        t.client("two").await;
        t.broker.access().ledger().tick().await.unwrap();
        let good = verdict(&t).await;
        assert_eq!(good["ok"], true);
        let expect = format!("{}:{}", good["last"], good["head"].as_str().unwrap());
        assert!(without_guards(&t.database));
        // The tail goes, and the mark of the end is the genuine one of before.
        sql(&t.database, "DELETE FROM ledger WHERE seq > (SELECT seq FROM kept WHERE name = 'head');
            UPDATE ledger_marks SET seq = (SELECT seq FROM kept WHERE name = 'head'), hash = (SELECT hash FROM kept WHERE name = 'head'),
            mac = (SELECT mac FROM kept WHERE name = 'head') WHERE name = 'head';").unwrap();
        let found = verdict(&t).await;
        assert_eq!(
            (&found["ok"], &found["findings"][0]["kind"]),
            (&json!(false), &json!("rolled_back")),
            "{kind:?}: {found}"
        );
        let found = t.post("/v1/record/verify", json!({"expect": expect})).await.json();
        let kinds: Vec<_> = found["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["kind"].clone())
            .collect();
        assert!(kinds.contains(&json!("not_as_expected")), "{found}");
    }
}
