use jeton_domain::{AccountScope, ForgeEndpoint, ForgeKind, RepoPath, Serves, Validity};

use super::{
    accounts_fixtures::{ADA, account, add_accounts, check, label, labels, private, seen_by, serving},
    fixtures::{at, begin, read},
};
use crate::{AccountRecord, AccountView, Vault};

fn keys(repository: &str) -> Vec<String> {
    Serves::keys_of(&RepoPath::parse(ForgeKind::GitLab, repository).unwrap())
}

/// The labels of those that fit on any GitHub.
async fn chosen(vault: &dyn Vault, view: &AccountView, keys: &[String], limit: u32) -> Vec<String> {
    let mut tx = read(vault).await;
    let found = tx
        .accounts()
        .choose(view, ForgeKind::GitHub, None, keys, limit)
        .await
        .unwrap();
    labels(&found).into_iter().map(str::to_owned).collect()
}

/// The most exact first, private before shared, the default, what the forge does not refuse, and then by label.
pub async fn accounts_are_chosen_in_their_order(vault: &dyn Vault) {
    let mine = |of: AccountRecord| AccountRecord { scope: private(), ..of };
    let default = |of: AccountRecord| AccountRecord { is_default: true, ..of };
    let refused = |of: AccountRecord| AccountRecord {
        validity: Validity::Invalid,
        ..of
    };
    // Each in the place that its name tells; the order of the labels is another.
    let order = [
        serving("z-exact", &["acme/sub/tools"]),
        mine(serving("y-owner", &["acme/sub"])),
        serving("x-owner", &["acme/sub"]),
        serving("w-outer", &["other", "acme"]),
        mine(default(account("v-all"))),
        mine(account("u-all")),
        default(refused(account("t-all"))),
        account("a-all"),
        account("b-all"),
        refused(account("0-all")),
    ];
    let unfit = [
        AccountRecord {
            active: false,
            ..serving("n-inactive", &["acme/sub/tools"])
        },
        AccountRecord {
            forge: ForgeEndpoint::gitlab_com(),
            ..serving("n-forge", &["acme/sub/tools"])
        },
        serving("n-other", &["acme/sub/tool", "acm"]),
    ];
    let eves = AccountRecord {
        scope: AccountScope::Private("user:eve".to_owned()),
        ..serving("eve", &["acme/sub/tools"])
    };
    let all: Vec<_> = order.iter().rev().chain(&unfit).chain([&eves]).collect();
    add_accounts(vault, &all).await;
    let keys = keys("Acme/Sub/Tools");
    let want = labels(&order);
    for limit in 0..=11 {
        let found = chosen(vault, &seen_by(ADA), &keys, limit).await;
        assert_eq!(found, want[..want.len().min(limit as usize)], "{limit}");
    }
    let everybody = chosen(vault, &AccountView::All, &keys, 20).await;
    let mut all = want.clone();
    all.insert(0, "eve");
    assert_eq!(everybody, all, "private before shared");
    let nobody = chosen(vault, &seen_by("user:nobody"), &keys, 20).await;
    let mut shared = want;
    shared.retain(|name| !["y-owner", "v-all", "u-all"].contains(name));
    assert_eq!(nobody, shared);
    assert_eq!(chosen(vault, &seen_by(""), &keys, 20).await, shared);
}

/// Without a repository, those that serve everything.
pub async fn accounts_without_keys_are_those_that_serve_everything(vault: &dyn Vault) {
    let all = [serving("some", &["acme"]), account("all")];
    add_accounts(vault, &all.each_ref()).await;
    assert_eq!(chosen(vault, &seen_by(ADA), &[], 5).await, ["all"]);
    assert_eq!(chosen(vault, &AccountView::All, &[], 5).await, ["all"]);
}

/// One that serves several of the keys comes once, at its most exact; and is no reason to leave out another.
pub async fn accounts_that_serve_twice_are_chosen_once(vault: &dyn Vault) {
    let twice = |name: &str| serving(name, &["acme", "acme/tools", "Acme/tools/", "acme"]);
    let all = [twice("a"), twice("b"), serving("c", &["acme"]), account("d")];
    add_accounts(vault, &all.each_ref()).await;
    for view in [AccountView::All, seen_by(ADA)] {
        for limit in 1..=4 {
            let found = chosen(vault, &view, &keys("acme/tools"), limit).await;
            assert_eq!(found, ["a", "b", "c", "d"][..limit as usize]);
        }
    }
}

/// On one host, when it is given.
pub async fn accounts_are_chosen_by_host(vault: &dyn Vault) {
    let ours = AccountRecord {
        forge: ForgeEndpoint::github("https://ghe.example.com/api/v3").unwrap(),
        ..account("ours")
    };
    add_accounts(vault, &[&ours, &account("public")]).await;
    let mut tx = read(vault).await;
    for view in [AccountView::All, seen_by(ADA)] {
        for (host, want) in [
            (None, &["ours", "public"][..]),
            (Some("ghe.example.com"), &["ours"]),
            (Some("github.com"), &["public"]),
            (Some("gitlab.com"), &[]),
        ] {
            let found = tx
                .accounts()
                .choose(&view, ForgeKind::GitHub, host, &keys("acme/tools"), 5)
                .await
                .unwrap();
            assert_eq!(labels(&found), want);
        }
        let gitlab = tx
            .accounts()
            .choose(&view, ForgeKind::GitLab, Some("github.com"), &[], 5)
            .await
            .unwrap();
        assert_eq!(gitlab, []);
    }
}

/// Whatever changes an account, in whatever way, changes what is chosen.
pub async fn accounts_are_chosen_by_what_they_are_now(vault: &dyn Vault) {
    let (a, b) = (account("a"), account("b"));
    add_accounts(vault, &[&a, &b]).await;
    let tools = keys("acme/tools");
    let now = async || chosen(vault, &seen_by(ADA), &tools, 5).await;
    let change = async |changed: &AccountRecord| {
        let mut tx = begin(vault).await;
        assert!(tx.accounts().update(changed, changed.updated_at).await.unwrap());
        tx.commit().await.unwrap();
    };
    let put_check = async |validity| {
        let mut tx = begin(vault).await;
        let found = check(validity, at(50));
        assert!(tx.accounts().put_check(a.id, &a.fingerprint, &found).await.unwrap());
        tx.commit().await.unwrap();
    };
    assert_eq!(now().await, ["a", "b"]);
    put_check(Validity::Invalid).await;
    assert_eq!(now().await, ["b", "a"]);
    put_check(Validity::Unknown).await;
    assert_eq!(now().await, ["a", "b"]);
    change(&AccountRecord {
        is_default: true,
        ..b.clone()
    })
    .await;
    assert_eq!(now().await, ["b", "a"]);
    let mut tx = begin(vault).await;
    tx.accounts().clear_default(&b.scope, "github.com").await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(now().await, ["a", "b"]);
    change(&AccountRecord {
        scope: private(),
        ..b.clone()
    })
    .await;
    assert_eq!(now().await, ["b", "a"]);
    change(&b).await;
    change(&serving_as(&b, "acme/tools")).await;
    assert_eq!(now().await, ["b", "a"]);
    change(&serving_as(&b, "acme/other")).await;
    assert_eq!(now().await, ["a"]);
    change(&AccountRecord {
        active: false,
        ..b.clone()
    })
    .await;
    assert_eq!(now().await, ["a"]);
    change(&AccountRecord {
        label: label("0"),
        ..b.clone()
    })
    .await;
    assert_eq!(now().await, ["0", "a"]);
    change(&AccountRecord {
        forge: ForgeEndpoint::gitlab_com(),
        ..b.clone()
    })
    .await;
    assert_eq!(now().await, ["a"]);
    let mut tx = begin(vault).await;
    let replaced = AccountRecord {
        validity: Validity::Invalid,
        ..a.clone()
    };
    assert!(tx.accounts().put_token(&replaced, &a.fingerprint).await.unwrap());
    tx.commit().await.unwrap();
    change(&b).await;
    assert_eq!(now().await, ["b", "a"]);
    let mut tx = begin(vault).await;
    assert!(tx.accounts().remove(b.id).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(now().await, ["a"]);
}

fn serving_as(of: &AccountRecord, key: &str) -> AccountRecord {
    AccountRecord {
        serves: vec![Serves::parse(key).unwrap()],
        ..of.clone()
    }
}
