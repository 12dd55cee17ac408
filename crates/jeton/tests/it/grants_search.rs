//! Who holds what, looked for and counted; and what a server tells of itself.

use jeton_broker::{Asker, GrantAsk};
use jeton_domain::{AppName, Caller, Identity};
use jeton_forge_sim::{FaultKind, FaultRule};
use jeton_testkit::{TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::account_world::{Forge, World};

fn operator() -> Asker {
    Asker {
        caller: Caller {
            identity: Identity::Operator,
            address: None,
        },
        request_id: None,
    }
}

/// The repositories of the grants that a question finds, newest first.
async fn found(t: &TestJeton, key: Option<&str>, query: &str) -> Vec<String> {
    let path = format!("/v1/grants?{query}");
    let answer = match key {
        Some(key) => t.get_as(key, &path).await,
        None => t.get(&path).await,
    };
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    let grants = answer.json()["grants"].as_array().unwrap().clone();
    let name = |grant: &Value| grant["repositories"][0].as_str().unwrap().to_owned();
    grants.iter().map(name).collect()
}

async fn ask(t: &TestJeton, key: &str, repository: &str) -> Value {
    // Those of one moment stand in no order.
    t.clock.advance(SignedDuration::from_secs(1));
    let answer = t
        .post_as(key, "/v1/tokens", json!({"repositories": [repository]}))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

both_databases! {
    async fn grants_are_found_by_holder_source_repository_and_token(t: TestJeton) {
        t.install("acme", &["demo", "tools"]);
        t.install("octo", &["demo"]);
        let key = t.client_who_reads("ci", "*/*").await;
        let demo = ask(&t, &key, "acme/demo").await;
        ask(&t, &key, "octo/demo").await;
        t.clock.advance(SignedDuration::from_secs(1));
        t.issue("acme/tools").await;
        let all = t.get("/v1/grants?holder=client:ci&limit=1").await.json();
        let holder_key = all["grants"][0]["holder_key"].as_str().unwrap().to_owned();
        assert!(holder_key.starts_with("client:") && holder_key != "client:ci", "{holder_key}");
        let fingerprint = demo["fingerprint"].as_str().unwrap();
        for (query, want) in [
            ("holder=client:ci", &["octo/demo", "acme/demo"][..]),
            (&format!("holder={holder_key}"), &["octo/demo", "acme/demo"]),
            ("holder=operator", &["acme/tools"]),
            ("holder=client:nobody", &[]),
            ("repository=acme/", &["acme/tools", "acme/demo"]),
            ("repository=ACME/Demo", &["acme/demo"]),
            ("repository=acme", &[]),
            ("source=app:ci", &["acme/tools", "octo/demo", "acme/demo"]),
            ("source=app:other", &[]),
            (&format!("fingerprint={fingerprint}"), &["acme/demo"]),
            ("repository=acme/&holder=client:ci&source=app:ci&live=true", &["acme/demo"]),
        ] {
            assert_eq!(found(&t, None, query).await, want, "{query}");
        }
        // Who may not see what others hold asks about nothing else by these.
        for (query, want) in [
            ("", &["octo/demo", "acme/demo"][..]),
            ("holder=client:ci", &["octo/demo", "acme/demo"]),
            (&format!("holder={holder_key}&repository=acme/"), &["acme/demo"]),
            ("holder=operator", &[]),
            ("repository=acme/tools", &[]),
        ] {
            assert_eq!(found(&t, Some(&key), query).await, want, "{query}");
        }
    }

    async fn grants_are_found_by_every_group_that_a_project_lies_in(t: TestJeton) {
        let w = World::around(t).await;
        w.stored(Forge::GitLab, "work").await;
        let asked = json!({"account": "work", "repositories": ["acme/Deep/er/tools"]});
        let answer = w.t.post("/v1/tokens", asked).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        for query in ["acme/", "acme/deep/", "acme/deep/er/", "acme/deep/er/tools"] {
            for live in ["", "&live=true"] {
                let found = found(&w.t, None, &format!("repository={query}{live}")).await;
                assert_eq!(found, ["acme/Deep/er/tools"], "{query}{live}");
            }
        }
        for query in ["acme/deep", "deep/", "acme/deep/er/tools/", "acme/dee/"] {
            assert_eq!(found(&w.t, None, &format!("repository={query}")).await, [""; 0], "{query}");
        }
    }

    async fn all_that_a_holder_has_is_ended_at_once(t: TestJeton) {
        t.install("acme", &["demo", "tools"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        let demo = ask(&t, &key, "acme/demo").await;
        ask(&t, &key, "acme/tools").await;
        let other = t.issue("acme/demo").await;
        // Their own they give back one by one; this takes from others what they share.
        let refused = t.delete_as(&key, "/v1/grants?holder=client:ci").await;
        assert_eq!((refused.status, refused.code().as_str()), (403, "policy.denied"), "{}", refused.text);
        let bad = [
            "", "?holder=client:nobody", "?holder=", "?holder=ci", "?holder=cilent:ci", "?holder=%00", "?holder=operator%00", "?holder=user:nobody",
            "?holder=jwt:x", "?holder=uid:x", "?holder=uid:07", "?holder=client:%00", "?holder=user:%00",
        ];
        for bad in bad {
            let answer = t.delete(&format!("/v1/grants{bad}")).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "request.invalid"), "{bad}: {}", answer.text);
            assert!(answer.json()["remedy"].is_string(), "{bad}: {}", answer.text);
        }
        for nobodys in ["uid:4294967295", "anonymous", "jwt:actions:repo:acme/x"] {
            let answer = t.delete(&format!("/v1/grants?holder={nobodys}")).await;
            assert_eq!(answer.json()["grants_ended"], 0, "{nobodys}: {}", answer.text);
        }
        let done = t.delete("/v1/grants?holder=client:ci").await;
        assert_eq!(done.json(), json!({"holder": "client:ci", "grants_ended": 2}), "{}", done.text);
        assert_eq!(found(&t, None, "holder=client:ci&live=true").await, [""; 0]);
        t.clock.advance(SignedDuration::from_secs(10));
        t.worker.run_due().await.unwrap();
        assert!(!t.sim.github().is_live(demo["token"].as_str().unwrap()));
        assert_ne!(t.issue("acme/demo").await["token"], other["token"], "whoever shared it gets a new one");
        let entries = t.get("/v1/record?event=token.released").await.json();
        assert_eq!(entries["entries"].as_array().unwrap().len(), 2, "{entries}");
        assert_eq!(entries["entries"][0]["actor"], "operator");
        assert_eq!(t.delete("/v1/grants?holder=client:ci").await.json()["grants_ended"], 0);
    }

    async fn grants_are_counted_by_the_hour(t: TestJeton) {
        t.install("acme", &["demo"]);
        let asker = operator();
        let counts = async || -> Vec<u64> {
            let counted = t.broker.grants_per_hour(&asker, 4).await.unwrap();
            assert!(counted.of_all);
            let hours = counted.hours;
            assert_eq!(hours.len(), 4);
            assert!(hours.windows(2).all(|pair| pair[1].0.duration_since(pair[0].0) == SignedDuration::from_hours(1)));
            hours.into_iter().map(|(_, count)| count).collect()
        };
        assert_eq!(counts().await, [0; 4]);
        t.issue("acme/demo").await;
        t.issue("acme/demo").await;
        assert_eq!(counts().await, [0, 0, 0, 2]);
        // Counted again after they have settled, and after the hour, each once.
        for _ in 0..3 {
            t.clock.advance(SignedDuration::from_mins(20));
            counts().await;
        }
        assert_eq!(counts().await, [0, 0, 2, 0]);
        t.issue("acme/demo").await;
        assert_eq!(counts().await, [0, 0, 2, 1]);
        t.clock.advance(SignedDuration::from_hours(2));
        assert_eq!(counts().await, [2, 1, 0, 0]);
        let key = t.client_who_reads("ci", "acme/*").await;
        assert_eq!(found(&t, Some(&key), "").await.len(), 0);
        let page = t.broker.list_grants(&asker, GrantAsk { limit: 2, ..GrantAsk::default() }).await.unwrap();
        assert_eq!((page.grants.len(), page.next.is_some(), page.of_all), (2, true, true));
        let mine = GrantAsk { only_mine: true, limit: 2, ..GrantAsk::default() };
        assert!(!t.broker.list_grants(&asker, mine).await.unwrap().of_all);
    }

    async fn what_was_counted_while_a_clock_was_wrong_is_counted_again(t: TestJeton) {
        t.install("acme", &["demo"]);
        let asker = operator();
        let counts = async || -> Vec<u64> {
            let counted = t.broker.grants_per_hour(&asker, 4).await.unwrap();
            counted.hours.into_iter().map(|(_, count)| count).collect()
        };
        t.issue("acme/demo").await;
        t.clock.advance(SignedDuration::from_hours(3));
        assert_eq!(counts().await, [1, 0, 0, 0]);
        t.clock.advance(-SignedDuration::from_hours(3));
        t.issue("acme/demo").await;
        assert_eq!(counts().await, [0, 0, 0, 2]);
        t.clock.advance(SignedDuration::from_hours(1));
        t.issue("acme/demo").await;
        assert_eq!(counts().await, [0, 0, 2, 1]);
        t.clock.advance(SignedDuration::from_hours(1));
        assert_eq!(counts().await, [0, 2, 1, 0]);
    }

    async fn a_server_counts_what_it_does(t: TestJeton) {
        t.install("acme", &["demo", "tools"]);
        let key = t.client("nobody").await;
        t.issue("acme/demo").await;
        t.issue("acme/demo").await;
        for _ in 0..3 {
            assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
        }
        assert_eq!(t.post_as(&key, "/v1/tokens", json!({"repositories": ["acme/demo"]})).await.status, 403);
        let down = t.sim.faults().add(FaultRule::new(FaultKind::BadGateway));
        assert!(t.try_issue(json!({"repositories": ["acme/tools"]})).await.status >= 500);
        t.sim.faults().remove(down);
        // What the App was not allowed to is the forge's to give, too.
        let asked = json!({"repositories": ["acme/tools"], "permissions": {"secrets": "write"}});
        let refused = t.try_issue(asked).await;
        assert_eq!(refused.code(), "forge.permission_not_granted", "{}", refused.text);
        let traffic = t.broker.traffic();
        let now = traffic.hours.last().unwrap();
        assert_eq!((now.minted, now.from_cache, now.refused, now.failed, now.accounts), (1, 4, 1, 2, 0));
        assert_eq!(now.mints, 1);
        let quotas = t.broker.app_quotas(None, 10);
        assert_eq!(t.broker.app_quotas(None, 0), []);
        assert_eq!(t.broker.app_quotas(Some(&AppName::parse("ci").unwrap()), 1), quotas);
        assert_eq!(t.broker.app_quotas(Some(&AppName::parse("other").unwrap()), 1), []);
        assert_eq!(quotas.len(), 1);
        let one = &quotas[0];
        assert_eq!((one.app.as_str(), one.owner.as_str()), ("ci", "acme"));
        assert!(one.quota.remaining < one.quota.limit && one.quota.resets_at.is_some(), "{one:?}");
        t.clock.advance(SignedDuration::from_hours(2));
        assert!(t.broker.app_quotas(None, 10).is_empty(), "a window that is over says nothing");
    }

    async fn accounts_are_found_by_text_and_by_their_end(t: TestJeton) {
        for (label, note) in [("work", "For the tools"), ("lab", "of the Lab")] {
            let spec = jeton_forge_sim::PersonalTokenSpec::classic(["repo"]);
            let token = t.sim.github().add_personal_token("ada", spec);
            t.account(label, json!({"forge": "github", "base_url": t.sim.web_url(), "token": token.token, "note": note})).await;
        }
        let labels = async |query: &str| -> Vec<String> {
            let answer = t.get(&format!("/v1/accounts?{query}")).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            let accounts = answer.json()["accounts"].as_array().unwrap().clone();
            accounts.iter().map(|one| one["label"].as_str().unwrap().to_owned()).collect()
        };
        assert_eq!(labels("search=TOOLS").await, ["work"]);
        assert_eq!(labels("search=ada").await, ["lab", "work"]);
        assert_eq!(labels("search=%25").await, [""; 0]);
        assert_eq!(labels("ends_before=2000-01-01").await, [""; 0]);
        assert_eq!(t.get("/v1/accounts?ends_before=soon").await.status, 400);
    }
}
