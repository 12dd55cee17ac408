use std::sync::{Arc, atomic::Ordering};

use futures_util::future::join_all;
use jeton_domain::{Code, Coded as _};
use jeton_vault::{LedgerFilter, Vault as _};
use jiff::SignedDuration;

use super::world::{World, event, on_both, verify};
use crate::{Event, Ledger, LedgerError, Write, events};

async fn all(ledger: &Ledger) -> Vec<jeton_vault::LedgerEntry> {
    let mut entries = Vec::new();
    let mut after = 0;
    loop {
        let page = ledger.scan(&LedgerFilter::default(), after, 1_000).await.unwrap();
        entries.extend(page.entries);
        let Some(next) = page.next else { return entries };
        after = next;
    }
}

on_both! {
    async fn an_entry_says_who_what_and_when(world: &World) {
        let ledger = world.filled(3).await;
        let page = ledger.list(&LedgerFilter::default(), None, 2).await.unwrap();
        assert_eq!(page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 2]);
        assert_eq!(page.next, Some(2));
        let page = ledger.list(&LedgerFilter::default(), page.next, 2).await.unwrap();
        assert_eq!(page.next, None);
        let [entry] = page.entries.as_slice() else { panic!("one entry") };
        assert_eq!((entry.seq, entry.event.as_str(), entry.actor.as_str()), (1, "token.granted", "anonymous"));
        assert_eq!(entry.body, r#"{"address":"203.0.113.9","number":0}"#);
        assert_eq!(entry.at.as_millisecond(), 1_793_610_000_123);
        assert_eq!(entry.request_id.as_deref(), Some("request-0"));
        let verdict = verify(&ledger).await;
        assert!(verdict.is_whole());
        assert_eq!((verdict.first, verdict.last, verdict.entries), (Some(1), Some(3), 3));
        assert_eq!(ledger.head(), Some((3, verdict.head_hash.unwrap())));
    }

    async fn an_empty_record_is_whole(world: &World) {
        let verdict = verify(&world.ledger().await).await;
        assert!(verdict.is_whole());
        assert_eq!((verdict.first, verdict.last, verdict.entries, verdict.head_hash), (None, None, 0, None));
    }

    async fn the_chain_goes_on_after_a_restart(world: &World) {
        world.filled(2).await.close().await;
        let ledger = world.filled(2).await;
        let verdict = verify(&ledger).await;
        assert!(verdict.is_whole());
        assert_eq!(verdict.entries, 4);
    }

    async fn an_entry_in_a_transaction_shares_its_fate(world: &World) {
        let ledger = world.filled(1).await;
        for (name, commit) in [("dropped", false), ("kept", true)] {
            let mut tx = world.vault.begin().await.unwrap();
            tx.settings().add(name, b"x").await.unwrap();
            let events = [event(1), Event::by_system(events::SERVER_STARTED)];
            ledger.append_in(&mut *tx, &events).await.unwrap();
            if commit {
                tx.commit().await.unwrap();
            }
        }
        let verdict = verify(&ledger).await;
        assert!(verdict.is_whole());
        assert_eq!(verdict.entries, 3);
        let mut tx = world.vault.read().await.unwrap();
        assert_eq!(tx.settings().find("dropped").await.unwrap(), None);
        assert!(tx.settings().find("kept").await.unwrap().is_some());
    }

    async fn writes_at_the_same_time_share_a_transaction(world: &World) {
        let ledger = world.ledger().await;
        // On this thread the writer runs only when the test waits.
        let writes: Vec<_> = (0..600).map(|number| ledger.record(Write::event(event(number)))).collect();
        for outcome in join_all(writes).await {
            outcome.unwrap();
        }
        let stats = ledger.stats();
        assert_eq!((stats.batches, stats.entries), (3, 600));
        let numbers: Vec<u64> = all(&ledger).await.iter().map(|entry| entry.seq).collect();
        assert_eq!(numbers, (1..=600).collect::<Vec<_>>());
        assert!(verify(&ledger).await.is_whole());
    }

    async fn many_writers_leave_no_gap(world: &World) {
        let ledger = world.ledger().await;
        let mut writers = tokio::task::JoinSet::new();
        for number in 0..200 {
            let (ledger, vault) = (ledger.clone(), Arc::clone(&world.vault));
            writers.spawn(async move {
                if number % 20 != 0 {
                    return ledger.record(Write::event(event(number))).await.unwrap();
                }
                let mut tx = vault.begin().await.unwrap();
                ledger.append_in(&mut *tx, &[event(number)]).await.unwrap();
                tx.commit().await.unwrap();
            });
        }
        while let Some(done) = writers.join_next().await {
            done.unwrap();
        }
        let verdict = verify(&ledger).await;
        assert!(verdict.is_whole(), "{:?}", verdict.findings);
        assert_eq!((verdict.last, verdict.entries), (Some(200), 200));
    }

    async fn a_write_whose_caller_went_away_is_written(world: &World) {
        let ledger = world.ledger().await;
        drop(ledger.record(Write::event(event(1))));
        ledger.flush().await.unwrap();
        assert_eq!(all(&ledger).await.len(), 1);
    }

    async fn a_grant_is_there_with_its_entry_or_not_at_all(world: &World) {
        let ledger = world.ledger().await;
        let (live, fresh, revoked) = (world.token(), world.token(), world.token());
        world.add_token(&live).await;
        world.add_token(&revoked).await;
        let mut tx = world.vault.begin().await.unwrap();
        assert!(tx.tokens().begin_revoke(revoked.id).await.unwrap());
        tx.commit().await.unwrap();
        let taken = world.grant(&live);
        let write = |number, grant| Write { events: vec![event(number)], grant: Some(grant) };
        ledger.record(write(0, (None, taken.clone()))).await.unwrap();
        let before = ledger.stats().batches;
        let grants = [world.grant(&live), world.grant(&fresh), world.grant(&revoked), taken, world.grant(&live)];
        let [one, two, three, four, five] = grants.clone();
        let outcomes = join_all([
            ledger.record(write(1, (None, one))),
            ledger.record(write(2, (Some(fresh.clone()), two))),
            ledger.record(write(3, (Some(revoked.clone()), three))),
            // An id that is taken: on PostgreSQL that ends the transaction.
            ledger.record(write(4, (None, four))),
            ledger.record(write(5, (Some(live.clone()), five))),
        ])
        .await;
        let conflicts: Vec<bool> = outcomes
            .iter()
            .map(|outcome| outcome.as_ref().is_err_and(LedgerError::is_conflict))
            .collect();
        assert_eq!(conflicts, [false, false, true, true, false]);
        assert!(outcomes[0].is_ok() && outcomes[1].is_ok() && outcomes[4].is_ok());
        assert_eq!(ledger.stats().batches, before + 1);
        let bodies: Vec<_> = all(&ledger).await.into_iter().map(|entry| entry.request_id.unwrap()).collect();
        assert_eq!(bodies, ["request-0", "request-1", "request-2", "request-5"]);
        let mut tx = world.vault.read().await.unwrap();
        assert!(tx.tokens().find(fresh.id).await.unwrap().is_some());
        for (grant, is_there) in grants.iter().zip([true, true, false, true, true]) {
            assert_eq!(tx.grants().find(grant.id).await.unwrap().is_some(), is_there);
        }
        drop(tx);
        assert!(verify(&ledger).await.is_whole());
    }

    async fn conflicts_alone_write_nothing_and_spoil_nothing(world: &World) {
        let ledger = world.ledger().await;
        let token = world.token();
        world.add_token(&token).await;
        let first = world.grant(&token);
        let silent = |grant| Write { events: Vec::new(), grant: Some((None, grant)) };
        ledger.record(silent(first.clone())).await.unwrap();
        let other = world.grant(&token);
        let outcomes = join_all([ledger.record(silent(other.clone())), ledger.record(silent(first))]).await;
        assert!(outcomes[0].is_ok());
        assert!(outcomes[1].as_ref().unwrap_err().is_conflict());
        let found = world.vault.read().await.unwrap().grants().find(other.id).await.unwrap();
        assert!(found.is_some());
        assert!(all(&ledger).await.is_empty());
    }

    async fn refusals_wait_for_a_database_that_is_away(world: &World) {
        let ledger = world.ledger().await;
        world.vault.away.store(u32::MAX, Ordering::SeqCst);
        for number in 0..3 {
            ledger.note(event(number));
        }
        let error = ledger.flush().await.unwrap_err();
        assert_eq!(error.code(), Code::VaultUnavailable);
        let error = ledger.record(Write::event(event(3))).await.unwrap_err();
        assert_eq!(error.code(), Code::VaultUnavailable);
        assert_eq!(ledger.stats().waiting, 3);
        world.vault.away.store(0, Ordering::SeqCst);
        ledger.flush().await.unwrap();
        let ids: Vec<_> = all(&ledger).await.into_iter().map(|entry| entry.request_id.unwrap()).collect();
        assert_eq!(ids, ["request-0", "request-1", "request-2"]);
        assert_eq!(ledger.stats().waiting, 0);
    }

    async fn a_write_takes_waiting_refusals_along(world: &World) {
        let ledger = world.ledger().await;
        world.vault.away.store(1, Ordering::SeqCst);
        ledger.note(event(0));
        ledger.flush().await.unwrap_err();
        ledger.record(Write::event(event(1))).await.unwrap();
        assert_eq!(all(&ledger).await.len(), 2);
    }

    async fn refusals_beyond_the_bound_are_counted(world: &World) {
        let ledger = world.ledger().await;
        world.vault.away.store(1, Ordering::SeqCst);
        for number in 0..10_050 {
            ledger.note(event(number));
        }
        assert_eq!((ledger.stats().waiting, ledger.stats().dropped), (10_000, 50));
        ledger.flush().await.unwrap_err();
        ledger.flush().await.unwrap();
        let entries = all(&ledger).await;
        assert_eq!(entries.len(), 10_001);
        let dropped: Vec<_> = entries.iter().filter(|entry| entry.event == events::RECORD_DROPPED).collect();
        assert_eq!(dropped.len(), 1);
        assert_eq!(dropped[0].body, r#"{"count":50}"#);
        assert_eq!(dropped[0].actor, "jeton");
        assert!(verify(&ledger).await.is_whole());
    }

    async fn repeated_refusals_are_one_entry_and_a_count(world: &World) {
        let ledger = world.ledger().await;
        for _ in 0..100 {
            ledger.note_repeated(event(0).with("code", "auth.missing"));
        }
        ledger.flush().await.unwrap();
        assert_eq!(all(&ledger).await.len(), 1);
        world.clock.advance(SignedDuration::from_secs(61));
        ledger.tick().await.unwrap();
        ledger.flush().await.unwrap();
        let entries = all(&ledger).await;
        assert_eq!(entries.len(), 2);
        assert!(entries[1].body.contains(r#""code":"auth.missing""#), "{}", entries[1].body);
        assert!(entries[1].body.contains(r#""times":99"#), "{}", entries[1].body);
        // What is about something else is an entry of its own.
        ledger.note_repeated(event(1).with("code", "auth.missing"));
        ledger.flush().await.unwrap();
        assert_eq!(all(&ledger).await.len(), 3);
    }

    async fn a_panic_fails_one_batch_and_not_the_writer(world: &World) {
        let ledger = world.ledger().await;
        world.vault.panics.store(1, Ordering::SeqCst);
        let error = ledger.record(Write::event(event(0))).await.unwrap_err();
        assert_eq!(error.code(), Code::Internal);
        // Of several, each is tried alone.
        world.vault.panics.store(2, Ordering::SeqCst);
        let outcomes = join_all((1..4).map(|number| ledger.record(Write::event(event(number))))).await;
        assert_eq!(outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(), [false, true, true]);
        assert_eq!(all(&ledger).await.len(), 2);
    }

    async fn closing_writes_what_is_there_and_lets_nothing_in(world: &World) {
        let ledger = world.ledger().await;
        let last = ledger.record(Write::event(event(0)));
        ledger.note(event(1));
        ledger.note_repeated(event(2));
        ledger.note_repeated(event(2));
        ledger.close().await;
        last.await.unwrap();
        let error = ledger.record(Write::event(event(4))).await.unwrap_err();
        assert_eq!(error.code(), Code::RecordUnwritable);
        ledger.note(event(5));
        ledger.close().await;
        let bodies: Vec<_> = all(&ledger).await.into_iter().map(|entry| entry.body).collect();
        assert_eq!(bodies.len(), 4);
        assert!(bodies[3].contains(r#""times":1"#), "{}", bodies[3]);
    }

    async fn closing_ends_though_the_database_is_away(world: &World) {
        let ledger = world.ledger().await;
        world.vault.away.store(u32::MAX, Ordering::SeqCst);
        let last = ledger.record(Write::event(event(0)));
        ledger.note(event(1));
        ledger.close().await;
        assert_eq!(last.await.unwrap_err().code(), Code::VaultUnavailable);
    }

    async fn the_last_handle_takes_the_writer_along(world: &World) {
        let ledger = world.ledger().await;
        let last = ledger.record(Write::event(event(0)));
        drop(ledger);
        last.await.unwrap();
        assert_eq!(all(&world.ledger().await).await.len(), 1);
    }

    async fn pages_are_filtered(world: &World) {
        let ledger = world.filled(5).await;
        ledger.record(Write::event(Event::by_system(events::SERVER_STOPPED))).await.unwrap();
        let filters = [
            LedgerFilter { events: vec!["server.".to_owned()], ..LedgerFilter::default() },
            LedgerFilter { actor: Some("jeton".to_owned()), ..LedgerFilter::default() },
            LedgerFilter { since: Some(jiff::Timestamp::from_millisecond(1_793_610_005_000).unwrap()), ..LedgerFilter::default() },
        ];
        for filter in filters {
            let scanned = ledger.scan(&filter, 0, 10).await.unwrap();
            assert_eq!(scanned.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [6], "{filter:?}");
            assert_eq!(scanned, ledger.list(&filter, None, 10).await.unwrap());
        }
        let token = LedgerFilter { events: vec!["token.granted".to_owned()], ..LedgerFilter::default() };
        let page = ledger.scan(&token, 1, 3).await.unwrap();
        assert_eq!(page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [2, 3, 4]);
        let page = ledger.scan(&token, page.next.unwrap(), 3).await.unwrap();
        assert_eq!(page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [5]);
        assert_eq!(page.next, None);
    }
}

#[tokio::test]
async fn a_write_that_no_database_takes_fails_alone() {
    let world = World::postgres().await;
    let ledger = world.ledger().await;
    let token = world.token();
    world.add_token(&token).await;
    // PostgreSQL's text holds no NUL.
    let mut poison = world.grant(&token);
    poison.holder = "\0".to_owned();
    let write = |number, grant| Write {
        events: vec![event(number)],
        grant: Some((None, grant)),
    };
    ledger.note(event(9));
    let outcomes = join_all([
        ledger.record(write(0, world.grant(&token))),
        ledger.record(write(1, poison)),
        ledger.record(write(2, world.grant(&token))),
    ])
    .await;
    assert_eq!(
        outcomes.iter().map(Result::is_ok).collect::<Vec<_>>(),
        [true, false, true]
    );
    ledger.flush().await.unwrap();
    assert_eq!(all(&ledger).await.len(), 3);
    assert!(verify(&ledger).await.is_whole());
}

#[tokio::test]
async fn two_servers_on_one_database_take_turns() {
    let world = World::postgres().await;
    let (one, two) = tokio::join!(world.ledger(), world.ledger());
    let writes = (0..100).map(|number| {
        let ledger = if number % 2 == 0 { one.clone() } else { two.clone() };
        tokio::spawn(async move { ledger.record(Write::event(event(number))).await })
    });
    for outcome in join_all(writes.collect::<Vec<_>>()).await {
        outcome.unwrap().unwrap();
    }
    for ledger in [&one, &two] {
        let verdict = verify(ledger).await;
        assert!(verdict.is_whole(), "{:?}", verdict.findings);
        assert_eq!((verdict.last, verdict.entries), (Some(100), 100));
    }
}
