use jeton_domain::{ForgeEndpoint, Validity};

use super::{
    accounts_fixtures::{account, add_accounts, find_account, labels, rotation},
    fixtures::{at, begin, read},
};
use crate::{AccountRecord, RotationRecord, RotationState, Vault};

/// The longest overdue first, up to a limit, and nobody takes one again before its new time.
pub async fn accounts_checks_are_claimed_by_their_time(vault: &dyn Vault) {
    let due = |name: &str, second| AccountRecord {
        next_check_at: at(second),
        ..account(name)
    };
    let inactive = AccountRecord {
        active: false,
        ..due("inactive", 1)
    };
    add_accounts(
        vault,
        &[
            &due("c", 10),
            &due("b", 20),
            &due("a", 30),
            &due("later", 31),
            &inactive,
        ],
    )
    .await;
    let mut tx = begin(vault).await;
    let claimed = tx.accounts().claim_due_checks(at(30), at(90), &[], 2).await.unwrap();
    assert_eq!(labels(&claimed), ["c", "b"]);
    assert!(claimed.iter().all(|account| account.next_check_at == at(90)));
    let claimed = tx.accounts().claim_due_checks(at(30), at(91), &[], 5).await.unwrap();
    assert_eq!(labels(&claimed), ["a"], "what is due now is due");
    assert_eq!(
        tx.accounts().claim_due_checks(at(30), at(91), &[], 5).await.unwrap(),
        []
    );
    tx.commit().await.unwrap();
    let stored = find_account(vault, claimed[0].id).await;
    assert_eq!(stored.as_ref(), Some(&claimed[0]));
    let mut tx = begin(vault).await;
    tx.accounts().set_next_check(claimed[0].id, at(40)).await.unwrap();
    let claimed = tx.accounts().claim_due_checks(at(90), at(200), &[], 9).await.unwrap();
    assert_eq!(labels(&claimed), ["later", "a", "c", "b"]);
}

/// A clock that ran far ahead has put looks off for years; all of them are due at once when it is right again.
pub async fn accounts_checks_that_lie_too_far_ahead_are_recalled(vault: &dyn Vault) {
    let due = |name: &str, second| AccountRecord {
        next_check_at: at(second),
        ..account(name)
    };
    let off = AccountRecord {
        active: false,
        ..due("off", 9_000)
    };
    let all = [due("near", 500), due("far", 5_000), due("farther", 9_000), off];
    add_accounts(vault, &all.each_ref()).await;
    let mut tx = begin(vault).await;
    assert_eq!(tx.accounts().recall_far_checks(at(9_000), at(30), 9).await.unwrap(), 0);
    assert_eq!(tx.accounts().recall_far_checks(at(500), at(30), 1).await.unwrap(), 1);
    let claimed = tx.accounts().claim_due_checks(at(30), at(90), &[], 9).await.unwrap();
    assert_eq!(labels(&claimed), ["farther"]);
    assert_eq!(tx.accounts().recall_far_checks(at(500), at(30), 9).await.unwrap(), 1);
    let claimed = tx.accounts().claim_due_checks(at(30), at(90), &[], 9).await.unwrap();
    assert_eq!(labels(&claimed), ["far"]);
    assert_eq!(tx.accounts().recall_far_checks(at(500), at(30), 9).await.unwrap(), 0);
}

/// Hosts that want no questions now are passed over, however many of their accounts wait.
pub async fn accounts_checks_leave_out_hosts(vault: &dyn Vault) {
    let gitlab = AccountRecord {
        forge: ForgeEndpoint::gitlab_com(),
        next_check_at: at(9),
        ..account("gitlab")
    };
    let waiting: Vec<_> = (0..5).map(|number| account(&format!("github-{number}"))).collect();
    add_accounts(vault, &waiting.iter().chain([&gitlab]).collect::<Vec<_>>()).await;
    let hosts = ["github.com", "elsewhere.example"].map(str::to_owned);
    let mut tx = begin(vault).await;
    let claimed = tx.accounts().claim_due_checks(at(50), at(90), &hosts, 3).await.unwrap();
    assert_eq!(labels(&claimed), ["gitlab"]);
    let claimed = tx
        .accounts()
        .claim_due_checks(at(50), at(90), &hosts[1..], 9)
        .await
        .unwrap();
    assert_eq!(claimed.len(), 5);
}

/// Those of active accounts whose time has come, the oldest first, until the next time is set.
pub async fn accounts_warnings_are_due_by_their_time(vault: &dyn Vault) {
    let warn = |name: &str, second: Option<i64>| AccountRecord {
        next_warning_at: second.map(at),
        validity: Validity::Valid,
        ..account(name)
    };
    let inactive = AccountRecord {
        active: false,
        ..warn("inactive", Some(1))
    };
    let all = [
        warn("b", Some(20)),
        warn("a", Some(30)),
        warn("later", Some(31)),
        warn("never", None),
    ];
    add_accounts(vault, &[&all[0], &all[1], &all[2], &all[3], &inactive]).await;
    let mut tx = read(vault).await;
    let due = tx.accounts().due_warnings(at(30), 9).await.unwrap();
    assert_eq!(due, all[..2]);
    assert_eq!(tx.accounts().due_warnings(at(30), 1).await.unwrap(), all[..1]);
    drop(tx);
    let mut tx = begin(vault).await;
    assert_eq!(
        tx.accounts().due_warnings(at(30), 9).await.unwrap(),
        due,
        "and when writing"
    );
    tx.accounts().set_next_warning(all[0].id, Some(at(60))).await.unwrap();
    tx.accounts().set_next_warning(all[1].id, None).await.unwrap();
    tx.accounts()
        .set_next_warning(account("absent").id, None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(labels(&tx.accounts().due_warnings(at(59), 9).await.unwrap()), ["later"]);
    assert_eq!(
        labels(&tx.accounts().due_warnings(at(60), 9).await.unwrap()),
        ["later", "b"]
    );
}

/// Those of active accounts whose time has come and that nobody renews; one that has failed is due again.
pub async fn accounts_renewals_are_due_when_none_is_under_way(vault: &dyn Vault) {
    let renewed = |name: &str, second: Option<i64>| AccountRecord {
        rotate_at: second.map(at),
        ..account(name)
    };
    let inactive = AccountRecord {
        active: false,
        ..renewed("inactive", Some(1))
    };
    let all = [
        renewed("b", Some(20)),
        renewed("a", Some(30)),
        renewed("later", Some(31)),
        renewed("never", None),
        inactive,
    ];
    add_accounts(vault, &all.each_ref()).await;
    let open = rotation(&all[0], at(25));
    let mut tx = begin(vault).await;
    assert_eq!(
        tx.accounts().due_rotations(at(30), 9).await.unwrap(),
        [all[0].id, all[1].id]
    );
    assert_eq!(tx.accounts().due_rotations(at(30), 1).await.unwrap(), [all[0].id]);
    assert!(tx.rotations().begin(&open).await.unwrap());
    assert_eq!(tx.accounts().due_rotations(at(30), 1).await.unwrap(), [all[1].id]);
    let failed = RotationRecord {
        state: RotationState::Failed,
        ..open.clone()
    };
    assert!(tx.rotations().step(&failed, open.state, open.changed_at).await.unwrap());
    assert_eq!(tx.accounts().due_rotations(at(30), 1).await.unwrap(), [all[0].id]);
    tx.accounts().set_rotate_at(all[0].id, None).await.unwrap();
    tx.accounts().set_rotate_at(all[3].id, Some(at(40))).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = read(vault).await;
    assert_eq!(
        tx.accounts().due_rotations(at(40), 9).await.unwrap(),
        [all[1].id, all[2].id, all[3].id]
    );
}
