use std::net::{IpAddr, Ipv6Addr};

use jeton_domain::{Caller, Identity, IdentityKey};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    Event, events,
    repeated::{DIFFERENT, KNOWN, NEW_STRANGERS, OF_ONE, Repeated, STRANGERS},
};

const FLOOD: u32 = 100_000;

fn refusal(address: impl Into<IpAddr>, code: &str) -> Event {
    Event::new(events::AUTH_REFUSED, &Caller::anonymous(Some(address.into()))).with("code", code)
}

fn denial(uid: u32, address: impl Into<IpAddr>, repository: &str) -> Event {
    let caller = Caller {
        identity: Identity::Unix { uid, gid: uid },
        address: Some(address.into()),
    };
    Event::new(events::TOKEN_REFUSED, &caller).with("repositories", json!([repository]))
}

fn network(a: u16, b: u16, c: u16) -> Ipv6Addr {
    Ipv6Addr::new(0x2001, a, b, c, 1, 2, 3, 4)
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + seconds).unwrap()
}

/// How many of them are entries at once.
fn noted(repeated: &Repeated, events: impl Iterator<Item = Event>, seconds: i64) -> usize {
    events.filter_map(|event| repeated.add(event, at(seconds))).count()
}

fn times(due: &[Event]) -> u64 {
    due.iter().map(|event| event.details["times"].as_u64().unwrap()).sum()
}

#[test]
fn the_first_is_noted_and_further_ones_are_counted() {
    let repeated = Repeated::default();
    let first = refusal([203, 0, 113, 9], "auth.missing");
    assert_eq!(repeated.add(first.clone(), at(0)), Some(first.clone()));
    for second in 1..=5 {
        assert_eq!(repeated.add(first.clone(), at(second)), None);
    }
    // Another code and another address are other groups.
    let code = refusal([203, 0, 113, 9], "auth.unknown_key");
    assert!(repeated.add(code, at(6)).is_some());
    let address = refusal([203, 0, 113, 8], "auth.missing");
    assert!(repeated.add(address, at(6)).is_some());
    assert!(repeated.due(at(59), false).is_empty());
    let due = repeated.due(at(60), false);
    assert_eq!(due.len(), 1);
    assert_eq!(
        json!(due[0].details),
        json!({"times": 5, "address": "203.0.113.9", "code": "auth.missing"})
    );
    // The group goes on, and is forgotten after a quiet minute.
    assert_eq!(repeated.add(first.clone(), at(61)), None);
    assert_eq!(repeated.due(at(120), false).len(), 1);
    assert!(repeated.due(at(180), false).is_empty());
    assert!(repeated.add(first, at(181)).is_some());
}

#[test]
fn neighbours_in_a_64_are_one_stranger() {
    let repeated = Repeated::default();
    let address = |last| Ipv6Addr::new(0x2001, 0xdb8, 0, 7, 1, 2, 3, last);
    assert!(repeated.add(refusal(address(1), "auth.missing"), at(0)).is_some());
    assert!(repeated.add(refusal(address(2), "auth.missing"), at(0)).is_none());
    let due = repeated.due(at(60), false);
    assert_eq!(due[0].details["address"], "2001:db8:0:7::/64");
}

#[test]
fn a_flood_of_different_things_is_one_count_and_hides_nobody() {
    let repeated = Repeated::default();
    let flood =
        |range: std::ops::Range<u32>| range.map(|number| denial(1, [203, 0, 113, 9], &format!("acme/r{number}")));
    let mut entries = noted(&repeated, flood(0..FLOOD / 2), 0);
    assert_eq!(entries, DIFFERENT + 1);
    // Somebody else behind the same address, and the same caller elsewhere and about something else.
    let other = denial(2, [203, 0, 113, 9], "acme/tools");
    assert_eq!(repeated.add(other.clone(), at(1)), Some(other.clone()));
    assert_eq!(repeated.add(other.clone(), at(1)), None);
    assert!(repeated.add(denial(1, [203, 0, 113, 8], "acme/r0"), at(1)).is_some());
    let mut action = denial(1, [203, 0, 113, 9], "acme/tools");
    action.name = events::ACCESS_REFUSED;
    assert!(repeated.add(action, at(1)).is_some());
    entries += noted(&repeated, flood(FLOOD / 2..FLOOD), 2);
    let due = repeated.due(at(61), false);
    entries += due.len();
    assert_eq!(entries, DIFFERENT + 3);
    let [one, two] = [1, 2].map(|uid| {
        due.iter()
            .find(|event| event.actor == Some(IdentityKey::Unix(uid)))
            .unwrap()
    });
    assert_eq!(
        json!(one.details),
        json!({"times": FLOOD as usize - DIFFERENT - 1, "address": "203.0.113.9", "different": true})
    );
    assert_eq!(one.actor_name, denial(1, [203, 0, 113, 9], "x").actor_name);
    assert_eq!(two.actor_name, other.actor_name);
    assert_eq!(
        json!(two.details),
        json!({"times": 1, "address": "203.0.113.9", "gid": 2, "repositories": ["acme/tools"]})
    );
}

#[test]
fn what_goes_on_keeps_its_group_while_others_come_and_go() {
    let repeated = Repeated::default();
    for minute in 0..10 {
        let begin = minute * 61;
        let steady = || denial(1, [203, 0, 113, 9], "acme/tools");
        assert_eq!(repeated.add(steady(), at(begin)).is_some(), minute == 0);
        assert_eq!(repeated.add(steady(), at(begin)), None);
        let flood = (0..1_000).map(|number| denial(1, [203, 0, 113, 9], &format!("acme/m{minute}r{number}")));
        // Those of the last minute were quiet and made room; the group of what is different goes on.
        let expected = if minute == 0 { DIFFERENT } else { DIFFERENT - 1 };
        assert_eq!(noted(&repeated, flood, begin), expected);
        let due = repeated.due(at(begin + 60), false);
        assert_eq!(due.len(), 2, "{minute}");
        let own = due
            .iter()
            .find(|event| event.details.contains_key("repositories"))
            .unwrap();
        assert_eq!(own.details["times"], if minute == 0 { 1 } else { 2 });
        assert_eq!(times(&due), 1_002 - expected as u64 - u64::from(minute == 0));
    }
}

#[test]
fn a_stranger_with_a_48_is_one_count() {
    let repeated = Repeated::default();
    let flood = (0..60_000).map(|number| refusal(network(0xdb8, 1, number), "auth.missing"));
    assert_eq!(noted(&repeated, flood, 0), DIFFERENT + 1);
    // Another network, in which a known caller's households stay apart.
    assert!(
        repeated
            .add(refusal(network(0xdb8, 2, 0), "auth.missing"), at(0))
            .is_some()
    );
    let known = (0..40).map(|number| denial(1, network(0xdb8, 1, number), "acme/tools"));
    assert_eq!(noted(&repeated, known, 0), 40);
    let due = repeated.due(at(60), false);
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].actor, Some(IdentityKey::Anonymous));
    assert_eq!(
        json!(due[0].details),
        json!({"times": 60_000 - DIFFERENT - 1, "address": "2001:db8:1::/48", "different": true})
    );
}

#[test]
fn any_number_of_strangers_makes_few_entries_and_hides_no_caller() {
    let repeated = Repeated::default();
    let flood = (0..FLOOD).map(|number| refusal(number.to_be_bytes(), "auth.missing"));
    let entries = noted(&repeated, flood, 0);
    assert_eq!(entries, NEW_STRANGERS + 1);
    let known = denial(7, [203, 0, 113, 9], "acme/tools");
    assert_eq!(repeated.add(known.clone(), at(1)), Some(known.clone()));
    assert_eq!(repeated.add(known, at(1)), None);
    let due = repeated.due(at(61), false);
    assert!(entries + due.len() < 1_000);
    let [stranger, known] = [IdentityKey::Anonymous, IdentityKey::Unix(7)]
        .map(|actor| due.iter().find(|event| event.actor == Some(actor)).unwrap());
    assert_eq!(known.details["repositories"], json!(["acme/tools"]));
    assert_eq!(
        json!(stranger.details),
        json!({"times": FLOOD as usize - NEW_STRANGERS - 1, "address": "many addresses", "different": true, "known": false})
    );
    // A minute on there is room again.
    assert!(
        repeated
            .add(refusal([198, 51, 100, 1], "auth.missing"), at(62))
            .is_some()
    );
    assert!(
        repeated
            .add(refusal([198, 51, 100, 2], "auth.missing"), at(62))
            .is_some()
    );
}

#[test]
fn strangers_who_come_back_each_minute_are_bounded_too() {
    let repeated = Repeated::default();
    let (mut new, mut counts) = (0, 0);
    for minute in 0..6 {
        for _ in 0..2 {
            let flood = (0..5_000_u32).map(|number| refusal(number.to_be_bytes(), "auth.missing"));
            new += noted(&repeated, flood, minute * 60);
        }
        let due = repeated.due(at(minute * 60 + 60), false);
        counts += due.len();
        assert!(due.len() <= STRANGERS + 1);
    }
    // 600, then the 424 that are left, and nothing new after that.
    assert_eq!(new, STRANGERS + 1);
    assert_eq!(counts, NEW_STRANGERS + 1 + 5 * (STRANGERS + 1));
}

#[test]
fn a_key_that_is_used_from_everywhere_is_one_count_with_its_name() {
    let repeated = Repeated::default();
    let flood = (0..FLOOD).map(|number| denial(1, number.to_be_bytes(), "acme/tools"));
    assert_eq!(noted(&repeated, flood, 0), OF_ONE + 1);
    assert!(repeated.add(denial(2, [203, 0, 113, 9], "acme/tools"), at(1)).is_some());
    let due = repeated.due(at(60), false);
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].actor, Some(IdentityKey::Unix(1)));
    assert_eq!(
        json!(due[0].details),
        json!({"times": FLOOD as usize - OF_ONE - 1, "address": "many addresses", "different": true})
    );
}

#[test]
fn any_number_of_known_callers_takes_bounded_memory_and_hides_no_stranger() {
    let repeated = Repeated::default();
    let flood = (0..20_000).map(|uid| denial(uid, [203, 0, 113, 9], "acme/tools"));
    assert_eq!(noted(&repeated, flood, 0), KNOWN + 1);
    let stranger = refusal([203, 0, 113, 9], "auth.missing");
    assert!(repeated.add(stranger.clone(), at(0)).is_some());
    assert!(repeated.add(stranger, at(0)).is_none());
    let due = repeated.due(at(60), false);
    let [many, one] = [true, false].map(|many| due.iter().find(|e| e.details.contains_key("known") == many).unwrap());
    assert_eq!(
        (&many.details["known"], &many.details["times"]),
        (&json!(true), &json!(20_000 - KNOWN - 1))
    );
    assert_eq!(
        (&one.details["address"], &one.details["times"]),
        (&json!("203.0.113.9"), &json!(1))
    );
    assert_eq!(due.len(), 2);
}

#[test]
fn a_clock_that_was_set_back_closes_no_door() {
    let repeated = Repeated::default();
    let flood = |from: u32| (from..from + 1_000).map(|number| refusal(number.to_be_bytes(), "auth.missing"));
    assert_eq!(noted(&repeated, flood(0), 3_600), NEW_STRANGERS + 1);
    assert_eq!(noted(&repeated, flood(5_000), 0), STRANGERS - NEW_STRANGERS);
}
