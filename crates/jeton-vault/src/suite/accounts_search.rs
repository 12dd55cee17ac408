use jeton_domain::{ForgeEndpoint, ForgeKind, Validity};
use serde_json::json;

use super::{
    accounts_fixtures::{ADA, account, add_accounts, check, labels, private_account, seen_by, walk},
    fixtures::{at, begin, read},
};
use crate::{AccountFilter, AccountRecord, AccountSketch, AccountTally, AccountView, EndOrder, Vault};

fn with_text(text: &str) -> AccountFilter {
    AccountFilter {
        text: Some(text.to_owned()),
        ..AccountFilter::default()
    }
}

fn names(sketches: &[AccountSketch]) -> Vec<&str> {
    sketches.iter().map(|one| one.label.as_str()).collect()
}

/// Shared and private ones, on two forges, that end at several times.
fn several() -> Vec<AccountRecord> {
    let gitlab = ForgeEndpoint::gitlab("https://git.example.com").unwrap();
    vec![
        AccountRecord {
            note: Some("For the 100%_Tools; Grüße".to_owned()),
            expires_at: Some(at(100)),
            ..account("a")
        },
        AccountRecord {
            username: Some("Octo-Cat".to_owned()),
            email: Some("cat@Example.org".to_owned()),
            forge: gitlab.clone(),
            expires_at: Some(at(50)),
            ..account("b")
        },
        AccountRecord {
            identity_id: Some("7".to_owned()),
            identity_name: Some("Cheshire".to_owned()),
            expires_at: Some(at(100)),
            validity: Validity::Valid,
            ..private_account("c")
        },
        AccountRecord {
            active: false,
            expires_at: Some(at(60)),
            validity: Validity::Invalid,
            ..account("d-cat")
        },
        AccountRecord {
            scope: jeton_domain::AccountScope::Private("user:eve".to_owned()),
            forge: gitlab,
            validity: Validity::Valid,
            ..account("e")
        },
    ]
}

/// Any part of what is written, in any case of ASCII; what stands for others elsewhere stands for itself.
pub async fn accounts_are_searched_by_what_is_written_of_them(vault: &dyn Vault) {
    let all = several();
    add_accounts(vault, &all.iter().collect::<Vec<_>>()).await;
    for (text, want) in [
        ("cat", &["b", "d-cat"][..]),
        ("OCTO-c", &["b"]),
        ("example.ORG", &["b"]),
        ("git.example.com", &["b", "e"]),
        ("cheshire", &["c"]),
        ("100%_tools", &["a"]),
        ("Grüße", &["a"]),
        ("%", &["a"]),
        ("_", &["a"]),
        ("a%s", &[]),
        ("\\", &[]),
        ("'", &[]),
        ("*", &[]),
        ("octo-catcat", &[]),
        ("a\0", &[]),
        ("", &["a", "b", "c", "d-cat", "e"]),
    ] {
        for limit in [1, 50] {
            let found = walk(vault, &AccountView::All, &with_text(text), limit).await;
            assert_eq!(labels(&found), want, "{text}");
        }
        let counted = read(vault)
            .await
            .accounts()
            .count_matching(&AccountView::All, &with_text(text), 50)
            .await;
        assert_eq!(counted.unwrap(), want.len() as u64, "{text}");
    }
    // Of a note the first 200 characters, of whatever length in bytes.
    let long = AccountRecord {
        note: Some(format!("{}found{}", "ü".repeat(195), "lost")),
        ..account("long")
    };
    add_accounts(vault, &[&long]).await;
    for (text, want) in [("found", &["long"][..]), ("lost", &[])] {
        assert_eq!(labels(&walk(vault, &AccountView::All, &with_text(text), 5).await), want);
    }
    // What is searched changes along with the row.
    let changed = AccountRecord {
        note: Some("a dog".to_owned()),
        ..all[0].clone()
    };
    let mut tx = begin(vault).await;
    assert!(tx.accounts().update(&changed, all[0].updated_at).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(
        labels(&walk(vault, &AccountView::All, &with_text("DOG"), 5).await),
        ["a"]
    );
    assert!(walk(vault, &AccountView::All, &with_text("tools"), 5).await.is_empty());
}

/// Every condition with every other one: pages, their sketches and their count say the same, in each view.
pub async fn accounts_lists_and_counts_agree(vault: &dyn Vault) {
    let all = several();
    add_accounts(vault, &all.iter().collect::<Vec<_>>()).await;
    let mut found = 0;
    for text in [None, Some("cat".to_owned()), Some("example".to_owned())] {
        // What ends before the one and has not ended at the other: all, the past, what is to come, what works yet.
        for (ends_before, not_ended_at) in [
            (None, None),
            (Some(at(60)), None),
            (Some(at(101)), Some(at(50))),
            (None, Some(at(60))),
        ] {
            for private in [None, Some(true), Some(false)] {
                for (validity, active) in [
                    (None, None),
                    (Some(Validity::Invalid), None),
                    (Some(Validity::Valid), Some(true)),
                    (None, Some(false)),
                ] {
                    for (forge_kind, host) in [
                        (None, None),
                        (Some(ForgeKind::GitLab), None),
                        (None, Some("git.example.com".to_owned())),
                    ] {
                        let filter = AccountFilter {
                            forge_kind,
                            host: host.clone(),
                            validity,
                            active,
                            label_prefix: None,
                            text: text.clone(),
                            ends_before,
                            private,
                            not_ended_at,
                        };
                        for view in [AccountView::All, seen_by(ADA)] {
                            let want: Vec<_> = all.iter().filter(|one| meant(&filter, &view, one)).collect();
                            let listed = walk(vault, &view, &filter, 2).await;
                            assert_eq!(listed.iter().collect::<Vec<_>>(), want, "{filter:?} {view:?}");
                            let mut tx = read(vault).await;
                            let mut accounts = tx.accounts();
                            let sketches = accounts.browse(&view, &filter, None, 50).await.unwrap();
                            assert_eq!(names(&sketches), labels(&listed), "{filter:?} {view:?}");
                            let counted = accounts.count_matching(&view, &filter, 50).await.unwrap();
                            assert_eq!(counted, want.len() as u64, "{filter:?} {view:?}");
                            let few = accounts.count_matching(&view, &filter, 1).await.unwrap();
                            assert_eq!(few, counted.min(1), "{filter:?} {view:?}");
                            found += usize::from(!want.is_empty());
                        }
                    }
                }
            }
        }
    }
    assert!(found > 80, "only {found} of the filters found anything");
}

fn meant(filter: &AccountFilter, view: &AccountView, one: &AccountRecord) -> bool {
    let written = [
        Some(one.label.to_string()),
        one.note.clone(),
        one.username.clone(),
        one.email.clone(),
        one.identity_name.clone(),
        Some(one.forge.host().to_owned()),
    ];
    let has = |text: &String| {
        written
            .iter()
            .flatten()
            .any(|part| part.to_ascii_lowercase().contains(text.as_str()))
    };
    let is_private = !one.scope.as_str().is_empty();
    filter.text.as_ref().is_none_or(has)
        && filter
            .ends_before
            .is_none_or(|before| one.expires_at.is_some_and(|end| end < before))
        && filter
            .not_ended_at
            .is_none_or(|now| one.expires_at.is_none_or(|end| end > now))
        && filter.private.is_none_or(|private| private == is_private)
        && filter.validity.is_none_or(|validity| validity == one.validity)
        && filter.active.is_none_or(|active| active == one.active)
        && filter.forge_kind.is_none_or(|kind| kind == one.forge.kind())
        && filter.host.as_deref().is_none_or(|host| host == one.forge.host())
        && match view {
            AccountView::All => true,
            AccountView::Of(key) => !is_private || one.scope.as_str() == key,
        }
}

/// A sketch is what the row says.
pub async fn accounts_sketches_are_what_the_rows_say(vault: &dyn Vault) {
    let all = several();
    add_accounts(vault, &all.iter().collect::<Vec<_>>()).await;
    let mut tx = read(vault).await;
    let sketches = tx
        .accounts()
        .browse(&AccountView::All, &AccountFilter::default(), None, 50)
        .await
        .unwrap();
    let expected: Vec<_> = all
        .iter()
        .map(|one| AccountSketch {
            id: one.id,
            label: one.label.clone(),
            scope: one.scope.clone(),
            forge_kind: one.forge.kind(),
            host: one.forge.host().to_owned(),
            validity: one.validity,
            active: one.active,
            expires_at: one.expires_at,
        })
        .collect();
    assert_eq!(sketches, expected);
    let after = Some((&all[1].label, all[1].id));
    let rest = tx
        .accounts()
        .browse(&AccountView::All, &AccountFilter::default(), after, 2)
        .await
        .unwrap();
    assert_eq!(rest, expected[2..4]);
    let many = [all[3].id, account("gone").id, all[0].id];
    let found = tx.accounts().find_many(&many).await.unwrap();
    assert_eq!(found, [all[0].clone(), all[3].clone()]);
    assert_eq!(tx.accounts().find_many(&[]).await.unwrap(), []);
}

/// Those that are alike are counted together; what ends now has ended.
pub async fn accounts_are_tallied_by_how_they_stand(vault: &dyn Vault) {
    let all = several();
    add_accounts(vault, &all.iter().collect::<Vec<_>>()).await;
    for view in [AccountView::All, seen_by(ADA), seen_by("user:nobody")] {
        for now in [at(0), at(60), at(100), at(1_000)] {
            let mut tallies = read(vault).await.accounts().tally(&view, now).await.unwrap();
            let mut expected: Vec<AccountTally> = Vec::new();
            let none = AccountFilter::default();
            for one in all.iter().filter(|one| meant(&none, &view, one)) {
                let new = AccountTally {
                    forge_kind: one.forge.kind(),
                    validity: one.validity,
                    active: one.active,
                    ended: one.expires_at.is_some_and(|end| end <= now),
                    count: 1,
                };
                let alike = |tally: &&mut AccountTally| {
                    AccountTally {
                        count: 1,
                        ..(*tally).clone()
                    } == new
                };
                match expected.iter_mut().find(alike) {
                    Some(tally) => tally.count += 1,
                    None => expected.push(new),
                }
            }
            let order = |tally: &AccountTally| format!("{tally:?}");
            tallies.sort_by_key(order);
            expected.sort_by_key(order);
            assert_eq!(tallies, expected, "{view:?} {now}");
        }
    }
}

/// The soonest first, of the active ones that somebody sees; from the first time on, and before the second.
pub async fn accounts_that_end_soon_are_listed_by_their_end(vault: &dyn Vault) {
    let all = several();
    add_accounts(vault, &all.iter().collect::<Vec<_>>()).await;
    let mut tx = read(vault).await;
    let mut accounts = tx.accounts();
    let (soonest, latest) = (EndOrder::SoonestFirst, EndOrder::LatestFirst);
    for (view, from, to, limit, order, want) in [
        (AccountView::All, 0, 1_000, 9, soonest, &["b", "a", "c"][..]),
        (AccountView::All, 50, 100, 9, soonest, &["b"]),
        (AccountView::All, 51, 101, 9, soonest, &["a", "c"]),
        (AccountView::All, 0, 1_000, 2, soonest, &["b", "a"]),
        (AccountView::All, 0, 1_000, 9, latest, &["c", "a", "b"]),
        (AccountView::All, 0, 1_000, 1, latest, &["c"]),
        (AccountView::All, 0, 100, 1, latest, &["b"]),
        (seen_by(ADA), 0, 1_000, 9, soonest, &["b", "a", "c"]),
        (seen_by("user:eve"), 0, 1_000, 9, soonest, &["b", "a"]),
        (seen_by("user:eve"), 0, 1_000, 1, latest, &["a"]),
    ] {
        let found = accounts.ending(&view, at(from), at(to), limit, order).await.unwrap();
        assert_eq!(labels(&found), want, "{view:?} {from} {to} {order:?}");
        if limit > 2 {
            let counted = accounts.count_ending_in(&view, at(from), at(to)).await.unwrap();
            assert_eq!(counted, want.len() as u64, "{view:?} {from} {to}");
        }
    }
}

/// By the last report that said so, however it came into the row; a window that has ended says nothing any more.
pub async fn accounts_are_found_by_what_is_left_of_their_limit(vault: &dyn Vault) {
    let report = |limit: u64, remaining: u64, resets: Option<i64>| {
        let resets_at = resets.map(|second| at(second).to_string());
        Some(json!({"quota": {"limit": limit, "remaining": remaining, "resets_at": resets_at}}))
    };
    let with = |one: AccountRecord, report| AccountRecord { report, ..one };
    let all = [
        with(account("half"), report(5_000, 2_500, Some(100))),
        with(account("tenth"), report(1_000, 100, Some(100))),
        with(account("over"), report(1_000, 1, Some(40))),
        with(account("no-end"), report(1_000, 1, None)),
        with(account("no-limit"), report(0, 0, Some(100))),
        with(private_account("private"), report(60, 0, Some(100))),
        with(account("silent"), Some(json!({"quota": null}))),
        with(
            AccountRecord {
                active: false,
                ..account("off")
            },
            report(10, 0, Some(100)),
        ),
    ];
    add_accounts(vault, &all.iter().collect::<Vec<_>>()).await;
    let least = async |view: &AccountView, limit: u32| {
        let mut tx = read(vault).await;
        let found = tx.accounts().least_quota(view, at(50), None, limit).await.unwrap();
        found.iter().map(|one| one.label.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(least(&AccountView::All, 9).await, ["private", "tenth", "half"]);
    assert_eq!(least(&AccountView::All, 2).await, ["private", "tenth"]);
    assert_eq!(least(&seen_by("user:eve"), 9).await, ["tenth", "half"]);
    assert_eq!(least(&seen_by(ADA), 9).await, ["private", "tenth", "half"]);
    let mut tx = read(vault).await;
    for (private, want) in [(Some(true), &["private"][..]), (Some(false), &["tenth", "half"])] {
        let found = tx
            .accounts()
            .least_quota(&seen_by(ADA), at(50), private, 9)
            .await
            .unwrap();
        assert_eq!(names(&found), want);
    }
    drop(tx);
    // A look says something else, and another token of the account something else again.
    let mut tx = begin(vault).await;
    let mut look = check(Validity::Valid, at(50));
    look.report = report(100, 1, Some(60)).unwrap();
    assert!(
        tx.accounts()
            .put_check(all[0].id, &all[0].fingerprint, &look)
            .await
            .unwrap()
    );
    let token = with(all[1].clone(), None);
    assert!(tx.accounts().put_token(&token, &all[1].fingerprint).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(least(&seen_by("user:eve"), 9).await, ["half"]);
}
