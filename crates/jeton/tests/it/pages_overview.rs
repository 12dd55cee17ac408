//! The first page after signing in: what stands on it, and for whom.

use std::fmt::Write as _;

use jeton_domain::Clock as _;
use jeton_forge_sim::PersonalTokenSpec;
use jeton_testkit::both_databases;
use jiff::SignedDuration;
use serde_json::json;

use crate::{
    account_world::{Forge, World},
    browser::{Browser, person},
    raw_sql::sql,
};

const PASSWORD: &str = "correct horse battery";

both_databases! {
    async fn a_new_server_says_what_to_do_first(t: TestJeton) {
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let page = root.get(&t, "/").await;
        assert_eq!(page.status, 200, "{}", page.text);
        for link in ["/settings/accounts/new", "/apps", "/settings/clients", "/settings/policies"] {
            assert!(page.text.contains(&format!("<a href=\"{link}\"")), "{link}: {}", page.text);
        }
        // The testkit has an App, and a policy for those who show nothing.
        assert_eq!(page.text.matches("(done)").count(), 2, "{}", page.text);
        for words in ["Nobody was refused anything yet.", "No token ends in the next 90 days", "Not known yet"] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        t.install("acme", &["a"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        assert_eq!(root.get(&t, "/").await.text.matches("(done)").count(), 3);
        t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
        let page = root.get(&t, "/").await;
        assert!(!page.text.contains("To begin with"), "somebody has a token: {}", page.text);
        let mut ada = person(&t, "ada", "member", PASSWORD).await;
        let page = ada.get(&t, "/").await;
        assert!(!page.text.contains("To begin with"), "nothing of it is theirs to do: {}", page.text);
        // A quiet day is no new server.
        t.clock.advance(SignedDuration::from_hours(30));
        root.sign_in(&t, "root", PASSWORD).await;
        let page = root.get(&t, "/").await;
        assert!(page.status == 200 && !page.text.contains("To begin with"), "{}", page.text);
        // But one that has nothing to take tokens from any more has something to begin with.
        assert_eq!(t.delete("/v1/apps/ci").await.status, 200);
        let page = root.get(&t, "/").await;
        assert!(page.text.contains("There is neither an account nor a GitHub App"), "{}", page.text);
    }

    async fn what_to_begin_with_is_no_matter_of_those_who_see_their_own_alone(t: TestJeton) {
        let mut ada = person(&t, "ada", "member", PASSWORD).await;
        t.policy(json!({"name": "ada-adds", "callers": {"user": "ada"}, "actions": ["account.manage"]})).await;
        let page = ada.get(&t, "/").await;
        assert!(page.status == 200 && !page.text.contains("To begin with"), "{}", page.text);
    }

    async fn the_charts_have_the_numbers_as_text(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let key = t.client_who_reads("ci", "acme/a").await;
        for _ in 0..3 {
            let answer = t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
            assert_eq!(answer.status, 201, "{}", answer.text);
        }
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/b"]})).await.status, 403);
        let mut root = person(&t, "root", "operator", PASSWORD).await;
        let page = root.get(&t, "/").await;
        assert!(page.text.contains("Grants per hour: the numbers"), "{}", page.text);
        assert!(page.text.contains("3 in all; most at"), "{}", page.text);
        assert!(page.text.contains("From the cache 2, Minted for the request 1"), "{}", page.text);
        assert!(page.text.contains("66 %"), "{}", page.text);
        assert!(page.text.contains("renewals ahead among them</dt><dd>1 time</dd>"), "{}", page.text);
        assert!(page.text.contains("on acme") && page.text.contains(" left"), "the App's limit: {}", page.text);
        for words in ["client:ci", "a token for acme/b", "no policy allows it", "policy.denied", "/settings/policies/explain?entry="] {
            assert!(page.text.contains(words), "{words}: {}", page.text);
        }
        let (_, entry) = page.text.split_once("href=\"/record?before=").unwrap();
        let (before, anchor) = entry.split('"').next().unwrap().split_once('#').unwrap();
        let record = root.get(&t, &format!("/record?before={before}")).await;
        assert!(record.text.contains(&format!("id=\"{anchor}\"")), "{anchor}: {}", record.text);
        assert!(!page.text.contains("style=\"") && !page.text.contains(&key));
    }

    async fn accounts_are_counted_by_state_and_listed_by_end(t: TestJeton) {
        let world = World::around(t).await;
        let t = &world.t;
        for (label, days) in [("soon", 7), ("later", 60), ("far", 300)] {
            let spec = PersonalTokenSpec::classic(["repo"]).expires_in(SignedDuration::from_hours(24 * days));
            let token = world.at_github(spec).token;
            t.account(label, world.given(Forge::GitHub, &token)).await;
        }
        let mut root = person(t, "root", "operator", PASSWORD).await;
        let page = root.get(t, "/").await;
        assert!(page.text.contains("3 accounts") && page.text.contains("Work <b>3</b>"), "{}", page.text);
        assert!(page.text.contains("1 account ends within 30 days"), "{}", page.text);
        let (_, list) = page.text.split_once("<ol class=\"plain ends\">").unwrap();
        let (list, _) = list.split_once("</ol>").unwrap();
        assert!(list.find("soon").unwrap() < list.find("later").unwrap() && !list.contains("far"), "{list}");
        let stopped = root.get(t, "/settings/accounts?state=works").await;
        assert_eq!(stopped.status, 200);
        t.clock.advance(SignedDuration::from_hours(24 * 8));
        assert_eq!(root.sign_in(t, "root", PASSWORD).await.status, 303);
        let page = root.get(t, "/").await;
        assert!(page.text.contains("Ended <b>1</b>"), "{}", page.text);
        assert!(page.text.contains("soon ended 1 day ago"), "{}", page.text);
    }

    async fn every_number_leads_to_a_list_of_as_many(t: TestJeton) {
        let world = World::around(t).await;
        let t = &world.t;
        world.stored(Forge::GitHub, "model").await;
        let now = t.clock.now();
        let at = |hours| (now + SignedDuration::from_hours(hours)).as_millisecond().to_string();
        let ends = [None, Some(-24), Some(24 * 10), Some(24 * 40)];
        let mut changes = String::new();
        for number in 0..24 {
            world.stored(Forge::GitHub, &format!("t{number:02}")).await;
            let _ = writeln!(
                changes,
                "UPDATE accounts SET validity = '{}', active = {}, expires_at = {}, next_check_at = {} WHERE label = 't{number:02}';",
                ["valid", "invalid", "unknown"][number % 3],
                number % 6 < 3,
                ends[number / 6].map_or_else(|| "NULL".to_owned(), at),
                // No look at a forge comes in between.
                at(1_000),
            );
        }
        if sql(&t.database, &changes).is_none() {
            return;
        }
        t.policy(json!({"name": "ada", "callers": {"user": "ada"}, "actions": ["account.use"], "repositories": ["*/*"],
            "sources": ["account:t*", "account:model"]})).await;
        let mut root = person(t, "root", "operator", PASSWORD).await;
        let mut ada = person(t, "ada", "member", PASSWORD).await;
        for browser in [&mut root, &mut ada] {
            let page = browser.get(t, "/").await;
            for (words, state, count) in [
                ("Work <b>4</b>", "works", 4),
                ("Refused <b>3</b>", "refused", 3),
                ("Not known <b>3</b>", "unknown", 3),
                ("Ended <b>3</b>", "ended", 3),
                ("Switched off <b>12</b>", "off", 12),
                ("3 accounts end within 30 days", "ending", 3),
            ] {
                assert!(page.text.contains(words), "{words}: {}", page.text);
                assert!(page.text.contains(&format!("state={state}\"")), "{state}: {}", page.text);
                let list = browser.get(t, &format!("/settings/accounts?state={state}")).await;
                assert!(list.text.contains(&format!(">{count} accounts")), "{state}: {}", list.text);
                assert_eq!(list.text.matches("<th scope=\"row\">").count(), count, "{state}: {}", list.text);
            }
        }
    }

    async fn a_member_sees_only_what_is_theirs(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/a"]})).await;
        t.get_as("wrong", "/v1/grants").await;
        let mut ada = person(&t, "ada", "member", PASSWORD).await;
        let page = ada.get(&t, "/").await;
        assert!(page.text.contains("Your grants in the last 24 hours") && page.text.contains("Nothing in all that time."), "{}", page.text);
        for hidden in ["client:ci", "acme", "Latest refusals", "Minted", "of the forges"] {
            assert!(!page.text.contains(hidden), "{hidden}: {}", page.text);
        }
        let mut eve = person(&t, "eve", "auditor", PASSWORD).await;
        let page = eve.get(&t, "/").await;
        for seen in ["Latest refusals", "1 in all", "Minted for the request"] {
            assert!(page.text.contains(seen), "{seen}: {}", page.text);
        }
        assert!(!page.text.contains("To begin with"));
        assert!(Browser::default().get(&t, "/").await.text.contains("href=\"/sign-in\""));
    }
}
