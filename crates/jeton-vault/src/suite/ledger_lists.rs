use jiff::Timestamp;

use super::fixtures::{append, at, begin, entry, mark, read};
use crate::{LedgerEntry, LedgerFilter, Vault};

/// What a filter means, entry by entry.
fn matches(filter: &LedgerFilter, entry: &LedgerEntry) -> bool {
    let is_it = |event: &String| {
        if event.ends_with('.') {
            entry.event.starts_with(event)
        } else {
            entry.event == *event
        }
    };
    let event = filter.events.is_empty() || filter.events.iter().any(is_it);
    let actor = |actor: &String| *actor == entry.actor || *actor == entry.actor_name;
    event
        && filter.actor.as_ref().is_none_or(actor)
        && (filter.fingerprint.is_none() || filter.fingerprint == entry.fingerprint)
        && (filter.request_id.is_none() || filter.request_id == entry.request_id)
        && filter.since.is_none_or(|since| entry.at >= since)
        && filter.until.is_none_or(|until| entry.at < until)
}

/// Entries of all kinds. Now and then a clock goes back.
fn entries() -> Vec<LedgerEntry> {
    let events = [
        "token.granted",
        "token.refused",
        "token",
        "tokens.x",
        "client.key.added",
        "client.added",
        "TOKEN.granted",
    ];
    let people = [
        ("client:1", "client:ci"),
        ("client:2", "client:ci"),
        ("user:3", "client:1"),
        ("operator", "operator"),
    ];
    (1..=120_u64)
        .map(|seq| {
            let pick = |of: usize, salt: u64| usize::try_from(seq * 7 / salt).unwrap() % of;
            let (actor, actor_name) = people[pick(people.len(), 5)];
            let late = if seq % 9 == 0 { 25 } else { 0 };
            LedgerEntry {
                at: at(i64::try_from(seq).unwrap() * 2 - late),
                actor: actor.to_owned(),
                actor_name: actor_name.to_owned(),
                fingerprint: (seq % 3 == 0).then(|| format!("f{}", seq % 4)),
                request_id: (seq % 4 != 0).then(|| format!("r{}", seq % 5)),
                ..entry(seq, events[pick(events.len(), 3)])
            }
        })
        .collect()
}

/// All pages of a list, in pages of a few.
async fn all_pages(vault: &dyn Vault, filter: &LedgerFilter) -> Vec<LedgerEntry> {
    let mut tx = read(vault).await;
    let mut seen: Vec<LedgerEntry> = Vec::new();
    loop {
        let before = seen.last().map(|last| last.seq);
        let page = tx.ledger().list(filter, before, 4).await.unwrap();
        assert!(page.len() <= 4);
        if page.is_empty() {
            return seen;
        }
        seen.extend(page);
    }
}

fn texts(values: &[&str]) -> Vec<Option<String>> {
    [None]
        .into_iter()
        .chain(values.iter().map(|value| Some((*value).to_owned())))
        .collect()
}

/// Every filter alone and with every other one, in pages: newest first, without gap or repeat.
pub async fn ledger_is_listed_by_every_filter_and_all_together(vault: &dyn Vault) {
    let entries = entries();
    append(vault, &entries).await;
    let events = [
        "token.granted",
        "token.",
        "client.",
        "client.key.",
        "token",
        "absent.",
        ".",
    ];
    let actors = ["client:1", "client:ci", "operator", "client:"];
    let mut found = 0;
    for event in texts(&events) {
        for actor in texts(&actors) {
            for fingerprint in texts(&["f0", "f3"]) {
                for request_id in texts(&["r2"]) {
                    for (since, until) in [(None, None), (Some(at(100)), None), (Some(at(61)), Some(at(170)))] {
                        let filter = LedgerFilter {
                            events: event.iter().cloned().collect(),
                            actor: actor.clone(),
                            fingerprint: fingerprint.clone(),
                            request_id: request_id.clone(),
                            since,
                            until,
                        };
                        let listed = all_pages(vault, &filter).await;
                        let mut expected: Vec<_> = entries.iter().filter(|entry| matches(&filter, entry)).collect();
                        expected.reverse();
                        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{filter:?}");
                        found += usize::from(!listed.is_empty());
                    }
                }
            }
        }
    }
    assert!(found > 60, "only {found} of the filters found anything");
}

/// A time is meant exactly, however much the clocks of those who appended differ.
pub async fn ledger_is_listed_by_time_whatever_the_clocks_say(vault: &dyn Vault) {
    let entries = entries();
    append(vault, &entries[..50]).await;
    append(vault, &entries[50..]).await;
    // What was archived no longer counts for anything.
    let mut tx = begin(vault).await;
    tx.ledger().remove_archived(&mark(8)).await.unwrap();
    tx.commit().await.unwrap();
    let bound = |second: i64| (second != 0).then(|| at(second));
    for since in (0..260).step_by(20) {
        for until in (0..260).step_by(20) {
            let filter = LedgerFilter {
                since: bound(since),
                until: bound(until),
                ..LedgerFilter::default()
            };
            let listed = all_pages(vault, &filter).await;
            let left = entries[8..].iter().rev();
            let expected: Vec<_> = left.filter(|entry| matches(&filter, entry)).collect();
            assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{filter:?}");
        }
    }
    let ages = [
        (Some(Timestamp::MIN), Some(Timestamp::MAX)),
        (Some(Timestamp::MIN), None),
        (None, Some(Timestamp::MAX)),
    ];
    for (since, until) in ages {
        let filter = LedgerFilter {
            since,
            until,
            ..LedgerFilter::default()
        };
        assert_eq!(all_pages(vault, &filter).await.len(), 112);
    }
}

/// A page begins below a number, whether there is such an entry or not.
pub async fn ledger_pages_begin_below_any_number(vault: &dyn Vault) {
    let entries = entries();
    append(vault, &entries).await;
    let filter = LedgerFilter {
        actor: Some("client:ci".to_owned()),
        ..LedgerFilter::default()
    };
    let mut tx = read(vault).await;
    for before in [0, 1, 2, 60, 61, 62, 120, 121, 9999, u64::MAX] {
        let page = tx.ledger().list(&filter, Some(before), 3).await.unwrap();
        let below = entries.iter().rev().filter(|entry| entry.seq < before);
        let expected: Vec<_> = below.filter(|entry| matches(&filter, entry)).take(3).collect();
        assert_eq!(page.iter().collect::<Vec<_>>(), expected, "below {before}");
    }
    assert_eq!(tx.ledger().list(&filter, None, 0).await.unwrap(), []);
}

/// Several events, and families of events: each entry once, newest first, alone and with another condition.
pub async fn ledger_is_listed_by_several_events_at_once(vault: &dyn Vault) {
    let entries = entries();
    append(vault, &entries).await;
    for events in [
        &["token.granted", "token.refused"][..],
        &["token.", "token.granted", "client.added"],
        &["client.", "client.key."],
        &["absent", "token"],
        &["absent", "absent."],
    ] {
        for actor in texts(&["client:1", "client:ci"]) {
            for before in [None, Some(60), Some(1)] {
                let filter = LedgerFilter {
                    events: events.iter().map(|event| (*event).to_owned()).collect(),
                    actor: actor.clone(),
                    ..LedgerFilter::default()
                };
                let below = |entry: &&LedgerEntry| before.is_none_or(|before| entry.seq < before);
                let mut expected: Vec<_> = entries
                    .iter()
                    .filter(|one| matches(&filter, one))
                    .filter(below)
                    .collect();
                expected.reverse();
                expected.truncate(7);
                let listed = read(vault).await.ledger().list(&filter, before, 7).await.unwrap();
                assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{filter:?} {before:?}");
            }
            let filter = LedgerFilter {
                events: events.iter().map(|event| (*event).to_owned()).collect(),
                actor: actor.clone(),
                ..LedgerFilter::default()
            };
            let whole = entries.iter().filter(|one| matches(&filter, one)).count();
            assert_eq!(all_pages(vault, &filter).await.len(), whole, "{filter:?}");
        }
    }
}
