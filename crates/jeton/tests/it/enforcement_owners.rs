//! What belongs to one caller is not another's, and strangers learn nothing.

use jeton_forge_sim::AppSpec;
use jeton_testkit::both_databases;
use jiff::SignedDuration;
use serde_json::{Value, json};

use crate::enforcement::{ask, denied, spec};

both_databases! {
    async fn a_caller_sees_and_ends_what_is_theirs(t: TestJeton) {
        t.install("acme", &["a"]);
        let (ada, bob) = (t.client_who_reads("ada", "acme/*").await, t.client_who_reads("bob", "acme/*").await);
        let eve = t.client_who_reads("eve", "other/*").await;
        let body = json!({"repositories": ["acme/a"]});
        let (hers, his) = (ask(&t, &ada, body.clone()).await.json(), ask(&t, &bob, body.clone()).await.json());
        assert_eq!(hers["fingerprint"], his["fingerprint"], "they share one token");
        let path = |grant: &Value, query: &str| format!("/v1/tokens/{}{query}", grant["grant_id"].as_str().unwrap());
        for query in ["", "?mine=false", "?live=true", "?limit=500"] {
            let list = t.get_as(&ada, &format!("/v1/grants{query}")).await.json();
            let holders: Vec<_> = list["grants"].as_array().unwrap().iter().map(|grant| &grant["holder"]).collect();
            assert_eq!(holders, ["client:ada"], "{query}");
        }
        for query in ["", "?force=true"] {
            let others = t.delete_as(&ada, &path(&his, query)).await;
            assert_eq!((others.status, others.code().as_str()), (404, "grant.not_found"), "{query}: {}", others.text);
        }
        let forced = t.delete_as(&ada, &path(&hers, "?force=true")).await;
        assert!(denied(&forced), "ending it takes it from others: {}", forced.text);
        // Only a holder's word makes jeton ask the forge.
        let report = json!({"fingerprint": hers["fingerprint"]});
        let calls = t.sim.calls().total();
        let stranger = t.post_as(&eve, "/v1/tokens/rejected", report.clone()).await;
        assert_eq!((stranger.status, stranger.code().as_str()), (404, "grant.fingerprint_unknown"));
        assert_eq!(t.sim.calls().total(), calls);
        assert_eq!(t.post_as(&ada, "/v1/tokens/rejected", report.clone()).await.json()["verdict"], "live");
        let given_back = t.delete_as(&ada, &path(&hers, "")).await.json();
        assert_eq!((&given_back["state"], &given_back["shared_with"]), (&json!("released"), &json!(1)));
        assert!(t.sim.github().is_live(his["token"].as_str().unwrap()));
        assert_eq!(t.post_as(&bob, "/v1/tokens/rejected", report).await.status, 200);
        // With the right, it may be done to others.
        t.policy(json!({"name": "ends", "callers": {"client": "eve"}, "actions": ["grant.read", "grant.revoke"]})).await;
        assert_eq!(t.get_as(&eve, "/v1/grants").await.json()["grants"].as_array().unwrap().len(), 2);
        assert_eq!(t.delete_as(&eve, &path(&his, "?force=true")).await.json()["state"], "revoking");
    }

    async fn who_was_let_in_once_is_not_followed_for_ever(t: TestJeton) {
        t.install("acme", &["a"]);
        let gone = t.client_who_reads("gone", "acme/*").await;
        let lost = t.client_who_reads("lost", "acme/*").await;
        let stays = t.client_who_reads("stays", "acme/*").await;
        for key in [&gone, &lost, &stays] {
            assert_eq!(t.get_as(key, "/api/acme/a").await.status, 200);
        }
        assert_eq!(t.delete("/v1/clients/gone").await.status, 200);
        assert_eq!(t.delete("/v1/policies/lost-reads").await.status, 200);
        assert_eq!(t.get_as(&stays, "/api/acme/a").await.status, 200);
        t.clock.advance(SignedDuration::from_mins(56));
        t.broker.renew_due().await;
        assert_eq!(t.sim.calls().mints(), 2, "renewed ahead, for who is still there");
        t.broker.access().ledger().flush().await.unwrap();
        let grants = t.get("/v1/grants?live=true&limit=500").await.json();
        let of = |holder: &str| grants["grants"].as_array().unwrap().iter().filter(|grant| grant["holder"] == holder).count();
        assert_eq!((of("client:gone"), of("client:lost")), (1, 1), "of the old token, and not of the new one: {grants}");
        assert_eq!(t.get_as(&stays, "/api/acme/a").await.status, 200);
        assert_eq!((t.get_as(&gone, "/api/acme/a").await.status, t.get_as(&lost, "/api/acme/a").await.status), (401, 403));
    }

    async fn a_stranger_learns_nothing_from_refusals(t: TestJeton) {
        t.install("acme", &["there"]);
        let secret = t.sim.github().add_app(AppSpec::new("secret"));
        assert_eq!(t.add_app("there", &secret).await.status, 201);
        let held = t.issue("acme/there").await;
        t.client("there").await;
        t.policy(spec("there", "nobody", &["acme/*"], &json!({"contents": "read"}))).await;
        let host = held["forge"].as_str().unwrap().to_owned();
        t.sim.calls().reset();
        // Not quite a stranger: something elsewhere is theirs.
        let key = t.client_who_reads("eve", "mine/*").await;
        let (grant, other) = (held["grant_id"].as_str().unwrap(), "0197b2c0-5a4e-7c11-8f00-0123456789ab");
        let tokens = |body: Value| ("POST", "/v1/tokens".to_owned(), Some(body));
        let get = |path: String| ("GET", path, None);
        let delete = |path: String| ("DELETE", path, None);
        let of = |name: &str, grant: &str| vec![
            tokens(json!({"repositories": [format!("acme/{name}")]})),
            tokens(json!({"repositories": [format!("acme/{name}")], "permissions": {"administration": "write"}})),
            tokens(json!({"repositories": [format!("{name}/x")]})),
            tokens(json!({"repositories": ["acme/there"], "app": name})),
            tokens(json!({"repositories": ["acme/there"], "app": name, "forge": host})),
            tokens(json!({"repositories": ["acme/there"], "forge": if name == "there" { &*host } else { "git.example.com" }})),
            get(format!("/api/acme/{name}")), get(format!("/api/{name}/x")),
            get(format!("/v1/clients/{name}")), delete(format!("/v1/clients/{name}")),
            ("POST", format!("/v1/clients/{name}/rotate"), Some(json!({}))),
            delete(format!("/v1/policies/{name}")), delete(format!("/v1/apps/{name}")),
            ("POST", "/v1/clients".to_owned(), Some(json!({"name": name}))),
            ("POST", "/v1/policies".to_owned(), Some(spec(name, "ci", &["a/b"], &json!({"contents": "read"})))),
            delete(format!("/v1/tokens/{grant}")), delete(format!("/v1/tokens/{grant}?force=true")),
        ];
        for ((method, path, body), (_, other_path, other_body)) in of("there", grant).into_iter().zip(of("wrong", other)) {
            let mut told = Vec::new();
            for (path, body, name, id) in [(&path, &body, "there", grant), (&other_path, &other_body, "wrong", other)] {
                let answer = t.send(|http, url| {
                    let request = http.request(method.parse().unwrap(), format!("{url}{path}")).bearer_auth(&key);
                    if let Some(body) = body { request.json(body) } else { request }
                }).await;
                assert!(matches!(answer.status, 403 | 404), "{method} {path}: {}", answer.text);
                let asked = answer.text.replace(answer.header("x-request-id"), "(id)").replace(id, "(grant)");
                // What they wrote themselves they may read again; where both say `there`, it has to stay.
                let asked = if path.starts_with("/v1/tokens") && body.as_ref().is_some_and(|body| body.get("app").is_some() || body.get("forge").is_some()) { asked } else { asked.replace(name, "(name)") };
                assert!(!asked.contains("app:ci"), "{asked}");
                told.push((answer.status, asked, answer.header("content-type").to_owned(), answer.headers.len()));
            }
            assert_eq!(told[0], told[1], "{method} {path} {body:?}");
        }
        assert_eq!(t.sim.calls().total(), 0, "the forge was not asked");
    }
}
