use jeton_domain::{AccountScope, ForgeEndpoint, ForgeKind, Validity};

use super::{
    accounts_fixtures::{ADA, account, add_accounts, label, labels, private_account, seen_by, walk},
    fixtures::read,
};
use crate::{AccountFilter, AccountRecord, AccountView, Vault};

fn by_label(accounts: &[&AccountRecord]) -> Vec<AccountRecord> {
    let mut sorted: Vec<AccountRecord> = accounts.iter().copied().cloned().collect();
    sorted.sort_by(|a, b| (a.label.as_str(), a.id).cmp(&(b.label.as_str(), b.id)));
    sorted
}

/// Shared ones and one's own in one order, whatever the size of a page and however often a label is there.
pub async fn accounts_are_paged_without_gap_or_repeat(vault: &dyn Vault) {
    // `-` and `_` and digits: a database that sorts as people do would put them elsewhere.
    let names = ["0work", "ci-", "ci_", "ci-bot", "ci.bot", "ci_bot", "cibot"];
    let shared: Vec<_> = names.iter().map(|name| account(name)).collect();
    let mine: Vec<_> = names
        .iter()
        .rev()
        .step_by(2)
        .map(|name| private_account(name))
        .collect();
    let others: Vec<_> = names
        .iter()
        .map(|name| AccountRecord {
            scope: AccountScope::Private("user:eve".to_owned()),
            ..account(name)
        })
        .collect();
    let all: Vec<_> = mine.iter().chain(&others).chain(&shared).collect();
    add_accounts(vault, &all).await;
    let ours: Vec<_> = mine.iter().chain(&shared).collect();
    let none = AccountFilter::default();
    let on_host = AccountFilter {
        host: Some("github.com".to_owned()),
        ..AccountFilter::default()
    };
    for limit in [1, 2, 3, 5, 100] {
        for filter in [&none, &on_host] {
            assert_eq!(walk(vault, &AccountView::All, filter, limit).await, by_label(&all));
            assert_eq!(walk(vault, &seen_by(ADA), filter, limit).await, by_label(&ours));
        }
    }
    // Whoever has none sees the shared ones, and nobody has an empty name.
    for key in ["user:nobody", ""] {
        assert_eq!(
            walk(vault, &seen_by(key), &none, 2).await,
            by_label(&shared.iter().collect::<Vec<_>>())
        );
    }
    let mut tx = read(vault).await;
    assert_eq!(tx.accounts().list(&AccountView::All, &none, None, 0).await.unwrap(), []);
}

/// A page goes on where the last one ended, also when the account that it ended with is gone.
pub async fn accounts_pages_begin_behind_any_place(vault: &dyn Vault) {
    let all = [account("a"), account("c"), private_account("c"), account("e")];
    add_accounts(vault, &all.each_ref()).await;
    let none = AccountFilter::default();
    let absent = account("b");
    let mut tx = read(vault).await;
    for view in [AccountView::All, seen_by(ADA)] {
        let after = Some((&absent.label, absent.id));
        let page = tx.accounts().list(&view, &none, after, 10).await.unwrap();
        assert_eq!(labels(&page), ["c", "c", "e"]);
        let after = Some((&all[1].label, all[1].id));
        let page = tx.accounts().list(&view, &none, after, 10).await.unwrap();
        assert_eq!(
            page,
            [all[2].clone(), all[3].clone()],
            "the later one of the same label"
        );
    }
}

/// Each filter alone and all together, in both views.
pub async fn accounts_are_listed_by_every_filter_and_all_together(vault: &dyn Vault) {
    let gitlab = ForgeEndpoint::gitlab("https://git.example.com").unwrap();
    let wanted = AccountRecord {
        forge: gitlab.clone(),
        validity: Validity::Invalid,
        active: false,
        ..private_account("ci-1")
    };
    let all = [
        account("ci"),
        AccountRecord {
            forge: gitlab,
            ..account("ci-2")
        },
        AccountRecord {
            validity: Validity::Invalid,
            ..private_account("ci-3")
        },
        AccountRecord {
            active: false,
            ..account("other")
        },
        wanted,
    ];
    add_accounts(vault, &all.each_ref()).await;
    let none = AccountFilter::default;
    let together = AccountFilter {
        forge_kind: Some(ForgeKind::GitLab),
        host: Some("git.example.com".to_owned()),
        validity: Some(Validity::Invalid),
        active: Some(false),
        label_prefix: Some("ci-".to_owned()),
        text: Some("EXAMPLE".to_owned()),
        ends_before: None,
        private: Some(true),
        not_ended_at: None,
    };
    let prefix = |text: &str| AccountFilter {
        label_prefix: Some(text.to_owned()),
        ..none()
    };
    let host = |text: &str| AccountFilter {
        host: Some(text.to_owned()),
        ..none()
    };
    let kind = AccountFilter {
        forge_kind: Some(ForgeKind::GitLab),
        ..none()
    };
    let validity = AccountFilter {
        validity: Some(Validity::Invalid),
        ..none()
    };
    let active = |active| AccountFilter {
        active: Some(active),
        ..none()
    };
    let cases = [
        (kind, &["ci-1", "ci-2"][..]),
        (host("git.example.com"), &["ci-1", "ci-2"]),
        (host("github.com"), &["ci", "ci-3", "other"]),
        (host("git.example"), &[]),
        (host("git\0"), &[]),
        (validity, &["ci-1", "ci-3"]),
        (active(false), &["ci-1", "other"]),
        (active(true), &["ci", "ci-2", "ci-3"]),
        (prefix("ci"), &["ci", "ci-1", "ci-2", "ci-3"]),
        (prefix("ci-"), &["ci-1", "ci-2", "ci-3"]),
        (prefix("ci-3"), &["ci-3"]),
        (prefix(""), &["ci", "ci-1", "ci-2", "ci-3", "other"]),
        (prefix("%"), &[]),
        (prefix("CI"), &[]),
        (prefix("c\0"), &[]),
        (together, &["ci-1"]),
    ];
    for (filter, want) in cases {
        for view in [AccountView::All, seen_by(ADA)] {
            let found = walk(vault, &view, &filter, 2).await;
            assert_eq!(labels(&found), want, "{filter:?}");
        }
        let found = walk(vault, &seen_by("user:eve"), &filter, 2).await;
        let shared: Vec<_> = want.iter().filter(|name| !["ci-1", "ci-3"].contains(name)).collect();
        assert_eq!(labels(&found).iter().collect::<Vec<_>>(), shared, "{filter:?}");
    }
    // A place before the labels that are meant, and one behind them.
    let mut tx = read(vault).await;
    for (after, want) in [("a", 4), ("ci", 3), ("d", 0)] {
        let after = (&label(after), all[0].id);
        let page = tx
            .accounts()
            .list(&AccountView::All, &prefix("ci"), Some(after), 10)
            .await;
        assert_eq!(page.unwrap().len(), want, "{after:?}");
    }
}

/// Those that are invalid and those that are off have indexes of their own: alone, on one host and together, in both views, page by
/// page.
pub async fn accounts_that_do_not_work_are_listed_in_order(vault: &dyn Vault) {
    let mut all = Vec::new();
    for (number, name) in ["a", "b", "c", "d", "e", "f", "g", "h"].into_iter().enumerate() {
        let one = if number % 3 == 0 {
            private_account(name)
        } else {
            account(name)
        };
        all.push(AccountRecord {
            validity: if number % 2 == 0 {
                Validity::Invalid
            } else {
                Validity::Valid
            },
            active: number < 4,
            forge: if number == 2 {
                ForgeEndpoint::gitlab_com()
            } else {
                one.forge.clone()
            },
            ..one
        });
    }
    let others = AccountRecord {
        scope: AccountScope::Private("user:eve".to_owned()),
        validity: Validity::Invalid,
        active: false,
        ..account("b2")
    };
    all.push(others);
    add_accounts(vault, &all.iter().collect::<Vec<_>>()).await;
    for (validity, active) in [
        (Some(Validity::Invalid), None),
        (None, Some(false)),
        (Some(Validity::Invalid), Some(false)),
        (Some(Validity::Valid), Some(false)),
    ] {
        for host in [None, Some("github.com".to_owned()), Some("gitlab.com".to_owned())] {
            let filter = AccountFilter {
                validity,
                active,
                host: host.clone(),
                ..AccountFilter::default()
            };
            for view in [AccountView::All, seen_by(ADA)] {
                let fits = all.iter().filter(|one| {
                    validity.is_none_or(|wanted| one.validity == wanted)
                        && active.is_none_or(|wanted| one.active == wanted)
                        && host.as_deref().is_none_or(|wanted| one.forge.host() == wanted)
                        && (view == AccountView::All || one.scope.as_str().is_empty() || one.scope.as_str() == ADA)
                });
                let expected = by_label(&fits.collect::<Vec<_>>());
                for limit in [1, 2, 50] {
                    assert_eq!(
                        walk(vault, &view, &filter, limit).await,
                        expected,
                        "{filter:?} {view:?}"
                    );
                }
            }
        }
    }
}
