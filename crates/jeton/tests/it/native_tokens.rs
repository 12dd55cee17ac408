//! `POST /v1/tokens` and its kin.

use jeton_forge_sim::{InstallSpec, TokenFormat};
use jeton_testkit::both_databases;
use jiff::SignedDuration;
use serde_json::json;

both_databases! {
    async fn says_all_that_a_client_needs_to_know(t: TestJeton) {
        t.install("acme", &["tools"]);
        let answer = t.try_issue(json!({"repositories": ["acme/tools"], "permissions": {"contents": "write"}})).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        let body = answer.json();
        let token = body["token"].as_str().unwrap();
        assert!(t.sim.github().is_live(token));
        assert_eq!(body["git_username"], "x-access-token");
        assert_eq!(body["source"], "app:ci");
        assert_eq!(body["repositories"], json!(["acme/tools"]));
        assert_eq!(body["permissions"], json!({"contents": "write", "metadata": "read"}));
        assert_eq!(body["fingerprint"], t.sim.github().live_tokens()[0].fingerprint.as_str());
        assert_eq!(answer.header("cache-control"), "no-store");
        let listed = t.get("/v1/grants").await;
        assert_eq!(listed.json()["grants"][0]["grant_id"], body["grant_id"]);
        assert!(!listed.text.contains(token), "a list never shows a token");
    }

    async fn equal_requests_share_a_token_and_different_ones_do_not(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let ask = |body| async { t.try_issue(body).await.json()["fingerprint"].as_str().unwrap().to_owned() };
        let first = ask(json!({"repositories": ["acme/a", "acme/b"]})).await;
        assert_eq!(first, ask(json!({"repositories": ["ACME/B", "acme/a", "acme/a.git"]})).await);
        assert_eq!(first, ask(json!({"repositories": ["acme/b", "acme/a"], "permissions": {"contents": "read"}})).await);
        assert_eq!(t.sim.calls().mints(), 1);
        assert_ne!(first, ask(json!({"repositories": ["acme/a"]})).await);
        assert_ne!(first, ask(json!({"repositories": ["acme/a", "acme/b"], "permissions": {"pull_requests": "read"}})).await);
    }

    async fn the_minimal_validity_is_kept(t: TestJeton) {
        t.install("acme", &["a"]);
        let first = t.issue("acme/a").await;
        t.clock.advance(SignedDuration::from_mins(20));
        assert_eq!(t.issue("acme/a").await["fingerprint"], first["fingerprint"]);
        let longer = t.try_issue(json!({"repositories": ["acme/a"], "min_validity_seconds": 3000})).await.json();
        assert_ne!(longer["fingerprint"], first["fingerprint"]);
        let again = t.try_issue(json!({"repositories": ["acme/a"], "min_validity_seconds": 3000})).await.json();
        assert_eq!(longer["fingerprint"], again["fingerprint"]);
        let impossible = t.try_issue(json!({"repositories": ["acme/a"], "min_validity_seconds": 3600})).await;
        assert!(matches!(impossible.status, 400 | 422), "{}", impossible.text);
        assert!(impossible.text.contains("3300"), "the remedy names the most: {}", impossible.text);
        assert_eq!(t.sim.calls().mints(), 2);
    }

    async fn fresh_means_minted_after_the_request(t: TestJeton) {
        t.install("acme", &["a"]);
        let first = t.issue("acme/a").await;
        t.clock.advance(SignedDuration::from_secs(1));
        let fresh = t.try_issue(json!({"repositories": ["acme/a"], "fresh": true})).await.json();
        assert_ne!(first["fingerprint"], fresh["fingerprint"]);
        assert_eq!(t.issue("acme/a").await["fingerprint"], fresh["fingerprint"], "the new one is used from now on");
    }

    async fn both_token_formats_go_through_whole(t: TestJeton) {
        t.install("acme", &["a", "b"]);
        let stateless = t.issue("acme/a").await;
        let token = stateless["token"].as_str().unwrap();
        assert!(token.len() > 400 && token.matches('.').count() == 2);
        let _ = TokenFormat::Stateless;
        assert!(t.sim.github().is_live(token));
    }

    async fn the_app_of_the_owner_is_found_among_several(t: TestJeton) {
        let other = t.sim.github().add_app(jeton_forge_sim::AppSpec::new("other"));
        assert_eq!(t.add_app("aaa-first-by-name", &other).await.status, 201);
        t.install("acme", &["a"]);
        t.sim.github().add_repository("beta", "b", true).unwrap();
        t.sim.github().install(other.id, "beta", InstallSpec::all());
        assert_eq!(t.issue("acme/a").await["source"], "app:ci");
        assert_eq!(t.issue("beta/b").await["source"], "app:aaa-first-by-name");
        let named = t.try_issue(json!({"repositories": ["beta/b"], "app": "ci"})).await;
        assert_eq!((named.status, named.code().as_str()), (404, "forge.app_not_installed"));
        let unknown = t.try_issue(json!({"repositories": ["beta/b"], "app": "nope"})).await;
        assert_eq!((unknown.status, unknown.code().as_str()), (404, "app.not_found"));
    }

    async fn grants_are_paged_newest_first(t: TestJeton) {
        t.install("acme", &["a"]);
        for _ in 0..5 {
            t.issue("acme/a").await;
            t.clock.advance(SignedDuration::from_secs(1));
        }
        let page = t.get("/v1/grants?limit=3").await.json();
        assert_eq!(page["grants"].as_array().unwrap().len(), 3);
        let rest = t.get(&format!("/v1/grants?limit=3&before={}", page["next"].as_str().unwrap())).await.json();
        assert_eq!(rest["grants"].as_array().unwrap().len(), 2);
        assert!(rest.get("next").is_none());
        assert_eq!(t.get("/v1/grants?limit=0").await.status / 100, 4);
        assert_eq!(t.get("/v1/grants?limt=3").await.status, 400, "an unknown parameter is told");
    }

    async fn nobody_gets_a_token_without_the_key(t: TestJeton) {
        t.install("acme", &["a"]);
        for path in ["/v1/grants", "/v1/apps", "/v1/keys"] {
            let answer = t.get_anonymously(path).await;
            assert_eq!((answer.status, answer.code().as_str()), (401, "auth.missing"), "{path}");
            assert!(!answer.header("www-authenticate").is_empty());
        }
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/v1/tokens", t.url);
        let body = json!({"repositories": ["acme/a"]});
        let ask = |key: String| http.post(&url).bearer_auth(key).json(&body).send();
        let whole = t.key.secret().expose().to_owned();
        let code = |answer: reqwest::Response| async { answer.json::<serde_json::Value>().await.unwrap()["code"].clone() };
        let mut wrong = whole.clone().into_bytes();
        wrong[8] = if wrong[8] == b'a' { b'b' } else { b'a' };
        assert_eq!(code(ask(String::from_utf8(wrong).unwrap()).await.unwrap()).await, "auth.malformed_key");
        let stranger = jeton_domain::ApiKey::generate(&jeton_testkit::TestEntropy::default());
        assert_eq!(code(ask(stranger.secret().expose().to_owned()).await.unwrap()).await, "auth.unknown_key");
        assert_eq!(code(ask("ghp_not_ours".to_owned()).await.unwrap()).await, "auth.malformed_key");
        assert_eq!(t.sim.calls().mints(), 0);
    }
}
