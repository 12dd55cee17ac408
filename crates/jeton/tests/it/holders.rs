//! Who holds a token: what giving it back ends, and for whom.

use jeton_domain::Clock as _;
use jeton_forge_sim::{OidcAlgorithm, OidcKey, SignSpec};
use jeton_testkit::{Answer, DatabaseKind, TestJeton, both_databases};
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::{
    enforcement::{ask, life, spec},
    jwt_callers::{World, for_us, job},
};

async fn run_jobs(t: &TestJeton) {
    t.clock.advance(SignedDuration::from_secs(10));
    t.worker.run_due().await.unwrap();
}

async fn entries(t: &TestJeton, query: &str) -> Vec<Value> {
    t.broker.access().ledger().flush().await.unwrap();
    let answer = t.get(&format!("/v1/record?{query}")).await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.json()["entries"].as_array().unwrap().clone()
}

async fn live_grants(t: &TestJeton) -> Vec<Value> {
    let answer = t.get("/v1/grants?live=true").await;
    answer.json()["grants"].as_array().unwrap().clone()
}

fn password(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

both_databases! {
    async fn a_shared_token_dies_with_the_client_that_is_revoked(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let (thief, other) = (t.client_who_reads("thief", "acme/*").await, t.client_who_reads("other", "acme/*").await);
        let shared = password(&t.get_as(&thief, "/api/acme/a").await);
        assert_eq!(password(&t.get_as(&other, "/api/acme/a").await), shared);
        let twice = ask(&t, &thief, json!({"repositories": ["acme/a"]})).await.json();
        assert_eq!(twice["token"], shared.as_str());
        let alone = ask(&t, &thief, json!({"repositories": ["acme/b"]})).await.json();
        let revoked = t.delete("/v1/clients/thief?grants=true").await;
        assert_eq!((revoked.status, &revoked.json()["grants_ended"]), (200, &json!(3)), "{}", revoked.text);
        run_jobs(&t).await;
        for token in [shared.as_str(), alone["token"].as_str().unwrap()] {
            assert!(!t.sim.github().is_live(token));
        }
        let released = entries(&t, "event=token.released").await;
        assert_eq!(released.len(), 3, "{released:?}");
        assert!(released.iter().all(|entry| entry["details"]["holder"] == "client:thief"), "{released:?}");
        let next = password(&t.get_as(&other, "/api/acme/a").await);
        assert!(next != shared && t.sim.github().is_live(&next), "the other holder has a new one");
    }

    async fn what_a_client_holds_can_be_ended_after_it_was_revoked(t: TestJeton) {
        t.install("acme", &["a"]);
        assert_eq!(t.delete("/v1/clients/ci?grants=true").await.status, 404, "never there");
        // Another one of the name, from before.
        t.client("ci").await;
        assert_eq!(t.delete("/v1/clients/ci").await.status, 200);
        t.clock.advance(SignedDuration::from_secs(1));
        let key = t.client_who_reads("ci", "acme/*").await;
        let grant = ask(&t, &key, json!({"repositories": ["acme/a"]})).await.json();
        assert_eq!(t.delete("/v1/clients/ci").await.json()["grants_ended"], 0);
        run_jobs(&t).await;
        assert!(t.sim.github().is_live(grant["token"].as_str().unwrap()));
        assert_eq!(t.delete("/v1/clients/ci").await.status, 404, "it has nothing else to do");
        let again = t.delete("/v1/clients/ci?grants=true").await;
        assert_eq!((again.status, &again.json()["grants_ended"]), (200, &json!(1)), "{}", again.text);
        run_jobs(&t).await;
        assert!(!t.sim.github().is_live(grant["token"].as_str().unwrap()));
        assert_eq!(t.delete("/v1/clients/ci?grants=true").await.json()["grants_ended"], 0);
    }

    async fn who_gave_a_shared_token_back_is_on_record_before_they_have_it_again(t: TestJeton) {
        t.install("acme", &["a"]);
        let (first, second) = (t.client_who_reads("first", "acme/*").await, t.client_who_reads("second", "acme/*").await);
        for key in [&first, &second] {
            for _ in 0..2 {
                password(&t.get_as(key, "/api/acme/a").await);
            }
        }
        assert_eq!(live_grants(&t).await.len(), 2);
        let mine = t.get_as(&first, "/v1/grants?live=true").await.json();
        let id = mine["grants"][0]["grant_id"].as_str().unwrap().to_owned();
        let released = t.delete_as(&first, &format!("/v1/tokens/{id}")).await;
        assert_eq!(released.json()["state"], "released", "{}", released.text);
        assert_eq!(live_grants(&t).await.len(), 1);
        password(&t.get_as(&second, "/api/acme/a").await);
        assert_eq!(live_grants(&t).await.len(), 1, "the other one's warm answer needs nothing new");
        password(&t.get_as(&first, "/api/acme/a").await);
        let now = live_grants(&t).await;
        assert_eq!(now.len(), 2, "{now:?}");
        assert!(now.iter().all(|grant| grant["grant_id"] != id.as_str()));
        assert_eq!(entries(&t, "event=token.granted&actor=client:first").await.len(), 2);
        password(&t.get_as(&first, "/api/acme/a").await);
        assert_eq!(live_grants(&t).await.len(), 2, "and warm again");
    }

    async fn who_asks_no_more_is_not_followed_for_ever(t: TestJeton) {
        t.install("acme", &["a"]);
        let (stays, leaves) = (t.client_who_reads("stays", "acme/*").await, t.client_who_reads("leaves", "acme/*").await);
        password(&t.get_as(&leaves, "/api/acme/a").await);
        for round in 0..3 {
            password(&t.get_as(&stays, "/api/acme/a").await);
            t.clock.advance(SignedDuration::from_mins(56));
            t.broker.renew_due().await;
            assert_eq!(t.sim.calls().mints(), 2 + round);
        }
        t.clock.advance(SignedDuration::from_mins(5));
        let of = async |name: &str| entries(&t, &format!("event=token.granted&actor=client:{name}")).await.len();
        // The first token, and the one that came before they were missed.
        assert_eq!((of("stays").await, of("leaves").await), (4, 2));
        let live = live_grants(&t).await;
        assert_eq!(live.len(), 1, "{live:?}");
        let path = format!("/v1/tokens/{}", live[0]["grant_id"].as_str().unwrap());
        assert_eq!(t.delete(&path).await.json()["state"], "revoking", "nobody else stands in the way of its end");
    }

    async fn holders_are_followed_after_a_policy_was_changed(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client_who_reads("ci", "acme/*").await;
        password(&t.get_as(&key, "/api/acme/a").await);
        t.policy(spec("unrelated", "someone", &["other/*"], &json!({"contents": "read"}))).await;
        password(&t.get_as(&key, "/api/acme/a").await);
        t.clock.advance(SignedDuration::from_mins(56));
        t.broker.renew_due().await;
        let granted = entries(&t, "event=token.granted&actor=client:ci").await;
        assert_eq!(granted.len(), 2, "{granted:?}");
        assert_eq!(granted[0]["details"]["ahead"], true);
    }

    async fn a_policys_lifetime_is_not_the_forges_fault(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client("ci").await;
        let mut short = spec("short", "ci", &["acme/*"], &json!({"contents": "read"}));
        short["longest_lifetime_seconds"] = json!(600);
        t.policy(short).await;
        for seconds in [586, 600] {
            let answer = ask(&t, &key, json!({"repositories": ["acme/a"], "min_validity_seconds": seconds})).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "request.invalid"), "{}", answer.text);
            assert!(answer.text.contains("600") && answer.json()["remedy"].as_str().unwrap().contains("585"), "{}", answer.text);
        }
        assert_eq!(t.sim.calls().total(), 0, "nothing was minted for it");
        let answer = ask(&t, &key, json!({"repositories": ["acme/a"], "min_validity_seconds": 585})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        assert!((585..=600).contains(&life(&t, &answer.json())));
        assert_eq!(t.sim.calls().mints(), 1);
    }

    async fn a_strangers_app_is_not_looked_up(t: TestJeton) {
        t.install("acme", &["a"]);
        let key = t.client("ci").await;
        // Another server's doing, of which this one has not heard.
        let mut tx = t.vault.begin().await.unwrap();
        let mut app = tx.apps().list().await.unwrap().swap_remove(0);
        app.id = jeton_domain::AppId::from_uuid(uuid::Uuid::from_u128(7));
        app.name = jeton_domain::AppName::parse("new").unwrap();
        tx.apps().add(&app).await.unwrap();
        tx.commit().await.unwrap();
        let known = || t.broker.list_apps().iter().any(|app| app.name.as_str() == "new");
        for body in [
            json!({"repositories": ["acme/a"], "app": "new"}),
            json!({"repositories": ["acme/a"], "forge": "forge.example.com"}),
        ] {
            let answer = ask(&t, &key, body).await;
            assert_eq!((answer.status, answer.code().as_str()), (403, "policy.denied"), "{}", answer.text);
            assert!(!known(), "the Apps were read again for somebody who may use none");
        }
        t.policy(spec("reads", "ci", &["acme/*"], &json!({"contents": "read"}))).await;
        let elsewhere = ask(&t, &key, json!({"repositories": ["acme/a"], "app": "other"})).await;
        assert_eq!((elsewhere.status, elsewhere.code().as_str()), (404, "app.not_found"), "{}", elsewhere.text);
        assert!(known());
    }

    async fn a_report_needs_the_right_or_the_token(t: TestJeton) {
        t.install("acme", &["a"]);
        let (key, stranger) = (t.client_who_reads("ci", "acme/*").await, t.client("stranger").await);
        let grant = ask(&t, &key, json!({"repositories": ["acme/a"]})).await.json();
        let report = json!({"fingerprint": grant["fingerprint"]});
        let calls = t.sim.calls().total();
        let refused = t.post_as(&stranger, "/v1/tokens/rejected", report.clone()).await;
        assert_eq!((refused.status, refused.code().as_str()), (404, "grant.fingerprint_unknown"));
        assert_eq!(t.sim.calls().total(), calls);
        assert_eq!(t.post_as(&key, "/v1/tokens/rejected", report.clone()).await.json()["verdict"], "live");
        t.sim.github().revoke_by_fingerprint(grant["fingerprint"].as_str().unwrap());
        assert_eq!(t.post_as(&key, "/v1/tokens/rejected", report).await.json()["verdict"], "dropped");
        let rejected = entries(&t, "event=token.rejected").await;
        assert_eq!((rejected.len(), &rejected[0]["actor"]), (1, &json!("client:ci")), "{rejected:?}");
    }

    async fn a_token_of_lost_access_is_on_record(t: TestJeton) {
        t.install("acme", &["stays", "leaves"]);
        let grant = t.try_issue(json!({"repositories": ["acme/stays", "acme/leaves"]})).await.json();
        t.sim.github().remove_repository("acme", "leaves");
        t.clock.advance(SignedDuration::from_mins(56));
        t.broker.renew_due().await;
        let dropped = entries(&t, "event=token.dropped").await;
        assert_eq!(dropped.len(), 1, "{dropped:?}");
        assert_eq!(dropped[0]["fingerprint"], grant["fingerprint"]);
        assert_eq!(dropped[0]["details"]["code"], "forge.app_not_installed");
        assert_eq!(dropped[0]["at"].as_str().unwrap().parse::<jiff::Timestamp>().unwrap(), t.clock.now());
    }

    async fn a_renamed_repositorys_old_name_opens_nothing(t: TestJeton) {
        t.install("acme", &["old"]);
        let key = t.client_who_reads("ci", "acme/old").await;
        let before = ask(&t, &key, json!({"repositories": ["acme/old"]})).await;
        assert_eq!(before.status, 201, "{}", before.text);
        t.sim.github().rename_repository("acme", "old", "new").unwrap();
        t.clock.advance(SignedDuration::from_mins(61));
        let after = ask(&t, &key, json!({"repositories": ["acme/old"]})).await;
        assert!(after.status >= 400, "{}", after.text);
        assert_eq!(ask(&t, &key, json!({"repositories": ["acme/new"]})).await.status, 403);
        assert!(t.sim.github().live_tokens().is_empty());
    }
}

async fn without_a_subject_nothing_is_ones_own(kind: DatabaseKind) {
    let world = World::start(kind).await;
    world.policy("main", json!({"ref": "refs/heads/main"})).await;
    let sign = |sub: Option<&str>| {
        let mut claims = for_us(job().claims());
        match sub {
            Some(sub) => claims["sub"] = json!(sub),
            None => drop(claims.as_object_mut().unwrap().remove("sub")),
        }
        world
            .oidc
            .sign_with(&SignSpec::new(OidcKey::Newest(OidcAlgorithm::ALL[0])), &claims)
    };
    let t = &world.t;
    for (token, is_known) in [(sign(None), false), (sign(Some("somebody")), true)] {
        let granted = world.ask(&token, "acme/tools").await;
        assert_eq!(granted.status, 201, "{}", granted.text);
        let granted = granted.json();
        let mine = t.get_as(&token, "/v1/grants").await;
        assert_eq!(mine.status, 200, "{}", mine.text);
        assert_eq!(mine.json()["grants"].as_array().unwrap().len(), usize::from(is_known));
        let report = json!({"fingerprint": granted["fingerprint"]});
        let status = |good: u16| if is_known { good } else { 404 };
        assert_eq!(
            t.post_as(&token, "/v1/tokens/rejected", report).await.status,
            status(200)
        );
        let path = format!("/v1/tokens/{}", granted["grant_id"].as_str().unwrap());
        let given_back = t.delete_as(&token, &path).await;
        assert_eq!(given_back.status, status(200), "{}", given_back.text);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_subject_nothing_is_ones_own_on_sqlite() {
    without_a_subject_nothing_is_ones_own(DatabaseKind::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_subject_nothing_is_ones_own_on_postgres() {
    without_a_subject_nothing_is_ones_own(DatabaseKind::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_grant_given_back_to_another_replica_is_over_here_too() {
    let t = TestJeton::start(DatabaseKind::Postgres).await;
    let other = t.replica().await;
    t.install("acme", &["a"]);
    let (first, second) = (
        t.client_who_reads("first", "acme/*").await,
        t.client_who_reads("second", "acme/*").await,
    );
    for key in [&first, &second] {
        for _ in 0..2 {
            password(&t.get_as(key, "/api/acme/a").await);
        }
    }
    let mine = t.get_as(&first, "/v1/grants?live=true").await.json();
    let path = format!("/v1/tokens/{}", mine["grants"][0]["grant_id"].as_str().unwrap());
    // With the operator's key: the other replica has not heard of the clients yet.
    assert_eq!(other.delete(&path).await.json()["state"], "released");
    t.broker.drop_revoked().await.unwrap();
    password(&t.get_as(&first, "/api/acme/a").await);
    assert_eq!(live_grants(&t).await.len(), 2, "with a new grant");
    assert_eq!(entries(&t, "event=token.granted&actor=client:second").await.len(), 1);
}
