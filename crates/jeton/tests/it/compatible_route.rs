//! `GET /api/{namespace}/{repository}`, byte for byte as today's clients read it.

use jeton_forge_sim::InstallSpec;
use jeton_testkit::both_databases;
use jiff::SignedDuration;

both_databases! {
    async fn answers_in_the_order_and_spacing_that_clients_know(t: TestJeton) {
        t.install("acme", &["demo"]);
        let answer = t.get_anonymously("/api/acme/demo").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let token = answer.json()["access_token"].as_str().unwrap().to_owned();
        assert!(t.sim.github().is_live(&token));
        let expires_at = answer.json()["expires_at"].as_str().unwrap().to_owned();
        assert_eq!(
            answer.text,
            format!(
                "{{\"repository\": \"demo\", \"namespace\": \"acme\", \"access_token\": \"{token}\", \
                 \"expires_at\": \"{expires_at}\"}}\n"
            )
        );
        assert!(answer.header("content-type").starts_with("application/json"));
        assert_eq!(answer.header("cache-control"), "no-store");
        // Today's tool closes every connection; a client that keeps it must not be told to close.
        assert_ne!(answer.header("connection"), "close");
    }

    async fn echoes_the_names_as_they_were_asked_for(t: TestJeton) {
        t.install("acme", &["demo", "a.b"]);
        let answer = t.get_anonymously("/api/ACME/Demo").await;
        assert!(answer.text.starts_with(r#"{"repository": "Demo", "namespace": "ACME", "#), "{}", answer.text);
        t.get_anonymously("/api/acme/demo").await;
        assert_eq!(t.sim.calls().mints(), 1, "spelling is no second token");
        assert_eq!(t.get_anonymously("/api/acme/a.b").await.status, 200);
    }

    async fn four_hundred_means_not_installed_and_nothing_else(t: TestJeton) {
        let not_installed = |ns: &str, repo: &str| {
            format!("{{\"error\": \"Failed to retrieve a token: App is not installed on {ns}/{repo}\"}}\n")
        };
        let answer = t.get_anonymously("/api/nobody/nothing").await;
        assert_eq!((answer.status, answer.text), (400, not_installed("nobody", "nothing")));
        // Installed on the owner, but the repository is not in the selection: the same to today's clients.
        t.sim.github().add_repository("acme", "in", true).unwrap();
        t.sim.github().add_repository("acme", "out", true).unwrap();
        t.sim.github().install(t.app.id, "acme", InstallSpec::selected(["in"]));
        let answer = t.get_anonymously("/api/acme/out").await;
        assert_eq!((answer.status, answer.text), (400, not_installed("acme", "out")));
        let answer = t.get_anonymously("/api/acme/a%20b").await;
        assert_eq!((answer.status, answer.text), (400, not_installed("acme", "a b")));
        assert_eq!(t.get_anonymously("/api/acme/in").await.status, 200);
    }

    async fn an_app_installed_later_is_found_at_once(t: TestJeton) {
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 400);
        t.install("acme", &["demo"]);
        assert_eq!(t.get_anonymously("/api/acme/demo").await.status, 200);
    }

    async fn health_and_odd_paths(t: TestJeton) {
        let health = t.get_anonymously("/api/health").await;
        assert_eq!((health.status, health.text.as_str()), (200, "{\"message\": \"ok\"}\n"));
        for path in ["/api/acme/demo/", "/api/acme%2Fdemo", "/api/acme/de%2Fmo", "/api/acme/..", "/api/acme/%2e%2e",
            "/api/acme/a%00b", "/api/acme/a%0ab", "/api/acme/%ff", "/api/acme", "/api/", "/api/a/b/c"] {
            let answer = t.get_anonymously(path).await;
            assert_eq!(answer.status, 404, "{path}: {}", answer.text);
        }
        let long = "n".repeat(300);
        assert_eq!(t.get_anonymously(&format!("/api/acme/{long}")).await.status, 404);
        assert_eq!(t.sim.calls().total(), 0, "nonsense costs no call");
    }

    async fn the_key_is_taken_as_bearer_and_as_basic_password(t: TestJeton) {
        t.install("acme", &["demo"]);
        let key = t.key.secret().expose();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("{}/api/acme/demo", t.url);
        let through_proxy = || http.get(&url).header("x-forwarded-for", "203.0.113.9");
        assert_eq!(through_proxy().send().await.unwrap().status(), 401, "a proxy on this machine is not this machine");
        assert_eq!(through_proxy().bearer_auth(key).send().await.unwrap().status(), 200);
        assert_eq!(through_proxy().basic_auth("any", Some(key)).send().await.unwrap().status(), 200);
        let mut damaged = key.to_owned();
        damaged.pop();
        assert_eq!(through_proxy().bearer_auth(damaged).send().await.unwrap().status(), 401);
        // A page in a browser on this machine must not be able to fetch a token.
        assert_eq!(http.get(&url).header("origin", "https://evil.example").send().await.unwrap().status(), 403);
    }

    async fn one_look_up_for_all_repositories_of_an_owner(t: TestJeton) {
        let names: Vec<String> = (0..20).map(|n| format!("r{n}")).collect();
        t.install("acme", &names.iter().map(String::as_str).collect::<Vec<_>>());
        for name in &names {
            assert_eq!(t.get_anonymously(&format!("/api/acme/{name}")).await.status, 200);
        }
        assert_eq!(t.sim.calls().installation_lookups(), 1);
        assert_eq!(t.sim.calls().mints(), 20);
    }

    async fn the_token_opens_that_repository_only_and_only_reads(t: TestJeton) {
        t.install("acme", &["demo", "other"]);
        t.get_anonymously("/api/acme/demo").await;
        let live = t.sim.github().live_tokens();
        assert_eq!(live.len(), 1);
        assert_eq!(format!("{:?}", live[0].repositories).matches("other").count(), 0);
        assert!(format!("{:?}", live[0].permissions).contains("contents"));
        assert!(!format!("{:?}", live[0].permissions).contains("write"), "{:?}", live[0].permissions);
    }

    async fn a_warm_answer_costs_the_forge_nothing_for_most_of_the_hour(t: TestJeton) {
        t.install("acme", &["demo"]);
        let first = t.get_anonymously("/api/acme/demo").await.text;
        let calls = t.sim.calls().total();
        for _ in 0..54 {
            t.clock.advance(SignedDuration::from_mins(1));
            assert_eq!(t.get_anonymously("/api/acme/demo").await.text, first);
        }
        assert_eq!(t.sim.calls().total(), calls);
    }
}
