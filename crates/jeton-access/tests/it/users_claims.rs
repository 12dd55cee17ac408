//! What the provider's claims make of people, at every sign-in.

use jeton_access::{AccessError, PolicyChange, UserChange};
use jeton_domain::{Action, Role};
use jeton_policy::{CallerSpec, OneOrMany, PolicySpec};
use serde_json::{Value, json};

use crate::{
    users_provider::{Provider, come_back, sign_in},
    users_support::{World, both_databases, operator},
};

const RULES: &[(&str, Role)] = &[("admins", Role::Operator), ("staff", Role::Member)];

fn ada(groups: &[&str]) -> Value {
    json!({"sub": "1", "email": "ada@example.org", "email_verified": true, "groups": groups})
}

fn policy(name: &str, user: &str) -> PolicySpec {
    PolicySpec {
        name: name.to_owned(),
        callers: CallerSpec {
            user: Some(OneOrMany::from(user)),
            ..CallerSpec::default()
        },
        actions: vec![Action::UserRead.as_str().to_owned()],
        ..PolicySpec::default()
    }
}

both_databases! {
    async fn who_leaves_the_operators_at_the_provider_is_none_here(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(true, RULES).await;
        p.sim.set_user(Some(ada(&["admins", "staff"])));
        let first = sign_in(&server).await.unwrap();
        assert_eq!(first.user.role, Role::Operator);
        // The last operator as well.
        p.sim.set_user(Some(ada(&["staff"])));
        let second = sign_in(&server).await.unwrap();
        assert_eq!((second.user.id, second.user.role), (first.user.id, Role::Member));
        let session = server.session(&first.cookie, None).await.unwrap();
        assert_eq!(session.user.role, Role::Member, "also in the other browser");
        p.sim.set_user(Some(ada(&["admins"])));
        assert_eq!(sign_in(&server).await.unwrap().user.role, Role::Operator);
        assert_eq!(sign_in(&server).await.unwrap().user.role, Role::Operator);

        let record = p.world.record().await;
        let events: Vec<_> = record.iter().map(|entry| entry.event.as_str()).collect();
        assert_eq!(events, [
            "user.added", "user.signed_in", "user.changed", "user.signed_in", "user.changed", "user.signed_in",
            "user.signed_in",
        ]);
        let changed = &record[2];
        assert_eq!((changed.actor_name.as_str(), changed.request_id.as_deref()), ("jeton", Some("request-1")));
        for part in [r#""role":"member""#, r#""role_before":"operator""#, r#""user":"ada@example.org""#] {
            assert!(changed.body.contains(part), "{changed:?}");
        }
        assert!(record[3].body.contains(r#""role":"member""#), "{:?}", record[3]);
    }

    async fn who_has_no_role_at_the_provider_any_more_stays_out(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(false, RULES).await;
        let link = p.world.add("ada", Role::Auditor).await;
        p.sim.set_user(Some(ada(&[])));
        let error = come_back(&server, Some(&link)).await.unwrap_err();
        assert!(error.to_string().contains("give no role"), "{error}");
        assert!(server.open_link(&link).await.is_ok(), "the link is still good");
        p.sim.set_user(Some(ada(&["staff"])));
        assert_eq!(come_back(&server, Some(&link)).await.unwrap().user.role, Role::Member, "not what was typed");
        p.sim.set_user(Some(ada(&["others"])));
        let error = sign_in(&server).await.unwrap_err();
        assert!(matches!(error, AccessError::SignInRefused(_)), "{error}");
        assert_eq!(server.user("ada").await.unwrap().role, Role::Member);
    }

    async fn without_rules_the_role_is_what_the_operator_gave(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(false, &[]).await;
        let link = p.world.add("ada", Role::Member).await;
        p.sim.set_user(Some(ada(&["admins"])));
        assert_eq!(come_back(&server, Some(&link)).await.unwrap().user.role, Role::Member);
        let change = UserChange { role: Some(Role::Auditor), ..UserChange::default() };
        server.change_user(&operator(), None, "ada", change).await.unwrap();
        assert_eq!(sign_in(&server).await.unwrap().user.role, Role::Auditor);
    }

    async fn a_letter_that_only_looks_like_ours_is_not_ours(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(true, RULES).await;
        // The Kelvin sign, whose lower-case form is the letter k.
        p.sim.set_user(Some(json!({
            "sub": "1", "email": "\u{212a}im@example.org", "email_verified": true, "groups": ["staff"],
        })));
        let error = sign_in(&server).await.unwrap_err();
        assert!(error.to_string().contains("names nobody"), "{error}");
        assert!(server.list_users(None, 10).await.unwrap().users.is_empty());
    }

    async fn nobody_adds_themselves_under_a_name_that_a_policy_lists(t: World) {
        let p = Provider::start(t).await;
        let server = p.server_with(true, RULES).await;
        let put = async |spec| server.put_policy(&operator(), None, spec, PolicyChange::Add).await.unwrap();
        put(policy("people", "*@example.org")).await;
        put(policy("ada", "ada@example.org")).await;
        p.sim.set_user(Some(ada(&["staff"])));
        let error = sign_in(&server).await.unwrap_err();
        assert!(matches!(error, AccessError::SignInRefused(_)), "{error}");
        assert!(error.to_string().contains("named in a policy"), "{error}");
        assert!(server.list_users(None, 10).await.unwrap().users.is_empty());
        // Whoever fits a pattern is whom it is for.
        p.sim.set_user(Some(json!({"sub": "2", "email": "bob@example.org", "email_verified": true, "groups": ["staff"]})));
        assert!(sign_in(&server).await.is_ok());
        // And an operator may say that it is her.
        let link = p.world.add("ada@example.org", Role::Member).await;
        p.sim.set_user(Some(ada(&["staff"])));
        assert!(come_back(&server, Some(&link)).await.is_ok());
        assert!(sign_in(&server).await.is_ok());
    }
}
