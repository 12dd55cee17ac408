use super::fixtures::{append, at, begin, entry, mark, read};
use crate::{LedgerEntry, LedgerFilter, LedgerMark, Vault, VaultError};

/// What went in comes out, and the head is where it was put.
pub async fn ledger_entries_are_read_as_they_were_appended(vault: &dyn Vault) {
    let mut tx = read(vault).await;
    assert_eq!(tx.ledger().head().await.unwrap(), None);
    assert_eq!(tx.ledger().base().await.unwrap(), None);
    assert_eq!(tx.ledger().scan(0, 10).await.unwrap(), []);
    assert_eq!(tx.ledger().last_before(at(1000)).await.unwrap(), None);
    drop(tx);
    let full = LedgerEntry {
        actor: "client:an id".to_owned(),
        actor_name: "client:ci".to_owned(),
        fingerprint: Some("sha256:0123".to_owned()),
        request_id: Some("request-1".to_owned()),
        body: "{\"text\": \"ü'\\n\\u0001\", \"b\":1,\"a\":2}".to_owned(),
        hash: [0; 32],
        ..entry(2, "token.granted")
    };
    let entries = [entry(1, "server.started"), full];
    let head = LedgerMark {
        seq: 2,
        hash: [1; 32],
        mac: [2; 32],
    };
    let mut tx = begin(vault).await;
    assert_eq!(tx.ledger().head().await.unwrap(), None);
    tx.ledger().append(&entries, &head).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = begin(vault).await;
    assert_eq!(tx.ledger().head().await.unwrap(), Some(head));
    assert_eq!(tx.ledger().scan(0, 10).await.unwrap(), entries);
}

/// Oldest first, from after a number, up to a limit; also what came in more than one statement.
pub async fn ledger_is_scanned_in_its_order(vault: &dyn Vault) {
    let entries: Vec<_> = (1..=1203).map(|seq| entry(seq, "token.granted")).collect();
    append(vault, &entries[..1200]).await;
    append(vault, &entries[1200..]).await;
    let mut tx = read(vault).await;
    let mut seen: Vec<LedgerEntry> = Vec::new();
    loop {
        let after = seen.last().map_or(0, |last| last.seq);
        let page = tx.ledger().scan(after, 500).await.unwrap();
        if page.is_empty() {
            break;
        }
        assert!(page.len() <= 500);
        seen.extend(page);
    }
    assert_eq!(seen, entries);
    assert_eq!(tx.ledger().scan(u64::MAX, 10).await.unwrap(), []);
}

/// A number is taken once; nothing of a refused append stays, and the transaction can go on.
pub async fn ledger_numbers_are_taken_once(vault: &dyn Vault) {
    let first = [entry(1, "a.b"), entry(2, "a.b"), entry(3, "a.b")];
    append(vault, &first).await;
    for entries in [
        vec![entry(3, "c.d")],
        vec![entry(2, "c.d"), entry(4, "c.d")],
        vec![entry(1, "c.d")],
    ] {
        let mut tx = begin(vault).await;
        let error = tx.ledger().append(&entries, &mark(4)).await.unwrap_err();
        assert!(
            matches!(&error, VaultError::Conflict(what) if what.contains("of the record")),
            "{error}"
        );
        assert_eq!(tx.ledger().scan(0, 10).await.unwrap(), first);
        assert_eq!(tx.ledger().head().await.unwrap(), Some(mark(3)));
    }
    // Nor does the head alone move back.
    let mut tx = begin(vault).await;
    let error = tx.ledger().append(&[], &mark(2)).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
}

/// In steps: what was archived is gone, all else stays, its numbers are never used again, and the base is on record.
pub async fn ledger_is_archived_in_steps(vault: &dyn Vault) {
    let entries: Vec<_> = (1..=10).map(|seq| entry(seq, "token.granted")).collect();
    append(vault, &entries).await;
    for (base, removed) in [(4, 4), (7, 3), (7, 0)] {
        let mut tx = begin(vault).await;
        assert_eq!(tx.ledger().remove_archived(&mark(base)).await.unwrap(), removed);
        tx.commit().await.unwrap();
    }
    let mut tx = begin(vault).await;
    assert_eq!(tx.ledger().base().await.unwrap(), Some(mark(7)));
    assert_eq!(tx.ledger().head().await.unwrap(), Some(mark(10)));
    assert_eq!(tx.ledger().scan(0, 20).await.unwrap(), entries[7..]);
    let error = tx.ledger().remove_archived(&mark(6)).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
    let error = tx.ledger().remove_archived(&mark(11)).await.unwrap_err();
    assert!(matches!(error, VaultError::Corrupt(_)), "{error}");
    let error = tx.ledger().append(&[entry(5, "a.b")], &mark(10)).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
    assert_eq!(tx.ledger().base().await.unwrap(), Some(mark(7)));
    drop(tx);
    // All of it, and on from there.
    let mut tx = begin(vault).await;
    assert_eq!(tx.ledger().remove_archived(&mark(10)).await.unwrap(), 3);
    let error = tx.ledger().append(&[entry(10, "a.b")], &mark(10)).await.unwrap_err();
    assert!(matches!(error, VaultError::Conflict(_)), "{error}");
    tx.ledger().append(&[entry(11, "a.b")], &mark(11)).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(tx.ledger().scan(0, 20).await.unwrap(), [entry(11, "a.b")]);
    let all = LedgerFilter::default();
    assert_eq!(tx.ledger().list(&all, None, 10).await.unwrap(), [entry(11, "a.b")]);
}

/// The last entry before a time, also where clocks went back: the time itself is not before.
pub async fn ledger_tells_the_last_entry_before_a_time(vault: &dyn Vault) {
    let times = [10, 20, 100, 30, 40, 110];
    let entries: Vec<_> = (1..)
        .zip(times)
        .map(|(seq, second)| LedgerEntry {
            at: at(second),
            ..entry(seq, "a.b")
        })
        .collect();
    append(vault, &entries).await;
    let mut tx = read(vault).await;
    for (before, expected) in [
        (10, None),
        (11, Some(1)),
        (30, Some(2)),
        (31, Some(4)),
        (41, Some(5)),
        (100, Some(5)),
        (110, Some(5)),
        (111, Some(6)),
        (9999, Some(6)),
    ] {
        let last = tx.ledger().last_before(at(before)).await.unwrap();
        assert_eq!(last, expected, "before {before}");
    }
}
