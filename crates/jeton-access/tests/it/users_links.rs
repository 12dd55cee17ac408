//! One-time links.

use jeton_access::{AccessError, AccessSettings, LinkHolder, UserChange, Visitor};
use jeton_domain::{Role, Secret, UserName};
use jiff::SignedDuration;

use crate::users_support::{PASSWORD, World, both_databases, operator, password, visitor};

fn is_dead<T>(outcome: &Result<T, AccessError>) -> bool {
    matches!(outcome, Err(AccessError::SetupLink))
}

both_databases! {
    async fn the_first_administrator_chooses_a_name(t: World) {
        let link = t.access.first_setup().await.unwrap().unwrap();
        assert_eq!(t.access.open_link(&link).await.unwrap(), LinkHolder::First);
        let nameless = t.access.redeem(&link, None, &password(), Visitor::default()).await;
        assert!(matches!(nameless, Err(AccessError::UserInvalid(_))), "and the link is still good");
        let user = t.access.redeem(&link, Some("ada"), &password(), Visitor::default()).await.unwrap();
        assert_eq!((user.name.as_str(), user.role), ("ada", Role::Operator));
        assert!(t.access.sign_in("ada", &password(), Visitor::default()).await.is_ok());

        assert!(is_dead(&t.access.redeem(&link, Some("bob"), &password(), Visitor::default()).await));
        assert!(t.access.first_setup().await.unwrap().is_none());
        assert_eq!(t.events().await, ["user.invited", "user.added", "user.signed_in", "user.sign_in_refused"]);
    }

    async fn each_server_prints_a_first_link_and_one_wins(t: World) {
        let other = t.another(AccessSettings::default(), None).await;
        let (one, two) = tokio::join!(t.access.first_setup(), other.first_setup());
        t.gate.arm(2);
        let tasks = [("ada", one), ("bob", two)].map(|(name, link)| {
            let (access, link) = (t.access.clone(), link.unwrap().unwrap());
            tokio::spawn(async move { access.redeem(&link, Some(name), &password(), Visitor::default()).await })
        });
        let mut won = 0;
        for task in tasks {
            let outcome = task.await.unwrap();
            assert!(outcome.is_ok() || is_dead(&outcome), "{outcome:?}");
            won += usize::from(outcome.is_ok());
        }
        assert_eq!(won, 1);
        assert_eq!(t.access.list_users(None, 10).await.unwrap().users.len(), 1);
    }

    async fn restarts_do_not_fill_the_database(t: World) {
        let mut links = Vec::new();
        for _ in 0..20 {
            links.push(t.access.first_setup().await.unwrap().unwrap());
        }
        let mut good = 0;
        for link in &links {
            good += usize::from(t.access.open_link(link).await.is_ok());
        }
        assert_eq!(good, 16);
        assert!(t.access.open_link(&links[19]).await.is_ok(), "the newest are the good ones");
    }

    async fn a_link_works_once_also_at_once(t: World) {
        let link = t.add("ada", Role::Member).await;
        t.gate.arm(2);
        let tasks = ["the first of passwords", "the second of passwords"].map(|password| {
            let (access, link) = (t.access.clone(), link.clone());
            let password = Secret::new(password);
            tokio::spawn(async move { access.redeem(&link, None, &password, Visitor::default()).await })
        });
        let mut won = 0;
        for task in tasks {
            let outcome = task.await.unwrap();
            assert!(outcome.is_ok() || is_dead(&outcome), "{outcome:?}");
            won += usize::from(outcome.is_ok());
        }
        assert_eq!(won, 1);
        let events = t.events().await;
        assert_eq!(events.iter().filter(|event| *event == "user.password_set").count(), 1);
    }

    async fn a_link_ends_after_a_day(t: World) {
        let link = t.add("ada", Role::Member).await;
        t.clock.advance(SignedDuration::from_hours(24) - SignedDuration::from_secs(1));
        assert_eq!(t.access.open_link(&link).await.unwrap(), LinkHolder::User(UserName::parse("ada").unwrap()));
        t.clock.advance(SignedDuration::from_secs(1));
        assert!(is_dead(&t.access.open_link(&link).await));
        assert!(is_dead(&t.access.redeem(&link, None, &password(), Visitor::default()).await));
    }

    async fn a_newer_link_ends_the_older(t: World) {
        let older = t.add("ada", Role::Member).await;
        let newer = t.access.invite_again(&operator(), None, "ada").await.unwrap();
        assert!(is_dead(&t.access.redeem(&older, None, &password(), Visitor::default()).await));
        assert!(t.access.redeem(&newer.link, None, &password(), Visitor::default()).await.is_ok());
    }

    async fn a_weak_password_does_not_use_a_link_up(t: World) {
        let link = t.add("ada.lovelace", Role::Member).await;
        for weak in ["short", "ada.lovelace", "Password1234"] {
            let outcome = t.access.redeem(&link, None, &Secret::new(weak), Visitor::default()).await;
            assert!(matches!(outcome, Err(AccessError::UserInvalid(_))), "{outcome:?}");
        }
        assert_eq!(t.access.password_hashes(), 0);
        assert!(t.access.redeem(&link, None, &password(), Visitor::default()).await.is_ok());
    }

    async fn a_new_password_ends_the_old_one_and_its_sessions(t: World) {
        t.add_with_password("ada", Role::Member, PASSWORD).await;
        let session = t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.unwrap();
        let invite = t.access.invite_again(&operator(), None, "ada").await.unwrap();
        assert!(t.access.session(&session.cookie, None).await.is_ok(), "nothing ends before the link is used");

        let next = Secret::new("another one altogether");
        t.access.redeem(&invite.link, None, &next, Visitor::default()).await.unwrap();
        assert!(t.access.session(&session.cookie, None).await.is_err());
        assert!(t.access.sign_in("ada", &password(), visitor("192.0.2.1")).await.is_err());
        assert!(t.access.sign_in("ada", &next, visitor("192.0.2.1")).await.is_ok());
    }

    async fn the_link_of_one_who_is_shut_out_or_gone_is_dead(t: World) {
        let (ada, bob) = (t.add("ada", Role::Member).await, t.add("bob", Role::Member).await);
        let shut = |disabled| UserChange { disabled: Some(disabled), ..UserChange::default() };
        t.access.change_user(&operator(), None, "ada", shut(true)).await.unwrap();
        let again = t.access.invite_again(&operator(), None, "ada").await;
        assert!(matches!(again, Err(AccessError::UserInvalid(_))));
        t.access.change_user(&operator(), None, "ada", shut(false)).await.unwrap();
        t.access.remove_user(&operator(), None, "bob").await.unwrap();
        assert!(is_dead(&t.access.open_link(&ada).await) && is_dead(&t.access.open_link(&bob).await));
    }

    async fn what_was_never_given_out_opens_nothing_and_costs_no_hash(t: World) {
        let link = t.add("ada", Role::Member).await;
        let (owner, secret) = link.expose().split_once('.').unwrap();
        let first = t.access.first_setup().await.unwrap();
        assert!(first.is_none(), "there is a user");
        let zeroes = "A".repeat(22);
        let other = format!("{}{}", if secret.starts_with('x') { 'y' } else { 'x' }, &secret[1..]);
        let guesses = [
            String::new(),
            ".".to_owned(),
            secret.to_owned(),
            format!("{owner}."),
            format!("{owner}.{other}"),
            format!("{owner}.{secret}="),
            format!("{zeroes}.{secret}"),
            format!("{owner}.{secret}.{secret}"),
            "x".repeat(100_000),
        ];
        for guess in guesses {
            let outcome = t.access.redeem(&Secret::new(guess), Some("eve"), &password(), visitor("192.0.2.9")).await;
            assert!(is_dead(&outcome), "{outcome:?}");
        }
        assert_eq!(t.access.password_hashes(), 0);
        assert!(t.access.open_link(&link).await.is_ok());
        let record = t.record().await;
        let refused: Vec<_> = record.iter().filter(|entry| entry.event == "user.sign_in_refused").collect();
        assert!(!refused.is_empty() && refused[0].body.contains("auth.setup_link"), "{refused:?}");
    }
}
