//! Whoever may manage users becomes no operator by it.

use std::sync::Arc;

use jeton_access::{AccessError, UserChange};
use jeton_domain::{Caller, Coded as _, Identity, Role, UserId, UserName};

use crate::users_support::{Random, World, both_databases, operator};

fn person(role: Role) -> Caller {
    Caller {
        identity: Identity::User {
            id: UserId::generate("2026-11-02T09:00:00Z".parse().unwrap(), &Random),
            name: Arc::new(UserName::parse("helpdesk").unwrap()),
            role,
        },
        address: None,
    }
}

fn to(role: Role) -> UserChange {
    UserChange {
        role: Some(role),
        disabled: None,
    }
}

fn shut(disabled: bool) -> UserChange {
    UserChange {
        role: None,
        disabled: Some(disabled),
    }
}

fn refused<T: std::fmt::Debug>(outcome: Result<T, AccessError>) {
    match outcome {
        Err(error @ AccessError::Denied { by_ceiling: false, .. }) => {
            assert_eq!(error.code().as_str(), "policy.denied");
        }
        other => panic!("{other:?}"),
    }
}

both_databases! {
    async fn only_operators_touch_operators(t: World) {
        let access = &t.access;
        for name in ["root", "spare"] {
            t.add(name, Role::Operator).await;
        }
        t.add("member", Role::Member).await;
        access.change_user(&operator(), None, "spare", shut(true)).await.unwrap();
        let before = t.events().await;
        let nobody = Caller { identity: Identity::Unix { uid: 1000, gid: 1000 }, address: None };
        for by in [person(Role::Member), person(Role::Auditor), nobody] {
            refused(access.add_user(&by, Some("request-5"), "mine", Role::Operator).await);
            refused(access.invite_again(&by, None, "root").await);
            refused(access.change_user(&by, None, "member", to(Role::Operator)).await);
            for change in [to(Role::Member), shut(true), to(Role::Operator)] {
                refused(access.change_user(&by, None, "root", change).await);
            }
            refused(access.change_user(&by, None, "spare", shut(false)).await);
            refused(access.change_user(&by, None, "spare", UserChange { role: Some(Role::Member), disabled: Some(false) }).await);
            refused(access.remove_user(&by, None, "root").await);
            refused(access.remove_user(&by, None, "spare").await);
        }
        assert!(matches!(access.user("mine").await, Err(AccessError::UserNotFound(_))));
        let events = t.events().await;
        assert!(events.len() > before.len(), "the refusals are on record");
        assert!(events[before.len()..].iter().all(|event| event == "access.refused"), "{events:?}");

        // The others are theirs to manage.
        let by = person(Role::Member);
        access.add_user(&by, None, "new", Role::Auditor).await.unwrap();
        access.invite_again(&by, None, "new").await.unwrap();
        access.change_user(&by, None, "new", to(Role::Member)).await.unwrap();
        access.change_user(&by, None, "new", shut(true)).await.unwrap();
        access.remove_user(&by, None, "new").await.unwrap();
        // And an operator who has signed in may do all of it.
        let by = person(Role::Operator);
        access.add_user(&by, None, "next", Role::Operator).await.unwrap();
        access.invite_again(&by, None, "next").await.unwrap();
        access.change_user(&by, None, "spare", shut(false)).await.unwrap();
        access.change_user(&by, None, "root", to(Role::Member)).await.unwrap();
        access.remove_user(&by, None, "spare").await.unwrap();
    }
}
