//! Users as operators manage them.

use jeton_access::{AccessError, UserChange};
use jeton_domain::{Coded as _, Role, UserName};

use crate::users_support::{PASSWORD, World, both_databases, operator, password, visitor};

fn role(role: Role) -> UserChange {
    UserChange {
        role: Some(role),
        ..UserChange::default()
    }
}

fn disabled(disabled: bool) -> UserChange {
    UserChange {
        disabled: Some(disabled),
        ..UserChange::default()
    }
}

both_databases! {
    async fn a_new_user_comes_in_by_their_link_only(t: World) {
        let link = t.add("ada@example.org", Role::Member).await;
        let refused = t.access.sign_in("ada@example.org", &password(), visitor("192.0.2.1")).await;
        assert!(matches!(refused, Err(AccessError::BadPassword)));
        // Nobody waits for a refusal to be written down: without this it may come after what follows.
        t.access.settled_ledger().await;

        t.access.redeem(&link, None, &password(), visitor("192.0.2.1")).await.unwrap();
        let session = t.access.sign_in(" Ada@Example.org ", &password(), visitor("192.0.2.1")).await.unwrap();
        assert_eq!((session.user.name.as_str(), session.user.role), ("ada@example.org", Role::Member));
        let user = t.access.user("ada@example.org").await.unwrap();
        assert!(user.last_sign_in_at.is_some() && user.password.is_some());
        let events = t.events().await;
        assert_eq!(events, ["user.added", "user.sign_in_refused", "user.password_set", "user.signed_in"]);
    }

    async fn names_are_checked_and_unique(t: World) {
        t.add("ada", Role::Member).await;
        let by = operator();
        let add = |name| t.access.add_user(&by, None, name, Role::Member);
        assert!(matches!(add("ada").await, Err(AccessError::UserNameTaken(name)) if name == "ada"));
        assert!(matches!(add("Ada Lovelace").await, Err(AccessError::UserInvalid(_))));
        let unknown = t.access.change_user(&operator(), None, "bob\n", role(Role::Operator)).await;
        assert!(matches!(unknown, Err(AccessError::UserNotFound(name)) if name == "bob"));
        assert_eq!(t.events().await, ["user.added"]);
    }

    async fn pages_follow_each_other(t: World) {
        for name in ["cleo", "ada", "bob"] {
            t.add(name, Role::Member).await;
        }
        let first = t.access.list_users(None, 2).await.unwrap();
        let names: Vec<_> = first.users.iter().map(|user| user.name.as_str()).collect();
        assert_eq!((names, first.next.clone()), (vec!["ada", "bob"], Some(UserName::parse("bob").unwrap())));
        let second = t.access.list_users(first.next.as_ref(), 2).await.unwrap();
        assert_eq!((second.users.len(), second.next), (1, None));
    }

    async fn the_last_operator_stays(t: World) {
        t.add("ada", Role::Operator).await;
        t.add("bob", Role::Member).await;
        let last = |outcome: Result<(), AccessError>| match outcome {
            Err(error @ AccessError::LastOperator(_)) => assert_eq!(error.code().as_str(), "user.last_operator"),
            other => panic!("{other:?}"),
        };
        last(t.access.change_user(&operator(), None, "ada", role(Role::Auditor)).await.map(drop));
        last(t.access.change_user(&operator(), None, "ada", disabled(true)).await.map(drop));
        last(t.access.remove_user(&operator(), None, "ada").await.map(drop));
        assert_eq!(t.events().await, ["user.added", "user.added"], "nothing happened");

        t.access.change_user(&operator(), None, "bob", role(Role::Operator)).await.unwrap();
        t.access.change_user(&operator(), None, "ada", disabled(true)).await.unwrap();
        last(t.access.remove_user(&operator(), None, "bob").await.map(drop));
        // One who is shut out does not count, and may go.
        t.access.remove_user(&operator(), None, "ada").await.unwrap();
        assert!(matches!(t.access.user("ada").await, Err(AccessError::UserNotFound(_))));
        let events = t.events().await;
        assert_eq!(events[2..], ["user.changed", "user.changed", "user.removed"]);
    }

    async fn two_operators_who_end_each_other_at_once_leave_one(t: World) {
        let ends = [Some(role(Role::Member)), Some(disabled(true)), None];
        for (round, end) in ends.into_iter().cycle().take(9).enumerate() {
            let names = [format!("a{round}"), format!("b{round}")];
            for name in &names {
                t.add(name, Role::Operator).await;
            }
            // Whoever stayed from the round before is no operator in this one.
            let before = t.access.list_users(None, 100).await.unwrap().users;
            for user in before.iter().filter(|user| !names.contains(&user.name.to_string())) {
                t.access.remove_user(&operator(), None, user.name.as_str()).await.unwrap();
            }
            t.gate.arm(2);
            let tasks = names.clone().map(|name| {
                let access = t.access.clone();
                tokio::spawn(async move {
                    match end {
                        Some(change) => access.change_user(&operator(), None, &name, change).await.map(drop),
                        None => access.remove_user(&operator(), None, &name).await.map(drop),
                    }
                })
            });
            let mut lost = 0;
            for task in tasks {
                match task.await.unwrap() {
                    Ok(()) => {}
                    Err(AccessError::LastOperator(_)) => lost += 1,
                    Err(other) => panic!("{other}"),
                }
            }
            assert_eq!(lost, 1, "round {round}");
            assert_eq!(t.vault.read().await.unwrap().users().count_operators().await.unwrap(), 1);
        }
    }

    async fn who_is_shut_out_is_out_at_once(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let session = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        assert!(t.access.session(&session.cookie, None).await.is_ok());

        let user = t.access.change_user(&operator(), None, "ada", disabled(true)).await.unwrap();
        assert!(user.disabled_at.is_some());
        assert!(matches!(t.access.session(&session.cookie, None).await, Err(AccessError::SessionEnded)));
        let refused = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await;
        assert!(matches!(refused, Err(AccessError::BadPassword)));

        t.access.change_user(&operator(), None, "ada", disabled(false)).await.unwrap();
        assert!(t.access.session(&session.cookie, None).await.is_err(), "it does not come back to life");
        assert!(t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.is_ok());
    }

    async fn another_role_holds_from_the_next_request(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let session = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        t.access.change_user(&operator(), Some("request-9"), "ada", role(Role::Auditor)).await.unwrap();
        let found = t.access.session(&session.cookie, None).await.unwrap();
        assert_eq!(found.user.role, Role::Auditor);
        let entry = t.record().await.pop().unwrap();
        assert_eq!((entry.event.as_str(), entry.request_id.as_deref()), ("user.changed", Some("request-9")));
        assert!(entry.body.contains(r#""role":"auditor""#) && entry.body.contains(r#""role_before":"member""#));

        t.access.remove_user(&operator(), None, "ada").await.unwrap();
        assert!(matches!(t.access.session(&session.cookie, None).await, Err(AccessError::SessionEnded)));
    }

    async fn what_changes_nothing_leaves_no_entry(t: World) {
        t.add("ada", Role::Member).await;
        t.access.change_user(&operator(), None, "ada", role(Role::Member)).await.unwrap();
        t.access.change_user(&operator(), None, "ada", disabled(false)).await.unwrap();
        t.access.change_user(&operator(), None, "ada", UserChange::default()).await.unwrap();
        assert_eq!(t.events().await, ["user.added"]);
    }
}
