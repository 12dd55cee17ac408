//! One-time links that are used by signing in at the provider.

use jeton_access::{AccessError, LinkHolder, UserChange, Visitor};
use jeton_domain::{Coded as _, Role, Secret, UserName};
use serde_json::{Value, json};

use crate::{
    users_provider::{Provider, come_back, sign_in, visit},
    users_support::{PASSWORD, World, both_databases, operator, password, visitor},
};

/// The provider's account of this number.
fn account(subject: &str) -> Value {
    json!({"sub": subject, "email": format!("{subject}@example.org"), "email_verified": true})
}

fn is_dead<T>(outcome: &Result<T, AccessError>) -> bool {
    matches!(outcome, Err(AccessError::SetupLink))
}

both_databases! {
    async fn a_link_says_who_somebody_at_the_provider_is(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(false, &[]).await;
        p.sim.set_user(Some(account("1")));
        assert!(matches!(sign_in(&server).await, Err(AccessError::NoUser(_))));

        let link = p.world.add("lovelace", Role::Auditor).await;
        let session = come_back(&server, Some(&link)).await.unwrap();
        assert_eq!((session.user.name.as_str(), session.user.role), ("lovelace", Role::Auditor));
        assert_eq!(session.user.provider, Some((p.sim.issuer(), "1".to_owned())));
        assert!(server.session(&session.cookie, None).await.is_ok());
        assert!(is_dead(&server.open_link(&link).await), "it is used up");
        assert!(is_dead(&come_back(&server, Some(&link)).await));
        assert_eq!(sign_in(&server).await.unwrap().user.id, session.user.id, "and needs no link any more");
        // Somebody else is nobody still, and so is the old name.
        p.sim.set_user(Some(json!({"sub": "2", "email": "lovelace@example.org", "email_verified": true})));
        assert!(matches!(sign_in(&server).await, Err(AccessError::NoUser(_))));

        let record = p.world.record().await;
        let bound = record.iter().find(|entry| entry.event == "user.changed").unwrap();
        assert_eq!((bound.actor_name.as_str(), bound.request_id.as_deref()), ("user:lovelace", Some("request-1")));
        assert!(bound.body.contains(r#""by":"link""#) && bound.body.contains(r#""subject":"1""#), "{bound:?}");
        let events: Vec<_> = record.iter().map(|entry| entry.event.as_str()).collect();
        let of_the_link = events.iter().position(|event| *event == "user.changed").unwrap();
        assert_eq!(events[of_the_link + 1], "user.signed_in");
    }

    async fn the_first_administrator_may_come_from_the_provider(t: World) {
        let p = Provider::start(t).await;
        let link = p.world.access.first_setup().await.unwrap().unwrap();
        let strict = p.server_with(false, &[("staff", Role::Auditor), ("admins", Role::Operator)]).await;
        p.sim.set_user(Some(json!({"sub": "7", "email": "eve@example.org", "email_verified": true, "groups": ["staff"]})));
        let error = come_back(&strict, Some(&link)).await.unwrap_err();
        assert_eq!(error.code().as_str(), "auth.not_allowed");
        assert!(error.to_string().contains("must be an operator"), "{error}");
        p.sim.set_user(Some(json!({"sub": "8"})));
        let error = come_back(&p.server_with(false, &[]).await, Some(&link)).await.unwrap_err();
        assert!(error.to_string().contains("names nobody"), "{error}");
        assert_eq!(strict.open_link(&link).await.unwrap(), LinkHolder::First, "the link is still good");

        p.sim.set_user(Some(json!({"sub": "9", "email": "Ada@example.org", "email_verified": true, "groups": ["admins"]})));
        let session = come_back(&strict, Some(&link)).await.unwrap();
        assert_eq!((session.user.name.as_str(), session.user.role), ("ada@example.org", Role::Operator));
        assert!(is_dead(&strict.open_link(&link).await));
        assert!(strict.first_setup().await.unwrap().is_none());
        assert_eq!(sign_in(&strict).await.unwrap().user.id, session.user.id);
        let record = p.world.record().await;
        let added = record.iter().find(|entry| entry.event == "user.added").unwrap();
        assert!(added.body.contains(r#""by":"link""#) && added.body.contains(r#""subject":"9""#), "{added:?}");
    }

    async fn another_account_takes_the_place_of_the_old_one_when_the_link_is_used(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(false, &[]).await;
        let link = p.world.add("ada", Role::Member).await;
        p.sim.set_user(Some(account("1")));
        let old = come_back(&server, Some(&link)).await.unwrap();

        let link = server.invite_again(&operator(), None, "ada").await.unwrap().link;
        assert_eq!(server.open_link(&link).await.unwrap(), LinkHolder::Bound(UserName::parse("ada").unwrap()));
        assert!(is_dead(&p.world.access.open_link(&link).await), "where there is no provider it opens nothing");
        let again = p.world.access.invite_again(&operator(), None, "ada").await;
        assert!(matches!(again, Err(AccessError::UserInvalid(_))));
        assert!(sign_in(&server).await.is_ok(), "nothing ends before the link is used");
        // Not by a password either, which would outlive their account there.
        let outcome = server.redeem(&link, None, &password(), Visitor::default()).await;
        assert!(matches!(outcome, Err(AccessError::UserInvalid(_))), "{outcome:?}");
        assert_eq!(server.password_hashes(), 0);

        p.sim.set_user(Some(account("2")));
        let new = come_back(&server, Some(&link)).await.unwrap();
        assert_eq!((new.user.id, new.user.created_at), (old.user.id, old.user.created_at));
        assert_eq!(new.user.provider, Some((p.sim.issuer(), "2".to_owned())));
        assert!(server.session(&old.cookie, None).await.is_err(), "the other browsers are signed out");
        p.sim.set_user(Some(account("1")));
        assert!(matches!(sign_in(&server).await, Err(AccessError::NoUser(_))), "the old account is nobody's");
        let record = p.world.record().await;
        let bound = record.iter().rfind(|entry| entry.event == "user.changed").unwrap();
        assert!(bound.body.contains(r#""subject_before":"1""#), "{bound:?}");
    }

    async fn whoever_signs_in_through_the_provider_has_no_password(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(false, &[]).await;
        p.world.add_with_password("ada", Role::Member, PASSWORD).await;
        let session = server.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let link = server.invite_again(&operator(), None, "ada").await.unwrap().link;
        assert_eq!(come_back(&server, Some(&link)).await.unwrap().user.id, session.user.id);
        let refused = server.sign_in("ada", &password(), visitor("192.0.2.1")).await;
        assert!(matches!(refused, Err(AccessError::BadPassword)));
        assert!(server.session(&session.cookie, None).await.is_err());
    }

    async fn an_account_is_one_user_only(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(false, &[]).await;
        let (ada, bob) = (p.world.add("ada", Role::Member).await, p.world.add("bob", Role::Operator).await);
        let user = come_back(&server, Some(&ada)).await.unwrap().user;
        let error = come_back(&server, Some(&bob)).await.unwrap_err();
        assert!(error.to_string().contains("signs in as `ada`"), "{error}");
        assert_eq!(error.code().as_str(), "auth.not_allowed");
        assert!(server.open_link(&bob).await.is_ok(), "the link is still good");
        assert_eq!(sign_in(&server).await.unwrap().user.id, user.id);
        // The same account once more is no mistake.
        let again = server.invite_again(&operator(), None, "ada").await.unwrap().link;
        assert_eq!(come_back(&server, Some(&again)).await.unwrap().user.id, user.id);
        assert!(is_dead(&server.open_link(&again).await));
    }

    async fn of_two_who_use_a_link_at_once_one_comes_in(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(false, &[]).await;
        let link = p.world.add("ada", Role::Member).await;
        let mut tasks = Vec::new();
        for subject in ["1", "2"] {
            p.sim.set_user(Some(account(subject)));
            let begun = server.begin_sign_in(Some(&link)).await.unwrap();
            tasks.push((visit(&begun).await, begun.cookie, server.clone()));
        }
        p.world.gate.arm(2);
        let tasks = tasks.into_iter().map(|(answer, cookie, server)| {
            tokio::spawn(async move { server.finish_sign_in(&answer, Some(&cookie), Visitor::default()).await })
        });
        let mut won = 0;
        for task in tasks.collect::<Vec<_>>() {
            let outcome = task.await.unwrap();
            assert!(outcome.is_ok() || is_dead(&outcome), "{outcome:?}");
            won += usize::from(outcome.is_ok());
        }
        assert_eq!(won, 1);
    }

    async fn a_link_that_ended_on_the_way_binds_nobody(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(false, &[]).await;
        let ends = [None, Some(UserChange { disabled: Some(true), ..UserChange::default() })];
        for end in ends {
            let name = format!("ada{}", end.is_some());
            let link = p.world.add(&name, Role::Member).await;
            let begun = server.begin_sign_in(Some(&link)).await.unwrap();
            match end {
                None => drop(server.invite_again(&operator(), None, &name).await.unwrap()),
                Some(change) => drop(server.change_user(&operator(), None, &name, change).await.unwrap()),
            }
            let outcome = server.finish_sign_in(&visit(&begun).await, Some(&begun.cookie), visitor("192.0.2.1")).await;
            assert!(is_dead(&outcome), "{outcome:?}");
            assert_eq!(server.user(&name).await.unwrap().provider, None);
        }
        let refused = p.world.access.begin_sign_in(Some(&Secret::new("AAAA.BBBB"))).await.unwrap_err();
        assert_eq!(refused.code().as_str(), "auth.not_allowed", "there is no provider");
        assert!(matches!(server.begin_sign_in(Some(&Secret::new("AAAA.BBBB"))).await, Err(AccessError::SetupLink)));
        server.ledger().flush().await.unwrap();
        let record = p.world.record().await;
        let refused = record.iter().find(|entry| entry.event == "user.sign_in_refused").unwrap();
        assert!(refused.body.contains("auth.setup_link") && refused.body.contains("248289"), "{refused:?}");
    }
}
