//! Browsers that are signed in.

use argon2::{
    Argon2, Params,
    password_hash::{PasswordHasher as _, phc::PasswordHash},
};
use jeton_access::{AccessError, AccessSettings, UserChange, Visitor};
use jeton_domain::{Clock as _, Coded as _, Role, Secret};
use jeton_vault::CookieDigest;
use jiff::SignedDuration;

use crate::users_support::{PASSWORD, World, both_databases, operator, password, visitor};

fn ended<T>(outcome: &Result<T, AccessError>) -> bool {
    matches!(outcome, Err(AccessError::SessionEnded))
}

both_databases! {
    async fn a_stranger_cannot_tell_a_missing_user(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        t.add_with_password("shut", Role::Member, PASSWORD).await;
        let shut = UserChange { disabled: Some(true), ..UserChange::default() };
        t.access.change_user(&operator(), None, "shut", shut).await.unwrap();
        t.add("invited", Role::Member).await;
        let before = t.access.password_hashes();
        let tries = [("ada", "wrong"), ("shut", PASSWORD), ("invited", PASSWORD), ("missing", PASSWORD), ("no name!", "")];
        for (index, (name, given)) in tries.into_iter().enumerate() {
            let refused = t.access.sign_in(name, &Secret::new(given), visitor("192.0.2.1")).await;
            let error = refused.unwrap_err();
            assert_eq!(error.to_string(), "the user name or the password is wrong", "{name}");
            assert_eq!(error.code().as_str(), "auth.bad_password");
            assert_eq!(t.access.password_hashes(), before + index as u64 + 1, "{name} costs a hash like the others");
        }
    }

    async fn wrong_tries_have_to_wait_and_right_ones_too(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let wrong = Secret::new("wrong");
        for _ in 0..3 {
            let refused = t.access.sign_in("ada", &wrong, visitor("192.0.2.1")).await;
            assert!(matches!(refused, Err(AccessError::BadPassword)));
        }
        let before = t.access.password_hashes();
        for name in ["ada", "ADA "] {
            let refused = t.access.sign_in(name, &password(), visitor("192.0.2.1")).await.unwrap_err();
            assert!(refused.retry_after().is_some(), "{refused}");
        }
        assert_eq!(t.access.password_hashes(), before, "nothing is hashed meanwhile");
        // Her own place is not shut.
        assert!(t.access.sign_in("ada", &password(), visitor("198.51.100.7")).await.is_ok());
        t.clock.advance(SignedDuration::from_secs(2));
        assert!(t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.is_ok());
    }

    async fn many_tries_at_once_are_one(t: World) {
        t.add("ada", Role::Member).await;
        let before = t.access.password_hashes();
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let access = t.access.clone();
                let guess = Secret::new(format!("guess {number}"));
                tokio::spawn(async move { access.sign_in("ada", &guess, visitor("192.0.2.1")).await.map(drop) })
            })
            .collect();
        for task in tasks {
            assert!(task.await.unwrap().is_err());
        }
        let hashed = t.access.password_hashes() - before;
        assert!((1..=3).contains(&hashed), "{hashed}");
    }

    async fn every_sign_in_has_a_cookie_of_its_own(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let planted = Secret::new("A".repeat(43));
        assert!(ended(&t.access.session(&planted, None).await));
        let one = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let two = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        assert_ne!(one.cookie.expose(), two.cookie.expose());
        assert_ne!(one.csrf.expose(), two.csrf.expose());
        assert!(ended(&t.access.session(&planted, None).await));
        for bad in ["", "x", &two.cookie.expose()[1..], &format!("{}=", two.cookie.expose()), two.csrf.expose()] {
            assert!(ended(&t.access.session(&Secret::new(bad), None).await), "{bad}");
        }
        let found = t.access.session(&two.cookie, Some("192.0.2.7".parse().unwrap())).await.unwrap();
        assert_eq!(found.caller.identity.to_string(), "user:ada");
        assert_eq!(found.caller.address, Some("192.0.2.7".parse().unwrap()));
    }

    async fn a_session_ends_when_it_is_not_used_and_in_any_case(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let idle = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let used = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let second = SignedDuration::from_secs(1);
        t.clock.advance(SignedDuration::from_hours(2) - second);
        assert!(t.access.session(&used.cookie, None).await.is_ok());
        t.clock.advance(second);
        assert!(ended(&t.access.session(&idle.cookie, None).await));
        let listed = t.access.list_sessions(used.user.id).await.unwrap();
        assert_eq!(listed.len(), 1, "the idle one is not in the list");
        for _ in 0..9 {
            t.clock.advance(SignedDuration::from_hours(1));
            assert!(t.access.session(&used.cookie, None).await.is_ok());
        }
        t.clock.advance(SignedDuration::from_hours(1) - second);
        assert!(t.access.session(&used.cookie, None).await.is_ok());
        t.clock.advance(second);
        assert!(ended(&t.access.session(&used.cookie, None).await), "after twelve hours");
        t.access.sweep().await.unwrap();
        assert!(t.access.list_sessions(used.user.id).await.unwrap().is_empty());
    }

    async fn a_short_idle_end_is_kept_away_by_use(t: World) {
        let settings = AccessSettings { session_idle: SignedDuration::from_secs(40), ..AccessSettings::default() };
        let access = t.another(settings, None).await;
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let session = access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        for _ in 0..5 {
            t.clock.advance(SignedDuration::from_secs(30));
            assert!(access.session(&session.cookie, None).await.is_ok());
        }
    }

    async fn forms_are_the_sessions_own(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let one = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let two = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let session = t.access.session(&one.cookie, None).await.unwrap();
        assert_eq!(session.csrf.expose(), one.csrf.expose());
        assert!(session.check_csrf(Some(one.csrf.expose())).is_ok());
        for bad in [None, Some(""), Some("x"), Some(two.csrf.expose()), Some(one.cookie.expose())] {
            let error = session.check_csrf(bad).unwrap_err();
            assert_eq!(error.code().as_str(), "auth.csrf");
        }
    }

    async fn signing_out_here_there_and_everywhere(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let mut cookies = Vec::new();
        for number in 1..=4 {
            let address = format!("192.0.2.{number}");
            cookies.push(t.access.sign_in("ada", &password(), visitor(&address)).await.unwrap().cookie);
            t.clock.advance(SignedDuration::from_secs(1));
        }
        let here = t.access.session(&cookies[0], None).await.unwrap();
        let list = t.access.list_sessions(here.user.id).await.unwrap();
        let addresses: Vec<_> = list.iter().filter_map(|view| view.address.as_deref()).collect();
        assert_eq!(addresses, ["192.0.2.4", "192.0.2.3", "192.0.2.2", "192.0.2.1"]);
        assert_eq!(list[3].id, here.id());

        let by = here.caller.clone();
        assert!(t.access.end_session(&by, None, "ada", &list[1].id).await.unwrap());
        assert!(!t.access.end_session(&by, None, "ada", &list[1].id).await.unwrap());
        assert!(ended(&t.access.session(&cookies[2], None).await));
        assert_eq!(t.access.sign_out_everywhere(&by, None, "ada", Some(&here)).await.unwrap(), 2);
        assert!(ended(&t.access.session(&cookies[3], None).await));
        assert!(t.access.session(&cookies[0], None).await.is_ok());
        t.access.sign_out(&here, None).await.unwrap();
        t.access.sign_out(&here, None).await.unwrap();
        assert!(ended(&t.access.session(&cookies[0], None).await));
        let events = t.events().await;
        let tail = &events[events.len() - 3..];
        assert_eq!(tail, ["user.session_ended", "user.session_ended", "user.signed_out"]);
    }

    async fn one_user_has_a_bounded_number_of_sessions(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let first = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let mut tx = t.vault.begin().await.unwrap();
        let mut row = tx.web_sessions().list(first.user.id, t.clock.now()).await.unwrap().remove(0);
        for number in 1..40 {
            row.digest = CookieDigest([number; 32]);
            row.created_at += SignedDuration::from_millis(1);
            tx.web_sessions().add(&row).await.unwrap();
        }
        tx.commit().await.unwrap();
        t.clock.advance(SignedDuration::from_secs(1));
        let last = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        assert_eq!(t.access.list_sessions(first.user.id).await.unwrap().len(), 32);
        assert!(t.access.session(&last.cookie, None).await.is_ok());
        assert!(ended(&t.access.session(&first.cookie, None).await), "the oldest went");
    }

    async fn no_session_outlives_the_password_or_the_user_that_it_came_from(t: World) {
        let user = t.add_with_password("ada", Role::Member, PASSWORD).await;
        let mut current = PASSWORD.to_owned();
        for round in 0..4 {
            let link = t.access.invite_again(&operator(), None, "ada").await.unwrap().link;
            let (access, old) = (t.access.clone(), Secret::new(current.as_str()));
            t.gate.arm(2);
            let signing_in = tokio::spawn(async move { access.sign_in("ada", &old, visitor("192.0.2.1")).await });
            if round % 2 == 0 {
                current = format!("password of round {round}");
                let next = Secret::new(current.as_str());
                t.access.redeem(&link, None, &next, Visitor::default()).await.unwrap();
            } else {
                let change = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
                t.access.change_user(&operator(), None, "ada", change(true)).await.unwrap();
                t.access.change_user(&operator(), None, "ada", change(false)).await.unwrap();
            }
            let outcome = signing_in.await.unwrap();
            if round % 2 == 0 {
                assert!(t.access.list_sessions(user.id).await.unwrap().is_empty(), "round {round}: {outcome:?}");
            } else if let Ok(session) = outcome {
                // Either before and ended with the others, or after, when the user was let in again.
                let signed_in = t.events().await.into_iter().rposition(|event| event == "user.signed_in");
                let changed = t.events().await.into_iter().rposition(|event| event == "user.changed");
                assert!(ended(&t.access.session(&session.cookie, None).await) || signed_in > changed);
            }
            t.access.sign_out_everywhere(&operator(), None, "ada", None).await.unwrap();
            t.clock.advance(SignedDuration::from_hours(1));
        }
    }

    async fn older_hashes_are_renewed_when_their_user_comes(t: World) {
        let user = t.add_with_password("ada", Role::Member, PASSWORD).await;
        let weak = Argon2::from(Params::new(64, 1, 1, None).unwrap());
        let weak = weak.hash_password_with_salt(PASSWORD.as_bytes(), b"0123456789abcdef").unwrap();
        let mut tx = t.vault.begin().await.unwrap();
        tx.users().set_password(user.id, &Secret::new(weak.to_string())).await.unwrap();
        tx.commit().await.unwrap();
        // Two browsers at once: one renews it under the other's eyes, and both come in.
        t.gate.arm(2);
        let given = password();
        let (here, there) = tokio::join!(
            t.access.sign_in("ada", &given, visitor("192.0.2.1")),
            t.access.sign_in("ada", &given, visitor("198.51.100.7")),
        );
        assert!(here.is_ok() && there.is_ok());
        for _ in 0..2 {
            t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
            let stored = t.access.user("ada").await.unwrap().password.unwrap();
            let params = Params::try_from(&PasswordHash::new(stored.expose()).unwrap()).unwrap();
            assert_eq!((params.m_cost(), params.t_cost()), (19 * 1024, 2));
        }
    }

    async fn a_password_in_the_wrong_field_is_not_recorded(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        for name in ["tr0ub4dor&3", "hunter2hunter2", "ada"] {
            let refused = t.access.sign_in(name, &Secret::new("ada"), visitor("192.0.2.1")).await;
            assert!(matches!(refused, Err(AccessError::BadPassword)));
            t.clock.advance(SignedDuration::from_mins(2));
            t.access.ledger().tick().await.unwrap();
        }
        let record = t.record().await;
        let refused: Vec<_> = record.iter().filter(|entry| entry.event == "user.sign_in_refused").collect();
        assert!(!refused.is_empty());
        for entry in &record {
            let line = format!("{entry:?}");
            assert!(!line.contains("tr0ub4dor") && !line.contains("hunter2"), "{line}");
        }
        assert!(refused.iter().any(|entry| entry.body.contains(r#""user":"ada""#)), "{refused:?}");
    }

    async fn nothing_that_opens_is_printed_or_kept(t: World) {
        let invite = t.access.add_user(&operator(), None, "ada", Role::Member).await.unwrap();
        let user = t.access.redeem(&invite.link, None, &password(), Visitor::default()).await.unwrap();
        let signed_in = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let session = t.access.session(&signed_in.cookie, None).await.unwrap();
        let printed = format!("{invite:?} {user:?} {signed_in:?} {session:?} {:?} {:#?}", t.access, session);
        let (_, link) = invite.link.expose().split_once('.').unwrap();
        let opens = [link, PASSWORD, signed_in.cookie.expose(), signed_in.csrf.expose()];
        for secret in opens {
            assert!(!printed.contains(secret));
        }
        assert!(!printed.contains("argon2id"), "{printed}");
        let record = format!("{:?}", t.record().await);
        let mut kept: Vec<u8> = record.into_bytes();
        for file in std::fs::read_dir(t.dir.path()).unwrap() {
            kept.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
        for secret in opens {
            assert!(!kept.windows(secret.len()).any(|window| window == secret.as_bytes()));
        }
    }
}
